-- Looks that a comparison of both ends asks for, and those that load history on request.
ALTER TABLE followups ADD COLUMN compared INTEGER NOT NULL DEFAULT 0 CHECK (compared IN (0, 1));
ALTER TABLE followups ADD COLUMN backfill INTEGER NOT NULL DEFAULT 0 CHECK (backfill IN (0, 1));

DROP INDEX followups_due;
CREATE INDEX followups_due ON followups (compared, due_at);

-- What is known of a kind of resource, by the store's own id.
CREATE INDEX register_number ON register (
  substr(subject, 1, instr(subject, '/') - 1),
  CAST(substr(subject, instr(subject, '/') + 1) AS INTEGER)
);
