//! Vonage's answers: success, its problems, and template faults that show later.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use crate::support::{ANA, Receiver, VONAGE, World, id_of, template, text};

#[tokio::test]
async fn wrong_credentials_are_refused_with_401() {
    let world = World::start().await;
    let url = format!("{}/v1/messages", world.set(VONAGE, "base_url"));
    let expired = format!("Bearer {}", world.jwt(-10));
    for credentials in ["Bearer x.y.z", "Basic Zm9vOmJhcg==", expired.as_str()] {
        let answer =
            world.call(Method::POST, &url, &[("authorization", credentials)], &text(VONAGE, ANA, "x")).await;
        assert_eq!(answer.status, 401);
        let mut problem = answer.json.clone();
        assert_eq!(problem["instance"].as_str().unwrap().len(), 32);
        problem.as_object_mut().unwrap().shift_remove("instance");
        let expected = json!({
            "type": "https://developer.vonage.com/api-errors/#unathorized",
            "title": "You did not provide correct credentials.",
            "detail": "Check that you're using the correct credentials, and that your account has this feature enabled",
        });
        assert_eq!(problem, expected);
    }
    let basic =
        STANDARD.encode(format!("{}:{}", world.set(VONAGE, "api_key"), world.set(VONAGE, "api_secret")));
    let body = template(VONAGE, ANA, "bug_fixed", "es", Value::Null);
    let answer = world.call(Method::POST, &url, &[("authorization", &format!("Basic {basic}"))], &body).await;
    assert_eq!(answer.status, 202, "{}", answer.json);
}

#[tokio::test]
async fn faulty_requests_are_refused_with_422() {
    let world = World::start().await;
    let changed = |key: &str, value: Value| {
        let mut body = text(VONAGE, ANA, "hola");
        body[key] = value;
        body
    };
    let cases = [
        (changed("channel", json!("pigeon")), "Unsupported channel"),
        (changed("from", json!("447700900999")), "Invalid sender"),
        (changed("to", json!("+593997333444")), "Invalid recipient"),
        (changed("message_type", json!("poll")), "Invalid message type"),
        (changed("client_ref", json!("x".repeat(101))), "Invalid client_ref"),
        (changed("text", json!("")), "Invalid params"),
    ];
    for (body, title) in cases {
        let answer = world.send(VONAGE, &body).await;
        assert_eq!((answer.status, answer.json["title"].as_str()), (422, Some(title)), "{body}");
    }
    let mut image = changed("message_type", json!("image"));
    image["image"] = json!({});
    let answer = world.send(VONAGE, &image).await;
    assert_eq!(answer.json["invalid_parameters"], json!([{"name": "image.url", "reason": "is required."}]));
}

#[tokio::test]
async fn template_faults_are_accepted_and_then_rejected() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(VONAGE, &receiver).await;
    for (name, language) in [
        ("account100", "es"),
        ("bug_fixed", "en"),
        ("order_link", "es"),
        ("paused_promo", "es"),
        ("delivery_order", "en"),
    ] {
        let mut body = template(VONAGE, ANA, name, language, Value::Null);
        body["client_ref"] = json!(name);
        let answer = world.send(VONAGE, &body).await;
        assert_eq!(answer.status, 202);
        let id = id_of(&answer);
        let mut rejected = receiver.status(&id, "rejected").await.json;
        assert_eq!(rejected["client_ref"], name);
        rejected["error"].as_object_mut().unwrap().shift_remove("instance");
        let expected = json!({
            "type": "https://developer.vonage.com/api-errors/messages#1022", "title": "1022",
            "detail": "Invalid template  -  Invalid template or template parameters",
        });
        assert_eq!(rejected["error"], expected);
        assert_eq!(receiver.statuses(&id, "rejected").await, ["rejected"]);
    }
    assert!(world.messages(ANA).await.is_empty());
}

#[tokio::test]
async fn an_application_sends_from_its_own_number_alone() {
    let world = World::start().await;
    let mut body = template(VONAGE, ANA, "bug_fixed", "es", Value::Null);
    body["from"] = json!("447700900002");
    assert_eq!(world.send(VONAGE, &body).await.json["title"], "Invalid sender");
}

#[tokio::test]
async fn what_a_phone_wrote_can_be_marked_read() {
    let world = World::start().await;
    let written = world.says(ANA, VONAGE, "hola").await.json;
    let path = format!("/v1/messages/{}", written["id"].as_str().unwrap());
    assert_eq!(world.api(VONAGE, Method::PATCH, &path, &json!({"status": "read"})).await.status, 200);
    assert_eq!(
        world.api(VONAGE, Method::PATCH, "/v1/messages/nobody", &json!({"status": "read"})).await.status,
        404
    );
}

/// The older API takes a form or JSON, and key and secret among the fields or in the header.
#[tokio::test]
async fn the_older_api_takes_json_with_the_key_in_the_header() {
    let world = World::start().await;
    let of = |key: &str| world.set_of("nexmo", 1, key);
    let pair = format!("{}:{}", of("api_key"), of("api_secret"));
    let basic = format!("Basic {}", STANDARD.encode(pair));
    let headers = [("authorization", basic.as_str()), ("content-type", "application/json")];
    let body = json!({"to": ANA.trim_start_matches('+'), "from": of("from"), "text": "por JSON"});
    let url = format!("{}/sms/json", of("base_url"));
    let sent = world.call(Method::POST, &url, &headers, &body).await;
    assert_eq!(sent.json["messages"][0]["status"], "0", "{}", sent.json);
    world.sees(ANA, "por JSON").await;
    let refused = world.call(Method::POST, &url, &headers[1..], &body).await;
    assert_eq!(refused.json["messages"][0]["status"], "4");
}
