//! What an e-mail answers: its thread, and its subject where the caller gave none.

use super::Refusal;
use crate::directory::ChannelEntry;
use crate::engine::Engine;
use chaski_model::message::{Content, Mail};
use chaski_model::{ContactId, ErrorCode, Failure, WorkspaceId};

/// The most of a thread that is named.
const THREAD: usize = 20;

impl Engine {
    /// Puts a mail into the thread of the message that it answers.
    pub(super) async fn thread_mail(
        &self,
        mail: &mut Mail,
        workspace: WorkspaceId,
        contact: ContactId,
        entry: &ChannelEntry,
    ) -> Result<(), Refusal> {
        let Some(id) = mail.reply_to_message else { return Ok(()) };
        let refused = |why: &str| {
            let mut failure = Failure::new(ErrorCode::ValidationFailed, why);
            failure.pointer = Some("/message/replyToMessageId".to_owned());
            Refusal::from(failure)
        };
        let answered = self.store.message(workspace, id).await?;
        let answered = answered
            .filter(|answered| answered.contact == contact && answered.channel == entry.channel.id)
            .ok_or_else(|| {
                refused("`replyToMessageId` must be a message of this contact on this e-mail channel.")
            })?;
        let answered_id = answered.provider_id.clone().ok_or_else(|| {
            refused("The message that `replyToMessageId` names has not been sent yet: answer it later.")
        })?;
        if let Content::Email(before) = answered.shown() {
            mail.references = before.references.clone();
            mail.references.extend(before.in_reply_to.clone());
            mail.references.dedup();
            let more = mail.references.len().saturating_sub(THREAD);
            mail.references.drain(..more);
            if mail.subject.is_none() {
                mail.subject = before.subject.as_deref().map(answering);
            }
        }
        mail.in_reply_to = Some(answered_id);
        Ok(())
    }
}

/// A subject with one `Re:` before it.
fn answering(subject: &str) -> String {
    let is_answer = subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if is_answer { subject.to_owned() } else { format!("Re: {subject}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answers_subject_says_so_once() {
        assert_eq!(answering("Su pedido"), "Re: Su pedido");
        assert_eq!(answering("RE: Su pedido"), "RE: Su pedido");
        assert_eq!(answering("ñ"), "Re: ñ");
    }
}
