-- What digests of private fields are made with: it never leaves this file.
INSERT INTO cursors VALUES ('privacy_key', lower(hex(randomblob(32))));
