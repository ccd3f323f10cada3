//! Dead letters, watchdogs, retention.

pub(super) mod dead_letters;
pub(super) mod replay;
mod retention;
pub(in crate::sqlite) use retention::blank;
mod watch;

/// A bound for a statement.
fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
