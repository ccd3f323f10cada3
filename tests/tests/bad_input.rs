//! Bad input: each gets a clear answer in the one shape, and nothing is lost or recorded.

use e2e::{Answer, World};
use serde_json::{Value, json};

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
    world.simulator("POST", "/clock", json!({"advance": "2m"})).await;
    e2e::until("the token has expired", || async {
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
    let hook = format!("{}/hooks/unknown", world.web_url());
    let answer = world.http.call("POST", &hook, &[], "{}").await.expect("an answer");
    assert_eq!(answer.status, 404);
}
