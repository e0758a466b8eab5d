-- Products and variations by what writing to them needs: who they are, and what they showed last.
CREATE TABLE catalogue (
  product_id    INTEGER PRIMARY KEY,
  parent_id     INTEGER NOT NULL,                    -- 0: none
  type          TEXT NOT NULL,
  sku           TEXT NOT NULL,                       -- '' where it has none
  status        TEXT NOT NULL,
  manages_stock TEXT NOT NULL CHECK (manages_stock IN ('no', 'yes', 'parent')),
  figures       TEXT NOT NULL,                       -- quantity, prices and sale dates, JSON
  confirmed_at  INTEGER NOT NULL,                    -- by a read, a write's answer or a webhook
  written_at    INTEGER NOT NULL DEFAULT 0           -- by us
) STRICT;

CREATE INDEX catalogue_sku ON catalogue (sku) WHERE sku <> '';
CREATE INDEX catalogue_parent ON catalogue (parent_id) WHERE parent_id <> 0;

-- When the store was last asked for all products with a SKU: none of them is unknown since.
CREATE TABLE sku_lookups (
  sku       TEXT PRIMARY KEY,
  looked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What each order line held at each snapshot: the units that the ERP may not have seen yet. How the
-- gateway took a snapshot stands in the outbox; when that row ages it is copied here.
CREATE TABLE stock_ledger (
  item_id     INTEGER NOT NULL,                      -- the variation, or the product without one
  line_id     INTEGER NOT NULL,
  sequence    INTEGER NOT NULL,                      -- of the arrival that carried the snapshot
  parent_id   INTEGER NOT NULL,                      -- the variation's product, 0 where item is one
  sku         TEXT NOT NULL,
  order_id    INTEGER NOT NULL,
  units       INTEGER NOT NULL,                      -- that the line commits
  held        INTEGER NOT NULL,                      -- that WooCommerce has taken out of stock
  baseline    INTEGER NOT NULL DEFAULT 0 CHECK (baseline IN (0, 1)), -- counts as seen by the ERP
  aged        INTEGER NOT NULL DEFAULT 0 CHECK (aged IN (0, 1)),     -- its outbox row is gone
  position    INTEGER,                               -- these two of an aged one
  accepted_at INTEGER,
  PRIMARY KEY (item_id, line_id, sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX stock_ledger_parent ON stock_ledger (parent_id) WHERE parent_id <> 0;
CREATE INDEX stock_ledger_order ON stock_ledger (order_id, sequence);
CREATE INDEX stock_ledger_sequence ON stock_ledger (sequence);

-- The stock update that was acted on last, by SKU: what a compare computes its figure from.
CREATE TABLE stock_in_force (
  sku        TEXT PRIMARY KEY,
  number     INTEGER NOT NULL,                       -- of its inbox row, which may be gone
  body       TEXT NOT NULL,
  fetched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Products whose figure in the store is to be compared. Unchecked: it was written, and orders were
-- not looked at since; others are only lowered.
CREATE TABLE stock_checks (
  product_id   INTEGER PRIMARY KEY,
  due_at       INTEGER NOT NULL,
  unchecked    INTEGER NOT NULL DEFAULT 0 CHECK (unchecked IN (0, 1)),
  ambiguous_at INTEGER,                              -- a write ended without an answer
  marks        INTEGER NOT NULL DEFAULT 1            -- rises, so that none is taken for another
) STRICT;

CREATE INDEX stock_checks_due ON stock_checks (due_at);

-- What a product showed after our last write, and the units that orders had taken then: what goes
-- later is explained by orders, or by nothing.
CREATE TABLE stock_bases (
  product_id  INTEGER PRIMARY KEY,
  quantity    INTEGER NOT NULL,
  taken       INTEGER NOT NULL,
  unexplained INTEGER NOT NULL,
  since       INTEGER
) STRICT;

-- Whether the gateway may have an event that it has not confirmed: an answer was lost. Up to
-- `started` that is not known of events that were never settled: the agent may have been killed.
ALTER TABLE outbox ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0 CHECK (doubtful IN (0, 1));
INSERT INTO counters VALUES ('started', 0);
