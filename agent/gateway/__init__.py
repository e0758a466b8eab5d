"""What agent and central ERP gateway say to each other (protocol v1)."""
