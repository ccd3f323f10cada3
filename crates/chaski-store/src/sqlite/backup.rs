//! A copy of the embedded store in one file, taken while the server works; and a folder made from it.
//!
//! The copy is one moment of the whole store, by `VACUUM INTO` on a connection of its own: the writer goes
//! on meanwhile. It holds no key: credentials in it open only with the `secret.key` they were sealed with.

use super::open::{self, FILE, SCHEMA};
use super::rows::fault;
use crate::error::StoreError;
use rusqlite::{Connection, OpenFlags, params};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What must be left free besides the copy: the store takes no messages below it.
const SPARE: u64 = 256 << 20;
/// The file that may be in a folder before a restore.
const KEY: &str = "secret.key";

/// What was copied.
#[derive(Debug, Clone, Copy)]
pub struct Copied {
    /// The size of the copy.
    pub bytes: u64,
    /// The number of its schema.
    pub schema: usize,
    /// Channels in it.
    pub channels: usize,
}

/// Copies the store of a folder into a new file, whether or not a server works on it.
///
/// # Errors
/// There is no store, the file exists, there is no room, or the copy is not sound.
pub fn backup(folder: &Path, to: &Path) -> Result<Copied, StoreError> {
    if !folder.join(FILE).exists() {
        return Err(StoreError::Unavailable(format!("there is no store in {}", folder.display())));
    }
    refuse_existing(to)?;
    let connection = Connection::open_with_flags(
        folder.join(FILE),
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(fault)?;
    connection.execute_batch("PRAGMA busy_timeout = 10000; PRAGMA wal_autocheckpoint = 0;").map_err(fault)?;
    let number = |pragma: &str| connection.query_row(pragma, [], |r| r.get::<_, i64>(0)).map_err(fault);
    let size = number("PRAGMA page_count")?.unsigned_abs() * number("PRAGMA page_size")?.unsigned_abs();
    check_room(parent(to), size)?;
    let partial = partial(to);
    let unfinished = Unfinished(&partial);
    // It exists before SQLite writes to it, so that it is for its owner's eyes from the first byte.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .map_err(|e| unavailable(&partial, &e))?;
    connection.execute("VACUUM INTO ?1", params![partial.to_string_lossy()]).map_err(fault)?;
    let copied = look_at(&partial)?;
    keep(&partial, to)?;
    unfinished.kept();
    Ok(copied)
}

/// Makes the store of an empty folder from a backup. With `hold`, every channel is held, so that a person
/// decides when messages that waited at the time of the backup go out.
///
/// # Errors
/// The folder is not empty, the file is not a sound backup of a schema that this version knows, or there
/// is no room.
pub fn restore(from: &Path, folder: &Path, hold: bool) -> Result<Copied, StoreError> {
    let copied = look_at(from)?;
    std::fs::create_dir_all(folder).map_err(|e| unavailable(folder, &e))?;
    for entry in std::fs::read_dir(folder).map_err(|e| unavailable(folder, &e))? {
        let name = entry.map_err(|e| unavailable(folder, &e))?.file_name();
        if name != KEY {
            return Err(StoreError::Conflict(format!(
                "{} is not empty ({}); give a new folder with --data",
                folder.display(),
                name.to_string_lossy()
            )));
        }
    }
    check_room(folder, copied.bytes)?;
    let to = folder.join(FILE);
    let partial = partial(&to);
    let unfinished = Unfinished(&partial);
    std::fs::copy(from, &partial).map_err(|e| unavailable(&partial, &e))?;
    if hold {
        let failure = chaski_model::Failure::new(
            chaski_model::ErrorCode::ChannelHeld,
            "The store was restored from a backup: what waited then may have gone out since. Look, then resume.",
        );
        let connection = Connection::open(&partial).map_err(fault)?;
        connection
            .execute(
                "UPDATE channels SET state = 'held', held = ?1 WHERE state = 'connected'",
                [super::rows::failure_json(&failure)],
            )
            .map_err(fault)?;
    }
    keep(&partial, &to)?;
    unfinished.kept();
    // Opened once, it is brought to this version's schema, or says why it cannot be.
    drop(open::open(folder, 0)?);
    Ok(copied)
}

/// A file that is not finished goes when its maker fails.
struct Unfinished<'p>(&'p Path);

impl Unfinished<'_> {
    fn kept(self) {
        std::mem::forget(self);
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.0);
    }
}

/// Whether a file is a whole store that this version can read.
fn look_at(file: &Path) -> Result<Copied, StoreError> {
    let not = |why: String| StoreError::Fault(format!("{} is not a backup of chaski: {why}", file.display()));
    let mut head = [0; 16];
    let mut opened = File::open(file).map_err(|e| unavailable(file, &e))?;
    let bytes = opened.metadata().map_err(|e| unavailable(file, &e))?.len();
    if opened.read_exact(&mut head).is_err() || &head != b"SQLite format 3\0" {
        return Err(not("it is another kind of file".into()));
    }
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(fault)?;
    let damaged = |e: rusqlite::Error| not(format!("it is damaged ({e})"));
    let schema: i64 = connection.query_row("PRAGMA user_version", [], |r| r.get(0)).map_err(damaged)?;
    let schema = usize::try_from(schema).unwrap_or(0);
    if schema == 0 {
        return Err(not("it has no schema".into()));
    }
    if schema > SCHEMA {
        return Err(StoreError::Fault(format!(
            "{} has schema {schema}, this chaski knows {SCHEMA}: use a newer chaski",
            file.display()
        )));
    }
    let sound: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |r| r.get(0)).map_err(damaged)?;
    if sound != "ok" {
        return Err(not(format!("it is damaged ({sound})")));
    }
    let channels: i64 = connection
        .query_row("SELECT COUNT(*) FROM channels WHERE state <> 'removed'", [], |r| r.get(0))
        .map_err(damaged)?;
    Ok(Copied { bytes, schema, channels: usize::try_from(channels).unwrap_or(0) })
}

fn refuse_existing(file: &Path) -> Result<(), StoreError> {
    if file.exists() {
        return Err(StoreError::Conflict(format!("{} exists; give the name of a new file", file.display())));
    }
    Ok(())
}

fn check_room(folder: &Path, wanted: u64) -> Result<(), StoreError> {
    let free = rustix::fs::statvfs(folder)
        .map(|volume| volume.f_bavail.saturating_mul(volume.f_frsize))
        .map_err(|e| unavailable(folder, &e.into()))?;
    if free < wanted.saturating_add(SPARE) {
        return Err(StoreError::Unavailable(format!(
            "{} has {} MiB free; {} MiB are needed, {} MiB of them to spare",
            folder.display(),
            free >> 20,
            wanted.saturating_add(SPARE) >> 20,
            SPARE >> 20
        )));
    }
    Ok(())
}

/// On the disk, under its own name.
fn keep(partial: &Path, to: &Path) -> Result<(), StoreError> {
    refuse_existing(to)?;
    let synced = File::open(partial).and_then(|file| file.sync_all());
    synced.and_then(|()| std::fs::rename(partial, to)).map_err(|e| unavailable(to, &e))?;
    File::open(parent(to)).and_then(|folder| folder.sync_all()).map_err(|e| unavailable(to, &e))
}

fn parent(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn partial(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn unavailable(path: &Path, cause: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {cause}", path.display()))
}
