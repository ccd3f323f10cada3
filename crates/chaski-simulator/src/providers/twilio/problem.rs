//! Twilio's errors: a number and a sentence.

use http::StatusCode;
use serde_json::json;

use crate::call::Reply;
use crate::receipts::Failure;

/// Why Twilio refuses a request.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: StatusCode,
    code: u32,
    message: String,
}

impl Problem {
    pub(super) fn bad(code: u32, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    pub(super) fn unauthorized() -> Self {
        Self { status: StatusCode::UNAUTHORIZED, code: 20_003, message: "Authenticate".to_owned() }
    }

    pub(super) fn not_found(path: &str) -> Self {
        let message = format!("The requested resource {path} was not found");
        Self { status: StatusCode::NOT_FOUND, code: 20_404, message }
    }

    /// An error on purpose, in the documented words where there are some.
    pub(super) fn of_code(code: u32) -> Self {
        let (status, message) = match code {
            20_003 => return Self::unauthorized(),
            20_404 => (StatusCode::NOT_FOUND, "The requested resource was not found"),
            20_429 => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
            20_500 => (StatusCode::INTERNAL_SERVER_ERROR, "An internal server error has occurred"),
            20_503 => (StatusCode::SERVICE_UNAVAILABLE, "Service unavailable"),
            21_610 => (StatusCode::BAD_REQUEST, "Attempt to send to unsubscribed recipient"),
            21_611 => (
                StatusCode::BAD_REQUEST,
                "This 'From' number has exceeded the maximum number of queued messages",
            ),
            21_614 => (StatusCode::BAD_REQUEST, "'To' number is not a valid mobile number"),
            _ => (StatusCode::BAD_REQUEST, "The request could not be carried out"),
        };
        Self { status, code, message: message.to_owned() }
    }

    /// What a status on purpose stands for.
    pub(super) fn of_status(status: StatusCode) -> Self {
        Self::of_code(match status.as_u16() {
            401 | 403 => 20_003,
            404 => 20_404,
            429 => 20_429,
            503 => 20_503,
            500..=599 => 20_500,
            _ => 20_001,
        })
    }

    pub(super) fn reply(&self) -> Reply {
        let body = json!({
            "code": self.code, "message": self.message, "status": self.status.as_u16(),
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
        });
        Reply::json(self.status, &body)
    }
}

/// Whether a code refuses the request rather than ending the message later.
pub(super) fn is_refusal(code: u32) -> bool {
    (20_000..30_000).contains(&code) || code == 63_007
}

/// The number that a status callback gives for a failure.
pub(super) fn number(failure: &Failure) -> u32 {
    match failure {
        Failure::NotOnWhatsApp => 63_024,
        Failure::WindowClosed => 63_016,
        Failure::Media(_) => 63_019,
        Failure::Content { code, .. } | Failure::Code(code) => *code,
    }
}
