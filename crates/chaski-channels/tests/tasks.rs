//! What is asked of a provider beyond deliveries, step by step.

#![expect(clippy::unwrap_used, reason = "a missing step is a failed test")]

use chaski_channels::line::Line;
use chaski_channels::meta::{instagram::Instagram, messenger::Messenger};
use chaski_channels::telegram::Telegram;
use chaski_channels::viber::Viber;
use chaski_channels::whatsapp::{cloud::Cloud, dialog360::Dialog360, vonage::Vonage};
use chaski_channels::{ADAPTERS, Adapter, Answer, Auth, Call, Cx, MAX_STEPS, Reply, Settings, Step, Task};
use chaski_model::message::{Media, MediaKind};
use chaski_model::{Address, ChannelKind, ErrorCode, Failure, Timestamp};
use serde_json::{Value, json};

const HOOK: &str = "https://chaski.example/hooks/k";

fn settings(more: &[(&str, &str)]) -> Settings {
    let all = [
        ("base_url", "https://stub/"),
        ("phone_number_id", "pn"),
        ("waba_id", "waba"),
        ("application_id", "app"),
        ("from", "447700900001"),
        ("page_id", "page"),
        ("instagram_id", "ig"),
    ];
    all.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn ask(adapter: &dyn Adapter, task: &Task, settings: &Settings, so_far: &[Reply]) -> Step {
    let cx = Cx {
        settings,
        to: &[],
        reference: "",
        hook_url: HOOK,
        files: &[],
        prepared: None,
        now: Timestamp(0),
    };
    adapter.ask(&cx, task, so_far)
}

fn reply(status: u16, body: &Value) -> Reply {
    Reply { status, body: body.to_string().into_bytes(), ..Reply::default() }
}

fn call(step: Step) -> Call {
    match step {
        Step::Call(call) => *call,
        other => panic!("no call: {other:?}"),
    }
}

fn done(step: Step) -> Answer {
    match step {
        Step::Done(answer) => answer,
        other => panic!("not done: {other:?}"),
    }
}

fn failed(step: Step) -> Failure {
    match step {
        Step::Fail(failure) => failure,
        other => panic!("no failure: {other:?}"),
    }
}

/// Walks a task against a provider that always answers alike to the same step.
fn walk(
    adapter: &dyn Adapter,
    settings: &Settings,
    provider: impl Fn(&Call, usize) -> Reply,
) -> (Vec<String>, Step) {
    let mut replies = Vec::new();
    let mut urls = Vec::new();
    for step in 0..=MAX_STEPS {
        match ask(adapter, &Task::Templates, settings, &replies) {
            Step::Call(call) => {
                assert!(step < MAX_STEPS, "asks more often than it may");
                replies.push(provider(&call, step));
                urls.push(call.url);
            }
            end => return (urls, end),
        }
    }
    panic!("never ends");
}

fn template(name: &str) -> Value {
    json!({"name": name, "language": "es", "status": "APPROVED", "components": [{"type": "BODY", "text": "x"}]})
}

fn names(step: Step) -> Vec<String> {
    done(step).templates.iter().map(|t| t["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn cloud_is_checked_by_its_phone_number() {
    let settings = settings(&[]);
    let first = call(ask(&Cloud, &Task::Check, &settings, &[]));
    assert_eq!(first.url, "https://stub/v23.0/pn?fields=display_phone_number,verified_name,quality_rating");
    assert_eq!((first.method.as_str(), first.auth), ("GET", Auth::Bearer { secret: "access_token" }));
    let body = json!({"display_phone_number": "+1 555-078-3881", "verified_name": "Lucky", "quality_rating": "GREEN", "id": "pn"});
    let answer = done(ask(&Cloud, &Task::Check, &settings, &[reply(200, &body)]));
    assert_eq!(answer.settings["phone_number"], "+15550783881");
    assert_eq!(answer.settings["verified_name"], "Lucky");
    let error = json!({"error": {"code": 190, "message": "expired"}});
    let failure = failed(ask(&Cloud, &Task::Check, &settings, &[reply(401, &error)]));
    assert_eq!((failure.code, failure.provider_code), (ErrorCode::CredentialsRefused, Some(190)));
}

#[test]
fn cloud_subscribes_the_account_and_leaves_the_address_to_a_person() {
    let (settings, task) = (settings(&[]), Task::Connect { hook_secret: "s".into() });
    let first = call(ask(&Cloud, &task, &settings, &[]));
    assert_eq!(
        (first.method.as_str(), first.url.as_str()),
        ("POST", "https://stub/v23.0/waba/subscribed_apps")
    );
    let answer = done(ask(&Cloud, &task, &settings, &[reply(200, &json!({"success": true}))]));
    assert!(answer.by_hand[0].ends_with(HOOK));
    assert!(answer.by_hand.iter().any(|sentence| sentence.contains("verify_token")));
}

#[test]
fn d360_sets_its_webhook_with_our_secret_header() {
    let (settings, task) = (settings(&[]), Task::Connect { hook_secret: "s3cret".into() });
    let first = call(ask(&Dialog360, &task, &settings, &[]));
    assert_eq!((first.method.as_str(), first.url.as_str()), ("POST", "https://stub/v1/configs/webhook"));
    let body: Value = serde_json::from_slice(&first.body).unwrap();
    assert_eq!(body, json!({"url": HOOK, "headers": {"X-Chaski-Hook": "s3cret"}}));
    assert!(done(ask(&Dialog360, &task, &settings, &[reply(200, &body)])).by_hand.is_empty());
    let check = call(ask(&Dialog360, &Task::Check, &settings, &[]));
    assert_eq!((check.method.as_str(), check.url.as_str()), ("GET", "https://stub/v1/configs/webhook"));
    assert_eq!(check.auth, Auth::Header { name: "D360-API-KEY", secret: "api_key" });
    let error = json!({"meta": {"success": false, "http_code": 401, "developer_message": "Invalid api_key"}});
    let failure = failed(ask(&Dialog360, &Task::Check, &settings, &[reply(401, &error)]));
    assert_eq!(failure.code, ErrorCode::CredentialsRefused);
}

#[test]
fn vonage_is_checked_by_its_templates_and_falls_back_to_key_and_secret() {
    let plain = settings(&[]);
    let first = call(ask(&Vonage, &Task::Check, &plain, &[]));
    assert_eq!(first.url, "https://stub/v2/whatsapp-manager/wabas/waba/templates?limit=1");
    assert_eq!(first.auth, Auth::Jwt { application: "application_id", secret: "private_key" });
    let refused = reply(401, &json!({"type": "x#unauthorized", "title": "no"}));
    assert_eq!(
        failed(ask(&Vonage, &Task::Check, &plain, std::slice::from_ref(&refused))).code,
        ErrorCode::CredentialsRefused
    );
    let keyed = settings(&[("api_key", "k")]);
    let second = call(ask(&Vonage, &Task::Check, &keyed, std::slice::from_ref(&refused)));
    assert_eq!(second.auth, Auth::Basic { user: "api_key", secret: "api_secret" });
    done(ask(&Vonage, &Task::Check, &keyed, &[refused.clone(), reply(200, &json!({"templates": []}))]));
    assert_eq!(
        failed(ask(&Vonage, &Task::Check, &keyed, &[refused.clone(), refused])).code,
        ErrorCode::CredentialsRefused
    );
    let answer = done(ask(&Vonage, &Task::Connect { hook_secret: String::new() }, &plain, &[]));
    assert!(answer.by_hand[0].contains(HOOK) && answer.by_hand[0].contains("app"));
}

fn cursor_page(key: &str, names: &[&str], after: &str, more: bool) -> Value {
    let list: Vec<Value> = names.iter().map(|name| template(name)).collect();
    let mut page = json!({"paging": {"cursors": {"before": "b", "after": after}}});
    page[key] = Value::from(list);
    if more {
        page["paging"]["next"] = json!("https://elsewhere/next");
    }
    page
}

#[test]
fn lists_with_a_cursor_are_read_to_their_end() {
    for (adapter, key) in [(&Cloud as &dyn Adapter, "data"), (&Vonage, "templates")] {
        let pages = [cursor_page(key, &["a", "b"], "x/1=", true), cursor_page(key, &["b", "c"], "y", false)];
        let (urls, end) = walk(adapter, &settings(&[]), |_, step| reply(200, &pages[step]));
        assert_eq!(names(end), ["a", "b", "c"]);
        assert_eq!(urls.len(), 2);
        assert!(urls.iter().all(|url| url.starts_with("https://stub/")), "only our own address is called");
        assert!(urls[1].ends_with("&after=x%2F1%3D"), "{}", urls[1]);
        let (_, end) = walk(adapter, &settings(&[]), |_, _| reply(200, &cursor_page(key, &[], "", false)));
        assert!(names(end).is_empty());
    }
}

#[test]
fn a_page_that_repeats_ends_the_list() {
    for (adapter, key) in [(&Cloud as &dyn Adapter, "data"), (&Vonage, "templates")] {
        let (urls, end) =
            walk(adapter, &settings(&[]), |_, _| reply(200, &cursor_page(key, &["a"], "same", true)));
        assert_eq!((names(end).len(), urls.len()), (1, 2));
    }
    let page = json!({"count": 1, "total": 50, "waba_templates": [template("a")]});
    let (urls, end) = walk(&Dialog360, &settings(&[]), |_, _| reply(200, &page));
    assert_eq!((names(end).len(), urls.len()), (1, 2));
}

#[test]
fn a_list_without_end_is_refused_rather_than_cut() {
    let (urls, end) = walk(&Cloud, &settings(&[]), |_, step| {
        reply(200, &cursor_page("data", &[&step.to_string()], &step.to_string(), true))
    });
    assert_eq!((urls.len(), failed(end).code), (MAX_STEPS, ErrorCode::NotSupported));
    let (urls, end) = walk(&Dialog360, &settings(&[]), |_, step| {
        reply(200, &json!({"total": 99_999, "waba_templates": [template(&step.to_string())]}))
    });
    assert_eq!((urls.len(), failed(end).code), (MAX_STEPS, ErrorCode::NotSupported));
}

#[test]
fn d360_pages_by_offset() {
    let all = ["a", "b", "c"];
    let (urls, end) = walk(&Dialog360, &settings(&[]), |_, step| {
        let list: Vec<Value> = all.iter().skip(step * 2).take(2).map(|name| template(name)).collect();
        reply(200, &json!({"count": list.len(), "total": 3, "waba_templates": list}))
    });
    assert_eq!(names(end), all);
    assert_eq!(urls[1], "https://stub/v1/configs/templates?limit=1000&offset=2&sort=business_templates.name");
    let (_, end) =
        walk(&Dialog360, &settings(&[]), |_, _| reply(200, &json!({"total": 0, "waba_templates": []})));
    assert!(names(end).is_empty());
}

#[test]
fn a_list_that_breaks_off_fails_the_task() {
    for adapter in ADAPTERS.iter().filter(|adapter| adapter.kind().is_whatsapp()) {
        let (_, end) = walk(*adapter, &settings(&[]), |_, _| Reply {
            status: 502,
            body: b"<html>".to_vec(),
            ..Reply::default()
        });
        assert_eq!(failed(end).code, ErrorCode::ProviderUnavailable);
        let (_, end) = walk(*adapter, &settings(&[]), |_, _| reply(200, &json!({"something": "else"})));
        assert_eq!(failed(end).code, ErrorCode::ProviderRefused, "{:?}", adapter.kind());
    }
}

#[test]
fn a_missing_setting_is_named() {
    let settings = Settings::new();
    for (adapter, key) in [(&Cloud as &dyn Adapter, "phone_number_id"), (&Vonage, "waba_id")] {
        let failure = failed(ask(adapter, &Task::Check, &settings, &[]));
        assert!(failure.message.contains(key), "{}", failure.message);
    }
    assert_eq!(
        call(ask(&Dialog360, &Task::Check, &settings, &[])).url,
        "https://waba-v2.360dialog.io/v1/configs/webhook"
    );
}

#[test]
fn every_kind_has_the_common_settings_and_helps_with_each() {
    for adapter in ADAPTERS {
        let settings = adapter.settings();
        // A mail server has no address that everybody would use.
        let is_mail = adapter.kind() == ChannelKind::Email;
        for key in
            ["base_url", "pace", "pair_pace"].into_iter().filter(|key| !(is_mail && *key == "base_url"))
        {
            let setting = settings.iter().find(|setting| setting.key == key).unwrap();
            // A program of one's own has no address that could be known.
            let is_own = adapter.kind() == ChannelKind::Custom && key == "base_url";
            assert!(!setting.secret && setting.required == is_own && setting.default.is_empty() == is_own);
        }
        assert!(settings.iter().all(|setting| setting.help.ends_with('.')));
        assert!(settings.iter().all(|setting| !setting.required || setting.default.is_empty()));
    }
}

fn media(id: Option<&str>, link: Option<&str>) -> Task {
    let mut media = Media::link(MediaKind::Image, "");
    media.provider_id = id.map(str::to_owned);
    media.link = link.map(str::to_owned);
    Task::Media { media }
}

fn fetched(step: Step) -> Call {
    match step {
        Step::Fetch(call) => *call,
        other => panic!("no file: {other:?}"),
    }
}

#[test]
fn meta_media_are_looked_up_and_fetched_with_the_token() {
    let settings = settings(&[]);
    let task = media(Some("17/../x"), None);
    let first = call(ask(&Cloud, &task, &settings, &[]));
    assert_eq!(first.url, "https://stub/v23.0/17%2F%2E%2E%2Fx?phone_number_id=pn");
    let url = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=17&ext=1";
    let there = reply(200, &json!({"url": url, "mime_type": "image/png", "id": "17"}));
    let file = fetched(ask(&Cloud, &task, &settings, &[there]));
    assert_eq!((&*file.url, file.auth), (url, first.auth));
    let elsewhere = reply(200, &json!({"url": "https://elsewhere.example/x"}));
    assert_eq!(fetched(ask(&Cloud, &task, &settings, &[elsewhere])).auth, Auth::None);
}

#[test]
fn d360_media_are_fetched_from_its_own_host() {
    let task = media(Some("17"), None);
    let first = call(ask(&Dialog360, &task, &settings(&[]), &[]));
    assert_eq!(first.url, "https://stub/17");
    let there = json!({"url": "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=17&ext=1"});
    let file = fetched(ask(&Dialog360, &task, &settings(&[]), &[reply(200, &there)]));
    assert_eq!(file.url, "https://stub/whatsapp_business/attachments/?mid=17&ext=1");
    assert_eq!(file.auth, first.auth);
}

#[test]
fn telegrams_files_are_looked_up_and_fetched_below_the_bots_own_path() {
    let task = media(Some("AgACAgQAAx"), None);
    let first = call(ask(&Telegram, &task, &settings(&[]), &[]));
    assert_eq!(first.url, "https://stub/bot***/getFile");
    let found = |path: &str| {
        let file =
            json!({"file_id": "AgACAgQAAx", "file_unique_id": "AQ", "file_size": 9, "file_path": path});
        reply(200, &json!({"ok": true, "result": file}))
    };
    let file = fetched(ask(&Telegram, &task, &settings(&[]), &[found("photos/file_0.jpg")]));
    assert_eq!((&*file.url, file.auth), ("https://stub/file/bot***/photos/file_0.jpg", TOKEN));
    for odd in ["../../botX/getMe", "/etc/passwd", "a?b", "https://elsewhere.example/x"] {
        let failure = failed(ask(&Telegram, &task, &settings(&[]), &[found(odd)]));
        assert_eq!(failure.code, ErrorCode::MediaUnreachable, "{odd}");
    }
    let gone =
        reply(400, &json!({"ok": false, "error_code": 400, "description": "Bad Request: file is too big"}));
    assert_eq!(failed(ask(&Telegram, &task, &settings(&[]), &[gone])).code, ErrorCode::MediaUnreachable);
}

#[test]
fn vonage_media_are_fetched_at_their_address() {
    let at = |link: &str| fetched(ask(&Vonage, &media(None, Some(link)), &settings(&[]), &[]));
    assert!(matches!(at("https://api-us-3.nexmo.com/v3/media/9").auth, Auth::Jwt { .. }));
    assert_eq!(at("https://elsewhere.example/9").auth, Auth::None, "the token stays here");
}

#[test]
fn media_that_are_not_there_are_told_from_a_provider_that_is_down() {
    let no_object = json!({"error": {"message": "Unsupported get request.", "type": "GraphMethodException", "code": 100, "error_subcode": 33}});
    for adapter in [&Cloud as &dyn Adapter, &Dialog360] {
        let code = |reply: Reply| {
            failed(ask(adapter, &media(Some("17"), None), &settings(&[]), std::slice::from_ref(&reply))).code
        };
        assert_eq!(code(reply(404, &json!({}))), ErrorCode::MediaUnreachable);
        assert_eq!(code(reply(400, &no_object)), ErrorCode::MediaUnreachable);
        assert_eq!(code(reply(401, &json!({}))), ErrorCode::CredentialsRefused);
        assert_eq!(code(reply(503, &json!({}))), ErrorCode::ProviderUnavailable);
        assert_eq!(code(reply(200, &json!({}))), ErrorCode::MediaUnreachable, "no address");
    }
    for adapter in ADAPTERS {
        let failure = failed(ask(*adapter, &media(None, None), &settings(&[]), &[]));
        assert_eq!(failure.code, ErrorCode::MediaUnreachable);
    }
}

const TOKEN: Auth = Auth::PathToken { secret: "token" };

fn info(change: &[(&str, Value)]) -> Reply {
    let mut info = json!({
        "url": HOOK, "has_custom_certificate": false, "pending_update_count": 0, "max_connections": 40,
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
    });
    for (key, value) in change {
        info[*key] = value.clone();
    }
    reply(200, &json!({"ok": true, "result": info}))
}

#[test]
fn telegram_is_checked_by_its_bot_and_once_connected_by_its_webhook() {
    let me = reply(
        200,
        &json!({"ok": true, "result": {"id": 123_456, "is_bot": true, "first_name": "Example Bot", "username": "example_bot"}}),
    );
    let fresh = settings(&[]);
    let first = call(ask(&Telegram, &Task::Check, &fresh, &[]));
    assert_eq!((first.url.as_str(), first.auth), ("https://stub/bot***/getMe", TOKEN));
    let answer = done(ask(&Telegram, &Task::Check, &fresh, std::slice::from_ref(&me)));
    assert_eq!(answer.settings["username"], "example_bot");
    let registered = settings(&[("webhook", "registered")]);
    let second = call(ask(&Telegram, &Task::Check, &registered, std::slice::from_ref(&me)));
    assert_eq!(second.url, "https://stub/bot***/getWebhookInfo");
    let check = |info| ask(&Telegram, &Task::Check, &registered, &[me.clone(), info]);
    done(check(info(&[])));
    for (change, word) in [
        (vec![("url", json!(""))], "not set"),
        (vec![("url", json!("https://other.example/"))], "another program"),
        (
            vec![("pending_update_count", json!(3)), ("last_error_message", json!("Connection refused"))],
            "Connection refused",
        ),
        (vec![("allowed_updates", json!(["message"]))], "edited_message"),
    ] {
        let failure = failed(check(info(&change)));
        assert_eq!(failure.code, ErrorCode::ChannelHeld);
        assert!(failure.message.contains(word), "{}", failure.message);
    }
    done(check(info(&[("pending_update_count", json!(3))])));
    let refused = reply(401, &json!({"ok": false, "error_code": 401, "description": "Unauthorized"}));
    assert_eq!(failed(ask(&Telegram, &Task::Check, &fresh, &[refused])).code, ErrorCode::CredentialsRefused);
}

#[test]
fn telegrams_webhook_is_registered_with_its_secret_and_taken_back() {
    let settings = settings(&[]);
    let connect = Task::Connect { hook_secret: "AbC-123_secret".into() };
    let first = call(ask(&Telegram, &connect, &settings, &[]));
    assert_eq!((first.url.as_str(), first.auth), ("https://stub/bot***/setWebhook", TOKEN));
    let body: Value = serde_json::from_slice(&first.body).unwrap();
    assert_eq!(
        body,
        json!({
            "url": HOOK, "secret_token": "AbC-123_secret", "max_connections": 40, "drop_pending_updates": false,
            "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
        })
    );
    let well = reply(200, &json!({"ok": true, "result": true, "description": "Webhook was set"}));
    let answer = done(ask(&Telegram, &connect, &settings, std::slice::from_ref(&well)));
    assert!(answer.settings.contains_key("webhook") && answer.by_hand.is_empty());
    let bad = reply(
        400,
        &json!({"ok": false, "error_code": 400, "description": "Bad Request: bad webhook: HTTPS url must be provided for webhook"}),
    );
    let failure = failed(ask(&Telegram, &connect, &settings, &[bad]));
    assert!(failure.provider_text.unwrap().contains("HTTPS url"));
    let last = call(ask(&Telegram, &Task::Disconnect, &settings, &[]));
    assert_eq!(last.url, "https://stub/bot***/deleteWebhook");
    done(ask(&Telegram, &Task::Disconnect, &settings, &[well]));
    assert!(done(ask(&Telegram, &Task::Templates, &settings, &[])).templates.is_empty(), "without a call");
}

const VIBERS: Auth = Auth::Header { name: "x-viber-auth-token", secret: "auth_token" };

#[test]
fn viber_is_checked_by_its_account_and_once_connected_by_its_webhook() {
    let info = |webhook: &str| {
        reply(
            200,
            &json!({"status": 0, "status_message": "ok", "id": "pa:1", "name": "A name that is longer than 28 characters", "uri": "ecuabots", "webhook": webhook}),
        )
    };
    let fresh = settings(&[]);
    let first = call(ask(&Viber, &Task::Check, &fresh, &[]));
    assert_eq!((first.url.as_str(), first.auth), ("https://stub/pa/get_account_info", VIBERS));
    let answer = done(ask(&Viber, &Task::Check, &fresh, &[info("")]));
    assert_eq!(answer.settings["bot_name"], "A name that is longer than 2");
    let registered = settings(&[("webhook", "registered")]);
    done(ask(&Viber, &Task::Check, &registered, &[info(HOOK)]));
    for other in ["", "https://other.example/"] {
        let failure = failed(ask(&Viber, &Task::Check, &registered, &[info(other)]));
        assert_eq!(failure.code, ErrorCode::ChannelHeld);
    }
    let refused = reply(200, &json!({"status": 2, "status_message": "invalidAuthToken"}));
    assert_eq!(failed(ask(&Viber, &Task::Check, &fresh, &[refused])).code, ErrorCode::CredentialsRefused);
    assert_eq!(
        failed(ask(&Viber, &Task::Check, &fresh, &[reply(503, &json!({}))])).code,
        ErrorCode::ProviderUnavailable
    );
}

#[test]
fn vibers_webhook_is_registered_and_taken_back() {
    let settings = settings(&[]);
    let connect = Task::Connect { hook_secret: "unused".into() };
    let first = call(ask(&Viber, &connect, &settings, &[]));
    assert_eq!(first.url, "https://stub/pa/set_webhook");
    let body: Value = serde_json::from_slice(&first.body).unwrap();
    let events = ["delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started"];
    assert_eq!(body, json!({"url": HOOK, "event_types": events, "send_name": true, "send_photo": true}));
    let well = reply(200, &json!({"status": 0, "status_message": "ok", "event_types": events}));
    let answer = done(ask(&Viber, &connect, &settings, std::slice::from_ref(&well)));
    assert!(answer.settings.contains_key("webhook") && answer.by_hand.is_empty());
    let bad = reply(200, &json!({"status": 1, "status_message": "invalidUrl"}));
    assert_eq!(failed(ask(&Viber, &connect, &settings, &[bad])).code, ErrorCode::ChannelHeld);
    let last = call(ask(&Viber, &Task::Disconnect, &settings, &[]));
    assert_eq!(serde_json::from_slice::<Value>(&last.body).unwrap(), json!({"url": ""}));
    done(ask(&Viber, &Task::Disconnect, &settings, &[well]));
    assert!(done(ask(&Viber, &Task::Templates, &settings, &[])).templates.is_empty());
}

#[test]
fn vibers_files_are_fetched_at_their_links_without_the_token() {
    let fetch = fetched(ask(&Viber, &media(None, Some("https://dl-media.viber.com/f")), &settings(&[]), &[]));
    assert_eq!((fetch.url.as_str(), fetch.auth), ("https://dl-media.viber.com/f", Auth::None));
}

const LINES: Auth = Auth::Bearer { secret: "access_token" };

#[test]
fn line_is_checked_by_its_account_and_once_connected_by_its_webhook() {
    let info = reply(200, &json!({"userId": "U0", "basicId": "@216ru", "displayName": "Example name"}));
    let fresh = settings(&[]);
    let first = call(ask(&Line, &Task::Check, &fresh, &[]));
    assert_eq!((first.url.as_str(), first.auth), ("https://stub/v2/bot/info", LINES));
    let answer = done(ask(&Line, &Task::Check, &fresh, std::slice::from_ref(&info)));
    assert_eq!(
        (answer.settings["bot_name"].as_str(), answer.settings["username"].as_str()),
        ("Example name", "@216ru")
    );
    let registered = settings(&[("webhook", "registered")]);
    let second = call(ask(&Line, &Task::Check, &registered, std::slice::from_ref(&info)));
    assert_eq!(second.url, "https://stub/v2/bot/channel/webhook/endpoint");
    let check =
        |endpoint: Value| ask(&Line, &Task::Check, &registered, &[info.clone(), reply(200, &endpoint)]);
    done(check(json!({"endpoint": HOOK, "active": true})));
    for (endpoint, word) in [
        (json!({"endpoint": "https://other.example/", "active": true}), "another program"),
        (json!({"endpoint": HOOK, "active": false}), "switched off"),
    ] {
        let failure = failed(check(endpoint));
        assert_eq!(failure.code, ErrorCode::ChannelHeld);
        assert!(failure.message.contains(word), "{}", failure.message);
    }
    let refused = reply(401, &json!({"message": "Authentication failed."}));
    assert_eq!(failed(ask(&Line, &Task::Check, &fresh, &[refused])).code, ErrorCode::CredentialsRefused);
}

#[test]
fn lines_webhook_is_set_and_tested_and_what_is_left_is_told() {
    let settings = settings(&[]);
    let connect = Task::Connect { hook_secret: "unused".into() };
    let first = call(ask(&Line, &connect, &settings, &[]));
    assert_eq!(first.method.as_str(), "PUT");
    assert_eq!(first.url, "https://stub/v2/bot/channel/webhook/endpoint");
    assert_eq!(serde_json::from_slice::<Value>(&first.body).unwrap(), json!({"endpoint": HOOK}));
    let set = reply(200, &json!({}));
    let second = call(ask(&Line, &connect, &settings, std::slice::from_ref(&set)));
    assert_eq!(second.url, "https://stub/v2/bot/channel/webhook/test");
    let answer = |test: Value, active: bool| {
        let endpoint = reply(200, &json!({"endpoint": HOOK, "active": active}));
        done(ask(&Line, &connect, &settings, &[set.clone(), reply(200, &test), endpoint]))
    };
    let well = json!({"success": true, "timestamp": "2020-09-30T05:38:20.031Z", "statusCode": 200, "reason": "OK", "detail": "200"});
    let answer_well = answer(well.clone(), true);
    assert!(answer_well.settings.contains_key("webhook"));
    assert_eq!(answer_well.by_hand.len(), 1, "redelivery has no API: {:?}", answer_well.by_hand);
    assert!(answer(well, false).by_hand[0].contains("Use webhook"));
    let refused =
        json!({"success": false, "statusCode": 401, "reason": "ERROR_STATUS_CODE", "detail": "401"});
    assert!(answer(refused, true).by_hand[0].contains("channel_secret"));
    let lost = json!({"success": false, "statusCode": 0, "reason": "COULD_NOT_CONNECT", "detail": "TLS handshake failure"});
    assert!(answer(lost, true).by_hand[0].contains("COULD_NOT_CONNECT"));
    let bad = reply(400, &json!({"message": "Invalid webhook endpoint URL"}));
    assert!(failed(ask(&Line, &connect, &settings, &[bad])).provider_text.unwrap().contains("Invalid"));
    done(ask(&Line, &Task::Disconnect, &settings, &[]));
    assert!(done(ask(&Line, &Task::Templates, &settings, &[])).templates.is_empty());
}

#[test]
fn lines_files_are_fetched_once_they_are_converted() {
    let settings = settings(&[("data_url", "https://data/")]);
    let content = "https://data/v2/bot/message/354718705033693859/content";
    let task = |kind| Task::Media {
        media: Media { provider_id: Some("354718705033693859".into()), link: None, ..Media::link(kind, "x") },
    };
    for kind in [MediaKind::Image, MediaKind::File] {
        let fetch = fetched(ask(&Line, &task(kind), &settings, &[]));
        assert_eq!((fetch.url.as_str(), fetch.auth), (content, LINES));
    }
    for kind in [MediaKind::Audio, MediaKind::Video] {
        let first = call(ask(&Line, &task(kind), &settings, &[]));
        assert_eq!(first.url, format!("{content}/transcoding"));
        let after = |status, body| ask(&Line, &task(kind), &settings, &[reply(status, &body)]);
        assert_eq!(fetched(after(200, json!({"status": "succeeded"}))).url, content);
        assert_eq!(failed(after(200, json!({"status": "processing"}))).code, ErrorCode::ProviderUnavailable);
        assert_eq!(failed(after(200, json!({"status": "failed"}))).code, ErrorCode::MediaUnreachable);
        assert_eq!(failed(after(404, json!({"message": "Not found"}))).code, ErrorCode::MediaUnreachable);
        assert_eq!(failed(after(401, json!({"message": "x"}))).code, ErrorCode::CredentialsRefused);
    }
    let elsewhere =
        fetched(ask(&Line, &media(None, Some("https://example.com/original.mp4")), &settings, &[]));
    assert_eq!((elsewhere.url.as_str(), elsewhere.auth), ("https://example.com/original.mp4", Auth::None));
    let odd = Task::Media {
        media: Media { provider_id: Some("../1".into()), link: None, ..Media::link(MediaKind::Image, "x") },
    };
    assert_eq!(failed(ask(&Line, &odd, &settings, &[])).code, ErrorCode::MediaUnreachable);
}

#[test]
fn a_page_is_checked_by_whose_token_it_is() {
    let settings = settings(&[]);
    let first = call(ask(&Messenger, &Task::Check, &settings, &[]));
    assert_eq!((first.method.as_str(), first.url.as_str()), ("GET", "https://stub/v25.0/me?fields=id,name"));
    let of = |body: Value| ask(&Messenger, &Task::Check, &settings, &[reply(200, &body)]);
    assert_eq!(done(of(json!({"id": "page", "name": "Tienda"}))).settings["account_name"], "Tienda");
    let other = failed(of(json!({"id": "another", "name": "Otra"})));
    assert_eq!(other.code, ErrorCode::CredentialsRefused);
    assert!(other.message.contains("another") && other.message.contains("page_id"), "{}", other.message);
    let refused = json!({"error": {"code": 190, "message": "expired"}});
    let failure = failed(ask(&Messenger, &Task::Check, &settings, &[reply(401, &refused)]));
    assert_eq!((failure.code, failure.provider_code), (ErrorCode::CredentialsRefused, Some(190)));
}

#[test]
fn an_instagram_account_is_checked_by_its_page_or_by_itself() {
    let linked = settings(&[]);
    let first = call(ask(&Instagram, &Task::Check, &linked, &[]));
    assert!(
        first.url.ends_with("/me?fields=id,name,instagram_business_account%7Bid,username%7D"),
        "{}",
        first.url
    );
    let body = json!({"id": "page", "instagram_business_account": {"id": "ig", "username": "tienda"}});
    let answer = done(ask(&Instagram, &Task::Check, &linked, &[reply(200, &body)]));
    assert_eq!(answer.settings["account_username"], "tienda");
    let none = reply(200, &json!({"id": "page"}));
    assert_eq!(failed(ask(&Instagram, &Task::Check, &linked, &[none])).code, ErrorCode::CredentialsRefused);
    let alone = settings(&[("page_id", "")]);
    let first = call(ask(&Instagram, &Task::Check, &alone, &[]));
    assert!(first.url.ends_with("/me?fields=user_id,username"), "{}", first.url);
    let body = json!({"user_id": "ig", "username": "tienda", "id": "of the app"});
    assert_eq!(
        done(ask(&Instagram, &Task::Check, &alone, &[reply(200, &body)])).settings["account_username"],
        "tienda"
    );
}

#[test]
fn a_page_is_subscribed_and_its_apps_address_is_left_to_a_person() {
    let (settings, task) = (settings(&[]), Task::Connect { hook_secret: "s".into() });
    let first = call(ask(&Messenger, &task, &settings, &[]));
    assert!(first.url.starts_with("https://stub/v25.0/page/subscribed_apps?subscribed_fields=messages,"));
    for field in ["message_deliveries", "message_reads", "message_echoes", "message_reactions"] {
        assert!(first.url.contains(field), "{field}");
    }
    let answer = done(ask(&Messenger, &task, &settings, &[reply(200, &json!({"success": true}))]));
    assert!(answer.by_hand[0].contains(HOOK) && answer.by_hand[0].contains("object page"));
    let alone = self::settings(&[("page_id", "")]);
    assert!(
        call(ask(&Instagram, &task, &alone, &[])).url.starts_with("https://stub/v25.0/ig/subscribed_apps?")
    );
}

#[test]
fn a_pages_subscription_is_taken_back_and_another_kinds_is_left() {
    let settings = settings(&[]);
    let first = call(ask(&Messenger, &Task::Disconnect, &settings, &[]));
    assert_eq!(
        (first.method.as_str(), first.url.as_str()),
        ("DELETE", "https://stub/v25.0/page/subscribed_apps")
    );
    done(ask(&Messenger, &Task::Disconnect, &settings, &[reply(200, &json!({"success": true}))]));
    done(ask(&Instagram, &Task::Disconnect, &settings, &[]));
}

#[test]
fn metas_media_are_fetched_without_the_token() {
    let task = Task::Media { media: Media::link(MediaKind::Image, "https://cdn.example.com/x?oh=1") };
    for adapter in [&Messenger as &dyn Adapter, &Instagram] {
        let Step::Fetch(call) = ask(adapter, &task, &settings(&[]), &[]) else { panic!("a fetch") };
        assert_eq!((call.url.as_str(), call.auth), ("https://cdn.example.com/x?oh=1", Auth::None));
    }
}

#[test]
fn a_profile_is_asked_for_and_none_is_final() {
    let settings = settings(&[]);
    let task = Task::Profile { of: Address::native("12/54") };
    let first = call(ask(&Messenger, &task, &settings, &[]));
    assert_eq!(first.url, "https://stub/v25.0/12%2F54?fields=first_name,last_name,profile_pic");
    let body = json!({"first_name": "Peter", "last_name": "Chang", "profile_pic": "https://cdn.example.com/p.jpg", "id": "1"});
    let profile = done(ask(&Messenger, &task, &settings, &[reply(200, &body)])).profile.unwrap();
    assert_eq!((profile.first_name.as_deref(), profile.last_name.as_deref()), (Some("Peter"), Some("Chang")));
    let body =
        json!({"name": "Peter Chang", "username": "peter_chang_live", "profile_pic": "https://x.ec/p.jpg"});
    let profile = done(ask(&Instagram, &task, &settings, &[reply(200, &body)])).profile.unwrap();
    assert_eq!(profile.first_name.as_deref(), Some("Peter Chang"));
    let none = json!({"error": {"code": 100, "error_subcode": 2_018_218, "message": "(#100) No profile"}});
    assert_eq!(done(ask(&Messenger, &task, &settings, &[reply(400, &none)])).profile, None);
    let first = call(ask(&Line, &task, &settings, &[]));
    assert_eq!((first.method.as_str(), first.url.as_str()), ("GET", "https://stub/v2/bot/profile/12%2F54"));
    let body = json!({"displayName": "LINE taro", "userId": "U4af4", "language": "en", "pictureUrl": "https://p.ec/a"});
    let profile = done(ask(&Line, &task, &settings, &[reply(200, &body)])).profile.unwrap();
    assert_eq!((profile.first_name.as_deref(), profile.language.as_deref()), (Some("LINE taro"), Some("en")));
    let none = json!({"message": "Not found"});
    assert_eq!(done(ask(&Line, &task, &settings, &[reply(404, &none)])).profile, None);
    // A later kind may have none: WhatsApp and Telegram tell names with their messages.
    for adapter in [&Cloud as &dyn Adapter, &Telegram] {
        assert_eq!(done(ask(adapter, &task, &settings, &[])).profile, None);
    }
}
