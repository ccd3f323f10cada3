//! The site of a run: providers, servers, their database, and what befalls them.

use super::balancer::Balancer;
use super::plan::{Blow, Kind, Plan};
use crate::http_client::Http;
use crate::postgres::Cluster;
use crate::until;
use crate::world::{Process, Scratch};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::time::Duration;

/// The lease of the servers, in seconds: short, so that a take-over is.
const LEASE: u64 = 2;
/// How long a frozen server stays frozen: past its lease, the five seconds of a begun call, and some.
const FROZEN: Duration = Duration::from_secs(LEASE + 8);
const DATABASE: &str = "chaski";

/// Everything that runs.
pub(super) struct Site {
    /// The token of every scope.
    pub(super) token: String,
    balancer: Balancer,
    simulator: Process,
    nodes: Vec<Node>,
    database: Database,
    scratch: Scratch,
    http: Http,
}

struct Node {
    process: Option<Process>,
    address: String,
}

enum Database {
    Embedded,
    One(Cluster),
    Pair { primary: Cluster, standby: Cluster, promoted: bool },
}

impl Site {
    /// Starts everything and connects the channels.
    pub(super) async fn start(plan: &Plan) -> Option<Self> {
        let database = match plan.kind {
            Kind::Embedded => Database::Embedded,
            Kind::Postgres { .. } => Database::One(Cluster::private("on")?),
            Kind::Standby => {
                let primary = Cluster::private("on")?;
                let standby = primary.synchronous_standby();
                Database::Pair { primary, standby, promoted: false }
            }
        };
        if let Database::One(cluster) | Database::Pair { primary: cluster, .. } = &database {
            cluster.psql("postgres", &format!("CREATE DATABASE {DATABASE}"));
        }
        let quiet = [("CHASKI__LOG__LEVEL", "error")];
        let simulator = Process::start(&["simulator", "--json", "--listen", "127.0.0.1:0"], &quiet);
        let addresses: Vec<String> = (0..plan.nodes()).map(|_| free_address()).collect();
        let balancer = Balancer::start(&addresses).await;
        let nodes = addresses.into_iter().map(|address| Node { process: None, address }).collect();
        let (scratch, http) = (Scratch::new(), Http::default());
        let token = String::new();
        let mut site = Self { token, balancer, simulator, nodes, database, scratch, http };
        for place in 0..site.nodes.len() {
            site.start_node(place);
        }
        site.connect().await;
        Some(site)
    }

    /// Where callers connect.
    pub(super) fn url(&self) -> &str {
        &self.balancer.url
    }

    /// A call to the simulator's control API.
    pub(super) async fn simulated(&self, method: &str, path: &str, body: Value) -> Value {
        let base = self.simulator.ready["simulator"].as_str().expect("it tells its address");
        let answer = self.http.json(method, &format!("{base}/sim/v1{path}"), "", &body).await;
        let answer = answer.expect("the simulator answers");
        assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.text());
        answer.json()
    }

    /// Moves domain time, the servers' too.
    pub(super) async fn move_clock(&self, by: &str) {
        self.simulated("POST", "/clock", json!({"advance": by})).await;
    }

    fn start_node(&mut self, place: usize) {
        let data = self.scratch.0.join(format!("node-{place}")).to_string_lossy().into_owned();
        let key = self.scratch.0.join("secret.key").to_string_lossy().into_owned();
        let clock = self.simulator.ready["simulator"].as_str().expect("its address").to_owned();
        let (url, lease) = (self.database.url(), format!("{LEASE}s"));
        let environment = [
            ("CHASKI__SECURITY__ALLOW_PRIVATE_NETWORKS", "true"),
            ("CHASKI__SECURITY__KEY_FILE", &key),
            ("CHASKI__SERVER__PUBLIC_URL", &self.balancer.url),
            ("CHASKI__DATABASE__URL", &url),
            ("CHASKI__CLUSTER__LEASE", &lease),
            ("CHASKI__DELIVERY__CALL_TIMEOUT", "2s"),
            ("CHASKI__DELIVERY__ORDER_WAIT", "24h"),
            ("CHASKI__DELIVERY__TIME_TO_LIVE", "30d"),
            ("CHASKI__LOG__LEVEL", "off"),
        ];
        let node = &mut self.nodes[place];
        let arguments = ["serve", "--json", "--listen", &node.address, "--data", &data, "--clock", &clock];
        let process = Process::start(&arguments, &environment);
        if let Some(token) = process.ready["token"].as_str() {
            self.token = token.to_owned();
        }
        node.process = Some(process);
        self.balancer.set(place, true);
    }

    /// Connects every kind of channel and lifts what would slow a run down.
    async fn connect(&self) {
        let accounts = self.simulated("GET", "/accounts", Value::Null).await;
        for source in crate::SOURCES {
            let account = accounts.as_array().into_iter().flatten().find(|a| a["source"] == source);
            let mut set = account.expect("an account")["set"].clone();
            let verify = set["verify_token"].clone();
            (set["pace"], set["pair_pace"]) = (json!("0"), json!("0"));
            let channel = json!({"source": source, "name": source, "set": set});
            let made = self.api("POST", "/admin/v1/channels", channel).await;
            if source != "360dialog_whatsapp" {
                let mut hook = json!({"source": source, "url": made["webhookUrl"]});
                if verify.is_string() {
                    hook["verifyToken"] = verify;
                }
                self.simulated("PUT", "/webhooks", hook).await;
            }
            let lifted = json!({"provider": source, "perSecond": null, "pair": null});
            self.simulated("PUT", "/limits", lifted).await;
        }
    }

    /// A call that must succeed.
    pub(super) async fn api(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.url());
        let answer = self.http.json(method, &url, &self.token, &body).await.expect("the server answers");
        assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.text());
        answer.json()
    }

    /// Lets a blow fall, and brings back what it struck.
    pub(super) async fn strike(&mut self, blow: Blow) {
        match blow {
            Blow::Kill(place) => {
                self.balancer.set(place, false);
                self.nodes[place].process.take().into_iter().for_each(|mut process| process.kill());
                self.start_node(place);
            }
            Blow::Stop(place) => {
                if let Some(mut process) = self.nodes[place].process.take() {
                    assert!(process.stop(), "a server that is told to stop ends well");
                }
                self.balancer.set(place, false);
                self.start_node(place);
            }
            Blow::Freeze(place) => self.freeze(place).await,
            Blow::CutConnections => self.database.cut(),
            Blow::RestartDatabase => self.database.restart(),
            Blow::Promote => self.database.promote(),
        }
    }

    async fn freeze(&mut self, place: usize) {
        let Some(process) = &self.nodes[place].process else { return };
        signal(process.id(), "-STOP");
        self.balancer.set(place, false);
        // The time itself is the blow: the lease must run out, and another server take over.
        tokio::time::sleep(FROZEN).await;
        signal(process.id(), "-CONT");
        self.balancer.set(place, true);
    }

    /// From here on nothing goes wrong any more.
    pub(super) async fn mend(&mut self) {
        self.simulated("PUT", "/faults", json!([])).await;
        until("every server is ready", || async {
            for node in &self.nodes {
                let url = format!("http://{}/readyz", node.address);
                if self.http.json("GET", &url, "", &Value::Null).await.map_or(0, |a| a.status) != 200 {
                    return None;
                }
            }
            Some(())
        })
        .await;
    }

    /// Every server ends well when it is told to.
    pub(super) async fn end(mut self) {
        for node in &mut self.nodes {
            if let Some(mut process) = node.process.take() {
                assert!(process.stop(), "a server that is told to stop ends well");
            }
        }
    }
}

fn free_address() -> String {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    free.expect("a free port").to_string()
}

fn signal(process: u32, signal: &str) {
    let sent = std::process::Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "{signal} is sent");
}

impl Database {
    fn url(&self) -> String {
        match self {
            Self::Embedded => String::new(),
            Self::One(cluster) => cluster.url(DATABASE),
            Self::Pair { primary, standby, .. } => primary.url_of_pair(standby, DATABASE),
        }
    }

    fn at_work(&self) -> Option<&Cluster> {
        match self {
            Self::Embedded => None,
            Self::One(cluster) => Some(cluster),
            Self::Pair { standby, promoted: true, .. } => Some(standby),
            Self::Pair { primary, .. } => Some(primary),
        }
    }

    fn cut(&self) {
        let Some(cluster) = self.at_work() else { return };
        let others = format!("datname = '{DATABASE}' AND pid <> pg_backend_pid()");
        cluster.psql(
            "postgres",
            &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"),
        );
    }

    fn restart(&self) {
        let Some(cluster) = self.at_work() else { return };
        cluster.stop();
        cluster.start_again();
    }

    fn promote(&mut self) {
        let Self::Pair { primary, standby, promoted } = self else { return };
        primary.stop();
        standby.promote();
        *promoted = true;
    }
}
