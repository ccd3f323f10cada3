//! Webhooks that could not be used: shown, taken in again, let go.

use super::{list, tell};
use crate::cli::Common;
use crate::client::Client;
use crate::output::cell;
use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

#[derive(Subcommand)]
pub(crate) enum WebhookVerb {
    /// List them, newest first, with what was wrong.
    List {
        /// Older than this one: the next page.
        #[arg(long)]
        before: Option<i64>,
    },
    /// Show one as it came.
    Show {
        /// Which.
        id: i64,
    },
    /// Take one in again, as after a mended setting or a newer version.
    Replay {
        /// Which.
        id: i64,
    },
    /// Let one go.
    Dismiss {
        /// Which.
        id: i64,
    },
}

pub(crate) async fn webhook(common: &Common, verb: WebhookVerb) -> Result<()> {
    let (id, verb, done) = match verb {
        WebhookVerb::List { before } => {
            let before = before.map(|id| format!("?before={id}")).unwrap_or_default();
            let path = format!("/admin/v1/webhooks{before}");
            return list(common, &path, &["id", "source", "receivedAt", "cause"]).await;
        }
        WebhookVerb::Show { id } => {
            let answer = Client::new(common)?.get(&format!("/admin/v1/webhooks/{id}")).await?;
            tell(common, &answer, |webhook| cell(webhook, "body"));
            return Ok(());
        }
        WebhookVerb::Replay { id } => (id, "replay", "was taken in"),
        WebhookVerb::Dismiss { id } => (id, "dismiss", "is gone"),
    };
    let answer = Client::new(common)?.post(&format!("/admin/v1/webhooks/{id}/{verb}"), &json!({})).await?;
    tell(common, &answer, |_| format!("webhook {id} {done}"));
    Ok(())
}
