//! What contacts send, in a bucket: kept, served, swept, and waited for while the bucket is away. The store of
//! buckets is moto, a process of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::bucket::{BucketStore, SECRET, name_of};
use e2e::world::{PHONE, Process, Scratch};
use e2e::{Answer, World, binary, until};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::process::Command;

const WHATSAPP: &str = "360dialog_whatsapp";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n a picture";
/// Older than a file must be that the sweep takes.
const TWO_HOURS: u32 = 7200;

/// A demo that keeps media in the bucket.
async fn demo(store: &BucketStore) -> World {
    let environment = store.environment();
    let environment: Vec<(&str, &str)> = environment.iter().map(|(key, value)| (*key, &**value)).collect();
    World::demo_with(&environment).await
}

fn hash_of(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn picture(name: &str) -> Value {
    json!({"type": "image", "caption": name, "content": STANDARD.encode([PNG, name.as_bytes()].concat())})
}

/// The attachment of this name, once it is as wanted.
async fn attachment(world: &World, name: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let is_it = |m: &Value| m["attachment"]["caption"] == name || m["attachment"]["fileName"] == name;
    let found = world.received(name, |m| is_it(m) && is_so(&m["attachment"])).await;
    found["message"]["attachment"].clone()
}

/// The address of a file, once it is there.
async fn held(world: &World, name: &str) -> String {
    let attachment = attachment(world, name, |attachment| attachment["url"].is_string()).await;
    attachment["url"].as_str().unwrap_or_default().to_owned()
}

async fn get(world: &World, url: &str, headers: &[(&str, &str)]) -> Answer {
    world.http.call("GET", url, headers, "").await.expect("the server answers")
}

/// How many files lie below a folder.
fn files_in(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.flatten().map(|entry| if entry.path().is_dir() { files_in(&entry.path()) } else { 1 }).sum()
}

#[tokio::test]
async fn media_lie_in_the_bucket_and_are_served_whole_and_in_parts() {
    let Some(store) = BucketStore::start(0).await else { return };
    let world = demo(&store).await;
    world.writes(WHATSAPP, PHONE, picture("uno")).await;
    let content = [PNG, b"uno"].concat();
    let url = held(&world, "uno").await;
    let kept = store.call("GET", &name_of(&hash_of(&content)), "").await;
    assert_eq!((kept.status, &kept.body[..]), (200, &content[..]));
    let whole = get(&world, &url, &[]).await;
    assert_eq!((whole.status, &whole.body[..]), (200, &content[..]));
    assert_eq!(whole.header("content-type"), "image/png");
    let part = get(&world, &url, &[("range", "bytes=1-3")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &content[1..=3]));
    assert_eq!(part.header("content-range"), format!("bytes 1-3/{}", content.len()));
    let end = get(&world, &url, &[("range", "bytes=-2")]).await;
    assert_eq!(end.body[..], content[content.len() - 2..]);
    assert_eq!(get(&world, &url, &[("range", "bytes=999-")]).await.status, 416);
    assert_eq!(get(&world, &url, &[("if-none-match", whole.header("etag"))]).await.status, 304);
    let head = world.http.call("HEAD", &url, &[], "").await.expect("the server answers");
    assert_eq!((head.status, head.header("content-length")), (200, &*content.len().to_string()));
    store.call("DELETE", &name_of(&hash_of(&content)), "").await;
    for headers in [&[][..], &[("range", "bytes=1-3")], &[("if-none-match", whole.header("etag"))]] {
        assert_eq!(get(&world, &url, headers).await.status, 404, "{headers:?}");
    }
}

/// A large file goes up in parts, and what a mail brings is there before its webhook is answered.
#[tokio::test]
async fn large_files_and_those_of_mails_lie_in_the_bucket_too() {
    let Some(store) = BucketStore::start(0).await else { return };
    let world = demo(&store).await;
    let large = json!({"type": "document", "filename": "grande.pdf", "size": 20 << 20});
    world.writes(WHATSAPP, PHONE, large).await;
    world.writes("other_email", "ana@ejemplo.ec", json!({"type": "document", "filename": "acta.pdf"})).await;
    for name in ["grande.pdf", "acta.pdf"] {
        let url = held(&world, name).await;
        let file = get(&world, &url, &[]).await;
        let hash = hash_of(&file.body);
        assert_eq!((file.status, file.header("etag")), (200, &*format!("\"{hash}\"")));
        assert_eq!(file.body.len() == 20 << 20, name == "grande.pdf");
        assert_eq!(store.call("GET", &name_of(&hash), "").await.body, file.body);
        let end = get(&world, &url, &[("range", "bytes=-5")]).await;
        assert_eq!(end.body, file.body[file.body.len() - 5..]);
    }
    assert_eq!(files_in(&world.data().join("media")), 0, "nothing stays on this machine");
}

#[tokio::test]
async fn files_that_no_message_has_go_and_nothing_else() {
    let Some(store) = BucketStore::start(TWO_HOURS).await else { return };
    let world = demo(&store).await;
    world.writes(WHATSAPP, PHONE, picture("uno")).await;
    let url = held(&world, "uno").await;
    let unused = name_of(&hash_of(b"unused"));
    for name in [&*unused, "notes.txt"] {
        assert_eq!(store.call("PUT", name, "unused").await.status, 200);
    }
    until("the sweep has come by", || async {
        world.advance("1h").await;
        (store.call("GET", &unused, "").await.status == 404).then_some(())
    })
    .await;
    assert_eq!(store.call("GET", "notes.txt", "").await.status, 200);
    assert_eq!(get(&world, &url, &[]).await.status, 200);
}

#[tokio::test]
async fn a_bucket_that_is_away_loses_nothing() {
    let Some(mut store) = BucketStore::start(0).await else { return };
    let world = demo(&store).await;
    world.writes(WHATSAPP, PHONE, picture("uno")).await;
    let first = held(&world, "uno").await;
    store.stop();
    let away = get(&world, &first, &[]).await;
    assert_eq!((away.status, &*away.text()), (503, "The file cannot be read just now; try again."));
    world.writes(WHATSAPP, PHONE, picture("dos")).await;
    let failed = attachment(&world, "dos", |attachment| attachment["error"].is_object()).await;
    assert_eq!(
        (&failed["isPending"], &failed["error"]["code"]),
        (&json!(true), &json!("storage_unavailable"))
    );
    assert!(!failed.to_string().contains(&store.url()), "where it is concerns the operator alone: {failed}");
    store.start_again().await;
    assert_eq!(get(&world, &first, &[]).await.status, 404, "a bucket in memory forgets");
    world.advance("10m").await;
    let second = held(&world, "dos").await;
    assert_eq!(get(&world, &second, &[]).await.body, [PNG, b"dos"].concat());
}

/// `chaski serve` that is to fail: what it says, with everything that can be logged.
fn refused(environment: &[(&str, String)]) -> String {
    let scratch = Scratch::new();
    let output = Command::new(binary())
        .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data", &scratch.0.to_string_lossy()])
        .envs(environment.iter().map(|(key, value)| (*key, &**value)))
        .env("CHASKI__LOG__LEVEL", "trace")
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(1));
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn told_of(endpoint: &str, bucket: &str) -> [(&'static str, String); 4] {
    [
        ("CHASKI__MEDIA__S3__BUCKET", bucket.to_owned()),
        ("CHASKI__MEDIA__S3__ENDPOINT", endpoint.to_owned()),
        ("CHASKI__MEDIA__S3__ACCESS_KEY_ID", "AKIACHASKI".to_owned()),
        ("CHASKI__MEDIA__S3__SECRET_ACCESS_KEY", SECRET.to_owned()),
    ]
}

#[test]
fn a_bucket_that_cannot_be_used_is_told_at_the_start_without_its_secret() {
    for (endpoint, bucket, told) in [
        ("http://127.0.0.1:1", "chaski", "the bucket chaski at http://127.0.0.1:1 cannot be written"),
        ("http://minio.example", "chaski", "security.allow_private_networks"),
        ("minio.example", "chaski", "media.s3.endpoint is not an address"),
        ("http://127.0.0.1:1", "Not A Bucket", "media.s3.bucket is not the name"),
    ] {
        let said = refused(&told_of(endpoint, bucket));
        assert!(said.contains(told), "{told}: {said}");
        assert!(!said.contains(SECRET), "{said}");
    }
    let mut without = told_of("http://127.0.0.1:1", "chaski");
    without[3].1.clear();
    let said = refused(&without);
    assert!(said.contains("media.s3.secret_access_key is not set"), "{said}");
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told_at_the_start() {
    let Some(store) = BucketStore::start(0).await else { return };
    let said = refused(&told_of(&store.url(), "another"));
    assert!(said.contains("there is no such bucket") && !said.contains(SECRET), "{said}");
}

/// Whatever is logged of a bucket that works.
#[tokio::test]
async fn the_secret_is_in_no_log() {
    let Some(store) = BucketStore::start(0).await else { return };
    let scratch = Scratch::new();
    let log = scratch.0.join("log").to_string_lossy().into_owned();
    let environment = store.environment();
    let mut environment: Vec<(&str, &str)> =
        environment.iter().map(|(key, value)| (*key, &**value)).collect();
    environment.extend([("CHASKI__LOG__LEVEL", "trace"), ("LOG", &*log)]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\" 2>\"$LOG\"", "sh"]).arg(binary());
    let data = scratch.0.join("data").to_string_lossy().into_owned();
    let arguments = ["serve", "--json", "--listen", "127.0.0.1:0", "--data", &data];
    let mut server = Process::start_by(shell, &arguments, &environment);
    assert!(server.stop());
    let logged = std::fs::read_to_string(&log).expect("the log can be read");
    assert!(logged.contains("credential provider"), "the bucket was spoken of");
    assert!(!logged.contains(SECRET));
}
