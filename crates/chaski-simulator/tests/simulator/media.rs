//! Media: links, uploads and what a phone sends.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::support::{ANA, CLOUD, D360, Receiver, VONAGE, World, id_of};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nsimulated";

fn image(source: &str, link: &str) -> Value {
    match source {
        VONAGE => {
            json!({"channel": "whatsapp", "to": "593997333444", "from": "447700900001", "message_type": "image", "image": {"url": link}})
        }
        _ => {
            json!({"messaging_product": "whatsapp", "to": ANA, "type": "image", "image": {"link": link}})
        }
    }
}

#[tokio::test]
async fn links_to_this_machine_are_fetched_and_judged() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    world.says(ANA, CLOUD, "hola").await;
    let good = receiver.serve("/good.png", 200, "image/png", PNG);
    let id = id_of(&world.send(CLOUD, &image(CLOUD, &good)).await);
    assert_eq!(receiver.statuses(&id, "delivered").await, ["sent", "delivered"]);
    let gone = receiver.serve("/gone.png", 404, "text/plain", "no");
    let page = receiver.serve("/page.html", 200, "text/html", "<html>");
    let large = receiver.serve("/large.png", 200, "image/png", vec![0; 5 * 1024 * 1024 + 1]);
    let failed = async |link: &str| {
        let id = id_of(&world.send(CLOUD, &image(CLOUD, link)).await);
        let error = receiver.status(&id, "failed").await.item()["errors"][0].clone();
        assert_eq!(error["code"], 131_053, "{link}");
        error["error_data"]["details"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        failed(&gone).await,
        "Downloading media from weblink failed with http code 404, status message Not Found"
    );
    assert!(failed(&page).await.contains("text/html"));
    assert!(failed(&large).await.contains("too large"));
    assert!(failed("https://files.invalid/a.png").await.contains("files.invalid"));
    assert_eq!(world.messages(ANA).await.len(), 2);
}

#[tokio::test]
async fn any_other_link_counts_as_fetched() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    for (source, first) in [(CLOUD, "sent"), (D360, "sent"), (VONAGE, "submitted")] {
        world.hook(source, &receiver).await;
        world.says(ANA, source, "hola").await;
        let id = id_of(&world.send(source, &image(source, "https://picsum.photos/200/300")).await);
        assert_eq!(receiver.statuses(&id, "delivered").await, [first, "delivered"]);
    }
    let id = id_of(&world.send(VONAGE, &image(VONAGE, "https://files.invalid/a.png")).await);
    assert_eq!(receiver.status(&id, "rejected").await.json["error"]["title"], "1380");
}

#[tokio::test]
async fn a_document_without_a_name_shows_null_pdf() {
    let world = World::start().await;
    let components = |document: Value| {
        json!([
            {"type": "header", "parameters": [{"type": "document", "document": document}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]},
        ])
    };
    let send = async |document| {
        let body = crate::support::template(CLOUD, ANA, "invoice_ready", "es", components(document));
        assert_eq!(world.send(CLOUD, &body).await.status, 200);
    };
    send(json!({"link": "https://www.ecuabots.com/f.pdf"})).await;
    assert_eq!(world.sees(ANA, "null.pdf").await["media"]["filename"], "null.pdf");
    send(json!({"link": "https://www.ecuabots.com/f.pdf", "filename": "factura.pdf"})).await;
    world.sees(ANA, "factura.pdf").await;
}

fn form() -> (String, Bytes) {
    let mut body = b"--b\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n".to_vec();
    body.extend_from_slice(PNG);
    body.extend_from_slice(b"\r\n--b--\r\n");
    ("multipart/form-data; boundary=b".to_owned(), Bytes::from(body))
}

/// What an upload needs to know of a provider.
struct Place {
    source: &'static str,
    header: (&'static str, String),
    upload: String,
    below: String,
}

fn places(world: &World) -> [Place; 2] {
    let cloud = format!("{}/v23.0", world.set(CLOUD, "base_url"));
    let token = format!("Bearer {}", world.set(CLOUD, "access_token"));
    let upload = format!("{cloud}/{}/media", world.set(CLOUD, "phone_number_id"));
    let base = world.set(D360, "base_url");
    [
        Place { source: CLOUD, header: ("authorization", token), upload, below: cloud },
        Place {
            source: D360,
            header: ("D360-API-KEY", world.set(D360, "api_key")),
            upload: format!("{base}/media"),
            below: base,
        },
    ]
}

#[tokio::test]
async fn an_uploaded_file_can_be_looked_up_sent_and_deleted() {
    let world = World::start().await;
    for Place { source, header, upload, below } in places(&world) {
        world.says(ANA, source, "hola").await;
        let header = (header.0, header.1.as_str());
        let (kind, body) = form();
        let headers = [header, ("content-type", kind.as_str())];
        let uploaded = world.try_call(Method::POST, &upload, &headers, body).await.unwrap();
        let id = uploaded.json["id"].as_str().unwrap_or_else(|| panic!("{}", uploaded.json));
        let get = async |url: &str| world.call(Method::GET, url, &[header], &Value::Null).await;
        let seen = get(&format!("{below}/{id}")).await.json;
        assert_eq!(seen["mime_type"], "image/png");
        assert_eq!(seen["file_size"], PNG.len().to_string());
        // 360dialog's callers replace Meta's host by its own.
        let url = seen["url"].as_str().unwrap();
        assert_eq!(url.starts_with("https://lookaside.fbsbx.com/"), source == D360, "{url}");
        let url = url.replace("https://lookaside.fbsbx.com", &below);
        assert_eq!(&get(&url).await.bytes[..], PNG);
        assert_eq!(world.get(&url).await.status, 401);
        let image = json!({"id": id, "caption": source});
        let body = json!({"messaging_product": "whatsapp", "to": ANA, "type": "image", "image": image});
        assert_eq!(world.send(source, &body).await.status, 200);
        world.sees(ANA, source).await;
        let path = format!("{below}/{id}");
        let deleted = world.call(Method::DELETE, &path, &[header], &Value::Null).await;
        assert_eq!(deleted.json, json!({"success": true}));
        assert_ne!(get(&url).await.status, 200);
    }
}

#[tokio::test]
async fn what_a_phone_sends_can_be_downloaded() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let link = receiver.serve("/taj.png", 200, "image/png", PNG);
    world.hook(CLOUD, &receiver).await;
    let path = format!("/sim/v1/phones/{ANA}/messages");
    world
        .post(&path, json!({"type": "image", "link": link, "caption": "Taj Mahal", "provider": CLOUD}))
        .await;
    let image = receiver.inbound("image").await.item()["image"].clone();
    assert_eq!(
        image.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["caption", "mime_type", "sha256", "id", "url"]
    );
    let file = world.api(CLOUD, Method::GET, image["url"].as_str().unwrap(), &Value::Null).await;
    assert_eq!(&file.bytes[..], PNG);
    let receiver = Receiver::start().await;
    world.hook(VONAGE, &receiver).await;
    world
        .post(&path, json!({"type": "document", "link": "https://example.com/file.pdf", "provider": VONAGE}))
        .await;
    let document = receiver.inbound("file").await.json["file"].clone();
    assert_eq!(document["name"], "file.pdf");
    assert_eq!(
        world.api(VONAGE, Method::GET, document["url"].as_str().unwrap(), &Value::Null).await.status,
        200
    );
}

/// A file of the caller's own comes as it is; calls for it can go wrong, and its address dies.
#[tokio::test]
async fn downloads_fail_on_purpose_and_expire() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    let path = format!("/sim/v1/phones/{ANA}/messages");
    let wanted =
        json!({"type": "image", "content": "aG9sYQ==", "size": 10, "mime": "image/webp", "provider": CLOUD});
    world.post(&path, wanted).await;
    let received = receiver.inbound("image").await.item()["image"].clone();
    assert_eq!(received["mime_type"], "image/webp");
    let url = received["url"].as_str().unwrap();
    let get = async || world.api(CLOUD, Method::GET, url, &Value::Null).await;
    assert_eq!(&get().await.bytes[..], b"hola\0\0\0\0\0\0");
    let faults = json!([{"when": {"media": true, "provider": CLOUD}, "do": {"httpStatus": 404}}]);
    world.put("/sim/v1/faults", faults).await;
    assert_eq!(get().await.status, 404);
    world.says(ANA, CLOUD, "hola").await;
    assert_eq!(
        world.send(CLOUD, &image(CLOUD, "https://example.com/a.png")).await.status,
        200,
        "sends go on"
    );
    world.put("/sim/v1/faults", json!([])).await;
    world.post("/sim/v1/clock", json!({"advance": "6m"})).await;
    assert_eq!(get().await.status, 404);
}
