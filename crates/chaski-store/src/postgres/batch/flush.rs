//! What a batch writes: one statement for each table and kind of change, all sent at once, the feed
//! last, then the commit.

use super::dead::{DEAD, DeadRow};
use super::replay::{NEW_DELIVERIES, REPLAYED};
use super::set::*;
use crate::postgres::connect::Conn;
use crate::postgres::fault::Fail;
use crate::postgres::queue::Job;
use chaski_model::{LaneId, PartRef};

pub(super) const NEW_CONTACTS: &str = "INSERT INTO contacts (id, workspace_id, first_name, country_code, created_at, updated_at, last_id)
    SELECT id, ws, name, country, at, at, last FROM UNNEST($1::int8[], $2::int8[], $3::text[], $4::text[], $5::int8[], $6::int8[]) AS u(id, ws, name, country, at, last)";
pub(super) const NEW_ADDRESSES: &str =
    "INSERT INTO addresses (workspace_id, kind, scope, value, contact_id, learned_at, learned_from)
    SELECT * FROM UNNEST($1::int8[], $2::text[], $3::text[], $4::text[], $5::int8[], $6::int8[], $7::text[])";
pub(super) const KEYS: &str = "INSERT INTO idempotency (day, key, workspace_id, body, status, answer, created_at)
    SELECT * FROM UNNEST($1::int8[], $2::bytea[], $3::int8[], $4::bytea[], $5::int4[], $6::text[], $7::int8[])";
pub(super) const OLD_KEYS: &str = "DELETE FROM idempotency k USING UNNEST($1::int8[], $2::bytea[]) AS u(day, key) WHERE k.day = u.day AND k.key = u.key";
pub(super) const PROVIDER_IDS: &str =
    "INSERT INTO provider_ids (week, channel_id, provider_id, message_id, delivery, part)
    SELECT * FROM UNNEST($1::int8[], $2::int8[], $3::text[], $4::int8[], $5::int4[], $6::int4[])";
pub(super) const NEW_LANES: &str = "INSERT INTO lanes (id, workspace_id, channel_id, address, contact_id, out_seq, busy, last_in_at, last_at, last_id)
    SELECT * FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::text[], $5::int8[], $6::int8[], $7::bool[], $8::int8[], $9::int8[], $10::int8[])";
pub(super) const LANES: &str = "UPDATE lanes l SET out_seq = u.out_seq, busy = u.busy, last_in_at = u.last_in, last_at = u.last_at,
      last_id = u.last_id, closed_at = u.closed, not_before = u.not_before, backoffs = u.backoffs,
      access = u.access, access_at = u.access_at
    FROM UNNEST($1::int8[], $2::int8[], $3::bool[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::int8[], $10::int4[], $11::int8[])
      AS u(id, out_seq, busy, last_in, last_at, last_id, closed, not_before, backoffs, access, access_at) WHERE l.id = u.id";
pub(super) const NEW_MESSAGES: &str = "INSERT INTO messages (id, workspace_id, contact_id, channel_id, lane_id, direction, parts, prev_id, created_at, content, resolved, origin, rank, failed_at, provider_id, error)
    SELECT * FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int4[], $7::int4[], $8::int8[], $9::int8[], $10::text[], $11::text[], $12::text[], $13::int4[], $14::int8[], $15::text[], $16::text[])";
/// Nobody else writes the rows of messages that are only just stored.
pub(super) const NEW_MEDIA: &str =
    "INSERT INTO media (message_id, workspace_id, channel_id, state, wanted_at, next_at)
    SELECT id, ws, channel, 0, at, at FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::int8[]) AS u(id, ws, channel, at)";
pub(super) const MESSAGES: &str = "UPDATE messages m SET rank = u.rank, unknown = u.unknown, sent_at = u.sent, failed_at = u.failed,
      delivered_at = u.delivered, read_at = u.read, provider_id = u.provider_id, error = u.error
    FROM UNNEST($1::int8[], $2::int4[], $3::bool[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::text[], $9::text[])
      AS u(id, rank, unknown, sent, failed, delivered, read, provider_id, error) WHERE m.id = u.id";
pub(super) const NEW_PARTS: &str = "INSERT INTO parts (message_id, delivery, part, workspace_id, channel_id, lane_id, lane_seq, state, expires_at)
    SELECT * FROM UNNEST($1::int8[], $2::int4[], $3::int4[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int4[], $9::int8[])";
pub(super) const PARTS: &str = "UPDATE parts p SET state = u.state, attempts = u.attempts, begun_at = u.begun, call_by = u.call_by, fence = u.fence,
      first_failed_at = u.first_failed, provider_id = u.provider_id, rank = u.rank, expires_at = u.expires, followed_at = u.followed
    FROM UNNEST($1::int8[], $2::int4[], $3::int4[], $4::int4[], $5::int4[], $6::int8[], $7::int8[], $8::int8[], $9::int8[], $10::text[], $11::int4[], $12::int8[], $13::int8[])
      AS u(message, delivery, part, state, attempts, begun, call_by, fence, first_failed, provider_id, rank, expires, followed)
    WHERE p.message_id = u.message AND p.delivery = u.delivery AND p.part = u.part";
pub(super) const TO_QUEUE: &str = "UPDATE parts p SET state = 1 FROM UNNEST($1::int8[], $2::int4[], $3::int4[]) AS u(message, delivery, part)
    WHERE p.message_id = u.message AND p.delivery = u.delivery AND p.part = u.part";
pub(super) const NEW_QUEUE: &str = "INSERT INTO queue (channel_id, message_id, delivery, part, workspace_id, lane_id, class, due_at, keep_until, aside, held, expires_at)
    SELECT * FROM UNNEST($1::int8[], $2::int8[], $3::int4[], $4::int4[], $5::int8[], $6::int8[], $7::int4[], $8::int8[], $9::int8[], $10::bool[], $11::bool[], $12::int8[])";
pub(super) const QUEUE: &str = "UPDATE queue q SET class = u.class, due_at = u.due, keep_until = u.keep, aside = u.aside, held = u.held, expires_at = u.expires
    FROM UNNEST($1::int8[], $2::int8[], $3::int4[], $4::int4[], $5::int4[], $6::int8[], $7::int8[], $8::bool[], $9::bool[], $10::int8[])
      AS u(channel, message, delivery, part, class, due, keep, aside, held, expires)
    WHERE q.channel_id = u.channel AND q.message_id = u.message AND q.delivery = u.delivery AND q.part = u.part";
pub(super) const OLD_QUEUE: &str = "DELETE FROM queue q USING UNNEST($1::int8[], $2::int8[], $3::int4[], $4::int4[]) AS u(channel, message, delivery, part)
    WHERE q.channel_id = u.channel AND q.message_id = u.message AND q.delivery = u.delivery AND q.part = u.part";
pub(super) const NEW_WAITING: &str = "INSERT INTO waiting (lane_id, lane_seq, workspace_id, channel_id, message_id, delivery, part, class, expires_at)
    SELECT * FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int4[], $7::int4[], $8::int4[], $9::int8[])";
pub(super) const OLD_WAITING: &str = "DELETE FROM waiting w USING UNNEST($1::int8[], $2::int8[]) AS u(lane, seq) WHERE w.lane_id = u.lane AND w.lane_seq = u.seq";
pub(super) const ATTEMPTS: &str = "INSERT INTO attempts (message_id, delivery, part, attempt, workspace_id, begun_at, ended_at, outcome, http_status, failure, next_at)
    SELECT * FROM UNNEST($1::int8[], $2::int4[], $3::int4[], $4::int4[], $5::int8[], $6::int8[], $7::int8[], $8::text[], $9::int4[], $10::text[], $11::int8[])
    ON CONFLICT (message_id, delivery, part, attempt) DO UPDATE SET begun_at = excluded.begun_at, ended_at = excluded.ended_at,
      outcome = excluded.outcome, http_status = excluded.http_status, failure = excluded.failure, next_at = excluded.next_at";
pub(super) const RECEIPTS: &str = "INSERT INTO receipts (message_id, delivery, part, kind, provider_at, workspace_id, received_at, failure)
    SELECT * FROM UNNEST($1::int8[], $2::int4[], $3::int4[], $4::int4[], $5::int8[], $6::int8[], $7::int8[], $8::text[])";
pub(super) const CONTACTS: &str = "UPDATE contacts c SET last_id = u.last, last_lane = u.lane, version = u.version
    FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::int8[]) AS u(id, last, lane, version) WHERE c.id = u.id";
pub(super) const TOUCHED: &str = "UPDATE contacts SET version = version + 1 WHERE id = ANY($1::int8[])";
pub(crate) const EVENTS: &str = "WITH h AS (
      INSERT INTO feeds AS f (workspace_id, head) SELECT ws, n FROM UNNEST($1::int8[], $2::int8[]) AS u(ws, n) ORDER BY ws
      ON CONFLICT (workspace_id) DO UPDATE SET head = f.head + excluded.head RETURNING workspace_id, head)
    INSERT INTO events (workspace_id, seq, at, kind, contact_id, message_id, body)
    SELECT e.ws, h.head - e.back, e.at, e.kind, e.contact, e.message, e.body
    FROM UNNEST($3::int8[], $4::int8[], $5::int8[], $6::text[], $7::int8[], $8::int8[], $9::text[]) AS e(ws, back, at, kind, contact, message, body)
    JOIN h ON h.workspace_id = e.ws";
pub(crate) const NOTIFY: &str = "SELECT pg_notify('chaski_feed', $1)";

fn column<'a, R, T>(rows: &'a [R], pick: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(pick).collect()
}

/// The three columns that name parts.
fn part_columns<'a>(parts: impl Iterator<Item = &'a PartRef> + Clone) -> (Vec<i64>, Vec<i32>, Vec<i32>) {
    (
        parts.clone().map(|part| part.message.0).collect(),
        parts.clone().map(|part| i32::from(part.delivery)).collect(),
        parts.map(|part| i32::from(part.part)).collect(),
    )
}

/// Everything, with the commit. `notify` is this node's number when others listen.
pub(super) async fn flush(conn: &Conn, set: &Set, jobs: &[&Job], notify: Option<String>) -> Result<(), Fail> {
    tokio::try_join!(
        biased;
        new_contacts(conn, set),
        new_addresses(conn, set),
        keys(conn, set),
        provider_ids(conn, set),
        new_lanes(conn, set),
        lanes(conn, set),
        new_messages(conn, set, jobs),
        new_media(conn, set, jobs),
        messages(conn, set),
        new_parts(conn, set),
        parts(conn, set),
        to_queue(conn, set),
        queue(conn, set),
        waiting(conn, set),
        attempts(conn, set),
        receipts(conn, set),
        contacts(conn, set),
        touched(conn, set),
        deliveries(conn, set),
        dead_letters(conn, set),
        events(conn, set, notify),
        conn.command("COMMIT"),
    )?;
    Ok(())
}

async fn new_contacts(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let rows = set.contacts.inserted();
    let made: Vec<_> =
        rows.iter().filter_map(|(id, row)| Some((**id, row.made.as_ref()?, row.last_id))).collect();
    if made.is_empty() {
        return Ok(());
    }
    let (ids, names) = (column(&made, |r| r.0), column(&made, |r| text(&r.1.first_name)));
    let (spaces, countries) = (column(&made, |r| r.1.workspace.0), column(&made, |r| r.1.country.as_deref()));
    let (ats, last) = (column(&made, |r| r.1.at), column(&made, |r| r.2));
    conn.execute(NEW_CONTACTS, &[&ids, &spaces, &names, &countries, &ats, &last]).await?;
    Ok(())
}

/// PostgreSQL's text holds no NUL.
pub(crate) fn text(given: &str) -> String {
    given.replace('\0', "\u{fffd}")
}

async fn new_addresses(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let rows = set.addresses.inserted();
    if rows.is_empty() {
        return Ok(());
    }
    let (spaces, kinds) = (column(&rows, |r| r.0.0), column(&rows, |r| r.0.1));
    let (scopes, values) = (column(&rows, |r| r.0.2.as_str()), column(&rows, |r| r.0.3.as_str()));
    let (contacts, ats) = (column(&rows, |r| r.1.contact.0), column(&rows, |r| r.1.learned_at));
    let from = column(&rows, |r| r.1.from);
    conn.execute(NEW_ADDRESSES, &[&spaces, &kinds, &scopes, &values, &contacts, &ats, &from]).await?;
    Ok(())
}

async fn keys(conn: &Conn, set: &Set) -> Result<(), Fail> {
    // One whose day is over makes room for the new one.
    let again = set.keys.changed();
    let mut rows = set.keys.inserted();
    rows.extend(again.iter().copied());
    if rows.is_empty() {
        return Ok(());
    }
    let (old_days, old_keys) = (column(&again, |r| r.0.0), column(&again, |r| r.0.1.as_slice()));
    let (days, keys) = (column(&rows, |r| r.0.0), column(&rows, |r| r.0.1.as_slice()));
    let (spaces, bodies) = (column(&rows, |r| r.1.workspace.0), column(&rows, |r| r.1.body.as_slice()));
    let (statuses, answers) = (column(&rows, |r| r.1.status), column(&rows, |r| r.1.answer.as_str()));
    let ats = column(&rows, |r| r.1.created_at);
    tokio::try_join!(
        biased;
        async {
            if again.is_empty() { Ok(0) } else { conn.execute(OLD_KEYS, &[&old_days, &old_keys]).await }
        },
        async { conn.execute(KEYS, &[&days, &keys, &spaces, &bodies, &statuses, &answers, &ats]).await },
    )?;
    Ok(())
}

async fn provider_ids(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let rows = set.provider_ids.inserted();
    if rows.is_empty() {
        return Ok(());
    }
    let (weeks, channels) = (column(&rows, |r| r.0.0), column(&rows, |r| r.0.1));
    let (ids, messages) = (column(&rows, |r| r.0.2.as_str()), column(&rows, |r| r.1.message));
    let deliveries = column(&rows, |r| r.1.part.map(|part| i32::from(part.delivery)));
    let parts = column(&rows, |r| r.1.part.map(|part| i32::from(part.part)));
    conn.execute(PROVIDER_IDS, &[&weeks, &channels, &ids, &messages, &deliveries, &parts]).await?;
    Ok(())
}

async fn new_lanes(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let mut rows = set.lanes.inserted();
    if rows.is_empty() {
        return Ok(());
    }
    // By their unique key, so that nodes that make the same ones wait for each other in one order.
    rows.sort_by(|a, b| (a.1.channel, &a.1.address).cmp(&(b.1.channel, &b.1.address)));
    let (ids, spaces) = (column(&rows, |r| *r.0), column(&rows, |r| r.1.workspace.0));
    let (channels, addresses) = (column(&rows, |r| r.1.channel.0), column(&rows, |r| &*r.1.address));
    let (contacts, seqs) = (column(&rows, |r| r.1.contact.0), column(&rows, |r| r.1.out_seq));
    let (busy, last_in) = (column(&rows, |r| r.1.busy), column(&rows, |r| r.1.last_in_at));
    let (last_at, last) = (column(&rows, |r| r.1.last_at), column(&rows, |r| r.1.last_id));
    conn.execute(
        NEW_LANES,
        &[&ids, &spaces, &channels, &addresses, &contacts, &seqs, &busy, &last_in, &last_at, &last],
    )
    .await?;
    Ok(())
}

async fn lanes(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let rows: Vec<(LaneId, &LaneRow)> =
        set.lanes.changed().into_iter().map(|(id, row)| (LaneId(*id), row)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (ids, seqs) = (column(&rows, |r| r.0.0), column(&rows, |r| r.1.out_seq));
    let (busy, last_in) = (column(&rows, |r| r.1.busy), column(&rows, |r| r.1.last_in_at));
    let (last_at, last) = (column(&rows, |r| r.1.last_at), column(&rows, |r| r.1.last_id));
    let (closed, not_before) = (column(&rows, |r| r.1.closed_at), column(&rows, |r| r.1.not_before));
    let backoffs = column(&rows, |r| r.1.backoffs);
    let (access, access_at) = (column(&rows, |r| r.1.access), column(&rows, |r| r.1.access_at));
    conn.execute(
        LANES,
        &[
            &ids,
            &seqs,
            &busy,
            &last_in,
            &last_at,
            &last,
            &closed,
            &not_before,
            &backoffs,
            &access,
            &access_at,
        ],
    )
    .await?;
    Ok(())
}

async fn new_messages(conn: &Conn, set: &Set, jobs: &[&Job]) -> Result<(), Fail> {
    let rows = &set.new_messages;
    if rows.is_empty() {
        return Ok(());
    }
    let texts: Vec<(&str, Option<&str>, &str)> = rows
        .iter()
        .map(|row| match jobs[row.command] {
            Job::Accept(plan) => (plan.content.as_str(), Some(plan.resolved.as_str()), plan.origin.as_str()),
            Job::Inbound(m) => (m.content.as_str(), None, m.origin.as_str()),
            _ => ("{}", None, "{}"),
        })
        .collect();
    let (ids, spaces) = (column(rows, |r| r.id.0), column(rows, |r| r.workspace.0));
    let (contacts, channels) = (column(rows, |r| r.contact.0), column(rows, |r| r.channel.0));
    let (lanes, directions) = (column(rows, |r| r.lane.0), column(rows, |r| i32::from(r.outbound)));
    let (parts, prevs) = (column(rows, |r| r.parts), column(rows, |r| r.prev));
    let (ats, contents) = (column(rows, |r| r.created_at), column(&texts, |t| t.0));
    let (resolved, origins) = (column(&texts, |t| t.1), column(&texts, |t| t.2));
    let (ranks, failed) = (column(rows, |r| r.rank), column(rows, |r| r.failed_at));
    let (provider_ids, errors) =
        (column(rows, |r| r.provider_id.as_deref()), column(rows, |r| r.error.as_deref()));
    conn.execute(
        NEW_MESSAGES,
        &[
            &ids,
            &spaces,
            &contacts,
            &channels,
            &lanes,
            &directions,
            &parts,
            &prevs,
            &ats,
            &contents,
            &resolved,
            &origins,
            &ranks,
            &failed,
            &provider_ids,
            &errors,
        ],
    )
    .await?;
    Ok(())
}

async fn new_media(conn: &Conn, set: &Set, jobs: &[&Job]) -> Result<(), Fail> {
    let wanting = set.new_messages.iter().filter_map(|row| match jobs[row.command] {
        Job::Inbound(m) if m.wants_media => Some((row, m.received_at)),
        _ => None,
    });
    let rows: Vec<_> = wanting.collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (ids, spaces) = (column(&rows, |r| r.0.id.0), column(&rows, |r| r.0.workspace.0));
    let (channels, ats) = (column(&rows, |r| r.0.channel.0), column(&rows, |r| r.1.0));
    conn.execute(NEW_MEDIA, &[&ids, &spaces, &channels, &ats]).await?;
    Ok(())
}

async fn messages(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let rows = set.messages.changed();
    if rows.is_empty() {
        return Ok(());
    }
    let (ids, ranks) = (column(&rows, |r| *r.0), column(&rows, |r| r.1.rank));
    let (unknown, sent) = (column(&rows, |r| r.1.unknown), column(&rows, |r| r.1.sent_at));
    let (failed, delivered) = (column(&rows, |r| r.1.failed_at), column(&rows, |r| r.1.delivered_at));
    let (read, provider_ids) =
        (column(&rows, |r| r.1.read_at), column(&rows, |r| r.1.provider_id.as_deref()));
    let errors = column(&rows, |r| r.1.error.as_deref());
    conn.execute(
        MESSAGES,
        &[&ids, &ranks, &unknown, &sent, &failed, &delivered, &read, &provider_ids, &errors],
    )
    .await?;
    Ok(())
}

async fn new_parts(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let rows = set.parts.inserted();
    if rows.is_empty() {
        return Ok(());
    }
    let (messages, deliveries, parts) = part_columns(rows.iter().map(|r| r.0));
    let (spaces, channels) = (column(&rows, |r| r.1.workspace.0), column(&rows, |r| r.1.channel.0));
    let (lanes, seqs) = (column(&rows, |r| r.1.lane.0), column(&rows, |r| r.1.lane_seq));
    let (states, expires) = (column(&rows, |r| r.1.state), column(&rows, |r| r.1.expires_at));
    conn.execute(
        NEW_PARTS,
        &[&messages, &deliveries, &parts, &spaces, &channels, &lanes, &seqs, &states, &expires],
    )
    .await?;
    Ok(())
}

async fn parts(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let rows = set.parts.changed();
    if rows.is_empty() {
        return Ok(());
    }
    let (messages, deliveries, parts) = part_columns(rows.iter().map(|r| r.0));
    let (states, attempts) = (column(&rows, |r| r.1.state), column(&rows, |r| r.1.attempts));
    let (begun, call_by) = (column(&rows, |r| r.1.begun_at), column(&rows, |r| r.1.call_by));
    let (fences, first) = (column(&rows, |r| r.1.fence), column(&rows, |r| r.1.first_failed_at));
    let (ids, ranks) = (column(&rows, |r| r.1.provider_id.as_deref()), column(&rows, |r| r.1.rank));
    let (expires, followed) = (column(&rows, |r| r.1.expires_at), column(&rows, |r| r.1.followed_at));
    conn.execute(
        PARTS,
        &[
            &messages,
            &deliveries,
            &parts,
            &states,
            &attempts,
            &begun,
            &call_by,
            &fences,
            &first,
            &ids,
            &ranks,
            &expires,
            &followed,
        ],
    )
    .await?;
    Ok(())
}

async fn to_queue(conn: &Conn, set: &Set) -> Result<(), Fail> {
    if set.to_queue.is_empty() {
        return Ok(());
    }
    let (messages, deliveries, parts) = part_columns(set.to_queue.iter());
    conn.execute(TO_QUEUE, &[&messages, &deliveries, &parts]).await?;
    Ok(())
}

async fn queue(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let (gone, new, changed) = (set.queue.removed(), set.queue.inserted(), set.queue.changed());
    let old = async {
        if gone.is_empty() {
            return Ok(());
        }
        let (messages, deliveries, parts) = part_columns(gone.iter().map(|key| &key.1));
        let channels = column(&gone, |key| key.0);
        conn.execute(OLD_QUEUE, &[&channels, &messages, &deliveries, &parts]).await.map(drop)
    };
    let fresh = async {
        if new.is_empty() {
            return Ok(());
        }
        let (messages, deliveries, parts) = part_columns(new.iter().map(|r| &r.0.1));
        let (channels, spaces) = (column(&new, |r| r.0.0), column(&new, |r| r.1.workspace.0));
        let (lanes, classes) = (column(&new, |r| r.1.lane.0), column(&new, |r| r.1.class));
        let (due, keep) = (column(&new, |r| r.1.due_at), column(&new, |r| r.1.keep_until));
        let (aside, held) = (column(&new, |r| r.1.aside), column(&new, |r| r.1.held));
        let expires = column(&new, |r| r.1.expires_at);
        conn.execute(
            NEW_QUEUE,
            &[
                &channels,
                &messages,
                &deliveries,
                &parts,
                &spaces,
                &lanes,
                &classes,
                &due,
                &keep,
                &aside,
                &held,
                &expires,
            ],
        )
        .await
        .map(drop)
    };
    let other = async {
        if changed.is_empty() {
            return Ok(());
        }
        let (messages, deliveries, parts) = part_columns(changed.iter().map(|r| &r.0.1));
        let (channels, classes) = (column(&changed, |r| r.0.0), column(&changed, |r| r.1.class));
        let (due, keep) = (column(&changed, |r| r.1.due_at), column(&changed, |r| r.1.keep_until));
        let (aside, held) = (column(&changed, |r| r.1.aside), column(&changed, |r| r.1.held));
        let expires = column(&changed, |r| r.1.expires_at);
        conn.execute(
            QUEUE,
            &[&channels, &messages, &deliveries, &parts, &classes, &due, &keep, &aside, &held, &expires],
        )
        .await
        .map(drop)
    };
    tokio::try_join!(biased; old, fresh, other)?;
    Ok(())
}

async fn waiting(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let (gone, new) = (set.waiting.removed(), set.waiting.inserted());
    let old = async {
        if gone.is_empty() {
            return Ok(());
        }
        let (lanes, seqs) = (column(&gone, |key| key.0), column(&gone, |key| key.1));
        conn.execute(OLD_WAITING, &[&lanes, &seqs]).await.map(drop)
    };
    let fresh = async {
        if new.is_empty() {
            return Ok(());
        }
        let (messages, deliveries, parts) = part_columns(new.iter().map(|r| &r.1.part));
        let (lanes, seqs) = (column(&new, |r| r.0.0), column(&new, |r| r.0.1));
        let (spaces, channels) = (column(&new, |r| r.1.workspace.0), column(&new, |r| r.1.channel.0));
        let (classes, expires) = (column(&new, |r| r.1.class), column(&new, |r| r.1.expires_at));
        conn.execute(
            NEW_WAITING,
            &[&lanes, &seqs, &spaces, &channels, &messages, &deliveries, &parts, &classes, &expires],
        )
        .await
        .map(drop)
    };
    tokio::try_join!(biased; old, fresh)?;
    Ok(())
}

async fn attempts(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let rows = set.attempts.inserted();
    if rows.is_empty() {
        return Ok(());
    }
    let (messages, deliveries, parts) = part_columns(rows.iter().map(|r| &r.0.0));
    let (numbers, spaces) = (column(&rows, |r| i32::from(r.0.1)), column(&rows, |r| r.1.workspace.0));
    let (begun, ended) = (column(&rows, |r| r.1.begun_at), column(&rows, |r| r.1.ended_at));
    let (outcomes, statuses) = (column(&rows, |r| r.1.outcome), column(&rows, |r| r.1.http_status));
    let (failures, next) = (column(&rows, |r| r.1.failure.as_deref()), column(&rows, |r| r.1.next_at));
    conn.execute(
        ATTEMPTS,
        &[
            &messages,
            &deliveries,
            &parts,
            &numbers,
            &spaces,
            &begun,
            &ended,
            &outcomes,
            &statuses,
            &failures,
            &next,
        ],
    )
    .await?;
    Ok(())
}

async fn receipts(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let rows = set.receipts.inserted();
    if rows.is_empty() {
        return Ok(());
    }
    let (messages, deliveries, parts) = part_columns(rows.iter().map(|r| &r.0.0));
    let (kinds, ats) = (column(&rows, |r| r.0.1), column(&rows, |r| r.0.2));
    let (spaces, received) = (column(&rows, |r| r.1.workspace.0), column(&rows, |r| r.1.received_at));
    let failures = column(&rows, |r| r.1.failure.as_deref());
    conn.execute(RECEIPTS, &[&messages, &deliveries, &parts, &kinds, &ats, &spaces, &received, &failures])
        .await?;
    Ok(())
}

async fn contacts(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let rows = set.contacts.changed();
    if rows.is_empty() {
        return Ok(());
    }
    let (ids, last) = (column(&rows, |r| *r.0), column(&rows, |r| r.1.last_id));
    let (lanes, versions) = (column(&rows, |r| r.1.last_lane), column(&rows, |r| r.1.version));
    conn.execute(CONTACTS, &[&ids, &last, &lanes, &versions]).await?;
    Ok(())
}

async fn touched(conn: &Conn, set: &Set) -> Result<(), Fail> {
    if set.touched.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = set.touched.iter().copied().collect();
    conn.execute(TOUCHED, &[&ids]).await?;
    Ok(())
}

async fn deliveries(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let rows = &set.deliveries;
    if rows.is_empty() {
        return Ok(());
    }
    let (messages, numbers) = (column(rows, |r| r.message.0), column(rows, |r| i32::from(r.delivery)));
    let (spaces, channels) = (column(rows, |r| r.workspace.0), column(rows, |r| r.channel.0));
    let (lanes, ats) = (column(rows, |r| r.lane.0), column(rows, |r| r.at.0));
    let (by, withdrawn) = (column(rows, |r| text(&r.by)), column(rows, |r| r.withdrawn.as_deref()));
    let parts = column(rows, |r| r.parts);
    tokio::try_join!(
        biased;
        async {
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
                [&messages, &numbers, &spaces, &channels, &lanes, &ats, &by, &withdrawn];
            conn.execute(NEW_DELIVERIES, &values).await
        },
        async { conn.execute(REPLAYED, &[&messages, &numbers, &parts]).await },
    )?;
    Ok(())
}

async fn dead_letters(conn: &Conn, set: &Set) -> Result<(), Fail> {
    let gone: Vec<i64> = set.exhumed.iter().copied().collect();
    let rows: Vec<(&i64, &DeadRow)> = set.buried.iter().collect();
    if gone.is_empty() && rows.is_empty() {
        return Ok(());
    }
    let (messages, spaces) = (column(&rows, |r| *r.0), column(&rows, |r| r.1.workspace.0));
    let (channels, codes) = (column(&rows, |r| r.1.channel.0), column(&rows, |r| r.1.code));
    let (provider_codes, ats) = (column(&rows, |r| r.1.provider_code), column(&rows, |r| r.1.at.0));
    // What is gone and there again in one batch must be gone first.
    if messages.iter().any(|message| set.exhumed.contains(message)) {
        let (none, no_codes): (Vec<i64>, Vec<&str>) = (vec![], vec![]);
        tokio::try_join!(
            biased;
            async { conn.execute(DEAD, &[&gone, &none, &none, &none, &no_codes, &none, &none]).await },
            async { conn.execute(DEAD, &[&none, &messages, &spaces, &channels, &codes, &provider_codes, &ats]).await },
        )?;
        return Ok(());
    }
    conn.execute(DEAD, &[&gone, &messages, &spaces, &channels, &codes, &provider_codes, &ats]).await?;
    Ok(())
}

/// Numbers the events and writes them: the last lock before the commit, so that their order is the
/// order of commits.
async fn events(conn: &Conn, set: &Set, notify: Option<String>) -> Result<(), Fail> {
    if set.events.is_empty() {
        return Ok(());
    }
    let feeds: Vec<(i64, i64)> =
        set.events.iter().map(|(ws, events)| (ws.0, i64::try_from(events.len()).unwrap_or(0))).collect();
    let rows: Vec<(i64, i64, &NewEvent)> = set
        .events
        .iter()
        .flat_map(|(ws, events)| (0..).zip(events.iter().rev()).map(|(back, event)| (ws.0, back, event)))
        .collect();
    let (feed_spaces, counts) = (column(&feeds, |f| f.0), column(&feeds, |f| f.1));
    let (spaces, backs) = (column(&rows, |r| r.0), column(&rows, |r| r.1));
    let (ats, kinds) = (column(&rows, |r| r.2.at.0), column(&rows, |r| r.2.kind));
    let (contacts, messages) =
        (column(&rows, |r| r.2.contact.map(|id| id.0)), column(&rows, |r| r.2.message.map(|id| id.0)));
    let bodies: Vec<Option<&str>> = vec![None; rows.len()];
    tokio::try_join!(
        biased;
        async { conn.execute(EVENTS, &[&feed_spaces, &counts, &spaces, &backs, &ats, &kinds, &contacts, &messages, &bodies]).await },
        async {
            match &notify {
                Some(node) => conn.execute(NOTIFY, &[node]).await,
                None => Ok(0),
            }
        },
    )?;
    Ok(())
}
