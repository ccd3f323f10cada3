//! Tests of the web over its routes: sessions, forms, the reply, the feed, the look's promises.

use super::assets;
use super::password;
use crate::{App, AppState, router};
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use chaski_engine::clock::Clock;
use chaski_engine::engine::Config;
use chaski_engine::tokens::hash;
use chaski_engine::{Engine, clock::machine_now};
use chaski_model::address::{Address, E164};
use chaski_model::message::Content;
use chaski_model::{ChannelId, ChannelKind, ContactId, Timestamp, WorkspaceId};
use chaski_store::admin::{NewChannel, NewUser};
use chaski_store::outbox::Origin;
use chaski_store::receive::{InboundIn, InboundVerdict};
use chaski_store::sqlite::SqliteStore;
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

/// A server over an empty store, with a workspace, a user and a channel that nothing leaves by.
struct World {
    app: App,
    workspace: WorkspaceId,
    channel: ChannelId,
    folder: std::path::PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const EMAIL: &str = "carla@ejemplo.ec";

impl World {
    async fn new(public_url: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("chaski-ui-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&folder).unwrap();
        let config = Config {
            key_file: folder.join("secret.key"),
            public_url: public_url.to_owned(),
            allow_private_networks: false,
            time_to_live: Duration::from_secs(86_400),
            order_wait: Duration::from_secs(60),
            call_timeout: Duration::from_secs(5),
            template_sync: Duration::from_secs(86_400),
            language_fallback: true,
            probe_media: false,
            media_folder: folder.join("media"),
            media_bucket: None,
            retention: chaski_engine::Retention::default(),
            deadlines: chaski_engine::Deadlines::default(),
            lease: Duration::from_secs(10),
        };
        let store = Arc::new(SqliteStore::open(&folder, 0).unwrap());
        let engine = Engine::start(store, Arc::new(Clock::default()), config).await.unwrap();
        let app = Arc::new(AppState {
            engine,
            metrics: None,
            health: crate::Health::default(),
            simulator_url: None,
        });
        let workspace = Self::workspace(&app, EMAIL).await;
        let channel = NewChannel {
            workspace,
            kind: ChannelKind::Whatsapp360dialog,
            name: "Ventas".into(),
            account_external_id: "a".into(),
            sender: "593990000000".into(),
            settings: BTreeMap::new(),
            // Secrets that do not open: the channel is held, and nothing leaves by it.
            secrets: Vec::new(),
            hook_key_hash: hash("hook"),
            hook_key_cipher: Vec::new(),
            hook_secrets: Vec::new(),
            now: app.engine.clock().now(),
        };
        let (channel, ..) = app.engine.store().add_channel(channel).await.unwrap();
        app.engine.reload().await.unwrap();
        Self { app, workspace, channel, folder }
    }

    /// A workspace with an owner whose password is known.
    async fn workspace(app: &App, email: &str) -> WorkspaceId {
        let (engine, now) = (&app.engine, app.engine.clock().now());
        let workspace =
            engine.store().add_workspace("W".into(), None, engine.vault().new_data_key(), now).await.unwrap();
        let user = NewUser {
            workspace,
            email: email.into(),
            first_name: "Carla".into(),
            role: "owner".into(),
            password_hash: Some(password::hash("una clave larga".into()).await.unwrap()),
        };
        engine.store().add_user(user, now).await.unwrap();
        engine.reload().await.unwrap();
        workspace
    }

    /// A message from Ana, who so opens her window.
    async fn writes(&self, text: &str, at: Timestamp) -> ContactId {
        let store = self.app.engine.store();
        let inbound = InboundIn {
            id: store.next_id(machine_now().0),
            workspace: self.workspace,
            channel: self.channel,
            provider_id: format!("wamid.{text}"),
            from: vec![Address::phone(&E164::parse("+593991112233", None).unwrap())],
            profile_name: Some("Ana Torres".into()),
            at,
            received_at: at,
            content: serde_json::to_string(&Content::Text { text: text.into(), message_tag: None }).unwrap(),
            origin: serde_json::to_string(&Origin { source: "contact".into(), ..Origin::default() }).unwrap(),
            wants_media: false,
        };
        match store.inbound(inbound).await.unwrap() {
            InboundVerdict::Stored { contact } => contact,
            InboundVerdict::Duplicate => panic!("{text} was written before"),
        }
    }

    async fn ana(&self) -> ContactId {
        self.writes("Hola", self.app.engine.clock().now()).await
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        router(Arc::clone(&self.app)).oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str, cookie: &str) -> (StatusCode, String) {
        let response =
            self.send(Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await;
        read(response).await
    }

    async fn post(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Response<Body> {
        let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form));
        self.send(request.unwrap()).await
    }

    /// Signs in by password; returns the session's cookie.
    async fn signed_in(&self, email: &str) -> String {
        let form = self.send(Request::get("/sign-in").body(Body::empty()).unwrap()).await;
        let cookie = cookie_of(&form, "chaski-form");
        let csrf = cookie.split('=').nth(1).unwrap().to_owned();
        let fields = [("csrf", &*csrf), ("email", email), ("password", "una clave larga")];
        let response = self.post("/sign-in", &cookie, &fields).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        cookie_of(&response, "chaski")
    }
}

async fn read(response: Response<Body>) -> (StatusCode, String) {
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 22).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

fn cookie_of(response: &Response<Body>, name: &str) -> String {
    let lines = response.headers().get_all(header::SET_COOKIE).iter().map(|v| v.to_str().unwrap());
    let line = lines
        .into_iter()
        .find(|line| line.trim_start_matches("__Host-").starts_with(&format!("{name}=")))
        .unwrap();
    line.split(';').next().unwrap().to_owned()
}

/// The value of a hidden field.
fn field(page: &str, name: &str) -> String {
    let from = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    from.split('"').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_led_to_the_sign_in_and_back() {
    let world = World::new("http://127.0.0.1:1").await;
    let response = world.send(Request::get("/messages/7?filter=failed").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[header::LOCATION], "/sign-in?next=%2Fmessages%2F7%3Ffilter%3Dfailed");
    let (status, _) = world.get("/messages/events", "chaski=wrong").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_the_web_carries_the_policy() {
    let world = World::new("http://127.0.0.1:1").await;
    for path in ["/sign-in", "/messages", "/no/such/page"] {
        let request = Request::get(path).header(header::ACCEPT, "text/html").body(Body::empty()).unwrap();
        let response = world.send(request).await;
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
    }
    let cookie = world.signed_in(EMAIL).await;
    let (_, page) = world.get("/messages", &cookie).await;
    assert!(!page.contains(" style=") && !page.contains("<style") && !page.contains(" onclick"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_signs_in_once_and_only_by_its_button() {
    let world = World::new("http://127.0.0.1:1").await;
    let user = world.app.engine.snapshot().users[0].id;
    let link = crate::admin::people::sign_in_link(&world.app, user).await.unwrap();
    let path = link.strip_prefix("http://127.0.0.1:1").unwrap();
    for _ in 0..2 {
        assert_eq!(world.get(path, "").await.0, StatusCode::OK);
    }
    let page = world.send(Request::get(path).body(Body::empty()).unwrap()).await;
    let cookie = cookie_of(&page, "chaski-form");
    let csrf = field(&read(page).await.1, "csrf");
    let wrong = world.post(path, &cookie, &[("csrf", "x")]).await;
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN);
    let right = world.post(path, &cookie, &[("csrf", &csrf)]).await;
    let session = cookie_of(&right, "chaski");
    assert_eq!(world.get("/messages", &session).await.0, StatusCode::OK);
    assert_eq!(world.post(path, &cookie, &[("csrf", &csrf)]).await.status(), StatusCode::GONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_https_the_session_cookie_is_bound_to_the_host() {
    let world = World::new("https://m.example").await;
    let form = world.send(Request::get("/sign-in").body(Body::empty()).unwrap()).await;
    let cookie = cookie_of(&form, "chaski-form");
    let csrf = field(&read(form).await.1, "csrf");
    let fields = [("csrf", &*csrf), ("email", EMAIL), ("password", "una clave larga")];
    let response = world.post("/sign-in", &cookie, &fields).await;
    let lines = response.headers().get_all(header::SET_COOKIE).iter();
    let line = lines.map(|v| v.to_str().unwrap()).find(|l| l.starts_with("__Host-chaski=")).unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=1209600"] {
        assert!(line.contains(part), "{line} lacks {part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_refused_and_guessing_is_bounded() {
    let world = World::new("http://127.0.0.1:1").await;
    let guess = [("csrf", "t"), ("email", EMAIL), ("password", "x")];
    // The limit lives in the router, so all the guesses go to one.
    let router = router(Arc::clone(&world.app));
    let mut last = StatusCode::OK;
    for _ in 0..9 {
        let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(guess).finish();
        let request = Request::post("/sign-in")
            .header(header::COOKIE, "chaski-form=t")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        last = router.clone().oneshot(request.body(Body::from(form)).unwrap()).await.unwrap().status();
        assert_ne!(last, StatusCode::SEE_OTHER);
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_the_sessions_token_does_nothing() {
    let world = World::new("http://127.0.0.1:1").await;
    let ana = world.ana().await;
    let cookie = world.signed_in(EMAIL).await;
    let forms = [
        format!("/messages/{ana}/reply"),
        format!("/messages/{ana}/seen"),
        format!("/messages/{ana}/1/resolve"),
        format!("/channels/{}/resume", world.channel),
        "/settings/appearance".into(),
        "/sign-out".into(),
    ];
    for path in forms {
        let fields =
            [("csrf", "wrong"), ("text", "Hola"), ("client", "c"), ("choice", "leave"), ("theme", "dark")];
        let response = world.post(&path, &cookie, &fields).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(world.app.engine.store().thread(world.workspace, ana, None, 9).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_sent_twice_goes_out_once() {
    let world = World::new("http://127.0.0.1:1").await;
    let ana = world.ana().await;
    let cookie = world.signed_in(EMAIL).await;
    let (_, page) = world.get(&format!("/messages/{ana}"), &cookie).await;
    let (csrf, client) = (field(&page, "csrf"), field(&page, "client"));
    let path = format!("/messages/{ana}/reply");
    for _ in 0..2 {
        let response = world
            .post(&path, &cookie, &[("csrf", &csrf), ("client", &client), ("text", "Ya sale\r\nhoy")])
            .await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
    }
    let other =
        world.post(&path, &cookie, &[("csrf", &csrf), ("client", &client), ("text", "Otra cosa")]).await;
    let (status, page) = read(other).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("Otra cosa</textarea>") && page.contains("role=\"alert\""),
        "the draft is kept: {page}"
    );
    let thread = world.app.engine.store().thread(world.workspace, ana, None, 9).await.unwrap();
    assert_eq!(thread.len(), 2);
    assert_eq!(thread[0].origin.user.as_deref(), Some("Carla"));
    assert!(matches!(&thread[0].content, Content::Text { text, .. } if text == "Ya sale\nhoy"));
    let (_, page) = world.get(&format!("/messages/{ana}"), &cookie).await;
    assert!(page.contains("data-status=\"pending\"") && page.contains("Ya sale<br>hoy"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_window_offers_no_box_and_says_why() {
    let world = World::new("http://127.0.0.1:1").await;
    let ana = world.writes("Hola", world.app.engine.clock().now() - Duration::from_secs(26 * 3600)).await;
    let cookie = world.signed_in(EMAIL).await;
    let (_, page) = world.get(&format!("/messages/{ana}"), &cookie).await;
    assert!(!page.contains("id=\"reply\"") && page.contains("La ventana de 24 h está cerrada"), "{page}");
    let csrf = field(&page, "csrf");
    let response = world
        .post(
            &format!("/messages/{ana}/reply"),
            &cookie,
            &[("csrf", &csrf), ("client", "c"), ("text", "Hola")],
        )
        .await;
    let (status, page) = read(response).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("readonly>Hola</textarea>"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_a_thread_marks_it_seen() {
    let world = World::new("http://127.0.0.1:1").await;
    let ana = world.ana().await;
    let store = world.app.engine.store();
    while store.project(100).await.unwrap() {}
    assert_eq!(store.counts(world.workspace).await.unwrap().unread, 1);
    let cookie = world.signed_in(EMAIL).await;
    let (_, page) = world.get(&format!("/messages/{ana}"), &cookie).await;
    assert!(!page.contains("class=\"badge\""), "{page}");
    while store.project(100).await.unwrap() {}
    assert_eq!(store.counts(world.workspace).await.unwrap().unread, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_workspaces_things_are_not_there() {
    let world = World::new("http://127.0.0.1:1").await;
    let ana = world.ana().await;
    let id = world.app.engine.store().thread(world.workspace, ana, None, 1).await.unwrap()[0].id;
    World::workspace(&world.app, "otra@ejemplo.ec").await;
    let cookie = world.signed_in("otra@ejemplo.ec").await;
    for path in [
        format!("/messages/{ana}"),
        format!("/messages/{ana}/{id}"),
        format!("/messages/fragments/message/{id}"),
        format!("/messages/fragments/drawer/{id}"),
        format!("/messages/fragments/thread/{ana}"),
        "/messages/x".into(),
    ] {
        let (status, page) = world.get(&path, &cookie).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(!page.contains("Ana"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_saved_language_is_kept_and_names_the_page() {
    let world = World::new("http://127.0.0.1:1").await;
    let cookie = world.signed_in(EMAIL).await;
    let (_, page) = world.get("/messages", &cookie).await;
    assert!(page.contains("<html lang=\"es\">"), "{page}");
    let csrf = field(&page, "csrf");
    world
        .post("/settings/appearance", &cookie, &[("csrf", &csrf), ("language", "en"), ("back", "/channels")])
        .await;
    let (_, page) = world.get("/channels", &cookie).await;
    assert!(page.contains("<html lang=\"en\">") && page.contains("<h1>Channels</h1>"), "{page}");
    let dark = format!("{cookie}; theme=dark");
    assert!(world.get("/channels", &dark).await.1.contains("data-theme=\"dark\""));
}

/// Reads events until one has this id.
async fn until(world: &World, cookie: &str, last: i64, id: i64) -> String {
    let request = Request::get("/messages/events")
        .header(header::COOKIE, cookie)
        .header("last-event-id", last.to_string());
    let response = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut chunks = response.into_body().into_data_stream();
    let mut text = String::new();
    let reading = async {
        while let Some(Ok(chunk)) = chunks.next().await {
            text.push_str(std::str::from_utf8(&chunk).unwrap());
            if text.contains(&format!("id: {id}\n")) {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reading).await.expect("the event comes");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_on_after_the_last_one_that_was_seen_and_none_comes_twice() {
    let world = World::new("http://127.0.0.1:1").await;
    let cookie = world.signed_in(EMAIL).await;
    let now = world.app.engine.clock().now();
    let start = world.app.engine.store().head(world.workspace).await.unwrap();
    for text in ["uno", "dos", "tres"] {
        world.writes(text, now).await;
    }
    let head = world.app.engine.store().head(world.workspace).await.unwrap();
    let all = until(&world, &cookie, start, head).await;
    assert_eq!(all.matches("event: change").count() as i64, head - start, "{all}");
    let rest = until(&world, &cookie, head - 1, head).await;
    assert_eq!(rest.matches("event: change").count(), 1, "{rest}");
    assert!(rest.contains("\"kind\":\"message.received\""), "{rest}");
    let (later, _) = tokio::join!(until(&world, &cookie, head, head + 1), world.writes("cuatro", now));
    assert_eq!(later.matches("event: change").count(), 1, "{later}");
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_are_kept_for_good_under_their_hash_only() {
    let world = World::new("http://127.0.0.1:1").await;
    let of = |path: String| Request::get(path).body(Body::empty()).unwrap();
    let fresh = world.send(of(assets::path("app.css"))).await;
    assert!(fresh.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    let tag = fresh.headers()[header::ETAG].clone();
    let old = world.send(of("/assets/0/app.js".into())).await;
    assert_eq!(old.headers()[header::CACHE_CONTROL], "no-cache");
    let again =
        Request::get(assets::path("app.css")).header(header::IF_NONE_MATCH, tag).body(Body::empty()).unwrap();
    assert_eq!(world.send(again).await.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(world.send(of("/assets/0/secret.key".into())).await.status(), StatusCode::NOT_FOUND);
}

/// The light and the dark value of a token.
fn token(name: &str) -> [String; 2] {
    let line = assets::CSS
        .lines()
        .find(|line| line.trim_start().starts_with(&format!("--{name}: light-dark(")))
        .unwrap();
    let values = line.split_once("light-dark(").unwrap().1.trim_end_matches(");");
    let mut values = values.split(", ").map(str::to_owned);
    [values.next().unwrap(), values.next().unwrap()]
}

/// Relative luminance as WCAG 2 defines it.
fn luminance(color: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn every_pair_of_colors_that_carries_text_can_be_read() {
    let mut pairs = vec![("on-accent", "accent"), ("ground", "ink"), ("note", "note-ground")];
    for ground in ["ground", "surface", "sunken", "accent-ground"] {
        pairs.extend(["ink", "ink-soft", "accent", "bad", "warm"].map(|text| (text, ground)));
    }
    for ground in ["warm-ground", "bad-ground", "note-ground"] {
        pairs.push(("ink", ground));
    }
    pairs.extend([("warm", "warm-ground"), ("bad", "bad-ground"), ("accent", "surface")]);
    pairs.extend([
        ("a0-ink", "a0"),
        ("a1-ink", "a1"),
        ("a2-ink", "a2"),
        ("a3-ink", "a3"),
        ("a4-ink", "a4"),
        ("a5-ink", "a5"),
    ]);
    for (text, ground) in pairs {
        for scheme in 0..2 {
            let (a, b) = (luminance(&token(text)[scheme]), luminance(&token(ground)[scheme]));
            let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(contrast >= 4.5, "{text} on {ground} ({}): {contrast:.2}", ["light", "dark"][scheme]);
        }
    }
}

#[test]
fn style_and_script_stay_within_their_budget_and_load_nothing_from_elsewhere() {
    let script = include_str!("app.js");
    assert!(assets::CSS.len() + script.len() < 100 * 1024);
    for text in [assets::CSS, script] {
        assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("@import"));
    }
}
