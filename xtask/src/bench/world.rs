//! The processes of one run: a sink and, in a folder of its own, the server under measurement.

use super::load;
use super::wire::Place;
use crate::machine;
use anyhow::{Context, Result, bail, ensure};
use e2e::postgres::Cluster;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// Connections of the load generator that prepares a run.
pub(super) const CONNECTIONS: usize = 64;
/// How long anything may take before a run is given up.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(10);

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The reference.
    Bare,
    /// Chaski.
    Product,
}

/// What a run needs to know before it starts.
#[derive(Clone)]
pub(super) struct Wish {
    pub(super) side: Side,
    /// The cluster in which a database is made; none: the embedded store.
    pub(super) cluster: Option<Rc<Cluster>>,
    /// Connections of the load generator.
    pub(super) connections: usize,
    /// Statuses that each message gets.
    pub(super) kinds: Vec<&'static str>,
    /// The product's servers on one database, and its accounts, each with one channel.
    pub(super) nodes: usize,
    pub(super) accounts: usize,
    /// Messages are stored and not sent.
    pub(super) held: bool,
    pub(super) contacts: usize,
    /// The product's program.
    pub(super) chaski: PathBuf,
    /// Where scratch folders are made.
    pub(super) folder: PathBuf,
}

/// A process with its standard output, killed when it is dropped.
struct Process {
    child: Child,
    /// Kept open: a process that cannot write its output would end.
    _output: BufReader<ChildStdout>,
    pid: String,
    said: Value,
}

impl Process {
    /// Starts a program and waits for its first line, which is JSON.
    async fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let errors = std::fs::File::create(log)?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {:?}", command.as_std().get_program()))?;
        let mut output = BufReader::new(child.stdout.take().context("a child without output")?);
        let mut line = String::new();
        tokio::time::timeout(PATIENCE, output.read_line(&mut line)).await.context("it says nothing")??;
        let Ok(said) = serde_json::from_str(&line) else {
            bail!("it did not start: {}", std::fs::read_to_string(log).unwrap_or_default());
        };
        let pid = child.id().context("it has ended")?.to_string();
        Ok(Self { child, _output: output, pid, said })
    }

    async fn end(mut self) {
        // It may have ended already.
        let _ = self.child.kill().await;
    }
}

/// The product as it is shipped.
fn serve(wish: &Wish, data: &Path, database: Option<&str>) -> Command {
    let mut command = Command::new(&wish.chaski);
    command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    command.env("CHASKI__SECURITY__ALLOW_PRIVATE_NETWORKS", "true");
    command.env("CHASKI__DATABASE__URL", database.unwrap_or(""));
    command
}

/// One run's processes.
pub(super) struct World {
    wish: Wish,
    server: Process,
    /// More servers on the same database.
    more: Vec<(Process, Place)>,
    sink: Process,
    folder: PathBuf,
    database: Option<String>,
    pub(super) place: Place,
    pub(super) sink_place: Place,
    channels: Vec<i64>,
}

impl World {
    /// Starts everything, makes the contacts, and sends each of them one message that is not measured.
    pub(super) async fn start(wish: Wish) -> Result<Self> {
        let folder = wish.folder.join(format!("run-{}", machine::now_us()));
        std::fs::create_dir_all(&folder)?;
        let own = std::env::current_exe()?;
        let sink = Process::start(Command::new(&own).arg("sink"), &folder.join("sink.log")).await?;
        let sink_url = sink.said["sink"].as_str().unwrap_or_default().to_owned();
        let data = folder.join("data");
        let name = format!("bench{}", machine::now_us());
        let database = wish.cluster.as_ref().map(|cluster| {
            cluster.psql("postgres", &format!("CREATE DATABASE {name}"));
            cluster.url(&name)
        });
        let mut command = match wish.side {
            Side::Bare => {
                let mut command = Command::new(&own);
                command.arg("bare").arg("--data").arg(&data).args(["--sink", &sink_url]);
                if wish.held {
                    command.arg("--held");
                }
                if let Some(url) = &database {
                    command.args(["--database", url]);
                }
                command
            }
            Side::Product => serve(&wish, &data, database.as_deref()),
        };
        let server = Process::start(&mut command, &folder.join("server.log")).await?;
        let place = Place::new(
            server.said["api"].as_str().unwrap_or_default(),
            server.said["token"].as_str().unwrap_or("bench"),
        )?;
        let sink_place = Place::new(&sink_url, "")?;
        let mut more = Vec::new();
        for number in 1..wish.nodes {
            let own = folder.join(format!("data{number}"));
            std::fs::create_dir_all(&own)?;
            std::fs::copy(data.join("secret.key"), own.join("secret.key"))?;
            let log = folder.join(format!("server-{number}.log"));
            let server = Process::start(&mut serve(&wish, &own, database.as_deref()), &log).await?;
            let address = server.said["api"].as_str().unwrap_or_default().to_owned();
            more.push((server, Place::new(&address, &place.token)?));
        }
        let mut world = Self {
            wish,
            server,
            more,
            sink,
            folder,
            database: database.map(|_| name),
            place,
            sink_place,
            channels: vec![1],
        };
        world.make_ready(&sink_url).await?;
        Ok(world)
    }

    async fn make_ready(&mut self, sink_url: &str) -> Result<()> {
        match self.wish.side {
            Side::Bare => {
                let url = format!("http://{}/hooks/bench", self.place.address);
                let hook =
                    json!({"url": url, "headers": {"X-Chaski-Hook": "0123456789abcdef0123456789abcdef"}});
                self.sink_place.call("POST", "/v1/configs/webhook", &hook).await?;
            }
            Side::Product => {
                self.channels.clear();
                for number in 0..self.wish.accounts {
                    let key = format!("bench{number}");
                    let set = json!({"base_url": sink_url, "api_key": key, "pace": "0", "pair_pace": "0"});
                    let name = format!("Bench {number}");
                    let channel = json!({"source": "360dialog_whatsapp", "name": name, "set": set});
                    let made = self.place.call("POST", "/admin/v1/channels", &channel).await?;
                    let made: Value = serde_json::from_str(&made)?;
                    self.channels.push(made["id"].as_i64().context("the channel has no number")?);
                }
                let place = self.place.clone();
                let contact = move |n| {
                    place.request(
                        "POST",
                        &format!("/v2/contact/phone:{}", load::phone(n)),
                        r#"{"firstName":"Ana"}"#,
                    )
                };
                load::run(&self.place, CONNECTIONS, self.wish.contacts, contact).await?;
            }
        }
        self.sink_place.call("POST", "/sink/kinds", &json!(self.wish.kinds)).await?;
        if self.wish.held {
            self.sink_place.call("POST", "/sink/refuse", &Value::Null).await?;
        }
        load::run(&self.place, CONNECTIONS, self.wish.contacts, self.messages()).await?;
        match (self.wish.held, self.wish.side) {
            (false, _) => drop(self.all_reported(self.wish.contacts).await?),
            (true, Side::Product) => self.is_held().await?,
            (true, Side::Bare) => {}
        }
        // What follows a message on its own (projections, checkpoints) comes to rest.
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok(())
    }

    /// Makes the n-th message, round robin over the contacts.
    pub(super) fn messages(&self) -> impl Fn(usize) -> Vec<u8> + 'static {
        self.messages_to(self.place.clone())
    }

    /// The same to one of several servers. A contact is always written to on the same channel.
    fn messages_to(&self, place: Place) -> impl Fn(usize) -> Vec<u8> + 'static {
        let contacts = self.wish.contacts;
        let bodies: Vec<String> = self.channels.iter().map(|channel| load::body(*channel)).collect();
        move |n| {
            let contact = n % contacts;
            let path = format!("/v2/contact/phone:{}/message", load::phone(contact));
            place.request("POST", &path, &bodies[contact % bodies.len()])
        }
    }

    /// Sends messages over connections that are dealt among the servers, of which there are one or two.
    pub(super) async fn load_all(&self, count: usize) -> Result<()> {
        let Some((_, second)) = self.more.first() else {
            return load::run(&self.place, self.wish.connections, count, self.messages()).await.map(drop);
        };
        let share = |place: &Place, number: usize| {
            let make = self.messages_to(place.clone());
            move |n| make(n * 2 + number)
        };
        let half = self.wish.connections / 2;
        tokio::try_join!(
            load::run(&self.place, half, count / 2, share(&self.place, 0)),
            load::run(second, half, count / 2, share(second, 1)),
        )
        .map(drop)
    }

    async fn is_held(&self) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let channels = self.place.call("GET", "/admin/v1/channels", &Value::Null).await?;
            let channels: Value = serde_json::from_str(&channels)?;
            if channels["items"][0]["state"] == "held" {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("the channel is not held although its provider refuses the key")
    }

    /// Waits until the status of `count` messages since the start is stored; when the last one was.
    pub(super) async fn all_reported(&self, count: usize) -> Result<u64> {
        let began = Instant::now();
        let mut stats = Value::Null;
        while began.elapsed() < PATIENCE {
            stats = serde_json::from_str(&self.sink_place.call("GET", "/sink/stats", &Value::Null).await?)?;
            if stats["acknowledged"].as_u64().unwrap_or(0) >= (count * self.wish.kinds.len()) as u64 {
                return Ok(stats["lastAcknowledgedUs"].as_u64().unwrap_or(0));
            }
            tokio::time::sleep(POLL).await;
        }
        let log = std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
        bail!("not every message was reported on: {stats} of {count}\n{log}")
    }

    /// (commits so far, seconds spent in them).
    pub(super) async fn commits(&self) -> Result<(f64, f64)> {
        if self.wish.side == Side::Bare {
            let stats: Value = serde_json::from_str(&self.place.call("GET", "/stats", &Value::Null).await?)?;
            return Ok((
                stats["commits"].as_f64().unwrap_or(0.0),
                stats["commitSeconds"].as_f64().unwrap_or(0.0),
            ));
        }
        let metrics = self.place.call("GET", "/metrics", &Value::Null).await?;
        let number = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.trim().parse().ok()).with_context(|| format!("no metric {name}"))
        };
        Ok((number("chaski_commit_messages_count ")?, number("chaski_commit_seconds_sum ")?))
    }

    /// Whether the product really did what its answers say with `count` messages since the start: a
    /// webhook that cannot be placed is acknowledged too, and must not pass for a stored status.
    pub(super) async fn is_whole(&self, count: usize) -> Result<()> {
        if self.wish.side == Side::Bare {
            return Ok(());
        }
        let metrics = self.place.call("GET", "/metrics", &Value::Null).await?;
        let sum = |name: &str| -> f64 {
            let of_name =
                |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
            metrics
                .lines()
                .filter(of_name)
                .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
                .sum()
        };
        let count = if self.wish.held { count } else { count * self.wish.kinds.len() };
        let found = if self.wish.held { sum("chaski_queue_messages") } else { sum("chaski_receipts_total") };
        let kept = sum("chaski_webhooks_kept_total");
        ensure!(
            found == count as f64 && kept == 0.0,
            "of {count} messages {found} are there; {kept} webhooks were kept"
        );
        Ok(())
    }

    /// Statuses wait from now on.
    pub(super) async fn hold_statuses(&self) -> Result<()> {
        self.sink_place.call("POST", "/sink/hold", &Value::Null).await.map(drop)
    }

    /// Waits until every call has reached the sink.
    pub(super) async fn all_called(&self, count: usize) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let stats: Value =
                serde_json::from_str(&self.sink_place.call("GET", "/sink/stats", &Value::Null).await?)?;
            if stats["calls"].as_u64().unwrap_or(0) >= count as u64 {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("not every message reached the sink")
    }

    /// The waiting statuses are posted; when that began.
    pub(super) async fn release_statuses(&self) -> Result<u64> {
        let told: Value =
            serde_json::from_str(&self.sink_place.call("POST", "/sink/release", &Value::Null).await?)?;
        told["at"].as_u64().context("the sink does not say when")
    }

    /// The folder of the server's data.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Connections of the load generator.
    pub(super) fn connections(&self) -> usize {
        self.wish.connections
    }

    /// From now on calls are refused as if the key were wrong, and the channel is held.
    pub(super) async fn refuse(&self) -> Result<()> {
        self.sink_place.call("POST", "/sink/refuse", &Value::Null).await?;
        load::run(&self.place, 1, 1, self.messages()).await?;
        self.is_held().await
    }

    /// Fills the store of a server that is stopped for it.
    pub(super) async fn filled(&mut self, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let _ = self.server.child.kill().await;
        fill(&self.data())?;
        let mut command = Command::new(&self.wish.chaski);
        command.args(["serve", "--json", "--listen", &self.place.address.to_string(), "--data"]);
        command.arg(self.data()).env("CHASKI__SECURITY__ALLOW_PRIVATE_NETWORKS", "true");
        self.server = Process::start(&mut command, &self.folder.join("server1.log")).await?;
        Ok(())
    }

    /// Stops the server, lets something be done to its data, and starts it again on the same address of the
    /// sink; how long it took from the start of the process until the sink got its first call.
    pub(super) async fn first_call_after(
        &mut self,
        change: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Duration> {
        // It is killed: nothing is written while it ends.
        let _ = self.server.child.kill().await;
        change(&self.data())?;
        self.sink_place.call("POST", "/sink/accept", &Value::Null).await?;
        let before = self.calls().await?;
        let mut command = Command::new(&self.wish.chaski);
        command.args(["serve", "--json", "--listen", &self.place.address.to_string(), "--data"]);
        command.arg(self.data()).env("CHASKI__SECURITY__ALLOW_PRIVATE_NETWORKS", "true");
        let began = Instant::now();
        self.server = Process::start(&mut command, &self.folder.join("server2.log")).await?;
        while self.calls().await? == before {
            ensure!(began.elapsed() < PATIENCE, "nothing is sent after the start");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(began.elapsed())
    }

    async fn calls(&self) -> Result<u64> {
        let stats: Value =
            serde_json::from_str(&self.sink_place.call("GET", "/sink/stats", &Value::Null).await?)?;
        Ok(stats["calls"].as_u64().unwrap_or(0))
    }

    /// The server's process.
    pub(super) fn pid(&self) -> String {
        self.server.pid.clone()
    }

    /// Seconds of processor time of the server, and of everything that belongs to the run.
    pub(super) fn cpu(&self) -> Result<(f64, f64)> {
        let server = machine::cpu_seconds(&self.server.pid)?;
        Ok((server, server + machine::cpu_seconds(&self.sink.pid)? + machine::cpu_seconds("self")?))
    }

    /// Ends the processes and removes their folder.
    pub(super) async fn end(self) -> Result<()> {
        self.server.end().await;
        for (server, _) in self.more {
            server.end().await;
        }
        self.sink.end().await;
        if let (Some(cluster), Some(name)) = (&self.wish.cluster, &self.database) {
            cluster.psql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
        std::fs::remove_dir_all(&self.folder).context("the scratch folder cannot be removed")
    }
}
