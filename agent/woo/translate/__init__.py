"""WooCommerce bodies become canonical models: pure functions."""
