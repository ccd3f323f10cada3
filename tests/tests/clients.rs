//! The providers' own client libraries work against the simulator: each sends a message, understands the
//! answers, and its own check of signatures accepts a webhook of the simulator and refuses a changed one.
//!
//! The libraries lie outside the checkout, in `CHASKI_CLIENTS`, where `./test` installs them. Without it the
//! tests say that they skip; with `CHASKI_REQUIRE_CLIENTS=1` they must not.

use e2e::libraries::libraries;
use e2e::world::{PHONE, Process, Scratch};
use e2e::{Http, until};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

/// How long a script may take; only a failing one takes so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Node looks for libraries beside a script, so the scripts go where a link to them can be.
fn laid_out(libraries: &Path) -> Scratch {
    let scratch = Scratch::new();
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
    for entry in std::fs::read_dir(scripts).expect("the scripts are there").flatten() {
        let is_script = entry.path().extension().is_some_and(|end| end == "mjs" || end == "py");
        if is_script {
            std::fs::copy(entry.path(), scratch.0.join(entry.file_name())).expect("a script can be copied");
        }
    }
    let modules = libraries.join("node_modules");
    std::os::unix::fs::symlink(modules, scratch.0.join("node_modules")).expect("a link can be made");
    scratch
}

/// A simulator of its own for a library.
struct World {
    process: Process,
    http: Http,
    libraries: PathBuf,
}

impl World {
    /// None where the libraries are not installed.
    fn start() -> Option<Self> {
        let libraries = libraries()?;
        let process = Process::start(&["simulator", "--listen", "127.0.0.1:0", "--json"], &[]);
        Some(Self { process, http: Http::default(), libraries })
    }

    async fn control(&self, path: &str) -> Value {
        let url = format!("{}/sim/v1{path}", self.process.ready["simulator"].as_str().unwrap_or_default());
        self.http.json("GET", &url, "", &Value::Null).await.expect("the simulator answers").json()
    }

    /// Runs a script and returns the line that it prints.
    async fn run(&self, script: &str) -> Value {
        let scratch = laid_out(&self.libraries);
        let is_node = Path::new(script).extension().is_some_and(|end| end == "mjs");
        let program = if is_node { "node".into() } else { self.libraries.join("venv/bin/python") };
        let told = json!({
            "simulator": self.process.ready["simulator"], "phone": PHONE, "accounts": self.control("/accounts").await,
        });
        let mut child = Command::new(program)
            .arg(scratch.0.join(script))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the script starts");
        let mut input = child.stdin.take().expect("standard input is piped");
        input.write_all(told.to_string().as_bytes()).await.expect("the script reads");
        drop(input);
        let ended = timeout(PATIENCE, child.wait_with_output()).await;
        let output = ended.expect("the script ends in time").expect("the script can be waited for");
        let (said, why) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{script} failed: {said}{why}");
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{script} printed {said:?} {why}"))
    }

    /// The phone has what the library sent; its check of signatures took the webhook and not the changed one.
    async fn is_proven(&self, provider: &str, said: &Value) {
        assert_eq!(said["heard"], "hola", "{said}");
        assert_eq!((&said["original"], &said["changed"]), (&json!(true), &json!(false)), "{said}");
        let shown = until("the phone has the message", || async {
            let all = self.control(&format!("/phones/{PHONE}/messages")).await;
            all.as_array()?.iter().find(|message| message["id"] == said["sent"]).cloned()
        })
        .await;
        assert_eq!(shown["provider"], provider);
        assert!(shown["body"].as_str().is_some_and(|body| body.starts_with("Sent by the ")), "{shown}");
    }
}

/// All that a library says of itself is true.
fn all_true(said: &Value) {
    let also = said["also"].as_object().expect("it says more");
    assert!(!also.is_empty() && also.values().all(|value| value == true), "{said}");
}

#[tokio::test]
async fn line() {
    let Some(world) = World::start() else { return };
    let said = world.run("line.mjs").await;
    world.is_proven("line", &said).await;
    all_true(&said);
    assert_eq!(said["refused"], json!({"status": 400, "details": 1}));
}

#[tokio::test]
async fn twilio() {
    let Some(world) = World::start() else { return };
    let said = world.run("twilio.mjs").await;
    world.is_proven("twilio", &said).await;
    all_true(&said);
    assert_eq!(said["refused"], json!({"status": 400, "code": 21_211}));
}

#[tokio::test]
async fn vonage() {
    let Some(world) = World::start() else { return };
    let said = world.run("vonage.mjs").await;
    world.is_proven("nexmo_whatsapp", &said["whatsapp"]).await;
    world.is_proven("nexmo", &said["sms"]).await;
    world.is_proven("nexmo", &said["older"]).await;
    assert_eq!(said["refused"]["status"], 422, "{said}");
}

#[tokio::test]
async fn viber() {
    let Some(world) = World::start() else { return };
    let said = world.run("viber.py").await;
    world.is_proven("viber", &said).await;
    all_true(&said);
    assert_eq!(said["refused"], "failed with status: 5, message: receiverNotRegistered");
}

#[tokio::test]
async fn mail() {
    let Some(world) = World::start() else { return };
    let said = world.run("mail.py").await;
    all_true(&said);
    assert_eq!((&said["heard"], &said["refused"]), (&json!("hola ñ"), &json!(553)));
    let mails = world.control("/phones/ana@ejemplo.ec/messages").await;
    let sent = mails.as_array().into_iter().flatten().find(|mail| mail["id"] == said["sent"]).cloned();
    let sent = sent.expect("the mailbox has it");
    assert_eq!(
        (&sent["header"], &sent["body"]),
        (&json!("Prueba ñ"), &json!("Sent by the library of Python"))
    );
}

#[tokio::test]
async fn cloud_api() {
    let Some(world) = World::start() else { return };
    let said = world.run("cloud.py").await;
    world.is_proven("whatsapp_cloud", &said).await;
    all_true(&said);
    assert_eq!(said["refused"], 131_008, "{said}");
}

#[tokio::test]
async fn telegram() {
    let Some(world) = World::start() else { return };
    let said = world.run("telegram_bot.py").await;
    world.is_proven("telegram", &said).await;
    all_true(&said);
    assert!(said["refused"].as_str().is_some_and(|why| why.starts_with("Can't parse entities")), "{said}");
}
