"""The rooms behind the WooCommerce stand-in: what a store keeps, answers, sends and refuses."""
