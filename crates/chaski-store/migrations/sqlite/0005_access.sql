-- Whether contacts let us write to them.

ALTER TABLE lanes ADD COLUMN access INTEGER NOT NULL DEFAULT 0; -- 0 open, 1 blocked by the contact, 2 refused by the provider
ALTER TABLE lanes ADD COLUMN access_at INTEGER; -- when that was last told
