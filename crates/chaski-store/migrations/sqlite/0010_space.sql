-- The words of a workspace: tags that contacts carry, and what conversations are closed with.

CREATE TABLE tags (
  id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  name TEXT NOT NULL,                     -- what stands in contacts.tags
  description TEXT,
  color_code TEXT,
  emoji TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (workspace_id, name)
);

CREATE TABLE closing_notes (
  id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  category TEXT NOT NULL,
  description TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (workspace_id, category)
);

-- Renaming or deleting a tag looks at those contacts only that have any.
CREATE INDEX contacts_tagged ON contacts (workspace_id, id) WHERE tags <> '[]';
