//! What was said to and by providers, redacted: one file for each week, compressed.
//!
//! These are for people to look at, so they are written with less care than messages: by a thread
//! of their own, without waiting for the disk, and dropped (and counted) when it cannot keep up.
//! Retention is deleting a file.

use crate::error::StoreError;
use chaski_model::{PartRef, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

const WEEK_MS: i64 = 7 * 86_400_000;
/// Exchanges that may wait for the thread.
const WAITING: usize = 1024;
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
    entries: SyncSender<Entry>,
}

impl Exchanges {
    /// Starts the log of a folder.
    pub fn open(folder: &Path) -> Self {
        let (entries, waiting) = sync_channel(WAITING);
        let of_thread = folder.to_owned();
        let started = std::thread::Builder::new()
            .name("exchanges".into())
            .spawn(move || write_all(&of_thread, &waiting));
        if let Err(cause) = started {
            tracing::error!(%cause, "no thread for the log of exchanges");
        }
        Self { folder: folder.to_owned(), entries }
    }

    /// Notes an exchange; never waits.
    pub fn note(&self, part: PartRef, attempt: u16, at: Timestamp, exchange: Exchange) {
        if self.entries.try_send(Entry { part, attempt, at, exchange }).is_err() {
            metrics::counter!("chaski_exchanges_dropped_total").increment(1);
        }
    }

    /// Reads the exchange of an attempt that began at a time.
    ///
    /// # Errors
    /// The week's file cannot be read.
    pub fn read(&self, part: PartRef, attempt: u16, at: Timestamp) -> Result<Option<Exchange>, StoreError> {
        let path = file(&self.folder, at);
        if !path.exists() {
            return Ok(None);
        }
        let packed = Connection::open(path)
            .and_then(|c| {
                c.query_row(
                    "SELECT body FROM exchanges WHERE message_id = ?1 AND delivery = ?2 AND part = ?3 AND attempt = ?4",
                    params![part.message.0, part.delivery, part.part, attempt],
                    |r| r.get::<_, Vec<u8>>(0),
                )
                .optional()
            })
            .map_err(|e| StoreError::Fault(e.to_string()))?;
        let Some(packed) = packed else { return Ok(None) };
        let json =
            lz4_flex::decompress_size_prepended(&packed).map_err(|e| StoreError::Fault(e.to_string()))?;
        serde_json::from_slice(&json).map(Some).map_err(|e| StoreError::Fault(e.to_string()))
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

fn write_all(folder: &Path, waiting: &Receiver<Entry>) {
    let mut open: Option<(PathBuf, Connection)> = None;
    while let Ok(first) = waiting.recv() {
        let batch: Vec<Entry> = std::iter::once(first).chain(waiting.try_iter().take(500)).collect();
        if let Err(cause) = write_batch(folder, &mut open, &batch) {
            tracing::warn!(%cause, entries = batch.len(), "exchanges could not be written");
            open = None;
        }
    }
}

fn write_batch(
    folder: &Path,
    open: &mut Option<(PathBuf, Connection)>,
    batch: &[Entry],
) -> rusqlite::Result<()> {
    for week in batch.chunk_by(|a, b| a.at.0.div_euclid(WEEK_MS) == b.at.0.div_euclid(WEEK_MS)) {
        let path = file(folder, week[0].at);
        if open.as_ref().is_none_or(|(current, _)| *current != path) {
            *open = Some((path.clone(), connect(&path)?));
        }
        let Some((_, connection)) = open else { continue };
        let transaction = connection.transaction()?;
        for entry in week {
            let json = serde_json::to_vec(&entry.exchange).unwrap_or_default();
            transaction
                .prepare_cached("INSERT OR REPLACE INTO exchanges (message_id, delivery, part, attempt, body) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![
                    entry.part.message.0,
                    entry.part.delivery,
                    entry.part.part,
                    entry.attempt,
                    lz4_flex::compress_prepend_size(&json)
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
         CREATE TABLE IF NOT EXISTS exchanges (
           message_id INTEGER NOT NULL, delivery INTEGER NOT NULL, part INTEGER NOT NULL, attempt INTEGER NOT NULL,
           body BLOB NOT NULL, PRIMARY KEY (message_id, delivery, part, attempt)) WITHOUT ROWID;",
    )?;
    Ok(connection)
}
