"""Stand-ins for a WooCommerce store and an ERP gateway that speak real HTTP."""
