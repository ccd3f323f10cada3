//! The one writer of a node: takes whatever waits, commits it at once, answers everyone.
//!
//! There is no lingering: while one commit is on its way to the disk the next batch gathers by itself.
//! A command that fails makes the batch roll back and each of its commands run alone. When the
//! connection is lost the batch runs again on a new one; if that happened during the commit, the number
//! of the node's last commit, which every batch stores, tells whether it took effect. While the database
//! cannot be reached whatever comes is refused at once.

use super::Hints;
use super::batch::{self, BatchFail, STATEMENTS, Written};
use super::connect::{Conn, Target};
use super::fault::Fail;
use super::queue::{Command, Done, Job, Queue};
use crate::error::StoreError;
use crate::recipients::Recipients;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long a connection is tried for before callers are told that the database is gone.
const GRACE: Duration = Duration::from_millis(800);
/// How long a lost answer to a commit is looked for.
const LOOK_FOR: Duration = Duration::from_secs(10);
/// The longest pause between two tries to connect.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a batch that met other nodes' batches runs again.
const RACES: u32 = 30;

const LAST_BATCH: &str = "SELECT batch FROM nodes WHERE slot = $1 AND holder = $2 FOR UPDATE";

/// The writer's side of the queue.
pub(super) struct Thread {
    target: Target,
    queue: Arc<Queue>,
    hints: Arc<Hints>,
    recipients: Arc<Recipients>,
    conn: Option<Conn>,
    writer: batch::Writer,
}

impl Thread {
    pub(super) fn new(
        target: Target,
        queue: Arc<Queue>,
        hints: Arc<Hints>,
        recipients: Arc<Recipients>,
        node: u8,
        holder: Uuid,
        id_until: i64,
    ) -> Self {
        let writer = batch::Writer {
            node,
            holder,
            batch: 0,
            id_until,
            spare_lanes: Vec::new(),
            spare_contacts: Vec::new(),
        };
        Self { target, queue, hints, recipients, conn: None, writer }
    }

    /// Serves until the store is closed and nothing waits.
    pub(super) async fn run(mut self) {
        while let Some(commands) = self.queue.next().await {
            self.serve(commands).await;
        }
    }

    async fn serve(&mut self, commands: Vec<Command>) {
        let started = Instant::now();
        let jobs: Vec<&Job> = commands.iter().map(|command| &command.job).collect();
        match self.commit(&jobs).await {
            Ok(answers) => {
                metrics::histogram!("chaski_commit_messages").record(commands.len() as f64);
                metrics::histogram!("chaski_commit_seconds").record(started.elapsed().as_secs_f64());
                for (command, answer) in commands.into_iter().zip(answers) {
                    command.answer(answer);
                }
            }
            Err(error @ (StoreError::Unavailable(_) | StoreError::CommitUnknown)) => {
                let gone = self.conn.is_none();
                let cause = error.to_string();
                commands.into_iter().for_each(|command| command.answer(Err(error.clone())));
                if gone {
                    self.wait_for_database(cause).await;
                }
            }
            Err(error) if commands.len() == 1 => {
                commands.into_iter().for_each(|command| command.answer(Err(error.clone())));
            }
            Err(error) => {
                tracing::warn!(cause = %error, commands = commands.len(), "a batch failed; its steps run alone");
                self.serve_each(commands).await;
            }
        }
    }

    /// A transaction for each. When the connection is lost, those that are left are told so at once: each
    /// would only wait for the database again.
    async fn serve_each(&mut self, commands: Vec<Command>) {
        let mut commands = commands.into_iter();
        while let Some(command) = commands.next() {
            let error = match self.commit(&[&command.job]).await {
                Ok(mut answers) => {
                    command.answer(answers.pop().unwrap_or(Err(StoreError::CommitUnknown)));
                    continue;
                }
                Err(error) => error,
            };
            let is_lost = matches!(error, StoreError::Unavailable(_) | StoreError::CommitUnknown);
            let cause = error.to_string();
            command.answer(Err(error));
            if is_lost && self.conn.is_none() {
                let untried = StoreError::Unavailable(cause.clone());
                commands.for_each(|command| command.answer(Err(untried.clone())));
                return self.wait_for_database(cause).await;
            }
        }
    }

    /// One transaction over the commands, as often as it takes.
    async fn commit(&mut self, jobs: &[&Job]) -> Result<Vec<Result<Done, StoreError>>, StoreError> {
        let mut races = 0;
        let mut losses = 0;
        loop {
            let conn = self.connected(GRACE).await?;
            let notify = self.hints.has_others();
            let hints = Arc::clone(&self.hints);
            self.writer.batch += 1;
            let counted = AtomicUsize::new(0);
            let wrote = |events| {
                counted.store(events, Ordering::Relaxed);
                hints.wrote(events);
            };
            match batch::run(&conn, &mut self.writer, jobs, notify, wrote).await {
                Ok(written) => {
                    self.conn = Some(conn);
                    return Ok(self.committed(written));
                }
                Err(BatchFail::Commit(cause, written)) => {
                    tracing::warn!(cause, "the answer to a commit was lost");
                    if self.has_taken_effect().await? {
                        return Ok(self.committed(written));
                    }
                    hints.wrote_not(written.events);
                }
                Err(BatchFail::Before(fail)) => {
                    hints.wrote_not(counted.load(Ordering::Relaxed));
                    let is_usable = conn.command("ROLLBACK").await.is_ok();
                    self.conn = is_usable.then_some(conn);
                    match fail {
                        Fail::Race(_) if races < RACES => {
                            races += 1;
                            // Not in step with the other node.
                            let pause = u64::from(races * (1 + u32::from(self.writer.node) % 7));
                            tokio::time::sleep(Duration::from_millis(pause)).await;
                        }
                        Fail::Lost(cause) if losses < 3 => {
                            losses += 1;
                            tracing::warn!(cause, "the connection was lost; the batch runs again");
                        }
                        fail => return Err(fail.into_error()),
                    }
                }
            }
        }
    }

    fn committed(&mut self, written: Written) -> Vec<Result<Done, StoreError>> {
        self.writer.id_until = written.id_until;
        self.recipients.forget(written.touched);
        if written.events > 0 {
            self.hints.tick();
        }
        written.answers
    }

    /// The connection; if there is none, a new one within the time.
    async fn connected(&mut self, within: Duration) -> Result<Conn, StoreError> {
        if let Some(conn) = self.conn.take().filter(|conn| !conn.client.is_closed()) {
            return Ok(conn);
        }
        let started = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            match self.target.connect(STATEMENTS).await {
                Ok(conn) => return Ok(conn),
                Err(fail) if started.elapsed() >= within => return Err(fail.into_error()),
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(PAUSE);
        }
    }

    /// Whether the commit whose answer was lost took effect. The node's row is locked until the
    /// server has ended the old connection's transaction.
    async fn has_taken_effect(&mut self) -> Result<bool, StoreError> {
        let until = Instant::now() + LOOK_FOR;
        while Instant::now() < until {
            let Ok(conn) = self.connected(until - Instant::now()).await else { continue };
            let node = i32::from(self.writer.node);
            let holder = self.writer.holder;
            let row = async { conn.row(LAST_BATCH, &[&node, &holder]).await };
            if let Ok(Ok(row)) = tokio::time::timeout_at(until.into(), row).await {
                self.conn = Some(conn);
                return Ok(row.is_some_and(|row| row.get::<_, i64>(0) == self.writer.batch));
            }
        }
        self.hints.recount();
        Err(StoreError::CommitUnknown)
    }

    /// Refuses everything until the database is back.
    async fn wait_for_database(&mut self, cause: String) {
        tracing::error!(cause, "the database cannot be reached");
        self.queue.set_down(Some(cause));
        let mut pause = Duration::from_millis(50);
        while !self.queue.is_closed() {
            match self.target.connect(STATEMENTS).await {
                Ok(conn) => {
                    self.conn = Some(conn);
                    break;
                }
                Err(fail) => self.queue.set_down(Some(fail.into_error().to_string())),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE);
        }
        tracing::info!("the database is back");
        self.queue.set_down(None);
    }
}
