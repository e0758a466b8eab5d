-- A product's content is kept in two halves: its stock and price figures are also in the answers to
-- our own writes, the rest is not.
ALTER TABLE register ADD COLUMN figures BLOB NOT NULL DEFAULT x'';
ALTER TABLE register ADD COLUMN ours INTEGER NOT NULL DEFAULT 0 CHECK (ours IN (0, 1));

-- From when on the store is asked for changes, for looks at many resources.
ALTER TABLE followups ADD COLUMN since INTEGER;

-- How it stands with each kind of resource: until when all changes are known, and the newest error
-- object that the store sent in place of one, if no good body came since.
CREATE TABLE resources (
  resource    TEXT PRIMARY KEY,                      -- order, product, customer, coupon
  known_until INTEGER,
  error       INTEGER                                -- its sequence
) STRICT, WITHOUT ROWID;
