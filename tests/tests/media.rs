//! What contacts send: fetched from the provider whatever happens, bounded, served by signed links alone,
//! shown where it can be shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::world::{PHONE, Process, Scratch};
use e2e::{Answer, Channel, Http, World, on_every_whatsapp, until};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n a picture";
const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom a film";
const OGG: &[u8] = b"OggS\0\x02 a voice";
const PDF: &[u8] = b"%PDF-1.4\n a paper";

/// A phone sends a file; its message as the API tells it, once it is stored.
async fn says(world: &World, channel: &Channel, kind: &str, more: Value) -> Value {
    let newest = newest(world).await["messageId"].clone();
    let mut wanted = json!({"type": kind, "provider": channel.source});
    for (key, value) in more.as_object().into_iter().flatten() {
        wanted[key] = value.clone();
    }
    world.simulator("POST", &format!("/phones/{PHONE}/messages"), wanted).await;
    until("the message has come", || async {
        let message = self::newest(world).await;
        (message["messageId"] != newest).then_some(message)
    })
    .await
}

async fn newest(world: &World) -> Value {
    world.api("GET", "/contact/id:123/message/list?limit=1", Value::Null).await.json()["items"][0].clone()
}

async fn attachment(world: &World, message: &Value) -> Value {
    let id = message["messageId"].as_i64().expect("a number");
    world.message(id).await["message"]["attachment"].clone()
}

/// The attachment, once its file is there.
async fn held(world: &World, message: &Value) -> Value {
    until("the file has been fetched", || async {
        let attachment = attachment(world, message).await;
        attachment["url"].is_string().then_some(attachment)
    })
    .await
}

/// The attachment, once nobody tries any more.
async fn gone(world: &World, message: &Value) -> Value {
    until("it is given up", || async {
        let attachment = attachment(world, message).await;
        let is_over = attachment["isPending"] == false && attachment["error"].is_object();
        is_over.then_some(attachment)
    })
    .await
}

async fn get(world: &World, url: &str, headers: &[(&str, &str)]) -> Answer {
    world.http.call("GET", url, headers, "").await.expect("the server answers")
}

fn bytes(content: &[u8]) -> Value {
    json!({"content": STANDARD.encode(content)})
}

async fn fault(world: &World, channel: &Channel, action: Value) {
    let rule = json!({"when": {"provider": channel.source, "media": true}, "do": action});
    world.simulator("PUT", "/faults", json!([rule])).await;
}

on_every_whatsapp! {
    async fn each_kind_of_file_is_fetched_and_served(world, channel) {
        for (kind, content, mime) in [
            ("image", PNG, "image/png"),
            ("video", MP4, "video/mp4"),
            ("audio", OGG, "audio/ogg"),
            ("document", PDF, "application/pdf"),
        ] {
            let mut more = bytes(content);
            if kind == "document" {
                more["filename"] = json!("Factura nº 7.pdf");
            }
            let message = says(world, channel, kind, more).await;
            let attachment = held(world, &message).await;
            assert_eq!(attachment["mime"], mime, "{attachment}");
            assert_eq!(attachment["size"], content.len());
            assert_eq!(attachment["isPending"], false);
            let url = attachment["url"].as_str().unwrap_or_default();
            assert!(url.starts_with(&format!("{}/media/", world.web_url())), "{url}");
            let file = get(world, url, &[]).await;
            assert_eq!((file.status, &file.body[..]), (200, content));
            assert_eq!(file.header("content-type"), mime);
            assert_eq!(file.header("x-content-type-options"), "nosniff");
            assert!(file.header("content-security-policy").contains("sandbox"));
            let disposition = file.header("content-disposition").to_owned();
            let way = if kind == "document" { "attachment" } else { "inline" };
            assert!(disposition.starts_with(way), "{disposition}");
            if kind == "document" {
                assert!(disposition.contains("UTF-8''Factura%20n%C2%BA%207.pdf"), "{disposition}");
            }
            // The file lies under the hash of its bytes.
            let hash = hex::encode(Sha256::digest(content));
            let path = world.data().join("media").join(&hash[..2]).join(&hash[2..4]).join(&hash);
            assert_eq!(std::fs::read(path).ok().as_deref(), Some(content));
        }
        let metrics = get(world, &format!("{}/metrics", world.web_url()), &[]).await.text();
        assert!(metrics.contains("chaski_media_tries_total{outcome=\"held\"} 4"), "{metrics}");
        assert!(metrics.contains("chaski_media_wanted 0"));
    }

    async fn a_provider_that_fails_is_asked_again(world, channel) {
        for action in [json!({"httpStatus": 404}), json!({"httpStatus": 401}), json!({"httpStatus": 503}), json!({"cut": "before"})] {
            fault(world, channel, action.clone()).await;
            let message = says(world, channel, "image", bytes(PNG)).await;
            until("the first try has failed", || async {
                let attachment = attachment(world, &message).await;
                assert_eq!(attachment["isPending"], true, "{action}");
                attachment["error"].is_object().then_some(())
            }).await;
            world.simulator("PUT", "/faults", json!([])).await;
            world.advance("10m").await;
            assert_eq!(held(world, &message).await["mime"], "image/png", "{action}");
        }
    }
}

fn d360(world: &World) -> Channel {
    world.channel("360dialog_whatsapp")
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_said() {
    let world = World::demo().await;
    let message = says(&world, &d360(&world), "image", json!({"size": (16 << 20) + 1})).await;
    let attachment = gone(&world, &message).await;
    assert_eq!(attachment["error"]["code"], "body_too_large", "{attachment}");
    assert!(attachment["url"].is_null());
    let page = world.inbox().await.thread().await;
    assert!(page.contains("Es más grande de lo que se guarda."));
    assert!(
        !world.data().join("media").join("unfinished").read_dir().is_ok_and(|mut left| left.next().is_some())
    );
}

/// A page or a drawing with a script, sent as a picture, is a download of an unknown type.
#[tokio::test]
async fn what_could_run_is_only_ever_downloaded() {
    let world = World::demo().await;
    for content in [
        &b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(document.cookie)'/>"[..],
        b"<!doctype html><script>alert(document.cookie)</script>",
    ] {
        let mut more = bytes(content);
        more["mime"] = json!("image/png");
        let message = says(&world, &d360(&world), "image", more).await;
        let attachment = held(&world, &message).await;
        let file = get(&world, attachment["url"].as_str().unwrap_or_default(), &[]).await;
        assert_eq!(file.header("content-type"), "application/octet-stream");
        assert!(file.header("content-disposition").starts_with("attachment"));
        let page = world.inbox().await.thread().await;
        let bubble = page.split("<article").last().unwrap_or_default().to_owned();
        assert!(!bubble.contains("<img"), "{bubble}");
        assert!(bubble.contains("Descargar"));
    }
}

#[tokio::test]
async fn only_a_signed_link_opens_a_file_and_not_for_ever() {
    let world = World::demo().await;
    let message = says(&world, &d360(&world), "audio", bytes(OGG)).await;
    let url = held(&world, &message).await["url"].as_str().unwrap_or_default().to_owned();
    let (path, query) = url.split_once('?').expect("a signed link");
    let other = path.replace(&message["messageId"].to_string(), "1");
    for wrong in [
        path.to_owned(),
        format!("{other}?{query}"),
        format!("{path}?{}", query.replace("exp=1", "exp=2")),
        format!("{}0", &url[..url.len() - 1]),
        format!("{path}?exp=x&sig=y"),
    ] {
        let status = get(&world, &wrong, &[]).await.status;
        // A last digit may have been 0 already.
        assert!(wrong == url || status == 403 || status == 400, "{wrong}: {status}");
    }
    let part = get(&world, &url, &[("range", "bytes=1-3")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &OGG[1..=3]));
    assert_eq!(part.header("content-range"), format!("bytes 1-3/{}", OGG.len()));
    let end = get(&world, &url, &[("range", "bytes=-2")]).await;
    assert_eq!(end.body[..], OGG[OGG.len() - 2..]);
    assert_eq!(get(&world, &url, &[("range", "bytes=999-")]).await.status, 416);
    let tag = part.header("etag").to_owned();
    assert_eq!(get(&world, &url, &[("if-none-match", &tag)]).await.status, 304);
    world.advance("49h").await;
    until("the link has expired", || async { (get(&world, &url, &[]).await.status == 403).then_some(()) })
        .await;
}

/// Killed between the message and the fetch, the server fetches after its next start. What an address in
/// a webhook may not reach is not fetched.
#[tokio::test]
async fn a_crash_loses_no_media_and_the_guard_holds() {
    let (data, simulator_data) = (Scratch::new(), Scratch::new());
    let simulator_folder = simulator_data.0.to_string_lossy().into_owned();
    let simulator =
        Process::start(&["simulator", "--json", "--listen", "127.0.0.1:0", "--data", &simulator_folder], &[]);
    let control = format!("{}/sim/v1", simulator.ready["simulator"].as_str().expect("its address"));
    let http = Http::default();
    let folder = data.0.to_string_lossy().into_owned();
    let open = [("CHASKI__SECURITY__ALLOW_PRIVATE_NETWORKS", "true"), ("CHASKI__LOG__LEVEL", "error")];
    let shut = [("CHASKI__SECURITY__ALLOW_PRIVATE_NETWORKS", "false"), ("CHASKI__LOG__LEVEL", "error")];
    let mut server =
        Process::start(&["serve", "--json", "--listen", "127.0.0.1:0", "--data", &folder], &open);
    let url = server.ready["web"].as_str().expect("its address").to_owned();
    let token = server.ready["token"].as_str().expect("the first start tells a token").to_owned();
    let listen = url.trim_start_matches("http://").to_owned();
    let arguments = ["serve", "--json", "--listen", &listen, "--data", &folder];
    connect(&http, &control, &url, &token, "nexmo_whatsapp").await;
    let sends = async |name: &str| {
        let body = json!({"type": "image", "provider": "nexmo_whatsapp", "caption": name, "content": STANDARD.encode(PNG)});
        let path = format!("{control}/phones/{PHONE}/messages");
        let answer = http.json("POST", &path, "", &body).await.expect("the simulator answers");
        assert_eq!(answer.status, 201, "{}", answer.text());
    };
    let message = async |name: &str, is_so: &(dyn Fn(&Value) -> bool + Sync)| {
        until(&format!("{name} has come"), || async {
            let path = format!("{url}/v2/contact/phone:{PHONE}/message/list");
            let list = http.json("GET", &path, &token, &Value::Null).await.ok()?.json();
            let items = list["items"].as_array()?.clone();
            let found = items.into_iter().map(|m| m["message"]["attachment"].clone());
            found.into_iter().find(|attachment| attachment["caption"] == name && is_so(attachment))
        })
        .await
    };
    let slow = json!([{"when": {"media": true}, "do": {"delayMs": 20_000}}]);
    http.json("PUT", &format!("{control}/faults"), "", &slow).await.expect("the simulator answers");
    sends("antes").await;
    message("antes", &|attachment| attachment["isPending"] == true).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.kill();
    http.json("PUT", &format!("{control}/faults"), "", &json!([])).await.expect("the simulator answers");
    server = Process::start(&arguments, &open);
    message("antes", &|attachment| attachment["url"].is_string()).await;
    server.kill();
    server = Process::start(&arguments, &shut);
    sends("dentro").await;
    let refused = message("dentro", &|attachment| attachment["error"].is_object()).await;
    assert_eq!(refused["error"]["code"], "url_refused", "{refused}");
    assert_eq!(refused["isPending"], false);
    server.kill();
}

/// Adds a channel of the simulator, and tells the simulator where its webhooks go.
async fn connect(http: &Http, control: &str, url: &str, token: &str, source: &str) {
    let accounts =
        http.json("GET", &format!("{control}/accounts"), "", &Value::Null).await.expect("accounts");
    let account = accounts.json().as_array().into_iter().flatten().find(|a| a["source"] == source).cloned();
    let set = account.expect("the simulator has this account")["set"].clone();
    let body = json!({"source": source, "name": source, "set": set});
    let added =
        http.json("POST", &format!("{url}/admin/v1/channels"), token, &body).await.expect("it answers");
    assert!(added.status < 300, "{}", added.text());
    let hook = json!({"source": source, "url": added.json()["webhookUrl"]});
    http.json("PUT", &format!("{control}/webhooks"), "", &hook).await.expect("the simulator answers");
}

#[tokio::test]
async fn old_media_go_by_their_age() {
    let world = World::demo_with(&[("CHASKI__RETENTION__MEDIA", "30d")]).await;
    let message = says(&world, &d360(&world), "image", bytes(PNG)).await;
    let url = held(&world, &message).await["url"].as_str().unwrap_or_default().to_owned();
    let kinds = world.admin("GET", "/retention", Value::Null).await.json()["items"].clone();
    let of_media = kinds.as_array().into_iter().flatten().find(|kind| kind["kind"] == "media").cloned();
    assert_eq!(of_media.map(|kind| kind["rows"].clone()), Some(json!(0)), "it is young");
    world.advance("31d").await;
    // By the hourly job, or at once.
    until("it is gone", || async {
        assert_eq!(world.admin("POST", "/retention/run", json!({})).await.status, 200);
        let attachment = attachment(&world, &message).await;
        (!attachment["url"].as_str().unwrap_or_default().contains("/media/")).then_some(())
    })
    .await;
    assert_eq!(get(&world, &url, &[]).await.status, 403, "its link has expired long since");
}

/// A bot's file is named by its id alone: it is looked up, and fetched at an address that holds the token.
#[tokio::test]
async fn a_file_from_telegram_is_looked_up_and_fetched() {
    let world = World::demo().await;
    let channel = world.channel("telegram");
    for (kind, content, mime) in [("image", PNG, "image/png"), ("document", PDF, "application/pdf")] {
        let message = says(&world, &channel, kind, bytes(content)).await;
        let attachment = held(&world, &message).await;
        assert_eq!(attachment["mime"], mime, "{attachment}");
        let file = get(&world, attachment["url"].as_str().unwrap_or_default(), &[]).await;
        assert_eq!((file.status, &file.body[..]), (200, content));
    }
    fault(&world, &channel, json!({"httpStatus": 404})).await;
    let message = says(&world, &channel, "image", bytes(PNG)).await;
    let failed = until("the first try has failed", || async {
        let attachment = attachment(&world, &message).await;
        attachment["error"].is_object().then_some(attachment)
    })
    .await;
    assert!(!failed.to_string().contains("bot"), "no address, and no token: {failed}");
    world.simulator("PUT", "/faults", json!([])).await;
    world.advance("10m").await;
    assert_eq!(held(&world, &message).await["mime"], "image/png");
}

/// A link that is refused is looked at once: whoever sends waits for every look.
#[tokio::test]
async fn a_link_that_does_not_answer_is_looked_at_once() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::demo_with(&[("CHASKI__MEDIA__PROBE", "refuse")]).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let link = format!("http://{}/missing.png", listener.local_addr().expect("it is bound"));
    let counted = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&counted);
    let host = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counts.fetch_add(1, Ordering::Relaxed);
            let _ = stream.read(&mut [0; 2048]).await;
            let refused = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(refused).await;
        }
    });
    let message = json!({"type": "attachment", "attachment": {"type": "image", "url": link}});
    let answer = world.send(&d360(&world), message).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(counted.load(Ordering::Relaxed), 1);
    host.abort();
}
