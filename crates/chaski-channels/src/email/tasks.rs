//! What is asked of the mail server that is not a delivery.

use super::send::{auth, server};
use super::{SETTINGS, mailbox, outcome};
use crate::adapter::{Answer, Call, Cx, KEPT, Reply, Step, Task};
use crate::settings::read;
use crate::verdict;
use chaski_model::{ErrorCode, Failure};

pub(super) fn ask(cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Result<Step, Failure> {
    match (task, so_far) {
        // A submission without recipients: EHLO, AUTH and NOOP.
        (Task::Check, []) => {
            let mut call = Call::get(server(cx)?, auth(cx));
            call.headers.push(("mail-from", read(cx, SETTINGS, "from")?.to_owned()));
            Ok(Step::Call(Box::new(call)))
        }
        (Task::Check, [submission]) if submission.is_success() => Ok(match mailbox::call(cx) {
            Some(call) => Step::Call(Box::new(call)),
            None => Step::Done(Answer::default()),
        }),
        (Task::Check, [_, mailbox, ..]) if mailbox.is_success() => Ok(Step::Done(Answer::default())),
        (Task::Check, [_, mailbox, ..]) if mailbox.status == 404 => {
            let message = "The mailbox has no such folder: set `imap_folder` to one that it has.";
            let mut failure = Failure::new(ErrorCode::ValidationFailed, message);
            failure.pointer = Some("/set/imap_folder".to_owned());
            Err(verdict::with_words(failure, &said(mailbox)))
        }
        (Task::Check, [_, mailbox, ..]) if mailbox.status == 535 => {
            let message = "The mailbox does not accept the login: check `imap_username` and `imap_password`, or `username` and `password` where these are not set.";
            Err(verdict::with_words(Failure::new(ErrorCode::CredentialsRefused, message), &said(mailbox)))
        }
        (Task::Check, [reply] | [_, reply, ..]) => Err(verdict::why(outcome::outcome(reply))),
        (Task::Connect { .. }, _) => Ok(Step::Done(Answer { by_hand: left_to_do(cx), ..Answer::default() })),
        (Task::Templates | Task::Disconnect | Task::Profile { .. }, _) => Ok(Step::Done(Answer::default())),
        (Task::Media { media }, _) => {
            if let Some(hash) = media.provider_id.as_deref().and_then(|id| id.strip_prefix(KEPT)) {
                return Ok(Step::Kept(hash.to_owned()));
            }
            let message =
                "The file came with its mail and is not held any more. Ask the contact to send it again.";
            Err(Failure::new(ErrorCode::MediaUnreachable, message))
        }
    }
}

fn said(reply: &Reply) -> String {
    reply.json().unwrap_or_default()["reply"].as_str().unwrap_or_default().to_owned()
}

/// Nothing where the mailbox is read.
fn left_to_do(cx: &Cx<'_>) -> Vec<String> {
    if cx.setting("imap_url").is_some() {
        return Vec::new();
    }
    vec!["Let your mail server hand what it receives to the webhook: POST the raw message with `Content-Type: message/rfc822` and `Authorization: Bearer` with the inbound_token. Or set imap_url, and the mailbox is read.".to_owned()]
}
