//! Template lists that come in pages with a cursor: Cloud API and Vonage.

use crate::adapter::{MAX_STEPS, Outcome, Reply};
use crate::verdict;
use chaski_model::{ErrorCode, Failure};
use serde_json::Value;
use std::collections::HashSet;

/// What the pages so far hold.
pub(super) struct Pages {
    /// The templates, each once.
    pub(super) templates: Vec<Value>,
    /// The cursor of the next page; `None` after the last.
    pub(super) next: Option<String>,
}

/// Reads the pages so far. A cursor that was followed before ends the list, so that a provider that
/// repeats a page is not asked for ever.
pub(super) fn read(pages: &[Reply], key: &str, outcome: fn(&Reply) -> Outcome) -> Result<Pages, Failure> {
    let mut templates = Vec::new();
    let mut followed = HashSet::new();
    let mut next = None;
    for page in pages {
        let body = page.json().filter(|_| page.is_success()).ok_or_else(|| verdict::why(outcome(page)))?;
        let list = body.get(key).and_then(Value::as_array).ok_or_else(no_list)?;
        templates.extend(list.iter().cloned());
        next = cursor(&body).filter(|cursor| !list.is_empty() && followed.insert(cursor.clone()));
        if next.is_none() {
            break;
        }
    }
    if next.is_some() && pages.len() >= MAX_STEPS {
        return Err(too_many());
    }
    Ok(Pages { templates: once(templates), next })
}

/// A list that cannot be read to its end would make templates look absent, so it is not used.
pub(crate) fn too_many() -> Failure {
    Failure::new(
        ErrorCode::NotSupported,
        "The account has more templates than can be read: delete unused ones.",
    )
}

/// An answer that is no list at all must not pass for an empty catalogue.
pub(crate) fn no_list() -> Failure {
    Failure::new(
        ErrorCode::ProviderRefused,
        "The provider's answer has no template list: check the channel's settings.",
    )
}

/// The cursors stand there on the last page too; only `next` says that there is more.
fn cursor(body: &Value) -> Option<String> {
    let paging = body.get("paging")?;
    let next = paging.get("next")?.as_str().filter(|next| !next.is_empty())?;
    let after = paging.pointer("/cursors/after").and_then(Value::as_str).map(str::to_owned);
    after.filter(|after| !after.is_empty()).or_else(|| {
        let url = url::Url::parse(next).ok()?;
        let after = url.query_pairs().find(|(key, _)| key == "after")?;
        Some(after.1.into_owned())
    })
}

/// Each name and language once: a page that shifts between two calls repeats entries.
pub(crate) fn once(templates: Vec<Value>) -> Vec<Value> {
    let mut seen = HashSet::new();
    let key = |template: &Value| {
        ["name", "language"]
            .map(|key| template.get(key).and_then(Value::as_str).unwrap_or_default().to_owned())
    };
    templates.into_iter().filter(|template| seen.insert(key(template))).collect()
}
