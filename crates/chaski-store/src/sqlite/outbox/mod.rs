//! Accept, begin, settle: how a message moves through the tables.
//!
//! A lane has at most one part in `queue` that heads it (`aside = 0`); parts behind it stand in
//! `waiting`. A part leaves the queue when it ends; the next one of its lane then takes its place.
//! A part that stepped aside stays in the queue alone.

mod accept;
mod attempt;
mod lane;
mod status;
mod unknown;

pub(super) use accept::chain;
pub(super) use lane::{
    close_window, end_rest, enqueue, fail_message, head_of, lane_head, leave_queue, make_lane,
};
pub(super) use lane::{head, head_columns};
pub(super) use status::{end_part, raise_message};

/// The steps by themselves.
#[cfg(test)]
pub(super) mod steps {
    pub(in crate::sqlite) use super::accept::accept;
    pub(in crate::sqlite) use super::attempt::{begin, settle};
    pub(in crate::sqlite) use super::lane::step_aside;
    pub(in crate::sqlite) use super::unknown::{recover, resolve_unknown};
}

use super::writer::Class;
use super::{STEP_BYTES, SqliteStore};
use crate::error::StoreError;
use crate::nodes::Fence;
use crate::outbox::*;
use async_trait::async_trait;
use chaski_model::{ChannelId, ChannelKind, MessageId, PartRef, Timestamp, WorkspaceId};
use rusqlite::params;

/// What `parts.state` holds.
pub(super) mod state {
    pub(crate) const WAITING: i64 = 0;
    pub(crate) const QUEUED: i64 = 1;
    pub(crate) const BEGUN: i64 = 2;
    pub(crate) const RETRY: i64 = 3;
    pub(crate) const UNKNOWN: i64 = 4;
    pub(crate) const ENDED: i64 = 5;
}

const DAY_MS: i64 = 86_400_000;

#[async_trait]
impl Outbox for SqliteStore {
    fn next_id(&self, machine_ms: i64) -> MessageId {
        self.writer.next_id(machine_ms)
    }

    async fn accept(&self, plan: Accept) -> Result<Accepted, StoreError> {
        self.space.check()?;
        let weight = STEP_BYTES + plan.content.len() + plan.resolved.len() + plan.origin.len();
        self.writer.submit(Class::Accept, weight, move |b| accept::accept(b, &plan)).await
    }

    async fn answered(
        &self,
        key: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<([u8; 32], u16, String)>, StoreError> {
        self.read(|c| {
            let day = now.0 / DAY_MS;
            let found = c
                .prepare_cached("SELECT body, status, answer FROM idempotency WHERE day IN (?1, ?1 - 1) AND key = ?2 AND created_at > ?3")?
                .query_row(params![day, key, now.0 - DAY_MS], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)));
            match found {
                Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
                other => other.map(Some),
            }
        })
    }

    async fn begin(
        &self,
        head: Head,
        fence: Fence,
        now: Timestamp,
        call_by: Timestamp,
    ) -> Result<Verdict, StoreError> {
        if fence.number != super::nodes::FENCE {
            return Ok(Verdict::Fenced);
        }
        self.write(Class::Begin, move |b| attempt::begin(b, head, now, call_by)).await?.verdict()
    }

    async fn settle(&self, settled: Settle) -> Result<Settled, StoreError> {
        self.write(Class::Settle, move |b| attempt::settle(b, &settled)).await
    }

    async fn step_aside(&self, head: Head, now: Timestamp) -> Result<Settled, StoreError> {
        self.write(Class::Settle, move |b| lane::step_aside(b, head, now)).await
    }

    async fn due(
        &self,
        channel: ChannelId,
        after: Option<PartRef>,
        limit: usize,
    ) -> Result<Vec<Head>, StoreError> {
        let after = after.unwrap_or(PartRef { message: MessageId(0), delivery: 0, part: 0 });
        self.read_page(move |c| {
            c.prepare_cached(concat!(
                "SELECT ",
                head_columns!(),
                " FROM queue WHERE channel_id = ?1 AND (message_id, delivery, part) > (?2, ?3, ?4)
                 ORDER BY message_id, delivery, part LIMIT ?5"
            ))?
            .query_map(
                params![
                    channel.0,
                    after.message.0,
                    after.delivery,
                    after.part,
                    i64::try_from(limit).unwrap_or(i64::MAX)
                ],
                head,
            )?
            .collect()
        })
        .await
    }

    async fn due_among(
        &self,
        channels: Vec<ChannelId>,
        after: MessageId,
        limit: usize,
    ) -> Result<Vec<Head>, StoreError> {
        let after = PartRef { message: MessageId(after.0 + 1), delivery: 0, part: 0 };
        let mut heads = Vec::new();
        for channel in channels {
            heads.extend(self.due(channel, Some(after), limit).await?);
        }
        heads.sort_by_key(|head| head.part);
        heads.truncate(limit);
        Ok(heads)
    }

    async fn recover(
        &self,
        channels: Vec<ChannelId>,
        call_by_before: Timestamp,
        now: Timestamp,
        let_go_at: Timestamp,
    ) -> Result<Recovered, StoreError> {
        self.write(Class::Settle, move |b| unknown::recover(b, &channels, call_by_before, now, let_go_at))
            .await
    }

    async fn depths(&self) -> Result<Vec<Depth>, StoreError> {
        self.read_page(|c| {
            c.prepare_cached(
                "SELECT ch.id, ch.kind,
                        (SELECT COUNT(*) FROM queue q WHERE q.channel_id = ch.id AND q.held = 0)
                          + (SELECT COUNT(*) FROM waiting w WHERE w.channel_id = ch.id),
                        (SELECT MIN(m.created_at) FROM messages m WHERE m.id IN (
                          (SELECT MIN(q.message_id) FROM queue q WHERE q.channel_id = ch.id AND q.held = 0),
                          (SELECT MIN(w.message_id) FROM waiting w WHERE w.channel_id = ch.id)))
                 FROM channels ch WHERE ch.state <> 'removed'",
            )?
            .query_map([], |r| {
                let kind: String = r.get(1)?;
                Ok(Depth {
                    channel: ChannelId(r.get(0)?),
                    kind: ChannelKind::from_word(&kind).unwrap_or(ChannelKind::Custom),
                    messages: r.get::<_, i64>(2)?.unsigned_abs(),
                    oldest: r.get::<_, Option<i64>>(3)?.map(Timestamp),
                })
            })?
            .collect()
        })
        .await
    }

    async fn resolve_unknown(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        resend: bool,
        now: Timestamp,
    ) -> Result<Settled, StoreError> {
        self.write(Class::Settle, move |b| unknown::resolve_unknown(b, workspace, message, resend, now)).await
    }
}
