//! What the inbox and the API read.

use super::SqliteStore;
use super::batch::NewEvent;
use super::contacts::read_contact;
use super::media;
use super::rows::{json, json_or_none, time, time_or_none};
use super::writer::Class;
use crate::error::StoreError;
use crate::inbox::*;
use async_trait::async_trait;
use chaski_model::message::Direction;
use chaski_model::{ChannelId, ContactId, MessageId, Rank, ReceiptKind, Timestamp, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params};

const MESSAGE: &str =
    "SELECT m.id, m.contact_id, m.channel_id, m.direction, m.created_at, d.content, d.resolved, d.origin,
            m.rank, m.unknown, m.sent_at, m.failed_at, m.delivered_at, m.read_at,
            IFNULL(d.provider_id, (SELECT p.provider_id FROM parts p
              WHERE p.message_id = m.id AND p.delivery = m.delivery AND p.part = 1)), m.error, m.prev_id, m.blanked_at,
            x.state, x.tries, x.next_at, x.hash, x.mime, x.size, x.failure
     FROM messages m JOIN bodies d ON d.message_id = m.id LEFT JOIN media x ON x.message_id = m.id
     WHERE m.id = ?1 AND m.workspace_id = ?2";

fn message(r: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: MessageId(r.get(0)?),
        contact: ContactId(r.get(1)?),
        channel: ChannelId(r.get(2)?),
        direction: if r.get(3)? { Direction::Outbound } else { Direction::Inbound },
        created_at: time(r, 4)?,
        content: json(r, 5)?,
        resolved: json_or_none(r, 6)?,
        origin: json(r, 7)?,
        rank: Rank::from_number(r.get(8)?),
        unknown: r.get(9)?,
        sent_at: time_or_none(r, 10)?,
        failed_at: time_or_none(r, 11)?,
        delivered_at: time_or_none(r, 12)?,
        read_at: time_or_none(r, 13)?,
        provider_id: r.get(14)?,
        error: json_or_none(r, 15)?,
        blanked_at: time_or_none(r, 17)?,
        media: media::state(r, 18)?,
    })
}

/// A message and the one before it in the thread.
fn linked(
    c: &Connection,
    workspace: WorkspaceId,
    id: i64,
) -> rusqlite::Result<Option<(Message, Option<i64>)>> {
    c.prepare_cached(MESSAGE)?
        .query_row(params![id, workspace.0], |r| Ok((message(r)?, r.get(16)?)))
        .optional()
}

fn newest_of(c: &Connection, workspace: WorkspaceId, contact: ContactId) -> rusqlite::Result<Option<i64>> {
    let last = c
        .prepare_cached(
            "SELECT t.last_id FROM contacts c JOIN threads t ON t.contact_id = c.id WHERE c.id = ?1 AND c.workspace_id = ?2",
        )?
        .query_row(params![contact.0, workspace.0], |r| r.get(0))
        .optional()?;
    Ok(last)
}

#[async_trait]
impl Inbox for SqliteStore {
    async fn message(&self, workspace: WorkspaceId, id: MessageId) -> Result<Option<Message>, StoreError> {
        self.read(|c| Ok(linked(c, workspace, id.0)?.map(|(message, _)| message)))
    }

    async fn thread(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        self.read_page(move |c| {
            let mut next = match before {
                None => newest_of(c, workspace, contact)?,
                Some(id) => linked(c, workspace, id.0)?
                    .filter(|(m, _)| m.contact == contact)
                    .and_then(|(_, prev)| prev),
            };
            let mut page = Vec::with_capacity(limit.min(100));
            while let Some(id) = next
                && page.len() < limit
            {
                let Some((message, prev)) = linked(c, workspace, id)? else { break };
                page.push(message);
                next = prev;
            }
            Ok(page)
        })
        .await
    }

    async fn thread_after(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        after: MessageId,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        self.read_page(move |c| {
            let mut ids = std::collections::VecDeque::with_capacity(limit + 1);
            let mut next = newest_of(c, workspace, contact)?;
            while let Some(id) = next.filter(|id| *id != after.0) {
                ids.push_back(id);
                if ids.len() > limit {
                    ids.pop_front();
                }
                next = c
                    .prepare_cached("SELECT prev_id FROM messages WHERE id = ?1 AND contact_id = ?2")?
                    .query_row(params![id, contact.0], |r| r.get(0))
                    .optional()?
                    .flatten();
            }
            ids.into_iter()
                .filter_map(|id| linked(c, workspace, id).transpose())
                .map(|found| found.map(|(m, _)| m))
                .collect()
        })
        .await
    }

    async fn life(&self, workspace: WorkspaceId, id: MessageId) -> Result<Vec<PartLife>, StoreError> {
        self.read_page(move |c| life(c, workspace, id)).await
    }

    async fn conversations(
        &self,
        workspace: WorkspaceId,
        filter: Filter,
        before: Option<(Timestamp, ContactId)>,
        limit: usize,
    ) -> Result<Vec<Conversation>, StoreError> {
        self.read_page(move |c| {
            let only = match filter {
                Filter::All => "",
                Filter::Unread => "AND unread > 0",
                Filter::Failed => "AND failed = 1",
            };
            let (at, contact) = before.unwrap_or((Timestamp(i64::MAX), ContactId(0)));
            let rows: Vec<(i64, i64, i64, i64, bool)> = c
                .prepare_cached(&format!(
                    "SELECT contact_id, last_id, last_at, unread, failed FROM conversations
                     WHERE workspace_id = ?1 {only} AND (last_at < ?2 OR (last_at = ?2 AND contact_id > ?3))
                     ORDER BY last_at DESC, contact_id LIMIT ?4"
                ))?
                .query_map(
                    params![workspace.0, at.0, contact.0, i64::try_from(limit).unwrap_or(i64::MAX)],
                    conversation_row,
                )?
                .collect::<Result<_, _>>()?;
            rows.into_iter().filter_map(|row| conversation(c, workspace, row).transpose()).collect()
        })
        .await
    }

    async fn conversation(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Result<Option<Conversation>, StoreError> {
        self.read_page(move |c| {
            let row = c
                .prepare_cached(
                    "SELECT contact_id, last_id, last_at, unread, failed FROM conversations WHERE contact_id = ?1 AND workspace_id = ?2",
                )?
                .query_row(params![contact.0, workspace.0], conversation_row)
                .optional()?;
            row.map_or(Ok(None), |row| conversation(c, workspace, row))
        })
        .await
    }

    async fn counts(&self, workspace: WorkspaceId) -> Result<Counts, StoreError> {
        self.read(|c| {
            let mut counts = Counts::default();
            let mut statement =
                c.prepare_cached("SELECT name, value FROM counters WHERE workspace_id = ?1")?;
            let mut rows = statement.query([workspace.0])?;
            while let Some(row) = rows.next()? {
                let value = row.get(1)?;
                match row.get_ref(0)?.as_str()? {
                    "conversations" => counts.all = value,
                    "unread" => counts.unread = value,
                    "failed" => counts.failed = value,
                    _ => {}
                }
            }
            Ok(counts)
        })
    }

    async fn seen(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        up_to: MessageId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let unread = self.read(|c| {
            c.prepare_cached("SELECT 1 FROM conversations WHERE contact_id = ?1 AND workspace_id = ?2 AND (unread > 0 OR read_up_to < ?3)")?
                .query_row(params![contact.0, workspace.0, up_to.0], |_| Ok(()))
                .optional()
        })?;
        if unread.is_none() {
            return Ok(());
        }
        self.write(Class::Background, move |b| {
            b.event(
                workspace,
                NewEvent {
                    at: now,
                    kind: "conversation.seen",
                    contact: Some(contact),
                    message: Some(up_to),
                    body: None,
                },
            );
            Ok(())
        })
        .await
    }

    async fn unknown(&self, workspace: WorkspaceId, limit: usize) -> Result<Vec<MessageId>, StoreError> {
        self.read_page(move |c| {
            c.prepare_cached(
                "SELECT id FROM messages WHERE workspace_id = ?1 AND unknown = 1 ORDER BY id DESC LIMIT ?2",
            )?
            .query_map(params![workspace.0, i64::try_from(limit).unwrap_or(i64::MAX)], |r| {
                r.get(0).map(MessageId)
            })?
            .collect()
        })
        .await
    }
}

fn conversation_row(r: &Row<'_>) -> rusqlite::Result<(i64, i64, i64, i64, bool)> {
    Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))
}

fn conversation(
    c: &Connection,
    workspace: WorkspaceId,
    row: (i64, i64, i64, i64, bool),
) -> rusqlite::Result<Option<Conversation>> {
    let (contact, last_id, last_at, unread, failed) = row;
    let Some(contact) = read_contact(c, workspace, ContactId(contact))? else { return Ok(None) };
    let Some((last, _)) = linked(c, workspace, last_id)? else { return Ok(None) };
    Ok(Some(Conversation { contact, last, last_at: Timestamp(last_at), unread, failed }))
}

fn life(c: &Connection, workspace: WorkspaceId, id: MessageId) -> rusqlite::Result<Vec<PartLife>> {
    let mut parts: Vec<PartLife> = c
        .prepare_cached(
            "SELECT p.delivery, p.part, p.state, p.provider_id, q.due_at, IFNULL(q.aside, 0) FROM parts p
             LEFT JOIN queue q ON q.channel_id = p.channel_id AND q.message_id = p.message_id
               AND q.delivery = p.delivery AND q.part = p.part
             WHERE p.message_id = ?1 AND p.workspace_id = ?2 ORDER BY p.delivery, p.part",
        )?
        .query_map(params![id.0, workspace.0], |r| {
            Ok(PartLife {
                delivery: r.get(0)?,
                part: r.get(1)?,
                state: r.get(2)?,
                provider_id: r.get(3)?,
                due_at: time_or_none(r, 4)?,
                aside: r.get(5)?,
                attempts: Vec::new(),
                receipts: Vec::new(),
            })
        })?
        .collect::<Result<_, _>>()?;
    for part in &mut parts {
        part.attempts = attempts(c, id, part.delivery, part.part)?;
        part.receipts = receipts(c, id, part.delivery, part.part)?;
    }
    Ok(parts)
}

fn attempts(c: &Connection, id: MessageId, delivery: u16, part: u16) -> rusqlite::Result<Vec<Attempt>> {
    c.prepare_cached(
        "SELECT attempt, begun_at, ended_at, outcome, http_status, failure, next_at FROM attempts
         WHERE message_id = ?1 AND delivery = ?2 AND part = ?3
         UNION ALL
         SELECT attempts, begun_at, ended_at, 'sent', http_status, NULL, NULL FROM parts
         WHERE message_id = ?1 AND delivery = ?2 AND part = ?3 AND ended_at IS NOT NULL
         ORDER BY 1",
    )?
    .query_map(params![id.0, delivery, part], |r| {
        Ok(Attempt {
            number: r.get(0)?,
            begun_at: time(r, 1)?,
            ended_at: time(r, 2)?,
            outcome: r.get(3)?,
            http_status: r.get(4)?,
            failure: json_or_none(r, 5)?,
            next_at: time_or_none(r, 6)?,
        })
    })?
    .collect()
}

fn receipts(c: &Connection, id: MessageId, delivery: u16, part: u16) -> rusqlite::Result<Vec<ReceiptRow>> {
    c.prepare_cached(
        "SELECT kind, provider_at, received_at, failure FROM receipts
         WHERE message_id = ?1 AND delivery = ?2 AND part = ?3 ORDER BY received_at, kind",
    )?
    .query_map(params![id.0, delivery, part], |r| {
        Ok(ReceiptRow {
            kind: ReceiptKind::from_number(r.get(0)?).unwrap_or(ReceiptKind::Sent),
            provider_at: time(r, 1)?,
            received_at: time(r, 2)?,
            failure: json_or_none(r, 3)?,
        })
    })?
    .collect()
}
