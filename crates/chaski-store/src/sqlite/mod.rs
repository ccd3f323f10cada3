//! The embedded store: one file, one writer thread, a few read connections.
//!
//! All durable steps go through the `writer`, which commits many of them at once. Reads use
//! connections of their own; a point read takes microseconds and is done where it is asked for.

mod admin;
pub mod backup;
mod batch;
mod contacts;
pub(crate) mod copy;
pub(crate) mod exchanges;
mod feed;
mod inbox;
mod mailboxes;
mod media;
mod memory;
mod nodes;
mod open;
mod outbox;
mod receive;
mod reports;
#[cfg(test)]
mod rerun_tests;
mod rows;
mod space;
mod statements;
mod upkeep;
mod words;
mod writer;

use crate::error::StoreError;
use crate::recipients::Recipients;
use batch::Batch;
use rusqlite::Connection;
use space::Space;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use writer::{Class, Writer};

const READERS: usize = 4;
/// How much of the disk stays free when nothing else is said.
const MIN_FREE: u64 = 256 << 20;
/// About what a step holds while it waits, besides texts.
const STEP_BYTES: usize = 1024;

/// The store in a folder: `DIR/chaski.db`, locked for this process.
#[derive(Clone)]
pub struct SqliteStore {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    space: Arc<Space>,
    recipients: Arc<Recipients>,
    exchanges: exchanges::Log,
    ticks: watch::Receiver<u64>,
}

impl SqliteStore {
    /// Opens or makes the store of a folder. `slot` is this node's part of message ids.
    ///
    /// # Errors
    /// The folder is in use by another process, cannot be written, or holds a newer schema.
    pub fn open(folder: &Path, slot: u8) -> Result<Self, StoreError> {
        Self::open_with(folder, slot, MIN_FREE)
    }

    /// The same, where accepting stops while less than `min_free` bytes are free on the disk.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(folder: &Path, slot: u8, min_free: u64) -> Result<Self, StoreError> {
        let opened = open::open(folder, slot)?;
        let readers = (0..READERS).map(|_| open::reader(folder)).collect::<Result<Vec<_>, _>>()?;
        let (tick, ticks) = watch::channel(0);
        let recipients = Arc::new(Recipients::default());
        let writer = Writer::start(opened, folder.to_owned(), tick, Arc::clone(&recipients));
        Ok(Self {
            writer: Arc::new(writer),
            readers: Arc::new(Readers { idle: Mutex::new(readers), folder: folder.to_owned() }),
            space: Arc::new(Space::new(folder, min_free)),
            recipients,
            exchanges: exchanges::Log::open(folder),
            ticks,
        })
    }

    /// Runs one durable step. It may be run twice, so it takes its input by reference.
    async fn write<T, F>(&self, class: Class, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.submit(class, STEP_BYTES, step).await
    }

    /// Reads a little, here and now.
    fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.readers.with(query)
    }

    /// Reads a page, away from the async threads.
    async fn read_page<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        tokio::task::spawn_blocking(move || readers.with(query))
            .await
            .map_err(|fault| StoreError::Fault(format!("a read was cut off: {fault}")))?
    }
}

/// Idle read connections.
struct Readers {
    idle: Mutex<Vec<Connection>>,
    folder: std::path::PathBuf,
}

impl Readers {
    fn with<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let idle = self.idle.lock().expect("no reader panics while it holds the list").pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open::reader(&self.folder)?,
        };
        let result = query(&connection).map_err(rows::fault);
        let mut list = self.idle.lock().expect("no reader panics while it holds the list");
        if list.len() < READERS {
            list.push(connection);
        }
        result
    }
}
