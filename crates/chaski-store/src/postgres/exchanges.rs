//! The log of exchanges in the database: blocks that any node reads. One task writes them on a
//! connection of its own, a block in one statement, and waits for no disk.

use super::PgStore;
use super::connect::{Conn, Target};
use super::fault::Fail;
use crate::error::StoreError;
use crate::exchanges::{
    BLOCK, Entry, Exchange, ExchangeLog, FLUSH_WITHIN, GATHER, WAITING, dropped, pack, unpack,
};
use async_trait::async_trait;
use chaski_model::{PartRef, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

/// How often a block is tried, and how long after a failure.
const TRIES: u32 = 3;
const BETWEEN_TRIES: Duration = Duration::from_millis(200);

/// A block and what points to it.
pub(super) const WRITE: &str = "WITH b AS (INSERT INTO exchange_blocks (at, messages, body) VALUES ($1, $2::int8[], $7) RETURNING id)
    INSERT INTO exchanges (message_id, delivery, part, attempt, block, place)
    SELECT u.message, u.delivery, u.part, u.attempt, b.id, u.place
    FROM b, UNNEST($2::int8[], $3::int4[], $4::int4[], $5::int4[], $6::int4[]) AS u(message, delivery, part, attempt, place)
    ON CONFLICT (message_id, delivery, part, attempt) DO UPDATE SET block = excluded.block, place = excluded.place";
const READ: &str = "SELECT b.body, e.place FROM exchanges e JOIN exchange_blocks b ON b.id = e.block
    WHERE e.message_id = $1 AND e.delivery = $2 AND e.part = $3 AND e.attempt = $4";

#[async_trait]
impl ExchangeLog for PgStore {
    fn note_exchange(&self, part: PartRef, attempt: u16, at: Timestamp, exchange: Exchange) {
        self.inner.exchanges.note(Entry { part, attempt, at, exchange });
    }

    async fn exchange(
        &self,
        part: PartRef,
        attempt: u16,
        _at: Timestamp,
    ) -> Result<Option<Exchange>, StoreError> {
        self.inner.exchanges.flush().await;
        let (delivery, number) = (i32::from(part.delivery), i32::from(part.part));
        let key: super::connect::Params<'_> = &[&part.message.0, &delivery, &number, &i32::from(attempt)];
        let Some(row) = self.reads().row(READ, key).await? else { return Ok(None) };
        unpack(row.get(0), usize::try_from(row.get::<_, i32>(1)).unwrap_or(usize::MAX))
    }
}

enum Note {
    Entry(Box<Entry>),
    /// Write what has gathered, then say so.
    Flush(oneshot::Sender<()>),
}

/// What is noted on this node.
pub(super) struct Log {
    notes: mpsc::Sender<Note>,
}

impl Log {
    /// Starts the task; it ends when the log is dropped, once it has written what waits.
    pub(super) fn start(target: Target) -> Self {
        let (notes, waiting) = mpsc::channel(WAITING);
        tokio::spawn(write_all(target, waiting));
        Self { notes }
    }

    fn note(&self, entry: Entry) {
        if self.notes.try_send(Note::Entry(Box::new(entry))).is_err() {
            dropped(1);
        }
    }

    /// Waits until what was noted is written.
    pub(super) async fn flush(&self) {
        let (told, written) = oneshot::channel();
        let flushed = async {
            if self.notes.send(Note::Flush(told)).await.is_ok() {
                let _ = written.await;
            }
        };
        let _ = timeout(FLUSH_WITHIN, flushed).await;
    }
}

async fn write_all(target: Target, mut waiting: mpsc::Receiver<Note>) {
    let mut conn = None;
    while let Some(first) = waiting.recv().await {
        // What comes within a moment is written together; whoever wants to read waits as long.
        sleep(GATHER).await;
        let (mut entries, mut told) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(note) = next {
            match note {
                Note::Entry(entry) => entries.push(*entry),
                Note::Flush(reader) => told.push(reader),
            }
            next = if entries.len() < WAITING { waiting.try_recv().ok() } else { None };
        }
        for block in entries.chunks(BLOCK) {
            keep(&target, &mut conn, block).await;
        }
        for reader in told {
            // It may have given up.
            let _ = reader.send(());
        }
    }
}

/// Writes a block, if need be on a new connection; what cannot be written is dropped and counted.
async fn keep(target: &Target, conn: &mut Option<Conn>, block: &[Entry]) {
    let mut tries = 1;
    while let Err(fail) = write(target, conn, block).await {
        *conn = None;
        if tries >= TRIES {
            let cause = fail.into_error();
            tracing::warn!(%cause, entries = block.len(), "exchanges could not be written");
            return dropped(block.len());
        }
        tries += 1;
        sleep(BETWEEN_TRIES).await;
    }
}

async fn write(target: &Target, conn: &mut Option<Conn>, block: &[Entry]) -> Result<(), Fail> {
    let conn = match conn {
        Some(conn) => conn,
        none => none.insert(connect(target).await?),
    };
    // An attempt that was noted twice is told by the later note: a row can be written once in a statement.
    let entries = (0_i32..).zip(block);
    let places: BTreeMap<(PartRef, u16), i32> =
        entries.map(|(place, entry)| ((entry.part, entry.attempt), place)).collect();
    let messages: Vec<i64> = places.keys().map(|(part, _)| part.message.0).collect();
    let deliveries: Vec<i32> = places.keys().map(|(part, _)| i32::from(part.delivery)).collect();
    let parts: Vec<i32> = places.keys().map(|(part, _)| i32::from(part.part)).collect();
    let attempts: Vec<i32> = places.keys().map(|(_, attempt)| i32::from(*attempt)).collect();
    let places: Vec<i32> = places.into_values().collect();
    let at = block.iter().map(|entry| entry.at.0).max().unwrap_or_default();
    conn.execute(WRITE, &[&at, &messages, &deliveries, &parts, &attempts, &places, &pack(block)]).await?;
    Ok(())
}

async fn connect(target: &Target) -> Result<Conn, Fail> {
    let conn = target.connect(&[WRITE]).await?;
    conn.command("SET synchronous_commit = off").await?;
    Ok(conn)
}
