//! `chaski serve`: the server.

use crate::cli::Common;
use crate::config::{self, LogFormat, Settings};
use crate::{clock_follower, output};
use anyhow::{Context, Result, bail};
use chaski_engine::{Clock, Engine};
use chaski_model::WorkspaceId;
use chaski_server::setup;
use chaski_server::{App, AppState, router};
use chaski_store::postgres::PgStore;
use chaski_store::sqlite::SqliteStore;
use chaski_store::{Nodes, Store};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How often metrics are gathered.
const UPKEEP: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(crate) struct Options {
    /// Where to listen; port 0 takes any free port.
    #[arg(long)]
    listen: Option<String>,
    /// The data folder.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Take the clock of a simulator (tests only; needs security.allow_private_networks).
    #[arg(long, value_name = "URL")]
    clock: Option<String>,
}

/// A server that is bound and ready, but does not serve yet.
pub(crate) struct Ready {
    pub(crate) app: App,
    pub(crate) settings: Settings,
    listener: TcpListener,
    stop: CancellationToken,
}

pub(crate) async fn run(common: &Common, options: Options) -> Result<()> {
    let mut settings = config::load(common.config.as_deref())?;
    settings.server.listen = options.listen.unwrap_or(settings.server.listen);
    settings.storage.data = options.data.unwrap_or(settings.storage.data);
    logs(&settings)?;
    if options.clock.is_some() && !settings.security.allow_private_networks {
        bail!("--clock is for tests only and needs security.allow_private_networks = true");
    }
    let asked = Asked::listen()?;
    let ready = prepare(settings, options.clock, None).await?;
    let public = ready.app.engine.config().public_url.clone();
    let mut told = json!({"api": format!("{public}/v2"), "web": public});
    if ready.app.engine.snapshot().workspaces.is_empty() {
        let first = setup::first_workspace(&ready.app, "Chaski", None, "admin@localhost", "first").await?;
        told["token"] = json!(first.token);
        told["signIn"] = json!(first.sign_in);
    }
    if common.json {
        output::line(&told.to_string());
    } else {
        output::line(&format!(
            "Chaski listens at {public}\n  API       {public}/v2\n  Messages  {public}/messages"
        ));
        if let (Some(token), Some(link)) = (told["token"].as_str(), told["signIn"].as_str()) {
            output::line(&format!(
                "This is the first start. These are shown once:\n  Token     {token}\n  Sign in   {link}"
            ));
        }
    }
    ready.serve(asked).await
}

/// Logs to standard error.
pub(crate) fn logs(settings: &Settings) -> Result<()> {
    use tracing_subscriber::EnvFilter;
    // What that library says of each line holds the login.
    let quiet = "async_imap=off".parse().context("a directive")?;
    let filter = EnvFilter::try_new(&settings.log.level).context("log.level")?.add_directive(quiet);
    let logs = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    let set = match settings.log.format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().try_init(),
    };
    set.map_err(|cause| anyhow::anyhow!("logs: {cause}"))
}

/// Binds, opens the store, starts the engine.
pub(crate) async fn prepare(
    settings: Settings,
    clock_of: Option<String>,
    simulator_url: Option<String>,
) -> Result<Ready> {
    let listen = settings.server.listen.clone();
    let listener = TcpListener::bind(&listen).await.with_context(|| {
        format!(
            "cannot listen at {listen}; is another chaski running? Use --listen 127.0.0.1:0 for any free port"
        )
    })?;
    let bound = listener.local_addr()?;
    let public_url = if settings.server.public_url.is_empty() {
        format!("http://{bound}")
    } else {
        settings.server.public_url.clone()
    };
    let store = open_store(&settings).await?;
    let metrics = chaski_server::install_metrics();
    let clock = Arc::new(Clock::default());
    let stop = CancellationToken::new();
    if let Some(handle) = metrics.clone() {
        tokio::spawn(upkeep(move || handle.run_upkeep(), stop.clone()));
    }
    if let Some(simulator) = clock_of {
        clock_follower::read_once(&simulator, &clock).await?;
        tokio::spawn(clock_follower::follow(simulator, Arc::clone(&clock), stop.clone()));
    }
    let engine = Engine::start(store, clock, settings.engine(&public_url)).await?;
    let app = Arc::new(AppState { engine, metrics, health: chaski_server::Health::default(), simulator_url });
    Ok(Ready { app, settings, listener, stop })
}

/// The embedded store of the data folder, or the database that is named.
async fn open_store(settings: &Settings) -> Result<Arc<dyn Store>> {
    let url = &settings.database.url;
    if url.is_empty() {
        return Ok(Arc::new(SqliteStore::open_with(
            &settings.storage.data,
            0,
            settings.storage.min_free_mb << 20,
        )?));
    }
    std::fs::create_dir_all(&settings.storage.data)
        .with_context(|| format!("{} cannot be made", settings.storage.data.display()))?;
    let store = PgStore::open(url).await.context("the database of database.url cannot be used")?;
    tracing::info!(database = store.shown(), node = store.node(), "the store is on PostgreSQL");
    Ok(Arc::new(store))
}

/// Samples of histograms are gathered by and by, so that they do not pile up where nobody scrapes.
async fn upkeep(gather: impl Fn() + Send, stop: CancellationToken) {
    while tokio::time::timeout(UPKEEP, stop.cancelled()).await.is_err() {
        gather();
    }
}

impl Ready {
    /// Serves until the process is told to stop, then ends what is under way.
    pub(crate) async fn serve(self, mut asked: Asked) -> Result<()> {
        let stop = self.stop.clone();
        let task = self.start();
        asked.told().await;
        tracing::info!("stopping");
        stop.cancel();
        task.await?;
        Ok(())
    }

    /// Serves in the background until the returned task's token is cancelled.
    pub(crate) fn start(self) -> tokio::task::JoinHandle<()> {
        let grace = self.settings.server.grace.0;
        tokio::spawn(async move {
            let engine = Arc::clone(&self.app.engine);
            // Both at once: live pages end when the engine stops, and would hold the server up.
            let stopping = async {
                self.stop.cancelled().await;
                engine.stop(grace).await;
            };
            let serving = chaski_server::serve(self.listener, router(self.app), self.stop.clone(), grace);
            tokio::join!(serving, stopping);
            // Another node need not wait for the lease to run out.
            if let Err(cause) = engine.store().leave().await {
                tracing::warn!(%cause, "this node's place could not be given back");
            }
        })
    }

    /// Cancelled to stop it.
    pub(crate) fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// The one workspace of a demo.
    pub(crate) fn only_workspace(&self) -> Option<WorkspaceId> {
        self.app.engine.snapshot().workspaces.keys().min().copied()
    }
}

/// Ctrl-C and SIGTERM, heard from the moment this is made: a process that says that it is ready can be
/// told to stop at once.
pub(crate) struct Asked {
    interrupt: Signal,
    terminate: Signal,
}

impl Asked {
    pub(crate) fn listen() -> Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits until the process is told to stop.
    pub(crate) async fn told(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
