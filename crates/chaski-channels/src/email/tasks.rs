//! What is asked of the mail server that is not a delivery.

use super::send::{auth, server};
use super::{SETTINGS, outcome};
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
        (Task::Check, [reply, ..]) if reply.is_success() => Ok(Step::Done(Answer::default())),
        (Task::Check, [reply, ..]) => Err(verdict::why(outcome::outcome(reply))),
        (Task::Connect { .. }, _) => {
            let by_hand = vec![
                "Let your mail server hand what it receives to the webhook: POST the raw message with `Content-Type: message/rfc822` and `Authorization: Bearer` with the inbound_token.".to_owned(),
            ];
            Ok(Step::Done(Answer { by_hand, ..Answer::default() }))
        }
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
