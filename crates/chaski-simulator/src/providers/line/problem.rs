//! Refusals in LINE's form.

use http::StatusCode;
use serde_json::{Value, json};

use crate::call::Reply;

/// One refusal.
#[derive(Debug)]
pub(super) struct Problem {
    status: u16,
    message: String,
    details: Vec<Value>,
}

impl Problem {
    fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), details: Vec::new() }
    }

    pub(super) fn bad(message: &str) -> Self {
        Self::new(400, message)
    }

    /// A body with faults, each with its place.
    pub(super) fn faults(faults: &[(String, String)]) -> Self {
        let details =
            faults.iter().map(|(property, message)| json!({"message": message, "property": property}));
        let message = format!("The request body has {} error(s)", faults.len());
        Self { details: details.collect(), ..Self::new(400, message) }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(
            401,
            "Authentication failed. Confirm that the access token in the authorization header is valid.",
        )
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "Not found")
    }

    pub(super) fn throttled() -> Self {
        Self::new(429, "The API rate limit has been exceeded. Try again later.")
    }

    /// The refusal that a fault on purpose names by its number; 4291 is the other cause of 429.
    pub(super) fn of_code(code: u32) -> Self {
        match code {
            401 => Self::unauthorized(),
            403 => Self::new(403, "Access to this API is not available for your account"),
            404 => Self::not_found(),
            429 => Self::throttled(),
            4291 => Self::new(429, "You have reached your monthly limit."),
            500..=599 => Self::new(u16::try_from(code).unwrap_or(500), "Internal Server Error"),
            _ => Self::bad("Failed to send messages"),
        }
    }

    pub(super) fn reply(self) -> Reply {
        let mut body = json!({"message": self.message});
        if !self.details.is_empty() {
            body["details"] = Value::Array(self.details);
        }
        Reply::json(StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST), &body)
    }
}
