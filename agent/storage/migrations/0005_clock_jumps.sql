-- Updates that wait for nothing they named themselves: a time far ahead is a clock that jumped.
CREATE INDEX inbox_unscheduled ON inbox (due_at, number)
  WHERE due_at IS NOT NULL AND code IS NOT 'not_due';
