//! Pages: `limit`, `cursorId`, and absolute addresses of the next and the previous page.

use crate::problem::Problem;
use chaski_model::{ErrorCode, Fault};
use serde::Deserialize;
use serde_json::{Value, json};

/// The query of a list, as text: clients send numbers and texts.
#[derive(Deserialize, Default)]
pub(crate) struct Query {
    limit: Option<String>,
    #[serde(rename = "cursorId")]
    cursor: Option<String>,
}

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

impl Query {
    /// (limit, cursor); the limit is 10 unless given, at most `most`.
    pub(crate) fn read(&self, most: usize) -> Result<(usize, Cursor), Problem> {
        let mut faults = Vec::new();
        let limit = match self.limit.as_deref().filter(|text| !text.is_empty()).map(str::parse::<usize>) {
            None => 10,
            Some(Ok(limit)) if (1..=most).contains(&limit) => limit,
            Some(_) => {
                faults.push(Fault::new("?limit", format!("`limit` must be a number from 1 to {most}.")));
                10
            }
        };
        let cursor = match self.cursor.as_deref().filter(|text| !text.is_empty()).map(str::parse::<i64>) {
            None | Some(Ok(0)) => Cursor::Start,
            Some(Ok(id)) if id > 0 => Cursor::After(id),
            Some(Ok(id)) => Cursor::Before(-id),
            Some(Err(_)) => {
                faults.push(Fault::new(
                    "?cursorId",
                    "`cursorId` must be the number that a page's `next` or `previous` has.",
                ));
                Cursor::Start
            }
        };
        if faults.is_empty() { Ok((limit, cursor)) } else { Err(Problem::faults(faults)) }
    }
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
