//! PostgreSQL's faults in our words, and what to do about them.

use crate::error::StoreError;
use std::error::Error as _;
use tokio_postgres::error::SqlState;

/// Why a transaction did not happen.
#[derive(Debug, Clone)]
pub(super) enum Fail {
    /// The connection is gone. If that was before the commit was sent, nothing was stored.
    Lost(String),
    /// Another node was quicker (deadlock, serialization, a row that both made): run it again.
    Race(String),
    /// It will not work either the next time.
    Refused(StoreError),
}

impl Fail {
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Lost(cause) => StoreError::Unavailable(cause),
            Self::Race(cause) => {
                tracing::warn!(cause, "a step met other nodes' steps too often");
                StoreError::Busy
            }
            Self::Refused(error) => error,
        }
    }
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<tokio_postgres::Error> for Fail {
    fn from(error: tokio_postgres::Error) -> Self {
        let text = cause(&error);
        let Some(code) = error.code() else {
            let is_io = error.source().is_some_and(|source| source.is::<std::io::Error>());
            return match error.is_closed() || is_io {
                true => Self::Lost(text),
                false => Self::Refused(StoreError::Fault(text)),
            };
        };
        match *code {
            SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE => Self::Race(text),
            SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => {
                Self::Lost(text)
            }
            SqlState::UNIQUE_VIOLATION => Self::Refused(StoreError::Conflict(text)),
            SqlState::LOCK_NOT_AVAILABLE | SqlState::QUERY_CANCELED => Self::Refused(StoreError::Busy),
            _ if is_of_resources(code) => Self::Refused(StoreError::Unavailable(text)),
            _ => Self::Refused(StoreError::Fault(text)),
        }
    }
}

/// A full disk, too many connections, a file that cannot be written, a standby.
fn is_of_resources(code: &SqlState) -> bool {
    ["53", "57", "58", "08"].iter().any(|class| code.code().starts_with(class))
        || *code == SqlState::READ_ONLY_SQL_TRANSACTION
}

/// What went wrong, with its causes, in one line.
pub(super) fn cause(error: &tokio_postgres::Error) -> String {
    if let Some(told) = error.as_db_error() {
        return match told.detail() {
            Some(detail) => format!("PostgreSQL: {} ({detail})", told.message()),
            None => format!("PostgreSQL: {}", told.message()),
        };
    }
    let mut text = format!("PostgreSQL: {error}");
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}
