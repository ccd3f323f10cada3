-- Mailboxes that are read: how far, and why not.

ALTER TABLE accounts ADD COLUMN mailbox_place TEXT;      -- which mailbox that holds for; NULL = not read yet
ALTER TABLE accounts ADD COLUMN mailbox_validity INTEGER; -- UIDVALIDITY
ALTER TABLE accounts ADD COLUMN mailbox_next INTEGER;     -- the UID of the next mail
ALTER TABLE accounts ADD COLUMN mailbox_read_at INTEGER;
ALTER TABLE accounts ADD COLUMN mailbox_error TEXT;
