"""The rooms behind the WooCommerce stand-in: what a 10.5.0 stores, answers, sends and refuses."""
