//! The request bodies that the documented examples lead to are accepted by each provider.

use serde_json::{Value, json};

use crate::support::{ANA, CLOUD, D360, VONAGE, World, id_of, template};

fn body(name: &str) -> Value {
    let path = format!("{}/tests/data/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

const NAMES: [(&str, &str, &str); 14] = [
    (CLOUD, "cloud-from-seed-bug_fixed", "¡Buenas noticias! 😀."),
    (
        CLOUD,
        "cloud-from-seed-account100-three-params",
        "Hola, Parámetro 1, tu cuenta ha alcanzado Parámetro 2 de tu límite",
    ),
    (CLOUD, "cloud-from-seed-account_update_en-static-header-footer-url", "Que tenga un lindo día"),
    (CLOUD, "cloud-from-seed-delivery_order-image-cta", "Hola, abc tu pedido abc está en camino."),
    (CLOUD, "cloud-from-seed-quick-replies", "Visítanos"),
    (D360, "dialog360-from-seed-bug_fixed", "¡Buenas noticias! 😀."),
    (D360, "dialog360-from-seed-account100-three-params", "aumenta tu límite de contactos Parámetro 3."),
    (D360, "dialog360-from-seed-delivery_order-image-cta", "Seguimiento de su paquete"),
    (VONAGE, "vonage-from-seed-bug_fixed", "¡Buenas noticias! 😀."),
    (VONAGE, "vonage-from-seed-account100-three-params", "aumenta tu límite de contactos Parámetro 3."),
    (VONAGE, "vonage-from-seed-account100-three-params-simple-template-type", "Hola, Parámetro 1,"),
    (
        VONAGE,
        "vonage-from-seed-account_update_en-static-header-footer-url",
        "El equipo de Ecuabots está aquí para usted",
    ),
    (VONAGE, "vonage-from-seed-delivery_order-image-cta", "Servicio al cliente"),
    (VONAGE, "vonage-from-seed-quick-replies", "Hola, tu cuenta ha sido actualizada."),
];

#[tokio::test]
async fn every_example_arrives_as_approved() {
    let world = World::start().await;
    for (source, name, shown) in NAMES {
        let body = body(name);
        let to = body["to"].as_str().unwrap().to_owned();
        let answer = world.send(source, &body).await;
        assert_eq!(answer.status, if source == VONAGE { 202 } else { 200 }, "{name}: {}", answer.json);
        let message = world.sees(&to, shown).await;
        assert_eq!(
            (message["id"].as_str(), message["type"].as_str()),
            (Some(id_of(&answer).as_str()), Some("template")),
            "{name}"
        );
    }
}

/// The approved `delivery_order` has a static link, so a value for it is one too many; where the
/// link takes a value, the same body is right.
#[tokio::test]
async fn a_value_for_a_button_needs_a_link_that_takes_one() {
    let world = World::start().await;
    let with_value = [
        (CLOUD, "cloud-from-seed-url-button-with-parameter"),
        (D360, "dialog360-from-seed-url-button-with-parameter"),
    ];
    for (source, name) in with_value {
        let answer = world.send(source, &body(name)).await;
        assert_eq!(
            (answer.status, answer.json["error"]["code"].as_u64()),
            (400, Some(132_000)),
            "{}",
            answer.json
        );
    }
    let mut dynamic = world.get("/sim/v1/templates?source=whatsapp_cloud&account=whatsapp_cloud").await.json
        [0]["templates"]
        .clone();
    let template =
        dynamic.as_array_mut().unwrap().iter_mut().find(|t| t["name"] == "delivery_order").unwrap();
    template["components"][3]["buttons"][0]["url"] = json!("https://www.ecuabots.com/{{1}}");
    world.put("/sim/v1/templates", json!({"templates": [template]})).await;
    for (source, name) in
        with_value.into_iter().chain([(VONAGE, "vonage-from-seed-url-button-with-parameter")])
    {
        let body = body(name);
        let answer = world.send(source, &body).await;
        assert!(answer.status < 300, "{name}: {}", answer.json);
        let message = world.sees(body["to"].as_str().unwrap(), "abc").await;
        assert_eq!(message["buttons"][0]["url"], "https://www.ecuabots.com/button_parameter_text");
    }
}

#[tokio::test]
async fn a_template_shows_every_part_filled_in() {
    let world = World::start().await;
    let components = json!([
        {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://picsum.photos/200/300"}}]},
        {"type": "body", "parameters": [{"type": "text", "text": "*Ana*"}, {"type": "text", "text": "1042"}]},
    ]);
    world.send(CLOUD, &template(CLOUD, ANA, "delivery_order", "en", components)).await;
    let message = world.sees(ANA, "1042").await;
    assert_eq!(message["header"], Value::Null);
    assert_eq!(
        message["media"],
        json!({"type": "image", "link": "https://picsum.photos/200/300", "filename": null})
    );
    assert!(message["body"].as_str().unwrap().starts_with("Hola, *Ana* tu pedido 1042 está en camino."));
    assert_eq!(message["footer"], "Para más consultas, simplemente responda a este mensaje.");
    assert_eq!(
        message["buttons"],
        json!([
            {"type": "url", "text": "Seguimiento de su paquete", "url": "https://www.ecuabots.com/", "index": 0},
            {"type": "phone_number", "text": "Servicio al cliente", "phone_number": "+593997333444", "index": 1},
        ])
    );
    assert_eq!(message["template"], json!({"name": "delivery_order", "language": "en"}));
    assert_eq!(
        (message["direction"].as_str(), message["status"].as_str()),
        (Some("outbound"), Some("received"))
    );
}
