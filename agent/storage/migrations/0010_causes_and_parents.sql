-- The id of the event that made us ask for what arrived.
ALTER TABLE arrivals ADD COLUMN cause TEXT NOT NULL DEFAULT '';

-- What a resource belongs to (a refund to its order), and a product's stock apart from its prices.
ALTER TABLE register ADD COLUMN parent TEXT NOT NULL DEFAULT '';
ALTER TABLE register ADD COLUMN stock BLOB NOT NULL DEFAULT x'';

CREATE INDEX register_parent ON register (parent) WHERE parent <> '';
