//! The feed, and the projection that the inbox's list is made of.

use super::PgStore;
use super::background::Tx;
use super::fault::Fail;
use super::rows::{limit, time};
use crate::error::StoreError;
use crate::feed::{Feed, FeedEvent};
use async_trait::async_trait;
use chaski_model::{ContactId, MessageId, Rank, WorkspaceId};
use std::collections::{BTreeMap, HashMap};
use tokio::sync::watch;
use tokio_postgres::Row;

const EVENTS: &str = "SELECT seq, at, kind, contact_id, message_id, body FROM events WHERE workspace_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
const BEHIND: &str =
    "SELECT f.workspace_id FROM feeds f LEFT JOIN projections p ON p.workspace_id = f.workspace_id
    WHERE COALESCE(p.projected, 0) < f.head";
const PLACE: &str = "INSERT INTO projections (workspace_id) VALUES ($1) ON CONFLICT DO NOTHING";
/// One node projects a workspace at a time; the others pass it over.
const FOLLOW: &str = "SELECT projected FROM projections WHERE workspace_id = $1 FOR UPDATE SKIP LOCKED";
const HEAD: &str = "SELECT head FROM feeds WHERE workspace_id = $1";
const STRETCH: &str = "SELECT contact_id, kind, message_id FROM events
    WHERE workspace_id = $1 AND seq > $2 AND seq <= $3 AND contact_id IS NOT NULL ORDER BY seq";
const MOVE_ON: &str = "UPDATE projections SET projected = $2 WHERE workspace_id = $1";
const LAST: &str = "SELECT id, last_id FROM contacts WHERE id = ANY($1::int8[]) AND last_id IS NOT NULL";
const OLD: &str =
    "SELECT contact_id, unread, read_up_to, failed FROM conversations WHERE contact_id = ANY($1::int8[])";
const LINKS: &str =
    "SELECT id, created_at, direction, rank, prev_id FROM messages WHERE id = ANY($1::int8[])";
const WRITE: &str = "INSERT INTO conversations (contact_id, workspace_id, last_id, last_at, unread, read_up_to, failed)
    SELECT u.contact, $1, u.last, u.at, u.unread, u.read, u.failed
    FROM UNNEST($2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::bool[]) AS u(contact, last, at, unread, read, failed)
    ON CONFLICT (contact_id) DO UPDATE SET last_id = excluded.last_id, last_at = excluded.last_at, unread = excluded.unread,
      read_up_to = excluded.read_up_to, failed = excluded.failed";
const COUNT: &str = "INSERT INTO counters AS c (workspace_id, name, value) VALUES ($1, $2, $3)
    ON CONFLICT (workspace_id, name) DO UPDATE SET value = c.value + excluded.value";

#[async_trait]
impl Feed for PgStore {
    async fn head(&self, workspace: WorkspaceId) -> Result<i64, StoreError> {
        Ok(self.reads().row(HEAD, &[&workspace.0]).await?.map_or(0, |row| row.get(0)))
    }

    async fn events(
        &self,
        workspace: WorkspaceId,
        after: i64,
        most: usize,
    ) -> Result<Vec<FeedEvent>, StoreError> {
        let event = |r: &Row| FeedEvent {
            seq: r.get(0),
            at: time(r, 1),
            kind: r.get(2),
            contact: r.get::<_, Option<i64>>(3).map(ContactId),
            message: r.get::<_, Option<i64>>(4).map(MessageId),
            body: r.get(5),
        };
        let rows = self.reads().rows(EVENTS, &[&workspace.0, &after, &limit(most)]).await?;
        Ok(rows.iter().map(event).collect())
    }

    fn ticks(&self) -> watch::Receiver<u64> {
        self.inner.hints.ticks()
    }

    async fn project(&self, most: usize) -> Result<bool, StoreError> {
        let mut more = false;
        for row in self.reads().rows(BEHIND, &[]).await? {
            let workspace = WorkspaceId(row.get(0));
            more |= self.transact(move |tx| Box::pin(project(tx, workspace, limit(most)))).await?;
        }
        Ok(more)
    }
}

/// What a stretch of events says about one conversation.
#[derive(Default)]
struct Change {
    received: Vec<i64>,
    seen: Option<i64>,
}

async fn project(tx: &mut Tx, workspace: WorkspaceId, most: i64) -> Result<bool, Fail> {
    tx.execute(PLACE, &[&workspace.0]).await?;
    let Some(place) = tx.row(FOLLOW, &[&workspace.0]).await? else { return Ok(false) };
    let projected: i64 = place.get(0);
    let head: i64 = tx.row(HEAD, &[&workspace.0]).await?.map_or(0, |row| row.get(0));
    let to = head.min(projected.saturating_add(most));
    let mut changes: BTreeMap<i64, Change> = BTreeMap::new();
    for row in tx.rows(STRETCH, &[&workspace.0, &projected, &to]).await? {
        let change = changes.entry(row.get(0)).or_default();
        let message: Option<i64> = row.get(2);
        match row.get(1) {
            "message.received" => change.received.extend(message),
            "conversation.seen" => change.seen = change.seen.max(message),
            _ => {}
        }
    }
    if !changes.is_empty() {
        update_conversations(tx, workspace, &changes).await?;
    }
    tx.execute(MOVE_ON, &[&workspace.0, &to]).await?;
    Ok(to < head)
}

/// A conversation as it was.
#[derive(Default, Clone, Copy)]
struct Old {
    exists: bool,
    unread: i64,
    read_up_to: i64,
    failed: bool,
}

async fn update_conversations(
    tx: &Tx,
    workspace: WorkspaceId,
    changes: &BTreeMap<i64, Change>,
) -> Result<(), Fail> {
    let ids: Vec<i64> = changes.keys().copied().collect();
    let last: Vec<(i64, i64)> =
        tx.rows(LAST, &[&ids]).await?.iter().map(|row| (row.get(0), row.get(1))).collect();
    let mut old: HashMap<i64, Old> = HashMap::new();
    for row in tx.rows(OLD, &[&ids]).await? {
        let was = Old { exists: true, unread: row.get(1), read_up_to: row.get(2), failed: row.get(3) };
        old.insert(row.get(0), was);
    }
    let newest = newest(tx, last.iter().map(|(_, id)| *id).collect()).await?;
    let (mut contacts, mut lasts, mut ats) = (Vec::new(), Vec::new(), Vec::new());
    let (mut unreads, mut reads, mut faileds) = (Vec::new(), Vec::new(), Vec::new());
    let (mut all, mut unread_step, mut failed_step) = (0_i64, 0_i64, 0_i64);
    for (contact, last_id) in last {
        let (Some(change), was) = (changes.get(&contact), old.get(&contact).copied().unwrap_or_default())
        else {
            continue;
        };
        let read_up_to = was.read_up_to.max(change.seen.unwrap_or(0));
        let new = limit(change.received.iter().filter(|id| **id > read_up_to).count());
        let unread = if change.seen.is_some() { new } else { was.unread + new };
        let (at, failed) = newest.get(&last_id).copied().unwrap_or_default();
        all += i64::from(!was.exists);
        unread_step += i64::from(unread > 0) - i64::from(was.unread > 0);
        failed_step += i64::from(failed) - i64::from(was.failed);
        contacts.push(contact);
        lasts.push(last_id);
        ats.push(at);
        unreads.push(unread);
        reads.push(read_up_to);
        faileds.push(failed);
    }
    tx.execute(WRITE, &[&workspace.0, &contacts, &lasts, &ats, &unreads, &reads, &faileds]).await?;
    for (name, step) in [("conversations", all), ("failed", failed_step), ("unread", unread_step)] {
        if step != 0 {
            tx.execute(COUNT, &[&workspace.0, &name, &step]).await?;
        }
    }
    Ok(())
}

/// How far back the newest message of ours is looked for.
const LOOK_BACK: usize = 50;

/// For each newest message: when it was, and whether the newest one of ours in its thread failed.
async fn newest(tx: &Tx, lasts: Vec<i64>) -> Result<HashMap<i64, (i64, bool)>, Fail> {
    let mut found: HashMap<i64, (i64, bool)> = HashMap::new();
    // The message looked at -> the thread's newest.
    let mut looking: HashMap<i64, i64> = lasts.into_iter().map(|id| (id, id)).collect();
    for _ in 0..LOOK_BACK {
        if looking.is_empty() {
            break;
        }
        let ids: Vec<i64> = looking.keys().copied().collect();
        let mut next = HashMap::new();
        for row in tx.rows(LINKS, &[&ids]).await? {
            let (id, at): (i64, i64) = (row.get(0), row.get(1));
            let (outbound, rank): (i32, i32) = (row.get(2), row.get(3));
            let Some(last) = looking.get(&id) else { continue };
            let told = found.entry(*last).or_insert((at, false));
            if outbound == 1 {
                told.1 = Rank::from_number(i64::from(rank)) == Rank::Failed;
            } else if let Some(prev) = row.get::<_, Option<i64>>(4) {
                next.insert(prev, *last);
            }
        }
        looking = next;
    }
    Ok(found)
}
