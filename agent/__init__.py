"""woo-agent: stands between a WooCommerce store and its ERP."""

__version__ = "0.1.0"
