-- Receipts that came before the answer which gives the id that they name.

CREATE TABLE early_receipts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workspace_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  receipt TEXT NOT NULL,                -- as the adapter understood it
  received_at INTEGER NOT NULL,
  next_at INTEGER NOT NULL,                  -- when it is held against what was sent again
  tries INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX early_receipts_next ON early_receipts (next_at);
CREATE INDEX early_receipts_channel ON early_receipts (channel_id);
