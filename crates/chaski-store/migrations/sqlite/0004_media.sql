-- What contacts have sent beside words: fetched from the provider, or on its way.

-- One row for each inbound message with media. Bounded by retention; the files lie in a folder.
CREATE TABLE media (
  message_id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  state INTEGER NOT NULL,                 -- 0 wanted, 1 held, 2 gone
  wanted_at INTEGER NOT NULL,             -- when the message came
  tries INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER NOT NULL,               -- when it is tried (again)
  hash TEXT,                              -- SHA-256 of the file, in hexadecimal digits (held)
  mime TEXT,                              -- by its content (held)
  size INTEGER,                           -- bytes (held)
  failure TEXT                            -- JSON Failure: of the last try, or why it is gone
);
CREATE INDEX media_wanted ON media (next_at) WHERE state = 0;
CREATE INDEX media_age ON media (wanted_at);
-- For the sweep of files that no row names any more.
CREATE INDEX media_hash ON media (hash) WHERE state = 1;
