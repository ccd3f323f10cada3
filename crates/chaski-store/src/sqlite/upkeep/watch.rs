//! What has stood still for too long. The looks go through read connections, page by page.

use super::limit;
use crate::error::StoreError;
use crate::sqlite::SqliteStore;
use crate::sqlite::open;
use crate::sqlite::outbox::state;
use crate::sqlite::rows::{fault, json_or_none, time_or_none};
use crate::sqlite::writer::Class;
use crate::upkeep::*;
use async_trait::async_trait;
use chaski_model::{ChannelId, ContactId, MessageId, Timestamp, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, params};

/// Rows of the queue that one read looks at.
const PAGE: i64 = 5000;

/// Where in a channel's queue a look goes on.
type Place = (i64, i64, i64);

#[async_trait]
impl Watch for SqliteStore {
    async fn with_open_attempts(
        &self,
        channels: Vec<ChannelId>,
        call_by_before: Timestamp,
    ) -> Result<Vec<ChannelId>, StoreError> {
        let mut found = Vec::new();
        for channel in channels {
            let mut place = Some((0, 0, 0));
            while let Some(from) = place {
                let (any, next) =
                    self.read_page(move |c| open_attempts(c, channel, from, call_by_before)).await?;
                place = next.filter(|_| !any);
                if any {
                    found.push(channel);
                }
            }
        }
        Ok(found)
    }

    async fn newest_sent(
        &self,
        after: MessageId,
        rows: usize,
    ) -> Result<Vec<(MessageId, ChannelId)>, StoreError> {
        self.read_page(move |c| {
            c.prepare_cached(
                "SELECT id, channel_id FROM
                   (SELECT id, channel_id, direction FROM messages WHERE id > ?1 ORDER BY id DESC LIMIT ?2) WHERE direction = 1",
            )?
            .query_map(params![after.0, limit(rows)], |r| Ok((MessageId(r.get(0)?), ChannelId(r.get(1)?))))?
            .collect()
        })
        .await
    }

    async fn reported(&self, messages: Vec<MessageId>) -> Result<Vec<Reported>, StoreError> {
        self.read_page(move |c| {
            let mut statement = c.prepare_cached(
                "SELECT rank, sent_at, delivered_at, (SELECT MAX(received_at) FROM receipts r WHERE r.message_id = m.id)
                 FROM messages m WHERE id = ?1",
            )?;
            let mut found = Vec::with_capacity(messages.len());
            for message in messages {
                let row = statement
                    .query_row([message.0], |r| {
                        Ok(Reported {
                            message,
                            is_pending: r.get::<_, i64>(0)? == 0,
                            sent_at: time_or_none(r, 1)?,
                            delivered_at: time_or_none(r, 2)?,
                            receipt_at: time_or_none(r, 3)?,
                        })
                    })
                    .optional()?;
                found.extend(row);
            }
            Ok(found)
        })
        .await
    }

    async fn unknown_outcomes(
        &self,
        workspace: Option<WorkspaceId>,
        before: Option<MessageId>,
        rows: usize,
    ) -> Result<Vec<UnknownOutcome>, StoreError> {
        let before = before.map_or(i64::MAX, |id| id.0);
        self.read_page(move |c| {
            c.prepare_cached(
                "SELECT m.workspace_id, m.id, m.contact_id, m.channel_id, m.created_at, a.begun_at, a.ended_at, a.failure
                 FROM messages m
                 LEFT JOIN parts p ON p.message_id = m.id AND p.delivery = m.delivery AND p.state = ?1
                 LEFT JOIN attempts a ON a.message_id = p.message_id AND a.delivery = p.delivery AND a.part = p.part
                   AND a.attempt = p.attempts
                 WHERE m.unknown = 1 AND (m.workspace_id = ?2 OR ?2 IS NULL) AND m.id < ?3
                 GROUP BY m.id ORDER BY m.id DESC LIMIT ?4",
            )?
            .query_map(params![state::UNKNOWN, workspace.map(|id| id.0), before, limit(rows)], |r| {
                Ok(UnknownOutcome {
                    workspace: WorkspaceId(r.get(0)?),
                    message: MessageId(r.get(1)?),
                    contact: ContactId(r.get(2)?),
                    channel: ChannelId(r.get(3)?),
                    begun_at: time_or_none(r, 5)?,
                    since: time_or_none(r, 6)?.unwrap_or(Timestamp(r.get(4)?)),
                    failure: json_or_none(r, 7)?,
                })
            })?
            .collect()
        })
        .await
    }

    async fn can_write(&self) -> Result<(), StoreError> {
        self.write(Class::Background, |b| b.connection().execute_batch(&open::touch()).map_err(fault)).await
    }

    fn writer_waiting(&self) -> usize {
        self.writer.waiting()
    }

    async fn lag(&self) -> Result<Vec<Lag>, StoreError> {
        self.read(|c| {
            c.prepare_cached("SELECT workspace_id, projected, head - projected FROM feeds")?
                .query_map([], |r| {
                    Ok(Lag {
                        workspace: WorkspaceId(r.get(0)?),
                        follower: "inbox",
                        position: r.get(1)?,
                        events: r.get(2)?,
                    })
                })?
                .collect()
        })
    }
}

/// Looks at one page of a channel's queue: whether an attempt is open for too long, and where to go on.
fn open_attempts(
    c: &Connection,
    channel: ChannelId,
    from: Place,
    call_by_before: Timestamp,
) -> rusqlite::Result<(bool, Option<Place>)> {
    let mut statement = c.prepare_cached(
        "SELECT q.message_id, q.delivery, q.part, p.state, IFNULL(p.call_by, 0) FROM queue q
         LEFT JOIN parts p ON p.message_id = q.message_id AND p.delivery = q.delivery AND p.part = q.part
         WHERE q.channel_id = ?1 AND (q.message_id, q.delivery, q.part) > (?2, ?3, ?4)
         ORDER BY q.message_id, q.delivery, q.part LIMIT ?5",
    )?;
    let mut rows = statement.query(params![channel.0, from.0, from.1, from.2, PAGE])?;
    let (mut seen, mut last) = (0, None);
    while let Some(row) = rows.next()? {
        let is_begun = row.get::<_, Option<i64>>(3)? == Some(state::BEGUN);
        if is_begun && row.get::<_, i64>(4)? < call_by_before.0 {
            return Ok((true, None));
        }
        seen += 1;
        last = Some((row.get(0)?, row.get(1)?, row.get(2)?));
    }
    Ok((false, last.filter(|_| seen == PAGE)))
}
