//! The way out: commands for the writer, and what is read about them.

use super::batch::{DAY_MS, part_ref, state};
use super::queue::{Done, Job};
use super::rows::limit;
use super::{PgStore, mismatch};
use crate::error::StoreError;
use crate::fresh::{FreshCall, FreshCalls};
use crate::nodes::Fence;
use crate::outbox::*;
use async_trait::async_trait;
use chaski_model::{ChannelId, ChannelKind, ErrorCode, Failure, LaneId, MessageId, Timestamp, WorkspaceId};
use futures_util::stream::{self, StreamExt};
use std::sync::MutexGuard;
use tokio_postgres::Row;

/// [`Head::look_at`] of a row of the queue.
macro_rules! look_at {
    () => {
        "CASE WHEN held THEN due_at ELSE LEAST(due_at, keep_until, expires_at) END"
    };
}

/// The columns that [`head`] reads. What heads a lane is as urgent as the most urgent behind it.
macro_rules! head_columns {
    () => {
        "q.message_id, q.delivery, q.part, q.workspace_id, q.channel_id, q.lane_id,
          LEAST(q.class, (SELECT MIN(w.class) FROM waiting w WHERE w.lane_id = q.lane_id AND NOT q.aside)),
          q.due_at, q.keep_until, q.held, q.expires_at"
    };
}

const DUE: &str = concat!(
    "SELECT ",
    head_columns!(),
    " FROM queue q WHERE channel_id = $1 AND ",
    look_at!(),
    " <= $2 ORDER BY message_id, delivery, part LIMIT $3"
);
const NEXT_DUE: &str =
    concat!("SELECT MIN(", look_at!(), ") FROM queue WHERE channel_id = $1 AND ", look_at!(), " > $2");
const DUE_AMONG: &str = concat!(
    "SELECT ",
    head_columns!(),
    " FROM UNNEST($1::int8[]) AS u(channel) CROSS JOIN LATERAL
      (SELECT * FROM queue WHERE channel_id = u.channel AND message_id > $2 AND ",
    look_at!(),
    " <= $4 ORDER BY message_id, delivery, part LIMIT $3::int8) q
    ORDER BY q.message_id, q.delivery, q.part LIMIT $3::int8"
);
const ANSWERED: &str = "SELECT body, status, answer FROM idempotency WHERE day IN ($1::int8, $1::int8 - 1) AND key = $2 AND created_at > $3";
const OPEN: &str = "SELECT q.message_id, q.delivery, q.part, q.workspace_id, q.channel_id, q.lane_id, q.class, q.due_at, q.keep_until, q.held, q.expires_at,
      p.attempts, p.begun_at, COALESCE(p.call_by, 0)
    FROM UNNEST($1::int8[]) AS u(channel) JOIN queue q ON q.channel_id = u.channel
    JOIN parts p ON p.message_id = q.message_id AND p.delivery = q.delivery AND p.part = q.part WHERE p.state = $2";
const DEPTHS: &str = "SELECT ch.id, ch.kind,
      (SELECT COUNT(*) FROM queue q WHERE q.channel_id = ch.id AND NOT q.held) + (SELECT COUNT(*) FROM waiting w WHERE w.channel_id = ch.id),
      (SELECT MIN(m.created_at) FROM messages m WHERE m.id IN (
        (SELECT MIN(q.message_id) FROM queue q WHERE q.channel_id = ch.id AND NOT q.held),
        (SELECT MIN(w.message_id) FROM waiting w WHERE w.channel_id = ch.id)))
    FROM channels ch WHERE ch.state <> 'removed'";
/// Attempts of a recovery that are under way at once: they share commits.
const TOGETHER: usize = 500;

fn head(r: &Row) -> Head {
    Head {
        part: part_ref(r, 0),
        workspace: WorkspaceId(r.get(3)),
        channel: ChannelId(r.get(4)),
        lane: LaneId(r.get(5)),
        class: u8::try_from(r.get::<_, i32>(6)).unwrap_or(1),
        due_at: Timestamp(r.get(7)),
        keep_until: r.get::<_, Option<i64>>(8).map(Timestamp),
        held: r.get(9),
        expires_at: Timestamp(r.get(10)),
    }
}

impl PgStore {
    fn fresh(&self) -> MutexGuard<'_, FreshCalls> {
        self.inner.fresh.lock().expect("keeping a call does not panic")
    }

    async fn settled(&self, job: Job) -> Result<Settled, StoreError> {
        match self.submit(job).await? {
            Done::Settled(settled) => Ok(settled),
            _ => Err(mismatch()),
        }
    }
}

#[async_trait]
impl Outbox for PgStore {
    fn next_id(&self, machine_ms: i64) -> MessageId {
        self.inner.ids.lock().expect("making an id does not panic").next(machine_ms)
    }

    async fn accept(&self, mut plan: Accept) -> Result<Accepted, StoreError> {
        let (message, contact, call) = (plan.id, plan.contact, plan.call.take());
        let Done::Accepted(accepted) = self.submit(Job::Accept(Box::new(plan))).await? else {
            return Err(mismatch());
        };
        match (&accepted, call) {
            (Accepted::Stored { head: Some(_), .. }, Some((body, to))) => {
                self.fresh().keep(message, FreshCall { contact, body, to });
            }
            (Accepted::Stale, _) => self.inner.recipients.forget([contact]),
            _ => {}
        }
        Ok(accepted)
    }

    async fn answered(
        &self,
        key: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<([u8; 32], u16, String)>, StoreError> {
        let (key, day, after) = (key.as_slice(), now.0 / DAY_MS, now.0 - DAY_MS);
        let Some(row) = self.reads().row(ANSWERED, &[&day, &key, &after]).await? else { return Ok(None) };
        let body = row.get::<_, &[u8]>(0).try_into();
        let body = body.map_err(|_| StoreError::Fault("a body's hash is not a SHA-256".into()))?;
        Ok(Some((body, u16::try_from(row.get::<_, i32>(1)).unwrap_or(200), row.get(2))))
    }

    async fn begin(
        &self,
        head: Head,
        fence: Fence,
        now: Timestamp,
        call_by: Timestamp,
    ) -> Result<Verdict, StoreError> {
        let is_first = head.part.delivery == 1 && head.part.part == 1;
        let fresh = self.fresh().take(head.part.message).filter(|_| is_first).map(Box::new);
        match self.submit(Job::Begin { head, fresh, fence, now, call_by }).await? {
            Done::Begun(verdict) => Ok(verdict),
            _ => Err(mismatch()),
        }
    }

    async fn settle(&self, settle: Settle) -> Result<Settled, StoreError> {
        self.settled(Job::Settle(Box::new(settle))).await
    }

    async fn step_aside(&self, head: Head, now: Timestamp) -> Result<Settled, StoreError> {
        self.settled(Job::StepAside(head, now)).await
    }

    async fn due(
        &self,
        channel: ChannelId,
        until: Option<Timestamp>,
        most: usize,
    ) -> Result<Vec<Head>, StoreError> {
        let until = until.map_or(i64::MAX, |until| until.0);
        let rows = self.reads().rows(DUE, &[&channel.0, &until, &limit(most)]).await?;
        Ok(rows.iter().map(head).collect())
    }

    async fn next_due(&self, channel: ChannelId, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let row = self.reads().row(NEXT_DUE, &[&channel.0, &after.0]).await?;
        Ok(row.and_then(|row| row.get::<_, Option<i64>>(0)).map(Timestamp))
    }

    async fn due_among(
        &self,
        channels: Vec<ChannelId>,
        after: MessageId,
        until: Option<Timestamp>,
        most: usize,
    ) -> Result<Vec<Head>, StoreError> {
        let channels: Vec<i64> = channels.iter().map(|channel| channel.0).collect();
        let until = until.map_or(i64::MAX, |until| until.0);
        let rows = self.reads().rows(DUE_AMONG, &[&channels, &after.0, &limit(most), &until]).await?;
        Ok(rows.iter().map(head).collect())
    }

    async fn recover(
        &self,
        channels: Vec<ChannelId>,
        call_by_before: Timestamp,
        now: Timestamp,
        let_go_at: Timestamp,
    ) -> Result<Recovered, StoreError> {
        let channels: Vec<i64> = channels.iter().map(|channel| channel.0).collect();
        let mut recovered = Recovered::default();
        let mut lost = Vec::new();
        for row in self.reads().rows(OPEN, &[&channels, &state::BEGUN]).await? {
            if row.get::<_, i64>(13) >= call_by_before.0 {
                recovered.open += 1;
                continue;
            }
            let failure = Failure::new(
                ErrorCode::OutcomeUnknown,
                "The server stopped while the provider was being called. It is not known whether the message was taken.",
            );
            let settle = Settle {
                head: head(&row),
                attempt: super::rows::small(&row, 11),
                begun_at: row.get::<_, Option<i64>>(12).map_or(now, Timestamp),
                ended_at: now,
                http_status: None,
                end: End::Unknown { failure, let_go_at },
                learned: Vec::new(),
                names: Vec::new(),
                follows: false,
            };
            lost.push(self.submit(Job::Recover(Box::new(settle), call_by_before)));
        }
        let mut answers = stream::iter(lost).buffer_unordered(TOGETHER);
        while let Some(answer) = answers.next().await {
            let Done::Recovered(head) = answer? else { return Err(mismatch()) };
            recovered.unknown.extend(head);
        }
        recovered.unknown.sort_by_key(|head| head.part);
        Ok(recovered)
    }

    async fn depths(&self) -> Result<Vec<Depth>, StoreError> {
        let rows = self.reads().rows(DEPTHS, &[]).await?;
        let depth = |r: &Row| Depth {
            channel: ChannelId(r.get(0)),
            kind: ChannelKind::from_word(r.get(1)).unwrap_or(ChannelKind::Custom),
            messages: r.get::<_, i64>(2).unsigned_abs(),
            oldest: r.get::<_, Option<i64>>(3).map(Timestamp),
        };
        Ok(rows.iter().map(depth).collect())
    }

    async fn resolve_unknown(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        resend: bool,
        now: Timestamp,
    ) -> Result<Settled, StoreError> {
        self.settled(Job::Resolve { workspace, message, resend, now }).await
    }
}
