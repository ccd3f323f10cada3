//! What a caller's content is refused for, with its place in the body.

use chaski_model::{ErrorCode, Failure};

/// A failure with its place.
pub(crate) fn at(code: ErrorCode, message: impl Into<String>, pointer: impl Into<String>) -> Failure {
    let mut failure = Failure::new(code, message);
    failure.pointer = Some(pointer.into());
    failure
}

/// Refuses a text that holds nothing; `what` names it.
pub(crate) fn not_blank(text: &str, pointer: &str, what: &str) -> Result<(), Failure> {
    if text.trim().is_empty() {
        let message = format!("The {what} is empty: write something.");
        return Err(at(ErrorCode::ValidationFailed, message, pointer));
    }
    Ok(())
}
