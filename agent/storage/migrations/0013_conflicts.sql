-- Snapshots that show store-side edits of what the ERP owns.
CREATE TABLE conflicts (
  sequence   INTEGER PRIMARY KEY REFERENCES arrivals (sequence) ON DELETE CASCADE,
  product_id INTEGER NOT NULL,
  fields     TEXT NOT NULL                           -- separated by blanks
) STRICT;

CREATE INDEX conflicts_product ON conflicts (product_id, sequence);
