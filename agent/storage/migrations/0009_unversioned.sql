-- Updates without version count by arrival, after the newest version that was known when they came.
ALTER TABLE fences ADD COLUMN nth INTEGER NOT NULL DEFAULT 0;  -- 0: the version itself
