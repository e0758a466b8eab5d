-- A deleted customer's erasure waits for their open orders, so long after it was asked for. What was
-- searched before is searched again: which orders are theirs was not written down.
ALTER TABLE erasures ADD COLUMN asked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE erasures ADD COLUMN orders TEXT NOT NULL DEFAULT 'unknown'
  CHECK (orders IN ('unknown', 'open', 'closed'));    -- unknown: what was found is to be looked at
UPDATE erasures SET asked_at = up_to - 86400000000, looked_at = 0;

-- Whose it is; null in rows of before that name nobody, and wait for nobody.
ALTER TABLE to_erase ADD COLUMN customer_id INTEGER;
UPDATE to_erase SET customer_id = (
  SELECT CASE WHEN subject LIKE 'customer/%' THEN CAST(substr(subject, 10) AS INTEGER)
              WHEN json_valid(CAST(body AS TEXT))
              THEN CAST(json_extract(CAST(body AS TEXT), '$.customer_id') AS INTEGER) END
  FROM arrivals LEFT JOIN (SELECT sequence, subject FROM outbox) USING (sequence)
  WHERE arrivals.sequence = to_erase.sequence);

-- The orders of customers who are being erased. WooCommerce makes guests' orders of them when it
-- deletes an account, so that later bodies of theirs name nobody.
CREATE TABLE erasure_orders (
  subject     TEXT PRIMARY KEY,
  customer_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX erasure_orders_customer ON erasure_orders (customer_id);
