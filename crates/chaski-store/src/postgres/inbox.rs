//! What the inbox and the API read.

use super::PgStore;
use super::contacts::read_contacts;
use super::media;
use super::queue::Job;
use super::rows::{json, json_or_none, limit, small, time, time_or_none};
use crate::error::StoreError;
use crate::inbox::*;
use async_trait::async_trait;
use chaski_model::message::Direction;
use chaski_model::{ChannelId, ContactId, MessageId, Rank, ReceiptKind, Timestamp, WorkspaceId};
use std::collections::HashMap;
use tokio_postgres::Row;

macro_rules! message_columns {
    ($from:literal) => {
        concat!(
            "SELECT m.id, m.contact_id, m.channel_id, m.direction, m.created_at, m.content, m.resolved, m.origin, m.rank, m.unknown,
               m.sent_at, m.failed_at, m.delivered_at, m.read_at, m.provider_id, m.error, m.blanked_at,
               x.state, x.tries, x.next_at, x.hash, x.mime, x.size, x.failure ",
            $from
        )
    };
}

const SOME: &str = message_columns!(
    "FROM messages m LEFT JOIN media x ON x.message_id = m.id WHERE m.id = ANY($1::int8[]) AND m.workspace_id = $2"
);
/// The chain from a message backwards, itself included.
const THREAD: &str = message_columns!(
    "FROM (WITH RECURSIVE chain(id, prev_id, n) AS (
       SELECT id, prev_id, 1 FROM messages WHERE id = $1 AND workspace_id = $2
       UNION ALL SELECT p.id, p.prev_id, c.n + 1 FROM chain c JOIN messages p ON p.id = c.prev_id AND p.workspace_id = $2 WHERE c.n < $3::int8)
     SELECT id, n FROM chain) c JOIN messages m ON m.id = c.id LEFT JOIN media x ON x.message_id = m.id ORDER BY c.n"
);
const NEWEST: &str = "SELECT last_id FROM contacts WHERE id = $1 AND workspace_id = $2";
const BEFORE: &str = "SELECT prev_id FROM messages WHERE id = $1 AND workspace_id = $2 AND contact_id = $3";
/// The ids of the chain from the newest message down to, and without, a known one.
const NEWER: &str = "WITH RECURSIVE chain(id, prev_id, n) AS (
      SELECT id, prev_id, 1 FROM messages WHERE id = $1 AND contact_id = $2 AND id <> $3
      UNION ALL SELECT p.id, p.prev_id, c.n + 1 FROM chain c JOIN messages p ON p.id = c.prev_id AND p.contact_id = $2 WHERE p.id <> $3)
    SELECT id FROM chain ORDER BY n DESC LIMIT $4";
const PARTS: &str = "SELECT p.delivery, p.part, p.state, p.provider_id, q.due_at, COALESCE(q.aside, FALSE) FROM parts p
    LEFT JOIN queue q ON q.channel_id = p.channel_id AND q.message_id = p.message_id AND q.delivery = p.delivery AND q.part = p.part
    WHERE p.message_id = $1 AND p.workspace_id = $2 ORDER BY p.delivery, p.part";
const ATTEMPTS: &str =
    "SELECT delivery, part, attempt, begun_at, ended_at, outcome, http_status, failure, next_at FROM attempts
    WHERE message_id = $1 ORDER BY attempt";
const RECEIPTS: &str = "SELECT delivery, part, kind, provider_at, received_at, failure FROM receipts
    WHERE message_id = $1 ORDER BY received_at, kind, provider_at";
macro_rules! conversations {
    ($only:literal) => {
        concat!(
            "SELECT contact_id, last_id, last_at, unread, failed FROM conversations WHERE workspace_id = $1 ",
            $only,
            " AND (last_at < $2 OR (last_at = $2 AND contact_id > $3)) ORDER BY last_at DESC, contact_id LIMIT $4"
        )
    };
}
const ALL: &str = conversations!("");
const UNREAD: &str = conversations!("AND unread > 0");
const FAILED: &str = conversations!("AND failed");
const ONE: &str = "SELECT contact_id, last_id, last_at, unread, failed FROM conversations WHERE contact_id = $1 AND workspace_id = $2";
const UNSEEN: &str = "SELECT 1 FROM conversations WHERE contact_id = $1 AND workspace_id = $2 AND (unread > 0 OR read_up_to < $3)";
const UNKNOWN: &str = "SELECT id FROM messages WHERE workspace_id = $1 AND unknown ORDER BY id DESC LIMIT $2";

fn message(r: &Row) -> Result<Message, StoreError> {
    Ok(Message {
        id: MessageId(r.get(0)),
        contact: ContactId(r.get(1)),
        channel: ChannelId(r.get(2)),
        direction: if r.get::<_, i32>(3) == 1 { Direction::Outbound } else { Direction::Inbound },
        created_at: time(r, 4),
        content: json(r, 5)?,
        resolved: json_or_none(r, 6)?,
        origin: json(r, 7)?,
        rank: Rank::from_number(i64::from(r.get::<_, i32>(8))),
        unknown: r.get(9),
        sent_at: time_or_none(r, 10),
        failed_at: time_or_none(r, 11),
        delivered_at: time_or_none(r, 12),
        read_at: time_or_none(r, 13),
        provider_id: r.get(14),
        error: json_or_none(r, 15)?,
        blanked_at: time_or_none(r, 16),
        media: media::state(r, 17)?,
    })
}

impl PgStore {
    async fn newest_of(&self, workspace: WorkspaceId, contact: ContactId) -> Result<Option<i64>, StoreError> {
        Ok(self.reads().row(NEWEST, &[&contact.0, &workspace.0]).await?.and_then(|row| row.get(0)))
    }

    async fn by_id(&self, workspace: WorkspaceId, ids: &[i64]) -> Result<HashMap<i64, Message>, StoreError> {
        let rows = self.reads().rows(SOME, &[&ids, &workspace.0]).await?;
        rows.iter().map(|row| Ok((row.get(0), message(row)?))).collect()
    }

    async fn listed(&self, workspace: WorkspaceId, rows: Vec<Row>) -> Result<Vec<Conversation>, StoreError> {
        let contacts: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        let lasts: Vec<i64> = rows.iter().map(|row| row.get(1)).collect();
        let mut contacts = read_contacts(self.reads(), workspace, contacts).await?;
        let mut messages = self.by_id(workspace, &lasts).await?;
        let conversation = |row: &Row| {
            Some(Conversation {
                contact: contacts.remove(&row.get(0))?,
                last: messages.remove(&row.get(1))?,
                last_at: time(row, 2),
                unread: row.get(3),
                failed: row.get(4),
            })
        };
        Ok(rows.iter().filter_map(conversation).collect())
    }
}

#[async_trait]
impl Inbox for PgStore {
    async fn message(&self, workspace: WorkspaceId, id: MessageId) -> Result<Option<Message>, StoreError> {
        let row = self.reads().row(SOME, &[&vec![id.0], &workspace.0]).await?;
        row.as_ref().map(message).transpose()
    }

    async fn thread(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        before: Option<MessageId>,
        most: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let first = match before {
            None => self.newest_of(workspace, contact).await?,
            Some(id) => {
                let row = self.reads().row(BEFORE, &[&id.0, &workspace.0, &contact.0]).await?;
                row.and_then(|row| row.get(0))
            }
        };
        let Some(first) = first.filter(|_| most > 0) else { return Ok(Vec::new()) };
        self.reads().rows(THREAD, &[&first, &workspace.0, &limit(most)]).await?.iter().map(message).collect()
    }

    async fn thread_after(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        after: MessageId,
        most: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let Some(newest) = self.newest_of(workspace, contact).await? else { return Ok(Vec::new()) };
        let rows = self.reads().rows(NEWER, &[&newest, &contact.0, &after.0, &limit(most)]).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        let mut found = self.by_id(workspace, &ids).await?;
        Ok(ids.iter().rev().filter_map(|id| found.remove(id)).collect())
    }

    async fn life(&self, workspace: WorkspaceId, id: MessageId) -> Result<Vec<PartLife>, StoreError> {
        let (parts, attempts, receipts) = tokio::try_join!(
            async { self.reads().rows(PARTS, &[&id.0, &workspace.0]).await },
            async { self.reads().rows(ATTEMPTS, &[&id.0]).await },
            async { self.reads().rows(RECEIPTS, &[&id.0]).await },
        )?;
        let mut life = Vec::with_capacity(parts.len());
        for row in &parts {
            let (delivery, part) = (small(row, 0), small(row, 1));
            let is_of = |row: &&Row| small(row, 0) == delivery && small(row, 1) == part;
            life.push(PartLife {
                delivery,
                part,
                state: i64::from(row.get::<_, i32>(2)),
                provider_id: row.get(3),
                due_at: time_or_none(row, 4),
                aside: row.get(5),
                attempts: attempts.iter().filter(is_of).map(attempt).collect::<Result<_, _>>()?,
                receipts: receipts.iter().filter(is_of).map(receipt).collect::<Result<_, _>>()?,
            });
        }
        Ok(life)
    }

    async fn conversations(
        &self,
        workspace: WorkspaceId,
        filter: Filter,
        before: Option<(Timestamp, ContactId)>,
        most: usize,
    ) -> Result<Vec<Conversation>, StoreError> {
        let sql = match filter {
            Filter::All => ALL,
            Filter::Unread => UNREAD,
            Filter::Failed => FAILED,
        };
        let (at, contact) = before.unwrap_or((Timestamp(i64::MAX), ContactId(0)));
        let rows = self.reads().rows(sql, &[&workspace.0, &at.0, &contact.0, &limit(most)]).await?;
        self.listed(workspace, rows).await
    }

    async fn conversation(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Result<Option<Conversation>, StoreError> {
        let rows = self.reads().rows(ONE, &[&contact.0, &workspace.0]).await?;
        Ok(self.listed(workspace, rows).await?.pop())
    }

    async fn counts(&self, workspace: WorkspaceId) -> Result<Counts, StoreError> {
        let mut counts = Counts::default();
        let sql = "SELECT name, value FROM counters WHERE workspace_id = $1";
        for row in self.reads().rows(sql, &[&workspace.0]).await? {
            match row.get(0) {
                "conversations" => counts.all = row.get(1),
                "unread" => counts.unread = row.get(1),
                "failed" => counts.failed = row.get(1),
                _ => {}
            }
        }
        Ok(counts)
    }

    async fn seen(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        up_to: MessageId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let unseen = self.reads().row(UNSEEN, &[&contact.0, &workspace.0, &up_to.0]).await?;
        match unseen {
            Some(_) => self.submit(Job::Seen { workspace, contact, up_to, now }).await.map(drop),
            None => Ok(()),
        }
    }

    async fn unknown(&self, workspace: WorkspaceId, most: usize) -> Result<Vec<MessageId>, StoreError> {
        let rows = self.reads().rows(UNKNOWN, &[&workspace.0, &limit(most)]).await?;
        Ok(rows.iter().map(|row| MessageId(row.get(0))).collect())
    }
}

fn attempt(r: &Row) -> Result<Attempt, StoreError> {
    Ok(Attempt {
        number: small(r, 2),
        begun_at: time(r, 3),
        ended_at: time(r, 4),
        outcome: r.get(5),
        http_status: r.get::<_, Option<i32>>(6).and_then(|status| u16::try_from(status).ok()),
        failure: json_or_none(r, 7)?,
        next_at: time_or_none(r, 8),
    })
}

fn receipt(r: &Row) -> Result<ReceiptRow, StoreError> {
    Ok(ReceiptRow {
        kind: ReceiptKind::from_number(i64::from(r.get::<_, i32>(2))).unwrap_or(ReceiptKind::Sent),
        provider_at: time(r, 3),
        received_at: time(r, 4),
        failure: json_or_none(r, 5)?,
    })
}
