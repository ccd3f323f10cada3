//! Meta's error codes: titles, HTTP statuses and the error body.

use http::StatusCode;
use serde_json::{Value, json};

use crate::call::Reply;
use crate::ids::fbtrace;

/// Why Meta refuses a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: u32,
    pub(crate) details: String,
}

impl Refusal {
    pub(crate) fn new(code: u32, details: impl Into<String>) -> Self {
        Self { code, details: details.into() }
    }

    /// An invalid parameter (100).
    pub(crate) fn invalid(details: impl Into<String>) -> Self {
        Self::new(100, details)
    }

    /// A code with the words that Meta usually says.
    pub(crate) fn of_code(code: u32) -> Self {
        Self::new(code, default_details(code))
    }

    pub(crate) fn reply(&self) -> Reply {
        Reply::json(status(self.code), &self.body())
    }

    /// The documented body; some codes have a form of their own.
    pub(crate) fn body(&self) -> Value {
        let trace = fbtrace();
        if self.code == 190 {
            let message = &self.details;
            return json!({"error": {"message": message, "type": "OAuthException", "code": 190, "error_subcode": 463, "fbtrace_id": trace}});
        }
        let mut body = json!({"error": {
            "message": format!("(#{}) {}", self.code, title(self.code)),
            "type": "OAuthException",
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": trace,
        }});
        if self.code == 130_429 {
            body["error"]["error_subcode"] = json!(2_494_055);
        }
        body
    }
}

/// The HTTP status that goes with a code.
pub(crate) fn status(code: u32) -> StatusCode {
    let status = match code {
        0 | 190 => 401,
        2 | 133_004 => 503,
        3 | 131_000 | 131_016 | 131_045 | 131_057 | 133_000 | 134_102 => 500,
        10 | 200..=299 | 368 | 130_497 | 131_005 | 131_031 => 403,
        613 => 429,
        132_001 => 404,
        _ => 400,
    };
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST)
}

/// Whether Meta reports a code by webhook after it accepted the message.
pub(crate) const fn is_by_webhook(code: u32) -> bool {
    matches!(code, 130_472 | 131_014 | 131_026 | 131_047 | 131_049 | 131_050 | 131_052 | 131_053)
}

/// The title of a code, as Meta's list of codes has it.
pub(crate) const fn title(code: u32) -> &'static str {
    match code {
        0 => "AuthException",
        1 => "API Unknown",
        2 => "API Service",
        3 => "API Method",
        4 => "API Too Many Calls",
        10 => "Permission Denied",
        33 => "Parameter value is not valid",
        100 => "Invalid parameter",
        200..=299 => "API Permission",
        368 => "Temporarily blocked for policies violations",
        613 => "Calls to this api have exceeded the rate limit.",
        80_007 => "Rate limit issues",
        130_429 => "Rate limit hit",
        130_472 => "User's number is part of an experiment",
        130_497 => "Business account is restricted from messaging users in this country.",
        131_000 => "Something went wrong",
        131_005 => "Access denied",
        131_008 => "Required parameter is missing",
        131_009 => "Parameter value is not valid",
        131_016 => "Service unavailable",
        131_021 => "Recipient cannot be sender",
        131_026 => "Message undeliverable",
        131_030 => "Recipient phone number not in allowed list",
        131_031 => "Account has been locked",
        131_042 => "Business eligibility payment issue",
        131_045 => "Incorrect certificate",
        131_047 => "Re-engagement message",
        131_048 => "Spam rate limit hit",
        131_049 => "This message was not delivered to maintain healthy ecosystem engagement.",
        131_050 => "User has stopped receiving marketing messages from your business",
        131_051 => "Unsupported message type",
        131_052 => "Media download error",
        131_053 => "Media upload error",
        131_056 => "(Business Account, Consumer Account) pair rate limit hit",
        131_057 => "Account in maintenance mode",
        131_062 => "Business-scoped User ID (BSUID) recipients are not supported for this message.",
        132_000 => "Number of parameters does not match the expected number of params",
        132_001 => "Template name does not exist in the translation",
        132_005 => "Translated text too long",
        132_007 => "Template format character policy violated",
        132_012 => "Parameter format does not match format in the created template",
        132_015 => "Template is Paused",
        132_016 => "Template is Disabled",
        132_018 => "There was an issue with the parameters in your template",
        132_068 => "Flow is blocked",
        132_069 => "Flow is throttled",
        133_004 => "Server Temporarily Unavailable",
        133_010 => "Phone number not registered",
        135_000 => "Generic user error",
        _ => "Request failed",
    }
}

/// What `error_data.details` says where the cause has no words of its own.
pub(crate) fn default_details(code: u32) -> String {
    let words = match code {
        190 => {
            "Error validating access token: Session has expired on Thursday, 01-May-25 12:00:00 PDT. The current time is Thursday, 01-May-25 13:00:00 PDT."
        }
        368 => {
            "The WhatsApp Business Account associated with the app has been restricted or disabled for violating a platform policy."
        }
        130_429 => "Cloud API message throughput has been reached.",
        131_009 => "One or more parameter values are invalid.",
        131_026 => "Message Undeliverable.",
        131_047 => {
            "Message failed to send because more than 24 hours have passed since the customer last replied to this number."
        }
        131_049 => "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
        131_051 => "Message type is currently not supported.",
        131_053 => "Media file could not be uploaded.",
        131_056 => {
            "Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time."
        }
        132_000 => "body: number of localizable_params (1) does not match the expected number of params (2)",
        132_001 => "template name does not exist in the translation",
        132_015 => "Template is paused due to low quality so it cannot be sent in a template message.",
        132_016 => {
            "Template has been paused too many times due to low quality and is now permanently disabled."
        }
        _ => title(code),
    };
    words.to_owned()
}
