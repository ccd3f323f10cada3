//! The schema: numbered steps, forward only, under one lock.

use super::connect::Conn;
use super::fault::Fail;
use crate::error::StoreError;

const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_initial.sql"),
    include_str!("../../migrations/postgres/0002_upkeep.sql"),
    include_str!("../../migrations/postgres/0003_cluster.sql"),
    include_str!("../../migrations/postgres/0004_media.sql"),
    include_str!("../../migrations/postgres/0005_access.sql"),
    include_str!("../../migrations/postgres/0006_reports.sql"),
    include_str!("../../migrations/postgres/0007_kept_query.sql"),
    include_str!("../../migrations/postgres/0008_mailboxes.sql"),
    include_str!("../../migrations/postgres/0009_early.sql"),
    include_str!("../../migrations/postgres/0010_space.sql"),
    include_str!("../../migrations/postgres/0011_lifecycle.sql"),
];

/// Nodes that start together make the table one after the other: the first statement of each waits.
const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_version (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row), version INTEGER NOT NULL)";
const FIRST: &str = "INSERT INTO schema_version (version) VALUES (0) ON CONFLICT DO NOTHING";
const LOCK: &str = "SELECT version FROM schema_version FOR UPDATE";

/// Brings the schema up to date, or says why not.
pub(super) async fn migrate(conn: &Conn) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        match try_migrate(conn).await {
            Ok(()) => return Ok(()),
            // Two nodes that make the same table at once collide in the catalogue.
            Err(Fail::Refused(StoreError::Conflict(_) | StoreError::Busy) | Fail::Race(_)) if tries < 10 => {
                tries += 1;
                let _ = conn.command("ROLLBACK").await;
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            Err(fail) => {
                let _ = conn.command("ROLLBACK").await;
                return Err(fail.into_error());
            }
        }
    }
}

async fn try_migrate(conn: &Conn) -> Result<(), Fail> {
    let exists = conn.row("SELECT to_regclass('schema_version') IS NOT NULL", &[]).await?;
    if !exists.is_some_and(|row| row.get(0)) {
        conn.command(VERSIONS).await?;
    }
    conn.command("BEGIN").await?;
    conn.command("SET LOCAL lock_timeout = '10s'").await?;
    conn.execute(FIRST, &[]).await?;
    let version: i32 = conn.row(LOCK, &[]).await?.map_or(0, |row| row.get(0));
    let version = usize::try_from(version).unwrap_or(0);
    if version > MIGRATIONS.len() {
        return Err(Fail::Refused(StoreError::Fault(format!(
            "the store has schema {version}, this chaski knows {}: start a newer chaski",
            MIGRATIONS.len()
        ))));
    }
    for (number, sql) in MIGRATIONS.iter().enumerate().skip(version) {
        conn.command(sql).await?;
        let now = i32::try_from(number + 1).unwrap_or(i32::MAX);
        conn.execute("UPDATE schema_version SET version = $1", &[&now]).await?;
        tracing::info!(schema = number + 1, "the store was brought to a new schema");
    }
    conn.command("COMMIT").await
}
