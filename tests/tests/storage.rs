//! A disk that is full, and a database that is gone: refused with a clear cause before anything is
//! accepted, recovered without a restart, nothing lost.

use e2e::postgres::Cluster;
use e2e::world::{Process, Scratch, current};
use e2e::{Answer, Http, until};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

const PHONE: &str = "+593997000001";

/// A server beside simulated providers, with one channel and one contact.
struct Site {
    http: Http,
    simulator: Process,
    server: Process,
    token: String,
}

impl Site {
    async fn start(serve: impl FnOnce() -> Process) -> Self {
        let quiet = [("CHASKI__LOG__LEVEL", "off")];
        let simulator = Process::start(&["simulator", "--json", "--listen", "127.0.0.1:0"], &quiet);
        let server = serve();
        let token = server.ready["token"].as_str().expect("the first start tells a token").to_owned();
        let site = Self { http: Http::default(), simulator, server, token };
        let accounts = site.simulated("GET", "/accounts", Value::Null).await;
        let account = accounts.as_array().into_iter().flatten().find(|a| a["source"] == "360dialog_whatsapp");
        let mut set = account.expect("an account")["set"].clone();
        (set["pace"], set["pair_pace"]) = (json!("0"), json!("0"));
        let channel = json!({"source": "360dialog_whatsapp", "name": "Prueba", "set": set});
        assert_eq!(site.call("POST", "/admin/v1/channels", channel).await.status, 200);
        let lifted = json!({"provider": "360dialog_whatsapp", "perSecond": null, "pair": null});
        site.simulated("PUT", "/limits", lifted).await;
        let contact = json!({"firstName": "Ana", "phone": PHONE});
        assert!(site.call("POST", "/admin/v1/contacts", contact).await.status < 300);
        let hello = json!({"type": "text", "text": "hola", "provider": "360dialog_whatsapp"});
        site.simulated("POST", &format!("/phones/{PHONE}/messages"), hello).await;
        site
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let url = format!("{}{path}", self.server.ready["web"].as_str().expect("its address"));
        self.http.json(method, &url, &self.token, &body).await.expect("the server answers")
    }

    async fn simulated(&self, method: &str, path: &str, body: Value) -> Value {
        let url =
            format!("{}/sim/v1{path}", self.simulator.ready["simulator"].as_str().expect("its address"));
        self.http.json(method, &url, "", &body).await.expect("the simulator answers").json()
    }

    async fn send(&self, text: &str) -> Answer {
        let body = json!({"channelId": 1, "message": {"type": "text", "text": text}});
        self.call("POST", &format!("/v2/contact/phone:{PHONE}/message"), body).await
    }

    async fn accepted(&self, text: &str) -> i64 {
        let answer = self.send(text).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["messageId"].as_i64().expect("a number")
    }

    async fn reaches(&self, message: i64, status: &str) {
        let path = format!("/v2/contact/phone:{PHONE}/message/{message}");
        until(&format!("message {message} is {status}"), || async {
            // A phone that lies open reads what arrives at once.
            let now = self.call("GET", &path, Value::Null).await.json();
            [status, "read"].contains(&current(&now)).then_some(())
        })
        .await;
    }

    /// What of ours stands on the phone.
    async fn on_phone(&self) -> Vec<String> {
        let list = self.simulated("GET", &format!("/phones/{PHONE}/messages"), Value::Null).await;
        let ours = list.as_array().into_iter().flatten().filter(|m| m["direction"] == "outbound");
        ours.map(|m| m["body"].as_str().unwrap_or("").to_owned()).collect()
    }
}

/// Refused as the storage's fault, before anything was stored.
fn is_refused(answer: &Answer, cause: &str) {
    let told = answer.json();
    assert_eq!((answer.status, &told["error"]), (503, &json!("storage_unavailable")), "{told}");
    let message = told["message"].as_str().unwrap_or_default();
    assert!(message.contains(cause) && message.contains("nothing was stored"), "{message}");
}

/// A server whose data lies on a small disk of its own, in a mount namespace that only it sees.
fn on_a_small_disk(mebibytes: u32, min_free: &str) -> Option<impl FnOnce() -> Process> {
    use std::os::unix::fs::MetadataExt;
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let may = Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success());
    if !is_root || !may {
        eprintln!("skipped: a disk of its own needs root and unshare(1)");
        return None;
    }
    let min_free = min_free.to_owned();
    Some(move || {
        let folder = disk();
        std::fs::create_dir_all(&folder).expect("a mount point can be made");
        let script = format!(
            "mount -t tmpfs -o size={mebibytes}m tmpfs {0} && exec {1} \"$@\"",
            folder.display(),
            e2e::binary().display()
        );
        let mut program = Command::new("unshare");
        program.args(["-m", "sh", "-c", &script, "sh"]);
        let data = folder.to_string_lossy().into_owned();
        let environment = [
            ("CHASKI__SECURITY__ALLOW_PRIVATE_NETWORKS", "true"),
            ("CHASKI__STORAGE__MIN_FREE_MB", &*min_free),
            ("CHASKI__LOG__LEVEL", "off"),
        ];
        Process::start_by(
            program,
            &["serve", "--json", "--listen", "127.0.0.1:0", "--data", &data],
            &environment,
        )
    })
}

fn disk() -> PathBuf {
    std::env::temp_dir().join("chaski-test-disk")
}

/// Where the server's disk is seen from outside of its namespace.
fn seen(server: &Process) -> PathBuf {
    let own = disk();
    Path::new(&format!("/proc/{}/root", server.id())).join(own.strip_prefix("/").unwrap_or(&own))
}

/// Writes until only `left` bytes are free.
fn fill(folder: &Path, left: u64) {
    use std::io::Write;
    let mut ballast = std::fs::File::create(folder.join("ballast")).expect("a file can be made");
    let block = [0x5a_u8; 4096];
    while ballast.write_all(&block).is_ok() {}
    let size = ballast.metadata().expect("it is there").len();
    ballast.set_len(size.saturating_sub(left)).expect("it can be cut");
}

fn free(folder: &Path) {
    std::fs::remove_file(folder.join("ballast")).expect("it is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let Some(serve) = on_a_small_disk(24, "0") else { return };
    let site = Site::start(serve).await;
    let before = site.accepted("antes").await;
    site.reaches(before, "delivered").await;
    fill(&seen(&site.server), 0);
    // What is free inside of the store's own file may still take a few.
    let mut during = Vec::new();
    let refused = until("the disk is full", || async {
        let text = format!("durante {}", during.len());
        let answer = site.send(&text).await;
        (answer.status != 200).then_some(answer)
    });
    let refused = refused.await;
    is_refused(&refused, "disk");
    assert_eq!(site.call("GET", "/healthz", Value::Null).await.status, 200, "the server lives");
    during.push(site.send("mientras").await.status);
    assert_eq!(during, [503]);
    free(&seen(&site.server));
    let after = until("a message is accepted again", || async {
        let answer = site.send("después").await;
        (answer.status == 200).then(|| answer.json()["messageId"].as_i64().expect("a number"))
    })
    .await;
    site.reaches(after, "delivered").await;
    let phone = site.on_phone().await;
    assert_eq!(phone.iter().filter(|text| *text == "antes").count(), 1);
    assert_eq!(phone.iter().filter(|text| *text == "después").count(), 1);
    assert!(!phone.contains(&"mientras".to_owned()), "what was refused is not sent: {phone:?}");
}

/// A server whose disk is read-only while a file exists; the library that makes it so is built here.
fn on_a_disk_that_turns_read_only(scratch: &Path, switch: &Path) -> Option<impl FnOnce() -> Process> {
    let library = scratch.join("read_only.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/read_only.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status();
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no C compiler");
        return None;
    }
    let data = scratch.join("data").to_string_lossy().into_owned();
    let mut program = Command::new(e2e::binary());
    program.env("LD_PRELOAD", library).env("READ_ONLY_WHILE", switch);
    let environment = [("CHASKI__SECURITY__ALLOW_PRIVATE_NETWORKS", "true"), ("CHASKI__LOG__LEVEL", "off")];
    Some(move || {
        let arguments = ["serve", "--json", "--listen", "127.0.0.1:0", "--data", &data];
        Process::start_by(program, &arguments, &environment)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_disk_refuses_and_goes_on_when_it_can_be_written() {
    let scratch = Scratch::new();
    std::fs::create_dir_all(&scratch.0).expect("a folder");
    let switch = scratch.0.join("read-only");
    let Some(serve) = on_a_disk_that_turns_read_only(&scratch.0, &switch) else { return };
    let site = Site::start(serve).await;
    let before = site.accepted("antes").await;
    site.reaches(before, "delivered").await;
    std::fs::write(&switch, "").expect("a file can be made");
    for _ in 0..3 {
        is_refused(&site.send("durante").await, "read");
    }
    assert_eq!(site.call("GET", "/healthz", Value::Null).await.status, 200, "the server lives");
    let path = format!("/v2/contact/phone:{PHONE}/message/{before}");
    assert_eq!(site.call("GET", &path, Value::Null).await.status, 200, "what is there can be read");
    let ready = site.call("GET", "/readyz", Value::Null).await;
    assert!(ready.status == 503 && ready.text().contains("read"), "{} {}", ready.status, ready.text());
    let check = site.call("GET", "/admin/v1/check", Value::Null).await.json();
    assert!(check["items"][0].to_string().contains("read"), "{check}");
    // What a contact writes meanwhile is refused too, and brought again by the provider.
    let question = json!({"type": "text", "text": "¿hay alguien?", "provider": "360dialog_whatsapp"});
    site.simulated("POST", &format!("/phones/{PHONE}/messages"), question).await;
    std::fs::remove_file(&switch).expect("it is there");
    let after = until("a message is accepted again", || async {
        let answer = site.send("después").await;
        (answer.status == 200).then(|| answer.json()["messageId"].as_i64().expect("a number"))
    })
    .await;
    site.reaches(after, "delivered").await;
    assert_eq!(site.call("GET", "/readyz", Value::Null).await.status, 200, "no restart was needed");
    let phone = site.on_phone().await;
    let count = |text: &str| phone.iter().filter(|body| *body == text).count();
    assert_eq!((count("antes"), count("durante"), count("después")), (1, 0, 1), "{phone:?}");
    until("what the contact wrote is there", || async {
        let path = format!("/v2/contact/phone:{PHONE}/message/list?limit=10");
        site.call("GET", &path, Value::Null).await.text().contains("¿hay alguien?").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepting_stops_before_the_disk_is_full_so_that_receipts_find_room() {
    let Some(serve) = on_a_small_disk(48, "12") else { return };
    let site = Site::start(serve).await;
    let message = site.accepted("antes").await;
    site.reaches(message, "delivered").await;
    fill(&seen(&site.server), 6 << 20);
    let refused = until("accepting stops", || async {
        let answer = site.send("durante").await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    is_refused(&refused, "MiB are free");
    site.simulated("POST", &format!("/phones/{PHONE}/open"), Value::Null).await;
    site.reaches(message, "read").await;
    free(&seen(&site.server));
    let after = until("a message is accepted again", || async {
        let answer = site.send("después").await;
        (answer.status == 200).then(|| answer.json()["messageId"].as_i64().expect("a number"))
    })
    .await;
    site.reaches(after, "delivered").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_gone_refuses_and_goes_on_when_it_is_back() {
    let Some(cluster) = Cluster::private("on") else { return };
    cluster.psql("postgres", "CREATE DATABASE chaski");
    let scratch = Scratch::new();
    let serve = || {
        let data = scratch.0.to_string_lossy().into_owned();
        let environment = [
            ("CHASKI__SECURITY__ALLOW_PRIVATE_NETWORKS", "true"),
            ("CHASKI__DATABASE__URL", &*cluster.url("chaski")),
            ("CHASKI__LOG__LEVEL", "off"),
        ];
        Process::start(&["serve", "--json", "--listen", "127.0.0.1:0", "--data", &data], &environment)
    };
    let mut site = Site::start(serve).await;
    let before = site.accepted("antes").await;
    site.reaches(before, "delivered").await;
    cluster.stop();
    for _ in 0..3 {
        let answer = site.send("durante").await;
        assert_eq!(answer.status, 503, "{}", answer.text());
    }
    let ready = site.call("GET", "/readyz", Value::Null).await;
    assert_eq!(ready.status, 503, "{}", ready.text());
    cluster.start_again();
    let after = until("a message is accepted again", || async {
        let answer = site.send("después").await;
        (answer.status == 200).then(|| answer.json()["messageId"].as_i64().expect("a number"))
    })
    .await;
    site.reaches(after, "delivered").await;
    let phone = site.on_phone().await;
    assert_eq!(phone.iter().filter(|text| *text == "después").count(), 1, "{phone:?}");
    assert!(!phone.contains(&"durante".to_owned()), "what was refused is not sent: {phone:?}");
    assert!(site.server.stop(), "it ends well");
    let still = cluster.psql("chaski", "SELECT COUNT(*) FROM nodes WHERE holder IS NOT NULL");
    assert_eq!(still, "0", "a server that stops gives its place back at once");
}
