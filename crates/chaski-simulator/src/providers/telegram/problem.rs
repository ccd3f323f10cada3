//! Refusals in Telegram's form.

use http::StatusCode;
use serde_json::{Value, json};

use crate::call::Reply;

/// Seconds that a caller who is too fast has to wait.
const WAIT: u64 = 2;

/// One refusal.
#[derive(Debug)]
pub(super) struct Problem {
    code: u16,
    description: String,
    parameters: Option<Value>,
}

impl Problem {
    fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), parameters: None }
    }

    /// What is wrong with the request.
    pub(super) fn bad(description: impl Into<String>) -> Self {
        Self::new(400, description)
    }

    /// The chat does not want the bot.
    pub(super) fn forbidden(description: &str) -> Self {
        Self::new(403, format!("Forbidden: {description}"))
    }

    /// The token is not valid, or not any more.
    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized")
    }

    /// Neither a token's form nor a method.
    pub(super) fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    /// Too fast.
    pub(super) fn throttled() -> Self {
        let parameters = Some(json!({"retry_after": WAIT}));
        Self { parameters, ..Self::new(429, format!("Too Many Requests: retry after {WAIT}")) }
    }

    /// The refusal that a fault on purpose names by its number.
    pub(super) fn of_code(code: u32) -> Self {
        match code {
            401 => Self::unauthorized(),
            403 => Self::forbidden("bot was blocked by the user"),
            404 => Self::not_found(),
            409 => Self::new(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            ),
            429 => Self::throttled(),
            500..=599 => Self::new(u16::try_from(code).unwrap_or(500), "Internal Server Error"),
            _ => Self::bad("Bad Request: chat not found"),
        }
    }

    pub(super) fn reply(self) -> Reply {
        let mut body = json!({"ok": false, "error_code": self.code, "description": self.description});
        if let Some(parameters) = self.parameters {
            body["parameters"] = parameters;
        }
        Reply::json(StatusCode::from_u16(self.code).unwrap_or(StatusCode::BAD_REQUEST), &body)
    }
}
