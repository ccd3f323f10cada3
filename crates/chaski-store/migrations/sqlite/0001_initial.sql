-- The first schema. Times are Unix milliseconds. JSON is text that is only carried; `v` is its version.
-- Hot tables are keyed by the time-ordered message id; random keys stand only in bounded tables.

CREATE TABLE nodes (
  slot INTEGER PRIMARY KEY,               -- 0 to 63
  id_until INTEGER NOT NULL               -- message ids of this slot stay below it
);

CREATE TABLE workspaces (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  country TEXT,                           -- ISO 3166-1 alpha-2: how numbers dialled at home are read
  language TEXT NOT NULL DEFAULT 'es',
  data_key BLOB NOT NULL,                 -- wrapped with the key file; encrypts this workspace's secrets
  created_at INTEGER NOT NULL
);

CREATE TABLE tokens (
  id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,              -- SHA-256; the token itself is never stored
  scopes TEXT NOT NULL,                   -- words separated by spaces
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER,
  revoked_at INTEGER
);

CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  email TEXT NOT NULL UNIQUE,
  first_name TEXT NOT NULL DEFAULT '',
  last_name TEXT NOT NULL DEFAULT '',
  role TEXT NOT NULL,                     -- owner, manager, agent
  password_hash TEXT,
  language TEXT,
  created_at INTEGER NOT NULL
);

CREATE TABLE sessions (
  hash BLOB PRIMARY KEY,                  -- SHA-256 of the cookie
  user_id INTEGER NOT NULL,
  csrf TEXT NOT NULL,
  expires_at INTEGER NOT NULL             -- machine time
) WITHOUT ROWID;

CREATE TABLE sign_in_links (
  hash BLOB PRIMARY KEY,
  user_id INTEGER NOT NULL,
  expires_at INTEGER NOT NULL             -- machine time; deleted when used
) WITHOUT ROWID;

CREATE TABLE contacts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workspace_id INTEGER NOT NULL,
  first_name TEXT NOT NULL DEFAULT '',
  last_name TEXT,
  language TEXT,
  profile_pic TEXT,
  country_code TEXT,
  status TEXT NOT NULL DEFAULT 'open',
  tags TEXT NOT NULL DEFAULT '[]',
  fields TEXT NOT NULL DEFAULT '{}',      -- custom field id -> value
  assignee_id INTEGER,
  lifecycle TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX contacts_workspace ON contacts (workspace_id, id);

-- The newest message of each contact: the thread is a chain from here through messages.prev_id. Apart
-- from the contact, so that many of the rows that each message writes lie on one page.
CREATE TABLE threads (
  contact_id INTEGER PRIMARY KEY,
  last_id INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  lane_id INTEGER NOT NULL,               -- the lane of last_id
  before_id INTEGER,                      -- what these three were before
  before_at INTEGER,
  before_lane INTEGER
);

CREATE TABLE addresses (
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,                     -- phone, email, bsuid, native
  scope TEXT NOT NULL,                    -- account or channel where the address is valid; '' = everywhere
  value TEXT NOT NULL,
  contact_id INTEGER NOT NULL,
  learned_at INTEGER NOT NULL,
  learned_from TEXT NOT NULL,             -- api, inbound, receipt, reply
  PRIMARY KEY (workspace_id, kind, scope, value)
) WITHOUT ROWID;
CREATE INDEX addresses_contact ON addresses (contact_id);

CREATE TABLE custom_fields (
  id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  slug TEXT NOT NULL,
  description TEXT,
  data_type TEXT NOT NULL,
  allowed_values TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (workspace_id, slug)
);

CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  external_id TEXT NOT NULL,              -- WABA, application, API key's fingerprint
  synced_at INTEGER,                      -- last successful template sync; NULL = never
  sync_started_at INTEGER,
  sync_error TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (workspace_id, kind, external_id)
);

CREATE TABLE hooks (
  id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  key_hash BLOB NOT NULL UNIQUE,          -- SHA-256, for look-up
  key_cipher BLOB NOT NULL,               -- to show it again
  secrets BLOB NOT NULL,                  -- encrypted JSON: what verifies webhooks
  created_at INTEGER NOT NULL
);

CREATE TABLE channels (
  id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  hook_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  sender TEXT NOT NULL,                   -- the provider's id of the sender; '' where it names none
  settings TEXT NOT NULL,                 -- JSON, never secrets
  secrets BLOB NOT NULL,                  -- encrypted JSON
  state TEXT NOT NULL,                    -- connecting, connected, held, removed
  held TEXT,                              -- JSON failure: why it is held
  held_at INTEGER,
  created_at INTEGER NOT NULL
);

CREATE TABLE templates (
  id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  status TEXT NOT NULL,
  category TEXT NOT NULL,
  version INTEGER NOT NULL,               -- of template_versions
  external_id TEXT,
  rejected_reason TEXT,
  updated_at INTEGER NOT NULL,
  UNIQUE (account_id, name, language)
);

CREATE TABLE template_versions (
  template_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  v INTEGER NOT NULL DEFAULT 1,
  definition TEXT NOT NULL,               -- JSON Definition; never changed
  object TEXT NOT NULL,                   -- the same as the provider's API gave it
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (template_id, version)
) WITHOUT ROWID;

-- Where order is kept: one row for each (channel, contact address) ever used.
CREATE TABLE lanes (
  id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  address TEXT NOT NULL,
  contact_id INTEGER NOT NULL,
  last_in_at INTEGER,                     -- opens the window
  last_id INTEGER,                        -- newest message, in or out, and when it was; not kept up for the
  last_at INTEGER,                        -- lane that the contact used last: threads has that
  closed_at INTEGER,                      -- the provider said that the window is closed
  not_before INTEGER,                     -- per-recipient back-off
  backoffs INTEGER NOT NULL DEFAULT 0,    -- in a row, for 4^n seconds
  UNIQUE (channel_id, address)
);
CREATE INDEX lanes_contact ON lanes (contact_id);
CREATE INDEX lanes_backing_off ON lanes (id) WHERE backoffs > 0;

CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  contact_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  lane_id INTEGER NOT NULL,
  direction INTEGER NOT NULL,             -- 0 inbound, 1 outbound
  delivery INTEGER NOT NULL DEFAULT 1,    -- the current one
  parts INTEGER NOT NULL DEFAULT 1,       -- of the current delivery
  prev_id INTEGER,                        -- the contact's message before this one
  created_at INTEGER NOT NULL,
  rank INTEGER NOT NULL DEFAULT 0,
  unknown INTEGER NOT NULL DEFAULT 0,     -- 1 while the outcome of a part is unknown
  sent_at INTEGER,
  failed_at INTEGER,
  delivered_at INTEGER,
  read_at INTEGER,
  error TEXT                              -- JSON Failure
);
CREATE INDEX messages_unknown ON messages (workspace_id, id) WHERE unknown = 1;

-- What messages say: written once. Apart from the message, whose row is written at each step, so that many
-- of those lie on one page.
CREATE TABLE bodies (
  message_id INTEGER PRIMARY KEY,
  v INTEGER NOT NULL DEFAULT 1,
  content TEXT NOT NULL,                  -- JSON Content, as the caller or the contact wrote it
  resolved TEXT,                          -- JSON Resolved: what goes out and what the contact gets
  origin TEXT NOT NULL,                   -- JSON Origin: who, how, why this channel
  provider_id TEXT                        -- of an inbound message; those of ours stand in parts
);

-- Deliveries from the second on (fallback, replay); the first is the message's own row.
CREATE TABLE deliveries (
  message_id INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  workspace_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  lane_id INTEGER NOT NULL,
  cause TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  PRIMARY KEY (message_id, delivery)
) WITHOUT ROWID;

CREATE TABLE parts (
  message_id INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  part INTEGER NOT NULL,
  workspace_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  lane_id INTEGER NOT NULL,
  state INTEGER NOT NULL,                 -- 0 waiting, 1 queued, 2 begun, 3 retry, 4 unknown, 5 ended
  attempts INTEGER NOT NULL DEFAULT 0,
  begun_at INTEGER,                       -- of the open attempt, or of the one that was sent
  call_by INTEGER,                        -- machine time until which the begun call may leave
  fence INTEGER NOT NULL DEFAULT 0,
  ended_at INTEGER,                       -- of the attempt that was sent: it has no row in attempts
  http_status INTEGER,
  first_failed_at INTEGER,                -- keeps the lane until order_wait has passed
  provider_id TEXT,
  rank INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (message_id, delivery, part)
) WITHOUT ROWID;

-- Work to do: one row for each lane's head, and for parts that stepped aside. Kept in order of age.
CREATE TABLE queue (
  channel_id INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  part INTEGER NOT NULL,
  workspace_id INTEGER NOT NULL,
  lane_id INTEGER NOT NULL,
  class INTEGER NOT NULL,                 -- 0 high, 1 normal, 2 low
  due_at INTEGER NOT NULL,
  keep_until INTEGER,                     -- a retry steps aside then; NULL = it heads the lane
  aside INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0,        -- 1: outcome unknown, only the lane waits
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (channel_id, message_id, delivery, part)
) WITHOUT ROWID;

-- Parts behind their lane's head.
CREATE TABLE waiting (
  lane_id INTEGER NOT NULL,
  lane_seq INTEGER NOT NULL,              -- the order accepted
  workspace_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  part INTEGER NOT NULL,
  class INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (lane_id, lane_seq)
) WITHOUT ROWID;

-- Attempts that did not bring the part to the provider, or did so after all had been given up for lost.
CREATE TABLE attempts (
  message_id INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  part INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  workspace_id INTEGER NOT NULL,
  begun_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,                  -- sent, retry, unknown, slow_down, fail, hold, not_sent
  http_status INTEGER,
  failure TEXT,                           -- JSON Failure
  next_at INTEGER,                        -- when the next attempt is due
  PRIMARY KEY (message_id, delivery, part, attempt)
) WITHOUT ROWID;

CREATE TABLE receipts (
  message_id INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  part INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  provider_at INTEGER NOT NULL,
  workspace_id INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  failure TEXT,
  PRIMARY KEY (message_id, delivery, part, kind, provider_at)
) WITHOUT ROWID;

-- What doubled inbound webhooks are told by, and receipts of kinds that do not echo our reference.
CREATE TABLE provider_ids (
  week INTEGER NOT NULL,                  -- Unix weeks: retention drops whole weeks
  channel_id INTEGER NOT NULL,
  provider_id TEXT NOT NULL,
  message_id INTEGER,
  delivery INTEGER,
  part INTEGER,
  PRIMARY KEY (week, channel_id, provider_id)
) WITHOUT ROWID;

CREATE TABLE timers (
  due_at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  workspace_id INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  body TEXT,
  PRIMARY KEY (due_at, kind, message_id)
) WITHOUT ROWID;

CREATE TABLE idempotency (
  day INTEGER NOT NULL,                   -- Unix days: retention drops whole days
  key BLOB NOT NULL,                      -- SHA-256 of workspace, token, route and key
  workspace_id INTEGER NOT NULL,
  body BLOB NOT NULL,                     -- SHA-256 of the request body
  status INTEGER NOT NULL,
  answer TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (day, key)
) WITHOUT ROWID;

CREATE TABLE feeds (
  workspace_id INTEGER PRIMARY KEY,
  head INTEGER NOT NULL DEFAULT 0,
  projected INTEGER NOT NULL DEFAULT 0    -- how far conversations and counters follow
);

CREATE TABLE events (
  workspace_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,                   -- dense, in commit order
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  contact_id INTEGER,
  message_id INTEGER,
  body TEXT,
  PRIMARY KEY (workspace_id, seq)
) WITHOUT ROWID;

CREATE TABLE subscriptions (
  id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  url TEXT NOT NULL,
  kinds TEXT NOT NULL,
  secret BLOB NOT NULL,
  position INTEGER NOT NULL,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL
);

-- A contact whose event failed at a subscription: this and its later events wait.
CREATE TABLE parked (
  subscription_id INTEGER NOT NULL,
  contact_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  PRIMARY KEY (subscription_id, contact_id)
) WITHOUT ROWID;

-- Webhooks that could not be understood or matched; kept, and can be replayed.
CREATE TABLE kept_webhooks (
  id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  hook_id INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  cause TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX kept_webhooks_workspace ON kept_webhooks (workspace_id, id);

-- Signature ids that were seen, so that a webhook cannot be played again.
CREATE TABLE seen_signatures (
  expires_at INTEGER NOT NULL,
  hook_id INTEGER NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (hook_id, id)
) WITHOUT ROWID;
CREATE INDEX seen_signatures_expiry ON seen_signatures (expires_at);

-- The inbox's list, written by the projector only.
CREATE TABLE conversations (
  contact_id INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  last_id INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  unread INTEGER NOT NULL DEFAULT 0,
  read_up_to INTEGER NOT NULL DEFAULT 0,  -- message id that a person has seen
  failed INTEGER NOT NULL DEFAULT 0       -- the newest message of ours failed
);
CREATE INDEX conversations_order ON conversations (workspace_id, last_at DESC, contact_id);

CREATE TABLE counters (
  workspace_id INTEGER NOT NULL,
  name TEXT NOT NULL,                     -- conversations, unread, failed
  value INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, name)
) WITHOUT ROWID;
