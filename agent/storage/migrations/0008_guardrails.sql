-- What somebody must approve first, what stood before an update was applied, and what puts it back.
ALTER TABLE inbox ADD COLUMN approved INTEGER NOT NULL DEFAULT 0 CHECK (approved IN (0, 1));
ALTER TABLE inbox ADD COLUMN held_until INTEGER;     -- its expires_at, of a held one
ALTER TABLE inbox ADD COLUMN before TEXT;            -- what the store showed, of an applied one, JSON
ALTER TABLE inbox ADD COLUMN reverts INTEGER NOT NULL DEFAULT 0 CHECK (reverts IN (0, 1)); -- made here
ALTER TABLE inbox ADD COLUMN reverted_by INTEGER;    -- the number of the one that puts it back

-- The value that was given with that version was taken back: it does not come again with it.
ALTER TABLE fences ADD COLUMN reverted INTEGER NOT NULL DEFAULT 0 CHECK (reverted IN (0, 1));

CREATE INDEX inbox_held ON inbox (number) WHERE state = 'held';
CREATE INDEX inbox_reverted_by ON inbox (reverted_by) WHERE reverted_by IS NOT NULL;

-- When a SKU was last written to zero that had stock, without anybody's approval.
CREATE TABLE zeroed (
  sku TEXT PRIMARY KEY,
  at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
