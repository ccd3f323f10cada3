//! What the steps of one commit share: the connection, the events they cause, the ids they use.

use super::rows::fault;
use crate::error::StoreError;
use chaski_model::{ContactId, MessageId, Timestamp, WorkspaceId};
use rusqlite::{CachedStatement, Connection, Params, Row, params};
use std::collections::BTreeMap;

/// An event waiting for its number, which it gets at the end of the batch.
pub(super) struct NewEvent {
    pub(super) at: Timestamp,
    pub(super) kind: &'static str,
    pub(super) contact: Option<ContactId>,
    pub(super) message: Option<MessageId>,
    pub(super) body: Option<String>,
}

/// One transaction in the making.
pub(super) struct Batch<'c> {
    connection: &'c Connection,
    events: BTreeMap<WorkspaceId, Vec<NewEvent>>,
    /// The highest message id stored in this transaction.
    pub(super) highest_id: i64,
    /// The commit before failed half-way: a step may find its own traces.
    pub(super) again: bool,
}

impl<'c> Batch<'c> {
    pub(super) fn new(connection: &'c Connection, again: bool) -> Self {
        Self { connection, events: BTreeMap::new(), highest_id: 0, again }
    }

    pub(super) fn connection(&self) -> &'c Connection {
        self.connection
    }

    pub(super) fn event(&mut self, workspace: WorkspaceId, event: NewEvent) {
        self.events.entry(workspace).or_default().push(event);
    }

    /// Whether the steps caused any event.
    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'c>, StoreError> {
        self.connection.prepare_cached(sql).map_err(fault)
    }

    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        self.prepare(sql)?.execute(params).map_err(fault)
    }

    /// The first row, if there is one.
    pub(super) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        match self.prepare(sql)?.query_row(params, read) {
            Ok(row) => Ok(Some(row)),
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
            Err(error) => Err(fault(error)),
        }
    }

    /// Every row.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.prepare(sql)?;
        let rows = statement.query_map(params, read).map_err(fault)?;
        rows.collect::<Result<_, _>>().map_err(fault)
    }

    /// Numbers the events and writes them: the last thing before the commit, so that their order is
    /// the order of commits.
    pub(super) fn write_events(&mut self) -> Result<(), StoreError> {
        for (workspace, events) in std::mem::take(&mut self.events) {
            let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
            let head: i64 = self
                .row(
                    "INSERT INTO feeds (workspace_id, head) VALUES (?1, ?2)
                     ON CONFLICT (workspace_id) DO UPDATE SET head = head + ?2 RETURNING head",
                    params![workspace.0, count],
                    |row| row.get(0),
                )?
                .unwrap_or(count);
            let mut insert = self.prepare(
                "INSERT INTO events (workspace_id, seq, at, kind, contact_id, message_id, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for (seq, event) in (head - count + 1..).zip(events) {
                insert
                    .execute(params![
                        workspace.0,
                        seq,
                        event.at.0,
                        event.kind,
                        event.contact.map(|id| id.0),
                        event.message.map(|id| id.0),
                        event.body
                    ])
                    .map_err(fault)?;
            }
        }
        Ok(())
    }
}
