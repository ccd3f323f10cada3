-- Some webhooks say a part of what they say in their address.
ALTER TABLE kept_webhooks ADD COLUMN query TEXT NOT NULL DEFAULT '';
