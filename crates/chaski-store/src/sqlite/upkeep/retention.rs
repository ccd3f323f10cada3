//! Removing what is old: from the old end, a few hundred rows a step, in the writer's last class, so
//! that nothing else waits for it longer than for any other step.

use super::dead_letters::exhume;
use super::limit;
use crate::error::StoreError;
use crate::sqlite::SqliteStore;
use crate::sqlite::batch::Batch;
use crate::sqlite::rows::fault;
use crate::sqlite::writer::Class;
use crate::upkeep::*;
use async_trait::async_trait;
use chaski_model::{MessageId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

/// Messages that one read of a dry run looks at.
const PAGE: i64 = 5000;

#[async_trait]
impl Retention for SqliteStore {
    async fn sweep(
        &self,
        kind: Kept,
        before: Timestamp,
        now: Timestamp,
        limit: usize,
    ) -> Result<Swept, StoreError> {
        if kind == Kept::Exchanges {
            return Ok(self.exchanges.sweep(before));
        }
        self.write(Class::Background, move |b| sweep(b, kind, before, now, limit)).await
    }

    async fn removable(&self, kind: Kept, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        match kind {
            Kept::Contents | Kept::History | Kept::Deliveries => {
                self.removable_by_message(kind, before, now).await
            }
            Kept::Events => self.read_page(move |c| count_events(c, before)).await,
            Kept::Exchanges => Ok(self.exchanges.removable(before)),
            _ => {
                self.read_page(move |c| {
                    table(kind)
                        .iter()
                        .map(|(count, _)| c.query_row(count, [bound(kind, before)], |r| r.get::<_, i64>(0)))
                        .sum::<rusqlite::Result<i64>>()
                        .map(i64::unsigned_abs)
                })
                .await
            }
        }
    }

    async fn compact(&self, pages: u32) -> Result<u32, StoreError> {
        self.write(Class::Background, move |b| {
            let free = |b: &Batch<'_>| b.row("PRAGMA freelist_count", [], |r| r.get::<_, u32>(0));
            let before = free(b)?.unwrap_or(0);
            if before == 0 {
                return Ok(0);
            }
            let mut statement = b
                .connection()
                .prepare(&format!("PRAGMA incremental_vacuum({})", pages.max(1)))
                .map_err(fault)?;
            let mut steps = statement.query([]).map_err(fault)?;
            while steps.next().map_err(fault)?.is_some() {}
            Ok(before.saturating_sub(free(b)?.unwrap_or(0)))
        })
        .await
    }
}

impl SqliteStore {
    async fn removable_by_message(
        &self,
        kind: Kept,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut from = self.read(|c| done_to(c, kind))?;
        let mut total = self.read_page(move |c| count_left(c, kind)).await?;
        loop {
            let (rows, next) = self
                .read_page(move |c| {
                    let stretch = stretch(c, from, before, now, PAGE)?;
                    let Some(to) = stretch.last().map(|message| message.id) else { return Ok((0, None)) };
                    let rows = match kind {
                        Kept::Contents => {
                            stretch.iter().filter(|m| m.has_ended && !m.is_blanked).count() as u64
                        }
                        Kept::Deliveries => {
                            let counts = stretch.iter().map(|m| count_family(c, m.id));
                            counts.sum::<rusqlite::Result<u64>>()?
                        }
                        _ => count_history(c, from, to)?,
                    };
                    Ok((rows, (stretch.len() as i64 == PAGE).then_some(to)))
                })
                .await?;
            total += rows;
            match next {
                Some(next) => from = next,
                None => return Ok(total),
            }
        }
    }
}

fn sweep(
    b: &Batch<'_>,
    kind: Kept,
    before: Timestamp,
    now: Timestamp,
    rows: usize,
) -> Result<Swept, StoreError> {
    match kind {
        Kept::Contents => by_message(b, kind, before, now, rows),
        // A message has a few of each.
        Kept::History | Kept::Deliveries => by_message(b, kind, before, now, rows.div_ceil(4)),
        Kept::Events => events(b, before, rows),
        Kept::DeadLetters => dead_letters(b, before, rows),
        _ => {
            let mut swept = Swept::default();
            for (_, delete) in table(kind) {
                let gone = b.execute(delete, params![bound(kind, before), limit(rows)])?;
                swept.rows += gone as u64;
                swept.more |= gone >= rows;
            }
            Ok(swept)
        }
    }
}

/// (how much is old, how it goes) of a table: its name, its key, what is old in it by [`bound`].
macro_rules! old_rows {
    ($table:literal, $key:literal, $old:literal) => {
        (
            concat!("SELECT COUNT(*) FROM ", $table, " WHERE ", $old),
            concat!(
                "DELETE FROM ",
                $table,
                " WHERE (",
                $key,
                ") IN (SELECT ",
                $key,
                " FROM ",
                $table,
                " WHERE ",
                $old,
                " LIMIT ?2)"
            ),
        )
    };
}

/// The statements of the plain kinds.
fn table(kind: Kept) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kept::Media => &[old_rows!("media", "message_id", "wanted_at < ?1")],
        Kept::Webhooks => &[old_rows!("kept_webhooks", "id", "received_at < ?1")],
        Kept::ProviderIds => &[old_rows!("provider_ids", "week, channel_id, provider_id", "week < ?1")],
        Kept::Idempotency => &[old_rows!("idempotency", "day, key", "day < ?1")],
        Kept::Sessions => &[
            old_rows!("sessions", "hash", "expires_at < ?1"),
            old_rows!("sign_in_links", "hash", "expires_at < ?1"),
        ],
        Kept::Signatures => &[old_rows!("seen_signatures", "hook_id, id", "expires_at < ?1")],
        Kept::DeadLetters => &[old_rows!("dead_letters", "message_id", "failed_at < ?1")],
        Kept::Contents | Kept::History | Kept::Deliveries | Kept::Events | Kept::Exchanges => &[],
    }
}

fn done_to(c: &Connection, kind: Kept) -> rusqlite::Result<i64> {
    let mut statement = c.prepare_cached("SELECT IFNULL(MAX(done_to), 0) FROM retention WHERE kind = ?1")?;
    statement.query_row([kind.word()], |r| r.get(0))
}

/// Messages after `from` up to the first one that is not old enough.
fn stretch(
    c: &Connection,
    from: i64,
    before: Timestamp,
    now: Timestamp,
    rows: i64,
) -> rusqlite::Result<Vec<Old>> {
    let mut statement = c.prepare_cached(
        "SELECT id, created_at, direction = 0 OR rank > 0 OR unknown = 1, blanked_at IS NOT NULL
         FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut found = statement.query(params![from, rows])?;
    let mut old = Vec::new();
    while let Some(r) = found.next()? {
        let message =
            Old { id: r.get(0)?, created_at: r.get(1)?, has_ended: r.get(2)?, is_blanked: r.get(3)? };
        if message.is_young(before, now) {
            break;
        }
        old.push(message);
    }
    Ok(old)
}

/// One step over messages in the order of their ids, from where the last one ended.
fn by_message(
    b: &Batch<'_>,
    kind: Kept,
    before: Timestamp,
    now: Timestamp,
    rows: usize,
) -> Result<Swept, StoreError> {
    let from = done_to(b.connection(), kind).map_err(fault)?;
    let old = stretch(b.connection(), from, before, now, limit(rows)).map_err(fault)?;
    let Some(to) = old.last().map(|message| message.id) else { return left(b, kind, now, rows) };
    let mut gone = 0;
    match kind {
        Kept::Contents => {
            for message in old.iter().filter(|message| !message.is_blanked) {
                // What still waits for its turn is about to be sent or to expire.
                match message.has_ended {
                    true => gone += blank(b, message.id, now)?,
                    false => leave(b, kind, message.id)?,
                }
            }
        }
        Kept::Deliveries => {
            for message in &old {
                match is_over(b.connection(), message.id).map_err(fault)? {
                    true => gone += part_with(b, message.id)?,
                    false => leave(b, kind, message.id)?,
                }
            }
        }
        _ => gone = forget(b, from, to)?,
    }
    b.execute(
        "INSERT INTO retention (kind, done_to) VALUES (?1, ?2) ON CONFLICT (kind) DO UPDATE SET done_to = ?2",
        params![kind.word(), to],
    )?;
    // Then come those that were passed by.
    Ok(Swept { rows: gone, more: old.len() == rows || kind != Kept::History })
}

/// An old message is passed by.
fn leave(b: &Batch<'_>, kind: Kept, message: i64) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO retention_left (kind, message_id) VALUES (?1, ?2)";
    b.execute(sql, params![kind.word(), message]).map(drop)
}

/// Messages that were passed by and have ended since; ?2 bounds them.
fn left_and_ended(kind: Kept) -> Option<&'static str> {
    match kind {
        Kept::Contents => Some(
            "SELECT m.id FROM retention_left l JOIN messages m ON m.id = l.message_id
             WHERE l.kind = ?1 AND (direction = 0 OR rank > 0 OR unknown = 1) LIMIT ?2",
        ),
        Kept::Deliveries => Some(
            "SELECT m.id FROM retention_left l JOIN messages m ON m.id = l.message_id
             WHERE l.kind = ?1 AND blanked_at IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.message_id = m.id AND p.state <> 5) LIMIT ?2",
        ),
        _ => None,
    }
}

/// One step over them.
fn left(b: &Batch<'_>, kind: Kept, now: Timestamp, rows: usize) -> Result<Swept, StoreError> {
    let Some(which) = left_and_ended(kind) else { return Ok(Swept::default()) };
    let ended = b.rows(which, params![kind.word(), limit(rows)], |r| r.get::<_, i64>(0))?;
    let mut gone = 0;
    for message in &ended {
        gone += if kind == Kept::Contents { blank(b, *message, now)? } else { part_with(b, *message)? };
        b.execute(
            "DELETE FROM retention_left WHERE kind = ?1 AND message_id = ?2",
            params![kind.word(), message],
        )?;
    }
    Ok(Swept { rows: gone, more: ended.len() == rows })
}

fn count_left(c: &Connection, kind: Kept) -> rusqlite::Result<u64> {
    if kind == Kept::Deliveries {
        let mut left = c.prepare_cached("SELECT message_id FROM retention_left WHERE kind = ?1")?;
        let left: Vec<i64> = left.query_map([kind.word()], |r| r.get(0))?.collect::<rusqlite::Result<_>>()?;
        return left.into_iter().map(|message| count_family(c, message)).sum();
    }
    let Some(which) = left_and_ended(kind) else { return Ok(0) };
    let count = format!("SELECT COUNT(*) FROM ({which})");
    c.query_row(&count, params![kind.word(), i64::MAX], |r| r.get::<_, i64>(0)).map(i64::unsigned_abs)
}

/// Whether a message was blanked, and nothing of it is under way or unknown.
fn is_over(c: &Connection, message: i64) -> rusqlite::Result<bool> {
    let mut statement = c.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM messages WHERE id = ?1 AND blanked_at IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM parts WHERE message_id = ?1 AND state <> 5)",
    )?;
    statement.query_row([message], |r| r.get(0))
}

/// What [`part_with`] would tell once the message is blanked.
fn count_family(c: &Connection, message: i64) -> rusqlite::Result<u64> {
    let mut statement = c.prepare_cached(
        "SELECT (SELECT COUNT(*) FROM parts WHERE message_id = m.id)
              + (SELECT COUNT(*) FROM deliveries WHERE message_id = m.id)
         FROM messages m WHERE id = ?1 AND (blanked_at IS NOT NULL OR direction = 0 OR rank > 0 OR unknown = 1)
           AND NOT EXISTS (SELECT 1 FROM parts WHERE message_id = m.id AND state <> 5)",
    )?;
    Ok(statement.query_row([message], |r| r.get::<_, i64>(0)).optional()?.unwrap_or(0).unsigned_abs())
}

/// The family of a message goes, but for the message itself. Told are parts and deliveries; besides go
/// receipts and attempts that came after the history had gone.
fn part_with(b: &Batch<'_>, message: i64) -> Result<u64, StoreError> {
    // The provider's id is the message's too, and stands there in the part's row.
    b.execute(
        "UPDATE bodies SET provider_id = IFNULL(provider_id, (SELECT p.provider_id FROM messages m
           JOIN parts p ON p.message_id = m.id AND p.delivery = m.delivery AND p.part = 1 WHERE m.id = ?1))
         WHERE message_id = ?1",
        [message],
    )?;
    let mut gone = 0;
    for remove in ["DELETE FROM parts WHERE message_id = ?1", "DELETE FROM deliveries WHERE message_id = ?1"]
    {
        gone += b.execute(remove, [message])? as u64;
    }
    for remove in ["DELETE FROM attempts WHERE message_id = ?1", "DELETE FROM receipts WHERE message_id = ?1"]
    {
        b.execute(remove, [message])?;
    }
    Ok(gone)
}

/// What a message said goes: content, renderings, the words of failures. Who, when and how far stay.
pub(in crate::sqlite) fn blank(b: &Batch<'_>, message: i64, now: Timestamp) -> Result<u64, StoreError> {
    let error = b
        .row("SELECT error FROM messages WHERE id = ?1", [message], |r| r.get::<_, Option<String>>(0))?
        .flatten();
    let blanked = b.execute(
        "UPDATE messages SET error = ?2, blanked_at = ?3 WHERE id = ?1 AND blanked_at IS NULL",
        params![message, error.as_deref().map(bare), now.0],
    )?;
    b.execute(
        "UPDATE bodies SET content = ?2, resolved = NULL WHERE message_id = ?1",
        params![message, BLANK],
    )?;
    // What it brought goes with it; the file goes with the next sweep of the folder.
    b.execute("DELETE FROM media WHERE message_id = ?1", [message])?;
    for (select, update) in WORDS {
        for words in b.rows(select, [message], |r| r.get::<_, String>(0))? {
            b.execute(update, params![message, words, bare(&words)])?;
        }
    }
    exhume(b, MessageId(message))?;
    Ok(blanked as u64)
}

/// Where else words of failures stand: how they are found, and replaced.
const WORDS: [(&str, &str); 3] = [
    (
        "SELECT DISTINCT failure FROM attempts WHERE message_id = ?1 AND failure IS NOT NULL",
        "UPDATE attempts SET failure = ?3 WHERE message_id = ?1 AND failure = ?2",
    ),
    (
        "SELECT DISTINCT failure FROM receipts WHERE message_id = ?1 AND failure IS NOT NULL",
        "UPDATE receipts SET failure = ?3 WHERE message_id = ?1 AND failure = ?2",
    ),
    (
        "SELECT DISTINCT withdrawn FROM deliveries WHERE message_id = ?1 AND withdrawn IS NOT NULL",
        "UPDATE deliveries SET withdrawn = ?3 WHERE message_id = ?1 AND withdrawn = ?2",
    ),
];

/// The history of a stretch of messages: how much there is, and how it goes. An attempt that was sent stands in its
/// part's own row, which stays.
const HISTORY: [(&str, &str); 3] = [
    (
        "SELECT COUNT(*) FROM attempts WHERE message_id > ?1 AND message_id <= ?2",
        "DELETE FROM attempts WHERE message_id > ?1 AND message_id <= ?2",
    ),
    (
        "SELECT COUNT(*) FROM receipts WHERE message_id > ?1 AND message_id <= ?2",
        "DELETE FROM receipts WHERE message_id > ?1 AND message_id <= ?2",
    ),
    (
        "SELECT COUNT(*) FROM parts WHERE message_id > ?1 AND message_id <= ?2 AND ended_at IS NOT NULL",
        "UPDATE parts SET begun_at = NULL, ended_at = NULL, http_status = NULL
         WHERE message_id > ?1 AND message_id <= ?2 AND ended_at IS NOT NULL",
    ),
];

/// Attempts and receipts go.
fn forget(b: &Batch<'_>, from: i64, to: i64) -> Result<u64, StoreError> {
    let mut gone = 0;
    for (_, remove) in HISTORY {
        gone += b.execute(remove, params![from, to])? as u64;
    }
    Ok(gone)
}

fn count_history(c: &Connection, from: i64, to: i64) -> rusqlite::Result<u64> {
    let counts =
        HISTORY.iter().map(|(count, _)| c.query_row(count, params![from, to], |r| r.get::<_, i64>(0)));
    counts.sum::<rusqlite::Result<i64>>().map(i64::unsigned_abs)
}

/// Up to where every follower has seen a workspace's feed.
const FOLLOWED: &str = "SELECT workspace_id, MIN(projected, IFNULL(
    (SELECT MIN(position) FROM subscriptions s WHERE s.workspace_id = feeds.workspace_id), projected)) FROM feeds";

fn events(b: &Batch<'_>, before: Timestamp, rows: usize) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    let followed = b.rows(FOLLOWED, [], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?)))?;
    for (workspace, followed) in followed {
        let oldest = b.rows(
            "SELECT seq, at FROM events WHERE workspace_id = ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3",
            params![workspace, followed, limit(rows)],
            |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?)),
        )?;
        let old = oldest.iter().take_while(|(_, at)| *at < before.0);
        let Some((to, _)) = old.last() else { continue };
        let gone =
            b.execute("DELETE FROM events WHERE workspace_id = ?1 AND seq <= ?2", params![workspace, to])?;
        swept.rows += gone as u64;
        swept.more |= gone >= rows;
    }
    Ok(swept)
}

fn count_events(c: &Connection, before: Timestamp) -> rusqlite::Result<u64> {
    let mut statement = c.prepare(FOLLOWED)?;
    let followed: Vec<(i64, i64)> =
        statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let mut count = 0;
    for (workspace, followed) in followed {
        let mut statement =
            c.prepare_cached("SELECT at FROM events WHERE workspace_id = ?1 AND seq <= ?2 ORDER BY seq")?;
        let mut rows = statement.query(params![workspace, followed])?;
        while let Some(row) = rows.next()?
            && row.get::<_, i64>(0)? < before.0
        {
            count += 1;
        }
    }
    Ok(count)
}

fn dead_letters(b: &Batch<'_>, before: Timestamp, rows: usize) -> Result<Swept, StoreError> {
    let old = b.rows(
        "SELECT message_id FROM dead_letters WHERE failed_at < ?1 ORDER BY message_id LIMIT ?2",
        params![before.0, limit(rows)],
        |r| r.get(0).map(MessageId),
    )?;
    for message in &old {
        exhume(b, *message)?;
    }
    Ok(Swept { rows: old.len() as u64, more: old.len() == rows })
}
