//! Accept, begin, settle: how a message moves through the tables.
//!
//! A lane has at most one part in `queue` that heads it (`aside = 0`); parts behind it stand in
//! `waiting`. A part leaves the queue when it ends; the next one of its lane then takes its place.
//! A part that stepped aside stays in the queue alone.

use super::SqliteStore;
use super::batch::{Batch, NewEvent};
use super::contacts::learn;
use super::rows::{failure_json, json};
use super::writer::Class;
use crate::error::StoreError;
use crate::outbox::*;
use async_trait::async_trait;
use chaski_model::address::{Address, AddressKind};
use chaski_model::message::PartBody;
use chaski_model::{
    ChannelId, ChannelKind, ContactId, ErrorCode, Failure, LaneId, MessageId, PartRef, Rank, Timestamp,
    WorkspaceId,
};
use rusqlite::{Row, params};

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
        self.write(Class::Accept, move |b| accept(b, &plan)).await
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

    async fn begin(&self, head: Head, now: Timestamp, call_by: Timestamp) -> Result<Verdict, StoreError> {
        self.write(Class::Begin, move |b| begin(b, head, now, call_by)).await
    }

    async fn settle(&self, settled: Settle) -> Result<Settled, StoreError> {
        self.write(Class::Settle, move |b| settle(b, &settled)).await
    }

    async fn step_aside(&self, head: Head, now: Timestamp) -> Result<Settled, StoreError> {
        self.write(Class::Settle, move |b| step_aside(b, head, now)).await
    }

    async fn due(
        &self,
        channel: ChannelId,
        after: Option<PartRef>,
        limit: usize,
    ) -> Result<Vec<Head>, StoreError> {
        let after = after.unwrap_or(PartRef { message: MessageId(0), delivery: 0, part: 0 });
        self.read_page(move |c| {
            c.prepare_cached(&format!(
                "SELECT {HEAD} FROM queue WHERE channel_id = ?1 AND (message_id, delivery, part) > (?2, ?3, ?4)
                 ORDER BY message_id, delivery, part LIMIT ?5"
            ))?
            .query_map(
                params![channel.0, after.message.0, after.delivery, after.part, i64::try_from(limit).unwrap_or(i64::MAX)],
                head,
            )?
            .collect()
        })
        .await
    }

    async fn recover(&self, now: Timestamp, let_go_at: Timestamp) -> Result<usize, StoreError> {
        self.write(Class::Settle, move |b| recover(b, now, let_go_at)).await
    }

    async fn depths(&self) -> Result<Vec<Depth>, StoreError> {
        self.read_page(|c| {
            c.prepare_cached(
                "SELECT ch.id, ch.kind,
                        (SELECT COUNT(*) FROM queue q WHERE q.channel_id = ch.id AND q.held = 0)
                          + (SELECT COUNT(*) FROM waiting w WHERE w.channel_id = ch.id),
                        (SELECT m.created_at FROM queue q JOIN messages m ON m.id = q.message_id
                          WHERE q.channel_id = ch.id AND q.held = 0 ORDER BY q.message_id LIMIT 1)
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
        self.write(Class::Settle, move |b| resolve_unknown(b, workspace, message, resend, now)).await
    }
}

const HEAD: &str = "message_id, delivery, part, workspace_id, channel_id, lane_id, class, due_at, keep_until, held, expires_at";

fn head(r: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        part: part_ref(r, 0)?,
        workspace: WorkspaceId(r.get(3)?),
        channel: ChannelId(r.get(4)?),
        lane: LaneId(r.get(5)?),
        class: r.get(6)?,
        due_at: Timestamp(r.get(7)?),
        keep_until: r.get::<_, Option<i64>>(8)?.map(Timestamp),
        held: r.get(9)?,
        expires_at: Timestamp(r.get(10)?),
    })
}

fn part_ref(r: &Row<'_>, from: usize) -> rusqlite::Result<PartRef> {
    Ok(PartRef { message: MessageId(r.get(from)?), delivery: r.get(from + 1)?, part: r.get(from + 2)? })
}

fn accept(b: &mut Batch<'_>, plan: &Accept) -> Result<Accepted, StoreError> {
    if let Some(key) = &plan.idempotency
        && let Some(seen) = seen_key(b, key, plan.now)?
    {
        return Ok(seen);
    }
    if b.again && b.row("SELECT 1 FROM messages WHERE id = ?1", [plan.id.0], |_| Ok(()))?.is_some() {
        let sql = format!("SELECT {HEAD} FROM queue WHERE channel_id = ?1 AND message_id = ?2 LIMIT 1");
        return Ok(Accepted::Stored { head: b.row(&sql, params![plan.channel.0, plan.id.0], head)? });
    }
    if let Some(key) = &plan.idempotency {
        b.execute(
            "INSERT INTO idempotency (day, key, workspace_id, body, status, answer, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (day, key) DO UPDATE SET body = ?4, status = ?5, answer = ?6, created_at = ?7",
            params![plan.now.0 / DAY_MS, key.key, plan.workspace.0, key.body, key.status, key.answer, plan.now.0],
        )?;
    }
    let queued = if plan.failed.is_some() { 0 } else { plan.parts };
    let (lane, busy, out_seq) = lane_for_sending(b, plan, queued)?;
    let prev = chain(b, plan.contact, plan.id)?;
    insert_message(b, plan, lane, prev)?;
    b.highest_id = b.highest_id.max(plan.id.0);
    let first = (queued > 0 && !busy).then_some(1);
    for number in 1..=queued {
        let seq = out_seq - i64::from(queued) + i64::from(number);
        insert_part(b, plan, lane, number, seq, first == Some(number))?;
    }
    b.event(
        plan.workspace,
        NewEvent {
            at: plan.now,
            kind: "message.accepted",
            contact: Some(plan.contact),
            message: Some(plan.id),
            body: None,
        },
    );
    Ok(Accepted::Stored { head: first.map(|_| first_head(plan, lane)) })
}

fn seen_key(b: &Batch<'_>, key: &Idempotency, now: Timestamp) -> Result<Option<Accepted>, StoreError> {
    let seen = b.row(
        "SELECT body, status, answer FROM idempotency WHERE day IN (?1, ?1 - 1) AND key = ?2 AND created_at > ?3",
        params![now.0 / DAY_MS, key.key, now.0 - DAY_MS],
        |r| Ok((r.get::<_, [u8; 32]>(0)?, r.get(1)?, r.get(2)?)),
    )?;
    Ok(seen.map(
        |(body, status, answer)| {
            if body == key.body { Accepted::Replay { status, answer } } else { Accepted::KeyConflict }
        },
    ))
}

/// The lane of a message, made on first use; (its id, whether it was busy, its number after this).
fn lane_for_sending(b: &Batch<'_>, plan: &Accept, queued: u16) -> Result<(LaneId, bool, i64), StoreError> {
    let found = b.row(
        "SELECT id, busy, out_seq FROM lanes WHERE channel_id = ?1 AND address = ?2",
        params![plan.channel.0, plan.address],
        |r| Ok((LaneId(r.get(0)?), r.get::<_, bool>(1)?, r.get::<_, i64>(2)?)),
    )?;
    let (lane, busy, seq) = match found {
        Some(found) => found,
        None => (make_lane(b, plan.workspace, plan.channel, plan.contact, &plan.address)?, false, 0),
    };
    let out_seq = seq + i64::from(queued);
    b.execute(
        "UPDATE lanes SET out_seq = ?2, busy = MAX(busy, ?3), last_out_at = MAX(IFNULL(last_out_at, 0), ?4),
                last_id = MAX(IFNULL(last_id, 0), ?5) WHERE id = ?1",
        params![lane.0, out_seq, queued > 0, plan.now.0, plan.id.0],
    )?;
    Ok((lane, busy, out_seq))
}

pub(super) fn make_lane(
    b: &Batch<'_>,
    workspace: WorkspaceId,
    channel: ChannelId,
    contact: ContactId,
    address: &str,
) -> Result<LaneId, StoreError> {
    b.execute(
        "INSERT INTO lanes (workspace_id, channel_id, address, contact_id) VALUES (?1, ?2, ?3, ?4)",
        params![workspace.0, channel.0, address, contact.0],
    )?;
    Ok(LaneId(b.connection().last_insert_rowid()))
}

/// Puts a message at the end of its contact's thread; returns the message before it.
pub(super) fn chain(
    b: &Batch<'_>,
    contact: ContactId,
    message: MessageId,
) -> Result<Option<i64>, StoreError> {
    let last = b
        .row("SELECT last_id FROM contacts WHERE id = ?1", [contact.0], |r| r.get::<_, Option<i64>>(0))?
        .ok_or(StoreError::NotFound("contact"))?;
    b.execute("UPDATE contacts SET last_id = ?2 WHERE id = ?1", params![contact.0, message.0])?;
    Ok(last)
}

fn insert_message(b: &Batch<'_>, plan: &Accept, lane: LaneId, prev: Option<i64>) -> Result<(), StoreError> {
    let failed = plan.failed.as_ref();
    b.execute(
        "INSERT INTO messages (id, workspace_id, contact_id, channel_id, lane_id, direction, parts, prev_id, created_at,
                               content, resolved, origin, rank, failed_at, error)
         VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        params![
            plan.id.0,
            plan.workspace.0,
            plan.contact.0,
            plan.channel.0,
            lane.0,
            plan.parts,
            prev,
            plan.now.0,
            plan.content,
            plan.resolved,
            plan.origin,
            failed.map_or(Rank::Pending, |_| Rank::Failed) as i64,
            failed.map(|_| plan.now.0),
            failed.map(failure_json),
        ],
    )?;
    Ok(())
}

fn insert_part(
    b: &Batch<'_>,
    plan: &Accept,
    lane: LaneId,
    number: u16,
    seq: i64,
    first: bool,
) -> Result<(), StoreError> {
    b.execute(
        "INSERT INTO parts (message_id, delivery, part, workspace_id, channel_id, lane_id, lane_seq, state, expires_at)
         VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            plan.id.0,
            number,
            plan.workspace.0,
            plan.channel.0,
            lane.0,
            seq,
            if first { state::QUEUED } else { state::WAITING },
            plan.expires_at.0
        ],
    )?;
    if first {
        enqueue(b, &first_head(plan, lane))
    } else {
        b.execute(
            "INSERT INTO waiting (lane_id, lane_seq, workspace_id, channel_id, message_id, delivery, part, class, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8)",
            params![lane.0, seq, plan.workspace.0, plan.channel.0, plan.id.0, number, plan.class, plan.expires_at.0],
        )?;
        Ok(())
    }
}

fn first_head(plan: &Accept, lane: LaneId) -> Head {
    Head {
        part: PartRef { message: plan.id, delivery: 1, part: 1 },
        workspace: plan.workspace,
        channel: plan.channel,
        lane,
        class: plan.class,
        due_at: plan.now,
        keep_until: None,
        held: false,
        expires_at: plan.expires_at,
    }
}

fn enqueue(b: &Batch<'_>, h: &Head) -> Result<(), StoreError> {
    b.execute(
        "INSERT INTO queue (channel_id, message_id, delivery, part, workspace_id, lane_id, class, due_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            h.channel.0,
            h.part.message.0,
            h.part.delivery,
            h.part.part,
            h.workspace.0,
            h.lane.0,
            h.class,
            h.due_at.0,
            h.expires_at.0
        ],
    )?;
    Ok(())
}

fn begin(b: &mut Batch<'_>, h: Head, now: Timestamp, call_by: Timestamp) -> Result<Verdict, StoreError> {
    let part = b.row(
        "SELECT state, attempts, expires_at FROM parts WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![h.part.message.0, h.part.delivery, h.part.part],
        |r| Ok((r.get::<_, i64>(0)?, r.get::<_, u16>(1)?, r.get::<_, i64>(2)?)),
    )?;
    let Some((current, attempts, expires_at)) = part else {
        return Ok(Verdict::Gone { next: leave_queue(b, &h, now)? });
    };
    if current != state::QUEUED && current != state::RETRY {
        let next = if current == state::ENDED { leave_queue(b, &h, now)? } else { None };
        return Ok(Verdict::Gone { next });
    }
    if expires_at <= now.0 {
        let failure = Failure::new(ErrorCode::Expired, "The message's time was up before it could be sent.");
        end_part(b, &h, Rank::Failed, None, Some(&failure), now)?;
        let next = fail_message(b, &h, now)?;
        return Ok(Verdict::Expired { next });
    }
    let attempt = attempts + 1;
    b.execute(
        "UPDATE parts SET state = ?4, attempts = ?5, begun_at = ?6, call_by = ?7
         WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![h.part.message.0, h.part.delivery, h.part.part, state::BEGUN, attempt, now.0, call_by.0],
    )?;
    let work = work(b, &h, attempt)?;
    Ok(Verdict::Began(Box::new(work)))
}

#[derive(serde::Deserialize)]
struct ResolvedParts {
    #[serde(default)]
    parts: Vec<PartBody>,
}

fn work(b: &Batch<'_>, h: &Head, attempt: u16) -> Result<Work, StoreError> {
    let (contact, resolved) = b
        .row("SELECT contact_id, resolved FROM messages WHERE id = ?1", [h.part.message.0], |r| {
            Ok((ContactId(r.get(0)?), json::<ResolvedParts>(r, 1)?))
        })?
        .ok_or(StoreError::NotFound("message"))?;
    let body = resolved
        .parts
        .into_iter()
        .nth(usize::from(h.part.part).saturating_sub(1))
        .ok_or_else(|| StoreError::Fault(format!("part {} has no body", h.part)))?;
    let (address, backoffs) = b
        .row("SELECT address, backoffs FROM lanes WHERE id = ?1", [h.lane.0], |r| {
            Ok((r.get::<_, String>(0)?, r.get(1)?))
        })?
        .ok_or(StoreError::NotFound("lane"))?;
    let mut to = addresses(b, contact)?;
    to.sort_by_key(|known| known.value != address);
    if to.first().is_none_or(|first| first.value != address) {
        to.insert(0, Address { kind: AddressKind::Native, scope: h.channel.to_string(), value: address });
    }
    Ok(Work { attempt, body, contact, to, backoffs })
}

fn addresses(b: &Batch<'_>, contact: ContactId) -> Result<Vec<Address>, StoreError> {
    b.rows(
        "SELECT kind, scope, value FROM addresses WHERE contact_id = ?1 ORDER BY learned_at",
        [contact.0],
        |r| {
            let kind: String = r.get(0)?;
            Ok(Address {
                kind: AddressKind::from_word(&kind).unwrap_or(AddressKind::Native),
                scope: r.get(1)?,
                value: r.get(2)?,
            })
        },
    )
}

fn settle(b: &mut Batch<'_>, s: &Settle) -> Result<Settled, StoreError> {
    let h = &s.head;
    let part = b.row(
        "SELECT state, rank, first_failed_at FROM parts WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![h.part.message.0, h.part.delivery, h.part.part],
        |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, Option<i64>>(2)?)),
    )?;
    let Some((current, rank, first_failed)) = part else { return Ok(Settled::default()) };
    if current != state::BEGUN && current != state::UNKNOWN {
        return Ok(Settled::default());
    }
    let rank = Rank::from_number(rank);
    if let End::Unsent { at } = s.end {
        return give_back(b, h, at);
    }
    // A receipt that came first has told the outcome: what looks lost or refused was taken.
    let taken = rank == Rank::Sent || rank >= Rank::Delivered;
    insert_attempt(b, s)?;
    if !s.learned.is_empty() {
        learn_for_message(b, h, &s.learned, "reply", s.ended_at)?;
    }
    match &s.end {
        End::Sent { provider_id } => {
            end_part(b, h, Rank::Sent, Some((provider_id, s.ended_at)), None, s.ended_at)?;
            b.execute(
                "UPDATE lanes SET backoffs = 0, not_before = NULL WHERE id = ?1 AND backoffs > 0",
                [h.lane.0],
            )?;
            Ok(Settled { again: None, next: leave_queue(b, h, s.ended_at)? })
        }
        End::Unknown { .. } | End::Retry { .. } if taken => {
            end_part(b, h, rank, None, None, s.ended_at)?;
            Ok(Settled { again: None, next: leave_queue(b, h, s.ended_at)? })
        }
        End::Failed { failure, closes_window } => {
            if *closes_window {
                b.execute("UPDATE lanes SET closed_at = ?2 WHERE id = ?1", params![h.lane.0, s.ended_at.0])?;
            }
            end_part(b, h, Rank::Failed, None, Some(failure), s.ended_at)?;
            Ok(Settled { again: None, next: fail_message(b, h, s.ended_at)? })
        }
        End::Unknown { let_go_at, .. } => {
            set_part(b, h, state::UNKNOWN, first_failed)?;
            Ok(Settled { again: Some(hold_unknown(b, h, *let_go_at, s.ended_at)?), next: None })
        }
        End::Retry { at, keep_lane_ms, backoff, .. } => {
            let first = first_failed.unwrap_or(s.ended_at.0);
            set_part(b, h, state::RETRY, Some(first))?;
            if *backoff {
                b.execute(
                    "UPDATE lanes SET backoffs = backoffs + 1, not_before = ?2 WHERE id = ?1",
                    params![h.lane.0, at.0],
                )?;
            }
            retry_at(b, h, *at, Timestamp(first.saturating_add(*keep_lane_ms)), *backoff, s.ended_at)
        }
        End::Unsent { .. } => Ok(Settled::default()),
    }
}

fn insert_attempt(b: &Batch<'_>, s: &Settle) -> Result<(), StoreError> {
    let (outcome, failure, next_at) = match &s.end {
        End::Sent { .. } => ("sent", None, None),
        End::Retry { outcome, failure, at, .. } => (*outcome, Some(failure), Some(at.0)),
        End::Failed { failure, .. } => ("fail", Some(failure), None),
        End::Unknown { failure, .. } => ("unknown", Some(failure), None),
        End::Unsent { .. } => ("not_sent", None, None),
    };
    let h = &s.head;
    b.execute(
        "INSERT OR REPLACE INTO attempts (message_id, delivery, part, attempt, workspace_id, begun_at, ended_at, outcome, http_status, failure, next_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            h.part.message.0,
            h.part.delivery,
            h.part.part,
            s.attempt,
            h.workspace.0,
            s.begun_at.0,
            s.ended_at.0,
            outcome,
            s.http_status,
            failure.map(failure_json),
            next_at
        ],
    )?;
    Ok(())
}

/// The attempt never left: the part stands where it stood, and the attempt is not counted.
fn give_back(b: &Batch<'_>, h: &Head, at: Timestamp) -> Result<Settled, StoreError> {
    b.execute(
        "UPDATE parts SET state = ?4, attempts = MAX(attempts - 1, 0), begun_at = NULL
         WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![h.part.message.0, h.part.delivery, h.part.part, state::QUEUED],
    )?;
    b.execute(
        "UPDATE queue SET due_at = ?5 WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4",
        params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part, at.0],
    )?;
    Ok(Settled { again: Some(Head { due_at: at, ..*h }), next: None })
}

fn set_part(b: &Batch<'_>, h: &Head, to: i64, first_failed: Option<i64>) -> Result<(), StoreError> {
    b.execute(
        "UPDATE parts SET state = ?4, begun_at = NULL, first_failed_at = ?5 WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![h.part.message.0, h.part.delivery, h.part.part, to, first_failed],
    )?;
    Ok(())
}

fn hold_unknown(
    b: &mut Batch<'_>,
    h: &Head,
    let_go_at: Timestamp,
    now: Timestamp,
) -> Result<Head, StoreError> {
    b.execute(
        "UPDATE queue SET held = 1, due_at = ?5, keep_until = NULL WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4",
        params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part, let_go_at.0],
    )?;
    b.execute("UPDATE messages SET unknown = 1 WHERE id = ?1", [h.part.message.0])?;
    status_event(b, h.workspace, h.part.message, now)?;
    Ok(Head { held: true, due_at: let_go_at, keep_until: None, ..*h })
}

fn retry_at(
    b: &mut Batch<'_>,
    h: &Head,
    at: Timestamp,
    keep_until: Timestamp,
    whole_lane: bool,
    now: Timestamp,
) -> Result<Settled, StoreError> {
    let is_aside: bool = b
        .row(
            "SELECT aside FROM queue WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4",
            params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part],
            |r| r.get(0),
        )?
        .unwrap_or(true);
    let keep = (!is_aside && !whole_lane).then_some(keep_until);
    b.execute(
        "UPDATE queue SET due_at = ?5, keep_until = ?6 WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4",
        params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part, at.0, keep.map(|t| t.0)],
    )?;
    status_event(b, h.workspace, h.part.message, now)?;
    Ok(Settled { again: Some(Head { due_at: at, keep_until: keep, ..*h }), next: None })
}

/// Ends a part: its rank, its provider id, and through it the message's.
pub(super) fn end_part(
    b: &mut Batch<'_>,
    h: &Head,
    rank: Rank,
    sent: Option<(&str, Timestamp)>,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Result<(), StoreError> {
    b.execute(
        "UPDATE parts SET state = ?4, begun_at = NULL, rank = MAX(rank, ?5), provider_id = IFNULL(?6, provider_id)
         WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![
            h.part.message.0,
            h.part.delivery,
            h.part.part,
            state::ENDED,
            rank as i64,
            sent.map(|(id, _)| id)
        ],
    )?;
    raise_message(
        b,
        h.workspace,
        h.part,
        rank,
        sent.map_or(now, |(_, at)| at),
        sent.map(|(id, _)| id),
        failure,
        now,
    )
}

/// Brings a message up to what its parts have reached, and says so on the feed.
#[expect(
    clippy::too_many_arguments,
    reason = "one row's columns; a struct would be built and taken apart at once"
)]
pub(super) fn raise_message(
    b: &mut Batch<'_>,
    workspace: WorkspaceId,
    part: PartRef,
    rank: Rank,
    at: Timestamp,
    provider_id: Option<&str>,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some((delivery, parts, contact)) =
        b.row("SELECT delivery, parts, contact_id FROM messages WHERE id = ?1", [part.message.0], |r| {
            Ok((r.get::<_, u16>(0)?, r.get::<_, u16>(1)?, ContactId(r.get(2)?)))
        })?
    else {
        return Ok(());
    };
    if delivery != part.delivery {
        return Ok(());
    }
    let (whole, unknown) = if parts == 1 { (rank, false) } else { ranks(b, part)? };
    b.execute(
        "UPDATE messages SET rank = MAX(rank, ?2), unknown = ?3,
                provider_id = IFNULL(provider_id, ?5), error = IFNULL(?6, error),
                sent_at = CASE ?2 WHEN 1 THEN IFNULL(sent_at, ?4) ELSE sent_at END,
                failed_at = CASE ?2 WHEN 2 THEN IFNULL(failed_at, ?4) ELSE failed_at END,
                delivered_at = CASE ?2 WHEN 3 THEN IFNULL(delivered_at, ?4) ELSE delivered_at END,
                read_at = CASE ?2 WHEN 4 THEN IFNULL(read_at, ?4) ELSE read_at END
         WHERE id = ?1",
        params![
            part.message.0,
            whole as i64,
            unknown,
            at.0,
            provider_id.filter(|_| part.part == 1),
            failure.map(failure_json)
        ],
    )?;
    b.event(
        workspace,
        NewEvent {
            at: now,
            kind: "message.status",
            contact: Some(contact),
            message: Some(part.message),
            body: None,
        },
    );
    Ok(())
}

/// The rank of all parts of a delivery together, and whether one of them is unknown.
fn ranks(b: &Batch<'_>, part: PartRef) -> Result<(Rank, bool), StoreError> {
    let rows = b.rows(
        "SELECT rank, state FROM parts WHERE message_id = ?1 AND delivery = ?2",
        params![part.message.0, part.delivery],
        |r| Ok((Rank::from_number(r.get(0)?), r.get::<_, i64>(1)?)),
    )?;
    let unknown = rows.iter().any(|(_, state)| *state == state::UNKNOWN);
    Ok((Rank::of_parts(rows.into_iter().map(|(rank, _)| rank)), unknown))
}

fn status_event(
    b: &mut Batch<'_>,
    workspace: WorkspaceId,
    message: MessageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let contact =
        b.row("SELECT contact_id FROM messages WHERE id = ?1", [message.0], |r| Ok(ContactId(r.get(0)?)))?;
    b.event(
        workspace,
        NewEvent { at: now, kind: "message.status", contact, message: Some(message), body: None },
    );
    Ok(())
}

/// A part failed for good: the later parts of its message are not sent.
fn fail_message(b: &mut Batch<'_>, h: &Head, now: Timestamp) -> Result<Option<Head>, StoreError> {
    b.execute(
        "DELETE FROM waiting WHERE lane_id = ?1 AND message_id = ?2 AND delivery = ?3",
        params![h.lane.0, h.part.message.0, h.part.delivery],
    )?;
    b.execute(
        "UPDATE parts SET state = ?3, rank = ?4 WHERE message_id = ?1 AND delivery = ?2 AND state = 0",
        params![h.part.message.0, h.part.delivery, state::ENDED, Rank::Failed as i64],
    )?;
    leave_queue(b, h, now)
}

/// Takes a part out of the queue; if it headed its lane, the next one of the lane takes its place.
pub(super) fn leave_queue(b: &Batch<'_>, h: &Head, now: Timestamp) -> Result<Option<Head>, StoreError> {
    let aside = b.row(
        "DELETE FROM queue WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4 RETURNING aside",
        params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part],
        |r| r.get::<_, bool>(0),
    )?;
    match aside {
        Some(false) => next_of_lane(b, h.lane, now),
        Some(true) | None => Ok(None),
    }
}

/// Moves the lane's next waiting part to its head, or marks the lane idle.
fn next_of_lane(b: &Batch<'_>, lane: LaneId, now: Timestamp) -> Result<Option<Head>, StoreError> {
    let next = b.row(
        "DELETE FROM waiting WHERE (lane_id, lane_seq) IN
           (SELECT lane_id, lane_seq FROM waiting WHERE lane_id = ?1 ORDER BY lane_seq LIMIT 1)
         RETURNING message_id, delivery, part, workspace_id, channel_id, class, expires_at",
        [lane.0],
        |r| {
            Ok(Head {
                part: part_ref(r, 0)?,
                workspace: WorkspaceId(r.get(3)?),
                channel: ChannelId(r.get(4)?),
                lane,
                class: r.get(5)?,
                due_at: now,
                keep_until: None,
                held: false,
                expires_at: Timestamp(r.get(6)?),
            })
        },
    )?;
    let Some(mut next) = next else {
        b.execute("UPDATE lanes SET busy = 0 WHERE id = ?1", [lane.0])?;
        return Ok(None);
    };
    if let Some(not_before) = b
        .row("SELECT not_before FROM lanes WHERE id = ?1", [lane.0], |r| r.get::<_, Option<i64>>(0))?
        .flatten()
    {
        next.due_at = next.due_at.max(Timestamp(not_before));
    }
    enqueue(b, &next)?;
    b.execute(
        "UPDATE parts SET state = ?4 WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![next.part.message.0, next.part.delivery, next.part.part, state::QUEUED],
    )?;
    Ok(Some(next))
}

fn step_aside(b: &mut Batch<'_>, h: Head, now: Timestamp) -> Result<Settled, StoreError> {
    if h.held {
        return Ok(Settled { again: None, next: leave_queue(b, &h, now)? });
    }
    let due = b.row(
        "UPDATE queue SET aside = 1, keep_until = NULL
         WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4 AND aside = 0 RETURNING due_at",
        params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part],
        |r| Ok(Timestamp(r.get(0)?)),
    )?;
    let Some(due_at) = due else { return Ok(Settled::default()) };
    let again = Head { due_at, keep_until: None, ..h };
    Ok(Settled { again: Some(again), next: next_of_lane(b, h.lane, now)? })
}

fn recover(b: &mut Batch<'_>, now: Timestamp, let_go_at: Timestamp) -> Result<usize, StoreError> {
    let columns = "q.message_id, q.delivery, q.part, q.workspace_id, q.channel_id, q.lane_id, q.class, q.due_at, q.keep_until, q.held, q.expires_at";
    let open = b.rows(
        &format!(
            "SELECT {columns}, p.attempts, p.begun_at, p.rank FROM queue q
             JOIN parts p ON p.message_id = q.message_id AND p.delivery = q.delivery AND p.part = q.part
             WHERE p.state = ?1"
        ),
        [state::BEGUN],
        |r| Ok((head(r)?, r.get::<_, u16>(11)?, r.get::<_, Option<i64>>(12)?)),
    )?;
    let count = open.len();
    for (h, attempt, begun_at) in open {
        let failure = Failure::new(
            ErrorCode::OutcomeUnknown,
            "The server stopped while the provider was being called. It is not known whether the message was taken.",
        );
        let lost = Settle {
            head: h,
            attempt,
            begun_at: begun_at.map_or(now, Timestamp),
            ended_at: now,
            http_status: None,
            end: End::Unknown { failure, let_go_at },
            learned: Vec::new(),
        };
        settle(b, &lost)?;
    }
    Ok(count)
}

fn resolve_unknown(
    b: &mut Batch<'_>,
    workspace: WorkspaceId,
    message: MessageId,
    resend: bool,
    now: Timestamp,
) -> Result<Settled, StoreError> {
    let part = b
        .row(
            "SELECT p.message_id, p.delivery, p.part, p.channel_id, p.lane_id, m.contact_id FROM parts p JOIN messages m ON m.id = p.message_id
             WHERE p.message_id = ?1 AND p.workspace_id = ?2 AND p.state = ?3 ORDER BY p.part LIMIT 1",
            params![message.0, workspace.0, state::UNKNOWN],
            |r| Ok((part_ref(r, 0)?, ChannelId(r.get(3)?), LaneId(r.get(4)?), ContactId(r.get(5)?))),
        )?
        .ok_or(StoreError::NotFound("message with an unknown outcome"))?;
    let (part, channel, lane, contact) = part;
    let h = Head {
        part,
        workspace,
        channel,
        lane,
        class: 1,
        due_at: now,
        keep_until: None,
        held: false,
        expires_at: Timestamp(now.0 + DAY_MS),
    };
    if !resend {
        let failure = Failure::new(
            ErrorCode::OutcomeUnknown,
            "The provider's answer was lost; a person chose to leave it.",
        );
        end_part(b, &h, Rank::Failed, None, Some(&failure), now)?;
        return Ok(Settled { again: None, next: fail_message(b, &h, now)? });
    }
    let next = leave_queue(b, &h, now)?;
    b.execute(
        "UPDATE parts SET state = ?4, expires_at = ?5, first_failed_at = NULL WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![part.message.0, part.delivery, part.part, state::QUEUED, h.expires_at.0],
    )?;
    b.execute("UPDATE messages SET unknown = 0 WHERE id = ?1", [message.0])?;
    enqueue(b, &h)?;
    b.execute(
        "UPDATE queue SET aside = 1 WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4",
        params![channel.0, part.message.0, part.delivery, part.part],
    )?;
    b.event(
        workspace,
        NewEvent {
            at: now,
            kind: "message.status",
            contact: Some(contact),
            message: Some(message),
            body: None,
        },
    );
    Ok(Settled { again: Some(h), next })
}

pub(super) fn learn_for_message(
    b: &mut Batch<'_>,
    h: &Head,
    learned: &[Address],
    from: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let contact = b.row("SELECT contact_id FROM messages WHERE id = ?1", [h.part.message.0], |r| {
        Ok(ContactId(r.get(0)?))
    })?;
    match contact {
        Some(contact) => learn(b, h.workspace, contact, learned, from, now),
        None => Ok(()),
    }
}

/// The head of a part that an outside event ends (a receipt for an unknown one).
pub(super) fn head_of(b: &Batch<'_>, channel: ChannelId, part: PartRef) -> Result<Option<Head>, StoreError> {
    let sql = format!(
        "SELECT {HEAD} FROM queue WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4"
    );
    b.row(&sql, params![channel.0, part.message.0, part.delivery, part.part], head)
}
