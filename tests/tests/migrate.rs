//! `chaski migrate`: a data folder becomes a PostgreSQL database, and nobody notices.

use e2e::inbox::{Inbox, bubble};
use e2e::postgres::{Database, database};
use e2e::world::{PHONE, Process, Scratch, current};
use e2e::{Http, SOURCES, until};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const HELD: &str = "360dialog_whatsapp";
const CUT: &str = "nexmo_whatsapp";

/// A server on a data folder, with the simulated providers beside it. Its address stays the same when it
/// goes on with a database.
struct Site {
    http: Http,
    simulator: Process,
    server: Process,
    token: String,
    data: String,
    address: String,
    scratch: Scratch,
}

fn serve(data: &str, address: &str, database: Option<&Database>) -> Process {
    let url = database.map_or("", |database| database.url.as_str());
    Process::start(
        &["serve", "--json", "--listen", address, "--data", data],
        &[
            ("CHASKI__SECURITY__ALLOW_PRIVATE_NETWORKS", "true"),
            ("CHASKI__DATABASE__URL", url),
            ("CHASKI__LOG__LEVEL", "error"),
        ],
    )
}

impl Site {
    async fn start() -> Self {
        let scratch = Scratch::new();
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("its address").to_string();
        drop(free);
        let simulator = Process::start(
            &["simulator", "--json", "--listen", "127.0.0.1:0"],
            &[("CHASKI__LOG__LEVEL", "error")],
        );
        let data = scratch.0.join("data").to_string_lossy().into_owned();
        let server = serve(&data, &address, None);
        let token = server.ready["token"].as_str().expect("the first start tells a token").to_owned();
        let site = Self { http: Http::default(), simulator, server, token, data, address, scratch };
        let accounts = site.simulated("GET", "/accounts", Value::Null).await;
        for source in SOURCES {
            let lifted = json!({"provider": source, "perSecond": null, "pair": null});
            site.simulated("PUT", "/limits", lifted).await;
            let account = accounts.as_array().into_iter().flatten().find(|a| a["source"] == source);
            let mut set = account.expect("an account")["set"].clone();
            (set["pace"], set["pair_pace"]) = (json!("0"), json!("0"));
            let verify = set["verify_token"].clone();
            let channel = json!({"source": source, "name": source, "set": set});
            let channel = site.call("POST", "/admin/v1/channels", channel).await;
            let mut hook = json!({"source": source, "url": channel["webhookUrl"]});
            if verify.is_string() {
                hook["verifyToken"] = verify;
            }
            site.simulated("PUT", "/webhooks", hook).await;
        }
        let field = json!({"name": "Empresa", "dataType": "text"});
        site.call("POST", "/admin/v1/fields", field).await;
        site.call("POST", "/v2/space/tag", json!({"name": "VIP", "emoji": "⭐"})).await;
        site.call("POST", "/admin/v1/closing-notes", json!({"category": "Resuelto"})).await;
        let contact = json!({"firstName": "Ana", "phone": PHONE, "email": "ana@ejemplo.ec"});
        site.call("POST", "/admin/v1/contacts", contact).await;
        for source in SOURCES {
            let hello = json!({"type": "text", "text": format!("hola {source}"), "provider": source});
            site.simulated("POST", &format!("/phones/{PHONE}/messages"), hello).await;
        }
        site
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("http://{}{path}", self.address);
        let answer = self.http.json(method, &url, &self.token, &body).await.expect("the server answers");
        assert!(answer.status < 300, "{url}: {} {}", answer.status, answer.text());
        answer.json()
    }

    async fn simulated(&self, method: &str, path: &str, body: Value) -> Value {
        let base = self.simulator.ready["simulator"].as_str().expect("its address");
        let answer = self.http.json(method, &format!("{base}/sim/v1{path}"), "", &body).await;
        answer.expect("the simulator answers").json()
    }

    async fn channel(&self, source: &str) -> i64 {
        let list = self.call("GET", "/admin/v1/channels", Value::Null).await;
        let found = list["items"].as_array().into_iter().flatten().find(|c| c["source"] == source);
        found.and_then(|c| c["id"].as_i64()).expect("the channel's number")
    }

    async fn send(&self, channel: i64, message: Value) -> i64 {
        let body = json!({"channelId": channel, "message": message});
        let answer = self.call("POST", &format!("/v2/contact/phone:{PHONE}/message"), body).await;
        answer["messageId"].as_i64().expect("a number")
    }

    async fn text(&self, channel: i64, text: &str) -> i64 {
        self.send(channel, json!({"type": "text", "text": text})).await
    }

    async fn message(&self, id: i64) -> Value {
        self.call("GET", &format!("/v2/contact/phone:{PHONE}/message/{id}"), Value::Null).await
    }

    async fn reaches(&self, id: i64, status: &str) {
        until(&format!("message {id} is {status}"), || async {
            (current(&self.message(id).await) == status).then_some(())
        })
        .await;
    }

    /// What of ours stands on the phone, in order.
    async fn on_phone(&self) -> Vec<String> {
        let list = self.simulated("GET", &format!("/phones/{PHONE}/messages"), Value::Null).await;
        let ours = list.as_array().into_iter().flatten().filter(|m| m["direction"] == "outbound");
        ours.map(|m| m["body"].as_str().unwrap_or("").to_owned()).collect()
    }

    /// What callers and operators read.
    async fn read_back(&self, messages: &[i64]) -> Vec<(String, Value)> {
        let mut paths = vec![
            format!("/v2/contact/phone:{PHONE}"),
            "/v2/contact/email:ana@ejemplo.ec".to_owned(),
            format!("/v2/contact/phone:{PHONE}/message/list?limit=50"),
        ];
        let lists = [
            "channels",
            "contacts",
            "fields",
            "tags",
            "closing-notes",
            "tokens",
            "users",
            "workspaces",
            "templates",
            "unknown",
        ];
        paths.extend(lists.map(|list| format!("/admin/v1/{list}")));
        paths.extend(messages.iter().map(|id| format!("/v2/contact/phone:{PHONE}/message/{id}")));
        paths.extend(messages.iter().map(|id| format!("/admin/v1/messages/{id}")));
        let mut pages = Vec::new();
        for path in paths {
            let mut page = self.call("GET", &path, Value::Null).await;
            // The last use of a token is noted by and by.
            for item in page["items"].as_array_mut().into_iter().flatten() {
                item.as_object_mut().map(|item| item.remove("lastUsedAt"));
            }
            pages.push((path, page));
        }
        pages
    }

    /// Sent, received, failed, unknown, refused, held, queued and waiting messages. Returns them all, and
    /// those that the held channel owes.
    async fn populate(&self) -> (Vec<i64>, Vec<String>) {
        let (held, cut) = (self.channel(HELD).await, self.channel(CUT).await);
        let mut all = Vec::new();
        for source in SOURCES {
            let channel = self.channel(source).await;
            for n in 0..4 {
                all.push(self.text(channel, &format!("{source} {n} · ñandú 🦙")).await);
            }
            let template = json!({"name": "account100", "languageCode": "es", "components": [{"type": "body",
                "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "90 %"}, {"type": "text", "text": "hoy"}]}]});
            all.push(self.send(channel, json!({"type": "whatsapp_template", "template": template})).await);
        }
        for id in &all {
            self.reaches(*id, "delivered").await;
        }
        let unreachable = json!([{"when": {"provider": "whatsapp_cloud"}, "do": {"code": 131_026}}]);
        self.simulated("PUT", "/faults", unreachable).await;
        let failed = self.text(self.channel("whatsapp_cloud").await, "no llega").await;
        self.reaches(failed, "failed").await;
        self.simulated(
            "PUT",
            "/faults",
            json!([{"when": {"provider": HELD}, "do": {"httpStatus": 401}},
                   {"when": {"provider": CUT}, "do": {"cut": "before"}}]),
        )
        .await;
        let unknown = self.text(cut, "quién sabe").await;
        let mut owed = Vec::new();
        for n in 0..6 {
            owed.push(format!("después {n}"));
            all.push(self.text(held, &format!("después {n}")).await);
        }
        until("one is unknown and the channel is held", || async {
            let list = self.call("GET", "/admin/v1/channels", Value::Null).await;
            let is_held = list["items"].as_array().into_iter().flatten().any(|c| c["state"] == "held");
            (is_held && self.message(unknown).await["outcome"] == "unknown").then_some(())
        })
        .await;
        all.extend([failed, unknown]);
        (all, owed)
    }
}

fn migrate_command(data: &str, url: &str) -> Command {
    let mut command = Command::new(e2e::binary());
    command.args(["migrate", "--json", "--data", data, "--to", url]).stdin(Stdio::null());
    command
}

fn migrate(data: &str, url: &str) -> Output {
    migrate_command(data, url).output().expect("the binary runs")
}

/// The summary of a run that ended well.
fn summary(output: &Output) -> Value {
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{out}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(out.lines().last().expect("a summary")).expect("a line of JSON")
}

fn is_finished(summary: &Value) {
    assert_eq!((&summary["finished"], &summary["final"]), (&json!(true), &json!(true)), "{summary}");
    let tables = summary["tables"].as_array().expect("a list");
    assert!(tables.len() >= 30, "{summary}");
    for table in tables {
        assert_eq!(table["same"], true, "{table}");
        assert_eq!((&table["rows"], &table["hash"]), (&table["targetRows"], &table["targetHash"]), "{table}");
    }
}

fn rows(summary: &Value, table: &str) -> i64 {
    let found = summary["tables"].as_array().into_iter().flatten().find(|t| t["table"] == table);
    found.and_then(|t| t["rows"].as_i64()).unwrap_or_else(|| panic!("{table} is compared"))
}

fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains("secret-of-tests") && !told.contains("s3cret"), "{told}");
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_goes_on_from_postgresql_as_if_nothing_had_happened() {
    let Some(database) = database() else { return };
    let mut site = Site::start().await;
    let link = site.server.ready["signIn"].as_str().expect("the first start tells a link").to_owned();
    let web = format!("http://{}", site.address);
    let inbox = Inbox::sign_in(&site.http, &web, &link).await;
    let (messages, owed) = site.populate().await;
    let before = site.read_back(&messages).await;
    let said = before.iter().filter(|(_, page)| page.to_string().contains(r#""exchange":{"#)).count();
    assert!(said > 10, "timelines with their calls are compared");
    assert!(site.server.stop(), "the server ends well");
    let done = summary(&migrate(&site.data, &database.url));
    is_finished(&done);
    let store = Connection::open(format!("{}/chaski.db", site.data)).expect("the folder's store");
    for table in
        ["messages", "contacts", "parts", "queue", "waiting", "events", "templates", "tokens", "sessions"]
    {
        let here: i64 =
            store.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |r| r.get(0)).expect("a count");
        let there = database.sql(&format!("SELECT COUNT(*) FROM {table}"));
        assert_eq!((rows(&done, table), here.to_string()), (here, there), "{table}");
        assert!(here > 0, "{table} is tried with rows");
    }
    // The new server's folder has the key, and nothing else.
    let moved = site.scratch.0.join("moved");
    std::fs::create_dir_all(&moved).expect("a folder");
    std::fs::copy(format!("{}/secret.key", site.data), moved.join("secret.key")).expect("the key is copied");
    site.server = serve(&moved.to_string_lossy(), &site.address, Some(&database));
    assert!(site.server.ready["token"].is_null(), "it is not its first start");
    for ((path, was), (_, is)) in before.iter().zip(site.read_back(&messages).await) {
        assert_eq!(*was, is, "{path}");
    }
    let unknown = *messages.last().expect("there are messages");
    let contact = site.call("GET", &format!("/v2/contact/phone:{PHONE}"), Value::Null).await["id"].clone();
    let thread = inbox.get(&format!("/messages/{contact}")).await;
    assert_eq!(thread.status, 200, "the same session is signed in");
    let shown = bubble(&thread.text(), unknown).expect("Messages shows it");
    assert_eq!(shown.status, "unknown");
    site.simulated("PUT", "/faults", json!([])).await;
    let held = site.channel(HELD).await;
    let newer = site.text(held, "al final").await;
    assert!(messages.iter().all(|id| *id < newer), "new numbers are higher");
    site.call("POST", &format!("/admin/v1/channels/{held}/resume"), json!({})).await;
    site.reaches(newer, "delivered").await;
    let shown = site.on_phone().await;
    let arrived: Vec<&String> = shown.iter().filter(|body| body.starts_with("después")).collect();
    assert_eq!(arrived, owed.iter().collect::<Vec<_>>(), "in order, each once");
    assert!(!shown.iter().any(|body| body == "quién sabe"), "what is unknown is not sent again");
    let contact = json!({"firstName": "Luis", "phone": "+593997000009"});
    site.call("POST", "/admin/v1/contacts", contact).await;
    let hello = json!({"type": "text", "text": "otra vez", "provider": CUT});
    site.simulated("POST", &format!("/phones/{PHONE}/messages"), hello).await;
    until("inbound messages arrive", || async {
        let path = format!("/v2/contact/phone:{PHONE}/message/list?limit=5");
        let list = site.call("GET", &path, Value::Null).await.to_string();
        list.contains("otra vez").then_some(())
    })
    .await;
    let again = refusal(&migrate(&site.data, &database.url));
    assert!(again.contains("works on the database") || again.contains("finished"), "{again}");
}

/// Fills a stopped server's folder with many more messages, by its own rules.
fn multiply(data: &str, times: i64) {
    let store = Connection::open(format!("{data}/chaski.db")).expect("the folder's store");
    let sql = "
        CREATE TEMP TABLE n AS WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1) SELECT n FROM n;
        CREATE TEMP TABLE one AS SELECT * FROM messages WHERE rank >= 3 AND direction = 1 ORDER BY id LIMIT 1;";
    store.execute_batch(&sql.replace("?1", &times.to_string())).expect("tables");
    store
        .execute_batch(
            "BEGIN;
             INSERT INTO bodies SELECT b.message_id - 4294967296 - n * 4096, b.v, b.content, b.resolved, b.origin, b.provider_id
               FROM n, one JOIN bodies b ON b.message_id = one.id;
             INSERT INTO parts SELECT p.message_id - 4294967296 - n * 4096, p.delivery, p.part, p.workspace_id, p.channel_id, p.lane_id, p.state, p.attempts,
               p.begun_at, p.call_by, p.fence, p.ended_at, p.http_status, p.first_failed_at, p.provider_id || n, p.rank, p.expires_at, p.followed_at
               FROM n, one JOIN parts p ON p.message_id = one.id;
             INSERT INTO messages (id, workspace_id, contact_id, channel_id, lane_id, direction, created_at, rank, sent_at, delivered_at)
               SELECT id - 4294967296 - n * 4096, workspace_id, contact_id, channel_id, lane_id, direction, created_at, rank, sent_at, delivered_at FROM n, one;
             COMMIT;",
        )
        .expect("messages");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_killed_goes_on_and_ends_whole() {
    let Some(database) = database() else { return };
    let mut site = Site::start().await;
    let (messages, _) = site.populate().await;
    let before = site.read_back(&messages).await;
    assert!(site.server.stop(), "the server ends well");
    multiply(&site.data, 40_000);
    let mut random = [0; 4];
    getrandom::fill(&mut random).expect("random bytes");
    for byte in random {
        let mut command = migrate_command(&site.data, &database.url);
        let mut child = command.stdout(Stdio::null()).spawn().expect("the binary starts");
        tokio::time::sleep(Duration::from_millis(100 + 4 * u64::from(byte))).await;
        let _ = child.kill();
        let _ = child.wait();
        if database.sql("SELECT COUNT(*) FROM pg_class WHERE relname = 'migration'") == "1"
            && database.sql("SELECT state FROM migration") == "copying"
        {
            let refused = Command::new(e2e::binary())
                .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data", &site.data])
                .env("CHASKI__DATABASE__URL", &database.url)
                .output()
                .expect("the binary runs");
            assert!(refusal(&refused).contains("not finished"));
        }
    }
    if database.sql("SELECT COALESCE((SELECT state FROM migration), '')") != "done" {
        is_finished(&summary(&migrate(&site.data, &database.url)));
    }
    assert_eq!(database.sql("SELECT COUNT(*) FROM messages WHERE rank >= 3 AND direction = 1"), "40015");
    site.server = serve(&site.data, &site.address, Some(&database));
    for ((path, was), (_, is)) in before.iter().zip(site.read_back(&messages).await) {
        assert_eq!(*was, is, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_may_send_while_it_is_copied_and_the_run_after_its_end_is_exact() {
    let Some(database) = database() else { return };
    let mut site = Site::start().await;
    let channel = site.channel("whatsapp_cloud").await;
    let mut sent = Vec::new();
    for n in 0..20 {
        sent.push(site.text(channel, &format!("antes {n}")).await);
    }
    let mut child = migrate_command(&site.data, &database.url)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    while child.try_wait().expect("it can be asked").is_none() {
        sent.push(site.text(channel, &format!("durante {}", sent.len())).await);
    }
    let live = summary(&child.wait_with_output().expect("its output"));
    assert_eq!((&live["finished"], &live["final"]), (&json!(false), &json!(false)), "{live}");
    assert!(live["upTo"].is_string(), "{live}");
    for n in 0..10 {
        sent.push(site.text(channel, &format!("después {n}")).await);
    }
    for id in &sent {
        site.reaches(*id, "delivered").await;
    }
    let again = summary(&migrate(&site.data, &database.url));
    assert_eq!(again["finished"], false, "a server still works: {again}");
    let before = site.read_back(&sent).await;
    assert!(site.server.stop(), "the server ends well");
    let last = summary(&migrate(&site.data, &database.url));
    is_finished(&last);
    let (all, written) = (rows(&last, "messages") + rows(&last, "events"), last["written"].as_i64());
    assert!(written.is_some_and(|written| written < all), "only what changed is copied: {last}");
    site.server = serve(&site.data, &site.address, Some(&database));
    for ((path, was), (_, is)) in before.iter().zip(site.read_back(&sent).await) {
        assert_eq!(*was, is, "{path}");
    }
    let newer = site.text(channel, "en la base").await;
    site.reaches(newer, "delivered").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_had_begun_is_unknown_on_the_new_server() {
    let Some(database) = database() else { return };
    let mut site = Site::start().await;
    let channel = site.channel("whatsapp_cloud").await;
    let slow = json!([{"when": {"provider": "whatsapp_cloud"}, "do": {"delayMs": 20_000}}]);
    site.simulated("PUT", "/faults", slow).await;
    let begun = site.text(channel, "a medias").await;
    let store = Connection::open(format!("{}/chaski.db", site.data)).expect("the folder's store");
    until("the call has begun", || async {
        let state: i64 = store
            .query_row("SELECT state FROM parts WHERE message_id = ?1", [begun], |r| r.get(0))
            .expect("its part");
        (state == 2).then_some(())
    })
    .await;
    site.server.kill();
    is_finished(&summary(&migrate(&site.data, &database.url)));
    site.simulated("PUT", "/faults", json!([])).await;
    site.server = serve(&site.data, &site.address, Some(&database));
    until("it is unknown, or its echo has told", || async {
        let message = site.message(begun).await;
        (message["outcome"] == "unknown" || current(&message) == "delivered").then_some(())
    })
    .await;
    assert!(site.on_phone().await.iter().filter(|body| *body == "a medias").count() <= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_a_target_or_a_source_is_refused_in_words() {
    let (Some(foreign), Some(used), Some(other)) = (database(), database(), database()) else { return };
    let mut site = Site::start().await;
    assert!(site.server.stop(), "the server ends well");
    foreign.sql("CREATE TABLE invoices (id INTEGER)");
    assert!(refusal(&migrate(&site.data, &foreign.url)).contains("not Chaski's"));
    assert_eq!(
        foreign.sql("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'"),
        "1",
        "nothing was made"
    );
    let data = site.scratch.0.join("another").to_string_lossy().into_owned();
    let mut server = serve(&data, "127.0.0.1:0", Some(&used));
    assert!(refusal(&migrate(&site.data, &used.url)).contains("a server works on the database"));
    assert!(server.stop(), "the server ends well");
    used.sql("UPDATE nodes SET lease_until = 0");
    let told = refusal(&migrate(&site.data, &used.url));
    assert!(told.contains("not empty"), "{told}");
    other.sql(
        "CREATE TABLE schema_version (only_row BOOLEAN PRIMARY KEY DEFAULT TRUE, version INTEGER NOT NULL)",
    );
    other.sql("INSERT INTO schema_version (version) VALUES (9999)");
    assert!(refusal(&migrate(&site.data, &other.url)).contains("newer chaski"));
    for (url, told) in [
        ("postgres://chaski:s3cret@127.0.0.1:1/chaski", "127.0.0.1:1"),
        ("mysql://chaski:s3cret@127.0.0.1/chaski", "--to: write it as postgres://"),
    ] {
        let error = refusal(&migrate(&site.data, url));
        assert!(error.contains(told), "{error}");
    }
    assert!(refusal(&migrate("/nowhere", &used.url)).contains("/nowhere/chaski.db is not there"));
}
