//! Reading columns into our types.

use crate::error::StoreError;
use chaski_model::{Failure, Timestamp};
use serde::de::DeserializeOwned;
use tokio_postgres::Row;

/// A JSON column; a value that cannot be read is an error that names the column.
pub(super) fn json<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, StoreError> {
    let text: &str = row.try_get(column).map_err(|e| StoreError::Fault(e.to_string()))?;
    serde_json::from_str(text)
        .map_err(|e| StoreError::Fault(format!("{}: {e}", row.columns()[column].name())))
}

/// A JSON column that may be NULL.
pub(super) fn json_or_none<T: DeserializeOwned>(row: &Row, column: usize) -> Result<Option<T>, StoreError> {
    match row.get::<_, Option<&str>>(column) {
        None => Ok(None),
        Some(_) => json(row, column).map(Some),
    }
}

/// A time column.
pub(super) fn time(row: &Row, column: usize) -> Timestamp {
    Timestamp(row.get(column))
}

/// A time column that may be NULL.
pub(super) fn time_or_none(row: &Row, column: usize) -> Option<Timestamp> {
    row.get::<_, Option<i64>>(column).map(Timestamp)
}

/// A small number column.
pub(super) fn small(row: &Row, column: usize) -> u16 {
    u16::try_from(row.get::<_, i32>(column)).unwrap_or(u16::MAX)
}

/// A page's size as the database counts.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// JSON of a failure, for a column.
pub(super) fn failure_json(failure: &Failure) -> String {
    serde_json::to_string(failure).expect("a failure is plain data")
}

/// JSON of anything plain.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Fault(e.to_string()))
}
