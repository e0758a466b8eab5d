-- What the gateway does not accept is found again when it does.
CREATE INDEX outbox_not_accepted ON outbox (type, sequence)
  WHERE state = 'discarded' AND code = 'not_accepted';
