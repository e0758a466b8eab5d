"""The published contract: OpenAPI and JSON Schemas, generated from the models; ``README.md`` tells
the rest. The committed files are what ``woo-agent contract`` prints."""
