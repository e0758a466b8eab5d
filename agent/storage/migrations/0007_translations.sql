-- What the judge made of a body, kept until the gateway has it: sending need not translate again.
-- Without its row, or from another version of the translator, an event is translated anew.
CREATE TABLE translations (
  sequence INTEGER PRIMARY KEY REFERENCES outbox (sequence) ON DELETE CASCADE,
  version  INTEGER NOT NULL,
  data     BLOB NOT NULL                             -- JSON, as the event carries it
) STRICT;

-- What was settled up to then has no translation any more.
INSERT INTO counters VALUES ('translations_dropped', 0);
