//! Signed addresses of held media, which work for one to two days: `/media/{id}?exp=…&sig=…`.
//!
//! The end is a whole day, so that the same file has the same address for a day and browsers keep it.

use crate::engine::Engine;
use chaski_model::{MessageId, Timestamp, WorkspaceId};

const DAY_SECS: i64 = 86_400;

/// Why an address does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotValid {
    /// The signature is not ours, or for something else.
    Wrong,
    /// Its time is over.
    Expired,
}

fn said(id: &str, ends: i64) -> String {
    format!("{id}\n{ends}")
}

impl Engine {
    /// The path of a message's media, for whoever may see the message.
    pub fn media_path(&self, workspace: WorkspaceId, message: MessageId) -> String {
        let id = format!("{}-{}", workspace.0, message.0);
        let ends = (self.clock.now().secs().div_euclid(DAY_SECS) + 2) * DAY_SECS;
        let signature = self.vault.sign(&said(&id, ends));
        format!("/media/{id}?exp={ends}&sig={signature}")
    }

    /// The same with the server's public address, for programs.
    pub fn media_url(&self, workspace: WorkspaceId, message: MessageId) -> String {
        format!("{}{}", self.config.public_url, self.media_path(workspace, message))
    }

    /// Whose media an address names, if its signature is ours and its time is not over.
    ///
    /// # Errors
    /// Why it does not work.
    pub fn media_named(
        &self,
        id: &str,
        ends: i64,
        signature: &str,
    ) -> Result<(WorkspaceId, MessageId), NotValid> {
        if !self.vault.is_signed(&said(id, ends), signature) {
            return Err(NotValid::Wrong);
        }
        if Timestamp(ends.saturating_mul(1000)) <= self.clock.now() {
            return Err(NotValid::Expired);
        }
        let (workspace, message) = id.split_once('-').ok_or(NotValid::Wrong)?;
        let number = |text: &str| text.parse::<i64>().map_err(|_| NotValid::Wrong);
        Ok((WorkspaceId(number(workspace)?), MessageId(number(message)?)))
    }
}
