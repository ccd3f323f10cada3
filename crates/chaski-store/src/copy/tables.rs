//! What is copied, as data: families of tables that are read together, a stretch of their keys at a time.
//!
//! A column is copied from the column of the same name unless `from` says otherwise. Which columns there
//! are is asked of PostgreSQL, so that a new column of both schemas is copied by itself, and one that the
//! source does not have is an error until it is named here.

/// Tables that are read in one short transaction for the same stretch of keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Family {
    /// The table of the source whose keys set the stretches, and their columns.
    pub(crate) lead: &'static str,
    pub(crate) key: &'static [&'static str],
    /// How many rows of the lead a stretch has.
    pub(crate) page: usize,
    /// Which events say that its rows changed.
    pub(crate) told: Told,
    pub(crate) tables: &'static [Table],
}

/// What the feed says about a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing: it is compared as a whole in each run.
    Nothing,
    /// Its rows are written once, in the order of their keys.
    Grows,
    /// An event names the contact whose rows changed.
    Contact,
    /// An event names the message whose rows changed.
    Message,
}

impl Family {
    /// Whether it may be big: copied once from its first key on, then only where it changed.
    pub(crate) fn is_big(&self) -> bool {
        self.told != Told::Nothing
    }
}

/// One table of the target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Its columns that stand for the family's key.
    pub(crate) key: &'static [&'static str],
    /// Where the source has it, its rows called `t`; empty: in the table of the same name.
    pub(crate) from: &'static str,
    /// Columns that the source has under another name, or says in another way.
    pub(crate) columns: &'static [(&'static str, &'static str)],
    /// Columns that are the target's own affair.
    pub(crate) own: &'static [&'static str],
}

const fn same(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, key, from: "", columns: &[], own: &[] }
}

macro_rules! alone {
    ($name:literal, $key:expr, $page:literal) => {
        Family { lead: $name, key: &$key, page: $page, told: Told::Nothing, tables: &[same($name, &$key)] }
    };
}

const CONTACTS: &[Table] = &[
    Table {
        name: "contacts",
        key: &["id"],
        from: "contacts t LEFT JOIN threads h ON h.contact_id = t.id",
        columns: &[("last_id", "h.last_id"), ("last_lane", "h.lane_id")],
        // Counts from nothing: nobody has seen an earlier version.
        own: &["version"],
    },
    same("addresses", &["contact_id"]),
    Table {
        name: "lanes",
        key: &["contact_id"],
        from: "lanes t LEFT JOIN threads h ON h.contact_id = t.contact_id",
        columns: &[
            ("last_id", "IIF(h.lane_id = t.id, h.last_id, t.last_id)"),
            ("last_at", "IIF(h.lane_id = t.id, h.last_at, t.last_at)"),
            // Places in line are numbered through all lanes there, and within each lane here.
            ("out_seq", "IFNULL((SELECT MAX(w.lane_seq) FROM waiting w WHERE w.lane_id = t.id), 0)"),
        ],
        // Made from the queue at the end.
        own: &["busy"],
    },
    same("conversations", &["contact_id"]),
];

const MESSAGES: &[Table] = &[
    Table {
        name: "messages",
        key: &["id"],
        from: "messages t JOIN bodies b ON b.message_id = t.id",
        columns: &[
            ("v", "b.v"),
            ("content", "b.content"),
            ("resolved", "b.resolved"),
            ("origin", "b.origin"),
            (
                "provider_id",
                "IFNULL(b.provider_id, (SELECT p.provider_id FROM parts p
                   WHERE p.message_id = t.id AND p.delivery = t.delivery AND p.part = 1))",
            ),
        ],
        own: &[],
    },
    same("deliveries", &["message_id"]),
    Table {
        name: "parts",
        key: &["message_id"],
        from: "",
        columns: &[
            // There it also tells when the attempt that was sent began, which is a row of attempts here.
            ("begun_at", "CASE t.state WHEN 2 THEN t.begun_at END"),
            // Only what waits has a place in line.
            (
                "lane_seq",
                "CASE t.state WHEN 0 THEN IFNULL((SELECT w.lane_seq FROM waiting w WHERE w.lane_id = t.lane_id
                   AND w.message_id = t.message_id AND w.delivery = t.delivery AND w.part = t.part), 0) ELSE 0 END",
            ),
        ],
        own: &[],
    },
    Table {
        name: "attempts",
        key: &["message_id"],
        from: "(SELECT message_id, delivery, part, attempt, workspace_id, begun_at, ended_at, outcome,
                  http_status, failure, next_at FROM attempts
                UNION ALL
                SELECT message_id, delivery, part, attempts, workspace_id, begun_at, ended_at, 'sent',
                  http_status, NULL, NULL FROM parts WHERE ended_at IS NOT NULL) t",
        columns: &[],
        own: &[],
    },
    same("receipts", &["message_id"]),
];

/// Everything that is copied, in this order.
pub(crate) const FAMILIES: &[Family] = &[
    Family { lead: "contacts", key: &["id"], page: 500, told: Told::Contact, tables: CONTACTS },
    Family { lead: "messages", key: &["id"], page: 500, told: Told::Message, tables: MESSAGES },
    Family {
        lead: "events",
        key: &["workspace_id", "seq"],
        page: 2000,
        told: Told::Grows,
        tables: &[same("events", &["workspace_id", "seq"])],
    },
    alone!("workspaces", ["id"], 500),
    alone!("tokens", ["id"], 500),
    alone!("users", ["id"], 500),
    alone!("sessions", ["hash"], 500),
    alone!("sign_in_links", ["hash"], 500),
    alone!("custom_fields", ["id"], 500),
    alone!("tags", ["id"], 500),
    alone!("closing_notes", ["id"], 500),
    alone!("accounts", ["id"], 500),
    alone!("hooks", ["id"], 500),
    alone!("channels", ["id"], 500),
    alone!("templates", ["id"], 500),
    alone!("template_versions", ["template_id", "version"], 500),
    alone!("queue", ["channel_id", "message_id", "delivery", "part"], 1000),
    alone!("waiting", ["lane_id", "lane_seq"], 1000),
    alone!("provider_ids", ["week", "channel_id", "provider_id"], 2000),
    alone!("timers", ["due_at", "kind", "message_id"], 1000),
    alone!("idempotency", ["day", "key"], 1000),
    alone!("subscriptions", ["id"], 500),
    alone!("parked", ["subscription_id", "contact_id"], 1000),
    alone!("kept_webhooks", ["id"], 50),
    alone!("media", ["message_id"], 1000),
    alone!("early_receipts", ["id"], 1000),
    alone!("seen_signatures", ["hook_id", "id"], 1000),
    alone!("dead_letters", ["message_id"], 1000),
    alone!("dead_letter_causes", ["workspace_id", "channel_id", "code", "provider_code"], 1000),
    alone!("retention", ["kind"], 100),
    alone!("retention_left", ["kind", "message_id"], 1000),
    alone!("counters", ["workspace_id", "name"], 1000),
    Family {
        lead: "feeds",
        key: &["workspace_id"],
        page: 500,
        told: Told::Nothing,
        tables: &[
            same("feeds", &["workspace_id"]),
            Table { name: "projections", key: &["workspace_id"], from: "feeds t", columns: &[], own: &[] },
        ],
    },
    Family {
        lead: "nodes",
        key: &["slot"],
        page: 100,
        told: Told::Nothing,
        tables: &[Table {
            name: "nodes",
            key: &["slot"],
            from: "",
            columns: &[],
            own: &["holder", "lease_until", "batch"],
        }],
    },
];

/// Tables of the source that are read as parts of others.
#[cfg(test)]
pub(crate) const MERGED: &[(&str, &str)] =
    &[("threads", "contacts.last_id, contacts.last_lane and lanes.last_id"), ("bodies", "messages")];

/// Columns of the source that are told in another way.
#[cfg(test)]
pub(crate) const RETOLD: &[(&str, &str)] = &[
    ("parts.ended_at", "a row of attempts"),
    ("parts.http_status", "a row of attempts"),
    ("feeds.projected", "projections"),
];

/// Tables of the target that nothing is copied to.
#[cfg(test)]
pub(crate) const LEFT_OUT: &[(&str, &str)] = &[
    ("directory", "a number that grows while servers run"),
    ("slots", "which server holds what; the migrations fill it"),
    ("exchange_blocks", "files in the folder, copied by themselves"),
    ("exchanges", "the same"),
    ("schema_version", "the migrations' own"),
];

/// All tables, with their family.
pub(crate) fn tables() -> impl Iterator<Item = (&'static Family, &'static Table)> {
    FAMILIES.iter().flat_map(|family| family.tables.iter().map(move |table| (family, table)))
}
