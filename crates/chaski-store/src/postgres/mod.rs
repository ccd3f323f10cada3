//! The store on PostgreSQL: one database for up to 64 equal nodes.
//!
//! All steps of messages go through a node's one `writer`, which commits many of them as one
//! transaction of a few round trips; rare steps run as transactions of their own in the `background`;
//! reads use connections of their own. A row lock on a lane orders what nodes do to it, fences keep a
//! node from beginning what another has taken over, and the feed's row is the last lock of a commit.

mod admin;
mod background;
mod batch;
mod connect;
mod contacts;
pub(crate) mod copy;
mod exchanges;
mod fault;
mod feed;
mod hints;
mod inbox;
mod lookups;
mod mailboxes;
mod media;
mod migrate;
mod nodes;
mod outbox;
mod queue;
mod readers;
mod receive;
mod reports;
mod rows;
mod tls;
mod upkeep;
mod words;
mod writer;

use crate::error::StoreError;
use crate::fresh::FreshCalls;
use crate::recipients::Recipients;
use background::{Background, Tx};
use chaski_model::IdSource;
use connect::Target;
use fault::Fail;
use futures_util::future::BoxFuture;
use hints::Hints;
use lookups::Lookups;
use queue::{Done, Job, Queue};
use readers::Readers;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use uuid::Uuid;

/// The store in a PostgreSQL database. Clones share it.
#[derive(Clone)]
pub struct PgStore {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Arc<Queue>,
    background: Arc<Background>,
    readers: Arc<Readers>,
    lookups: Lookups,
    recipients: Arc<Recipients>,
    fresh: Mutex<FreshCalls>,
    hints: Arc<Hints>,
    exchanges: exchanges::Log,
    ids: Mutex<IdSource>,
    node: u8,
    holder: Uuid,
    shown: String,
    /// Ends the listening when it is dropped.
    _open: watch::Sender<bool>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl PgStore {
    /// Opens the store of a database, brings its schema up to date and takes a node's place in it.
    ///
    /// # Errors
    /// The URL is not one, the database cannot be reached, holds a newer schema, or has 64 nodes.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let target = Target::parse(url)?;
        let conn = target.connect(&[]).await.map_err(Fail::into_error)?;
        migrate::migrate(&conn).await?;
        copy::refuse_unfinished(&conn).await?;
        let holder = Uuid::new_v4();
        let (node, id_floor) = nodes::join(&conn, holder).await?;
        let readers = Arc::new(Readers::new(target.clone()));
        let (queue, hints) = (Arc::new(Queue::default()), Arc::new(Hints::new()));
        let recipients = Arc::new(Recipients::default());
        let (open, closed) = watch::channel(true);
        let thread = writer::Thread::new(
            target.clone(),
            Arc::clone(&queue),
            Arc::clone(&hints),
            Arc::clone(&recipients),
            node,
            holder,
            id_floor,
        );
        // Both end when the store is dropped: the writer once it has served what waits.
        tokio::spawn(thread.run());
        tokio::spawn(hints::listen(target.clone(), Arc::clone(&hints), node, closed));
        Ok(Self {
            inner: Arc::new(Inner {
                queue,
                background: Arc::new(Background::new(target.clone(), Arc::clone(&hints), node)),
                exchanges: exchanges::Log::start(target.clone()),
                shown: target.shown.clone(),
                lookups: Lookups::start(Arc::clone(&readers)),
                recipients,
                fresh: Mutex::default(),
                readers,
                hints,
                ids: Mutex::new(IdSource::new(node, id_floor)),
                node,
                holder,
                _open: open,
            }),
        })
    }

    /// Host, port and database, for people.
    pub fn shown(&self) -> &str {
        &self.inner.shown
    }

    async fn submit(&self, job: Job) -> Result<Done, StoreError> {
        self.inner.queue.submit(job).await
    }

    /// Runs a rare step as one transaction. It may run more than once.
    async fn transact<T, F>(&self, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fail>> + Send + Sync + 'static,
    {
        self.inner.background.run(step).await
    }

    fn reads(&self) -> &Readers {
        &self.inner.readers
    }
}

/// An answer of another kind than its command: a fault of ours.
fn mismatch() -> StoreError {
    StoreError::Fault("a step was answered with another step's answer".into())
}
