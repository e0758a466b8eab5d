-- The gateway's journals, by the name it gave them: another name means that it was restored from a
-- backup. Number 0 is the first one, without a name until it tells one.
CREATE TABLE journals (
  number INTEGER PRIMARY KEY,
  name   TEXT NOT NULL
) STRICT;
INSERT INTO journals (number, name)
  VALUES (0, coalesce((SELECT value FROM cursors WHERE name = 'journal'), ''));
DELETE FROM cursors WHERE name = 'journal';

-- What is known of the acceptance of each snapshot in the stock ledger, by journal. Facts only grow:
-- a replay, a restored gateway and ageing take none of them back.
CREATE TABLE acceptances (
  sequence          INTEGER NOT NULL,                -- of the event
  journal           INTEGER NOT NULL REFERENCES journals (number),
  certain           INTEGER NOT NULL CHECK (certain IN (0, 1)), -- 0: sent, and no answer told
  position          INTEGER,                         -- the lowest that was told
  position_is_first INTEGER NOT NULL DEFAULT 0 CHECK (position_is_first IN (0, 1)), -- else a bound
  accepted_at       INTEGER,                         -- the earliest that is known
  time_is_first     INTEGER NOT NULL DEFAULT 0 CHECK (time_is_first IN (0, 1)),
  settled_at        INTEGER,                         -- by our clock
  PRIMARY KEY (sequence, journal),
  CHECK (certain OR (position IS NULL AND accepted_at IS NULL))
) STRICT, WITHOUT ROWID;
-- What is sent after these were settled bounds their position.
CREATE INDEX acceptances_bounded ON acceptances (journal, position)
  WHERE certain AND NOT position_is_first;

-- What the first edition knew: of what was replayed or never placed it knew only a bound.
INSERT INTO acceptances (sequence, journal, certain, position, position_is_first, accepted_at,
                         time_is_first, settled_at)
  SELECT sequence, 0, 1, position, position IS NOT NULL AND NOT doubtful,
         coalesce(CAST(round((julianday(accepted_at) - 2440587.5) * 86400000000) AS INTEGER),
                  settled_at),
         0, settled_at
  FROM outbox
  WHERE state = 'accepted' AND sequence IN (SELECT sequence FROM stock_ledger WHERE NOT aged);
INSERT INTO acceptances (sequence, journal, certain)
  SELECT sequence, 0, 0 FROM outbox
  WHERE state <> 'accepted' AND doubtful
    AND sequence IN (SELECT sequence FROM stock_ledger WHERE NOT aged);
INSERT OR IGNORE INTO acceptances (sequence, journal, certain, position, accepted_at, settled_at)
  SELECT sequence, 0, 1, max(position), max(accepted_at), max(accepted_at)
  FROM stock_ledger WHERE aged AND accepted_at IS NOT NULL GROUP BY sequence;
-- A position that an unplaced one lies below may stand in the ledger from a restored gateway.
UPDATE acceptances SET position =
  (SELECT max(position) FROM stock_ledger WHERE stock_ledger.sequence = acceptances.sequence)
  WHERE certain AND position IS NULL;
ALTER TABLE stock_ledger DROP COLUMN position;
ALTER TABLE stock_ledger DROP COLUMN accepted_at;
ALTER TABLE outbox DROP COLUMN doubtful;

-- An update belongs to the journal that its feed was read in, and its figure is judged by that.
ALTER TABLE inbox ADD COLUMN journal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stock_in_force ADD COLUMN journal INTEGER NOT NULL DEFAULT 0;
-- What was computed from the update when the store was last brought into line with it: its quantity
-- less unseen units. NULL: not known.
ALTER TABLE stock_in_force ADD COLUMN computed INTEGER;

-- compare: the store is read in any case; else only where what is computed now differs.
-- doubted_since: the figure depends on an acceptance that is not known for certain.
ALTER TABLE stock_checks ADD COLUMN compare INTEGER NOT NULL DEFAULT 1 CHECK (compare IN (0, 1));
ALTER TABLE stock_checks ADD COLUMN doubted_since INTEGER;

-- Figures that were written before an answer came may be too low: what we wrote is compared once.
INSERT INTO stock_checks (product_id, due_at, unchecked)
  SELECT product_id, 0, 1 FROM catalogue
  WHERE sku IN (SELECT sku FROM stock_in_force)
    AND product_id IN (SELECT product_id FROM stock_bases)
    AND (product_id IN (SELECT item_id FROM stock_ledger WHERE NOT baseline)
         OR product_id IN (SELECT parent_id FROM stock_ledger WHERE NOT baseline))
  ON CONFLICT DO UPDATE SET unchecked = 1, due_at = 0, marks = marks + 1;
