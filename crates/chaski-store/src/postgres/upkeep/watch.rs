//! What has stood still for too long. The looks go through read connections, page by page.

use crate::error::StoreError;
use crate::postgres::PgStore;
use crate::postgres::batch::state;
use crate::postgres::connect::Params;
use crate::postgres::rows::{json_or_none, limit, time_or_none};
use crate::upkeep::*;
use async_trait::async_trait;
use chaski_model::{ChannelId, ContactId, MessageId, Timestamp, WorkspaceId};
use tokio_postgres::Row;

/// Rows of the queue that one read looks at.
const PAGE: i64 = 5000;

/// One page of a channel's queue: where it ends, how long it is, whether an attempt in it is open for too long.
const OPEN: &str = "WITH page AS MATERIALIZED (SELECT message_id, delivery, part FROM queue
      WHERE channel_id = $1 AND (message_id, delivery, part) > ($2, $3, $4) ORDER BY message_id, delivery, part LIMIT $5::int8)
    SELECT message_id, delivery, part, (SELECT COUNT(*) FROM page),
      EXISTS (SELECT 1 FROM page g JOIN parts p ON p.message_id = g.message_id AND p.delivery = g.delivery AND p.part = g.part
        WHERE p.state = $6 AND COALESCE(p.call_by, 0) < $7)
    FROM page ORDER BY message_id DESC, delivery DESC, part DESC LIMIT 1";
const NEWEST: &str = "SELECT id, channel_id FROM
      (SELECT id, channel_id, direction FROM messages WHERE id > $1 ORDER BY id DESC LIMIT $2::int8) m
    WHERE direction = 1 ORDER BY id DESC";
const REPORTED: &str = "SELECT id, rank, sent_at, delivered_at, (SELECT MAX(received_at) FROM receipts r WHERE r.message_id = m.id)
    FROM messages m WHERE id = ANY($1::int8[]) ORDER BY id";
macro_rules! unknown_outcomes {
    ($only:literal) => {
        concat!(
            // What is unknown is few, and has an index of its own.
            "WITH u AS MATERIALIZED (SELECT id FROM messages WHERE unknown AND id < $1 ",
            $only,
            ") SELECT m.workspace_id, m.id, m.contact_id, m.channel_id, m.created_at, a.begun_at, a.ended_at, a.failure
             FROM u JOIN messages m ON m.id = u.id
             LEFT JOIN LATERAL (SELECT part, attempts FROM parts WHERE message_id = m.id AND delivery = m.delivery AND state = $3
               ORDER BY part LIMIT 1) p ON TRUE
             LEFT JOIN attempts a ON a.message_id = m.id AND a.delivery = m.delivery AND a.part = p.part AND a.attempt = p.attempts
             ORDER BY m.id DESC LIMIT $2::int8"
        )
    };
}
const UNKNOWN: &str = unknown_outcomes!("");
const UNKNOWN_OF: &str = unknown_outcomes!("AND workspace_id = $4");
const LAG: &str = "SELECT f.workspace_id, COALESCE(p.projected, 0), f.head - COALESCE(p.projected, 0)
    FROM feeds f LEFT JOIN projections p ON p.workspace_id = f.workspace_id ORDER BY f.workspace_id";

impl PgStore {
    /// Whether an attempt in a channel's queue is open for too long.
    async fn has_open_attempt(&self, channel: ChannelId, before: Timestamp) -> Result<bool, StoreError> {
        let (mut message, mut delivery, mut part) = (0_i64, 0_i32, 0_i32);
        loop {
            let values: Params<'_> =
                &[&channel.0, &message, &delivery, &part, &PAGE, &state::BEGUN, &before.0];
            let Some(page) = self.reads().row(OPEN, values).await? else { return Ok(false) };
            if page.get(4) {
                return Ok(true);
            }
            if page.get::<_, i64>(3) < PAGE {
                return Ok(false);
            }
            (message, delivery, part) = (page.get(0), page.get(1), page.get(2));
        }
    }
}

#[async_trait]
impl Watch for PgStore {
    async fn with_open_attempts(
        &self,
        channels: Vec<ChannelId>,
        call_by_before: Timestamp,
    ) -> Result<Vec<ChannelId>, StoreError> {
        let mut found = Vec::new();
        for channel in channels {
            if self.has_open_attempt(channel, call_by_before).await? {
                found.push(channel);
            }
        }
        Ok(found)
    }

    async fn newest_sent(
        &self,
        after: MessageId,
        most: usize,
    ) -> Result<Vec<(MessageId, ChannelId)>, StoreError> {
        let rows = self.reads().rows(NEWEST, &[&after.0, &limit(most)]).await?;
        Ok(rows.iter().map(|row| (MessageId(row.get(0)), ChannelId(row.get(1)))).collect())
    }

    async fn reported(&self, messages: Vec<MessageId>) -> Result<Vec<Reported>, StoreError> {
        let messages: Vec<i64> = messages.iter().map(|id| id.0).collect();
        let reported = |r: &Row| Reported {
            message: MessageId(r.get(0)),
            is_pending: r.get::<_, i32>(1) == 0,
            sent_at: time_or_none(r, 2),
            delivered_at: time_or_none(r, 3),
            receipt_at: time_or_none(r, 4),
        };
        Ok(self.reads().rows(REPORTED, &[&messages]).await?.iter().map(reported).collect())
    }

    async fn unknown_outcomes(
        &self,
        workspace: Option<WorkspaceId>,
        before: Option<MessageId>,
        most: usize,
    ) -> Result<Vec<UnknownOutcome>, StoreError> {
        let (before, most) = (before.map_or(i64::MAX, |id| id.0), limit(most));
        let rows = match workspace {
            None => self.reads().rows(UNKNOWN, &[&before, &most, &state::UNKNOWN]).await?,
            Some(id) => self.reads().rows(UNKNOWN_OF, &[&before, &most, &state::UNKNOWN, &id.0]).await?,
        };
        let outcome = |r: &Row| {
            Ok(UnknownOutcome {
                workspace: WorkspaceId(r.get(0)),
                message: MessageId(r.get(1)),
                contact: ContactId(r.get(2)),
                channel: ChannelId(r.get(3)),
                begun_at: time_or_none(r, 5),
                since: time_or_none(r, 6).unwrap_or(Timestamp(r.get(4))),
                failure: json_or_none(r, 7)?,
            })
        };
        rows.iter().map(outcome).collect()
    }

    async fn can_write(&self) -> Result<(), StoreError> {
        let row = self.reads().row("SELECT current_setting('transaction_read_only') = 'on'", &[]).await?;
        match row.is_some_and(|row| row.get(0)) {
            true => Err(StoreError::Unavailable("the database is read-only".into())),
            false => Ok(()),
        }
    }

    fn writer_waiting(&self) -> usize {
        self.inner.queue.waiting()
    }

    async fn lag(&self) -> Result<Vec<Lag>, StoreError> {
        let lag = |r: &Row| Lag {
            workspace: WorkspaceId(r.get(0)),
            follower: "inbox",
            position: r.get(1),
            events: r.get(2),
        };
        Ok(self.reads().rows(LAG, &[]).await?.iter().map(lag).collect())
    }
}
