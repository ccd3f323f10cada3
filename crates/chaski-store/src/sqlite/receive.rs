//! Receipts and inbound messages.

use super::SqliteStore;
use super::batch::{Batch, NewEvent};
use super::contacts::{find_by_addresses, insert_contact, learn};
use super::media::want;
use super::outbox::{
    chain, close_window, end_part, end_rest, fail_message, head_of, lane_head, leave_queue, make_lane,
    raise_message, state,
};
use super::reports::follow;
use super::rows::failure_json;
use super::writer::Class;
use crate::contacts::{Access, ContactChange};
use crate::error::StoreError;
use crate::outbox::Head;
use crate::receive::*;
use async_trait::async_trait;
use chaski_model::address::{Address, AddressKind, E164};
use chaski_model::{
    ChannelId, ContactId, HookId, LaneId, MessageId, PartRef, Rank, ReceiptKind, Timestamp, WorkspaceId,
};
use rusqlite::params;

pub(super) const WEEK_MS: i64 = 7 * 86_400_000;
/// How many unusable webhooks are kept for each workspace.
const KEPT: i64 = 1000;
/// How long a signature's id is remembered: longer than its signature is believed.
const SIGNATURE_MS: i64 = 900_000;

#[async_trait]
impl Receive for SqliteStore {
    async fn receipt(&self, receipt_in: ReceiptIn) -> Result<ReceiptVerdict, StoreError> {
        self.write(Class::Receive, move |b| receipt(b, &receipt_in)).await
    }

    async fn part_by_provider_id(
        &self,
        channel: ChannelId,
        provider_id: &str,
        now: Timestamp,
    ) -> Result<Option<PartRef>, StoreError> {
        self.read(|c| {
            let found = c
                .prepare_cached(
                    "SELECT message_id, delivery, part FROM provider_ids
                     WHERE week IN (?1, ?1 - 1, ?1 - 2) AND channel_id = ?2 AND provider_id = ?3 AND delivery IS NOT NULL",
                )?
                .query_row(params![now.0 / WEEK_MS, channel.0, provider_id], |r| {
                    Ok(PartRef { message: MessageId(r.get(0)?), delivery: r.get(1)?, part: r.get(2)? })
                });
            match found {
                Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
                other => other.map(Some),
            }
        })
    }

    async fn inbound(&self, message: InboundIn) -> Result<InboundVerdict, StoreError> {
        self.write(Class::Receive, move |b| inbound(b, &message)).await
    }

    async fn learn(
        &self,
        workspace: WorkspaceId,
        addresses: Vec<Address>,
        from: &'static str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Class::Receive, move |b| match find_by_addresses(b, workspace, &addresses)? {
            Some(contact) => learn(b, workspace, contact, &addresses, from, now),
            None => Ok(()),
        })
        .await
    }

    async fn set_access(&self, access: AccessIn) -> Result<(), StoreError> {
        self.write(Class::Receive, move |b| set_access(b, &access)).await
    }

    async fn keep(&self, webhook: KeepIn) -> Result<(), StoreError> {
        self.write(Class::Receive, move |b| {
            let w = &webhook;
            let body = &w.body[..w.body.len().min(KEPT_BYTES)];
            b.execute(
                "INSERT INTO kept_webhooks (workspace_id, hook_id, received_at, cause, query, body)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![w.workspace.0, w.hook.0, w.received_at.0, w.cause, w.query, body],
            )?;
            b.execute(
                "DELETE FROM kept_webhooks WHERE workspace_id = ?1 AND id <=
                   (SELECT id FROM kept_webhooks WHERE workspace_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
                params![w.workspace.0, KEPT],
            )?;
            Ok(())
        })
        .await
    }

    async fn kept_webhooks(
        &self,
        workspace: WorkspaceId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<KeptWebhook>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|c| {
            let mut rows = c.prepare_cached(
                "SELECT id, hook_id, received_at, cause, query, body FROM kept_webhooks
                   WHERE workspace_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
            )?;
            let kept = rows.query_map(params![workspace.0, before.unwrap_or(i64::MAX), limit], |r| {
                Ok(KeptWebhook {
                    id: r.get(0)?,
                    hook: HookId(r.get(1)?),
                    received_at: Timestamp(r.get(2)?),
                    cause: r.get(3)?,
                    query: r.get(4)?,
                    body: r.get(5)?,
                })
            })?;
            kept.collect()
        })
    }

    async fn let_webhook_go(&self, workspace: WorkspaceId, id: i64) -> Result<bool, StoreError> {
        self.write(Class::Receive, move |b| {
            let sql = "DELETE FROM kept_webhooks WHERE workspace_id = ?1 AND id = ?2";
            Ok(b.execute(sql, params![workspace.0, id])? > 0)
        })
        .await
    }

    async fn is_seen(&self, hook: HookId, id: &str) -> Result<bool, StoreError> {
        self.read(|c| {
            c.prepare_cached("SELECT 1 FROM seen_signatures WHERE hook_id = ?1 AND id = ?2")?
                .exists(params![hook.0, id])
        })
    }

    async fn mark_seen(&self, hook: HookId, id: String, now: Timestamp) -> Result<(), StoreError> {
        self.write(Class::Receive, move |b| {
            b.execute(
                "DELETE FROM seen_signatures WHERE (hook_id, id) IN
                   (SELECT hook_id, id FROM seen_signatures WHERE expires_at < ?1 ORDER BY expires_at LIMIT 10)",
                [now.0],
            )?;
            b.execute(
                "INSERT OR IGNORE INTO seen_signatures (expires_at, hook_id, id) VALUES (?1, ?2, ?3)",
                params![now.0 + SIGNATURE_MS, hook.0, id],
            )?;
            Ok(())
        })
        .await
    }
}

pub(super) fn receipt(b: &mut Batch<'_>, r: &ReceiptIn) -> Result<ReceiptVerdict, StoreError> {
    // Told twice it raises nothing, so it can go before the look whether it is known.
    let part = b.row(
        "UPDATE parts SET rank = MAX(rank, ?6), provider_id = IFNULL(provider_id, ?7)
         WHERE message_id = ?1 AND delivery = ?2 AND part = ?3 AND workspace_id = ?4 AND channel_id = ?5
         RETURNING state, lane_id, rank",
        params![
            r.part.message.0,
            r.part.delivery,
            r.part.part,
            r.workspace.0,
            r.channel.0,
            r.kind.rank() as i64,
            r.provider_id
        ],
        |row| Ok((row.get::<_, i64>(0)?, LaneId(row.get(1)?), Rank::from_number(row.get(2)?))),
    )?;
    let Some((current, lane, rank)) = part else { return Ok(ReceiptVerdict::Unmatched) };
    let new = b.execute(
        "INSERT OR IGNORE INTO receipts (message_id, delivery, part, kind, provider_at, workspace_id, received_at, failure)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            r.part.message.0,
            r.part.delivery,
            r.part.part,
            r.kind as i64,
            r.provider_at.0,
            r.workspace.0,
            r.received_at.0,
            r.failure.as_ref().map(failure_json)
        ],
    )?;
    if new == 0 && b.again {
        // After a commit that failed half-way this may be the step's own trace: the work goes on.
        return Ok(ReceiptVerdict::Applied { next: lane_head(b, &not_queued(r, lane))? });
    }
    if new == 0 {
        return Ok(ReceiptVerdict::Duplicate);
    }
    if r.closes_window {
        close_window(b, lane, r.received_at)?;
    }
    learn_from(b, r)?;
    let next = by_receipt(b, r, (current, rank), lane)?;
    if r.follows && r.kind == ReceiptKind::Sent {
        follow(b, (r.part, lane), r.provider_at, true, r.received_at)?;
    }
    Ok(ReceiptVerdict::Applied { next })
}

/// What a new report does to its part, by where that stands.
fn by_receipt(
    b: &mut Batch<'_>,
    r: &ReceiptIn,
    (current, rank): (i64, Rank),
    lane: LaneId,
) -> Result<Option<Head>, StoreError> {
    Ok(match (current, r.kind) {
        // The report ends what nobody knew, and what was to be tried again although it was taken.
        (state::UNKNOWN | state::RETRY, _) => end_by_receipt(b, r, lane)?,
        // So does one that comes after a person has chosen to send it again, while that still waits.
        (state::QUEUED, kind) if kind != ReceiptKind::Failed => end_by_receipt(b, r, lane)?,
        // What was taken, or is being taken just now, has failed after all.
        (state::BEGUN | state::ENDED, ReceiptKind::Failed) if rank == Rank::Failed => {
            raise(b, r)?;
            end_rest(b, &not_queued(r, lane), r.received_at)?
        }
        _ => {
            raise(b, r)?;
            None
        }
    })
}

fn learn_from(b: &mut Batch<'_>, r: &ReceiptIn) -> Result<(), StoreError> {
    if r.learned.iter().all(|address| b.memory.is_known(r.workspace, address)) {
        return Ok(());
    }
    match find_by_addresses(b, r.workspace, &r.learned)? {
        Some(contact) => learn(b, r.workspace, contact, &r.learned, "receipt", r.received_at),
        None => Ok(()),
    }
}

fn raise(b: &mut Batch<'_>, r: &ReceiptIn) -> Result<(), StoreError> {
    raise_message(b, r.workspace, r.part, r.kind.rank(), r.provider_at, r.failure.as_ref(), r.received_at)
}

/// The part that a receipt is about, when it is not in the queue.
fn not_queued(r: &ReceiptIn, lane: LaneId) -> Head {
    Head {
        part: r.part,
        workspace: r.workspace,
        channel: r.channel,
        lane,
        class: 1,
        due_at: r.received_at,
        keep_until: None,
        held: false,
        expires_at: r.received_at,
    }
}

fn end_by_receipt(b: &mut Batch<'_>, r: &ReceiptIn, lane: LaneId) -> Result<Option<Head>, StoreError> {
    let h = head_of(b, r.channel, r.part)?.unwrap_or(not_queued(r, lane));
    end_part(b, &h, r.kind.rank(), Some((&r.provider_id, r.provider_at)), r.failure.as_ref(), r.received_at)?;
    // A part that failed takes the later parts of its message with it.
    match r.kind {
        ReceiptKind::Failed => fail_message(b, &h, r.received_at),
        _ => leave_queue(b, &h, r.received_at),
    }
}

fn inbound(b: &mut Batch<'_>, m: &InboundIn) -> Result<InboundVerdict, StoreError> {
    if is_known(b, m)? {
        return Ok(InboundVerdict::Duplicate);
    }
    b.execute(
        "INSERT INTO provider_ids (week, channel_id, provider_id, message_id) VALUES (?1, ?2, ?3, ?4)",
        params![m.received_at.0 / WEEK_MS, m.channel.0, m.provider_id, m.id.0],
    )?;
    let contact = match find_by_addresses(b, m.workspace, &m.from)? {
        Some(contact) => contact,
        None => contact_of_sender(b, m)?,
    };
    learn(b, m.workspace, contact, &m.from, "inbound", m.received_at)?;
    let lane = open_window(b, m, contact)?;
    let prev = chain(b, contact, lane, m.id, m.at)?;
    b.execute(
        "INSERT INTO messages (id, workspace_id, contact_id, channel_id, lane_id, direction, parts, prev_id, created_at,
                               rank)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?6, ?7, ?8)",
        params![
            m.id.0,
            m.workspace.0,
            contact.0,
            m.channel.0,
            lane.0,
            prev,
            m.at.0,
            Rank::Delivered as i64
        ],
    )?;
    b.execute(
        "INSERT INTO bodies (message_id, content, origin, provider_id) VALUES (?1, ?2, ?3, ?4)",
        params![m.id.0, m.content, m.origin, m.provider_id],
    )?;
    if m.wants_media {
        want(b, m)?;
    }
    b.highest_id = b.highest_id.max(m.id.0);
    b.event(
        m.workspace,
        NewEvent {
            at: m.received_at,
            kind: "message.received",
            contact: Some(contact),
            message: Some(m.id),
            body: None,
        },
    );
    Ok(InboundVerdict::Stored { contact })
}

fn set_access(b: &mut Batch<'_>, a: &AccessIn) -> Result<(), StoreError> {
    let wanted = if a.blocked { Access::Blocked } else { Access::Open };
    let contact = b.row(
        "UPDATE lanes SET access = ?4, access_at = ?5
         WHERE workspace_id = ?1 AND channel_id = ?2 AND address = ?3
           AND (access <> ?4 OR access_at IS NULL OR access_at < ?5)
           AND (access = 2 OR IFNULL(access_at, 0) <= ?5) AND (?4 = 0 OR IFNULL(last_in_at, 0) <= ?5)
         RETURNING contact_id",
        params![a.workspace.0, a.channel.0, a.address, wanted.number(), a.at.0],
        |r| r.get(0).map(ContactId),
    )?;
    if let Some(contact) = contact {
        b.memory.touch(contact);
        let kind = "contact.updated";
        b.event(
            a.workspace,
            NewEvent { at: a.received_at, kind, contact: Some(contact), message: None, body: None },
        );
    }
    Ok(())
}

fn is_known(b: &Batch<'_>, m: &InboundIn) -> Result<bool, StoreError> {
    let seen = b.row(
        "SELECT 1 FROM provider_ids WHERE week IN (?1, ?1 - 1) AND channel_id = ?2 AND provider_id = ?3",
        params![m.received_at.0 / WEEK_MS, m.channel.0, m.provider_id],
        |_| Ok(()),
    )?;
    Ok(seen.is_some())
}

fn contact_of_sender(b: &mut Batch<'_>, m: &InboundIn) -> Result<ContactId, StoreError> {
    let phone = m.from.iter().find(|address| address.kind == AddressKind::Phone);
    let country =
        phone.and_then(|address| E164::from_digits(&address.value)).and_then(|number| number.country());
    let change = ContactChange {
        first_name: m.profile_name.clone(),
        country_code: Some(country),
        ..ContactChange::default()
    };
    insert_contact(b, m.workspace, None, &change, m.received_at)
}

/// The lane of the address that the contact wrote from: its window opens.
fn open_window(b: &Batch<'_>, m: &InboundIn, contact: ContactId) -> Result<LaneId, StoreError> {
    let address = m.from.first().map_or("", |address| address.value.as_str());
    let found = b.row(
        "SELECT id FROM lanes WHERE channel_id = ?1 AND address = ?2",
        params![m.channel.0, address],
        |r| Ok(LaneId(r.get(0)?)),
    )?;
    let lane = match found {
        Some(lane) => lane,
        None => make_lane(b, m.workspace, m.channel, contact, address)?,
    };
    b.execute(
        "UPDATE lanes SET last_in_at = MAX(IFNULL(last_in_at, 0), ?2), closed_at = NULL,
           access = IIF(access = 1 AND access_at > ?2, 1, 0) WHERE id = ?1",
        params![lane.0, m.at.0],
    )?;
    b.memory.touch(contact);
    Ok(lane)
}
