-- Dead letters, replays, retention.

-- Messages that failed and could be sent again. Written with the failure, gone with a replay, a later
-- receipt that says otherwise, a dismissal, or retention.
CREATE TABLE dead_letters (
  message_id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  code TEXT NOT NULL,                     -- our code
  provider_code INTEGER NOT NULL,         -- the provider's; -1 = none
  failed_at INTEGER NOT NULL
);
CREATE INDEX dead_letters_cause ON dead_letters (workspace_id, channel_id, code, provider_code, message_id);

-- How many there are of each cause, so that nobody has to count.
CREATE TABLE dead_letter_causes (
  workspace_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  code TEXT NOT NULL,
  provider_code INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, channel_id, code, provider_code)
) WITHOUT ROWID;

ALTER TABLE deliveries ADD COLUMN opened_by TEXT;   -- the person or the token
ALTER TABLE deliveries ADD COLUMN withdrawn TEXT;   -- JSON Failure of the delivery before it

ALTER TABLE messages ADD COLUMN blanked_at INTEGER; -- retention has removed what it said

-- How far retention has come from the old end.
CREATE TABLE retention (
  kind TEXT PRIMARY KEY,
  done_to INTEGER NOT NULL                -- message id
) WITHOUT ROWID;
