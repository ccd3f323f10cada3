//! Vonage's errors: RFC 7807 bodies for what is refused, numbers for what fails later.

use http::StatusCode;
use serde_json::{Value, json};

use crate::call::Reply;
use crate::ids::instance;
use crate::receipts::Failure;

/// Why Vonage refuses a request.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    /// Names and reasons of the faulty parameters.
    faults: Vec<(String, String)>,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, title, detail: detail.into(), faults: Vec::new() }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            // The documentation itself writes it without the second u.
            "https://developer.vonage.com/api-errors/#unathorized",
            "You did not provide correct credentials.",
            "Check that you're using the correct credentials, and that your account has this feature enabled",
        )
    }

    pub(crate) fn not_found() -> Self {
        let kind = "https://developer.vonage.com/api-errors#not-found";
        Self::new(
            StatusCode::NOT_FOUND,
            kind,
            "Not Found",
            "The requested resource does not exist, or you do not have access to it.",
        )
    }

    pub(crate) fn invalid_json(fault: &serde_json::Error) -> Self {
        let kind = "https://developer.vonage.com/api-errors#invalid-json";
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            kind,
            "The request body did not contain valid JSON",
            fault.to_string(),
        )
    }

    fn unprocessable(kind: &'static str, title: &'static str, detail: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, kind, title, detail)
    }

    pub(crate) fn unsupported_channel() -> Self {
        let kind = "https://developer.vonage.com/api-errors/messages#1100";
        Self::unprocessable(kind, "Unsupported channel", "The specified channel is not supported.")
    }

    pub(crate) fn invalid_sender() -> Self {
        let kind = "https://developer.vonage.com/api-errors/messages#1120";
        Self::unprocessable(kind, "Invalid sender", "The `from` parameter is invalid for the given channel.")
    }

    pub(crate) fn invalid_recipient() -> Self {
        let kind = "https://developer.vonage.com/api-errors/messages#110";
        Self::unprocessable(kind, "Invalid recipient", "The `to` parameter is invalid for the given channel.")
    }

    pub(crate) fn invalid_message_type() -> Self {
        let kind = "https://developer.vonage.com/api-errors/messages#1140";
        Self::unprocessable(
            kind,
            "Invalid message type",
            "The `to` parameter is invalid for the given channel.",
        )
    }

    pub(crate) fn invalid_client_ref() -> Self {
        let kind = "https://developer.vonage.com/api-errors/messages#1060";
        Self::unprocessable(
            kind,
            "Invalid client_ref",
            "The `client_ref` parameter can have at most 100 characters.",
        )
    }

    pub(crate) fn invalid_params(faults: Vec<(String, String)>) -> Self {
        let kind = "https://developer.vonage.com/api-errors/messages#1150";
        let mut problem =
            Self::unprocessable(kind, "Invalid params", "The value of one or more parameters is invalid.");
        problem.faults = faults;
        problem
    }

    pub(crate) fn param(name: &str, reason: &str) -> Self {
        Self::invalid_params(vec![(name.to_owned(), reason.to_owned())])
    }

    pub(crate) fn throttled() -> Self {
        let kind = "https://developer.vonage.com/api-errors/messages#1000";
        Self::new(StatusCode::TOO_MANY_REQUESTS, kind, "1000", detail(1000))
    }

    /// A status on purpose, in the documented words.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let mut problem = match status.as_u16() {
            401 => Self::unauthorized(),
            402 => {
                let kind = "https://developer.vonage.com/api-errors/#low-balance";
                Self::new(
                    status,
                    kind,
                    "Low balance",
                    "This request could not be performed due to your account balance being low.",
                )
            }
            404 => Self::not_found(),
            422 => Self::param("message", "is invalid."),
            429 => Self::throttled(),
            _ => {
                let kind = "https://developer.vonage.com/api-errors/messages#1030";
                Self::new(
                    status,
                    kind,
                    "Internal error",
                    "There was an error processing your request in the Platform.",
                )
            }
        };
        problem.status = status;
        problem
    }

    pub(crate) fn reply(&self) -> Reply {
        let mut body =
            json!({"type": self.kind, "title": self.title, "detail": self.detail, "instance": instance()});
        if !self.faults.is_empty() {
            body["invalid_parameters"] =
                self.faults.iter().map(|(name, reason)| json!({"name": name, "reason": reason})).collect();
        }
        let mut reply = Reply::json(self.status, &body);
        if self.status != StatusCode::UNPROCESSABLE_ENTITY {
            reply.content_type = "application/problem+json".into();
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            reply = reply
                .with_header("retry-after", "1")
                .with_header("x-ratelimit-limit", "80")
                .with_header("x-ratelimit-remaining", "0");
        }
        reply
    }
}

/// The number that Vonage gives to a failure.
pub(crate) fn number(failure: &Failure) -> u32 {
    match failure {
        Failure::NotOnWhatsApp => 1300,
        Failure::WindowClosed => 1340,
        Failure::Media(details) if details.contains("too large") => 1381,
        Failure::Media(details) if details.contains("not supported") => 1382,
        Failure::Media(_) => 1380,
        Failure::Content { code, .. } | Failure::Code(code) => of_meta(*code),
    }
}

/// Vonage's number for a code of Meta's; its own numbers stay.
fn of_meta(code: u32) -> u32 {
    match code {
        1000..=1999 => code,
        132_000 | 132_001 | 132_005 | 132_007 | 132_012 | 132_015 | 132_016 | 132_018 | 131_008 => 1022,
        100 | 131_009 | 131_051 => 1020,
        131_021 => 1170,
        131_026 | 131_030 => 1300,
        131_047 => 1340,
        131_049 => 1461,
        131_050 => 1240,
        131_053 => 1380,
        131_056 => 1241,
        130_429 => 1000,
        131_000 | 131_016 => 1331,
        190 => 1370,
        _ => 1330,
    }
}

/// The `error` object of a rejected message.
pub(crate) fn error(failure: &Failure) -> Value {
    let number = number(failure);
    json!({
        "type": format!("https://developer.vonage.com/api-errors/messages#{number}"),
        "title": number.to_string(),
        "detail": detail(number),
        "instance": instance(),
    })
}

fn detail(number: u32) -> &'static str {
    match number {
        1000 => {
            "Throttled - You have exceeded the submission capacity allowed on this account. Please wait and retry"
        }
        1010 => "Missing params - Your request is incomplete and missing some mandatory parameters.",
        1020 => "Invalid params - The value of one or more parameters is invalid.",
        1022 => "Invalid template  -  Invalid template or template parameters",
        1030 => "Internal error - There was an error processing your request in the Platform.",
        1170 => "Invalid recipient - The recipient is not valid.",
        1240 => "Illegal number - The user has opted out of messages from the sender.",
        1241 => "Too many send requests - Too many messages were sent to this recipient in a short time.",
        1300 => {
            "Not part of the provider network  -  The number or ID is not a user in the provider network."
        }
        1320 => "Message already sent",
        1331 => {
            "Provider error - The provider is not responding or unable to process the request. Please try sending your message in a few minutes time."
        }
        1340 => "Outside of the allowed window  -  This message is sent outside of allowed response window.",
        1370 => "Expired access token",
        1380 => "Invalid resource - The media resource is not accessible.",
        1381 => "Resource too large - The media resource is larger than the provider allows.",
        1382 => "Unsupported resource type - The provider does not support this type of media.",
        1460 => "Daily message limit exceeded",
        1461 => {
            "Auto-limiting of messages by Provider - This message was not delivered by Provider to avoid excessive messages to the end user."
        }
        _ => "Unknown - The message could not be delivered.",
    }
}
