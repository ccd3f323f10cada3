//! A demo of its own for a test: the binary in a scratch folder, on free ports.

use crate::http_client::{Answer, Http};
use crate::inbox::Inbox;
use serde_json::{Value, json};
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The phone of the demo's contact.
pub const PHONE: &str = "+60121233112";
/// How long anything may take; only a failing test waits so long.
const DEADLINE: Duration = Duration::from_secs(60);

/// The binary under test: beside the test's own executable.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its own path");
    let folder = own.parent().and_then(Path::parent).expect("tests lie in TARGET/PROFILE/deps");
    let path = folder.join("chaski");
    assert!(path.exists(), "{} is not there: run `cargo build -p chaski` first, or ./test", path.display());
    path
}

/// Looks again until a condition holds.
pub async fn until<T, F, Fut>(what: &str, mut look: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "did not happen within {} s: {what}", DEADLINE.as_secs());
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

/// What a test saw last, which is told if it fails.
#[derive(Default)]
pub struct LastSeen(std::sync::Mutex<Value>);

impl LastSeen {
    /// Keeps it, and gives it back.
    pub fn is(&self, seen: Value) -> Value {
        self.0.lock().expect("nobody panics while holding it").clone_from(&seen);
        seen
    }
}

impl Drop for LastSeen {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Ok(seen) = self.0.lock()
        {
            eprintln!("last seen: {seen}");
        }
    }
}

/// A scratch folder that goes with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// A new, empty folder.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut random = [0; 6];
        getrandom::fill(&mut random).expect("the system gives random bytes");
        let name = format!("chaski-test-{}-{number}-{}", std::process::id(), hex::encode(random));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a scratch folder can be made");
        Self(path)
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process that is killed when the test ends, and its first line of output.
pub struct Process {
    child: Child,
    /// The JSON line that it printed when it was ready.
    pub ready: Value,
}

impl Process {
    /// Starts the binary and waits for its JSON line.
    pub fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::start_by(Command::new(binary()), arguments, environment)
    }

    /// The same by another program that ends in running the binary.
    pub fn start_by(mut program: Command, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = program
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("standard output is piped");
        BufReader::new(out).read_line(&mut line).expect("the binary prints a line");
        let ready = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("{arguments:?} did not become ready: it printed {line:?}"));
        Self { child, ready }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, then waits for the end; true when it ended well.
    pub fn stop(&mut self) -> bool {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        self.child.wait().is_ok_and(|status| status.success())
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One of the demo's channels.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Its number.
    pub id: i64,
    /// Its kind, in the API's word.
    pub source: String,
}

/// A running demo.
pub struct World {
    process: Process,
    /// The client.
    pub http: Http,
    inbox: tokio::sync::OnceCell<Inbox>,
    scratch: Scratch,
}

impl World {
    /// Starts a demo of its own.
    pub async fn demo() -> Self {
        Self::demo_with(&[]).await
    }

    /// Starts a demo of its own with more in its environment.
    pub async fn demo_with(environment: &[(&str, &str)]) -> Self {
        let scratch = Scratch::new();
        let data = scratch.0.to_string_lossy().into_owned();
        let free = "127.0.0.1:0";
        let arguments = ["demo", "--json", "--listen", free, "--simulator-listen", free, "--data", &data];
        let process = Process::start(&arguments, environment);
        Self { process, http: Http::default(), inbox: tokio::sync::OnceCell::new(), scratch }
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.scratch.0
    }

    fn told(&self, key: &str) -> &str {
        self.process.ready[key].as_str().unwrap_or_default()
    }

    /// The API's address, with `/v2`.
    pub fn api_url(&self) -> &str {
        self.told("api")
    }

    /// The web's address.
    pub fn web_url(&self) -> &str {
        self.told("web")
    }

    /// The simulator's address.
    pub fn simulator_url(&self) -> &str {
        self.told("simulator")
    }

    /// A token with every scope.
    pub fn token(&self) -> &str {
        self.told("token")
    }

    /// A link that signs in once.
    pub fn sign_in_link(&self) -> &str {
        self.told("signIn")
    }

    /// How many channels the demo has.
    pub fn channels(&self) -> usize {
        self.process.ready["channels"].as_array().map_or(0, Vec::len)
    }

    /// By which source a message of the demo's contact goes.
    pub async fn source_of(&self, message: i64) -> String {
        let channel = self.message(message).await["channelId"].clone();
        let channels = self.process.ready["channels"].as_array().expect("the demo tells its channels");
        let found = channels.iter().find(|c| c["id"] == channel).expect("the demo has this channel");
        found["source"].as_str().expect("a word").to_owned()
    }

    /// A channel by its source.
    pub fn channel(&self, source: &str) -> Channel {
        let channels = self.process.ready["channels"].as_array().expect("the demo tells its channels");
        let found = channels.iter().find(|c| c["source"] == source).expect("the demo has this channel");
        Channel { id: found["id"].as_i64().expect("a number"), source: source.to_owned() }
    }

    /// A call under `/v2` with the demo's token.
    pub async fn api(&self, method: &str, path: &str, body: Value) -> Answer {
        let url = format!("{}{path}", self.api_url());
        self.http.json(method, &url, self.token(), &body).await.expect("the server answers")
    }

    /// A call under `/admin/v1` with the demo's token.
    pub async fn admin(&self, method: &str, path: &str, body: Value) -> Answer {
        let url = format!("{}/admin/v1{path}", self.web_url());
        self.http.json(method, &url, self.token(), &body).await.expect("the server answers")
    }

    /// A call to the simulator's control API.
    pub async fn simulator(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/sim/v1{path}", self.simulator_url());
        let answer = self.http.json(method, &url, "", &body).await.expect("the simulator answers");
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.text());
        answer.json()
    }

    /// Sends a message to contact 123 over a channel.
    pub async fn send(&self, channel: &Channel, message: Value) -> Answer {
        self.api("POST", "/contact/id:123/message", json!({"channelId": channel.id, "message": message}))
            .await
    }

    /// Sends, expects 200, and returns the message's number.
    pub async fn sent(&self, channel: &Channel, message: Value) -> i64 {
        let answer = self.send(channel, message).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["messageId"].as_i64().expect("messageId is a number")
    }

    /// Sends a template and expects 200.
    pub async fn sent_template(
        &self,
        channel: &Channel,
        name: &str,
        language: &str,
        components: Value,
    ) -> i64 {
        self.sent(channel, template(name, language, components)).await
    }

    /// Reads a message back.
    pub async fn message(&self, id: i64) -> Value {
        self.api("GET", &format!("/contact/id:123/message/{id}"), Value::Null).await.json()
    }

    /// Waits until a message's current status is this one.
    pub async fn reaches(&self, id: i64, status: &str) -> Value {
        let last = LastSeen::default();
        until(&format!("message {id} is {status}"), || async {
            let message = last.is(self.message(id).await);
            let lost = current(&message) == "failed" && status != "failed";
            assert!(!lost, "message {id} was to be {status}, but failed: {message}");
            (current(&message) == status).then_some(message)
        })
        .await
    }

    /// What a phone shows, oldest first, from us to it only.
    pub async fn phone(&self, address: &str) -> Vec<Value> {
        let all = self.simulator("GET", &format!("/phones/{address}/messages"), Value::Null).await;
        let list = all.as_array().cloned().unwrap_or_default();
        list.into_iter().filter(|message| message["direction"] == "outbound").collect()
    }

    /// What the phone shows of a message of ours, once it has arrived: the newest one.
    pub async fn on_phone(&self, id: i64) -> Value {
        let provider_id = self.reaches(id, "delivered").await["channelMessageId"].clone();
        let shown = self.phone(PHONE).await;
        let found: Vec<_> = shown.into_iter().filter(|message| message["id"] == provider_id).collect();
        assert_eq!(found.len(), 1, "the phone shows message {id} exactly once");
        found.into_iter().next().unwrap_or_default()
    }

    /// The inbox, signed in.
    pub async fn inbox(&self) -> &Inbox {
        let sign_in = || Inbox::sign_in(&self.http, self.web_url(), self.sign_in_link());
        self.inbox.get_or_init(sign_in).await
    }

    /// Calls that the simulator received from us for one provider, oldest first.
    pub async fn exchanges(&self, source: &str) -> Vec<Value> {
        let all = self.simulator("GET", &format!("/exchanges?provider={source}"), Value::Null).await;
        all.as_array().cloned().unwrap_or_default()
    }

    /// How often the simulator was asked for a channel's templates.
    pub async fn catalogue_calls(&self, channel: &Channel) -> usize {
        let all = self.exchanges(&channel.source).await;
        all.iter()
            .filter(|e| {
                e["path"]
                    .as_str()
                    .is_some_and(|path| path.contains("templates") || path.contains("ContentAndApprovals"))
            })
            .count()
    }

    /// Adds or changes a template at every simulated provider, and syncs the channel.
    pub async fn approve(&self, channel: &Channel, object: Value) {
        self.simulator("PUT", "/templates", json!({"source": channel.source, "templates": [object]})).await;
        let answer = self.admin("POST", &format!("/channels/{}/templates/sync", channel.id), json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

/// A `whatsapp_template` message.
pub fn template(name: &str, language: &str, components: Value) -> Value {
    let template = json!({"name": name, "languageCode": language, "components": components});
    json!({"type": "whatsapp_template", "template": template})
}

/// A message's current status: the last of the list.
pub fn current(message: &Value) -> &str {
    let list = message["status"].as_array();
    list.and_then(|list| list.last()).and_then(|status| status["value"].as_str()).unwrap_or("")
}
