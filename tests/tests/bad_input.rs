//! Bad input: each gets a clear answer in the one shape, and nothing is lost or recorded.

use e2e::world::template;
use e2e::{Answer, World, provider, until};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinSet;

/// The answer has the one shape, this status and this code, and says what to do.
fn refused(answer: &Answer, status: u16, error: &str) -> Value {
    let body = answer.json();
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(body["code"], status, "{body}");
    assert_eq!(body["error"], error, "{body}");
    assert!(body["message"].as_str().is_some_and(|m| m.len() > 15 || m == "Contact not found"), "{body}");
    assert!(body["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{body}");
    assert!(body["errors"].is_array(), "{body}");
    body
}

fn text(text: &str) -> Value {
    json!({"message": {"type": "text", "text": text}})
}

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let world = World::demo().await;
    let url = format!("{}/contact/id:123/message", world.api_url());
    let bearer = format!("Bearer {}", world.token());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let post = |body: Vec<u8>| world.http.call("POST", &url, &headers, body);
    let malformed =
        refused(&post(b"{\"message\": ".to_vec()).await.expect("an answer"), 400, "malformed_json");
    assert!(malformed["message"].as_str().is_some_and(|m| m.contains("line 1")), "{malformed}");
    refused(&post(Vec::new()).await.expect("an answer"), 400, "malformed_json");
    refused(&post(vec![0xff, 0xfe]).await.expect("an answer"), 400, "malformed_json");
    refused(&post(b"[1]".to_vec()).await.expect("an answer"), 400, "validation_failed");
    refused(
        &post(b"message[type]=text&message[text]=hi".to_vec()).await.expect("an answer"),
        400,
        "malformed_json",
    );
    let mut large = br#"{"message":{"type":"text","text":""#.to_vec();
    large.resize((1 << 20) + 1, b'a');
    refused(&post(large).await.expect("the caller sees the answer"), 413, "body_too_large");
    let much_larger = vec![b' '; 12 << 20];
    refused(&post(much_larger).await.expect("the caller sees the answer"), 413, "body_too_large");
    assert_eq!(world.api("POST", "/contact/id:123/message", text("y sigue")).await.status, 200);
}

#[tokio::test]
async fn every_fault_of_a_body_is_told_at_once() {
    let world = World::demo().await;
    let body = json!({"channelId": "uno", "lint": "maybe", "message": {"type": "text", "text": 7, "messageTag": {}}});
    let told = refused(&world.api("POST", "/contact/id:123/message", body).await, 400, "validation_failed");
    let places: Vec<_> =
        told["errors"].as_array().into_iter().flatten().map(|e| e["pointer"].clone()).collect();
    assert_eq!(places, ["/channelId", "/lint", "/message/text", "/message/messageTag"]);
    for body in [
        json!({}),
        json!({"message": 5}),
        json!({"message": {}}),
        json!({"message": {"type": "fax"}}),
        text(""),
        text("  "),
    ] {
        refused(&world.api("POST", "/contact/id:123/message", body).await, 400, "validation_failed");
    }
    let over_long = text(&"a".repeat(4097));
    let told = refused(&world.api("POST", "/contact/id:123/message", over_long).await, 400, "text_too_long");
    assert_eq!(told["errors"][0]["pointer"], "/message/text");
    assert_eq!(world.api("POST", "/contact/id:123/message", text(&"ñ".repeat(4096))).await.status, 200);
}

#[tokio::test]
async fn contacts_and_channels_that_do_not_fit() {
    let world = World::demo().await;
    for (whom, status, error) in [
        ("id:999", 404, "contact_not_found"),
        ("phone:+593999999999", 404, "contact_not_found"),
        ("email:nadie@ejemplo.ec", 404, "contact_not_found"),
        ("identifier", 400, "identifier_invalid"),
        ("id:abc", 400, "identifier_invalid"),
        ("phone:abc", 400, "identifier_invalid"),
        ("%ff", 400, "identifier_invalid"),
    ] {
        let answer = world.api("POST", &format!("/contact/{whom}/message"), text("hola")).await;
        refused(&answer, status, error);
    }
    for whom in [
        "phone:60121233112",
        "phone:+60%2012-123%203112",
        "phone%3A%2B60121233112",
        "email:ANA@Ejemplo.EC",
        "id:123",
    ] {
        let answer = world.api("POST", &format!("/contact/{whom}/message"), text("hola")).await;
        assert_eq!(answer.status, 200, "{whom}: {}", answer.text());
    }
    let channel = |id: i64, message: Value| json!({"channelId": id, "message": message});
    let hola = json!({"type": "text", "text": "hola"});
    refused(
        &world.api("POST", "/contact/id:123/message", channel(999, hola.clone())).await,
        404,
        "channel_not_found",
    );
    let payload = json!({"type": "custom_payload", "payload": {"a": 1}});
    refused(
        &world.api("POST", "/contact/id:123/message", channel(1, payload.clone())).await,
        400,
        "channel_cannot_carry",
    );
    refused(
        &world.api("POST", "/contact/id:123/message", json!({"message": payload})).await,
        400,
        "channel_cannot_carry",
    );
    let made = world.admin("POST", "/contacts", json!({"firstName": "Luis", "phone": "0997333444"})).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let luis = made.json()["id"].as_i64().expect("a number");
    refused(
        &world.api("POST", &format!("/contact/id:{luis}/message"), text("hola")).await,
        400,
        "no_channel",
    );
    assert_eq!(
        world.api("GET", "/contact/phone:0997333444", Value::Null).await.json()["phone"],
        "+593997333444"
    );
    let mail = world.admin("POST", "/contacts", json!({"firstName": "Eva", "email": "eva@ejemplo.ec"})).await;
    let eva = mail.json()["id"].as_i64().expect("a number");
    refused(
        &world.api("POST", &format!("/contact/id:{eva}/message"), channel(1, hola)).await,
        400,
        "no_address",
    );
}

#[tokio::test]
async fn another_workspace_sees_nothing_of_this_one() {
    let world = World::demo().await;
    let other = world.admin("POST", "/workspaces", json!({"name": "Otra"})).await.json();
    let token = other["token"].as_str().expect("a token").to_owned();
    let call = |method: &'static str, path: &'static str, body: Value| {
        let (url, token) = (format!("{}{path}", world.api_url()), token.clone());
        let http = world.http.clone();
        async move { http.json(method, &url, &token, &body).await.expect("an answer") }
    };
    refused(&call("POST", "/contact/id:123/message", text("hola")).await, 404, "contact_not_found");
    refused(&call("GET", "/contact/phone:+60121233112", Value::Null).await, 404, "contact_not_found");
    let made = call("POST", "/contact/phone:+60121233112", json!({"firstName": "Otra Ana"})).await;
    assert_eq!(made.status, 200, "the same number may be a contact of another workspace: {}", made.text());
    let foreign = json!({"channelId": 1, "message": {"type": "text", "text": "hola"}});
    refused(&call("POST", "/contact/phone:+60121233112/message", foreign).await, 404, "channel_not_found");
    assert_eq!(call("GET", "/space/channel", Value::Null).await.json()["items"], json!([]));
}

#[tokio::test]
async fn tokens_that_do_not_open() {
    let world = World::demo().await;
    let url = format!("{}/contact/id:123/message", world.api_url());
    let send = |token: String| {
        let (http, url) = (world.http.clone(), url.clone());
        async move { http.json("POST", &url, &token, &text("hola")).await.expect("an answer") }
    };
    refused(&send(String::new()).await, 401, "unauthorized");
    refused(&send("no-such-token".into()).await, 401, "unauthorized");
    refused(&send(format!("{}x", world.token())).await, 401, "unauthorized");
    let basic = [("authorization", "Basic dXNlcjpwdw=="), ("content-type", "application/json")];
    let answer = world.http.call("POST", &url, &basic, text("hola").to_string()).await.expect("an answer");
    refused(&answer, 401, "unauthorized");
    let make = |body: Value| {
        let world = &world;
        async move {
            world.admin("POST", "/tokens", body).await.json()["token"].as_str().expect("a token").to_owned()
        }
    };
    let reader = make(json!({"name": "lee", "scopes": ["messages:read", "contacts:read"]})).await;
    let told = refused(&send(reader).await, 403, "scope_missing");
    assert!(told["message"].as_str().is_some_and(|m| m.contains("messages:send")), "{told}");
    let brief = make(json!({"name": "breve", "scopes": ["messages:send"], "expiresInSeconds": 60})).await;
    assert_eq!(send(brief.clone()).await.status, 200);
    world.advance("2m").await;
    until("the token has expired", || async {
        let answer = send(brief.clone()).await;
        (answer.status == 401).then(|| refused(&answer, 401, "token_expired"))
    })
    .await;
}

#[tokio::test]
async fn wrong_addresses_and_methods() {
    let world = World::demo().await;
    refused(&world.api("GET", "/nothing/here", Value::Null).await, 404, "route_not_found");
    let answer = world.api("DELETE", "/contact/id:123/message/list", Value::Null).await;
    refused(&answer, 405, "method_not_allowed");
    assert!(answer.header("allow").contains("GET"), "{:?}", answer.headers);
    refused(&world.admin("PUT", "/tokens", json!({})).await, 405, "method_not_allowed");
    refused(&world.admin("GET", "/nothing", Value::Null).await, 404, "route_not_found");
    refused(&world.api("GET", "/contact/id:123/message/999", Value::Null).await, 404, "message_not_found");
    refused(&world.api("GET", "/contact/id:123/message/abc", Value::Null).await, 404, "message_not_found");
    refused(
        &world.api("GET", "/contact/id:123/message/list?limit=0", Value::Null).await,
        400,
        "validation_failed",
    );
    refused(
        &world.api("GET", "/contact/id:123/message/list?cursorId=x", Value::Null).await,
        400,
        "validation_failed",
    );
    refused(
        &world.api("GET", "/contact/id:123/message/list?limit=abc", Value::Null).await,
        400,
        "validation_failed",
    );
    for cursor in [i64::MIN, i64::MAX, -1, 0] {
        for list in ["/contact/id:123/message/list", "/space/channel", "/space/channel/1/template"] {
            let answer = world.api("GET", &format!("{list}?cursorId={cursor}"), Value::Null).await;
            match answer.status {
                200 => assert!(answer.json()["items"].is_array(), "{list} {cursor}: {}", answer.text()),
                _ => drop(refused(&answer, 400, "validation_failed")),
            }
        }
    }
    let hook = format!("{}/hooks/unknown", world.web_url());
    let answer = world.http.call("POST", &hook, &[], "{}").await.expect("an answer");
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn many_tokens_made_at_once_all_work_at_once() {
    const MANY: usize = 50;
    let world = World::demo().await;
    let mut making = JoinSet::new();
    for n in 0..MANY {
        let (http, token) = (world.http.clone(), world.token().to_owned());
        let make = format!("{}/admin/v1/tokens", world.web_url());
        let read = format!("{}/contact/id:123", world.api_url());
        let body = json!({"name": format!("a la vez {n}"), "scopes": ["contacts:read"]});
        making.spawn(async move {
            let made = http.json("POST", &make, &token, &body).await.expect("an answer");
            assert_eq!(made.status, 200, "{}", made.text());
            let token = made.json()["token"].as_str().expect("a token").to_owned();
            let answer = http.json("GET", &read, &token, &Value::Null).await.expect("an answer");
            assert_eq!(answer.status, 200, "a new token works at once: {}", answer.text());
            token
        });
    }
    let tokens: HashSet<String> = making.join_all().await.into_iter().collect();
    assert_eq!(tokens.len(), MANY, "each has its own");
}

#[tokio::test]
async fn a_contact_whose_phone_changes_is_written_to_at_the_new_one() {
    const NEW: &str = "+593997000444";
    let world = World::demo().await;
    let channel = world.channel("whatsapp_cloud");
    let changed = world
        .api("POST", "/contact/create_or_update/id:123", json!({"firstName": "Ana", "phone": NEW}))
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(changed.json()["contactId"], 123);
    for whom in ["id:123", "phone:+593997000444", "email:ana@ejemplo.ec"] {
        let contact = world.api("GET", &format!("/contact/{whom}"), Value::Null).await.json();
        assert_eq!((&contact["id"], &contact["phone"]), (&json!(123), &json!(NEW)), "{contact}");
    }
    let id = world.sent_template(&channel, "bug_fixed", "es", json!([])).await;
    let provider_id = world.reaches(id, "delivered").await["channelMessageId"].clone();
    let shown = world.phone(NEW).await;
    assert!(shown.iter().any(|message| message["id"] == provider_id), "{shown:?}");
}

#[tokio::test]
async fn a_channel_with_another_workspaces_application_and_no_key_of_it_is_refused() {
    let world = World::demo().await;
    let first = world.channel("nexmo_whatsapp");
    let id = world.sent_template(&first, "bug_fixed", "es", json!([])).await;
    world.reaches(id, "delivered").await;
    let accounts = world.simulator("GET", "/accounts", Value::Null).await;
    let account = accounts.as_array().into_iter().flatten().find(|a| a["name"] == "nexmo_whatsapp");
    let mut set = account.expect("the simulator has it")["set"].clone();
    let other = world.admin("POST", "/workspaces", json!({"name": "Otra"})).await.json();
    let token = other["token"].as_str().expect("a token");
    let url = format!("{}/admin/v1/channels", world.web_url());
    for key in ["garbage", "-----BEGIN PRIVATE KEY-----\nZ2FyYmFnZQ==\n-----END PRIVATE KEY-----"] {
        set["private_key"] = json!(key);
        // The account's own key and secret, which also open the catalogue, are not known either.
        for secret in ["api_key", "api_secret", "signature_secret"] {
            set[secret] = json!("garbage");
        }
        let body = json!({"source": "nexmo_whatsapp", "name": "Ajena", "set": set});
        let calls = world.exchanges("nexmo_whatsapp").await.len();
        let answer = world.http.json("POST", &url, token, &body).await.expect("an answer");
        assert!((400..500).contains(&answer.status), "{} {}", answer.status, answer.text());
        refused(&answer, answer.status, "credentials_refused");
        assert!(!answer.text().contains("eyJ"), "no token is told: {}", answer.text());
        assert_eq!(world.exchanges("nexmo_whatsapp").await.len(), calls, "nothing leaves without a key");
    }
    let listed = world.http.json("GET", &url, token, &Value::Null).await.expect("an answer");
    assert_eq!(listed.json()["items"], json!([]));
}

const KEY: &str = "d360-test-0123456789abcdef";

/// A channel of a provider that plays 360dialog and repeats the key in what it says against a
/// message, and against the catalogue once it is told to.
async fn a_channel_that_repeats_its_key(world: &World, words: String) -> (i64, Arc<AtomicBool>) {
    let refuses = Arc::new(AtomicBool::new(false));
    let is_refusing = Arc::clone(&refuses);
    let url = provider::start(move |method, path| {
        let refusal = json!({"meta": {"success": false, "http_code": 400, "developer_message": words}});
        let approved = json!({"name": "saludo", "language": "es", "status": "approved", "category": "UTILITY",
            "components": [{"type": "BODY", "text": "Hola."}]});
        match (method, path.split('?').next().unwrap_or("")) {
            ("POST", "/messages") => (400, refusal),
            ("GET", "/v1/configs/templates") if is_refusing.load(Ordering::Relaxed) => (400, refusal),
            ("GET", "/v1/configs/templates") => (200, json!({"waba_templates": [approved], "total": 1})),
            (_, "/v1/configs/webhook") => (200, json!({"url": "https://ejemplo.ec/hooks/x"})),
            _ => (404, json!({"meta": {"success": false, "http_code": 404, "developer_message": "no"}})),
        }
    });
    let set = json!({"base_url": url, "api_key": KEY});
    let body = json!({"source": "360dialog_whatsapp", "name": "Indiscreta", "set": set});
    let made = world.admin("POST", "/channels", body).await;
    assert_eq!(made.status, 200, "{}", made.text());
    (made.json()["id"].as_i64().expect("a number"), refuses)
}

/// A message that was refused by the provider's words; nothing that anybody is shown has the key,
/// nor its beginning.
async fn nothing_shows_the_key(world: &World, channel: i64) -> Value {
    let body = json!({"channelId": channel, "message": template("saludo", "es", json!([]))});
    let answer = world.api("POST", "/contact/id:123/message", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.json()["messageId"].as_i64().expect("a number");
    let message = world.reaches(id, "failed").await;
    let timeline = until("the call is in the timeline", || async {
        let told = world.admin("GET", &format!("/messages/{id}"), Value::Null).await.text();
        told.contains("developer_message").then_some(told)
    })
    .await;
    let inbox = world.inbox().await;
    let metrics = world.http.call("GET", &format!("{}/metrics", world.web_url()), &[], "").await;
    for (place, told) in [
        ("the message", message.to_string()),
        ("the timeline", timeline),
        ("the list", world.api("GET", "/contact/id:123/message/list", Value::Null).await.text()),
        ("the channels", world.admin("GET", "/channels", Value::Null).await.text()),
        ("the check", world.admin("GET", "/check", Value::Null).await.text()),
        ("the thread", inbox.thread().await),
        ("the message's page", inbox.permalink(id).await),
        ("the inbox", inbox.get("/messages").await.text()),
        ("the metrics", metrics.expect("an answer").text()),
    ] {
        assert!(!told.contains(&KEY[..12]), "{place} shows the key: {told}");
    }
    message
}

#[tokio::test]
async fn a_key_in_the_providers_words_is_masked_everywhere() {
    let world = World::demo().await;
    let (channel, refuses) = a_channel_that_repeats_its_key(&world, format!("bad key {KEY} given")).await;
    let message = nothing_shows_the_key(&world, channel).await;
    assert_eq!(message["error"]["providerText"], "bad key *** given", "{message}");
    refuses.store(true, Ordering::Relaxed);
    let synced = world.admin("POST", &format!("/channels/{channel}/templates/sync"), json!({})).await;
    assert!(synced.status >= 400 && !synced.text().contains(KEY), "{}", synced.text());
    nothing_shows_the_key(&world, channel).await;
}

#[tokio::test]
async fn a_key_where_the_providers_words_are_cut_is_masked_too() {
    let world = World::demo().await;
    let words = format!("{}{KEY}{}", "x".repeat(500 - KEY.len() / 2), "y".repeat(500));
    let (channel, _) = a_channel_that_repeats_its_key(&world, words).await;
    nothing_shows_the_key(&world, channel).await;
}
