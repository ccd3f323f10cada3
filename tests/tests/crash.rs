//! `kill -9` at random moments: nothing accepted is lost, nothing is sent twice.
//!
//! The simulator is a process of its own and goes on, as a provider would.

use e2e::world::{Process, Scratch, current};
use e2e::{Http, until};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const CONTACTS: usize = 40;
const SENDS: usize = 2000;
const CALLERS: usize = 16;

/// The server in its folder; its address stays the same over restarts.
struct Server {
    process: Process,
    arguments: Vec<String>,
    url: String,
}

const ENVIRONMENT: [(&str, &str); 3] = [
    ("CHASKI__SECURITY__ALLOW_PRIVATE_NETWORKS", "true"),
    ("CHASKI__DELIVERY__CALL_TIMEOUT", "10s"),
    ("CHASKI__LOG__LEVEL", "error"),
];

impl Server {
    fn start(data: &str) -> (Self, String) {
        let process =
            Process::start(&["serve", "--json", "--listen", "127.0.0.1:0", "--data", data], &ENVIRONMENT);
        let url = process.ready["web"].as_str().expect("it tells its address").to_owned();
        let token = process.ready["token"].as_str().expect("the first start tells a token").to_owned();
        let listen = url.trim_start_matches("http://").to_owned();
        let arguments = ["serve", "--json", "--listen", &listen, "--data", data].map(str::to_owned).to_vec();
        (Self { process, arguments, url }, token)
    }

    fn kill_and_start_again(&mut self) {
        self.process.kill();
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        self.process = Process::start(&arguments, &ENVIRONMENT);
    }
}

struct Accepted {
    message: i64,
    contact: i64,
    text: String,
}

/// Sends from many callers at once; a send whose answer is lost is not counted as accepted.
async fn send_all(
    url: String,
    token: String,
    contacts: Vec<i64>,
    next: Arc<AtomicUsize>,
    done: Arc<AtomicUsize>,
) -> Vec<Accepted> {
    let http = Http::default();
    let mut accepted = Vec::new();
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= SENDS {
            return accepted;
        }
        let contact = contacts[n % contacts.len()];
        let text = format!("mensaje {n:04}");
        let body = json!({"channelId": 1, "message": {"type": "text", "text": text}});
        let path = format!("{url}/v2/contact/id:{contact}/message");
        match http.json("POST", &path, &token, &body).await {
            Ok(answer) if answer.status == 200 => {
                let message = answer.json()["messageId"].as_i64().expect("a number");
                accepted.push(Accepted { message, contact, text });
            }
            Ok(answer) => {
                assert!(answer.status == 429 || answer.status == 503, "{} {}", answer.status, answer.text())
            }
            // The server is down just now; this send was lost before it was accepted, or its answer was.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
}

async fn set_up(http: &Http, simulator: &str, server: &str, token: &str) -> Vec<i64> {
    let call = |method: &'static str, url: String, token: String, body: Value| {
        let http = http.clone();
        async move {
            let answer = http.json(method, &url, &token, &body).await.expect("an answer");
            assert!(answer.status < 300, "{url}: {} {}", answer.status, answer.text());
            answer.json()
        }
    };
    let accounts = call("GET", format!("{simulator}/sim/v1/accounts"), String::new(), Value::Null).await;
    let account = accounts
        .as_array()
        .into_iter()
        .flatten()
        .find(|a| a["source"] == "360dialog_whatsapp")
        .cloned()
        .expect("an account");
    let mut set = account["set"].clone();
    set["pace"] = json!("0");
    set["pair_pace"] = json!("0");
    let channel = json!({"source": "360dialog_whatsapp", "name": "Prueba", "set": set});
    let made = call("POST", format!("{server}/admin/v1/channels"), token.to_owned(), channel).await;
    assert_eq!(made["id"], 1);
    let lifted = json!({"provider": "360dialog_whatsapp", "perSecond": null, "pair": null});
    call("PUT", format!("{simulator}/sim/v1/limits"), String::new(), lifted).await;
    let mut contacts = Vec::new();
    for n in 0..CONTACTS {
        let phone = format!("+5939970{n:05}");
        let contact = call(
            "POST",
            format!("{server}/admin/v1/contacts"),
            token.to_owned(),
            json!({"firstName": "C", "phone": phone}),
        )
        .await;
        contacts.push(contact["id"].as_i64().expect("a number"));
        let hello = json!({"type": "text", "text": "hola", "provider": "360dialog_whatsapp"});
        call("POST", format!("{simulator}/sim/v1/phones/{phone}/messages"), String::new(), hello).await;
    }
    let faults = json!([
        {"when": {"provider": "360dialog_whatsapp", "probability": 0.02, "seed": 1}, "do": {"cut": "after"}},
        {"when": {"provider": "360dialog_whatsapp", "probability": 0.05, "seed": 2}, "do": {"code": 131_016}},
        {"when": {"provider": "360dialog_whatsapp", "probability": 0.10, "seed": 3}, "do": {"delayMs": 30}},
    ]);
    call("PUT", format!("{simulator}/sim/v1/faults"), String::new(), faults).await;
    contacts
}

/// How often each text of ours stands on each phone.
async fn on_phones(http: &Http, simulator: &str) -> HashMap<String, usize> {
    let mut shown = HashMap::new();
    for n in 0..CONTACTS {
        let url = format!("{simulator}/sim/v1/phones/+5939970{n:05}/messages");
        let list = http.json("GET", &url, "", &Value::Null).await.expect("the simulator answers").json();
        for message in list.as_array().into_iter().flatten().filter(|m| m["direction"] == "outbound") {
            *shown.entry(message["body"].as_str().unwrap_or("").to_owned()).or_insert(0) += 1;
        }
    }
    shown
}

/// One run: `kills` times `kill -9` while 2,000 messages are sent.
async fn run(kills: usize, seed: u64) {
    let scratch = Scratch::new();
    let data = scratch.0.join("data").to_string_lossy().into_owned();
    let simulator = Process::start(
        &["simulator", "--json", "--listen", "127.0.0.1:0"],
        &[("CHASKI__LOG__LEVEL", "error")],
    );
    let simulator = (simulator.ready["simulator"].as_str().expect("its address").to_owned(), simulator);
    let (mut server, token) = Server::start(&data);
    let http = Http::default();
    let contacts = set_up(&http, &simulator.0, &server.url, &token).await;
    let (next, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            tokio::spawn(send_all(
                server.url.clone(),
                token.clone(),
                contacts.clone(),
                Arc::clone(&next),
                Arc::clone(&done),
            ))
        })
        .collect();
    // The moments are random but spread over the run: after a share of the sends.
    let mut state = seed;
    for kill in 1..=kills {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let jitter = usize::try_from(state >> 33).unwrap_or(0) % (SENDS / (kills + 1) / 2);
        let at = SENDS * kill / (kills + 1) - jitter;
        until("the run has come so far", || async { (done.load(Ordering::Relaxed) >= at).then_some(()) })
            .await;
        server.kill_and_start_again();
    }
    let mut accepted = Vec::new();
    for caller in callers {
        accepted.extend(caller.await.expect("a caller ends"));
    }
    assert!(accepted.len() > SENDS / 2, "most sends are accepted: {}", accepted.len());
    let faults =
        http.json("PUT", &format!("{}/sim/v1/faults", simulator.0), "", &json!([])).await.expect("an answer");
    assert!(faults.status < 300);
    check(&http, &server.url, &token, &simulator.0, &accepted).await;
    assert!(server.process.stop(), "the server ends well when it is told to");
}

/// Every accepted message ends; each stands on the phone exactly once, except those that are shown
/// as unknown, which may be missing there.
async fn check(http: &Http, server: &str, token: &str, simulator: &str, accepted: &[Accepted]) {
    let look_up = |sent: &Accepted| {
        let url = format!("{server}/v2/contact/id:{}/message/{}", sent.contact, sent.message);
        async move {
            let answer = http.json("GET", &url, token, &Value::Null).await.expect("the server answers");
            assert_eq!(answer.status, 200, "{url}: {}", answer.text());
            answer.json()
        }
    };
    for sent in accepted {
        until(&format!("message {} ends", sent.message), || async {
            let message = look_up(sent).await;
            assert_ne!(current(&message), "failed", "{message}");
            let is_unknown = message["outcome"] == "unknown";
            (is_unknown || ["sent", "delivered", "read"].contains(&current(&message))).then_some(())
        })
        .await;
    }
    let shown = on_phones(http, simulator).await;
    for (text, times) in &shown {
        assert_eq!(*times, 1, "{text:?} stands on the phone {times} times");
    }
    for sent in accepted.iter().filter(|sent| !shown.contains_key(&sent.text)) {
        let message = look_up(sent).await;
        assert_eq!(message["outcome"], "unknown", "{:?} is missing on the phone: {message}", sent.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_three_times_nothing_is_lost_or_sent_twice() {
    run(3, 11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_five_times_nothing_is_lost_or_sent_twice() {
    run(5, 47).await;
}

#[tokio::test]
async fn a_second_process_on_the_same_folder_is_refused() {
    let scratch = Scratch::new();
    let data = scratch.0.to_string_lossy().into_owned();
    let (server, _) = Server::start(&data);
    let output = std::process::Command::new(e2e::binary())
        .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data", &data])
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("in use by another chaski process"), "{told}");
    drop(server);
}
