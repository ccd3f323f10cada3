//! Webhooks of 360dialog: the secret header. Their contents are Meta's and read by
//! [`crate::whatsapp::meta_webhook`].

use crate::adapter::{Incoming, Secrets};
use crate::signature::{is_equal, refused};
use chaski_model::Failure;

/// The header that we ask 360dialog to send with every webhook.
pub(super) const HEADER: &str = "X-Chaski-Hook";

pub(super) fn verify(hook: &Incoming<'_>, secrets: &Secrets) -> Result<(), Failure> {
    let shown = hook.header(HEADER).ok_or_else(|| refused("The header X-Chaski-Hook is missing."))?;
    if secrets.get("hook_secret").is_some_and(|key| is_equal(shown, key)) {
        return Ok(());
    }
    Err(refused("The header X-Chaski-Hook does not match this hook's secret."))
}
