//! What the steps of one commit share: the statements, the events they cause, the ids they use.

use super::memory::Memory;
use super::rows::fault;
use super::statements::Prepared;
use crate::error::StoreError;
use chaski_model::{ContactId, MessageId, Timestamp, WorkspaceId};
use rusqlite::{Connection, Params, Row, params};
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
pub(super) struct Batch<'b> {
    prepared: &'b dyn Prepared,
    /// What the writer remembers.
    pub(super) memory: &'b Memory,
    events: BTreeMap<WorkspaceId, Vec<NewEvent>>,
    /// The highest message id stored in this transaction.
    pub(super) highest_id: i64,
    /// The commit before failed half-way: a step may find its own traces.
    pub(super) again: bool,
}

impl<'b> Batch<'b> {
    pub(super) fn new(prepared: &'b dyn Prepared, memory: &'b Memory, again: bool) -> Self {
        Self { prepared, memory, events: BTreeMap::new(), highest_id: 0, again }
    }

    /// The row id of the newest insert.
    pub(super) fn inserted(&self) -> i64 {
        self.prepared.connection().last_insert_rowid()
    }

    /// The writer's connection, for what is done too seldom to be kept prepared.
    pub(super) fn connection(&self) -> &Connection {
        self.prepared.connection()
    }

    pub(super) fn event(&mut self, workspace: WorkspaceId, event: NewEvent) {
        self.events.entry(workspace).or_default().push(event);
    }

    /// Whether the steps caused any event.
    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Runs a statement; how many rows it changed.
    pub(super) fn execute(&self, sql: &'static str, params: impl Params) -> Result<usize, StoreError> {
        let (mut params, mut changed) = (Some(params), 0);
        self.prepared.with(sql, &mut |statement| {
            if let Some(params) = params.take() {
                changed = statement.execute(params).map_err(fault)?;
            }
            Ok(())
        })?;
        Ok(changed)
    }

    /// The first row, if there is one.
    pub(super) fn row<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let (mut given, mut found) = (Some((params, read)), None);
        self.prepared.with(sql, &mut |statement| {
            let Some((params, read)) = given.take() else { return Ok(()) };
            found = match statement.query_row(params, read) {
                Ok(row) => Some(row),
                Err(rusqlite::Error::QueryReturnedNoRows) => None,
                Err(error) => return Err(fault(error)),
            };
            Ok(())
        })?;
        Ok(found)
    }

    /// Every row.
    pub(super) fn rows<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let (mut given, mut found) = (Some((params, read)), Vec::new());
        self.prepared.with(sql, &mut |statement| {
            let Some((params, read)) = given.take() else { return Ok(()) };
            let rows = statement.query_map(params, read).map_err(fault)?;
            found = rows.collect::<Result<_, _>>().map_err(fault)?;
            Ok(())
        })?;
        Ok(found)
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
            for (seq, event) in (head - count + 1..).zip(events) {
                self.execute(
                    "INSERT INTO events (workspace_id, seq, at, kind, contact_id, message_id, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![
                        workspace.0,
                        seq,
                        event.at.0,
                        event.kind,
                        event.contact.map(|id| id.0),
                        event.message.map(|id| id.0),
                        event.body
                    ],
                )?;
            }
        }
        Ok(())
    }
}
