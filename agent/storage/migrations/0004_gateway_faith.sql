-- Dead letters since the last acceptance: a gateway that rejects everything is found out across
-- restarts too.
INSERT INTO counters VALUES ('dead_in_a_row', 0);

-- What was accepted above a position, for a gateway that was restored from a backup.
CREATE INDEX outbox_position ON outbox (position) WHERE position IS NOT NULL;
