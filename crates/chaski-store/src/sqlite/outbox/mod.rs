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
use chaski_model::{ChannelId, ChannelKind, MessageId, Timestamp, WorkspaceId};
use rusqlite::{Connection, params};

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

/// [`Head::look_at`] of a row of the queue.
macro_rules! look_at {
    () => {
        "CASE held WHEN 1 THEN due_at ELSE MIN(due_at, IFNULL(keep_until, due_at), expires_at) END"
    };
}

/// Work of a channel by its key, oldest first, of messages newer than `after`. What heads a lane is as
/// urgent as the most urgent behind it.
fn due(
    c: &Connection,
    channel: ChannelId,
    after: MessageId,
    until: Option<Timestamp>,
    limit: usize,
) -> rusqlite::Result<Vec<Head>> {
    let sql = concat!(
        "SELECT message_id, delivery, part, workspace_id, channel_id, lane_id,
           MIN(class, IFNULL((SELECT MIN(w.class) FROM waiting w WHERE w.lane_id = queue.lane_id AND queue.aside = 0), class)),
           due_at, keep_until, held, expires_at
         FROM queue WHERE channel_id = ?1 AND message_id > ?2 AND ",
        look_at!(),
        " <= ?3 ORDER BY message_id, delivery, part LIMIT ?4"
    );
    let until = until.map_or(i64::MAX, |until| until.0);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    c.prepare_cached(sql)?.query_map(params![channel.0, after.0, until, limit], head)?.collect()
}

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
        until: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Head>, StoreError> {
        self.read_page(move |c| due(c, channel, MessageId(0), until, limit)).await
    }

    async fn next_due(&self, channel: ChannelId, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.read_page(move |c| {
            let sql = concat!(
                "SELECT MIN(",
                look_at!(),
                ") FROM queue WHERE channel_id = ?1 AND ",
                look_at!(),
                " > ?2"
            );
            let found: Option<i64> =
                c.prepare_cached(sql)?.query_row(params![channel.0, after.0], |r| r.get(0))?;
            Ok(found.map(Timestamp))
        })
        .await
    }

    async fn due_among(
        &self,
        channels: Vec<ChannelId>,
        after: MessageId,
        until: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Head>, StoreError> {
        let mut heads = Vec::new();
        for channel in channels {
            heads.extend(self.read_page(move |c| due(c, channel, after, until, limit)).await?);
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
