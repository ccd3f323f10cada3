//! One SQLite file, one writer thread, group commit without lingering. Frozen, see [`super`].

use anyhow::{Context, Result};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The most steps of one commit.
const BATCH: usize = 2000;
/// The log is worked off above this size.
const WAL_BYTES: u64 = 64 << 20;
const FILE: &str = "bare.db";

/// One durable step.
pub(super) enum Step {
    /// A message: its number, whom it is for, the request's body.
    Accept { id: i64, address: String, body: bytes::Bytes },
    /// The provider is about to be called.
    Begin { id: i64 },
    /// The provider took it.
    Settle { id: i64, provider_id: String },
    /// The provider reports on it.
    Receipt { id: i64 },
}

/// What a step answers once it is on disk.
pub(super) enum Done {
    /// It is stored.
    Stored,
    /// What is to be sent, and to whom.
    Began { address: String, body: Vec<u8> },
}

struct Command {
    step: Step,
    reply: oneshot::Sender<Done>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Vec<Command>>,
    filled: Condvar,
    commits: AtomicU64,
    commit_us: AtomicU64,
}

/// The way to the writer.
pub(super) struct Store {
    shared: Arc<Shared>,
}

impl Store {
    pub(super) fn open(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let connection = connect(folder)?;
        let shared = Arc::new(Shared::default());
        let writer =
            Writer { shared: Arc::clone(&shared), checkpointer: Checkpointer::start(folder)?, connection };
        std::thread::Builder::new().name("bare-writer".into()).spawn(move || writer.run())?;
        Ok(Self { shared })
    }

    /// Runs a step; the answer comes after its commit, or never if that failed.
    pub(super) async fn write(&self, step: Step) -> Option<Done> {
        let (reply, answer) = oneshot::channel();
        self.shared.queue.lock().ok()?.push(Command { step, reply });
        self.shared.filled.notify_one();
        answer.await.ok()
    }

    /// How many commits there were, and how long they took together, in seconds.
    pub(super) fn commits(&self) -> (u64, f64) {
        let us = self.shared.commit_us.load(Ordering::Relaxed);
        (self.shared.commits.load(Ordering::Relaxed), us as f64 / 1e6)
    }
}

fn connect(folder: &Path) -> Result<Connection> {
    let connection = Connection::open(folder.join(FILE))?;
    connection.execute_batch(
        "PRAGMA page_size = 4096;
         PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA cache_size = -65536;
         PRAGMA temp_store = MEMORY;
         PRAGMA busy_timeout = 10000;
         CREATE TABLE IF NOT EXISTS messages (
           id INTEGER PRIMARY KEY, address TEXT NOT NULL, body BLOB NOT NULL,
           state INTEGER NOT NULL DEFAULT 0, provider_id TEXT, status INTEGER NOT NULL DEFAULT 0);",
    )?;
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    anyhow::ensure!(synchronous == 2, "the reference's commits would not reach the disk");
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

struct Writer {
    shared: Arc<Shared>,
    connection: Connection,
    checkpointer: Checkpointer,
}

impl Writer {
    fn run(self) {
        let mut commits: u64 = 0;
        while let Some(batch) = self.next_batch() {
            let began = Instant::now();
            match self.commit(&batch) {
                Ok(answers) => {
                    let us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                    self.shared.commits.fetch_add(1, Ordering::Relaxed);
                    self.shared.commit_us.fetch_add(us, Ordering::Relaxed);
                    for (command, answer) in batch.into_iter().zip(answers) {
                        // Nobody may be waiting any more; the step is done all the same.
                        let _ = command.reply.send(answer);
                    }
                }
                // The replies are dropped, so that every caller sees a failure.
                Err(_) => drop(self.connection.execute_batch("ROLLBACK")),
            }
            commits += 1;
            if commits.is_multiple_of(64) {
                self.checkpointer.rest(&self.connection);
            }
        }
    }

    /// Whatever waits, up to the cap.
    fn next_batch(&self) -> Option<Vec<Command>> {
        let mut queue = self.shared.queue.lock().ok()?;
        while queue.is_empty() {
            queue = self.shared.filled.wait(queue).ok()?;
        }
        if queue.len() <= BATCH {
            return Some(std::mem::take(&mut *queue));
        }
        Some(queue.drain(..BATCH).collect())
    }

    fn commit(&self, batch: &[Command]) -> rusqlite::Result<Vec<Done>> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let answers = batch.iter().map(|c| self.step(&c.step)).collect::<rusqlite::Result<_>>()?;
        self.connection.execute_batch("COMMIT")?;
        Ok(answers)
    }

    fn step(&self, step: &Step) -> rusqlite::Result<Done> {
        let run = |sql: &str, params: &[&dyn rusqlite::ToSql]| {
            self.connection.prepare_cached(sql)?.execute(params).map(|_| Done::Stored)
        };
        match step {
            Step::Accept { id, address, body } => run(
                "INSERT INTO messages (id, address, body) VALUES (?1, ?2, ?3)",
                params![id, address, &body[..]],
            ),
            Step::Begin { id } => {
                let mut begin = self
                    .connection
                    .prepare_cached("UPDATE messages SET state = 1 WHERE id = ?1 RETURNING address, body")?;
                let began = begin
                    .query_row([id], |row| Ok(Done::Began { address: row.get(0)?, body: row.get(1)? }))
                    .optional()?;
                Ok(began.unwrap_or(Done::Stored))
            }
            Step::Settle { id, provider_id } => {
                run("UPDATE messages SET state = 2, provider_id = ?2 WHERE id = ?1", params![id, provider_id])
            }
            Step::Receipt { id } => run("UPDATE messages SET status = 3 WHERE id = ?1", params![id]),
        }
    }
}

/// Works the log off as the product does: a second connection copies pages, the writer then does the
/// short rest between two batches.
struct Checkpointer {
    wal: PathBuf,
    asked: std::sync::mpsc::SyncSender<()>,
    copied: Arc<AtomicBool>,
}

impl Checkpointer {
    fn start(folder: &Path) -> Result<Self> {
        let (asked, requests) = std::sync::mpsc::sync_channel::<()>(1);
        let copied = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&copied);
        let file = folder.join(FILE);
        let work = move || {
            while requests.recv().is_ok() {
                let passive = Connection::open(&file).and_then(|connection| {
                    connection.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 0;")?;
                    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
                });
                if passive.is_ok() {
                    done.store(true, Ordering::Release);
                }
            }
        };
        std::thread::Builder::new()
            .name("bare-checkpoint".into())
            .spawn(work)
            .context("no thread to work the log off")?;
        Ok(Self { wal: folder.join(format!("{FILE}-wal")), asked, copied })
    }

    fn rest(&self, writer: &Connection) {
        if self.copied.swap(false, Ordering::AcqRel) {
            let _ = writer.busy_timeout(Duration::from_millis(20));
            let _ = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            let _ = writer.busy_timeout(Duration::from_secs(10));
            return;
        }
        let size = std::fs::metadata(&self.wal).map(|meta| meta.len()).unwrap_or(0);
        if size > WAL_BYTES {
            let _ = self.asked.try_send(());
        }
    }
}
