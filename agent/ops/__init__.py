"""What the host sees: health, metrics, logs, systemd."""
