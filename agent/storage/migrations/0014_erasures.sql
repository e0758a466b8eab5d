-- Customers who were deleted in the store: what came until a while later may name them.
CREATE TABLE erasures (
  customer_id INTEGER PRIMARY KEY,
  up_to       INTEGER NOT NULL,                      -- a day after the deletion's sequence
  looked_at   INTEGER NOT NULL DEFAULT 0             -- the arrivals up to this one
) STRICT;

-- What was found: a row that is not settled yet waits here until it is.
CREATE TABLE to_erase (
  sequence INTEGER PRIMARY KEY REFERENCES arrivals (sequence) ON DELETE CASCADE
) STRICT;

-- Of a customer nothing is left of the body, of anything else what is not personal.
ALTER TABLE outbox ADD COLUMN erased INTEGER NOT NULL DEFAULT 0 CHECK (erased IN (0, 1));
