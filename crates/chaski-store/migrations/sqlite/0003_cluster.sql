-- What nodes know together on PostgreSQL, and the embedded store by itself.

ALTER TABLE accounts ADD COLUMN sync_ended_at INTEGER; -- when the last template sync ended, well or not

-- Old messages that a step of retention had to pass by, since they had not ended: they are looked at again.
CREATE TABLE retention_left (
  kind TEXT NOT NULL,
  message_id INTEGER NOT NULL,
  PRIMARY KEY (kind, message_id)
) WITHOUT ROWID;
