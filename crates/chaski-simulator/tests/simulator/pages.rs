//! The pages: what tests and people rely on in their markup.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::support::{ANA, Answer, CLOUD, Receiver, World, id_of, template};

fn html(answer: &Answer) -> String {
    assert_eq!(answer.status, 200);
    assert!(answer.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'self'"));
    let html = String::from_utf8(answer.bytes.to_vec()).unwrap();
    // The policy forbids both, so that they would silently do nothing.
    assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains(" onclick="), "{html}");
    html
}

async fn submit(world: &World, path: &str, form: &str) -> Answer {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    world.try_call(Method::POST, path, &headers, Bytes::from(form.to_owned())).await.unwrap()
}

#[tokio::test]
async fn a_phone_shows_the_template_and_can_be_tapped_without_a_script() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    let id = id_of(&world.send(CLOUD, &template(CLOUD, ANA, "confirm_visit", "es", Value::Null)).await);
    receiver.statuses(&id, "delivered").await;
    let page = html(&world.get(&format!("/phones/{ANA}")).await);
    assert!(
        page.contains(&format!("data-message-id=\"{id}\" data-status=\"read\" data-direction=\"outbound\"")),
        "{page}"
    );
    assert!(page.contains("data-button-index=\"2\"") && page.contains("Confirmaré más tarde"));
    assert!(
        page.contains("<form id=\"reply\"")
            && page.contains("<textarea id=\"text\" name=\"text\"")
            && page.contains("name=\"provider\"")
    );
    assert_eq!(receiver.statuses(&id, "read").await, ["sent", "delivered", "read"]);
    let tapped = submit(
        &world,
        &format!("/phones/{ANA}/tap"),
        &format!("messageId={}&index=1", id.replace('=', "%3D")),
    )
    .await;
    assert_eq!(tapped.status, 303);
    assert_eq!(receiver.inbound("button").await.item()["button"]["text"], "No");
    let replied =
        submit(&world, &format!("/phones/{ANA}/reply"), "provider=whatsapp_cloud&text=Hasta+ma%C3%B1ana")
            .await;
    assert_eq!(replied.status, 303);
    assert_eq!(receiver.inbound("text").await.item()["text"]["body"], "Hasta mañana");
}

#[tokio::test]
async fn media_shows_as_a_card_and_is_never_loaded() {
    let world = World::start().await;
    let components = json!([
        {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://picsum.photos/200/300"}}]},
        {"type": "body", "parameters": [{"type": "text", "text": "*Ana*"}, {"type": "text", "text": "<script>"}]},
    ]);
    world.send(CLOUD, &template(CLOUD, ANA, "delivery_order", "en", components)).await;
    world.sees(ANA, "Ana").await;
    let page = html(&world.get(&format!("/phones/{ANA}")).await);
    assert!(
        page.contains("https://picsum.photos/200/300")
            && !page.contains("src=\"https:")
            && !page.contains("href=\"https:")
    );
    assert!(page.contains("<strong>Ana</strong>") && page.contains("&lt;script&gt;"));
}

#[tokio::test]
async fn pages_speak_the_language_that_the_browser_asks_for() {
    let world = World::start().await;
    for (path, es, en) in [
        ("/", "Abrir teléfono", "Open phone"),
        ("/exchanges", "Mostrar", "Show"),
        ("/panel", "Avanzar el reloj", "Advance the clock"),
    ] {
        let spanish = html(&world.get(path).await);
        assert!(spanish.contains("<html lang=\"es\">") && spanish.contains(es), "{path}");
        let english = html(
            &world.call(Method::GET, path, &[("accept-language", "en-GB,en;q=0.9")], &Value::Null).await,
        );
        assert!(english.contains("<html lang=\"en\">") && english.contains(en), "{path}");
    }
}

#[tokio::test]
async fn the_panel_sets_faults_and_the_clock() {
    let world = World::start().await;
    let form = "act=%7B%22code%22%3A131056%7D&provider=whatsapp_cloud&recipient=&template=bug_fixed&every=&probability=&seed=";
    assert_eq!(submit(&world, "/panel/faults", form).await.status, 303);
    let expected =
        json!([{"when": {"provider": "whatsapp_cloud", "template": "bug_fixed"}, "do": {"code": 131_056}}]);
    assert_eq!(world.get("/sim/v1/faults").await.json, expected);
    let answer = world.send(CLOUD, &template(CLOUD, ANA, "bug_fixed", "es", Value::Null)).await;
    assert_eq!(answer.json["error"]["code"], 131_056);
    assert!(html(&world.get("/exchanges").await).contains("too many messages sent from this phone number"));
    assert_eq!(submit(&world, "/panel/clock", "preset=25h&advance=").await.status, 303);
    assert_eq!(world.get("/sim/v1/clock").await.json["offsetMs"], 90_000_000);
}

#[tokio::test]
async fn settings_are_toggles() {
    let world = World::start().await;
    let answer =
        submit(&world, &format!("/phones/{ANA}/settings"), "online=true&whatsapp=true&username=%40ana").await;
    assert_eq!(answer.status, 303);
    let settings = world.get(&format!("/sim/v1/phones/{ANA}")).await.json["settings"].clone();
    let expected =
        json!({"online": true, "readReceipts": false, "blocked": false, "whatsapp": true, "username": "ana"});
    assert_eq!(settings, expected);
    let opened = world.get("/phones?address=593%20997-333-444").await;
    assert_eq!(
        (opened.status, opened.headers["location"].to_str().unwrap()),
        (303, format!("/phones/{ANA}").as_str())
    );
}
