//! The same steps into PostgreSQL: one connection, whatever waits in one transaction, one multi-row
//! statement for each kind of step, all of them sent before the first answer is read. Frozen, see
//! [`super`].

use super::store::{Done, Step};
use anyhow::Result;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::{Notify, oneshot};
use tokio_postgres::{Client, NoTls, Statement};

/// The most steps of one commit.
const BATCH: usize = 2000;

struct Command {
    step: Step,
    reply: oneshot::Sender<Done>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Vec<Command>>,
    filled: Notify,
    commits: AtomicU64,
    commit_us: AtomicU64,
}

/// The way to the writer.
pub(super) struct PgStore {
    shared: Arc<Shared>,
}

impl PgStore {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        client
            .batch_execute(
                "SET synchronous_commit = on; SET plan_cache_mode = force_generic_plan; SET jit = off;
                 CREATE TABLE IF NOT EXISTS messages (
                   id INT8 PRIMARY KEY, address TEXT NOT NULL, body BYTEA NOT NULL,
                   state INT4 NOT NULL DEFAULT 0, provider_id TEXT, status INT4 NOT NULL DEFAULT 0
                 ) WITH (fillfactor = 70)",
            )
            .await?;
        let shared = Arc::new(Shared::default());
        let writer = Writer {
            shared: Arc::clone(&shared),
            accept: client
                .prepare("INSERT INTO messages (id, address, body) SELECT * FROM UNNEST($1::int8[], $2::text[], $3::bytea[])")
                .await?,
            begin: client
                .prepare("UPDATE messages SET state = 1 WHERE id = ANY($1::int8[]) RETURNING id, address, body")
                .await?,
            settle: client
                .prepare(
                    "UPDATE messages m SET state = 2, provider_id = u.p
                     FROM UNNEST($1::int8[], $2::text[]) AS u(id, p) WHERE m.id = u.id",
                )
                .await?,
            receipt: client.prepare("UPDATE messages SET status = 3 WHERE id = ANY($1::int8[])").await?,
            client,
        };
        tokio::spawn(writer.run());
        Ok(Self { shared })
    }

    /// Runs a step; the answer comes after its commit, or never if that failed.
    pub(super) async fn write(&self, step: Step) -> Option<Done> {
        let (reply, answer) = oneshot::channel();
        self.shared.queue.lock().ok()?.push(Command { step, reply });
        self.shared.filled.notify_one();
        answer.await.ok()
    }

    /// How many commits there were, and how long they took together, in seconds.
    pub(super) fn commits(&self) -> (u64, f64) {
        let us = self.shared.commit_us.load(Ordering::Relaxed);
        (self.shared.commits.load(Ordering::Relaxed), us as f64 / 1e6)
    }
}

struct Writer {
    shared: Arc<Shared>,
    client: Client,
    accept: Statement,
    begin: Statement,
    settle: Statement,
    receipt: Statement,
}

impl Writer {
    async fn run(self) {
        loop {
            let batch: Vec<Command> = match self.shared.queue.lock() {
                Ok(mut queue) if queue.len() > BATCH => queue.drain(..BATCH).collect(),
                Ok(mut queue) => std::mem::take(&mut *queue),
                Err(_) => return,
            };
            if batch.is_empty() {
                self.shared.filled.notified().await;
                continue;
            }
            let began = Instant::now();
            // The replies are dropped with the batch, so that every caller sees a failure.
            let Ok(mut found) = self.commit(&batch).await else { return };
            let us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.shared.commits.fetch_add(1, Ordering::Relaxed);
            self.shared.commit_us.fetch_add(us, Ordering::Relaxed);
            for command in batch {
                let done = match command.step {
                    Step::Begin { id } => found
                        .remove(&id)
                        .map_or(Done::Stored, |(address, body)| Done::Began { address, body }),
                    _ => Done::Stored,
                };
                let _ = command.reply.send(done);
            }
        }
    }

    async fn commit(&self, batch: &[Command]) -> Result<HashMap<i64, (String, Vec<u8>)>> {
        let (mut ids, mut addresses, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
        let (mut begun, mut settled, mut provider_ids, mut reported) = (vec![], vec![], vec![], vec![]);
        for command in batch {
            match &command.step {
                Step::Accept { id, address, body } => {
                    ids.push(*id);
                    addresses.push(address.as_str());
                    bodies.push(&body[..]);
                }
                Step::Begin { id } => begun.push(*id),
                Step::Settle { id, provider_id } => {
                    settled.push(*id);
                    provider_ids.push(provider_id.as_str());
                }
                Step::Receipt { id } => reported.push(*id),
            }
        }
        let accept = async {
            if ids.is_empty() {
                Ok(0)
            } else {
                self.client.execute(&self.accept, &[&ids, &addresses, &bodies]).await
            }
        };
        let begin = async {
            if begun.is_empty() { Ok(vec![]) } else { self.client.query(&self.begin, &[&begun]).await }
        };
        let settle = async {
            if settled.is_empty() {
                Ok(0)
            } else {
                self.client.execute(&self.settle, &[&settled, &provider_ids]).await
            }
        };
        let receipt = async {
            if reported.is_empty() { Ok(0) } else { self.client.execute(&self.receipt, &[&reported]).await }
        };
        let (opened, accepted, rows, settled, reported, ended) = tokio::join!(
            self.client.batch_execute("BEGIN"),
            accept,
            begin,
            settle,
            receipt,
            self.client.batch_execute("COMMIT")
        );
        opened?;
        accepted?;
        settled?;
        reported?;
        ended?;
        Ok(rows?.into_iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect())
    }
}
