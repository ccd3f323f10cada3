//! The engine's own health: dead letters, unknown outcomes, watchdogs, retention, backup and restore.

use e2e::world::{PHONE, Process, Scratch, current};
use e2e::{Channel, World, text, until};
use serde_json::{Value, json};
use std::process::Command;

const D360: &str = "360dialog_whatsapp";

async fn times_on_phone(world: &World, text: &str) -> usize {
    world.phone(PHONE).await.iter().filter(|message| message["body"] == text).count()
}

/// Runs the binary against the demo; its standard output.
fn chaski(world: &World, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(e2e::binary())
        .args(arguments)
        .env("CHASKI_URL", world.web_url())
        .env("CHASKI_TOKEN", world.token())
        .output()
        .expect("the binary runs");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

/// The same, expected to go well and to answer JSON.
fn told(world: &World, arguments: &[&str]) -> Value {
    let (well, text) = chaski(world, &[arguments, &["--json"]].concat());
    assert!(well, "{arguments:?}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {text}"))
}

async fn metrics(world: &World) -> String {
    world.http.call("GET", &format!("{}/metrics", world.web_url()), &[], "").await.expect("metrics").text()
}

async fn steps(world: &World, id: i64) -> Vec<Value> {
    let answer = world.admin("GET", &format!("/messages/{id}"), Value::Null).await.json();
    answer["timeline"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn what_failed_is_grouped_by_cause_and_sent_again_as_a_new_delivery() {
    let world = World::demo().await;
    let channel = world.channel(D360);
    world.fault(&channel.source, json!({"code": 131_026})).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(world.sent(&channel, text(&format!("otra vez {n}"))).await);
    }
    for id in &ids {
        world.reaches(*id, "failed").await;
    }
    let groups = told(&world, &["dead-letter", "list"]);
    let group = &groups["items"][0];
    assert_eq!((&group["messages"], &group["providerCode"]), (&json!(3), &json!(131_026)), "{groups}");
    assert!(metrics(&world).await.contains("provider_code=\"131026\"} 3"));
    let error = group["error"].as_str().expect("a code").to_owned();
    let id = channel.id.to_string();
    let cause = ["--channel", &id, "--error", &error, "--provider-code", "131026"];
    let page = told(&world, &[&["dead-letter", "show"][..], &cause].concat());
    assert_eq!(page["items"].as_array().map(Vec::len), Some(3), "{page}");
    world.no_faults().await;
    let one = ids[0].to_string();
    assert!(chaski(&world, &["dead-letter", "replay", &one]).0);
    world.reaches(ids[0], "delivered").await;
    let (well, why) = chaski(&world, &["dead-letter", "replay", &one]);
    assert!(!well && why.contains("has not failed"), "{why}");
    let done = told(&world, &[&["dead-letter", "replay"][..], &cause].concat());
    assert_eq!((&done["replayed"], &done["skipped"]), (&json!(2), &json!([])), "{done}");
    for (n, id) in ids.iter().enumerate() {
        let message = world.reaches(*id, "delivered").await;
        assert!(message.get("error").is_none(), "{message}");
        assert_eq!(times_on_phone(&world, &format!("otra vez {n}")).await, 1);
        let steps = steps(&world, *id).await;
        let again = steps.iter().find(|step| step["step"] == "replayed").expect("the timeline says so");
        assert_eq!(again["withdrawn"]["provider_code"], 131_026, "and keeps the failure: {again}");
    }
    assert_eq!(told(&world, &["dead-letter", "list"])["items"], json!([]));
}

#[tokio::test]
async fn an_expired_message_goes_out_with_new_time_and_a_refused_one_does_not() {
    let world = World::demo().await;
    let channel = world.channel(D360);
    world.fault(&channel.source, json!({"httpStatus": 401})).await;
    let id = world.sent(&channel, text("caducado")).await;
    until("the channel is held", || async {
        let list = world.admin("GET", "/channels", Value::Null).await.json();
        let mut items = list["items"].as_array().into_iter().flatten();
        items.any(|c| c["id"] == channel.id && c["state"] == "held").then_some(())
    })
    .await;
    world.no_faults().await;
    world.advance("25h").await;
    world.reaches(id, "failed").await;
    let wrong = json!({"channelId": channel.id, "message": e2e::world::template("account100", "es", json!([
        {"type": "body", "parameters": [{"type": "text", "text": "una"}]}]))});
    let refused = world.api("POST", "/contact/id:123/message", wrong).await;
    assert_eq!(refused.status, 400);
    let refused = refused.json()["messageId"].as_i64().expect("it is recorded");
    let answer = world.admin("POST", &format!("/messages/{refused}/replay"), json!({})).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (409, &json!("not_replayable")),
        "{}",
        answer.text()
    );
    world.admin("POST", &format!("/channels/{}/resume", channel.id), json!({})).await;
    let body = json!({"type": "text", "text": "aquí", "provider": channel.source});
    world.simulator("POST", &format!("/phones/{PHONE}/messages"), body).await;
    let answer = world.admin("POST", "/dead-letters/replay", json!({"all": true})).await;
    assert_eq!(answer.json()["replayed"], 1, "{}", answer.text());
    world.reaches(id, "delivered").await;
    for (path, body) in [
        ("/dead-letters/replay", json!({})),
        ("/dead-letters/replay", json!({"channelId": 1})),
        ("/dead-letters/dismiss", json!({"all": true, "failedBefore": "soon"})),
        ("/dead-letters/messages?before=x", Value::Null),
    ] {
        let method = if body.is_null() { "GET" } else { "POST" };
        assert_eq!(world.admin(method, path, body).await.status, 400, "{path}");
    }
    let gone = json!({"channelId": 999, "error": "expired"});
    let answer = world.admin("POST", "/dead-letters/replay", gone).await;
    assert_eq!(answer.status, 409);
    assert!(answer.text().contains("channel was removed"), "{}", answer.text());
}

#[tokio::test]
async fn an_unknown_outcome_is_listed_with_what_is_known_and_decided_from_the_command_line() {
    let world = World::demo().await;
    let channel = world.channel(D360);
    world.fault(&channel.source, json!({"cut": "before"})).await;
    let id = world.sent(&channel, text("quién sabe")).await;
    let known = until("the outcome is unknown", || async {
        let list = told(&world, &["unknown", "list"]);
        list["messages"].get(0).cloned()
    })
    .await;
    assert_eq!((&known["messageId"], &known["channelId"]), (&json!(id), &json!(channel.id)));
    assert!(known["why"].is_string() && known["begunAt"].is_string(), "{known}");
    let (well, checked) = chaski(&world, &["check"]);
    assert!(!well && checked.contains("unknown outcome"), "{checked}");
    world.no_faults().await;
    assert!(chaski(&world, &["unknown", "resolve", &id.to_string(), "resend"]).0);
    world.reaches(id, "delivered").await;
    let (_, health) = chaski(&world, &["health"]);
    assert!(health.contains("connected"), "{health}");
}

#[tokio::test]
async fn a_kind_that_reports_nothing_misses_no_receipts() {
    let world = World::demo().await;
    let (silent, bot) = (world.channel("360dialog_whatsapp"), world.channel("telegram"));
    world.fault(&silent.source, json!({"receipts": "none"})).await;
    for channel in [&bot, &silent] {
        let id = world.sent(channel, json!({"type": "text", "text": "¿llega?"})).await;
        world.reaches(id, "sent").await;
    }
    world.advance("20m").await;
    let overdue =
        |channel: &Channel, count| format!("chaski_receipts_overdue{{channel=\"{}\"}} {count}", channel.id);
    // Both are looked at at once: when the one is missed, the other would be.
    until("receipts are missing", || async {
        metrics(&world).await.contains(&overdue(&silent, 1)).then_some(())
    })
    .await;
    assert!(!metrics(&world).await.contains(&overdue(&bot, 1)));
    let (_, checked) = chaski(&world, &["check"]);
    let about =
        |name: &str| checked.lines().filter(|line| line.contains("receipts") && line.contains(name)).count();
    assert_eq!((about("360dialog"), about("Telegram")), (1, 0), "{checked}");
}

#[tokio::test]
async fn a_channel_whose_receipts_stay_away_is_told_and_no_message_fails() {
    let world = World::demo().await;
    let channel = world.channel(D360);
    let before = world.sent(&channel, text("con acuse")).await;
    world.reaches(before, "delivered").await;
    world.fault(&channel.source, json!({"receipts": "none"})).await;
    let id = world.sent(&channel, text("sin acuse")).await;
    world.reaches(id, "sent").await;
    world.advance("15m").await;
    let overdue = format!("chaski_receipts_overdue{{channel=\"{}\"}} 1", channel.id);
    until("receipts are missing", || async { metrics(&world).await.contains(&overdue).then_some(()) }).await;
    let health = world.admin("GET", "/health", Value::Null).await.json();
    let mut items = health["items"].as_array().into_iter().flatten();
    let own = items.find(|one| one["channelId"] == channel.id).expect("the channel");
    assert_eq!(own["receipts"]["missing"], true, "{own}");
    let (well, checked) = chaski(&world, &["check"]);
    assert!(!well && checked.contains("reported nothing"), "{checked}");
    assert_eq!(current(&world.message(id).await), "sent", "no message fails for it");
    world.no_faults().await;
    let next = world.sent(&channel, text("otra vez con acuse")).await;
    world.reaches(next, "delivered").await;
    world.advance("2m").await;
    let well = format!("chaski_receipts_overdue{{channel=\"{}\"}} 0", channel.id);
    until("receipts come again", || async { metrics(&world).await.contains(&well).then_some(()) }).await;
}

#[tokio::test]
async fn what_is_old_goes_by_its_kind_and_the_thread_still_reads() {
    let world = World::demo_with(&[("CHASKI__RETENTION__MESSAGES", "30d")]).await;
    let channel = world.channel(D360);
    let id = world.sent(&channel, text("muy privado")).await;
    world.reaches(id, "delivered").await;
    assert!(told(&world, &["retention", "--dry-run"])["items"].as_array().is_some_and(|i| i.len() == 12));
    world.advance("2400h").await;
    let rows = |list: &Value, kind: &str| {
        let mut items = list["items"].as_array().into_iter().flatten();
        items.find(|one| one["kind"] == kind).map_or(0, |one| one["rows"].as_u64().unwrap_or(0))
    };
    // The job itself may be faster than whoever asks.
    told(&world, &["retention", "run"]);
    until("what it said is gone", || async {
        (!world.message(id).await.to_string().contains("muy privado")).then_some(())
    })
    .await;
    // An event that the inbox's list had not followed yet is kept for the next run.
    until("nothing old is left", || async {
        told(&world, &["retention", "run"]);
        let foretold = told(&world, &["retention", "--dry-run"]);
        let kinds = ["messages", "history", "deliveries", "events", "exchanges"];
        kinds.iter().all(|kind| rows(&foretold, kind) == 0).then_some(())
    })
    .await;
    let message = world.message(id).await;
    assert_eq!(message["notes"][0]["code"], "deleted_by_retention", "{message}");
    assert_eq!(current(&message), "delivered");
    let left: Vec<String> =
        steps(&world, id).await.iter().map(|s| s["step"].as_str().unwrap_or("").into()).collect();
    assert!(left.contains(&"blanked".to_owned()) && !left.contains(&"attempt".to_owned()), "{left:?}");
    let page = world.inbox().await.get("/messages/123").await.text();
    assert!(page.contains("Eliminado por la política de retención"), "{page}");
    let metrics = metrics(&world).await;
    assert!(metrics.contains("chaski_retention_removed_total{kind=\"messages\"}"), "{metrics}");
    let again = world.sent_template(&channel, "bug_fixed", "es", json!([])).await;
    world.reaches(again, "delivered").await;
}

/// A server on a restored folder.
fn serve(data: &str) -> Process {
    let environment = [("CHASKI__SECURITY__ALLOW_PRIVATE_NETWORKS", "true"), ("CHASKI__LOG__LEVEL", "error")];
    Process::start(&["serve", "--json", "--listen", "127.0.0.1:0", "--data", data], &environment)
}

#[tokio::test]
async fn a_backup_taken_under_load_is_restored_and_goes_on_and_without_the_key_it_waits() {
    let world = World::demo().await;
    let channel = world.channel(D360);
    let delivered = world.sent(&channel, text("antes")).await;
    world.reaches(delivered, "delivered").await;
    world.fault(&channel.source, json!({"httpStatus": 401})).await;
    let waiting = world.sent(&channel, text("espera en la copia")).await;
    until("the channel is held", || async {
        let health = world.admin("GET", "/health", Value::Null).await.json();
        let mut items = health["items"].as_array().into_iter().flatten();
        items.any(|c| c["channelId"] == channel.id && c["state"] == "held").then_some(())
    })
    .await;
    let (data, folder) = (world.data().to_string_lossy().into_owned(), Scratch::new());
    let file = folder.0.join("copy.db").to_string_lossy().into_owned();
    let other = world.channel("whatsapp_cloud");
    let flowing = async {
        for n in 0..50 {
            world.sent(&other, text(&format!("sigue {n}"))).await;
        }
    };
    let (to, from) = (file.clone(), data.clone());
    let url = (world.web_url().to_owned(), world.token().to_owned());
    let copying = tokio::task::spawn_blocking(move || {
        let run = Command::new(e2e::binary())
            .args(["backup", &to, "--data", &from])
            .env("CHASKI_URL", url.0)
            .output();
        run.expect("the binary runs")
    });
    let (copied, ()) = tokio::join!(copying, flowing);
    let copied = copied.expect("it ends");
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    world.no_faults().await;
    // Without the key: nothing fails, nothing goes out.
    let bare = folder.0.join("bare").to_string_lossy().into_owned();
    let (well, words) = chaski(&world, &["restore", &file, "--data", &bare]);
    assert!(well && words.contains("secret.key"), "{words}");
    let (well, words) = chaski(&world, &["restore", &file, "--data", &bare]);
    assert!(!well && words.contains("not empty"), "{words}");
    let ask = async |process: &Process, method: &str, path: &str| {
        let url = format!("{}{path}", process.ready["web"].as_str().expect("an address"));
        world.http.json(method, &url, world.token(), &json!({})).await.expect("it answers").json()
    };
    let locked = serve(&bare);
    let states = ask(&locked, "GET", "/admin/v1/channels").await;
    assert!(
        states["items"].as_array().is_some_and(|all| all.iter().all(|c| c["state"] == "locked")),
        "{states}"
    );
    let message = ask(&locked, "GET", &format!("/v2/contact/id:123/message/{waiting}")).await;
    assert_eq!(current(&message), "pending", "{message}");
    drop(locked);
    // With it: what waited goes on.
    let whole = folder.0.join("whole");
    std::fs::create_dir_all(&whole).expect("a folder");
    std::fs::copy(world.data().join("secret.key"), whole.join("secret.key")).expect("the key");
    let whole = whole.to_string_lossy().into_owned();
    assert!(chaski(&world, &["restore", &file, "--data", &whole]).0);
    let (well, life) = chaski(&world, &["message", "show", &delivered.to_string(), "--data", &whole]);
    assert!(well && life.contains("attempt 1: sent"), "no server is needed to look: {life}");
    let restored = serve(&whole);
    let old = ask(&restored, "GET", &format!("/v2/contact/id:123/message/{delivered}")).await;
    assert_eq!(current(&old), "delivered", "{old}");
    ask(&restored, "POST", &format!("/admin/v1/channels/{}/resume", channel.id)).await;
    until("what waited arrives", || async {
        (times_on_phone(&world, "espera en la copia").await > 0).then_some(())
    })
    .await;
}

/// Names of metrics in a text: what a dashboard or a rule asks for.
fn names(text: &str) -> std::collections::BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    text.split(word).filter(|part| part.starts_with("chaski_")).map(str::to_owned).collect()
}

fn ops(file: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ops").join(file);
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{file}: {e}"))
}

#[tokio::test]
async fn every_metric_of_the_dashboard_and_the_alerts_is_there_after_some_traffic() {
    let world = World::demo().await;
    let channel = world.channel(D360);
    let id = world.sent(&channel, text("métrica")).await;
    world.reaches(id, "delivered").await;
    world.fault(&channel.source, json!({"code": 131_026})).await;
    let failed = world.sent(&channel, text("fallará")).await;
    world.reaches(failed, "failed").await;
    world.no_faults().await;
    world.admin("POST", "/retention/run", json!({})).await;
    world.advance("2m").await;
    let dashboard: Value =
        serde_json::from_str(&ops("grafana-dashboard.json")).expect("the dashboard parses");
    let mut expressions = Vec::new();
    for panel in dashboard["panels"].as_array().expect("it has panels") {
        for target in panel["targets"].as_array().into_iter().flatten() {
            expressions.push(target["expr"].as_str().expect("an expression").to_owned());
        }
    }
    let alerts: serde_yaml_ng::Value = serde_yaml_ng::from_str(&ops("alerts.yml")).expect("the rules parse");
    for group in alerts["groups"].as_sequence().expect("groups") {
        for rule in group["rules"].as_sequence().expect("rules") {
            expressions.push(rule["expr"].as_str().expect("an expression").to_owned());
            assert!(rule["annotations"]["summary"].is_string() && rule["labels"]["severity"].is_string());
        }
    }
    let wanted = names(&expressions.join(" "));
    assert!(wanted.len() >= 15, "{wanted:?}");
    until("every metric is there", || async {
        let there = names(&metrics(&world).await);
        let missing: Vec<_> = wanted.difference(&there).collect();
        if !missing.is_empty() {
            eprintln!("not there yet: {missing:?}");
        }
        missing.is_empty().then_some(())
    })
    .await;
    let guide = ops("README.md");
    for name in wanted.iter().map(|name| name.trim_end_matches("_sum").trim_end_matches("_count")) {
        assert!(guide.contains(name), "docs/ops/README.md explains {name}");
    }
}

#[tokio::test]
async fn a_webhook_of_no_use_is_listed_and_taken_in_once_it_can_be_read() {
    let world = World::demo().await;
    let post = |body: Value| {
        let http = world.http.clone();
        let url = format!("{}/custom/channel/webhook/", world.web_url());
        async move {
            let headers = [
                ("authorization", "Bearer simulator-only-custom-token-0001"),
                ("content-type", "application/json"),
            ];
            http.call("POST", &url, &headers, body.to_string()).await.expect("an answer").status
        }
    };
    assert_eq!(post(json!({"events": 7})).await, 200);
    assert_eq!(post(json!({"events": 8})).await, 200);
    let listed = told(&world, &["webhook", "list"])["items"].clone();
    assert_eq!(
        (&listed[0]["body"], &listed[1]["body"], &listed[0]["source"]),
        (&json!(r#"{"events":8}"#), &json!(r#"{"events":7}"#), &json!("custom_channel"))
    );
    let id = |n: usize| listed[n]["id"].to_string();
    let (well, text) = chaski(&world, &["webhook", "replay", &id(0)]);
    assert!(!well && text.contains("still of no use"), "{text}");
    assert!(chaski(&world, &["webhook", "dismiss", &id(1)]).0);
    assert!(!chaski(&world, &["webhook", "dismiss", &id(1)]).0, "there is none any more");

    // What a later version can read, this one is given in a form that it reads already.
    let readable = json!({"channelId": "gfd8g7fd89dgfd", "contactId": PHONE, "events": [
        {"type": "message", "mId": "kept-1", "timestamp": 2_132_131_321_000_i64, "message": {"type": "text", "text": "guardado"}}]});
    let store = rusqlite::Connection::open(world.data().join("chaski.db")).expect("the store");
    let changed = store.execute(
        "UPDATE kept_webhooks SET body = ?1 WHERE id = ?2",
        rusqlite::params![readable.to_string().into_bytes(), listed[0]["id"].as_i64()],
    );
    assert_eq!(changed.expect("a write"), 1);
    assert!(chaski(&world, &["webhook", "replay", &id(0)]).0);
    let list = world.api("GET", "/contact/id:123/message/list?limit=10", Value::Null).await.text();
    assert!(list.contains("guardado"), "{list}");
    assert_eq!(told(&world, &["webhook", "list"])["items"], json!([]));
}
