//! Reading a data folder from outside, while its server may be running: short reads on a connection that
//! writes nothing, and a look at whether the folder is in use.

use super::open;
use super::rows::fault;
use crate::copy::cell::{Cell, Column, Kind, Page, Rows, Stretch, Sum, Which};
use crate::copy::tables::{Family, Table};
use crate::error::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params, params_from_iter};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::path::Path;

/// A data folder that is read.
pub(crate) struct Source {
    connection: Connection,
}

/// What an event of the feed names.
pub(crate) struct Named {
    pub(crate) seq: i64,
    pub(crate) contact: Option<i64>,
    pub(crate) message: Option<i64>,
}

/// The lock of a folder that no server works on, held so that none starts; `None` if one works on it.
pub(crate) fn try_lock(folder: &Path) -> Result<Option<File>, StoreError> {
    let lock = File::options().create(true).truncate(false).write(true).open(folder.join("chaski.lock"));
    let lock = lock.map_err(|e| StoreError::Unavailable(format!("{}: {e}", folder.display())))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(e)) => {
            Err(StoreError::Unavailable(format!("{}: {e}", folder.display())))
        }
    }
}

impl Source {
    /// Opens a folder's store. It must have this version's schema.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let file = folder.join(open::FILE);
        if !file.exists() {
            return Err(StoreError::Conflict(format!(
                "{} is not there: give the data folder of the server with --data",
                file.display()
            )));
        }
        let connection = open::reader(folder)?;
        // The last one to close a store writes its log back: that is its server's to do.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(fault)?;
        let version: i64 =
            connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(fault)?;
        if usize::try_from(version) != Ok(open::MIGRATIONS.len()) {
            return Err(StoreError::Conflict(format!(
                "the store in {} has schema {version}, this chaski has {}: start this version's server on it once",
                folder.display(),
                open::MIGRATIONS.len()
            )));
        }
        Ok(Self { connection })
    }

    /// What tells this store from every other: the oldest workspace's key and birth.
    pub(crate) fn fingerprint(&self) -> Result<Option<String>, StoreError> {
        let sql = "SELECT id, created_at, data_key FROM workspaces ORDER BY id LIMIT 1";
        let first: Option<(i64, i64, Vec<u8>)> = self
            .connection
            .query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .optional()
            .map_err(fault)?;
        Ok(first.map(|(id, at, key)| {
            let hash = Sha256::new().chain_update(format!("{id} {at} ")).chain_update(key).finalize();
            hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
        }))
    }

    /// How far each workspace's feed has come.
    pub(crate) fn heads(&self) -> Result<Vec<(i64, i64)>, StoreError> {
        self.all("SELECT workspace_id, head FROM feeds ORDER BY workspace_id", [], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
    }

    /// What changed after an event.
    pub(crate) fn named(&self, workspace: i64, after: i64, most: usize) -> Result<Vec<Named>, StoreError> {
        let sql = "SELECT seq, contact_id, message_id FROM events WHERE workspace_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.all(sql, params![workspace, after, most], |r| {
            Ok(Named { seq: r.get(0)?, contact: r.get(1)?, message: r.get(2)? })
        })
    }

    /// When the newest event was.
    pub(crate) fn newest(&self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT MAX(e.at) FROM feeds f JOIN events e ON e.workspace_id = f.workspace_id AND e.seq = f.head";
        self.connection.query_row(sql, [], |r| r.get(0)).map_err(fault)
    }

    /// The highest number that a table ever gave, where that is remembered.
    pub(crate) fn last_given(&self, table: &str) -> Result<i64, StoreError> {
        let sql = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
        let seq = self.connection.query_row(sql, [table], |r| r.get(0)).optional().map_err(fault)?;
        Ok(seq.unwrap_or(0))
    }

    /// Message ids of every node start above it.
    pub(crate) fn id_floor(&self) -> Result<i64, StoreError> {
        let sql = "SELECT IFNULL(MAX(id_until), 0) FROM nodes";
        self.connection.query_row(sql, [], |r| r.get(0)).map_err(fault)
    }

    /// Lanes with a part at their head.
    pub(crate) fn busy_lanes(&self) -> Result<i64, StoreError> {
        let sql = "SELECT COUNT(DISTINCT lane_id) FROM queue WHERE aside = 0";
        self.connection.query_row(sql, [], |r| r.get(0)).map_err(fault)
    }

    /// The first and the last key of a family whose key is one number.
    pub(crate) fn ends(&self, family: &Family) -> Result<(i64, i64), StoreError> {
        let (key, lead) = (family.key.last().copied().unwrap_or("rowid"), family.lead);
        // Two look-ups; as one statement it would go through the table.
        let end = |order: &str| -> rusqlite::Result<i64> {
            let by: Vec<String> = family.key.iter().map(|key| format!("{key} {order}")).collect();
            let sql = format!("SELECT {key} FROM {lead} ORDER BY {} LIMIT 1", by.join(", "));
            Ok(self.connection.query_row(&sql, [], |r| r.get(0)).optional()?.unwrap_or(0))
        };
        Ok((end("").map_err(fault)?, end("DESC").map_err(fault)?))
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
        let rows = statement.query_map(params, read).map_err(fault)?;
        rows.collect::<Result<_, _>>().map_err(fault)
    }

    /// The next stretch of a family after a key, read in one short transaction.
    pub(crate) fn next(
        &self,
        family: &Family,
        columns: &[Vec<Column>],
        after: Option<Vec<Cell>>,
    ) -> Result<Page, StoreError> {
        self.at_once(|| {
            let keys = family.key.join(", ");
            let above = after.as_ref().map_or(String::new(), |after| {
                let marks: Vec<&str> = after.iter().map(|_| "?").collect();
                format!("WHERE ({keys}) > ({})", marks.join(", "))
            });
            let sql = format!(
                "SELECT {keys} FROM {} {above} ORDER BY {keys} LIMIT 1 OFFSET {}",
                family.lead,
                family.page - 1
            );
            let mut statement = self.connection.prepare_cached(&sql)?;
            let to = statement
                .query_row(params_from_iter(after.iter().flatten()), |row| {
                    (0..family.key.len()).map(|place| cell(row.get_ref(place)?)).collect()
                })
                .optional()?;
            self.rows(family, columns, Which::Stretch(Stretch { after: after.clone(), to }))
        })
    }

    /// Certain rows of a family.
    pub(crate) fn of(
        &self,
        family: &Family,
        columns: &[Vec<Column>],
        which: Which,
    ) -> Result<Page, StoreError> {
        self.at_once(|| self.rows(family, columns, which))
    }

    /// One moment for several reads.
    fn at_once<T>(&self, read: impl FnOnce() -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let transaction = self.connection.unchecked_transaction().map_err(fault)?;
        let found = read().map_err(fault)?;
        transaction.finish().map_err(fault)?;
        Ok(found)
    }

    fn rows(&self, family: &Family, columns: &[Vec<Column>], which: Which) -> rusqlite::Result<Page> {
        let mut tables = Vec::with_capacity(family.tables.len());
        for (table, columns) in family.tables.iter().zip(columns) {
            tables.push(self.rows_of(table, columns, &which)?);
        }
        Ok(Page { which, tables })
    }

    fn rows_of(&self, table: &Table, columns: &[Column], which: &Which) -> rusqlite::Result<Rows> {
        let (sql, values) = select(table, columns, which);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut found = statement.query(params_from_iter(values))?;
        let mut rows = Rows { cells: Vec::new(), sum: Sum::default() };
        while let Some(row) = found.next()? {
            let read =
                |(place, column): (usize, &Column)| Ok(fitting(cell(row.get_ref(place)?)?, column.kind));
            let cells: Vec<Cell> = columns.iter().enumerate().map(read).collect::<rusqlite::Result<_>>()?;
            rows.sum.add_row(&cells);
            rows.cells.push(cells);
        }
        Ok(rows)
    }
}

fn select<'w>(table: &Table, columns: &[Column], which: &'w Which) -> (String, Vec<Given<'w>>) {
    let name = |column: &Column| {
        let other = table.columns.iter().find(|(name, _)| *name == column.name);
        other.map_or_else(|| format!("t.{}", column.name), |(_, expression)| (*expression).to_owned())
    };
    let names: Vec<String> = columns.iter().map(name).collect();
    let from = if table.from.is_empty() { format!("{} t", table.name) } else { table.from.to_owned() };
    let keys: Vec<String> = table.key.iter().map(|key| format!("t.{key}")).collect();
    let keys = keys.join(", ");
    let mut values = Vec::new();
    let mut conditions = Vec::new();
    match which {
        Which::Ids(ids) => {
            conditions.push(format!("{keys} IN (SELECT value FROM json_each(?))"));
            values.push(Given::Ids(ids));
        }
        Which::Stretch(stretch) => {
            for (sign, bound) in [(">", &stretch.after), ("<=", &stretch.to)] {
                let Some(bound) = bound else { continue };
                let marks: Vec<&str> = bound.iter().map(|_| "?").collect();
                conditions.push(format!("({keys}) {sign} ({})", marks.join(", ")));
                values.extend(bound.iter().map(Given::Cell));
            }
        }
    }
    let only =
        if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    (format!("SELECT {} FROM {from} {only}", names.join(", ")), values)
}

/// What a statement is given.
enum Given<'w> {
    Cell(&'w Cell),
    Ids(&'w [i64]),
}

impl ToSql for Given<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Cell(cell) => cell.to_sql(),
            Self::Ids(ids) => {
                let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
                Ok(ToSqlOutput::Owned(Value::Text(format!("[{}]", ids.join(",")))))
            }
        }
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn cell(value: ValueRef<'_>) -> rusqlite::Result<Cell> {
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Real(number) => Cell::Text(number.to_string()),
        ValueRef::Text(_) => Cell::Text(value.as_str()?.to_owned()),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_owned()),
    })
}

/// A value as PostgreSQL can hold it: its text has no NUL, and is of the column's type.
fn fitting(cell: Cell, kind: Kind) -> Cell {
    match (cell, kind) {
        (Cell::Text(text), Kind::Text) if text.contains('\0') => Cell::Text(text.replace('\0', "\u{fffd}")),
        (Cell::Text(text), Kind::Bytes) => Cell::Bytes(text.into_bytes()),
        (Cell::Int(number), Kind::Text) => Cell::Text(number.to_string()),
        (cell, _) => cell,
    }
}
