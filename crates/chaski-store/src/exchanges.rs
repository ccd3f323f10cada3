//! What was said to and by providers, redacted: one file for each week, compressed.
//!
//! These are for people to look at, so they are written with less care than messages: by a thread
//! of their own, without waiting for the disk, and dropped (and counted) when it cannot keep up. What
//! came within a moment is compressed together, in a block that each of its exchanges points to.
//! Retention is deleting a file.

use crate::error::StoreError;
use chaski_model::{PartRef, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

const WEEK_MS: i64 = 7 * 86_400_000;
/// Exchanges that may wait for the thread.
const WAITING: usize = 1024;
/// How long a block gathers, and the most exchanges in it.
const GATHER: Duration = Duration::from_millis(20);
const BLOCK: usize = 64;
/// How long a reader waits for what has not been written yet.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);
/// The most of one body that is kept.
pub const BODY_KEPT: usize = 16 * 1024;

/// One call to a provider and its answer, secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// GET, POST, …
    pub method: String,
    /// The address.
    pub url: String,
    /// Headers as sent; credentials are masked.
    pub headers: Vec<(String, String)>,
    /// The body as sent.
    pub body: String,
    /// The HTTP status; absent when no answer came.
    pub status: Option<u16>,
    /// The body of the answer, or why there was none.
    pub response: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

enum Note {
    Entry(Box<Entry>),
    /// Write what has gathered, then say so.
    Flush(SyncSender<()>),
}

struct Entry {
    part: PartRef,
    attempt: u16,
    at: Timestamp,
    exchange: Exchange,
}

/// The log of exchanges of a folder.
#[derive(Clone)]
pub struct Exchanges {
    folder: PathBuf,
    notes: SyncSender<Note>,
}

impl Exchanges {
    /// Starts the log of a folder.
    pub fn open(folder: &Path) -> Self {
        let (notes, waiting) = sync_channel(WAITING);
        let of_thread = folder.to_owned();
        let started = std::thread::Builder::new()
            .name("exchanges".into())
            .spawn(move || write_all(&of_thread, &waiting));
        if let Err(cause) = started {
            tracing::error!(%cause, "no thread for the log of exchanges");
        }
        Self { folder: folder.to_owned(), notes }
    }

    /// Notes an exchange; never waits.
    pub fn note(&self, part: PartRef, attempt: u16, at: Timestamp, exchange: Exchange) {
        if self.notes.try_send(Note::Entry(Box::new(Entry { part, attempt, at, exchange }))).is_err() {
            metrics::counter!("chaski_exchanges_dropped_total").increment(1);
        }
    }

    /// Reads the exchange of an attempt that began at a time.
    ///
    /// # Errors
    /// The week's file cannot be read.
    pub fn read(&self, part: PartRef, attempt: u16, at: Timestamp) -> Result<Option<Exchange>, StoreError> {
        let (told, written) = sync_channel(1);
        if self.notes.send(Note::Flush(told)).is_ok() {
            let _ = written.recv_timeout(FLUSH_WITHIN);
        }
        let path = file(&self.folder, at);
        if !path.exists() {
            return Ok(None);
        }
        let found = Connection::open(path)
            .and_then(|c| {
                c.query_row(
                    "SELECT b.body, e.place FROM exchanges e JOIN blocks b ON b.id = e.block
                     WHERE e.message_id = ?1 AND e.delivery = ?2 AND e.part = ?3 AND e.attempt = ?4",
                    params![part.message.0, part.delivery, part.part, attempt],
                    |r| Ok((r.get::<_, Vec<u8>>(0)?, usize::from(r.get::<_, u16>(1)?))),
                )
                .optional()
            })
            .map_err(|e| StoreError::Fault(e.to_string()))?;
        let Some((packed, place)) = found else { return Ok(None) };
        let json =
            lz4_flex::decompress_size_prepended(&packed).map_err(|e| StoreError::Fault(e.to_string()))?;
        let mut block: Vec<Exchange> =
            serde_json::from_slice(&json).map_err(|e| StoreError::Fault(e.to_string()))?;
        Ok((place < block.len()).then(|| block.swap_remove(place)))
    }

    /// The files of weeks that ended before a moment, oldest first.
    fn old(&self, before: Timestamp) -> Vec<PathBuf> {
        let week_of = |path: &Path| {
            let name = path.file_name()?.to_str()?;
            name.strip_prefix("exchanges-")?.strip_suffix(".db")?.parse::<i64>().ok()
        };
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut old: Vec<(i64, PathBuf)> = files
            .filter_map(|path| Some((week_of(&path)?, path)))
            .filter(|(week, _)| (week + 1).saturating_mul(WEEK_MS) <= before.0)
            .collect();
        old.sort();
        old.into_iter().map(|(_, path)| path).collect()
    }

    /// How many weeks [`sweep`](Self::sweep) would remove.
    pub fn removable(&self, before: Timestamp) -> u64 {
        self.old(before).len() as u64
    }

    /// Removes whole weeks that ended before a moment; how many.
    pub fn sweep(&self, before: Timestamp) -> u64 {
        let mut gone = 0;
        for path in self.old(before) {
            match std::fs::remove_file(&path) {
                Ok(()) => gone += 1,
                Err(cause) => tracing::warn!(%cause, "a week of exchanges cannot be removed"),
            }
            for rest in ["-wal", "-shm"] {
                let mut name = path.clone().into_os_string();
                name.push(rest);
                let _ = std::fs::remove_file(name);
            }
        }
        gone
    }
}

fn file(folder: &Path, at: Timestamp) -> PathBuf {
    folder.join(format!("exchanges-{}.db", at.0.div_euclid(WEEK_MS)))
}

fn write_all(folder: &Path, waiting: &Receiver<Note>) {
    let mut open: Option<(PathBuf, Connection)> = None;
    while let Ok(first) = waiting.recv() {
        let (block, told) = gather(first, waiting);
        if let Err(cause) = write_block(folder, &mut open, &block) {
            tracing::warn!(%cause, entries = block.len(), "exchanges could not be written");
            open = None;
        }
        if let Some(told) = told {
            // The reader may have given up.
            let _ = told.try_send(());
        }
    }
}

/// What comes within a moment, or until somebody wants to read.
fn gather(first: Note, waiting: &Receiver<Note>) -> (Vec<Entry>, Option<SyncSender<()>>) {
    let until = Instant::now() + GATHER;
    let mut block = Vec::new();
    let mut next = Some(first);
    while let Some(note) = next {
        match note {
            Note::Entry(entry) => block.push(*entry),
            Note::Flush(told) => return (block, Some(told)),
        }
        if block.len() >= BLOCK {
            break;
        }
        next = waiting.recv_timeout(until.saturating_duration_since(Instant::now())).ok();
    }
    (block, None)
}

fn write_block(
    folder: &Path,
    open: &mut Option<(PathBuf, Connection)>,
    entries: &[Entry],
) -> rusqlite::Result<()> {
    for week in entries.chunk_by(|a, b| a.at.0.div_euclid(WEEK_MS) == b.at.0.div_euclid(WEEK_MS)) {
        let path = file(folder, week[0].at);
        if open.as_ref().is_none_or(|(current, _)| *current != path) {
            *open = Some((path.clone(), connect(&path)?));
        }
        let Some((_, connection)) = open else { continue };
        let exchanges: Vec<&Exchange> = week.iter().map(|entry| &entry.exchange).collect();
        let json = serde_json::to_vec(&exchanges).unwrap_or_default();
        let transaction = connection.transaction()?;
        transaction
            .prepare_cached("INSERT INTO blocks (body) VALUES (?1)")?
            .execute([lz4_flex::compress_prepend_size(&json)])?;
        let block = transaction.last_insert_rowid();
        for (place, entry) in (0_u16..).zip(week) {
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO exchanges (message_id, delivery, part, attempt, block, place)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    entry.part.message.0,
                    entry.part.delivery,
                    entry.part.part,
                    entry.attempt,
                    block,
                    place
                ])?;
        }
        transaction.commit()?;
    }
    Ok(())
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;
         CREATE TABLE IF NOT EXISTS blocks (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
         CREATE TABLE IF NOT EXISTS exchanges (
           message_id INTEGER NOT NULL, delivery INTEGER NOT NULL, part INTEGER NOT NULL, attempt INTEGER NOT NULL,
           block INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (message_id, delivery, part, attempt)) WITHOUT ROWID;",
    )?;
    Ok(connection)
}
