-- The store's webhooks that we made. It does not tell who made one, and a change of
-- webhooks.delivery_url must find them again.
CREATE TABLE webhooks_made (
  webhook_id INTEGER PRIMARY KEY,
  topic      TEXT NOT NULL,
  found      TEXT NOT NULL,                          -- what was wrong with the one before
  made_at    INTEGER NOT NULL
) STRICT;
