-- The stages of contacts' lifecycle, a list of names in their order.

ALTER TABLE workspaces ADD COLUMN lifecycles TEXT NOT NULL DEFAULT '[]';
