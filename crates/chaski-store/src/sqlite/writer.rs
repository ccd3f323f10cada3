//! The one writer: takes whatever waits, commits it at once, answers everyone.
//!
//! There is no lingering: while one commit is on its way to the disk the next batch gathers by
//! itself. A step that fails makes the batch roll back and each of its steps run alone, so that one
//! fault never touches a neighbour. After a commit that failed by I/O its outcome is open: the file
//! is opened anew and every step runs again, knowing that it may find its own traces.

use super::batch::Batch;
use super::memory::Memory;
use super::open::{self, Opened};
use super::rows::fault;
use super::statements::{Prepared, Statements};
use crate::error::StoreError;
use crate::recipients::Recipients;
use chaski_model::{IdSource, MessageId};
use rusqlite::{Connection, params};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// The order in which the steps of a batch are served: ends before beginnings, so that outcomes
/// always find room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Settle,
    Receive,
    Begin,
    Accept,
    Background,
}

/// The most commands that wait; accepts are turned away at half of it.
const QUEUE: usize = 4096;
/// The most bytes that wait; accepts are turned away at half of it.
const QUEUE_BYTES: usize = 32 << 20;
/// The most steps of one commit.
const BATCH: usize = 2000;
/// The log is worked off above this size.
const WAL_BYTES: u64 = 64 << 20;
/// How long callers wait for the end of a commit that failed half-way.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const REOPEN_WAIT: Duration = Duration::from_millis(500);
/// How far ahead of the ids in use a slot is reserved, in milliseconds.
const ID_AHEAD_MS: i64 = 10_000;

/// A step with the place where its answer goes.
trait Command: Send {
    fn class(&self) -> Class;
    /// How many bytes it holds, about.
    fn weight(&self) -> usize;
    fn run(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Step<T, F> {
    class: Class,
    weight: usize,
    step: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnMut(&mut Batch<'_>) -> Result<T, StoreError> + Send> Command for Step<T, F> {
    fn class(&self) -> Class {
        self.class
    }

    fn weight(&self) -> usize {
        self.weight
    }

    fn run(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        self.result = Some((self.step)(batch)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let answer = match (committed, self.result) {
            (Ok(()), Some(result)) => Ok(result),
            (Ok(()), None) => Err(StoreError::Fault("a step was committed without a result".into())),
            (Err(error), _) => Err(error),
        };
        // Nobody may be waiting any more; the step is done all the same.
        let _ = self.reply.send(answer);
    }
}

#[derive(Default)]
struct Queue {
    commands: Vec<Box<dyn Command>>,
    bytes: usize,
    closed: bool,
    /// The writer sleeps: only then is it worth a system call to wake it.
    idle: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
}

/// The way to the writer thread.
pub(super) struct Writer {
    shared: Arc<Shared>,
    ids: Mutex<IdSource>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(
        opened: Opened,
        folder: PathBuf,
        tick: watch::Sender<u64>,
        recipients: Arc<Recipients>,
    ) -> Self {
        let shared = Arc::new(Shared { queue: Mutex::default(), filled: Condvar::new() });
        let ids = Mutex::new(IdSource::new(opened.slot, opened.id_floor));
        let connection = opened.connection;
        let mut work = Thread {
            shared: Arc::clone(&shared),
            checkpointer: Checkpointer::start(&folder),
            folder,
            slot: opened.slot,
            id_until: opened.id_floor,
            tick,
            memory: opened.memory,
            recipients,
            _lock: opened.lock,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || work.run(connection))
            .expect("a thread can be started");
        Self { shared, ids, thread: Mutex::new(Some(thread)) }
    }

    pub(super) fn next_id(&self, now_ms: i64) -> MessageId {
        self.ids.lock().expect("making an id does not panic").next(now_ms)
    }

    /// Commands that wait just now.
    pub(super) fn waiting(&self) -> usize {
        self.shared.queue.lock().map_or(0, |queue| queue.commands.len())
    }

    /// Queues a step that holds about `weight` bytes, and waits for its commit.
    pub(super) async fn submit<T, F>(&self, class: Class, weight: usize, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let command = Box::new(Step { class, weight, step, result: None, reply });
        {
            let mut queue = self.shared.queue.lock().expect("the writer does not panic with the queue");
            let share = if class == Class::Accept { 2 } else { 1 };
            if queue.closed {
                return Err(StoreError::Unavailable("the store is closing".into()));
            }
            // One that is larger than all the room is still taken by an empty queue.
            let too_many = queue.commands.len() >= QUEUE / share;
            let too_large = queue.bytes > 0 && queue.bytes + weight > QUEUE_BYTES / share;
            if too_many || too_large {
                return Err(StoreError::Busy);
            }
            queue.bytes += weight;
            queue.commands.push(command);
            if std::mem::take(&mut queue.idle) {
                self.shared.filled.notify_one();
            }
        }
        answer.await.unwrap_or(Err(StoreError::CommitUnknown))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Ok(mut queue) = self.shared.queue.lock() {
            queue.closed = true;
        }
        self.shared.filled.notify_one();
        if let Some(thread) = self.thread.lock().ok().and_then(|mut thread| thread.take()) {
            let _ = thread.join();
        }
    }
}

struct Thread {
    shared: Arc<Shared>,
    folder: PathBuf,
    slot: u8,
    id_until: i64,
    tick: watch::Sender<u64>,
    checkpointer: Checkpointer,
    memory: Memory,
    recipients: Arc<Recipients>,
    _lock: std::fs::File,
}

impl Thread {
    fn run(&mut self, first: Connection) {
        let mut connection = first;
        let mut open = Vec::new();
        loop {
            let served = self.serve_with(&connection, std::mem::take(&mut open));
            let Some(commands) = served else { break };
            drop(connection);
            let Some(opened) = self.reopen(commands) else { return };
            (connection, self.memory, open) = opened;
            self.recipients.forget_all();
        }
        let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);");
    }

    /// Serves whatever comes. `None` when the store is closed and everything is served; else the
    /// commands whose commit failed half-way, so that nobody knows whether it took effect.
    fn serve_with(&mut self, connection: &Connection, open: Commands) -> Option<Commands> {
        let statements = Statements::new(connection);
        let mut left = self.serve_each(&statements, open, true);
        let mut commits: u64 = 0;
        while left.is_empty() {
            let mut batch = self.next_batch()?;
            batch.sort_by_key(|command| command.class());
            left = self.serve(&statements, batch);
            commits += 1;
            if commits.is_multiple_of(64) {
                self.checkpointer.rest(connection);
            }
        }
        Some(left)
    }

    /// Whatever waits, up to the cap; `None` when the store is closed and everything is served.
    fn next_batch(&self) -> Option<Commands> {
        let mut queue = self.shared.queue.lock().ok()?;
        while queue.commands.is_empty() {
            if queue.closed {
                return None;
            }
            queue.idle = true;
            queue = self.shared.filled.wait(queue).ok()?;
        }
        let batch: Commands = match queue.commands.len() {
            0..=BATCH => std::mem::take(&mut queue.commands),
            _ => queue.commands.drain(..BATCH).collect(),
        };
        queue.bytes -= batch.iter().map(|command| command.weight()).sum::<usize>();
        Some(batch)
    }

    /// One commit for all of them, or one for each when it is refused. Returns what is open.
    fn serve(&mut self, statements: &Statements<'_>, mut commands: Commands) -> Commands {
        let started = Instant::now();
        match self.commit(statements, &mut commands, false) {
            Ok(events) => {
                metrics::histogram!("chaski_commit_messages").record(commands.len() as f64);
                metrics::histogram!("chaski_commit_seconds").record(started.elapsed().as_secs_f64());
                self.committed(events);
                commands.into_iter().for_each(|command| command.answer(Ok(())));
                Vec::new()
            }
            Err(CommitError::Open(cause)) => {
                tracing::error!(cause, "a commit failed half-way; the store is opened anew");
                commands
            }
            Err(CommitError::Refused(error)) if commands.len() == 1 => {
                commands.into_iter().for_each(|command| command.answer(Err(error.clone())));
                Vec::new()
            }
            Err(CommitError::Refused(_)) => self.serve_each(statements, commands, false),
        }
    }

    /// A commit for each. Returns what is open after the first that failed half-way.
    fn serve_each(&mut self, statements: &Statements<'_>, commands: Commands, again: bool) -> Commands {
        let mut open = Vec::new();
        for command in commands {
            if !open.is_empty() {
                open.push(command);
                continue;
            }
            let mut alone = vec![command];
            let answer = match self.commit(statements, &mut alone, again) {
                Ok(events) => {
                    self.committed(events);
                    Ok(())
                }
                Err(CommitError::Refused(error)) => Err(error),
                Err(CommitError::Open(_)) => {
                    open = alone;
                    continue;
                }
            };
            alone.into_iter().for_each(|command| command.answer(answer.clone()));
        }
        open
    }

    fn committed(&self, events: bool) {
        if events {
            self.tick.send_modify(|n| *n += 1);
        }
    }

    /// One transaction over the commands. True when it wrote events.
    fn commit(
        &mut self,
        statements: &Statements<'_>,
        commands: &mut [Box<dyn Command>],
        again: bool,
    ) -> Result<bool, CommitError> {
        let connection = statements.connection();
        connection.execute_batch("BEGIN IMMEDIATE").map_err(|e| CommitError::Refused(fault(e)))?;
        let error = match self.steps(statements, commands, again) {
            Ok((events, id_until)) => match connection.execute_batch("COMMIT") {
                Ok(()) => {
                    self.id_until = id_until;
                    self.recipients.forget(self.memory.committed());
                    return Ok(events);
                }
                // The frame that ends a transaction is the last one written: a full disk kept it away.
                Err(error) if is_full(&error) => CommitError::Refused(fault(error)),
                // So does a disk that has turned read-only.
                Err(error) if is_unwritten(&error) && is_read_only(&self.folder) => {
                    CommitError::Refused(StoreError::Unavailable(format!(
                        "the disk of {} is read-only; look at it and make it writable",
                        self.folder.display()
                    )))
                }
                Err(error) => CommitError::Open(error.to_string()),
            },
            Err(error) => CommitError::Refused(error),
        };
        self.memory.rolled_back();
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        Err(error)
    }

    fn steps(
        &self,
        statements: &Statements<'_>,
        commands: &mut [Box<dyn Command>],
        again: bool,
    ) -> Result<(bool, i64), StoreError> {
        let mut batch = Batch::new(statements, &self.memory, again);
        for command in commands {
            command.run(&mut batch)?;
        }
        let events = batch.has_events();
        batch.write_events()?;
        let mut id_until = self.id_until;
        if batch.highest_id >= id_until {
            id_until = batch.highest_id + (ID_AHEAD_MS << 12);
            batch.execute(
                "INSERT INTO nodes (slot, id_until) VALUES (?1, ?2)
                 ON CONFLICT (slot) DO UPDATE SET id_until = ?2",
                params![self.slot, id_until],
            )?;
        }
        Ok((events, id_until))
    }

    /// A commit failed half-way: it may have taken effect, which only opening the file anew tells, and
    /// the commands run again knowing that. Whoever waits longer than ten seconds is told that nobody
    /// knows; what comes meanwhile is refused.
    fn reopen(&self, mut open: Commands) -> Option<(Connection, Memory, Commands)> {
        let began = Instant::now();
        loop {
            match open::connect(&self.folder)
                .and_then(|c| probe(&c).and_then(|()| Memory::load(&c)).map(|m| (c, m)))
            {
                Ok((connection, memory)) => return Some((connection, memory, open)),
                Err(cause) => {
                    tracing::error!(%cause, "the store cannot be opened anew yet");
                    let closed = self.refuse_waiting(&cause);
                    if closed || began.elapsed() > ANSWER_WITHIN {
                        open.drain(..).for_each(|command| command.answer(Err(StoreError::CommitUnknown)));
                    }
                    if closed {
                        return None;
                    }
                    std::thread::sleep(REOPEN_WAIT);
                }
            }
        }
    }

    /// Turns away what waits; whether the store is closing.
    fn refuse_waiting(&self, cause: &StoreError) -> bool {
        let (waiting, closed) = match self.shared.queue.lock() {
            Ok(mut queue) => {
                queue.bytes = 0;
                (std::mem::take(&mut queue.commands), queue.closed)
            }
            Err(_) => return true,
        };
        waiting.into_iter().for_each(|command| command.answer(Err(cause.clone())));
        closed
    }
}

/// Writes to the disk, so that what is found afterwards is known to last.
fn probe(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(&format!("BEGIN IMMEDIATE; {}; COMMIT;", open::touch())).map_err(|error| {
        let _ = connection.execute_batch("ROLLBACK");
        fault(error)
    })
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

/// A write was refused; an `fsync` that fails is another thing.
fn is_unwritten(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_WRITE)
}

/// Whether nothing can be written in a folder, by opening what is there for writing.
fn is_read_only(folder: &Path) -> bool {
    let opened = std::fs::File::options().write(true).open(folder.join(open::FILE));
    opened.is_err_and(|cause| cause.kind() == std::io::ErrorKind::ReadOnlyFilesystem)
}

type Commands = Vec<Box<dyn Command>>;

enum CommitError {
    /// Nothing was stored.
    Refused(StoreError),
    /// The commit itself failed: it may have been stored.
    Open(String),
}

/// Works the log off: a second connection copies pages without holding anyone up; the writer then
/// does the short rest between two batches, so that the log starts over.
struct Checkpointer {
    wal: PathBuf,
    asked: std::sync::mpsc::SyncSender<()>,
    copied: Arc<AtomicBool>,
}

impl Checkpointer {
    fn start(folder: &Path) -> Self {
        let (asked, requests) = std::sync::mpsc::sync_channel::<()>(1);
        let copied = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&copied);
        let folder_of_thread = folder.to_owned();
        let started = std::thread::Builder::new().name("store-checkpoint".into()).spawn(move || {
            while requests.recv().is_ok() {
                let passive = open::checkpointer(&folder_of_thread).and_then(|c| {
                    c.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(fault)
                });
                match passive {
                    Ok(()) => done.store(true, Ordering::Release),
                    Err(error) => tracing::warn!(cause = %error, "the log could not be worked off"),
                }
            }
        });
        if let Err(cause) = started {
            tracing::error!(%cause, "no thread to work the log off");
        }
        Self { wal: open::wal(folder), asked, copied }
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
