//! Messenger and Instagram at Meta's Graph API, under `/meta` beside the Cloud API, from
//! <https://developers.facebook.com/docs/messenger-platform>.

mod content;
mod problem;
mod send;
mod webhook;

use http::Method;
use serde_json::{Map, Value, json};

use self::problem::Problem;
pub(crate) use self::webhook::{inbound, receipt, written};
use crate::accounts::{self, AccountId, Credential, account};
use crate::call::{Call, Reply};
use crate::ids::{mixed, stable};
use crate::phones::Identity;
use crate::sim::{Shared, Sim};
use crate::source::Source;

/// Whether a source is one of the two.
pub(crate) const fn is_one(source: Source) -> bool {
    matches!(source, Source::Messenger | Source::Instagram)
}

/// The source that a call below `/meta` is for, where it is one of the two: by its token, else by the id that
/// it names.
pub(crate) fn source_of(call: &Call) -> Option<Source> {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    if let ["cdn", word, ..] = parts.as_slice() {
        return Source::parse(word).filter(|source| is_one(*source));
    }
    let named = || find(|own| parts.get(1).is_some_and(|id| own.page_id == *id || own.id == *id));
    by_token(call).or_else(named).map(|id| account(id).source)
}

/// What tells an account of the two.
struct Own {
    /// Whom webhooks are for: the Page, or the Instagram account.
    id: &'static str,
    page_id: &'static str,
    access_token: &'static str,
}

fn own(id: AccountId) -> Option<Own> {
    let a = account(id);
    match &a.credential {
        Credential::Messaging { access_token, page_id, .. } => {
            Some(Own { id: a.phone_number_id, page_id, access_token })
        }
        _ => None,
    }
}

fn find(wanted: impl Fn(&Own) -> bool) -> Option<AccountId> {
    (0..accounts::ACCOUNTS.len()).find(|id| own(*id).is_some_and(|own| wanted(&own)))
}

fn by_token(call: &Call) -> Option<AccountId> {
    let given = call.bearer().map(str::to_owned).or_else(|| call.query("access_token"))?;
    find(|own| own.access_token == given)
}

/// A person's id for one Page or account alone.
pub(crate) fn scoped_id(id: AccountId, number: &str) -> String {
    let bits = mixed(stable(number) ^ stable(account(id).phone_number_id));
    format!("{}{:015}", if account(id).source == Source::Instagram { 6 } else { 1 }, bits % 10_u64.pow(15))
}

/// A person's ids, by the names of the accounts that they are good for.
pub(crate) fn scoped_ids(number: &str) -> Value {
    let accounts = accounts::ACCOUNTS.iter().enumerate().filter(|(_, a)| is_one(a.source));
    accounts.map(|(id, a)| (a.name.to_owned(), Value::from(scoped_id(id, number)))).collect()
}

/// The phone of the person with this id, who has written to the account.
fn phone_of(sim: &Sim, id: AccountId, scoped: &str) -> Option<String> {
    let numbers = sim.phones.list(|phone| {
        let has_written = phone.wrote_at.iter().any(|(known, _)| *known == id);
        has_written.then(|| phone.number.clone())
    });
    numbers.into_iter().flatten().find(|number| scoped_id(id, number) == scoped)
}

/// Answers a call.
pub(crate) async fn answer(sim: &Shared, call: &Call) -> Reply {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    // Addresses of files are signed in themselves: whoever has one may fetch it.
    if let ["cdn", _, file] = parts.as_slice() {
        let file = sim.media.get(file);
        return file.map_or_else(|| Problem::not_found().reply(), |file| file.reply());
    }
    let Some(id) = by_token(call) else { return Problem::of_code(190).reply() };
    let is_own = |given: &str| own(id).is_some_and(|own| [own.id, own.page_id, "me"].contains(&given));
    match (call.method.as_str(), parts.as_slice()) {
        ("POST", [_, given, "messages"]) if is_own(given) => send::send(sim, id, call).await,
        _ if revoked(sim, id) => Problem::of_code(190).reply(),
        ("POST" | "DELETE", [_, given, "subscribed_apps"]) if is_own(given) => {
            match call.method == Method::POST && call.query("subscribed_fields").is_none() {
                true => Problem::invalid("The parameter subscribed_fields is required.").reply(),
                false => Reply::ok(&json!({"success": true})),
            }
        }
        ("GET", [_, given]) if is_own(given) => Reply::ok(&selected(me(id), call)),
        ("GET", [_, scoped]) => profile(sim, id, scoped, call),
        _ => Problem::unknown_object(parts.get(1).unwrap_or(&"")).reply(),
    }
}

/// A token that was revoked on purpose opens nothing at all.
fn revoked(sim: &Sim, id: AccountId) -> bool {
    sim.faults.pick(account(id).source, "", None).is_some_and(|act| act.code == Some(190))
}

/// Whose token it is.
fn me(id: AccountId) -> Value {
    let (a, own) = (account(id), own(id));
    let page = own.map(|own| own.page_id).unwrap_or_default();
    match a.source {
        Source::Instagram => json!({
            "id": page, "name": a.business,
            "instagram_business_account": {"id": a.phone_number_id, "username": a.number},
            "user_id": a.phone_number_id, "username": a.number,
        }),
        _ => json!({"id": page, "name": a.business}),
    }
}

/// The fields that the query asks for, and always the id.
fn selected(view: Value, call: &Call) -> Value {
    let (Some(fields), Value::Object(all)) = (call.query("fields"), &view) else { return view };
    let is_wanted = |key: &str| fields.split([',', '{', '}']).any(|field| field.trim() == key);
    let kept: Map<String, Value> = all
        .iter()
        .filter(|(key, _)| *key == "id" || is_wanted(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Value::Object(kept)
}

/// Who a person is, for the account that it has written to.
fn profile(sim: &Sim, id: AccountId, scoped: &str, call: &Call) -> Reply {
    let Some(number) = phone_of(sim, id, scoped) else { return Problem::no_profile().reply() };
    let phone: Identity = sim.phones.with(&number, |phone| phone.identity());
    let (first, last) = phone.name.split_once(' ').unwrap_or((&phone.name, ""));
    let picture = format!("https://platform-lookaside.fbsbx.com/platform/profilepic/?psid={scoped}");
    let view = json!({
        "id": scoped, "first_name": first, "last_name": last, "name": phone.name,
        "username": phone.username, "profile_pic": picture,
    });
    Reply::ok(&selected(view, call))
}
