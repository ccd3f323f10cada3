//! Opening the file: the lock, the pragmas, the migrations.

use super::memory::Memory;
use super::rows::fault;
use crate::error::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::path::Path;

/// Numbered migrations, forward only.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_initial.sql"),
    include_str!("../../migrations/sqlite/0002_upkeep.sql"),
    include_str!("../../migrations/sqlite/0003_cluster.sql"),
    include_str!("../../migrations/sqlite/0004_media.sql"),
    include_str!("../../migrations/sqlite/0005_access.sql"),
    include_str!("../../migrations/sqlite/0006_reports.sql"),
    include_str!("../../migrations/sqlite/0007_kept_query.sql"),
    include_str!("../../migrations/sqlite/0008_mailboxes.sql"),
    include_str!("../../migrations/sqlite/0009_early.sql"),
    include_str!("../../migrations/sqlite/0010_space.sql"),
    include_str!("../../migrations/sqlite/0011_lifecycle.sql"),
];

/// The number of the newest schema.
pub(super) const SCHEMA: usize = MIGRATIONS.len();

/// Writes to the file and changes nothing. A row that is given the values that it has would not do: it is
/// not written.
pub(super) fn touch() -> String {
    format!("PRAGMA user_version = {SCHEMA}")
}

/// The file in a data folder.
pub(super) const FILE: &str = "chaski.db";

/// A store ready for its writer.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Held for as long as the process writes.
    pub(super) lock: File,
    pub(super) memory: Memory,
    pub(super) slot: u8,
    /// Message ids start above it.
    pub(super) id_floor: i64,
}

/// Locks the folder, opens the file and brings its schema up to date.
pub(super) fn open(folder: &Path, slot: u8) -> Result<Opened, StoreError> {
    std::fs::create_dir_all(folder).map_err(|e| unavailable(folder, &e))?;
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("chaski.lock"))
        .map_err(|e| unavailable(folder, &e))?;
    lock.try_lock().map_err(|_| {
        StoreError::Unavailable(format!(
            "{} is in use by another chaski process; stop it, or give another folder with --data",
            folder.display()
        ))
    })?;
    let connection = connect(folder)?;
    migrate(&connection)?;
    let id_floor = connection
        .query_row("SELECT id_until FROM nodes WHERE slot = ?1", [slot], |row| row.get(0))
        .or_else(|e| if e == rusqlite::Error::QueryReturnedNoRows { Ok(0) } else { Err(e) })
        .map_err(fault)?;
    let memory = Memory::load(&connection)?;
    Ok(Opened { connection, memory, lock, slot, id_floor })
}

/// The writer's connection. The order matters: `page_size` and `auto_vacuum` count only on a new,
/// empty file and are ignored in silence once it is in WAL mode, so they are looked at afterwards.
pub(super) fn connect(folder: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(folder.join(FILE)).map_err(fault)?;
    connection
        .execute_batch(
            "PRAGMA page_size = 4096;
             PRAGMA auto_vacuum = INCREMENTAL;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA wal_autocheckpoint = 0;
             PRAGMA cache_size = -65536;
             PRAGMA temp_store = MEMORY;
             PRAGMA busy_timeout = 10000;",
        )
        .map_err(fault)?;
    for (pragma, wanted) in [("page_size", 4096), ("auto_vacuum", 2), ("synchronous", 2)] {
        let got: i64 =
            connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).map_err(fault)?;
        if got != wanted {
            return Err(StoreError::Fault(format!(
                "the store's {pragma} is {got}, not {wanted}: it was not made by chaski"
            )));
        }
    }
    plan_once(&connection)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn reader(folder: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(folder.join(FILE), flags).map_err(fault)?;
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4096; PRAGMA busy_timeout = 5000;")
        .map_err(fault)?;
    plan_once(&connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// A statement's plan does not depend on the values bound to it, so the statement cache need not plan
/// it anew at each use.
fn plan_once(connection: &Connection) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop).map_err(fault)
}

/// A connection that only checkpoints.
pub(super) fn checkpointer(folder: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(folder.join(FILE)).map_err(fault)?;
    connection.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 0;").map_err(fault)?;
    Ok(connection)
}

/// Where the log lies, to see how long it has grown.
pub(super) fn wal(folder: &Path) -> std::path::PathBuf {
    folder.join(format!("{FILE}-wal"))
}

fn migrate(connection: &Connection) -> Result<(), StoreError> {
    let version: usize = connection
        .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
        .map(|n| usize::try_from(n).unwrap_or(0))
        .map_err(fault)?;
    if version > MIGRATIONS.len() {
        return Err(StoreError::Fault(format!(
            "the store has schema {version}, this chaski knows {}: start a newer chaski",
            MIGRATIONS.len()
        )));
    }
    for (number, sql) in MIGRATIONS.iter().enumerate().skip(version) {
        let step = format!("BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {}; COMMIT;", number + 1);
        connection.execute_batch(&step).map_err(fault)?;
        tracing::info!(schema = number + 1, "the store was brought to a new schema");
    }
    Ok(())
}

fn unavailable(folder: &Path, cause: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {cause}", folder.display()))
}
