//! Removing what is old: from the old end, a few hundred rows a step, as transactions beside the writer's.
//!
//! What is old is not written any more, so that the writers of all nodes hardly ever meet these steps. A row
//! for each kind lets one node at a time go on.

use super::dead_letters::exhume;
use crate::error::StoreError;
use crate::exchanges::BLOCK;
use crate::postgres::PgStore;
use crate::postgres::background::Tx;
use crate::postgres::fault::Fail;
use crate::postgres::rows::limit;
use crate::upkeep::*;
use async_trait::async_trait;
use chaski_model::Timestamp;
use tokio_postgres::Row;

/// Messages that one read of a dry run looks at.
const PAGE: i64 = 5000;

const PLACE: &str = "INSERT INTO retention (kind, done_to) VALUES ($1, 0) ON CONFLICT DO NOTHING";
const DONE_TO: &str = "SELECT done_to FROM retention WHERE kind = $1";
const GO_ON: &str = "SELECT done_to FROM retention WHERE kind = $1 FOR UPDATE";
const MOVE_ON: &str = "UPDATE retention SET done_to = $2 WHERE kind = $1";
const STRETCH: &str = "SELECT id, created_at, direction = 0 OR rank > 0 OR unknown, blanked_at IS NOT NULL
    FROM messages WHERE id > $1 ORDER BY id LIMIT $2::int8";
/// What a person sends again meanwhile is not blanked.
const LOCK: &str = "SELECT id, error FROM messages
    WHERE id = ANY($1::int8[]) AND (direction = 0 OR rank > 0 OR unknown) AND blanked_at IS NULL ORDER BY id FOR UPDATE";
const BLANKED: &str = "UPDATE messages m SET content = $3, resolved = NULL, error = u.error, blanked_at = $4
    FROM UNNEST($1::int8[], $2::text[]) AS u(id, error) WHERE m.id = u.id";
/// Where else words of failures stand: how they are found, and replaced.
const WORDS: [(&str, &str); 3] = [
    (
        "SELECT message_id, failure FROM attempts WHERE message_id = ANY($1::int8[]) AND failure IS NOT NULL
         GROUP BY message_id, failure ORDER BY message_id",
        "UPDATE attempts t SET failure = u.bare FROM UNNEST($1::int8[], $2::text[], $3::text[]) AS u(message, words, bare)
         WHERE t.message_id = u.message AND t.failure = u.words",
    ),
    (
        "SELECT message_id, failure FROM receipts WHERE message_id = ANY($1::int8[]) AND failure IS NOT NULL
         GROUP BY message_id, failure ORDER BY message_id",
        "UPDATE receipts t SET failure = u.bare FROM UNNEST($1::int8[], $2::text[], $3::text[]) AS u(message, words, bare)
         WHERE t.message_id = u.message AND t.failure = u.words",
    ),
    (
        "SELECT message_id, withdrawn FROM deliveries WHERE message_id = ANY($1::int8[]) AND withdrawn IS NOT NULL
         GROUP BY message_id, withdrawn ORDER BY message_id",
        "UPDATE deliveries t SET withdrawn = u.bare FROM UNNEST($1::int8[], $2::text[], $3::text[]) AS u(message, words, bare)
         WHERE t.message_id = u.message AND t.withdrawn = u.words",
    ),
];
/// Old messages that were passed by, and those of them that have ended since.
const LEAVE: &str =
    "INSERT INTO retention_left (kind, message_id) SELECT $1, UNNEST($2::int8[]) ON CONFLICT DO NOTHING";
const LEFT: &str = "SELECT message_id FROM retention_left WHERE kind = $1 ORDER BY message_id";
const LEFT_NO_MORE: &str = "DELETE FROM retention_left WHERE kind = $1 AND message_id = ANY($2::int8[])";
const LEFT_TO_BLANK: &str = "SELECT m.id FROM retention_left l JOIN messages m ON m.id = l.message_id
    WHERE l.kind = $1 AND (direction = 0 OR rank > 0 OR unknown) ORDER BY m.id LIMIT $2::int8";
const LEFT_TO_PART_WITH: &str = "SELECT m.id FROM retention_left l JOIN messages m ON m.id = l.message_id
    WHERE l.kind = $1 AND blanked_at IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.message_id = m.id AND p.state <> 5) ORDER BY m.id LIMIT $2::int8";
const COUNT_TO_BLANK: &str = "SELECT COUNT(*) FROM messages
    WHERE id = ANY($1::int8[]) AND (direction = 0 OR rank > 0 OR unknown) AND blanked_at IS NULL";
/// Blanked messages of which nothing is under way or unknown.
const OVER: &str = "SELECT id FROM messages m WHERE id = ANY($1::int8[]) AND blanked_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.message_id = m.id AND p.state <> 5) ORDER BY id FOR UPDATE";
/// The same, and those that will have been blanked by then.
const COUNT_FAMILY: &str = "WITH m AS (SELECT id FROM messages m WHERE id = ANY($1::int8[])
      AND (blanked_at IS NOT NULL OR direction = 0 OR rank > 0 OR unknown)
      AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.message_id = m.id AND p.state <> 5))
    SELECT (SELECT COUNT(*) FROM parts WHERE message_id IN (SELECT id FROM m))
         + (SELECT COUNT(*) FROM deliveries WHERE message_id IN (SELECT id FROM m))";
/// What is told of a family's removal, and what goes besides: receipts and attempts that came late.
const FAMILY: [&str; 2] = [
    "DELETE FROM parts WHERE message_id = ANY($1::int8[])",
    "DELETE FROM deliveries WHERE message_id = ANY($1::int8[])",
];
const LATE: [&str; 2] = [
    "DELETE FROM attempts WHERE message_id = ANY($1::int8[])",
    "DELETE FROM receipts WHERE message_id = ANY($1::int8[])",
];
/// The history of a stretch of messages: how much there is, and how it goes.
const HISTORY: [(&str, &str); 2] = [
    (
        "SELECT COUNT(*) FROM attempts WHERE message_id > $1 AND message_id <= $2",
        "DELETE FROM attempts WHERE message_id > $1 AND message_id <= $2",
    ),
    (
        "SELECT COUNT(*) FROM receipts WHERE message_id > $1 AND message_id <= $2",
        "DELETE FROM receipts WHERE message_id > $1 AND message_id <= $2",
    ),
];
/// Whole blocks of exchanges, and what points to them.
const COUNT_EXCHANGES: &str =
    "SELECT COALESCE(SUM(CARDINALITY(messages)), 0)::int8 FROM exchange_blocks WHERE at < $1";
const OLD_BLOCKS: &str = "DELETE FROM exchange_blocks WHERE id IN
    (SELECT id FROM exchange_blocks WHERE at < $1 ORDER BY at LIMIT $2::int8) RETURNING id, messages";
const OF_BLOCKS: &str =
    "DELETE FROM exchanges WHERE message_id = ANY($1::int8[]) AND block = ANY($2::int8[])";
/// Up to where every follower has seen a workspace's feed.
const FOLLOWED: &str = "SELECT f.workspace_id, LEAST(COALESCE(p.projected, 0),
      (SELECT MIN(position) FROM subscriptions s WHERE s.workspace_id = f.workspace_id))
    FROM feeds f LEFT JOIN projections p ON p.workspace_id = f.workspace_id ORDER BY f.workspace_id";
const OLDEST_EVENTS: &str =
    "SELECT seq, at FROM events WHERE workspace_id = $1 AND seq <= $2 ORDER BY seq LIMIT $3::int8";
const OLD_EVENTS: &str = "DELETE FROM events WHERE workspace_id = $1 AND seq <= $2";
const COUNT_EVENTS: &str = "SELECT COUNT(*) FROM events WHERE workspace_id = $1 AND seq <= $2
    AND seq < COALESCE((SELECT seq FROM events WHERE workspace_id = $1 AND seq <= $2 AND at >= $3 ORDER BY seq LIMIT 1), $2 + 1)";
const OLD_LETTERS: &str =
    "SELECT message_id FROM dead_letters WHERE failed_at < $1 ORDER BY message_id LIMIT $2::int8";
/// Causes that nothing failed of any more.
const OLD_CAUSES: &str = "DELETE FROM dead_letter_causes WHERE (workspace_id, channel_id, code, provider_code) IN
    (SELECT workspace_id, channel_id, code, provider_code FROM dead_letter_causes WHERE messages <= 0 FOR UPDATE SKIP LOCKED)";

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
                " LIMIT $2::int8)"
            ),
        )
    };
}

/// The statements of the plain kinds.
fn table(kind: Kept) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kept::Media => &[old_rows!("media", "message_id", "wanted_at < $1")],
        Kept::Webhooks => &[old_rows!("kept_webhooks", "id", "received_at < $1")],
        Kept::ProviderIds => &[old_rows!("provider_ids", "week, channel_id, provider_id", "week < $1")],
        Kept::Idempotency => &[old_rows!("idempotency", "day, key", "day < $1")],
        Kept::Sessions => &[
            old_rows!("sessions", "hash", "expires_at < $1"),
            old_rows!("sign_in_links", "hash", "expires_at < $1"),
        ],
        Kept::Signatures => &[old_rows!("seen_signatures", "hook_id, id", "expires_at < $1")],
        Kept::DeadLetters => &[old_rows!("dead_letters", "message_id", "failed_at < $1")],
        Kept::Contents | Kept::History | Kept::Deliveries | Kept::Events | Kept::Exchanges => &[],
    }
}

#[async_trait]
impl Retention for PgStore {
    async fn sweep(
        &self,
        kind: Kept,
        before: Timestamp,
        now: Timestamp,
        limit: usize,
    ) -> Result<Swept, StoreError> {
        self.transact(move |tx| Box::pin(sweep(tx, kind, before, now, limit))).await
    }

    async fn removable(&self, kind: Kept, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        match kind {
            Kept::Contents | Kept::History | Kept::Deliveries => {
                self.removable_by_message(kind, before, now).await
            }
            Kept::Events => {
                let mut count = 0;
                for row in self.reads().rows(FOLLOWED, &[]).await? {
                    let (workspace, followed): (i64, i64) = (row.get(0), row.get(1));
                    count += self.count(COUNT_EVENTS, &[&workspace, &followed, &before.0]).await?;
                }
                Ok(count)
            }
            Kept::Exchanges => self.count(COUNT_EXCHANGES, &[&before.0]).await,
            _ => {
                let mut count = 0;
                for (sql, _) in table(kind) {
                    count += self.count(sql, &[&bound(kind, before)]).await?;
                }
                Ok(count)
            }
        }
    }

    /// The database gives room back to itself.
    async fn compact(&self, _pages: u32) -> Result<u32, StoreError> {
        Ok(0)
    }
}

impl PgStore {
    async fn count(
        &self,
        sql: &'static str,
        values: crate::postgres::connect::Params<'_>,
    ) -> Result<u64, StoreError> {
        Ok(self.reads().row(sql, values).await?.map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()))
    }

    async fn removable_by_message(
        &self,
        kind: Kept,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut from: i64 = self.reads().row(DONE_TO, &[&kind.word()]).await?.map_or(0, |row| row.get(0));
        let left = self.reads().rows(LEFT, &[&kind.word()]).await?;
        let left: Vec<i64> = left.iter().map(|row| row.get(0)).collect();
        let mut total = match kind {
            Kept::Contents => self.count(COUNT_TO_BLANK, &[&left]).await?,
            Kept::Deliveries => self.count(COUNT_FAMILY, &[&left]).await?,
            _ => 0,
        };
        loop {
            let old = stretch(&self.reads().rows(STRETCH, &[&from, &PAGE]).await?, before, now);
            let Some(to) = old.last().map(|message| message.id) else { return Ok(total) };
            if kind == Kept::Contents {
                total += old.iter().filter(|m| m.has_ended && !m.is_blanked).count() as u64;
            } else if kind == Kept::Deliveries {
                total += self.count(COUNT_FAMILY, &[&ids(&old)]).await?;
            } else {
                for (sql, _) in HISTORY {
                    total += self.count(sql, &[&from, &to]).await?;
                }
            }
            if limit(old.len()) < PAGE {
                return Ok(total);
            }
            from = to;
        }
    }
}

async fn sweep(
    tx: &mut Tx,
    kind: Kept,
    before: Timestamp,
    now: Timestamp,
    rows: usize,
) -> Result<Swept, Fail> {
    match kind {
        Kept::Contents => by_message(tx, kind, before, now, rows).await,
        // A message has a few of each.
        Kept::History | Kept::Deliveries => by_message(tx, kind, before, now, rows.div_ceil(4)).await,
        Kept::Events => events(tx, before, rows).await,
        Kept::Exchanges => exchanges(tx, before, rows).await,
        Kept::DeadLetters => dead_letters(tx, before, rows).await,
        _ => {
            let mut swept = Swept::default();
            for (_, delete) in table(kind) {
                let gone = tx.execute(delete, &[&bound(kind, before), &limit(rows)]).await?;
                swept.rows += gone;
                swept.more |= gone >= rows as u64;
            }
            Ok(swept)
        }
    }
}

/// Messages up to the first one that is not old enough.
fn stretch(rows: &[Row], before: Timestamp, now: Timestamp) -> Vec<Old> {
    let message = |row: &Row| Old {
        id: row.get(0),
        created_at: row.get(1),
        has_ended: row.get(2),
        is_blanked: row.get(3),
    };
    rows.iter().map(message).take_while(|message| !message.is_young(before, now)).collect()
}

/// One step over messages in the order of their ids, from where the last one ended.
async fn by_message(
    tx: &Tx,
    kind: Kept,
    before: Timestamp,
    now: Timestamp,
    rows: usize,
) -> Result<Swept, Fail> {
    tx.execute(PLACE, &[&kind.word()]).await?;
    let from: i64 = tx.row(GO_ON, &[&kind.word()]).await?.map_or(0, |row| row.get(0));
    let old = stretch(&tx.rows(STRETCH, &[&from, &limit(rows)]).await?, before, now);
    let Some(to) = old.last().map(|message| message.id) else { return left(tx, kind, now, rows).await };
    let gone = match kind {
        Kept::Contents => {
            // What still waits for its turn is about to be sent or to expire.
            let waiting: Vec<i64> = old.iter().filter(|m| !m.has_ended).map(|m| m.id).collect();
            tx.execute(LEAVE, &[&kind.word(), &waiting]).await?;
            blank(tx, &ids(&old), now).await?
        }
        Kept::Deliveries => {
            let over = tx.rows(OVER, &[&ids(&old)]).await?;
            let over: Vec<i64> = over.iter().map(|row| row.get(0)).collect();
            let rest: Vec<i64> = ids(&old).into_iter().filter(|id| over.binary_search(id).is_err()).collect();
            tx.execute(LEAVE, &[&kind.word(), &rest]).await?;
            part_with(tx, &over).await?
        }
        _ => forget(tx, from, to).await?,
    };
    tx.execute(MOVE_ON, &[&kind.word(), &to]).await?;
    // Then come those that were passed by.
    Ok(Swept { rows: gone, more: old.len() == rows || kind != Kept::History })
}

fn ids(old: &[Old]) -> Vec<i64> {
    old.iter().map(|message| message.id).collect()
}

/// One step over messages that were passed by and have ended since.
async fn left(tx: &Tx, kind: Kept, now: Timestamp, rows: usize) -> Result<Swept, Fail> {
    let which = match kind {
        Kept::Contents => LEFT_TO_BLANK,
        Kept::Deliveries => LEFT_TO_PART_WITH,
        _ => return Ok(Swept::default()),
    };
    let ended = tx.rows(which, &[&kind.word(), &limit(rows)]).await?;
    let ended: Vec<i64> = ended.iter().map(|row| row.get(0)).collect();
    tx.execute(LEFT_NO_MORE, &[&kind.word(), &ended]).await?;
    let gone = match kind {
        Kept::Contents => blank(tx, &ended, now).await?,
        _ => part_with(tx, &ended).await?,
    };
    Ok(Swept { rows: gone, more: ended.len() == rows })
}

/// The families of these messages go, but for the messages themselves.
async fn part_with(tx: &Tx, messages: &[i64]) -> Result<u64, Fail> {
    if messages.is_empty() {
        return Ok(0);
    }
    let mut gone = 0;
    for remove in FAMILY {
        gone += tx.execute(remove, &[&messages]).await?;
    }
    for remove in LATE {
        tx.execute(remove, &[&messages]).await?;
    }
    Ok(gone)
}

/// What messages said goes: content, renderings, the words of failures. Who, when and how far stay.
pub(in crate::postgres) async fn blank(tx: &Tx, messages: &[i64], now: Timestamp) -> Result<u64, Fail> {
    let locked = tx.rows(LOCK, &[&messages]).await?;
    if locked.is_empty() {
        return Ok(0);
    }
    let ids: Vec<i64> = locked.iter().map(|row| row.get(0)).collect();
    let errors: Vec<Option<String>> =
        locked.iter().map(|row| row.get::<_, Option<&str>>(1).and_then(bare)).collect();
    tx.execute(BLANKED, &[&ids, &errors, &BLANK, &now.0]).await?;
    // What they brought goes with them; the files go with the next sweep of the folder.
    tx.execute("DELETE FROM media WHERE message_id = ANY($1::int8[])", &[&ids]).await?;
    for (select, update) in WORDS {
        let found = tx.rows(select, &[&ids]).await?;
        if found.is_empty() {
            continue;
        }
        let messages: Vec<i64> = found.iter().map(|row| row.get(0)).collect();
        let words: Vec<&str> = found.iter().map(|row| row.get(1)).collect();
        let bare: Vec<Option<String>> = words.iter().map(|words| bare(words)).collect();
        tx.execute(update, &[&messages, &words, &bare]).await?;
    }
    exhume(tx, &ids).await?;
    Ok(ids.len() as u64)
}

/// Attempts and receipts go.
async fn forget(tx: &Tx, from: i64, to: i64) -> Result<u64, Fail> {
    let mut gone = 0;
    for (_, remove) in HISTORY {
        gone += tx.execute(remove, &[&from, &to]).await?;
    }
    Ok(gone)
}

async fn events(tx: &Tx, before: Timestamp, rows: usize) -> Result<Swept, Fail> {
    let mut swept = Swept::default();
    for row in tx.rows(FOLLOWED, &[]).await? {
        let (workspace, followed): (i64, i64) = (row.get(0), row.get(1));
        let oldest = tx.rows(OLDEST_EVENTS, &[&workspace, &followed, &limit(rows)]).await?;
        let old = oldest.iter().take_while(|row| row.get::<_, i64>(1) < before.0);
        let Some(to) = old.last().map(|row| row.get::<_, i64>(0)) else { continue };
        let gone = tx.execute(OLD_EVENTS, &[&workspace, &to]).await?;
        swept.rows += gone;
        swept.more |= gone >= rows as u64;
    }
    Ok(swept)
}

async fn exchanges(tx: &Tx, before: Timestamp, rows: usize) -> Result<Swept, Fail> {
    let blocks = rows.div_ceil(BLOCK);
    let old = tx.rows(OLD_BLOCKS, &[&before.0, &limit(blocks)]).await?;
    let ids: Vec<i64> = old.iter().map(|row| row.get(0)).collect();
    let messages: Vec<i64> = old.iter().flat_map(|row| row.get::<_, Vec<i64>>(1)).collect();
    tx.execute(OF_BLOCKS, &[&messages, &ids]).await?;
    Ok(Swept { rows: messages.len() as u64, more: old.len() == blocks })
}

async fn dead_letters(tx: &Tx, before: Timestamp, rows: usize) -> Result<Swept, Fail> {
    let old: Vec<i64> =
        tx.rows(OLD_LETTERS, &[&before.0, &limit(rows)]).await?.iter().map(|row| row.get(0)).collect();
    exhume(tx, &old).await?;
    let more = old.len() == rows;
    if !more {
        tx.execute(OLD_CAUSES, &[]).await?;
    }
    Ok(Swept { rows: old.len() as u64, more })
}
