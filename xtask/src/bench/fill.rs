//! A store that holds very many messages: copies of the newest one under older numbers, written straight
//! into the file of a server that does not run.

use anyhow::{Context, Result};
use rusqlite::Connection;
use std::path::Path;

/// Rows of one statement.
const STEP: usize = 200_000;
/// The tables that have a row for each message, and the column that names it.
const TABLES: [(&str, &str); 4] =
    [("messages", "id"), ("bodies", "message_id"), ("parts", "message_id"), ("receipts", "message_id")];

/// Adds `count` messages that were sent and delivered before all others, three events each.
pub(super) fn store(data: &Path, count: usize) -> Result<()> {
    let file = Connection::open(data.join("chaski.db"))?;
    file.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 10000;",
    )?;
    let newest: i64 = file.query_row("SELECT MAX(message_id) FROM receipts", [], |row| row.get(0))?;
    let oldest: i64 = file.query_row("SELECT MIN(id) FROM messages", [], |row| row.get(0))?;
    let begin = oldest - i64::try_from(count)? * 64 - 64;
    for from in (0..count).step_by(STEP) {
        let to = count.min(from + STEP);
        let numbers = format!(
            "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {to})"
        );
        for (table, key) in TABLES {
            let columns = columns(&file, table)?;
            let values = columns.iter().map(|column| match column {
                column if column == key => format!("{begin} + n.i * 64"),
                column => format!("t.{column}"),
            });
            let values = values.collect::<Vec<_>>().join(", ");
            let names = columns.join(", ");
            file.execute_batch(&format!(
                "INSERT INTO {table} ({names}) {numbers} SELECT {values} FROM n JOIN {table} t ON t.{key} = {newest}"
            ))
            .with_context(|| format!("{table} cannot be filled"))?;
        }
        file.execute_batch(&format!(
            "INSERT INTO events (workspace_id, seq, at, kind, contact_id, message_id)
             {numbers} SELECT 1, (n.i - {count}) * 3 - k.k, 0, 'message.status', 1, {begin} + n.i * 64
             FROM n JOIN (SELECT 1 AS k UNION SELECT 2 UNION SELECT 3) k"
        ))
        .context("the feed cannot be filled")?;
    }
    file.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}

/// The channel is connected again, as if a person had resumed it.
pub(super) fn release(data: &Path) -> Result<()> {
    let file = Connection::open(data.join("chaski.db"))?;
    file.execute_batch("UPDATE channels SET state = 'connected', held = NULL, held_at = NULL")?;
    Ok(())
}

fn columns(file: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement = file.prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}
