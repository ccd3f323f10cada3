//! The one shape of an error.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chaski_engine::plan::Refusal;
use chaski_model::{ErrorCode, Failure, Fault, MessageId};
use chaski_store::StoreError;
use serde_json::{Map, Value, json};

/// An error on its way out: everything but the request's id, which the outermost layer adds.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    failure: Box<Failure>,
    faults: Vec<Fault>,
    message_id: Option<MessageId>,
    /// Logged with the request's id, never told.
    cause: Option<String>,
    retry_after: Option<u32>,
    allow: Option<HeaderValue>,
}

impl Problem {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Failure::new(code, message).into()
    }

    pub(crate) fn faults(faults: Vec<Fault>) -> Self {
        let message = match faults.as_slice() {
            [only] => only.message.clone(),
            many => format!("The body has {} faults; each is listed in `errors` with its place.", many.len()),
        };
        Self { faults, ..Self::new(ErrorCode::ValidationFailed, message) }
    }

    pub(crate) fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults = faults;
        self
    }

    pub(crate) fn recorded(mut self, message: MessageId) -> Self {
        self.message_id = Some(message);
        self
    }

    pub(crate) fn status(&self) -> u16 {
        self.failure.code.info().status
    }

    /// The body, with the request's id.
    pub(crate) fn body(&self, request_id: &str) -> Value {
        let failure = &self.failure;
        let mut body = Map::new();
        body.insert("code".into(), json!(self.status()));
        body.insert("message".into(), json!(failure.message));
        body.insert("error".into(), json!(failure.code));
        body.insert("requestId".into(), json!(request_id));
        let faults: Vec<Value> =
            self.faults.iter().map(|f| json!({"pointer": f.pointer, "message": f.message})).collect();
        body.insert("errors".into(), Value::Array(faults));
        if let Some(code) = failure.provider_code {
            body.insert("providerCode".into(), json!(code));
        }
        if let Some(component) = &failure.component {
            body.insert("component".into(), json!(component));
        }
        if let Some(parameter) = failure.parameter {
            body.insert("parameter".into(), json!(parameter));
        }
        if let Some(id) = self.message_id {
            body.insert("messageId".into(), json!(id));
        }
        Value::Object(body)
    }

    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let faults = failure.pointer.iter().map(|p| Fault::new(p.clone(), failure.message.clone())).collect();
        let retry_after = (failure.code.info().status == 429).then_some(1);
        Self { failure: Box::new(failure), faults, message_id: None, cause: None, retry_after, allow: None }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let cause = error.to_string();
        let told = match &error {
            StoreError::Busy => Self::new(
                ErrorCode::Busy,
                "Too many requests at once; send it again in a second. Nothing was stored.",
            ),
            StoreError::Unavailable(why) => Self::new(
                ErrorCode::StorageUnavailable,
                format!("The storage cannot be written ({why}); nothing was stored."),
            ),
            StoreError::CommitUnknown => Self::new(
                ErrorCode::CommitUnknown,
                "It is not known whether the request was stored; send it again with the same Idempotency-Key.",
            ),
            StoreError::Conflict(why) => Self::new(ErrorCode::Conflict, why.clone()),
            StoreError::NotFound(what) => Self::new(ErrorCode::NotFound, format!("There is no such {what}.")),
            StoreError::Fault(_) => Self::new(
                ErrorCode::Internal,
                "Something went wrong in the server; tell the administrator the requestId.",
            ),
        };
        Self { cause: Some(cause), ..told }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Store(error) => error.into(),
            Refusal::Request { failure, faults } => Self::from(*failure).with_faults(faults),
        }
    }
}

/// Travels inside the response until the outermost layer writes the body.
#[derive(Clone)]
pub(crate) struct Pending(pub(crate) Problem);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if let Some(seconds) = self.retry_after {
            let headers = response.headers_mut();
            headers.insert("x-ratelimit-limit", HeaderValue::from_static("1"));
            headers.insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow.clone() {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        response.extensions_mut().insert(Pending(self));
        response
    }
}

/// An answer whose JSON is text already.
pub(crate) fn json_text(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

/// A successful answer.
pub(crate) fn ok(body: Value) -> Response {
    Json(body).into_response()
}
