//! What a caller's content is refused for, with its place in the body.

use crate::template::value::is_media_link;
use chaski_model::capabilities::TextUnit;
use chaski_model::message::Media;
use chaski_model::{Content, ErrorCode, Failure};

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

/// Refuses a text that is longer than the provider takes.
pub(crate) fn too_long(
    text: &str,
    limit: usize,
    unit: TextUnit,
    pointer: &str,
    what: &str,
    provider: &str,
) -> Result<(), Failure> {
    let length = unit.length(text);
    if length > limit {
        let many = unit.word();
        let message = format!("The {what} has {length} {many}, but {provider} takes {limit}: shorten it.");
        return Err(at(ErrorCode::TextTooLong, message, pointer));
    }
    Ok(())
}

/// The link of an attachment, which must be one.
pub(crate) fn linked(media: &Media) -> Result<&str, Failure> {
    media.link.as_deref().filter(|link| is_media_link(link)).ok_or_else(|| {
        let message = "The attachment's `url` is not a valid http or https address: give a public link that opens in a browser.";
        at(ErrorCode::MediaLinkInvalid, message, "/message/attachment/url")
    })
}

/// The same, where the provider bounds its length.
pub(crate) fn linked_within<'a>(media: &'a Media, most: usize, provider: &str) -> Result<&'a str, Failure> {
    let link = linked(media)?;
    if link.len() > most {
        let message =
            format!("The attachment's `url` has {} characters, but {provider} takes {most}.", link.len());
        return Err(at(ErrorCode::MediaLinkInvalid, message, "/message/attachment/url"));
    }
    Ok(link)
}

/// A type of content that only other kinds send.
pub(crate) fn not_carried(content: &Content, provider: &str) -> Failure {
    let message = format!(
        "{provider} channels do not send the type `{}`: use text, attachment, quick_reply or custom_payload.",
        content.word()
    );
    at(ErrorCode::ChannelCannotCarry, message, "/message/type")
}
