-- A line that somebody holds up. Taking in goes on.
CREATE TABLE pauses (
  line   TEXT PRIMARY KEY CHECK (line IN ('events', 'updates')),
  since  INTEGER NOT NULL,
  until  INTEGER,                                    -- NULL: until somebody resumes it
  who    TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What is old is found without looking at what is not.
CREATE INDEX inbox_settled ON inbox (settled_at) WHERE settled_at IS NOT NULL;

-- What was not sent in the end, by subject: few rows, asked about every one that ages.
CREATE INDEX outbox_unsent ON outbox (subject, sequence) WHERE state IN ('dead', 'discarded');
