//! Meta's Cloud API under `/meta`, from the Graph API's documentation.

mod content;
mod interactive;
pub(crate) mod media;
pub(crate) mod messages;
pub(crate) mod refusal;
mod shape;
pub(crate) mod signature;
mod template;
pub(crate) mod templates;
pub(crate) mod webhook;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

pub(crate) use self::content::content;
use self::refusal::Refusal;
use crate::accounts::{self, Account, AccountId, Credential, account};
use crate::call::{Call, Reply, text};
use crate::sim::{Shared, Sim};
use crate::source::Source;
use crate::webhooks::{Hook, challenge};

/// Answers a call; `lookaside` stands for Meta's media host.
pub(crate) async fn answer(sim: &Shared, call: &Call) -> Reply {
    if !has_token(call) {
        return messages::bad_token();
    }
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["lookaside", ..]) => media::download(sim, call),
        ("POST", [_, id, "messages"]) => with_number(id, call, |id| messages::send(sim, id, call)),
        ("POST", [_, id, "media"]) => with_number(id, call, |_| media::upload(sim, call)),
        (_, [_, waba, "message_templates"]) => with_waba(waba, call, |id| templates::answer(sim, id, call)),
        ("POST", [_, waba, "subscribed_apps"]) => match find(|a| a.waba_id == *waba) {
            Some(id) => subscribe(sim, id, call).await,
            None => unknown_object(waba, call),
        },
        ("GET", [_, waba, "subscribed_apps"]) => with_waba(waba, call, |_| {
            Reply::ok(
                &json!({"data": [{"whatsapp_business_api_data": {"id": "670843887433847", "link": "https://www.facebook.com/games/?app_id=670843887433847", "name": "Simulated app"}}]}),
            )
        }),
        ("DELETE", [_, waba, "subscribed_apps"]) => with_waba(waba, call, |id| {
            sim.webhooks.set(Source::Cloud, Some(id), None);
            Reply::ok(&json!({"success": true}))
        }),
        ("GET", [_, waba, "phone_numbers"]) => {
            with_waba(waba, call, |id| Reply::ok(&json!({"data": [number_view(account(id), call)]})))
        }
        (_, [_, id]) => one_object(sim, id, call),
        _ => unknown_object(parts.get(1).unwrap_or(&""), call),
    }
}

fn find(wanted: impl Fn(&Account) -> bool) -> Option<AccountId> {
    accounts::find(|a| a.source == Source::Cloud && wanted(a))
}

fn has_token(call: &Call) -> bool {
    let given = call.bearer().map(str::to_owned).or_else(|| call.query("access_token"));
    given.is_some_and(|given| {
        find(|a| matches!(&a.credential, Credential::Cloud { access_token, .. } if *access_token == given))
            .is_some()
    })
}

fn with_number(number_id: &str, call: &Call, answer: impl FnOnce(AccountId) -> Reply) -> Reply {
    find(|a| a.phone_number_id == number_id).map_or_else(|| unknown_object(number_id, call), answer)
}

fn with_waba(waba: &str, call: &Call, answer: impl FnOnce(AccountId) -> Reply) -> Reply {
    find(|a| a.waba_id == waba).map_or_else(|| unknown_object(waba, call), answer)
}

/// What the Graph API says of an id that it does not know.
fn unknown_object(id: &str, call: &Call) -> Reply {
    let method = call.method.as_str().to_lowercase();
    let message = format!(
        "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api"
    );
    let body = json!({"error": {"message": message, "type": "GraphMethodException", "code": 100, "error_subcode": 33, "fbtrace_id": crate::ids::fbtrace()}});
    Reply::json(StatusCode::BAD_REQUEST, &body)
}

/// `/{id}`: a number, a WABA, a template or a file.
fn one_object(sim: &Sim, id: &str, call: &Call) -> Reply {
    let is_get = call.method == Method::GET;
    if let Some(number) = find(|a| a.phone_number_id == id).filter(|_| is_get) {
        return Reply::ok(&number_view(account(number), call));
    }
    if let Some(waba) = find(|a| a.waba_id == id).filter(|_| is_get) {
        let a = account(waba);
        let view = json!({"id": a.waba_id, "name": a.business, "timezone_id": "1", "message_template_namespace": "092819ec_f801_461b_b975_3a2d464f50a8"});
        return Reply::ok(&selected(view, call));
    }
    if let Some((owner, template)) =
        sim.templates.by_id(id).filter(|(owner, _)| account(*owner).source == Source::Cloud)
    {
        return templates::one(sim, owner, &template, call);
    }
    if is_get || call.method == Method::DELETE {
        let host = format!("{}/meta/lookaside", sim.url);
        return media::one(sim, &call.method, id, &host).unwrap_or_else(|| unknown_object(id, call));
    }
    unknown_object(id, call)
}

fn number_view(a: &Account, call: &Call) -> Value {
    let view = json!({
        "verified_name": a.business,
        "code_verification_status": "VERIFIED",
        "display_phone_number": spaced(a.number),
        "quality_rating": "GREEN",
        "platform_type": "CLOUD_API",
        "throughput": {"level": "STANDARD"},
        "whatsapp_business_manager_messaging_limit": "TIER_UNLIMITED",
        "status": "CONNECTED",
        "name_status": "APPROVED",
        "id": a.phone_number_id,
    });
    selected(view, call)
}

/// A number as Meta displays it.
fn spaced(number: &str) -> String {
    match (number.len(), number.strip_prefix('1')) {
        (11, Some(rest)) => format!("+1 {}-{}-{}", &rest[..3], &rest[3..6], &rest[6..]),
        _ => format!("+{number}"),
    }
}

/// The fields that the query asks for, and always the id.
pub(crate) fn selected(view: Value, call: &Call) -> Value {
    let Some(fields) = call.query("fields") else {
        return view;
    };
    let Value::Object(all) = view else {
        return view;
    };
    let wanted: Vec<&str> = fields.split(',').map(str::trim).collect();
    let kept: Map<String, Value> =
        all.into_iter().filter(|(key, _)| key == "id" || wanted.contains(&key.as_str())).collect();
    Value::Object(kept)
}

/// `POST …/subscribed_apps`, with an address of the WABA's own if the body has one.
async fn subscribe(sim: &Shared, id: AccountId, call: &Call) -> Reply {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    if let Some(url) = text(&body, "override_callback_uri") {
        let token = text(&body, "verify_token").unwrap_or_default();
        if let Err(fault) = challenge(sim, url, token).await {
            return Refusal::invalid(format!(
                "Before override the current callback uri, your app must be able to receive messages: {fault}"
            ))
            .reply();
        }
        sim.webhooks.set(Source::Cloud, Some(id), Some(Hook { url: url.to_owned(), ..Hook::default() }));
        sim.touch();
    }
    Reply::ok(&json!({"success": true}))
}

/// What a download address of an account begins with.
pub(crate) fn media_host(sim: &Sim, id: AccountId) -> String {
    match account(id).source {
        Source::Cloud => format!("{}/meta/lookaside", sim.url),
        // The caller replaces this host by 360dialog's.
        _ => "https://lookaside.fbsbx.com".to_owned(),
    }
}
