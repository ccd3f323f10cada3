-- Dead letters, replays, retention.

-- Messages that failed and could be sent again. Written with the failure, gone with a replay, a later
-- receipt that says otherwise, a dismissal, or retention.
CREATE TABLE dead_letters (
  message_id BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  channel_id BIGINT NOT NULL,
  code TEXT NOT NULL,                     -- our code
  provider_code BIGINT NOT NULL,          -- the provider's; -1 = none
  failed_at BIGINT NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
CREATE INDEX dead_letters_cause ON dead_letters (workspace_id, channel_id, code, provider_code, message_id);

-- How many there are of each cause, so that nobody has to count. A row may stand at 0 for a while.
CREATE TABLE dead_letter_causes (
  workspace_id BIGINT NOT NULL,
  channel_id BIGINT NOT NULL,
  code TEXT NOT NULL,
  provider_code BIGINT NOT NULL,
  messages BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, channel_id, code, provider_code)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

ALTER TABLE deliveries ADD COLUMN opened_by TEXT;  -- the person or the token
ALTER TABLE deliveries ADD COLUMN withdrawn TEXT;  -- JSON Failure of the delivery before it

ALTER TABLE messages ADD COLUMN blanked_at BIGINT; -- retention has removed what it said

-- How far retention has come from the old end. Its lock lets one node at a time go on.
CREATE TABLE retention (
  kind TEXT PRIMARY KEY,
  done_to BIGINT NOT NULL                 -- message id
);
