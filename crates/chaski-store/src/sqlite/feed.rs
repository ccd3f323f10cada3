//! The feed, and the projection that the inbox's list is made of.

use super::SqliteStore;
use super::batch::Batch;
use super::rows::{fault, time};
use super::writer::Class;
use crate::error::StoreError;
use crate::feed::{Feed, FeedEvent};
use async_trait::async_trait;
use chaski_model::{ContactId, MessageId, Rank, WorkspaceId};
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeMap;
use tokio::sync::watch;

#[async_trait]
impl Feed for SqliteStore {
    async fn head(&self, workspace: WorkspaceId) -> Result<i64, StoreError> {
        self.read(|c| {
            let head = c
                .prepare_cached("SELECT head FROM feeds WHERE workspace_id = ?1")?
                .query_row([workspace.0], |r| r.get(0));
            Ok(head.optional()?.unwrap_or(0))
        })
    }

    async fn events(
        &self,
        workspace: WorkspaceId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<FeedEvent>, StoreError> {
        self.read_page(move |c| {
            c.prepare_cached(
                "SELECT seq, at, kind, contact_id, message_id, body FROM events WHERE workspace_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
            )?
            .query_map(params![workspace.0, after, i64::try_from(limit).unwrap_or(i64::MAX)], |r| {
                Ok(FeedEvent {
                    seq: r.get(0)?,
                    at: time(r, 1)?,
                    kind: r.get(2)?,
                    contact: r.get::<_, Option<i64>>(3)?.map(ContactId),
                    message: r.get::<_, Option<i64>>(4)?.map(MessageId),
                    body: r.get(5)?,
                })
            })?
            .collect()
        })
        .await
    }

    fn ticks(&self) -> watch::Receiver<u64> {
        self.ticks.clone()
    }

    async fn project(&self, limit: usize) -> Result<bool, StoreError> {
        let behind = self.read(|c| {
            c.prepare_cached("SELECT 1 FROM feeds WHERE projected < head LIMIT 1")?
                .query_row([], |_| Ok(()))
                .optional()
        })?;
        match behind {
            Some(()) => self.write(Class::Background, move |b| project(b, limit)).await,
            None => Ok(false),
        }
    }
}

/// What a stretch of events says about one conversation.
#[derive(Default)]
struct Change {
    received: Vec<i64>,
    seen: Option<i64>,
}

fn project(b: &mut Batch<'_>, limit: usize) -> Result<bool, StoreError> {
    let feeds =
        b.rows("SELECT workspace_id, projected, head FROM feeds WHERE projected < head", [], |r| {
            Ok((WorkspaceId(r.get(0)?), r.get::<_, i64>(1)?, r.get::<_, i64>(2)?))
        })?;
    let mut more = false;
    for (workspace, projected, head) in feeds {
        let to = head.min(projected + i64::try_from(limit).unwrap_or(i64::MAX));
        more |= to < head;
        for (contact, change) in changes(b, workspace, projected, to)? {
            update_conversation(b, workspace, contact, &change)?;
        }
        b.execute("UPDATE feeds SET projected = ?2 WHERE workspace_id = ?1", params![workspace.0, to])?;
    }
    Ok(more)
}

fn changes(
    b: &Batch<'_>,
    workspace: WorkspaceId,
    after: i64,
    to: i64,
) -> Result<BTreeMap<ContactId, Change>, StoreError> {
    let mut statement = b.prepare(
        "SELECT contact_id, kind, message_id, body FROM events
         WHERE workspace_id = ?1 AND seq > ?2 AND seq <= ?3 AND contact_id IS NOT NULL ORDER BY seq",
    )?;
    let mut rows = statement.query(params![workspace.0, after, to]).map_err(fault)?;
    let mut changes: BTreeMap<ContactId, Change> = BTreeMap::new();
    while let Some(row) = rows.next().map_err(fault)? {
        let contact = ContactId(row.get(0).map_err(fault)?);
        let change = changes.entry(contact).or_default();
        let message: Option<i64> = row.get(2).map_err(fault)?;
        match row.get_ref(1).and_then(|kind| kind.as_str().map_err(Into::into)).map_err(fault)? {
            "message.received" => change.received.extend(message),
            "conversation.seen" => change.seen = change.seen.max(message),
            _ => {}
        }
    }
    Ok(changes)
}

/// The old row's share in the counters, to be replaced by the new one's.
#[derive(Default, Clone, Copy)]
struct Share {
    exists: bool,
    unread: bool,
    failed: bool,
}

fn update_conversation(
    b: &Batch<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    change: &Change,
) -> Result<(), StoreError> {
    let Some(last_id) = b
        .row("SELECT last_id FROM contacts WHERE id = ?1", [contact.0], |r| r.get::<_, Option<i64>>(0))?
        .flatten()
    else {
        return Ok(());
    };
    let old = b.row(
        "SELECT unread, read_up_to, failed FROM conversations WHERE contact_id = ?1",
        [contact.0],
        |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, bool>(2)?)),
    )?;
    let (unread_before, read_before, _) = old.unwrap_or_default();
    let read_up_to = read_before.max(change.seen.unwrap_or(0));
    let new: i64 =
        change.received.iter().filter(|id| **id > read_up_to).count().try_into().unwrap_or(i64::MAX);
    let unread = if change.seen.is_some() { new } else { unread_before + new };
    let (last_at, failed) = newest(b, last_id)?;
    b.execute(
        "INSERT INTO conversations (contact_id, workspace_id, last_id, last_at, unread, read_up_to, failed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (contact_id) DO UPDATE SET last_id = ?3, last_at = ?4, unread = ?5, read_up_to = ?6, failed = ?7",
        params![contact.0, workspace.0, last_id, last_at, unread, read_up_to, failed],
    )?;
    let before = old.map_or(Share::default(), |(unread, _, failed)| Share {
        exists: true,
        unread: unread > 0,
        failed,
    });
    count(b, workspace, before, Share { exists: true, unread: unread > 0, failed })
}

/// How far back the newest message of ours is looked for.
const LOOK_BACK: usize = 50;

/// When the newest message was, and whether the newest one of ours failed.
fn newest(b: &Batch<'_>, last_id: i64) -> Result<(i64, bool), StoreError> {
    let mut id = Some(last_id);
    let mut last_at = 0;
    for _ in 0..LOOK_BACK {
        let Some(current) = id else { break };
        let row = b.row(
            "SELECT created_at, direction, rank, prev_id FROM messages WHERE id = ?1",
            [current],
            |r| {
                Ok((
                    r.get::<_, i64>(0)?,
                    r.get::<_, bool>(1)?,
                    r.get::<_, i64>(2)?,
                    r.get::<_, Option<i64>>(3)?,
                ))
            },
        )?;
        let Some((at, outbound, rank, prev)) = row else { break };
        if current == last_id {
            last_at = at;
        }
        if outbound {
            return Ok((last_at, Rank::from_number(rank) == Rank::Failed));
        }
        id = prev;
    }
    Ok((last_at, false))
}

fn count(b: &Batch<'_>, workspace: WorkspaceId, before: Share, after: Share) -> Result<(), StoreError> {
    let steps = [
        ("conversations", before.exists, after.exists),
        ("unread", before.unread, after.unread),
        ("failed", before.failed, after.failed),
    ];
    for (name, before, after) in steps {
        let step = i64::from(after) - i64::from(before);
        if step != 0 {
            b.execute(
                "INSERT INTO counters (workspace_id, name, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT (workspace_id, name) DO UPDATE SET value = value + ?3",
                params![workspace.0, name, step],
            )?;
        }
    }
    Ok(())
}
