//! Media that a contact sent, at Meta: looked up by their id, then fetched at an address that works for
//! five minutes. <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media>

use crate::adapter::{Auth, Call, Outcome, Reply, Step};
use crate::verdict;
use chaski_model::message::Media;
use chaski_model::{ErrorCode, Failure};
use serde_json::Value;
use url::Url;

/// Where Meta's answers say that media are.
pub(super) const LOOKASIDE: &str = "https://lookaside.fbsbx.com";

/// Meta's code for an object that is not there, and its way of saying that it means an id.
const NO_OBJECT: (i64, i64) = (100, 33);

/// Walks the task: `look_up` makes the first call from the id, `download` the last from the address.
pub(super) fn ask(
    media: &Media,
    so_far: &[Reply],
    look_up: impl FnOnce(&str) -> Result<Call, Failure>,
    download: impl FnOnce(&str) -> Result<Call, Failure>,
    outcome: impl FnOnce(&Reply) -> Outcome,
) -> Result<Step, Failure> {
    let id = media.provider_id.as_deref().ok_or_else(|| gone("The message names no media."))?;
    let Some(reply) = so_far.first() else { return Ok(Step::Call(Box::new(look_up(id)?))) };
    if is_gone(reply) {
        return Err(gone("WhatsApp does not have it, or not any more."));
    }
    let body = reply.json().filter(|_| reply.is_success()).ok_or_else(|| verdict::why(outcome(reply)))?;
    let url = body.get("url").and_then(Value::as_str);
    let url = url.ok_or_else(|| gone("WhatsApp's answer names no address."))?;
    Ok(Step::Fetch(Box::new(download(url)?)))
}

fn is_gone(reply: &Reply) -> bool {
    if matches!(reply.status, 404 | 410) {
        return true;
    }
    let Some(body) = reply.json().filter(|_| reply.status == 400) else { return false };
    let number = |key: &str| body.pointer(&format!("/error/{key}")).and_then(Value::as_i64);
    (number("code"), number("error_subcode")) == (Some(NO_OBJECT.0), Some(NO_OBJECT.1))
}

pub(crate) fn gone(why: &str) -> Failure {
    Failure::new(ErrorCode::MediaUnreachable, format!("{why} Ask the contact to send it again."))
}

/// The credentials for an address: only where they belong. `hosts` are the provider's own, beside the one
/// that its API is reached at.
pub(crate) fn auth_at(url: &str, base: &str, hosts: &[&str], auth: Auth) -> Auth {
    let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin());
    let Ok(url) = Url::parse(url) else { return Auth::None };
    let host = url.host_str().unwrap_or_default();
    let is_under = |own: &str| host == own || host.ends_with(&format!(".{own}"));
    let is_own = origin(base).is_some_and(|base| base == url.origin())
        || (url.scheme() == "https" && hosts.iter().any(|own| is_under(own)));
    if is_own { auth } else { Auth::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: Auth = Auth::Bearer { secret: "access_token" };

    #[test]
    fn credentials_go_to_the_provider_alone() {
        let at = |url: &str| auth_at(url, "http://127.0.0.1:9000/meta", &["fbsbx.com"], TOKEN);
        assert_eq!(at("https://lookaside.fbsbx.com/x?mid=1"), TOKEN);
        assert_eq!(at("http://127.0.0.1:9000/meta/lookaside/x"), TOKEN);
        for other in [
            "https://fbsbx.com.example/x",
            "https://evilfbsbx.com/x",
            "http://lookaside.fbsbx.com/x",
            "http://127.0.0.1:9001/meta",
            "nonsense",
        ] {
            assert_eq!(at(other), Auth::None, "{other}");
        }
    }
}
