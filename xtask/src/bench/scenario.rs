//! What is done with a side, and the figures that come of it.

use super::fill;
use super::load;
use super::world::{CONNECTIONS, Side, Wish, World};
use crate::machine::{self, Ticks};
use anyhow::Result;
use e2e::postgres::Cluster;
use serde_json::Value;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// What follows the last status on its own still belongs to the messages.
const AFTERMATH: Duration = Duration::from_millis(300);
/// Between two messages on an idle system.
const REST: Duration = Duration::from_millis(25);
/// Accounts where there is more than one.
const ACCOUNTS: usize = 16;

/// Figures by the names of their rows.
pub(super) type Figures = BTreeMap<&'static str, f64>;

/// What one run of one side told.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    pub(super) figures: Figures,
    /// Shares of the machine's time that its host, and processes other than the run's, took.
    pub(super) stolen: f64,
    pub(super) others: f64,
}

impl Setting {
    /// The store's name.
    pub(super) fn store(&self) -> &'static str {
        if self.cluster.is_some() { "postgres" } else { "sqlite" }
    }
}

/// On what a scenario is run.
#[derive(Clone)]
pub(super) struct Setting {
    /// The product's program.
    pub(super) chaski: PathBuf,
    /// Where scratch folders are made.
    pub(super) folder: PathBuf,
    /// None: the embedded store.
    pub(super) cluster: Option<Rc<Cluster>>,
    pub(super) connections: usize,
}

/// How much load.
#[derive(Debug, Clone)]
pub(super) struct Size {
    pub(super) pairs: usize,
    pub(super) contacts: usize,
    pub(super) accepts: usize,
    pub(super) messages: usize,
    pub(super) singles: usize,
    pub(super) idles: usize,
    pub(super) queued: usize,
    pub(super) queued_contacts: usize,
    /// Messages stored before the cost of one is measured.
    pub(super) stored: usize,
    /// Messages queued when a server with so many is started.
    pub(super) queued_at_start: usize,
}

impl Size {
    pub(super) fn full(queued: usize) -> Self {
        Self {
            pairs: 3,
            contacts: 2000,
            accepts: 40_000,
            messages: 20_000,
            singles: 2000,
            idles: 200,
            queued,
            // More than a channel's window holds in memory.
            queued_contacts: 30_000,
            stored: 10_000_000,
            queued_at_start: 100_000,
        }
    }

    pub(super) fn quick() -> Self {
        Self {
            pairs: 1,
            contacts: 500,
            accepts: 8000,
            messages: 4000,
            singles: 500,
            idles: 50,
            queued: 20_000,
            queued_contacts: 2000,
            stored: 100_000,
            queued_at_start: 5000,
        }
    }
}

/// One of the runs that a side is put through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    /// Messages are accepted while their channel is held.
    Accept,
    /// Messages are accepted, sent and reported on.
    Pipeline,
    /// The same from one connection, back to back, then with rests.
    Single,
    /// Reports about messages that were sent before.
    Receipts,
    /// Messages are accepted, sent, and reported on three times each.
    Mixed,
    /// Very many messages are accepted while their channel is held. The product only.
    Queued,
    /// The cost of a message and the start with very many stored. The product only, on SQLite.
    Volume,
    /// Two servers with many accounts on one database; what stands for the reference is one server.
    Nodes,
}

impl Scenario {
    pub(super) const ALL: [Self; 8] = [
        Self::Accept,
        Self::Pipeline,
        Self::Single,
        Self::Receipts,
        Self::Mixed,
        Self::Queued,
        Self::Volume,
        Self::Nodes,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Pipeline => "pipeline",
            Self::Single => "single",
            Self::Receipts => "receipts",
            Self::Mixed => "mixed",
            Self::Queued => "queued",
            Self::Volume => "volume",
            Self::Nodes => "nodes",
        }
    }

    /// Whether the reference is put through it too.
    pub(super) fn has_bare(self) -> bool {
        !matches!(self, Self::Queued | Self::Volume)
    }

    /// Whether it says something on this store with so many connections.
    pub(super) fn is_run_on(self, setting: &Setting) -> bool {
        match self {
            Self::Accept | Self::Pipeline => true,
            Self::Volume => setting.cluster.is_none() && setting.connections == CONNECTIONS,
            Self::Nodes => setting.cluster.is_some() && setting.connections == CONNECTIONS,
            _ => setting.connections == CONNECTIONS,
        }
    }

    /// Connections that its load has.
    pub(super) fn connections(self, setting: &Setting) -> usize {
        if self == Self::Single { 1 } else { setting.connections }
    }

    /// Puts one side through it.
    pub(super) async fn run(self, side: Side, size: &Size, setting: &Setting) -> Result<Run> {
        let contacts = if self == Self::Queued { size.queued_contacts } else { size.contacts };
        let nodes = if self == Self::Nodes && side == Side::Product { 2 } else { 1 };
        let wish = Wish {
            side: if self == Self::Nodes { Side::Product } else { side },
            nodes,
            accounts: if self == Self::Nodes { ACCOUNTS } else { 1 },
            held: matches!(self, Self::Accept | Self::Queued),
            contacts,
            chaski: setting.chaski.clone(),
            folder: setting.folder.clone(),
            cluster: setting.cluster.clone(),
            connections: setting.connections,
            kinds: if self == Self::Mixed { vec!["sent", "delivered", "read"] } else { vec!["delivered"] },
        };
        if self == Self::Volume {
            return volume(wish, size).await;
        }
        let world = World::start(wish).await?;
        let (ticks, (_, own)) = (Ticks::read()?, world.cpu()?);
        let (figures, sent) = match self {
            Self::Accept => (accept(&world, size.accepts).await?, size.accepts),
            Self::Pipeline => (pipeline(&world, size).await?, size.messages),
            Self::Single => (single(&world, size).await?, size.singles + size.idles),
            Self::Receipts => (receipts(&world, size).await?, size.messages),
            Self::Mixed => (mixed(&world, size).await?, size.messages),
            Self::Queued => (queued(&world, size.queued).await?, size.queued),
            Self::Nodes => (both(&world, size).await?, size.messages),
            Self::Volume => (Figures::new(), 0),
        };
        let (stolen, others) = ticks.lost(world.cpu()?.1 - own)?;
        // The database's processes belong to the run too, and cannot be told from others.
        let others = if setting.cluster.is_some() { 0.0 } else { others };
        // Two servers count apart.
        if nodes == 1 {
            world.is_whole(contacts + sent).await?;
        }
        world.end().await?;
        Ok(Run { figures, stolen, others })
    }
}

async fn accept(world: &World, count: usize) -> Result<Figures> {
    let told = load::run(&world.place, world.connections(), count, world.messages()).await?;
    Ok([("accepts_per_second", told.per_second()), ("p99_64", told.percentile_ms(0.99))].into())
}

async fn pipeline(world: &World, size: &Size) -> Result<Figures> {
    let pid = world.pid();
    let (commits, _) = world.commits().await?;
    let written = machine::written_bytes(&pid)?;
    let (cpu, _) = world.cpu()?;
    let (told, peak) =
        watching(&pid, load::run(&world.place, world.connections(), size.messages, world.messages())).await?;
    let (ended_us, peak_after) = watching(&pid, world.all_reported(size.contacts + size.messages)).await?;
    tokio::time::sleep(AFTERMATH).await;
    let count = size.messages as f64;
    let cpu = world.cpu()?.0 - cpu;
    let written = machine::written_bytes(&pid)? - written;
    let commits = world.commits().await?.0 - commits;
    let seconds = ended_us.saturating_sub(told.began_us) as f64 / 1e6;
    Ok([
        ("messages_per_second", count / seconds.max(1e-9)),
        ("cpu_seconds_per_1000", cpu * 1000.0 / count),
        ("commits_per_message", commits / count),
        ("written_kb_per_message", written / 1024.0 / count),
        ("p99_64_pipeline", told.percentile_ms(0.99)),
        ("private_mb_pipeline", peak.max(peak_after)),
    ]
    .into())
}

/// The pipeline, its load dealt among the servers.
async fn both(world: &World, size: &Size) -> Result<Figures> {
    let began_us = machine::now_us();
    world.load_all(size.messages).await?;
    let ended_us = world.all_reported(size.contacts + size.messages).await?;
    let seconds = ended_us.saturating_sub(began_us) as f64 / 1e6;
    Ok([("two_nodes_per_second", size.messages as f64 / seconds.max(1e-9))].into())
}

async fn single(world: &World, size: &Size) -> Result<Figures> {
    let told = load::run(&world.place, 1, size.singles, world.messages()).await?;
    world.all_reported(size.contacts + size.singles).await?;
    tokio::time::sleep(AFTERMATH).await;
    let (commits, seconds) = world.commits().await?;
    let answered = load::one_by_one(&world.place, size.idles, REST, world.messages()).await?;
    world.all_reported(size.contacts + size.singles + size.idles).await?;
    let (commits_after, seconds_after) = world.commits().await?;
    let calls = world.sink_place.call("GET", "/sink/calls", &Value::Null).await?;
    let calls: HashMap<i64, u64> = serde_json::from_str::<Vec<(i64, u64)>>(&calls)?.into_iter().collect();
    let mut waits: Vec<f64> = answered
        .iter()
        .filter_map(|(message, at)| Some((*calls.get(message)? as f64 - *at as f64) / 1000.0))
        .collect();
    let commit_ms = (seconds_after - seconds) * 1000.0 / (commits_after - commits).max(1.0);
    Ok([
        ("p50_1", told.percentile_ms(0.5)),
        ("accepted_to_called", super::median(&mut waits)),
        ("commit_idle", commit_ms),
    ]
    .into())
}

async fn queued(world: &World, count: usize) -> Result<Figures> {
    let pid = world.pid();
    let (told, peak) =
        watching(&pid, load::run(&world.place, world.connections(), count, world.messages())).await?;
    Ok([
        ("private_mb_queued", peak),
        ("peak_rss_mb_queued", machine::memory_mb(&pid, "VmHWM")?),
        ("accepts_per_second_queued", told.per_second()),
    ]
    .into())
}

async fn receipts(world: &World, size: &Size) -> Result<Figures> {
    world.hold_statuses().await?;
    load::run(&world.place, world.connections(), size.messages, world.messages()).await?;
    world.all_called(size.contacts + size.messages).await?;
    tokio::time::sleep(AFTERMATH).await;
    let began_us = world.release_statuses().await?;
    let ended_us = world.all_reported(size.contacts + size.messages).await?;
    let seconds = ended_us.saturating_sub(began_us) as f64 / 1e6;
    Ok([("receipts_per_second", size.messages as f64 / seconds.max(1e-9))].into())
}

async fn mixed(world: &World, size: &Size) -> Result<Figures> {
    let told = load::run(&world.place, world.connections(), size.messages, world.messages()).await?;
    let ended_us = world.all_reported(size.contacts + size.messages).await?;
    let seconds = ended_us.saturating_sub(told.began_us) as f64 / 1e6;
    Ok([("mixed_per_second", size.messages as f64 / seconds.max(1e-9))].into())
}

/// The same load on a small and on a large store, then a start with work waiting.
async fn volume(wish: Wish, size: &Size) -> Result<Run> {
    let ticks = Ticks::read()?;
    let world = World::start(wish.clone()).await?;
    let small = pipeline(&world, size).await?;
    world.end().await?;
    let mut world = World::start(wish.clone()).await?;
    let stored = size.stored;
    world.filled(|data| fill::store(data, stored)).await?;
    let large = pipeline(&world, size).await?;
    world.refuse().await?;
    load::run(&world.place, world.connections(), size.queued_at_start, world.messages()).await?;
    let started = world.first_call_after(fill::release).await?;
    let (stolen, others) = ticks.lost(0.0)?;
    world.end().await?;
    let cost = |figures: &Figures| figures.get("cpu_seconds_per_1000").copied().unwrap_or_default();
    let speed = |figures: &Figures| figures.get("messages_per_second").copied().unwrap_or_default();
    let figures = [
        ("volume_cpu_small", cost(&small)),
        ("volume_cpu_large", cost(&large)),
        ("volume_cost", cost(&large) / cost(&small).max(1e-9)),
        ("volume_speed", speed(&large) / speed(&small).max(1e-9)),
        ("start_large", started.as_secs_f64()),
    ];
    // The pauses between its parts are not the load's: what others took is not told.
    Ok(Run { figures: figures.into(), stolen, others: others.min(0.0) })
}

/// Looks at a process's private memory while something runs; the highest seen, in megabytes.
async fn watching<T>(pid: &str, work: impl Future<Output = Result<T>>) -> Result<(T, f64)> {
    let peak = Cell::new(0.0_f64);
    let look = async {
        loop {
            peak.set(peak.get().max(machine::memory_mb(pid, "RssAnon").unwrap_or(0.0)));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        done = work => Ok((done?, peak.get())),
        () = look => unreachable!("looking does not end"),
    }
}
