//! Why something did not work, in the form that travels: from an adapter or a check, through the
//! store, to the API and the inbox.

use crate::error_code::ErrorCode;
use serde::{Deserialize, Serialize};

/// Whose move it is when a message has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// The one who sends: correct the request and send again.
    You,
    /// Whoever administers the channel at the provider.
    Admin,
    /// The contact.
    Contact,
    /// Nobody: Chaski goes on by itself, or nothing can be done.
    Nobody,
}

/// Why a request or a delivery failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Our stable code.
    pub code: ErrorCode,
    /// The provider's own code, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_code: Option<i64>,
    /// One sentence in English: what was wrong and what to do. May hold the provider's own words,
    /// never a secret.
    pub message: String,
    /// The provider's own title and details as they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_text: Option<String>,
    /// The template component at fault: `header`, `body`, `footer`, `buttons`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// The parameter at fault, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<u32>,
    /// Where in the caller's body the fault is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

impl Failure {
    /// A failure with our code and one sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            provider_code: None,
            message: message.into(),
            provider_text: None,
            component: None,
            parameter: None,
            pointer: None,
        }
    }

    /// The same with a provider's code.
    #[must_use]
    pub fn provider(mut self, code: i64) -> Self {
        self.provider_code = Some(code);
        self
    }

    /// The same with the provider's own words.
    #[must_use]
    pub fn words(mut self, text: impl Into<String>) -> Self {
        self.provider_text = Some(text.into());
        self
    }

    /// The same with the template component, parameter (from 1) and place in the caller's body.
    #[must_use]
    pub fn at(mut self, component: &str, parameter: Option<u32>, pointer: impl Into<String>) -> Self {
        self.component = Some(component.to_owned());
        self.parameter = parameter;
        self.pointer = Some(pointer.into());
        self
    }
}

/// One fault of a request body: where (JSON pointer) and what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// JSON pointer into the body, for example `/message/text`.
    pub pointer: String,
    /// What was wrong and what to do.
    pub message: String,
}

impl Fault {
    /// A fault at a place.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}
