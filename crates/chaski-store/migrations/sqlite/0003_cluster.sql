-- What nodes know together on PostgreSQL, and the embedded store by itself.

ALTER TABLE accounts ADD COLUMN sync_ended_at INTEGER; -- when the last template sync ended, well or not
