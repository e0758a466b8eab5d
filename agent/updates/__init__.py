"""The store is told: stock and prices from the gateway reach WooCommerce."""
