//! Meta's answers: success, and each documented error in its documented form.

use http::Method;
use serde_json::{Value, json};

use crate::support::{ANA, Answer, CLOUD, D360, Receiver, World, id_of, template, text};

/// The documented body, apart from the trace id, which is new each time.
fn assert_error(answer: &Answer, status: u16, expected: Value) {
    let mut got = answer.json.clone();
    assert!(got["error"]["fbtrace_id"].as_str().is_some_and(|trace| !trace.is_empty()), "{got}");
    got["error"].as_object_mut().unwrap().shift_remove("fbtrace_id");
    assert_eq!((answer.status, &got), (status, &json!({"error": expected})));
}

fn error(code: u32, title: &str, details: &str) -> Value {
    json!({
        "message": format!("(#{code}) {title}"), "type": "OAuthException", "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": details},
    })
}

fn body(count: usize) -> Value {
    let parameters: Vec<Value> =
        (0..count).map(|n| json!({"type": "text", "text": format!("v{n}")})).collect();
    json!([{"type": "body", "parameters": parameters}])
}

#[tokio::test]
async fn a_message_is_accepted_in_the_documented_form() {
    let world = World::start().await;
    world.says(ANA, CLOUD, "hola").await;
    let answer = world.send(CLOUD, &text(CLOUD, ANA, "Hola, Ana")).await;
    let id = id_of(&answer);
    assert!(id.starts_with("wamid.HBg"), "{id}");
    let expected = json!({"messaging_product": "whatsapp", "contacts": [{"input": ANA, "wa_id": "593997333444"}], "messages": [{"id": id}]});
    assert_eq!((answer.status, &answer.json), (200, &expected));
    let answer = world.send(CLOUD, &template(CLOUD, ANA, "bug_fixed", "es", Value::Null)).await;
    assert_eq!(answer.json["messages"][0]["message_status"], "accepted");
}

#[tokio::test]
async fn a_wrong_token_is_refused_with_190() {
    let world = World::start().await;
    let url =
        format!("{}/v23.0/{}/messages", world.set(CLOUD, "base_url"), world.set(CLOUD, "phone_number_id"));
    let answer =
        world.call(Method::POST, &url, &[("authorization", "Bearer wrong")], &text(CLOUD, ANA, "x")).await;
    assert_eq!(answer.status, 401);
    let error = answer.json["error"].as_object().unwrap();
    assert_eq!(error.keys().collect::<Vec<_>>(), ["message", "type", "code", "error_subcode", "fbtrace_id"]);
    assert_eq!((error["code"].as_u64(), error["error_subcode"].as_u64()), (Some(190), Some(463)));
}

#[tokio::test]
async fn template_faults_have_their_documented_codes() {
    let world = World::start().await;
    let send = async |name: &str, language: &str, components: Value| {
        world.send(CLOUD, &template(CLOUD, ANA, name, language, components)).await
    };
    let count = "Number of parameters does not match the expected number of params";
    let details = "body: number of localizable_params (1) does not match the expected number of params (3)";
    assert_error(&send("account100", "es", body(1)).await, 400, error(132_000, count, details));
    let details = "body: number of localizable_params (1) does not match the expected number of params (0)";
    assert_error(&send("bug_fixed", "es", body(1)).await, 400, error(132_000, count, details));
    let missing = "Template name does not exist in the translation";
    assert_error(
        &send("bug_fixed", "en", Value::Null).await,
        404,
        error(132_001, missing, "template name (bug_fixed) does not exist in en"),
    );
    assert_error(
        &send("bug_fixed", "es_EC", Value::Null).await,
        404,
        error(132_001, missing, "template name (bug_fixed) does not exist in es_EC"),
    );
    assert_error(
        &send("rejected_promo", "es", Value::Null).await,
        404,
        error(132_001, missing, "template name (rejected_promo) does not exist in es"),
    );
    let format = "Parameter format does not match format in the created template";
    let details = "header: Format mismatch, expected IMAGE, received UNKNOWN";
    assert_error(&send("delivery_order", "en", body(2)).await, 400, error(132_012, format, details));
    let document = json!([{"type": "header", "parameters": [{"type": "document", "document": {"link": "https://a.com/a.pdf"}}]}]);
    let details = "header: Format mismatch, expected IMAGE, received DOCUMENT";
    assert_error(&send("delivery_order", "en", document).await, 400, error(132_012, format, details));
    let required = "Required parameter is missing";
    let details = "buttons: Button at index 0 of type Url requires a parameter";
    assert_error(&send("order_link", "es", body(1)).await, 400, error(131_008, required, details));
    let paused = send("paused_promo", "es", Value::Null).await;
    assert_eq!((paused.status, paused.json["error"]["code"].as_u64()), (400, Some(132_015)));
}

#[tokio::test]
async fn values_must_be_full_and_of_one_line() {
    let world = World::start().await;
    let code = async |value: Value| {
        let components = json!([{"type": "body", "parameters": [{"type": "text", "text": value}, {"type": "text", "text": "b"}, {"type": "text", "text": "c"}]}]);
        world.send(CLOUD, &template(CLOUD, ANA, "account100", "es", components)).await.json["error"]["code"]
            .as_u64()
    };
    assert_eq!(code(json!("")).await, Some(131_008));
    assert_eq!(code(Value::Null).await, Some(131_008));
    assert_eq!(code(json!("a\nb")).await, Some(132_018));
    assert_eq!(code(json!("a\tb")).await, Some(132_018));
    assert_eq!(code(json!("a     b")).await, Some(132_018));
    assert_eq!(code(json!("a    b")).await, None);
    assert_eq!(code(json!(5)).await, Some(100));
    assert_eq!(code(json!("@field.gone")).await, None);
}

#[tokio::test]
async fn keys_that_the_api_does_not_know_are_refused() {
    let world = World::start().await;
    for component in [
        json!({"type": "body", "text": "Hola", "parameters": []}),
        json!({"type": "header", "format": "text", "text": "Hola"}),
        json!({"type": "footer", "text": "x"}),
        json!({"type": "buttons", "buttons": [{"type": "url", "text": "Visítanos"}]}),
    ] {
        let answer =
            world.send(CLOUD, &template(CLOUD, ANA, "account_update_en", "es", json!([component]))).await;
        assert_eq!((answer.status, answer.json["error"]["code"].as_u64()), (400, Some(100)), "{component}");
    }
    let named = json!([{"type": "header", "parameters": [{"type": "image", "image": {"link": "https://a.com/a.jpg", "filename": "a.jpg"}}]}]);
    let answer = world.send(CLOUD, &template(CLOUD, ANA, "delivery_order", "en", named)).await;
    assert_eq!(
        answer.json["error"]["error_data"]["details"],
        "Unexpected key \"filename\" on param \"header\"."
    );
}

#[tokio::test]
async fn named_values_go_by_their_names() {
    let world = World::start().await;
    let named = |pairs: &[(&str, &str)]| {
        let parameters: Vec<Value> = pairs
            .iter()
            .map(|(name, text)| json!({"type": "text", "parameter_name": name, "text": text}))
            .collect();
        json!([{"type": "body", "parameters": parameters}])
    };
    let send =
        async |components| world.send(CLOUD, &template(CLOUD, ANA, "welcome_named", "es", components)).await;
    assert_eq!(send(named(&[("empresa", "Ecuabots"), ("nombre", "Ana")])).await.status, 200);
    assert_eq!(
        world.sees(ANA, "bienvenida").await["body"],
        "Hola, Ana, te damos la bienvenida a Ecuabots. Ya puedes escribirnos por aquí."
    );
    assert_eq!(send(named(&[("nombre", "Ana")])).await.json["error"]["code"], 132_000);
    assert_eq!(send(named(&[("nombre", "Ana"), ("otra", "x")])).await.json["error"]["code"], 132_012);
    assert_eq!(
        send(body(2)).await.json["error"]["error_data"]["details"],
        "Parameter name is missing or empty"
    );
}

#[tokio::test]
async fn bodies_of_a_wrong_form_are_refused() {
    let world = World::start().await;
    let cases = [
        (json!({"to": ANA, "type": "text", "text": {"body": "x"}}), 100),
        (json!({"messaging_product": "whatsapp", "type": "text", "text": {"body": "x"}}), 100),
        (json!({"messaging_product": "whatsapp", "to": 593, "type": "text", "text": {"body": "x"}}), 100),
        (json!({"messaging_product": "whatsapp", "to": ANA, "type": "text", "text": "x"}), 100),
        (
            json!({"messaging_product": "whatsapp", "to": ANA, "type": "text", "text": {"body": "x".repeat(4097)}}),
            100,
        ),
        (json!({"messaging_product": "whatsapp", "to": ANA, "type": "poll", "poll": {}}), 131_051),
        (
            json!({"messaging_product": "whatsapp", "to": "+15550783881", "type": "text", "text": {"body": "x"}}),
            131_021,
        ),
        (
            json!({"messaging_product": "whatsapp", "to": ANA, "type": "image", "image": {"link": "ftp://a.com/a.jpg"}}),
            100,
        ),
        (json!({"messaging_product": "whatsapp", "to": ANA, "type": "image", "image": {"id": "404"}}), 100),
    ];
    for (body, code) in cases {
        assert_eq!(world.send(CLOUD, &body).await.json["error"]["code"], code, "{body}");
    }
    let url = "/v23.0/999/messages";
    let answer = world.api(CLOUD, Method::POST, url, &text(CLOUD, ANA, "x")).await;
    assert_eq!((answer.status, answer.json["error"]["error_subcode"].as_u64()), (400, Some(33)));
}

#[tokio::test]
async fn interactive_messages_have_limits() {
    let world = World::start().await;
    world.says(ANA, CLOUD, "hola").await;
    let send = async |interactive: Value| {
        world.send(CLOUD, &json!({"messaging_product": "whatsapp", "to": ANA, "type": "interactive", "interactive": interactive})).await
    };
    let buttons = |titles: &[&str]| {
        let buttons: Vec<Value> = titles
            .iter()
            .enumerate()
            .map(|(n, title)| json!({"type": "reply", "reply": {"id": n.to_string(), "title": title}}))
            .collect();
        json!({"type": "button", "body": {"text": "¿Vienes?"}, "action": {"buttons": buttons}})
    };
    let list = |rows: usize| {
        let rows: Vec<Value> =
            (0..rows).map(|n| json!({"id": n.to_string(), "title": format!("Fila {n}")})).collect();
        json!({"type": "list", "body": {"text": "Elige"}, "action": {"button": "Ver", "sections": [{"title": "Uno", "rows": rows}]}})
    };
    assert_eq!(send(buttons(&["Sí", "No"])).await.status, 200);
    assert_eq!(send(list(10)).await.status, 200);
    for wrong in
        [buttons(&["1", "2", "3", "4"]), buttons(&[]), buttons(&["un título de más de veinte"]), list(11)]
    {
        assert_eq!(send(wrong.clone()).await.json["error"]["code"], 131_009, "{wrong}");
    }
}

#[tokio::test]
async fn pace_limits_answer_130429_and_131056() {
    let world = World::start().await;
    world.put("/sim/v1/limits", json!({"provider": CLOUD, "perSecond": 1, "pair": null})).await;
    let message = template(CLOUD, ANA, "bug_fixed", "es", Value::Null);
    assert_eq!(world.send(CLOUD, &message).await.status, 200);
    let mut expected = error(130_429, "Rate limit hit", "Cloud API message throughput has been reached.");
    expected["error_subcode"] = json!(2_494_055);
    assert_error(&world.send(CLOUD, &message).await, 400, expected);
    world
        .put(
            "/sim/v1/limits",
            json!({"provider": CLOUD, "perSecond": null, "pair": {"seconds": 6, "burst": 2}}),
        )
        .await;
    assert_eq!(world.send(CLOUD, &message).await.status, 200);
    assert_eq!(world.send(CLOUD, &message).await.status, 200);
    let title = "(Business Account, Consumer Account) pair rate limit hit";
    let details = "Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time.";
    assert_error(&world.send(CLOUD, &message).await, 400, error(131_056, title, details));
    assert_eq!(
        world.send(CLOUD, &template(CLOUD, "+593990000001", "bug_fixed", "es", Value::Null)).await.status,
        200
    );
    world.post("/sim/v1/clock", json!({"advance": "6s"})).await;
    assert_eq!(world.send(CLOUD, &message).await.status, 200);
}

#[tokio::test]
async fn the_challenge_decides_on_a_webhook() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let wrong = json!({"source": CLOUD, "url": receiver.url, "verifyToken": "wrong"});
    let answer = world.call(Method::PUT, "/sim/v1/webhooks", &[], &wrong).await;
    assert_eq!(answer.status, 400);
    assert!(answer.json["message"].as_str().unwrap().contains("403"), "{}", answer.json);
    let subscribe = format!("/v23.0/{}/subscribed_apps", world.set(CLOUD, "waba_id"));
    let body = json!({"override_callback_uri": receiver.url, "verify_token": "secret"});
    assert_eq!(world.api(CLOUD, Method::POST, &subscribe, &body).await.json, json!({"success": true}));
    world.says(ANA, CLOUD, "por la dirección propia").await;
    receiver.inbound("text").await;
}

#[tokio::test]
async fn a_number_tells_about_itself() {
    let world = World::start().await;
    let path =
        format!("/v23.0/{}?fields=display_phone_number,verified_name", world.set(CLOUD, "phone_number_id"));
    let answer = world.api(CLOUD, Method::GET, &path, &Value::Null).await;
    assert_eq!(
        answer.json,
        json!({"verified_name": "Ecuabots", "display_phone_number": "+1 555-078-3881", "id": world.set(CLOUD, "phone_number_id")})
    );
}

#[tokio::test]
async fn both_numbers_of_a_provider_have_their_own_window() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(D360, &receiver).await;
    let written =
        json!({"type": "text", "text": "a la segunda", "provider": D360, "account": "360dialog_whatsapp-2"});
    world.post(&format!("/sim/v1/phones/{ANA}/messages"), written).await;
    let inbound = receiver.inbound("text").await;
    let metadata = &inbound.json["entry"][0]["changes"][0]["value"]["metadata"];
    assert_eq!(metadata["phone_number_id"].as_str(), Some(world.set_of(D360, 1, "phone_number_id").as_str()));
    let first = id_of(&world.send(D360, &text(D360, ANA, "de la primera")).await);
    assert_eq!(receiver.status(&first, "failed").await.item()["errors"][0]["code"], 131_047);
}
