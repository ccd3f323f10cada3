//! Refusals in the Graph API's form: `code` and `error_subcode` say what it is, the status hardly.

use http::StatusCode;
use serde_json::json;

use crate::call::Reply;
use crate::ids::fbtrace;
use crate::source::Source;

/// One refusal.
#[derive(Debug)]
pub(super) struct Problem {
    code: u32,
    subcode: Option<u32>,
    words: String,
    status: u16,
}

impl Problem {
    fn new(code: u32, subcode: Option<u32>, words: impl Into<String>) -> Self {
        let status = match code {
            1 | 2 => 500,
            190 => 401,
            10 | 200 if subcode.is_none() => 403,
            _ => 400,
        };
        Self { code, subcode, words: words.into(), status }
    }

    /// A parameter that cannot be meant.
    pub(super) fn invalid(words: impl Into<String>) -> Self {
        Self::new(100, None, words)
    }

    pub(super) fn unknown_object(id: &str) -> Self {
        let words = format!(
            "Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation."
        );
        Self::new(100, Some(33), words)
    }

    pub(super) fn no_profile() -> Self {
        Self::new(100, Some(2_018_218), "No profile available for this user.")
    }

    pub(super) fn not_found() -> Self {
        Self { status: 404, ..Self::new(100, None, "Not found") }
    }

    pub(super) fn outside_window(source: Source) -> Self {
        let subcode = if source == Source::Instagram { 2_534_022 } else { 2_018_278 };
        Self::new(10, Some(subcode), "This message is sent outside of allowed window.")
    }

    pub(super) fn no_such_person(source: Source) -> Self {
        match source {
            Source::Instagram => Self::new(100, Some(2_534_014), "No matching Instagram user"),
            _ => Self::new(100, Some(2_018_001), "No matching user found"),
        }
    }

    pub(super) fn throttled(source: Source) -> Self {
        let subcode = (source == Source::Instagram).then_some(2_534_040);
        Self::new(613, subcode, "Calls to this api have exceeded the rate limit.")
    }

    pub(super) fn unavailable() -> Self {
        Self::new(551, Some(1_545_041), "This person isn't available right now.")
    }

    pub(super) fn file(words: &str) -> Self {
        Self::new(100, Some(2_018_008), format!("Failed to fetch the file from the url: {words}"))
    }

    /// A tag that is not taken any more.
    pub(super) fn retired_tag() -> Self {
        Self::new(100, Some(1_893_061), "Invalid parameter")
    }

    /// The refusal that a fault on purpose names, by its code or its subcode.
    pub(super) fn of_code(code: u32) -> Self {
        match code {
            190 => Self::new(190, Some(463), "Error validating access token: Session has expired."),
            551 => Self::unavailable(),
            613 => Self::throttled(Source::Messenger),
            1_893_061 => Self::retired_tag(),
            1_893_063 => Self::new(10, Some(code), "You are temporarily restricted from sending messages."),
            2_018_108 => Self::new(10, Some(code), "They can't receive your messages right now."),
            2_018_278 => Self::outside_window(Source::Messenger),
            2_534_022 => Self::outside_window(Source::Instagram),
            2_534_029 => Self::new(100, Some(code), "The business has been blocked from sending messages"),
            2_534_041 => Self::new(200, Some(code), "The account owner has disabled access to messages"),
            1_000_000.. => Self::new(100, Some(code), "Invalid parameter"),
            _ => Self::new(code, None, "An error occurred"),
        }
    }

    pub(super) fn reply(self) -> Reply {
        let words = if self.code == 190 { self.words } else { format!("(#{}) {}", self.code, self.words) };
        let mut error =
            json!({"message": words, "type": "OAuthException", "code": self.code, "fbtrace_id": fbtrace()});
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        if self.code == 2 {
            error["is_transient"] = json!(true);
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        Reply::json(status, &json!({"error": error}))
    }
}
