//! The feed, and the projection that the inbox's list is made of.

use super::SqliteStore;
use super::batch::Batch;
use super::rows::time;
use super::writer::Class;
use crate::error::StoreError;
use crate::feed::{Feed, FeedEvent};
use async_trait::async_trait;
use chaski_model::{ContactId, MessageId, Rank, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, params};
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
        // What changes is found out on a read connection; the writer only stores it.
        let Some(projection) = self.read_page(move |c| read_projection(c, limit)).await? else {
            return Ok(false);
        };
        let more = projection.more;
        self.write(Class::Background, move |b| store_projection(b, &projection)).await?;
        Ok(more)
    }
}

/// A stretch of one workspace's feed, and what it makes of the conversations.
struct Projection {
    workspace: WorkspaceId,
    from: i64,
    to: i64,
    more: bool,
    rows: Vec<Row>,
}

/// A conversation that changed.
struct Row {
    contact: ContactId,
    last_id: i64,
    last_at: i64,
    unread: i64,
    read_up_to: i64,
    failed: bool,
    before: Share,
}

/// What a stretch of events says about one conversation.
#[derive(Default)]
struct Change {
    received: Vec<i64>,
    seen: Option<i64>,
}

/// A row's share in the counters.
#[derive(Default, Clone, Copy)]
struct Share {
    exists: bool,
    unread: bool,
    failed: bool,
}

fn read_projection(c: &Connection, limit: usize) -> rusqlite::Result<Option<Projection>> {
    let behind = c
        .prepare_cached("SELECT workspace_id, projected, head FROM feeds WHERE projected < head LIMIT 2")?
        .query_map([], |r| Ok((WorkspaceId(r.get(0)?), r.get::<_, i64>(1)?, r.get::<_, i64>(2)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    let Some((workspace, from, head)) = behind.first().copied() else { return Ok(None) };
    let to = head.min(from + i64::try_from(limit).unwrap_or(i64::MAX));
    let mut rows = Vec::new();
    for (contact, change) in changes(c, workspace, from, to)? {
        rows.extend(changed_row(c, contact, &change)?);
    }
    Ok(Some(Projection { workspace, from, to, more: to < head || behind.len() > 1, rows }))
}

fn changes(
    c: &Connection,
    workspace: WorkspaceId,
    after: i64,
    to: i64,
) -> rusqlite::Result<BTreeMap<ContactId, Change>> {
    let mut statement = c.prepare_cached(
        "SELECT contact_id, kind, message_id FROM events
         WHERE workspace_id = ?1 AND seq > ?2 AND seq <= ?3 AND contact_id IS NOT NULL ORDER BY seq",
    )?;
    let mut rows = statement.query(params![workspace.0, after, to])?;
    let mut changes: BTreeMap<ContactId, Change> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let change = changes.entry(ContactId(row.get(0)?)).or_default();
        let message: Option<i64> = row.get(2)?;
        match row.get_ref(1)?.as_str()? {
            "message.received" => change.received.extend(message),
            "conversation.seen" => change.seen = change.seen.max(message),
            _ => {}
        }
    }
    Ok(changes)
}

/// The conversation as it is now, if that differs from what its row says.
fn changed_row(c: &Connection, contact: ContactId, change: &Change) -> rusqlite::Result<Option<Row>> {
    let found = c
        .prepare_cached(
            "SELECT t.last_id, v.last_id, v.unread, v.read_up_to, v.failed FROM threads t
             LEFT JOIN conversations v ON v.contact_id = t.contact_id WHERE t.contact_id = ?1",
        )?
        .query_row([contact.0], |r| {
            let old = match r.get::<_, Option<i64>>(1)? {
                Some(last) => Some((last, r.get::<_, i64>(2)?, r.get::<_, i64>(3)?, r.get::<_, bool>(4)?)),
                None => None,
            };
            Ok((r.get::<_, i64>(0)?, old))
        })
        .optional()?;
    let Some((last_id, old)) = found else { return Ok(None) };
    let (_, unread_before, read_before, _) = old.unwrap_or_default();
    let read_up_to = read_before.max(change.seen.unwrap_or(0));
    let new: i64 =
        change.received.iter().filter(|id| **id > read_up_to).count().try_into().unwrap_or(i64::MAX);
    let unread = if change.seen.is_some() { new } else { unread_before + new };
    let (last_at, failed) = newest(c, last_id)?;
    if old == Some((last_id, unread, read_up_to, failed)) {
        return Ok(None);
    }
    let before = old.map_or(Share::default(), |(_, unread, _, failed)| Share {
        exists: true,
        unread: unread > 0,
        failed,
    });
    Ok(Some(Row { contact, last_id, last_at, unread, read_up_to, failed, before }))
}

/// How far back the newest message of ours is looked for.
const LOOK_BACK: usize = 50;

/// When the newest message was, and whether the newest one of ours failed.
fn newest(c: &Connection, last_id: i64) -> rusqlite::Result<(i64, bool)> {
    let mut id = Some(last_id);
    let mut last_at = 0;
    let mut statement =
        c.prepare_cached("SELECT created_at, direction, rank, prev_id FROM messages WHERE id = ?1")?;
    for _ in 0..LOOK_BACK {
        let Some(current) = id else { break };
        let row = statement
            .query_row([current], |r| {
                Ok((r.get::<_, i64>(0)?, r.get::<_, bool>(1)?, r.get::<_, i64>(2)?, r.get(3)?))
            })
            .optional()?;
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

fn store_projection(b: &Batch<'_>, projection: &Projection) -> Result<(), StoreError> {
    let moved = b.execute(
        "UPDATE feeds SET projected = ?3 WHERE workspace_id = ?1 AND projected = ?2",
        params![projection.workspace.0, projection.from, projection.to],
    )?;
    if moved == 0 {
        // Another one was quicker.
        return Ok(());
    }
    let mut steps = [0; 3];
    for row in &projection.rows {
        b.execute(
            "INSERT INTO conversations (contact_id, workspace_id, last_id, last_at, unread, read_up_to, failed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (contact_id) DO UPDATE SET last_id = ?3, last_at = ?4, unread = ?5, read_up_to = ?6, failed = ?7",
            params![
                row.contact.0,
                projection.workspace.0,
                row.last_id,
                row.last_at,
                row.unread,
                row.read_up_to,
                row.failed
            ],
        )?;
        let (before, after) =
            (row.before, Share { exists: true, unread: row.unread > 0, failed: row.failed });
        steps[0] += i64::from(after.exists) - i64::from(before.exists);
        steps[1] += i64::from(after.unread) - i64::from(before.unread);
        steps[2] += i64::from(after.failed) - i64::from(before.failed);
    }
    for (name, step) in ["conversations", "unread", "failed"].into_iter().zip(steps) {
        if step != 0 {
            b.execute(
                "INSERT INTO counters (workspace_id, name, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT (workspace_id, name) DO UPDATE SET value = value + ?3",
                params![projection.workspace.0, name, step],
            )?;
        }
    }
    Ok(())
}
