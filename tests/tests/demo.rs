//! The demo and the command line, as a newcomer and an operator use them.

use e2e::world::{LastSeen, Process, Scratch, current};
use e2e::{Http, World, binary, until};
use serde_json::{Value, json};
use std::process::{Command, Output};

fn demo(data: &str) -> Process {
    let free = "127.0.0.1:0";
    Process::start(&["demo", "--json", "--listen", free, "--simulator-listen", free, "--data", data], &[])
}

async fn api(process: &Process, method: &str, path: &str, body: Value) -> e2e::Answer {
    let url = format!("{}{path}", process.ready["api"].as_str().expect("its address"));
    let token = process.ready["token"].as_str().expect("a token");
    Http::default().json(method, &url, token, &body).await.expect("an answer")
}

#[tokio::test]
async fn the_demo_keeps_its_state_and_renews_access() {
    let scratch = Scratch::new();
    let data = scratch.0.to_string_lossy().into_owned();
    let mut first = demo(&data);
    let text = json!({"message": {"type": "text", "text": "antes"}});
    let id = api(&first, "POST", "/contact/id:123/message", text).await.json()["messageId"]
        .as_i64()
        .expect("a number");
    let delivered = |process: &Process| {
        let path = format!("/contact/id:123/message/{id}");
        let (url, token) = (
            process.ready["api"].as_str().unwrap_or("").to_owned(),
            process.ready["token"].as_str().unwrap_or("").to_owned(),
        );
        async move {
            let message =
                Http::default().json("GET", &format!("{url}{path}"), &token, &Value::Null).await.ok()?.json();
            (current(&message) == "delivered").then_some(())
        }
    };
    until("the message arrives", || delivered(&first)).await;
    let old_token = first.ready["token"].clone();
    assert!(first.stop(), "it ends well");
    let second = demo(&data);
    assert_ne!(second.ready["token"], old_token);
    assert_eq!(second.ready["channels"], first.ready["channels"]);
    delivered(&second).await.expect("the message is still there");
    let url = format!("{}/contact/id:123", second.ready["api"].as_str().expect("its address"));
    let refused = Http::default()
        .json("GET", &url, old_token.as_str().expect("a text"), &Value::Null)
        .await
        .expect("an answer");
    assert_eq!(refused.status, 401, "the old token ends with the old demo");
    for channel in second.ready["channels"].as_array().into_iter().flatten() {
        let body = json!({"channelId": channel["id"], "message": {"type": "text", "text": "después"}});
        let answer = api(&second, "POST", "/contact/id:123/message", body).await;
        let id = answer.json()["messageId"].as_i64().unwrap_or_else(|| panic!("{}", answer.text()));
        // Some report nothing after they have taken a message.
        let silent = ["telegram", "line", "instagram", "other_email"];
        let is_silent = silent.iter().any(|silent| channel["source"] == *silent);
        let last = if is_silent { "sent" } else { "delivered" };
        let seen = LastSeen::default();
        until(&format!("{} works at its new address", channel["source"]), || async {
            let message = api(&second, "GET", &format!("/contact/id:123/message/{id}"), Value::Null).await;
            let message = seen.is(message.json());
            (current(&message) == last).then_some(())
        })
        .await;
    }
}

fn chaski(world: &World, arguments: &[&str]) -> Output {
    Command::new(binary())
        .args(arguments)
        .env("CHASKI_URL", world.web_url())
        .env("CHASKI_TOKEN", world.token())
        .output()
        .expect("the binary runs")
}

fn json_of(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("standard output is JSON: {text}"))
}

#[tokio::test]
async fn every_verb_of_the_operator_works() {
    let world = World::demo().await;
    let json = |arguments: &[&str]| json_of(&chaski(&world, &[arguments, &["--json"]].concat()));
    assert!(json(&["workspace", "add", "Otra", "--country", "EC"])["token"].is_string());
    assert_eq!(json(&["workspace", "list"])["items"][0]["name"], "Demo");
    let token = json(&["token", "add", "--name", "tienda", "--scope", "messages:send", "--expires", "30d"]);
    assert_eq!(token["token"].as_str().map(|t| t.split('.').count()), Some(3));
    assert!(json(&["token", "list"])["items"].as_array().is_some_and(|list| list.len() >= 2));
    assert!(json(&["user", "add", "--email", "eva@ejemplo.ec", "--role", "agent"])["signIn"].is_string());
    assert!(json(&["user", "link", "--email", "eva@ejemplo.ec"])["signIn"].is_string());
    assert_eq!(json(&["channel", "list"])["items"].as_array().map(Vec::len), Some(world.channels()));
    assert_eq!(json(&["channel", "check", "1"])["ok"], true);
    assert_eq!(json(&["channel", "resume", "1"])["state"], "connected");
    assert_eq!(json(&["channel", "set", "1", "--set", "pace=40"])["changed"], true);
    let wrong = chaski(&world, &["channel", "set", "1", "--set", "access_token=nope"]);
    assert_eq!(wrong.status.code(), Some(1), "the provider is asked before anything is changed");
    assert_eq!(json(&["channel", "check", "1"])["ok"], true);
    assert!(
        json(&["field", "add", "Plan", "--type", "list", "--value", "básico", "--value", "pro"])["id"]
            .is_i64()
    );
    assert_eq!(json(&["field", "delete", "plan"])["deleted"], "plan");
    let contact = json(&["contact", "add", "--first-name", "Luis", "--phone", "0997333444"]);
    assert!(contact["id"].is_i64());
    assert_eq!(json(&["contact", "show", "phone:+593997333444"])["firstName"], "Luis");
    assert_eq!(json(&["template", "sync", "1"])["templates"], 12);
    assert_eq!(json(&["template", "list"])["items"].as_array().map(Vec::len), Some(48));
    let id = json(&["send", "id:123", "--text", "hola", "--channel", "1"])["messageId"].to_string();
    until("it is sent", || async {
        let shown = json(&["message", "show", &id]);
        (shown["message"]["status"].as_array().map_or(0, Vec::len) >= 3).then_some(())
    })
    .await;
    assert_eq!(json(&["check"])["ok"], true);
    let tables = chaski(&world, &["channel", "list"]);
    assert!(String::from_utf8_lossy(&tables.stdout).contains("whatsapp_cloud"));
}

#[tokio::test]
async fn a_file_is_linted_and_a_catalogue_is_imported() {
    let world = World::demo().await;
    let scratch = Scratch::new();
    let write = |name: &str, body: Value| {
        let path = scratch.0.join(name);
        std::fs::write(&path, body.to_string()).expect("a file");
        path.to_string_lossy().into_owned()
    };
    let template =
        |components: Value| json!({"message": e2e::world::template("account100", "es", components)});
    let value = json!({"type": "text", "text": "x"});
    let good = write("good.json", template(json!([{"type": "body", "parameters": [value, value, value]}])));
    let bad = write("bad.json", template(json!([])));
    assert_eq!(chaski(&world, &["template", "lint", &good]).status.code(), Some(0));
    let refused = chaski(&world, &["template", "lint", &bad]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stdout).contains("132000"));
    let list = write(
        "list.json",
        json!({"data": [{"name": "solo", "language": "es_EC", "status": "APPROVED", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Hola"}]}]}),
    );
    assert_eq!(json_of(&chaski(&world, &["template", "import", "1", &list, "--json"]))["templates"], 1);
    let listed = json_of(&chaski(&world, &["template", "list", "--json"]));
    assert!(listed["items"].as_array().is_some_and(|items| items.iter().any(|t| t["name"] == "solo")));
}

#[tokio::test]
async fn exit_codes_and_messages_tell_what_went_wrong() {
    let world = World::demo().await;
    assert_eq!(chaski(&world, &["no-such-verb"]).status.code(), Some(2));
    assert_eq!(chaski(&world, &["send"]).status.code(), Some(2));
    let unknown = chaski(&world, &["send", "id:999", "--text", "hola"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("Contact not found"));
    let incomplete = chaski(
        &world,
        &["channel", "add", "--source", "whatsapp_cloud", "--name", "X", "--set", "colour=red"],
    );
    let told = String::from_utf8_lossy(&incomplete.stderr).into_owned();
    for wanted in ["access_token", "app_secret", "phone_number_id", "waba_id", "colour"] {
        assert!(told.contains(wanted), "{told}");
    }
    let base = world.simulator_url().to_owned();
    let wrong = [
        "channel",
        "add",
        "--source",
        "360dialog_whatsapp",
        "--name",
        "X",
        "--set",
        "api_key=nope",
        "--set",
        &format!("base_url={base}/360dialog"),
    ];
    let refused = chaski(&world, &wrong);
    assert_eq!(refused.status.code(), Some(1));
    let list = json_of(&chaski(&world, &["channel", "list", "--json"]));
    assert_eq!(
        list["items"].as_array().map(Vec::len),
        Some(world.channels()),
        "nothing is left of a channel that was refused"
    );
    let explained = chaski(&world, &["explain", "131047", "--lang", "es"]);
    assert!(String::from_utf8_lossy(&explained.stdout).contains("24 horas"));
    assert_eq!(chaski(&world, &["explain", "424242"]).status.code(), Some(1));
    let defaults = chaski(&world, &["config", "default"]);
    assert!(String::from_utf8_lossy(&defaults.stdout).contains("order_wait = \"60s\""));
}

#[tokio::test]
async fn the_api_description_is_true() {
    let world = World::demo().await;
    let served = world
        .http
        .call("GET", &format!("{}/openapi.json", world.web_url()), &[], "")
        .await
        .expect("an answer")
        .json();
    assert_eq!(served, json_of(&chaski(&world, &["openapi"])), "served and printed are the same");
    assert_eq!(served["openapi"], "3.1.0");
    for (path, operations) in served["paths"].as_object().expect("paths") {
        let of_operators = operations["servers"][0]["url"] == "/admin/v1";
        let methods = operations.as_object().expect("operations").iter();
        for (method, operation) in methods.filter(|(key, _)| *key != "servers") {
            let place = path
                .replace("{identifier}", "phone:+593990001122")
                .replace("{messageId}", "1")
                .replace("{channelId}", "1")
                .replace("{userId}", "1")
                .replace("{fieldId}", "1")
                .replace("{templateId}", "1");
            let body = operation["requestBody"]["content"]["application/json"]["example"].clone();
            let method = method.to_uppercase();
            let answer = match of_operators {
                true => world.admin(&method, &place, body).await,
                false => world.api(&method, &place, body).await,
            };
            let known = operation["responses"].get(answer.status.to_string()).is_some();
            assert!(known, "{method} {path} answers {}: {}", answer.status, answer.text());
            let error = answer.json()["error"].as_str().unwrap_or("").to_owned();
            assert!(
                !["route_not_found", "method_not_allowed", "validation_failed"].contains(&error.as_str()),
                "{method} {path}: {error}"
            );
        }
    }
    let docs = world
        .http
        .call("GET", &format!("{}/docs", world.web_url()), &[], "")
        .await
        .expect("an answer")
        .text();
    assert!(docs.contains("POST /v2/contact/{identifier}/message"));
    assert!(docs.contains("POST /admin/v1/dead-letters/replay"));
}

#[tokio::test]
async fn what_watches_over_it_answers() {
    let world = World::demo().await;
    let get = |path: &str| {
        let url = format!("{}{path}", world.web_url());
        let http = world.http.clone();
        async move { http.call("GET", &url, &[], "").await.expect("an answer") }
    };
    assert_eq!(get("/healthz").await.status, 200);
    assert_eq!(get("/readyz").await.status, 200);
    let channel = world.channel("whatsapp_cloud");
    let id = world.sent(&channel, json!({"type": "text", "text": "medido"})).await;
    world.reaches(id, "delivered").await;
    let metrics = get("/metrics").await.text();
    for name in [
        "chaski_messages_accepted_total 1",
        &format!("chaski_attempts_total{{channel=\"{}\",outcome=\"sent\"}} 1", channel.id),
        "chaski_receipts_total",
        "chaski_queue_messages{",
        "chaski_queue_oldest_seconds{",
        "chaski_commit_messages",
        "chaski_commit_seconds",
        "chaski_channel_held{",
    ] {
        assert!(metrics.contains(name), "{name}\n{metrics}");
    }
}

#[tokio::test]
async fn links_are_looked_at_before_the_send_where_the_operator_wants_it() {
    let scratch = Scratch::new();
    let data = scratch.0.to_string_lossy().into_owned();
    let free = "127.0.0.1:0";
    let arguments = ["demo", "--json", "--listen", free, "--simulator-listen", free, "--data", &data];
    let process = Process::start(&arguments, &[("CHASKI__MEDIA__PROBE", "refuse")]);
    let simulator = process.ready["simulator"].as_str().expect("its address");
    let send = |url: String| {
        let body = json!({"message": {"type": "attachment", "attachment": {"type": "image", "url": url}}});
        api(&process, "POST", "/contact/id:123/message", body)
    };
    let gone = send(format!("{simulator}/no-such-picture.png")).await;
    assert_eq!(
        (gone.status, gone.json()["error"].as_str()),
        (400, Some("media_unreachable")),
        "{}",
        gone.text()
    );
    let there = send(format!("{simulator}/sim/v1/phones")).await;
    assert_eq!(there.status, 200, "{}", there.text());
}
