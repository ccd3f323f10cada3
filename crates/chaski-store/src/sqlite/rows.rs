//! Reading rows into our types, and SQLite's faults into ours.

use crate::error::StoreError;
use chaski_model::{Failure, Timestamp};
use rusqlite::Row;
use serde::de::DeserializeOwned;

/// SQLite's fault in our words.
pub(super) fn fault(error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode as Code;
    match &error {
        rusqlite::Error::SqliteFailure(cause, text) => match cause.code {
            Code::DiskFull
            | Code::SystemIoFailure
            | Code::ReadOnly
            | Code::CannotOpen
            | Code::PermissionDenied => StoreError::Unavailable(error.to_string()),
            Code::DatabaseBusy | Code::DatabaseLocked => StoreError::Busy,
            Code::ConstraintViolation => {
                StoreError::Conflict(text.clone().unwrap_or_else(|| "it exists already".to_owned()))
            }
            _ => StoreError::Fault(error.to_string()),
        },
        _ => StoreError::Fault(error.to_string()),
    }
}

/// A JSON column; a value that cannot be read is an error that names the column.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e))
    })
}

/// A JSON column that may be NULL.
pub(super) fn json_or_none<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    match row.get_ref(column)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => json(row, column).map(Some),
    }
}

/// A time column.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp)
}

/// A time column that may be NULL.
pub(super) fn time_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

/// JSON of a failure, for a column.
pub(super) fn failure_json(failure: &Failure) -> String {
    serde_json::to_string(failure).expect("a failure is plain data")
}

/// JSON of anything plain.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Fault(e.to_string()))
}
