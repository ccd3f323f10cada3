//! The server on PostgreSQL: a message goes out and comes back, and a restart goes on.

use e2e::postgres::{Database, database};
use e2e::world::{PHONE, Process, Scratch, current};
use e2e::{Http, until};
use serde_json::{Value, json};

/// A server on a database, with the simulated providers beside it.
struct World {
    http: Http,
    simulator: Process,
    server: Process,
    token: String,
    database: Database,
    scratch: Scratch,
}

impl World {
    fn start() -> Option<Self> {
        let database = database()?;
        let scratch = Scratch::new();
        let simulator = Process::start(
            &["simulator", "--json", "--listen", "127.0.0.1:0"],
            &[("CHASKI__LOG__LEVEL", "error")],
        );
        let server = serve(&database, &scratch);
        let token = server.ready["token"].as_str().expect("the first start tells a token").to_owned();
        Some(Self { http: Http::default(), simulator, server, token, database, scratch })
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        self.call_at(&self.server, method, path, body).await
    }

    /// Calls one of several servers.
    async fn call_at(&self, server: &Process, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", server.ready["web"].as_str().expect("its address"));
        let answer = self.http.json(method, &url, &self.token, &body).await.expect("the server answers");
        assert!(answer.status < 300, "{url}: {} {}", answer.status, answer.text());
        answer.json()
    }

    async fn simulated(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.simulator.ready["simulator"].as_str().expect("its address"));
        self.http.json(method, &url, "", &body).await.expect("the simulator answers").json()
    }

    /// Connects the simulator's 360dialog account and lets a contact write first.
    async fn connect(&self) -> i64 {
        let accounts = self.simulated("GET", "/sim/v1/accounts", Value::Null).await;
        let of_kind = accounts.as_array().into_iter().flatten().find(|a| a["source"] == "360dialog_whatsapp");
        let mut set = of_kind.expect("an account")["set"].clone();
        // Ten messages to one phone at once: neither side holds them to a pace.
        set["pace"] = json!("0");
        set["pair_pace"] = json!("0");
        let lifted = json!({"provider": "360dialog_whatsapp", "perSecond": null, "pair": null});
        self.simulated("PUT", "/sim/v1/limits", lifted).await;
        let channel = json!({"source": "360dialog_whatsapp", "name": "Prueba", "set": set});
        let channel = self.call("POST", "/admin/v1/channels", channel).await;
        let contact = json!({"firstName": "Ana", "phone": PHONE});
        self.call("POST", "/admin/v1/contacts", contact).await;
        let hello = json!({"type": "text", "text": "hola", "provider": "360dialog_whatsapp"});
        self.simulated("POST", &format!("/sim/v1/phones/{PHONE}/messages"), hello).await;
        channel["id"].as_i64().expect("a number")
    }

    async fn send(&self, channel: i64, text: &str) -> i64 {
        let body = json!({"channelId": channel, "message": {"type": "text", "text": text}});
        let answer = self.call("POST", &format!("/v2/contact/phone:{PHONE}/message"), body).await;
        answer["messageId"].as_i64().expect("a number")
    }

    async fn arrives(&self, message: i64) {
        let path = format!("/v2/contact/phone:{PHONE}/message/{message}");
        until(&format!("message {message} arrives"), || async {
            let now = self.call("GET", &path, Value::Null).await;
            ["delivered", "read"].contains(&current(&now)).then_some(())
        })
        .await;
    }

    /// How often each text stands on the phone.
    async fn on_phone(&self, text: &str) -> usize {
        let list = self.simulated("GET", &format!("/sim/v1/phones/{PHONE}/messages"), Value::Null).await;
        list.as_array().into_iter().flatten().filter(|message| message["body"] == text).count()
    }
}

fn serve(database: &Database, scratch: &Scratch) -> Process {
    serve_in(database, &scratch.0.join("data"))
}

/// A server with this data folder.
fn serve_in(database: &Database, data: &std::path::Path) -> Process {
    let data = data.to_string_lossy().into_owned();
    Process::start(
        &["serve", "--json", "--listen", "127.0.0.1:0", "--data", &data],
        &[
            ("CHASKI__SECURITY__ALLOW_PRIVATE_NETWORKS", "true"),
            ("CHASKI__DATABASE__URL", &database.url),
            ("CHASKI__LOG__LEVEL", "error"),
        ],
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_out_in_order_and_their_receipts_come_back() {
    let Some(world) = World::start() else { return };
    let channel = world.connect().await;
    let mut sent = Vec::new();
    for n in 0..10 {
        sent.push(world.send(channel, &format!("mensaje {n}")).await);
    }
    for message in sent {
        world.arrives(message).await;
    }
    let list = world.simulated("GET", &format!("/sim/v1/phones/{PHONE}/messages"), Value::Null).await;
    let bodies: Vec<&str> = list
        .as_array()
        .into_iter()
        .flatten()
        .filter(|message| message["direction"] == "outbound")
        .filter_map(|message| message["body"].as_str())
        .collect();
    let wanted: Vec<String> = (0..10).map(|n| format!("mensaje {n}")).collect();
    assert_eq!(bodies, wanted);
    let attempts = world.database.sql("SELECT COUNT(*) FROM attempts WHERE outcome = 'sent'");
    assert_eq!(attempts, "10", "it is this database that it works on");
}

impl World {
    /// A second server on the database, with a folder of its own.
    fn second(&self) -> Process {
        let data = self.scratch.0.join("second");
        std::fs::create_dir_all(&data).expect("a folder");
        std::fs::copy(self.scratch.0.join("data/secret.key"), data.join("secret.key")).expect("the key");
        serve_in(&self.database, &data)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_server_shows_the_calls_of_a_message_that_another_has_delivered() {
    let Some(world) = World::start() else { return };
    let channel = world.connect().await;
    let second = world.second();
    let message = world.send(channel, "de un servidor a otro").await;
    world.arrives(message).await;
    for server in [&world.server, &second] {
        let path = format!("/admin/v1/messages/{message}");
        until("the server shows the call", || async {
            let shown = world.call_at(server, "GET", &path, Value::Null).await;
            let steps = shown["timeline"].as_array().cloned().unwrap_or_default();
            let attempt = steps.iter().find(|step| step["step"] == "attempt")?;
            let body = attempt["exchange"]["body"].as_str()?;
            body.contains("de un servidor a otro").then_some(())
        })
        .await;
        // `message show` asks the server that it is pointed at.
        let web = server.ready["web"].as_str().expect("its address");
        let shown = std::process::Command::new(e2e::binary())
            .args(["message", "show", &message.to_string(), "--exchanges", "--url", web])
            .args(["--token", &world.token])
            .output()
            .expect("the binary runs");
        let shown = String::from_utf8_lossy(&shown.stdout);
        assert!(shown.contains("POST ") && shown.contains("de un servidor a otro"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absent_template_is_looked_for_once_by_all_servers_together() {
    let Some(world) = World::start() else { return };
    let channel = world.connect().await;
    let second = world.second();
    let calls = async || {
        let path = "/sim/v1/exchanges?provider=360dialog_whatsapp";
        let all = world.simulated("GET", path, Value::Null).await;
        let of_catalogue = |call: &&Value| {
            call["method"] == "GET" && call["path"].as_str().is_some_and(|path| path.contains("template"))
        };
        all.as_array().into_iter().flatten().filter(of_catalogue).count()
    };
    let before = calls().await;
    // The provider thinks about each call: both servers are asked while the first one's is under way.
    let slow = json!([{"when": {"provider": "360dialog_whatsapp"}, "do": {"delayMs": 700}}]);
    world.simulated("PUT", "/sim/v1/faults", slow).await;
    let template = json!({"name": "nobody_knows", "languageCode": "es", "components": []});
    let body = json!({"channelId": channel, "message": {"type": "whatsapp_template", "template": template}});
    let path = format!("/v2/contact/phone:{PHONE}/message");
    for _ in 0..2 {
        let ask = |server| world.call_at(server, "POST", &path, body.clone());
        let (here, there, again) = tokio::join!(ask(&world.server), ask(&second), ask(&second));
        for answer in [here, there, again] {
            assert!(answer["messageId"].is_i64(), "{answer}");
        }
    }
    assert_eq!(
        calls().await - before,
        1,
        "within five minutes the catalogue at hand decides, on each server"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_stopped_goes_on_where_it_was() {
    let Some(mut world) = World::start() else { return };
    let channel = world.connect().await;
    let before = world.send(channel, "antes").await;
    world.arrives(before).await;
    assert!(world.server.stop(), "the server ends well when it is told to");
    world.server = serve(&world.database, &world.scratch);
    assert!(world.server.ready["token"].is_null(), "it is not its first start");
    // The provider's webhooks go to the old address now; the call itself tells that it was sent.
    let after = world.send(channel, "después").await;
    let path = format!("/v2/contact/phone:{PHONE}/message/{after}");
    until("it is sent", || async {
        let now = world.call("GET", &path, Value::Null).await;
        (current(&now) != "pending").then_some(())
    })
    .await;
    assert_eq!((world.on_phone("antes").await, world.on_phone("después").await), (1, 1));
    assert_eq!(world.database.sql("SELECT COUNT(*) FROM nodes WHERE holder IS NOT NULL"), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_failed_is_a_dead_letter_and_arrives_when_it_is_sent_again() {
    let Some(world) = World::start() else { return };
    let channel = world.connect().await;
    let refuse = json!([{"when": {"provider": "360dialog_whatsapp"}, "do": {"code": 131_026}}]);
    world.simulated("PUT", "/sim/v1/faults", refuse).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(world.send(channel, &format!("otra vez {n}")).await);
    }
    until("they are dead letters", || async {
        let groups = world.call("GET", "/admin/v1/dead-letters", Value::Null).await;
        let group = &groups["items"][0];
        (group["messages"] == 3 && group["providerCode"] == 131_026).then_some(())
    })
    .await;
    world.simulated("PUT", "/sim/v1/faults", json!([])).await;
    world.call("POST", &format!("/admin/v1/messages/{}/replay", ids[0]), json!({})).await;
    world.arrives(ids[0]).await;
    let done = world.call("POST", "/admin/v1/dead-letters/replay", json!({"all": true})).await;
    assert_eq!(done["replayed"], 2, "{done}");
    for (n, id) in ids.iter().enumerate() {
        world.arrives(*id).await;
        assert_eq!(world.on_phone(&format!("otra vez {n}")).await, 1);
        let life = world.call("GET", &format!("/admin/v1/messages/{id}"), Value::Null).await;
        let steps = life["timeline"].as_array().expect("a timeline");
        let again = steps.iter().find(|step| step["step"] == "replayed").expect("it says so");
        assert_eq!(again["withdrawn"]["provider_code"], 131_026, "and keeps the failure: {again}");
    }
    let groups = world.call("GET", "/admin/v1/dead-letters", Value::Null).await;
    assert_eq!(groups["items"], json!([]));
    assert_eq!(world.database.sql("SELECT COUNT(*) FROM deliveries WHERE cause = 'replay'"), "3");
    world.call("POST", "/admin/v1/retention/run", json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_database_is_held_as_the_guide_says() {
    let Some(mut world) = World::start() else { return };
    let channel = world.connect().await;
    assert!(world.server.stop());
    let guide = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
    let guide = std::fs::read_to_string(guide).expect("the guide");
    let sql = guide.split("```sql\n").nth(1).and_then(|rest| rest.split("\n```").next());
    world.database.sql(sql.expect("it says how"));
    world.server = serve(&world.database, &world.scratch);
    let message = world.send(channel, "espera").await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(world.on_phone("espera").await, 0);
    world.call("POST", &format!("/admin/v1/channels/{channel}/resume"), json!({})).await;
    let path = format!("/v2/contact/phone:{PHONE}/message/{message}");
    until("it goes out", || async {
        (current(&world.call("GET", &path, Value::Null).await) != "pending").then_some(())
    })
    .await;
    assert_eq!(world.on_phone("espera").await, 1);
}

#[test]
fn a_backup_is_left_to_the_database() {
    let scratch = Scratch::new();
    let file = scratch.0.join("copy.db");
    let output = std::process::Command::new(e2e::binary())
        .args(["backup", &file.to_string_lossy()])
        .env("CHASKI__DATABASE__URL", "postgres://chaski:s3cret-word@127.0.0.1:1/chaski")
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("pg_dump") && error.contains("point-in-time"), "{error}");
    assert!(!error.contains("s3cret-word") && !file.exists());
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_told_without_its_password() {
    let scratch = Scratch::new();
    let data = scratch.0.to_string_lossy().into_owned();
    for (url, told) in [
        ("postgres://chaski:s3cret-word@127.0.0.1:1/chaski", "127.0.0.1:1"),
        ("mysql://chaski:s3cret-word@127.0.0.1/chaski", "postgres://"),
    ] {
        let output = std::process::Command::new(e2e::binary())
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data", &data])
            .env("CHASKI__DATABASE__URL", url)
            .output()
            .expect("the binary runs");
        assert_eq!(output.status.code(), Some(1));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains("database.url") && error.contains(told), "{error}");
        assert!(!error.contains("s3cret-word"), "{error}");
    }
}
