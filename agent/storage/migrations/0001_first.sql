-- What the store said, as it came: a log that is only appended to, so that taking a webhook in costs
-- one insert into one table.
CREATE TABLE arrivals (
  sequence    INTEGER PRIMARY KEY,                   -- strictly rising, also across lost states
  id          TEXT NOT NULL,                         -- UUIDv7: the event's id, made once
  received_at INTEGER NOT NULL,                      -- microseconds since 1970, UTC, as all times
  topic       TEXT NOT NULL,
  source      TEXT NOT NULL,
  webhook_id  TEXT NOT NULL,
  delivery_id TEXT NOT NULL,                         -- kept for the record; not an identity
  body        BLOB NOT NULL
) STRICT;

-- The outbox: what became of each arrival once it was judged. Narrow rows, because they change.
CREATE TABLE outbox (
  sequence        INTEGER PRIMARY KEY REFERENCES arrivals (sequence) ON DELETE CASCADE,
  id              TEXT NOT NULL UNIQUE,
  received_at     INTEGER NOT NULL,
  topic           TEXT NOT NULL,
  size            INTEGER NOT NULL,                  -- bytes of the body
  state           TEXT NOT NULL DEFAULT 'pending'
                  CHECK (state IN ('pending', 'accepted', 'dead', 'discarded', 'skipped')),
  verdict         TEXT CHECK (verdict IN ('event', 'duplicate', 'echo', 'stale', 'foreign_source',
                                          'error_body', 'other_kind', 'draft')),
  type            TEXT,
  subject         TEXT,
  lane            TEXT,                              -- one in flight per lane: the correlationid
  priority        INTEGER,
  changed_at      INTEGER,                           -- when the store changed the resource
  attempts        INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER,
  replay          INTEGER NOT NULL DEFAULT 0 CHECK (replay IN (0, 1)),
  position        INTEGER,                           -- the gateway's journal number
  accepted_at     TEXT,                              -- by the gateway's clock
  code            TEXT,
  message         TEXT,
  settled_at      INTEGER,
  CHECK ((settled_at IS NOT NULL) = (state IN ('accepted', 'discarded', 'skipped'))),
  CHECK (verdict IS NOT NULL OR state = 'pending'),
  CHECK ((state = 'skipped') = (verdict IS NOT NULL AND verdict <> 'event')),
  CHECK (verdict IS NOT 'event' OR state IN ('dead', 'discarded')
         OR (type IS NOT NULL AND subject IS NOT NULL AND lane IS NOT NULL))
) STRICT;

CREATE INDEX outbox_unjudged ON outbox (sequence) WHERE verdict IS NULL AND next_attempt_at IS NULL;
CREATE INDEX outbox_pending ON outbox (sequence) WHERE state = 'pending';
CREATE INDEX outbox_lane ON outbox (lane, sequence) WHERE state = 'pending' AND verdict = 'event';
CREATE INDEX outbox_subject ON outbox (subject, sequence);
CREATE INDEX outbox_dead ON outbox (sequence) WHERE state = 'dead';
CREATE INDEX outbox_settled ON outbox (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE attempts (
  sequence INTEGER NOT NULL REFERENCES outbox (sequence) ON DELETE CASCADE,
  n        INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  outcome  TEXT NOT NULL CHECK (outcome IN ('accepted', 'duplicate', 'dead', 'again')),
  status   INTEGER,
  code     TEXT,
  message  TEXT,
  PRIMARY KEY (sequence, n)
) STRICT, WITHOUT ROWID;

-- A row per lane that has something to send: taking the next batch never looks at the backlog.
CREATE TABLE lanes (
  lane         TEXT PRIMARY KEY,
  head         INTEGER NOT NULL,                     -- its oldest pending event
  priority     INTEGER NOT NULL,
  parked_until INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX lanes_ready ON lanes (priority, head) WHERE parked_until IS NULL;
CREATE INDEX lanes_parked ON lanes (parked_until) WHERE parked_until IS NOT NULL;
CREATE INDEX lanes_head ON lanes (priority, head);

-- What the judge has not looked at yet, and everything that people see as a row of the outbox.
CREATE VIEW unjudged AS
  SELECT * FROM arrivals
  WHERE sequence > (SELECT value FROM counters WHERE name = 'judged')
    AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.sequence = arrivals.sequence);

CREATE VIEW outbox_rows AS
  SELECT sequence, id, received_at, topic, state, verdict, type, subject, attempts,
         next_attempt_at, position, accepted_at, code, message FROM outbox
  UNION ALL
  SELECT sequence, id, received_at, topic, 'pending', NULL, NULL, NULL, 0,
         NULL, NULL, NULL, NULL, NULL FROM unjudged;

-- How many rows stand where, so that nobody has to count them.
CREATE TABLE outbox_tally (
  state   TEXT NOT NULL,
  verdict TEXT NOT NULL,                             -- '' while the store is asked first
  n       INTEGER NOT NULL,
  PRIMARY KEY (state, verdict)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER outbox_tally_insert AFTER INSERT ON outbox BEGIN
  INSERT INTO outbox_tally VALUES (NEW.state, coalesce(NEW.verdict, ''), 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER outbox_tally_update AFTER UPDATE OF state, verdict ON outbox BEGIN
  UPDATE outbox_tally SET n = n - 1
    WHERE state = OLD.state AND verdict = coalesce(OLD.verdict, '');
  INSERT INTO outbox_tally VALUES (NEW.state, coalesce(NEW.verdict, ''), 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER outbox_tally_delete AFTER DELETE ON outbox BEGIN
  UPDATE outbox_tally SET n = n - 1
    WHERE state = OLD.state AND verdict = coalesce(OLD.verdict, '');
END;

-- The newest content of each subject that was taken in.
CREATE TABLE register (
  subject    TEXT PRIMARY KEY,
  sequence   INTEGER NOT NULL,
  digest     BLOB NOT NULL,
  version    INTEGER NOT NULL,                       -- of the translator that made the digest
  changed_at INTEGER,
  deleted    INTEGER NOT NULL CHECK (deleted IN (0, 1))
) STRICT, WITHOUT ROWID;

-- What needs another look at the store.
CREATE TABLE followups (
  kind    TEXT NOT NULL,
  subject TEXT NOT NULL,
  due_at  INTEGER NOT NULL,
  cause   INTEGER NOT NULL,                          -- sequence of the outbox row
  PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX followups_due ON followups (due_at);

-- The inbox: what the store is told.
CREATE TABLE inbox (
  number      INTEGER PRIMARY KEY,                   -- order of arrival
  id          TEXT NOT NULL UNIQUE,
  kind        TEXT NOT NULL,
  sku         TEXT NOT NULL,
  version     INTEGER,
  body        TEXT NOT NULL,                         -- the update as it came, JSON
  state       TEXT NOT NULL
              CHECK (state IN ('pending', 'waiting', 'held', 'applied', 'unchanged', 'would_apply',
                               'superseded', 'rejected', 'failed', 'reverted')),
  code        TEXT,
  message     TEXT,
  received_at INTEGER NOT NULL,
  due_at      INTEGER,                               -- when to look at it (again)
  results     INTEGER NOT NULL DEFAULT 0,            -- how many results it has had
  settled_at  INTEGER,
  CHECK ((settled_at IS NULL) = (state IN ('pending', 'waiting', 'held'))),
  CHECK ((due_at IS NOT NULL) = (state IN ('pending', 'waiting')))
) STRICT;

CREATE INDEX inbox_due ON inbox (due_at, number) WHERE due_at IS NOT NULL;
CREATE INDEX inbox_open ON inbox (kind, sku) WHERE settled_at IS NULL;
CREATE INDEX inbox_sku ON inbox (sku, number);

-- The newest version of each field that was acted on.
CREATE TABLE fences (
  kind    TEXT NOT NULL,
  sku     TEXT NOT NULL,
  field   TEXT NOT NULL,
  version      INTEGER NOT NULL,
  effective_at INTEGER NOT NULL,                     -- 0: at once
  content      TEXT NOT NULL,                        -- the value given with that version, JSON
  PRIMARY KEY (kind, sku, field)
) STRICT, WITHOUT ROWID;

-- Results that the gateway has not taken yet.
CREATE TABLE results (
  number    INTEGER PRIMARY KEY,
  update_id TEXT NOT NULL,
  n         INTEGER NOT NULL,
  body      TEXT NOT NULL,
  UNIQUE (update_id, n)
) STRICT;

CREATE TABLE cursors (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- sequence: no number up to this is given again; judged: no arrival up to this lacks a row.
INSERT INTO counters VALUES ('sequence', 0), ('judged', 0);

-- Who did what, when and why.
CREATE TABLE audit (
  number INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  who    TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
