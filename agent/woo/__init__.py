"""Everything WooCommerce-shaped: signatures, webhooks, REST calls, and their translation."""
