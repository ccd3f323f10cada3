//! Dead letters: by cause, one by one, sent again.

use super::{list, percent_encode, tell};
use crate::cli::Common;
use crate::client::Client;
use crate::output::{self, cell};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

#[derive(Subcommand)]
pub(crate) enum DeadLetterVerb {
    /// List the causes, with how many messages failed of each.
    List,
    /// Show the messages of a cause, or all, newest first.
    Show {
        #[command(flatten)]
        cause: Cause,
        /// Older than this message: the next page.
        #[arg(long)]
        before: Option<i64>,
    },
    /// Send again: one message, those of a cause, or all.
    Replay {
        /// One message.
        #[arg(conflicts_with_all = ["channel", "error", "all"])]
        message: Option<i64>,
        #[command(flatten)]
        cause: Cause,
        /// Every dead letter.
        #[arg(long)]
        all: bool,
    },
    /// Take those of a cause, or all, off the list; the messages stay failed.
    Dismiss {
        #[command(flatten)]
        cause: Cause,
        /// Every dead letter.
        #[arg(long)]
        all: bool,
    },
}

/// What messages failed of, as `list` shows it.
#[derive(Args)]
pub(crate) struct Cause {
    /// The channel.
    #[arg(long, requires = "error")]
    channel: Option<i64>,
    /// Our code, for example window_closed.
    #[arg(long, requires = "channel")]
    error: Option<String>,
    /// The provider's code, where the cause has one.
    #[arg(long, requires = "error", allow_negative_numbers = true)]
    provider_code: Option<i64>,
}

impl Cause {
    fn body(&self, all: bool) -> Result<Value> {
        match (&self.channel, &self.error) {
            (Some(channel), Some(error)) if !all => {
                Ok(json!({"channelId": channel, "error": error, "providerCode": self.provider_code}))
            }
            (None, None) if all => Ok(json!({"all": true})),
            _ => bail!("name a cause with --channel, --error and --provider-code, or give --all"),
        }
    }

    fn query(&self) -> String {
        let mut query = String::new();
        if let (Some(channel), Some(error)) = (self.channel, &self.error) {
            query = format!("channelId={channel}&error={}", percent_encode(error));
        }
        if let Some(code) = self.provider_code {
            query.push_str(&format!("&providerCode={code}"));
        }
        query
    }
}

pub(crate) async fn dead_letter(common: &Common, verb: DeadLetterVerb) -> Result<()> {
    match verb {
        DeadLetterVerb::List => {
            let keys = [
                "channelId",
                "channel",
                "error",
                "providerCode",
                "messages",
                "firstAt",
                "lastAt",
                "sampleMessageId",
            ];
            list(common, "/admin/v1/dead-letters", &keys).await
        }
        DeadLetterVerb::Show { cause, before } => {
            let before = before.map(|id| format!("&before={id}")).unwrap_or_default();
            let path = format!("/admin/v1/dead-letters/messages?{}{before}", cause.query());
            let keys = ["messageId", "contactId", "channelId", "error", "providerCode", "failedAt"];
            list(common, &path, &keys).await
        }
        DeadLetterVerb::Replay { message: Some(id), .. } => {
            let answer =
                Client::new(common)?.post(&format!("/admin/v1/messages/{id}/replay"), &json!({})).await?;
            tell(common, &answer, |_| format!("message {id} is sent again"));
            Ok(())
        }
        DeadLetterVerb::Replay { message: None, cause, all } => replay(common, cause.body(all)?).await,
        DeadLetterVerb::Dismiss { cause, all } => dismiss(common, cause.body(all)?).await,
    }
}

/// Step by step until there are no more of those that had failed when this began.
async fn replay(common: &Common, mut body: Value) -> Result<()> {
    let client = Client::new(common)?;
    let mut replayed = 0;
    let mut skipped = Vec::new();
    loop {
        let step = client.post("/admin/v1/dead-letters/replay", &body).await?;
        replayed += step["replayed"].as_u64().unwrap_or(0);
        skipped.extend(step["skipped"].as_array().cloned().unwrap_or_default());
        if step["next"].is_null() {
            break;
        }
        body["after"] = step["next"].clone();
        body["failedBefore"] = step["failedBefore"].clone();
        if !common.json {
            output::line(&format!("{replayed} so far"));
        }
    }
    let told = json!({"replayed": replayed, "skipped": skipped});
    tell(common, &told, |_| {
        let left: Vec<String> = skipped
            .iter()
            .map(|one| format!("\n  {}: {}", cell(one, "messageId"), cell(one, "why")))
            .collect();
        format!("{replayed} messages are sent again{}", left.concat())
    });
    Ok(())
}

async fn dismiss(common: &Common, mut body: Value) -> Result<()> {
    let client = Client::new(common)?;
    let mut dismissed = 0;
    loop {
        let step = client.post("/admin/v1/dead-letters/dismiss", &body).await?;
        dismissed += step["dismissed"].as_u64().unwrap_or(0);
        if step["more"] != true {
            break;
        }
        body["failedBefore"] = step["failedBefore"].clone();
    }
    tell(common, &json!({"dismissed": dismissed}), |_| format!("{dismissed} messages are off the list"));
    Ok(())
}
