//! Pages: `limit`, `cursorId`, and absolute addresses of the next and the previous page.

use crate::body;
use crate::problem::Problem;
use axum::http::Uri;
use chaski_model::{ErrorCode, Fault};
use serde_json::{Value, json};

/// The most rows of a page.
const MOST: usize = 100;

/// Where a page begins. The sign of a cursor is its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// At the beginning.
    Start,
    /// After this one, in the list's order.
    After(i64),
    /// Before this one.
    Before(i64),
}

/// Reads (limit, cursor) of a list; the limit is 10 unless given, at most 100.
pub(crate) fn read(uri: &Uri) -> Result<(usize, Cursor), Problem> {
    let query = body::query(uri)?;
    let given = |key: &str| query.get(key).map(String::as_str).filter(|text| !text.is_empty());
    let mut faults = Vec::new();
    let limit = match given("limit").map(str::parse::<usize>) {
        None => 10,
        Some(Ok(limit)) if (1..=MOST).contains(&limit) => limit,
        Some(_) => {
            faults.push(Fault::new("?limit", format!("`limit` must be a number from 1 to {MOST}.")));
            10
        }
    };
    let cursor = match given("cursorId").map(str::parse::<i64>) {
        None | Some(Ok(0)) => Cursor::Start,
        Some(Ok(id)) if id > 0 => Cursor::After(id),
        Some(Ok(id)) if id > i64::MIN => Cursor::Before(-id),
        Some(_) => {
            let message = "`cursorId` must be the number that a page's `next` or `previous` has.";
            faults.push(Fault::new("?cursorId", message));
            Cursor::Start
        }
    };
    if faults.is_empty() { Ok((limit, cursor)) } else { Err(Problem::faults(faults)) }
}

/// A page with the addresses of its neighbours; an empty text where there is none.
pub(crate) fn page(
    items: Vec<Value>,
    address: &str,
    limit: usize,
    next: Option<i64>,
    previous: Option<i64>,
) -> Value {
    let link = |cursor: Option<i64>| {
        cursor.map_or_else(String::new, |id| format!("{address}?limit={limit}&cursorId={id}"))
    };
    json!({"items": items, "pagination": {"next": link(next), "previous": link(previous.map(|id| -id))}})
}

/// A number in a path.
pub(crate) fn number(text: &str, code: ErrorCode, what: &str) -> Result<i64, Problem> {
    text.parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| Problem::new(code, format!("{what} not found: `{text}` is not a number.")))
}
