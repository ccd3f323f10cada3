//! `chaski send`.

use super::{percent_encode, read_json};
use crate::cli::Common;
use crate::client::Client;
use crate::output;
use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct SendOptions {
    /// id:123, email:ana@ejemplo.ec or phone:+593997333444.
    identifier: String,
    /// The text to send.
    #[arg(long, conflicts_with_all = ["template", "file"])]
    text: Option<String>,
    /// The template to send.
    #[arg(long, requires = "language")]
    template: Option<String>,
    /// The template's language code.
    #[arg(long)]
    language: Option<String>,
    /// A value of the template's body, in order.
    #[arg(long = "param", value_name = "VALUE")]
    params: Vec<String>,
    /// A whole request body as JSON; - reads standard input.
    #[arg(long, conflicts_with = "template")]
    file: Option<PathBuf>,
    /// The channel; default the last interacted one.
    #[arg(long)]
    channel: Option<i64>,
    /// Say what would be sent, and send nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn send(common: &Common, options: SendOptions) -> Result<()> {
    let mut body = match (&options.text, &options.template, &options.file) {
        (Some(text), _, _) => json!({"message": {"type": "text", "text": text}}),
        (None, Some(name), _) => {
            json!({"message": {"type": "whatsapp_template", "template": template_of(name, &options)}})
        }
        (None, None, Some(file)) => read_json(file)?,
        (None, None, None) => bail!("say what to send: --text, --template or --file"),
    };
    if let Some(channel) = options.channel {
        body["channelId"] = json!(channel);
    }
    let whom: String = percent_encode(&options.identifier);
    let query = if options.dry_run { "?dryRun=true" } else { "" };
    let answer = Client::new(common)?.post(&format!("/v2/contact/{whom}/message{query}"), &body).await?;
    match answer["messageId"].as_i64().filter(|_| !common.json) {
        Some(id) => output::line(&format!("message {id}")),
        None => output::json(&answer),
    }
    Ok(())
}

fn template_of(name: &str, options: &SendOptions) -> Value {
    let parameters: Vec<Value> =
        options.params.iter().map(|text| json!({"type": "text", "text": text})).collect();
    let components =
        if parameters.is_empty() { json!([]) } else { json!([{"type": "body", "parameters": parameters}]) };
    json!({"name": name, "languageCode": options.language, "components": components})
}
