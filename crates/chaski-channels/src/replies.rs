//! Quick replies: what a question and its labels may be. A label is refused rather than cut: two could
//! become equal.

use crate::refused::{at, not_blank, too_long};
use chaski_model::capabilities::TextUnit;
use chaski_model::message::Choice;
use chaski_model::{ErrorCode, Failure, PartBody};

/// What a kind takes.
pub(crate) struct Limits {
    /// The provider's name.
    pub(crate) provider: &'static str,
    /// The longest question and label, and what each is counted in.
    pub(crate) question: (usize, TextUnit),
    pub(crate) label: (usize, TextUnit),
    /// The most labels.
    pub(crate) labels: usize,
}

/// The part of a question with its labels, checked.
pub(crate) fn buttons(title: &str, replies: &[String], limits: &Limits) -> Result<PartBody, Failure> {
    let (provider, most) = (limits.provider, limits.labels);
    not_blank(title, "/message/title", "question")?;
    let ((question, unit), (label, label_unit)) = (limits.question, limits.label);
    too_long(title, question, unit, "/message/title", "question", provider)?;
    if replies.is_empty() {
        let message = "There are no replies to tap: give at least one.";
        return Err(at(ErrorCode::ValidationFailed, message, "/message/replies"));
    }
    if replies.len() > most {
        let message =
            format!("There are {} replies, but {provider} takes {most}: leave some out.", replies.len());
        return Err(at(ErrorCode::ValidationFailed, message, format!("/message/replies/{most}")));
    }
    for (index, reply) in replies.iter().enumerate() {
        let pointer = format!("/message/replies/{index}");
        not_blank(reply, &pointer, "reply's label")?;
        let what = format!("label of reply {}", index + 1);
        too_long(reply.trim(), label, label_unit, &pointer, &what, provider)?;
        if replies[..index].iter().any(|earlier| earlier.trim() == reply.trim()) {
            let message = format!("Reply {} has the label of an earlier one: give each its own.", index + 1);
            return Err(at(ErrorCode::ValidationFailed, message, pointer));
        }
    }
    let choice = |(index, reply): (usize, &String)| Choice {
        id: format!("qr:{index}"),
        title: reply.trim().to_owned(),
    };
    let buttons = replies.iter().enumerate().map(choice).collect();
    Ok(PartBody::Buttons { text: title.to_owned(), buttons })
}
