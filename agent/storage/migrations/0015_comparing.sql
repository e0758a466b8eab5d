-- Looks that a comparison of both ends asks for, and those that load history on request.
ALTER TABLE followups ADD COLUMN compared INTEGER NOT NULL DEFAULT 0 CHECK (compared IN (0, 1));
ALTER TABLE followups ADD COLUMN backfill INTEGER NOT NULL DEFAULT 0 CHECK (backfill IN (0, 1));

DROP INDEX followups_due;
CREATE INDEX followups_due ON followups (compared, due_at);
