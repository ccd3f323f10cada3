//! The log of exchanges in files: one for each week, written by a thread. Retention is deleting a file.

use super::SqliteStore;
use super::rows::fault;
use crate::error::StoreError;
use crate::exchanges::{
    BLOCK, Entry, Exchange, ExchangeLog, FLUSH_WITHIN, GATHER, WAITING, dropped, pack, unpack,
};
use crate::upkeep::Swept;
use async_trait::async_trait;
use chaski_model::{MessageId, PartRef, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex};

const WEEK_MS: i64 = 7 * 86_400_000;

/// What waits for the thread.
#[derive(Default)]
struct Pending {
    entries: Vec<Entry>,
    /// Who wants to read, and waits until all of it is written.
    readers: Vec<SyncSender<()>>,
    /// The thread sleeps: only then is it worth a system call to wake it.
    idle: bool,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    pending: Mutex<Pending>,
    filled: Condvar,
}

/// The last handle ends the thread.
struct Notes(Arc<Shared>);

impl Drop for Notes {
    fn drop(&mut self) {
        if let Ok(mut pending) = self.0.pending.lock() {
            pending.closed = true;
        }
        self.0.filled.notify_one();
    }
}

#[async_trait]
impl ExchangeLog for SqliteStore {
    fn note_exchange(&self, part: PartRef, attempt: u16, at: Timestamp, exchange: Exchange) {
        self.exchanges.note(Entry { part, attempt, at, exchange });
    }

    async fn exchange(
        &self,
        part: PartRef,
        attempt: u16,
        at: Timestamp,
    ) -> Result<Option<Exchange>, StoreError> {
        let log = self.exchanges.clone();
        tokio::task::spawn_blocking(move || log.read(part, attempt, at))
            .await
            .map_err(|fault| StoreError::Fault(format!("a read was cut off: {fault}")))?
    }
}

/// The log of exchanges of a folder.
#[derive(Clone)]
pub(super) struct Log {
    folder: PathBuf,
    notes: Arc<Notes>,
}

impl Log {
    /// Starts the log of a folder.
    pub(super) fn open(folder: &Path) -> Self {
        let shared = Arc::<Shared>::default();
        let notes = Arc::new(Notes(Arc::clone(&shared)));
        let of_thread = folder.to_owned();
        let started = std::thread::Builder::new()
            .name("exchanges".into())
            .spawn(move || write_all(&of_thread, &shared));
        if let Err(cause) = started {
            tracing::error!(%cause, "no thread for the log of exchanges");
        }
        Self { folder: folder.to_owned(), notes }
    }

    fn note(&self, entry: Entry) {
        let Ok(mut pending) = self.notes.0.pending.lock() else { return dropped(1) };
        if pending.entries.len() >= WAITING {
            return dropped(1);
        }
        pending.entries.push(entry);
        if std::mem::take(&mut pending.idle) {
            self.notes.0.filled.notify_one();
        }
    }

    /// Waits until what was noted is written.
    pub(super) fn flush(&self) {
        let (told, written) = sync_channel(1);
        match self.notes.0.pending.lock() {
            Ok(mut pending) => pending.readers.push(told),
            Err(_) => return,
        }
        self.notes.0.filled.notify_one();
        let _ = written.recv_timeout(FLUSH_WITHIN);
    }

    fn read(&self, part: PartRef, attempt: u16, at: Timestamp) -> Result<Option<Exchange>, StoreError> {
        self.flush();
        let path = file(&self.folder, at.0.div_euclid(WEEK_MS));
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
        unpack(&packed, place)
    }

    /// The weeks that ended before a moment, oldest first.
    fn old(&self, before: Timestamp) -> impl Iterator<Item = PathBuf> {
        let ended = move |week: &i64| (week + 1).saturating_mul(WEEK_MS) <= before.0;
        weeks(&self.folder).into_iter().filter(ended).map(|week| file(&self.folder, week))
    }

    /// How many exchanges [`sweep`](Self::sweep) would remove, step after step.
    pub(super) fn removable(&self, before: Timestamp) -> u64 {
        self.old(before).map(|path| count(&path)).sum()
    }

    /// One step: the oldest week goes if it ended before a moment.
    pub(super) fn sweep(&self, before: Timestamp) -> Swept {
        let mut old = self.old(before);
        let Some(path) = old.next() else { return Swept::default() };
        let rows = count(&path);
        if let Err(cause) = std::fs::remove_file(&path) {
            tracing::warn!(%cause, "a week of exchanges cannot be removed");
            return Swept::default();
        }
        for rest in ["-wal", "-shm"] {
            let mut name = path.clone().into_os_string();
            name.push(rest);
            let _ = std::fs::remove_file(name);
        }
        Swept { rows, more: old.next().is_some() }
    }
}

/// A block as it stands in a file.
pub(crate) struct Block {
    /// Grows within its week.
    pub(crate) id: i64,
    pub(crate) body: Vec<u8>,
    /// Which attempts it tells of, and where.
    pub(crate) places: Vec<Place>,
}

/// Where the exchange of an attempt stands in its block.
pub(crate) struct Place {
    pub(crate) part: PartRef,
    pub(crate) attempt: u16,
    pub(crate) place: u16,
}

/// A week that is copied, as it is now; its server may go on writing.
pub(crate) struct Week {
    connection: Connection,
    last: i64,
    /// Its end: when its exchanges were is not told more exactly.
    pub(crate) at: Timestamp,
}

impl Week {
    /// Opens a week of a folder, and sorts what points to its blocks after this one.
    pub(crate) fn open(folder: &Path, week: i64, after: i64) -> Result<Self, StoreError> {
        // Its server makes the file and its tables one after the other.
        let connection = connect(&file(folder, week)).map_err(fault)?;
        let sort = || -> rusqlite::Result<i64> {
            connection.execute_batch(
                "CREATE TEMP TABLE places (block, place, message_id, delivery, part, attempt,
                   PRIMARY KEY (block, place)) WITHOUT ROWID; BEGIN",
            )?;
            connection.execute(
                "INSERT OR IGNORE INTO places SELECT block, place, message_id, delivery, part, attempt
                 FROM exchanges WHERE block > ?1 ORDER BY block, place",
                [after],
            )?;
            let last = connection.query_row("SELECT IFNULL(MAX(id), 0) FROM blocks", [], |r| r.get(0))?;
            connection.execute_batch("COMMIT")?;
            Ok(last)
        };
        let last = sort().map_err(fault)?;
        Ok(Self { connection, last, at: Timestamp((week + 1).saturating_mul(WEEK_MS) - 1) })
    }

    /// The next blocks after one; none at the end.
    pub(crate) fn blocks(&self, after: i64, most: u32) -> Result<Vec<Block>, StoreError> {
        self.read(after, most).map_err(fault)
    }

    fn read(&self, after: i64, most: u32) -> rusqlite::Result<Vec<Block>> {
        let sql = "SELECT id, body FROM blocks WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3";
        let mut bodies = self.connection.prepare_cached(sql)?;
        let sql = "SELECT message_id, delivery, part, attempt, place FROM places WHERE block = ?1";
        let mut places = self.connection.prepare_cached(sql)?;
        let place = |r: &Row<'_>| {
            let part = PartRef { message: MessageId(r.get(0)?), delivery: r.get(1)?, part: r.get(2)? };
            Ok(Place { part, attempt: r.get(3)?, place: r.get(4)? })
        };
        let mut blocks = Vec::new();
        let mut found = bodies.query(params![after, self.last, most])?;
        while let Some(r) = found.next()? {
            let id: i64 = r.get(0)?;
            let places = places.query_map([id], place)?.collect::<rusqlite::Result<_>>()?;
            blocks.push(Block { id, body: r.get(1)?, places });
        }
        Ok(blocks)
    }
}

/// The exchanges in a file.
fn count(path: &Path) -> u64 {
    let counted = Connection::open(path)
        .and_then(|c| c.query_row("SELECT COUNT(*) FROM exchanges", [], |r| r.get::<_, i64>(0)));
    counted.map_or(0, i64::unsigned_abs)
}

/// The weeks that a folder has exchanges of, oldest first.
pub(crate) fn weeks(folder: &Path) -> Vec<i64> {
    let week_of = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        name.strip_prefix("exchanges-")?.strip_suffix(".db")?.parse::<i64>().ok()
    };
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut weeks: Vec<i64> = files.filter_map(|entry| week_of(&entry.path())).collect();
    weeks.sort_unstable();
    weeks
}

fn file(folder: &Path, week: i64) -> PathBuf {
    folder.join(format!("exchanges-{week}.db"))
}

fn write_all(folder: &Path, shared: &Shared) {
    let mut open: Option<(PathBuf, Connection)> = None;
    while let Some((entries, readers)) = gather(shared) {
        if let Err(cause) = write_blocks(folder, &mut open, &entries) {
            tracing::warn!(%cause, entries = entries.len(), "exchanges could not be written");
            dropped(entries.len());
            open = None;
        }
        for reader in readers {
            // It may have given up.
            let _ = reader.try_send(());
        }
    }
}

/// What comes within a moment, or until somebody wants to read; `None` at the end.
fn gather(shared: &Shared) -> Option<(Vec<Entry>, Vec<SyncSender<()>>)> {
    let mut pending = shared.pending.lock().ok()?;
    while pending.entries.is_empty() && pending.readers.is_empty() {
        if pending.closed {
            return None;
        }
        pending.idle = true;
        pending = shared.filled.wait(pending).ok()?;
    }
    let gathers = |pending: &mut Pending| pending.readers.is_empty() && !pending.closed;
    let (mut pending, _) = shared.filled.wait_timeout_while(pending, GATHER, gathers).ok()?;
    Some((std::mem::take(&mut pending.entries), std::mem::take(&mut pending.readers)))
}

fn write_blocks(
    folder: &Path,
    open: &mut Option<(PathBuf, Connection)>,
    entries: &[Entry],
) -> rusqlite::Result<()> {
    for week in entries.chunk_by(|a, b| a.at.0.div_euclid(WEEK_MS) == b.at.0.div_euclid(WEEK_MS)) {
        let path = file(folder, week[0].at.0.div_euclid(WEEK_MS));
        if open.as_ref().is_none_or(|(current, _)| *current != path) {
            *open = Some((path.clone(), connect(&path)?));
        }
        let Some((_, connection)) = open else { continue };
        let transaction = connection.transaction()?;
        for entries in week.chunks(BLOCK) {
            write_block(&transaction, entries)?;
        }
        transaction.commit()?;
    }
    Ok(())
}

fn write_block(connection: &Connection, entries: &[Entry]) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT INTO blocks (body) VALUES (?1)")?.execute([pack(entries)])?;
    let block = connection.last_insert_rowid();
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO exchanges (message_id, delivery, part, attempt, block, place)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (place, entry) in (0_u16..).zip(entries) {
        let part = entry.part;
        insert.execute(params![part.message.0, part.delivery, part.part, entry.attempt, block, place])?;
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
