//! The rare steps (administration, contacts, projection): transactions of their own on a few
//! connections, so that they never hold the writer up. Their locks are taken in the writer's order:
//! addresses, lanes, contacts, the directory's version, the feed.

use super::Hints;
use super::batch::{EVENTS, NOTIFY};
use super::connect::{Conn, Params, Target};
use super::fault::Fail;
use crate::error::StoreError;
use chaski_model::{ContactId, MessageId, Timestamp, WorkspaceId};
use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_postgres::Row;

const CONNECTIONS: usize = 4;
/// Steps that may wait for a connection.
const WAITING: usize = 1024;
/// How often a step that met other steps runs again.
const RACES: u32 = 30;
const LOSSES: u32 = 4;

struct NewEvent {
    workspace: WorkspaceId,
    at: Timestamp,
    kind: &'static str,
    contact: Option<ContactId>,
    message: Option<MessageId>,
    body: Option<String>,
}

/// A transaction in the making.
pub(super) struct Tx {
    conn: Conn,
    events: Vec<NewEvent>,
    /// It changed what the directory is read from.
    changed_directory: bool,
}

impl Tx {
    pub(super) async fn rows(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Fail> {
        self.conn.rows(sql, params).await
    }

    pub(super) async fn row(&self, sql: &'static str, params: Params<'_>) -> Result<Option<Row>, Fail> {
        self.conn.row(sql, params).await
    }

    pub(super) async fn execute(&self, sql: &'static str, params: Params<'_>) -> Result<u64, Fail> {
        self.conn.execute(sql, params).await
    }

    /// Says that the directory reads otherwise after this step.
    pub(super) fn changes_directory(&mut self) {
        self.changed_directory = true;
    }

    pub(super) fn event(
        &mut self,
        workspace: WorkspaceId,
        at: Timestamp,
        kind: &'static str,
        contact: Option<ContactId>,
        body: Option<String>,
    ) {
        self.events.push(NewEvent { workspace, at, kind, contact, message: None, body });
    }

    /// An event about a message.
    pub(super) fn message_event(
        &mut self,
        workspace: WorkspaceId,
        at: Timestamp,
        kind: &'static str,
        contact: Option<ContactId>,
        message: MessageId,
    ) {
        self.events.push(NewEvent { workspace, at, kind, contact, message: Some(message), body: None });
    }

    async fn write_events(&mut self, notify: Option<String>) -> Result<usize, Fail> {
        if self.changed_directory {
            self.execute("UPDATE directory SET version = version + 1", &[]).await?;
        }
        let events = std::mem::take(&mut self.events);
        for event in &events {
            let (spaces, none) = (vec![event.workspace.0], vec![0_i64]);
            let (ats, kinds) = (vec![event.at.0], vec![event.kind]);
            let (contacts, messages) =
                (vec![event.contact.map(|id| id.0)], vec![event.message.map(|id| id.0)]);
            let bodies = vec![event.body.as_deref()];
            self.execute(
                EVENTS,
                &[&spaces, &vec![1_i64], &spaces, &none, &ats, &kinds, &contacts, &messages, &bodies],
            )
            .await?;
        }
        if let Some(node) = notify.filter(|_| !events.is_empty()) {
            self.execute(NOTIFY, &[&node]).await?;
        }
        Ok(events.len())
    }
}

/// Where the rare steps run.
pub(super) struct Background {
    target: Target,
    hints: Arc<Hints>,
    node: u8,
    /// Places for steps that wait or run, and for those that run.
    waiting: Arc<Semaphore>,
    running: Semaphore,
    idle: Mutex<Vec<Conn>>,
}

impl Background {
    pub(super) fn new(target: Target, hints: Arc<Hints>, node: u8) -> Self {
        let waiting = Arc::new(Semaphore::new(WAITING));
        Self { target, hints, node, waiting, running: Semaphore::new(CONNECTIONS), idle: Mutex::default() }
    }

    /// Runs a step as one transaction. It may run more than once.
    pub(super) async fn run<T, F>(self: &Arc<Self>, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fail>> + Send + Sync + 'static,
    {
        let background = Arc::clone(self);
        let Ok(place) = Arc::clone(&self.waiting).try_acquire_owned() else {
            return Err(StoreError::Busy);
        };
        // A task of its own: a caller that goes away must not cut a transaction off.
        let task = tokio::spawn(async move {
            let _place = place;
            let _turn = background.running.acquire().await;
            background.repeat(&step).await
        });
        task.await.unwrap_or_else(|fault| Err(StoreError::Fault(format!("a step was cut off: {fault}"))))
    }

    async fn repeat<T, F>(&self, step: &F) -> Result<T, StoreError>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fail>>,
    {
        let (mut races, mut losses) = (0, 0);
        loop {
            match self.once(step).await {
                Ok(done) => return Ok(done),
                Err(Fail::Race(_)) if races < RACES => {
                    races += 1;
                    tokio::time::sleep(Duration::from_millis(u64::from(races * 3))).await;
                }
                Err(Fail::Lost(_)) if losses < LOSSES => {
                    losses += 1;
                    tokio::time::sleep(Duration::from_millis(u64::from(losses * 50))).await;
                }
                Err(fail) => return Err(fail.into_error()),
            }
        }
    }

    async fn once<T, F>(&self, step: &F) -> Result<T, Fail>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fail>>,
    {
        let idle = self.idle.lock().expect("nobody panics with the list").pop();
        let conn = match idle.filter(|conn| !conn.client.is_closed()) {
            Some(conn) => conn,
            None => self.target.connect(&[]).await?,
        };
        let mut tx = Tx { conn, events: Vec::new(), changed_directory: false };
        tx.conn.command("BEGIN").await?;
        let notify = self.hints.has_others().then(|| self.node.to_string());
        let done = match step(&mut tx).await {
            Ok(done) => tx.write_events(notify).await.map(|events| (done, events)),
            Err(fail) => Err(fail),
        };
        let (done, events) = match done {
            Ok(done) => done,
            Err(fail) => {
                if tx.conn.command("ROLLBACK").await.is_ok() {
                    self.keep(tx.conn);
                }
                return Err(fail);
            }
        };
        self.hints.wrote(events);
        match tx.conn.command("COMMIT").await {
            Ok(()) => {}
            Err(Fail::Lost(_)) => {
                self.hints.recount();
                return Err(Fail::Refused(StoreError::CommitUnknown));
            }
            Err(fail) => {
                self.hints.wrote_not(events);
                return Err(fail);
            }
        }
        self.keep(tx.conn);
        if events > 0 {
            self.hints.tick();
        }
        Ok(done)
    }

    fn keep(&self, conn: Conn) {
        let mut idle = self.idle.lock().expect("nobody panics with the list");
        if idle.len() < CONNECTIONS {
            idle.push(conn);
        }
    }
}
