//! The engine itself: what its parts share.

use crate::clock::Clock;
use crate::directory::Snapshot;
use crate::dispatcher::Offers;
use crate::guard::Guard;
use crate::media::bucket::{BucketError, BucketSettings};
use crate::media::files::Files;
use crate::media::place::Place;
use crate::ownership::Ownership;
use crate::prepared::Preparations;
use crate::retention::Retention;
use crate::tasks::Flights;
use crate::transport::Transport;
use crate::vault::{Vault, VaultError};
use crate::watch::{Deadlines, Findings};
use chaski_model::ChannelId;
use chaski_store::outbox::Head;
use chaski_store::{Store, StoreError};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the key file is.
    pub key_file: PathBuf,
    /// How the outside reaches this server, without a slash at the end.
    pub public_url: String,
    /// Whether user-given addresses may point into private networks.
    pub allow_private_networks: bool,
    /// How long a message is tried.
    pub time_to_live: Duration,
    /// How long a retry keeps its lane.
    pub order_wait: Duration,
    /// How long one provider call may take.
    pub call_timeout: Duration,
    /// How often template catalogues are synced.
    pub template_sync: Duration,
    /// Whether a language without its region may stand in.
    pub language_fallback: bool,
    /// Whether media links are looked at before a message is accepted.
    pub probe_media: bool,
    /// Where media of inbound messages are kept, or only while they are written if there is a bucket.
    pub media_folder: PathBuf,
    /// The bucket that media are kept in.
    pub media_bucket: Option<BucketSettings>,
    /// How long each kind of data is kept.
    pub retention: Retention,
    /// When the watchdogs say something.
    pub deadlines: Deadlines,
    /// How long a node may work without renewing its lease, where nodes share a store.
    pub lease: Duration,
}

/// Why the engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key file.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Other nodes encrypt with another key.
    #[error(
        "the key file is not the one that this database's secrets are encrypted with; give every node a copy of the same one (security.key_file)"
    )]
    WrongKey,
    /// The bucket of media.
    #[error("media cannot be kept")]
    Bucket(#[from] BucketError),
}

/// Everything between the API and the providers.
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) config: Config,
    pub(crate) guard: Guard,
    pub(crate) vault: Vault,
    pub(crate) transport: Transport,
    pub(crate) offers: Offers,
    pub(crate) flights: Flights,
    pub(crate) ownership: Ownership,
    pub(crate) findings: Findings,
    pub(crate) profiles: crate::profiles::Profiles,
    /// A receipt has come before the answer to its call.
    pub(crate) came_early: tokio::sync::Notify,
    /// Held while a channel is connected.
    pub(crate) connecting: tokio::sync::Mutex<()>,
    media: Place,
    pub(crate) files: Files,
    pub(crate) prepared: Preparations,
    /// Held while retention runs.
    pub(crate) retaining: tokio::sync::Mutex<()>,
    /// Channels taken over whose open attempts have not all been looked at.
    to_recover: std::sync::Mutex<BTreeSet<ChannelId>>,
    snapshot: RwLock<Arc<Snapshot>>,
    /// The version of what the snapshot was read from, where other nodes change it too.
    version: std::sync::atomic::AtomicI64,
    /// Held while the snapshot is made anew, so that an older one never replaces a newer one.
    reloading: tokio::sync::Mutex<()>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Engine {
    /// Opens the engine over a store and starts its loops.
    ///
    /// # Errors
    /// The key file or the store cannot be read, or the bucket of media cannot be used.
    pub async fn start(
        store: Arc<dyn Store>,
        clock: Arc<Clock>,
        config: Config,
    ) -> Result<Arc<Self>, StartError> {
        let vault = Vault::open(&config.key_file)?;
        let media = Place::open(config.media_folder.clone(), config.media_bucket.as_ref()).await?;
        let guard = Guard { allow_private: config.allow_private_networks };
        let (offers, arrivals) = Offers::channel();
        let engine = Arc::new(Self {
            transport: Transport::new(guard, Arc::clone(&clock)),
            guard,
            vault,
            offers,
            flights: Flights::default(),
            ownership: Ownership::default(),
            findings: Findings::default(),
            profiles: crate::profiles::Profiles::default(),
            came_early: tokio::sync::Notify::new(),
            connecting: tokio::sync::Mutex::default(),
            media,
            files: Files::default(),
            prepared: Preparations::default(),
            retaining: tokio::sync::Mutex::default(),
            to_recover: std::sync::Mutex::default(),
            snapshot: RwLock::default(),
            version: std::sync::atomic::AtomicI64::new(-1),
            reloading: tokio::sync::Mutex::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            store,
            clock,
            config,
        });
        engine.reload().await?;
        if engine.store.is_shared() && !engine.has_the_key() {
            return Err(StartError::WrongKey);
        }
        engine.tend().await?;
        engine.recover().await?;
        if engine.store.is_shared() {
            engine.tasks.spawn(crate::cluster::membership(Arc::clone(&engine)));
            engine.tasks.spawn(crate::cluster::follow(Arc::clone(&engine)));
        }
        engine.tasks.spawn(crate::dispatcher::run(Arc::clone(&engine), arrivals));
        engine.tasks.spawn(crate::jobs::project(Arc::clone(&engine)));
        engine.tasks.spawn(crate::jobs::sync_templates(Arc::clone(&engine)));
        engine.tasks.spawn(crate::watch::run(Arc::clone(&engine)));
        engine.tasks.spawn(crate::retention::run(Arc::clone(&engine)));
        engine.tasks.spawn(crate::media::job::run(Arc::clone(&engine)));
        engine.tasks.spawn(crate::profiles::run(Arc::clone(&engine)));
        engine.tasks.spawn(crate::mailbox::run(Arc::clone(&engine)));
        engine.tasks.spawn(crate::early::run(Arc::clone(&engine)));
        Ok(engine)
    }

    /// Everything small, as it stands now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().expect("nobody panics while holding the snapshot"))
    }

    /// Reads the small things anew, after a change.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn reload(&self) -> Result<(), StoreError> {
        let _alone = self.reloading.lock().await;
        // The version first: what changes in between is read once more.
        let version = self.store.directory_version().await?;
        let directory = self.store.directory().await?;
        let fresh = Arc::new(Snapshot::build(directory, &self.vault, &self.config.public_url));
        *self.snapshot.write().expect("nobody panics while holding the snapshot") = fresh;
        self.version.store(version, std::sync::atomic::Ordering::Relaxed);
        self.offers.changed();
        Ok(())
    }

    /// Whether the key file opens every workspace's data key.
    fn has_the_key(&self) -> bool {
        self.snapshot().workspaces.values().all(|w| self.vault.data_key(&w.data_key).is_ok())
    }

    /// Reads the small things anew if another node has changed them. True when it did. For whoever asks
    /// for something that this node does not know: it may have been made elsewhere a moment ago.
    pub async fn catch_up(&self) -> bool {
        if !self.store.is_shared() {
            return false;
        }
        let known = self.version.load(std::sync::atomic::Ordering::Relaxed);
        match self.store.directory_version().await {
            Ok(version) if version != known => match self.reload().await {
                Ok(()) => true,
                Err(cause) => {
                    tracing::warn!(%cause, "what another node changed cannot be read");
                    false
                }
            },
            Ok(_) => false,
            Err(cause) => {
                tracing::debug!(%cause, "changes of other nodes cannot be looked for");
                false
            }
        }
    }

    /// Channels whose open attempts are still to be looked at.
    pub(crate) fn to_recover(&self) -> std::sync::MutexGuard<'_, BTreeSet<ChannelId>> {
        self.to_recover.lock().expect("nobody panics while holding the set")
    }

    /// Whether this node does what only one of several nodes does.
    pub fn leads(&self) -> bool {
        self.ownership.leads()
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Domain time.
    pub fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// What was set.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The guard of user-given addresses.
    pub fn guard(&self) -> Guard {
        self.guard
    }

    /// Where media of inbound messages are kept.
    pub fn media(&self) -> &Place {
        &self.media
    }

    /// Opens and makes data keys.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Work that a commit made possible.
    pub fn offer(&self, head: Option<Head>) {
        if let Some(head) = head {
            self.offers.offer(head);
        }
    }

    /// Passes a step's answer on. When that was lost, the work which the step may have made possible is
    /// read from the store.
    pub(crate) fn noted<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(answer, Err(StoreError::CommitUnknown)) {
            self.offers.unsure();
        }
        answer
    }

    /// Cancelled when the engine stops.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Stops: nothing new is begun, what is in flight is settled within the grace time.
    pub async fn stop(&self, grace: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                "calls were still in flight at the end of the grace time; they are found again at the next start"
            );
        }
    }
}
