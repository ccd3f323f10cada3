//! Webhooks to the businesses: signed, in order for each message, repeated when they fail.
//!
//! There is one queue for each address, with a fixed number of lanes. A message always takes the
//! same lane, so that its receipts stay in order while other messages are in flight. A delivery
//! that failed leaves its lane and comes back later, as at the providers: what follows it does not wait.

mod config;
mod queue;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Notify;
use tokio::time::timeout;

pub(crate) use self::config::{Hook, Hooks};
use self::queue::{Job, Queue};
use crate::accounts::AccountId;
use crate::sim::Shared;
use crate::source::Source;
use crate::sync::{locked, reading, writing};

/// The client for webhooks and media links.
pub(crate) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Deliveries waiting for their first try, above which a send waits.
const CROWDED: usize = 20_000;
/// Deliveries waiting for their first try, above which one is given up.
const FULL: usize = 500_000;
/// Addresses that can have a queue at one time.
const QUEUES: usize = 500;
const PATIENCE: Duration = Duration::from_secs(10);

/// One webhook to deliver.
pub(crate) struct Post {
    pub(crate) account: AccountId,
    pub(crate) is_status: bool,
    /// An address of the message's own.
    pub(crate) url: Option<String>,
    pub(crate) body: Vec<u8>,
    /// What keeps its order among others: equal keys take the same lane.
    pub(crate) key: u64,
    pub(crate) has_bad_signature: bool,
}

/// All webhooks of a simulator.
pub(crate) struct Webhooks {
    hooks: RwLock<Hooks>,
    queues: Mutex<HashMap<String, Arc<Queue>>>,
    states: Mutex<HashMap<AccountId, State>>,
    pending: AtomicUsize,
    settled: Notify,
}

/// How the deliveries of one account do.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// Not delivered yet.
    pub(crate) waiting: u64,
    /// When and why the last try failed (simulated time).
    pub(crate) last_error: Option<(i64, String)>,
}

/// A client that keeps connections alive.
pub(crate) fn http_client() -> HttpClient {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(PATIENCE));
    let https = hyper_rustls::HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(64)
        .build(https)
}

impl Webhooks {
    pub(crate) fn new(hooks: Hooks) -> Self {
        Self {
            hooks: RwLock::new(hooks),
            queues: Mutex::default(),
            states: Mutex::default(),
            pending: AtomicUsize::new(0),
            settled: Notify::new(),
        }
    }

    pub(crate) fn keep(&self) -> Hooks {
        reading(&self.hooks).clone()
    }

    pub(crate) fn hook(&self, id: AccountId) -> Option<Hook> {
        reading(&self.hooks).of(id).cloned()
    }

    pub(crate) fn set(&self, source: Source, only: Option<AccountId>, hook: Option<Hook>) {
        writing(&self.hooks).set(source, only, hook);
    }

    /// Queues a webhook; without an address it goes nowhere, as at the providers.
    pub(crate) fn post(&self, sim: &Shared, post: Post) {
        let url = post.url.or_else(|| {
            let hooks = reading(&self.hooks);
            let hook = hooks.of(post.account)?;
            let status_url = hook.status_url.as_ref().filter(|_| post.is_status);
            Some(status_url.unwrap_or(&hook.url).clone())
        });
        let Some(url) = url.filter(|url| !url.is_empty()) else {
            return;
        };
        if self.pending.load(Ordering::Relaxed) >= FULL {
            tracing::warn!("A webhook was given up because too many are waiting");
            return;
        }
        let Ok(url) = url.parse::<Uri>() else {
            return;
        };
        let Some(queue) = self.queue(sim, &url) else {
            return;
        };
        self.pending.fetch_add(1, Ordering::Relaxed);
        locked(&self.states).entry(post.account).or_default().waiting += 1;
        let (account, key, has_bad_signature) = (post.account, post.key, post.has_bad_signature);
        queue.push(Job {
            account,
            key,
            has_bad_signature,
            url,
            body: Bytes::from(post.body),
            tries: 0,
            first_ms: sim.clock.now_ms(),
        });
    }

    /// One queue for an address, whatever its query.
    fn queue(&self, sim: &Shared, url: &Uri) -> Option<Arc<Queue>> {
        let mut queues = locked(&self.queues);
        let name = url.to_string();
        let name = name.split('?').next().unwrap_or_default().to_owned();
        if let Some(queue) = queues.get(&name) {
            return Some(queue.clone());
        }
        if queues.len() >= QUEUES {
            tracing::warn!("A webhook was given up because there are too many addresses");
            return None;
        }
        let queue = Queue::start(sim);
        queues.insert(name, queue.clone());
        Some(queue)
    }

    /// Waits while too many deliveries are waiting for their first try, so that senders slow down.
    pub(crate) async fn room(&self) {
        if self.pending.load(Ordering::Relaxed) < CROWDED {
            return;
        }
        let emptied = async {
            while self.pending.load(Ordering::Relaxed) >= CROWDED {
                self.settled.notified().await;
            }
        };
        let _ = timeout(Duration::from_secs(2), emptied).await;
    }

    /// How an account's deliveries do.
    pub(crate) fn state(&self, id: AccountId) -> State {
        locked(&self.states).get(&id).cloned().unwrap_or_default()
    }

    /// A delivery came to its end, or a try of it failed.
    fn note_end(&self, id: AccountId, failed: Option<(i64, String)>) {
        let mut states = locked(&self.states);
        let state = states.entry(id).or_default();
        match failed {
            Some(failed) => state.last_error = Some(failed),
            None => state.waiting = state.waiting.saturating_sub(1),
        }
    }

    fn note_tried(&self) {
        if self.pending.fetch_sub(1, Ordering::Relaxed) <= CROWDED {
            self.settled.notify_waiters();
        }
    }
}

/// Calls a business's address at once and gives the status and body of its answer, or why there is none.
pub(crate) async fn call_now(
    sim: &Shared,
    id: AccountId,
    url: &str,
    body: Vec<u8>,
) -> Result<(StatusCode, Bytes), String> {
    let url: Uri = url.parse().map_err(|_| "Wrong address".to_owned())?;
    let mut request = Request::post(&url).header("content-type", "application/json");
    for (name, value) in crate::providers::webhook_headers(sim, id, &url, &body, false) {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(Bytes::from(body))).map_err(|_| "Wrong address".to_owned())?;
    let answer = async {
        let lost = |_| "Connection refused".to_owned();
        let response = sim.http.request(request).await.map_err(lost)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), 64 * 1024).collect().await;
        let body = body.map_err(|_| "Connection reset by peer".to_owned())?.to_bytes();
        Ok((status, body))
    };
    timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err("Connection timed out".to_owned()))
}

/// Meta's check of an address before it is used: the challenge must come back as it is.
pub(crate) async fn challenge(sim: &Shared, url: &str, verify_token: &str) -> Result<(), String> {
    let challenge = (1_000_000_000 + u64::from(getrandom::u32().unwrap_or(158_201_444))).to_string();
    let mut checked =
        url::Url::parse(url).map_err(|_| format!("`url` must be an http(s) address, not {url:?}"))?;
    checked
        .query_pairs_mut()
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.challenge", &challenge)
        .append_pair("hub.verify_token", verify_token);
    let request =
        Request::get(checked.as_str()).header("user-agent", "facebookplatform/1.0").body(Full::default());
    let request = request.map_err(|_| format!("`url` must be an http(s) address, not {url:?}"))?;
    let answer = async {
        let response = sim
            .http
            .request(request)
            .await
            .map_err(|fault| format!("The address did not answer: {fault}"))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), 64 * 1024).collect().await;
        let body = body.map_err(|_| "The answer could not be read".to_owned())?.to_bytes();
        Ok::<_, String>((status, body))
    };
    let (status, body) = timeout(PATIENCE, answer)
        .await
        .map_err(|_| "The address did not answer within 10 s".to_owned())??;
    if status != StatusCode::OK {
        return Err(format!(
            "The check of the address was answered with status {} instead of 200: is the verify token the same?",
            status.as_u16()
        ));
    }
    if body != challenge.as_bytes() {
        return Err(
            "The check of the address was answered with another text than the challenge alone".to_owned()
        );
    }
    Ok(())
}
