//! The operator's verbs: each is one call to the running server's admin API.

use crate::cli::Common;
use crate::client::Client;
use crate::config::span;
use crate::output::{self, cell};
use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

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

#[derive(Subcommand)]
pub(crate) enum WorkspaceVerb {
    /// Make a workspace with a first token.
    Add {
        /// Its name.
        name: String,
        /// How numbers dialled at home are read (ISO 3166-1 alpha-2).
        #[arg(long)]
        country: Option<String>,
    },
    /// Show the token's workspace.
    List,
}

#[derive(Subcommand)]
pub(crate) enum TokenVerb {
    /// Make a token; it is shown once.
    Add {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// What it may do; repeat for more.
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
        /// When it ends, for example 30d; default never.
        #[arg(long)]
        expires: Option<String>,
    },
    /// List tokens.
    List,
}

#[derive(Subcommand)]
pub(crate) enum UserVerb {
    /// Make a user; prints a link that signs in once.
    Add {
        /// The address to sign in with.
        #[arg(long)]
        email: String,
        /// owner, manager or agent.
        #[arg(long)]
        role: String,
        /// First name.
        #[arg(long)]
        first_name: Option<String>,
    },
    /// List users.
    List,
    /// Print a new link that signs a user in once.
    Link {
        /// Whose.
        #[arg(long)]
        email: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum ChannelVerb {
    /// Connect a channel: checks the credentials, registers the webhook, syncs the templates.
    Add {
        /// What it is, for example whatsapp_cloud, 360dialog_whatsapp, nexmo_whatsapp.
        #[arg(long)]
        source: String,
        /// Its name.
        #[arg(long)]
        name: String,
        /// A setting; `KEY=@FILE` reads the value from a file. Keys are in docs/channels.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
    /// List channels.
    List,
    /// Ask the provider whether a channel's credentials are good.
    Check {
        /// Which.
        id: i64,
    },
    /// Let a held channel go on.
    Resume {
        /// Which.
        id: i64,
    },
}

#[derive(Subcommand)]
pub(crate) enum ContactVerb {
    /// Make a contact.
    Add {
        /// First name.
        #[arg(long)]
        first_name: Option<String>,
        /// Phone number.
        #[arg(long)]
        phone: Option<String>,
        /// E-mail address.
        #[arg(long)]
        email: Option<String>,
        /// An id that only a channel's provider knows.
        #[arg(long = "address", value_name = "CHANNEL_ID=NATIVE_ID")]
        addresses: Vec<String>,
    },
    /// List contacts.
    List,
    /// Show a contact.
    Show {
        /// id:123, email:… or phone:…
        identifier: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum FieldVerb {
    /// Make a custom field.
    Add {
        /// Its name.
        name: String,
        /// text, list, checkbox, email, number, url, date or time.
        #[arg(long = "type", default_value = "text")]
        data_type: String,
        /// A value of a list; repeat for more.
        #[arg(long = "value")]
        values: Vec<String>,
    },
    /// Delete a custom field by name or slug.
    Delete {
        /// Which.
        name: String,
    },
    /// List custom fields.
    List,
}

#[derive(Subcommand)]
pub(crate) enum TemplateVerb {
    /// Sync a channel's catalogue from its provider.
    Sync {
        /// The channel.
        channel: i64,
    },
    /// Take a catalogue from a file, as the provider's API gives it.
    Import {
        /// The channel.
        channel: i64,
        /// The file.
        file: PathBuf,
    },
    /// List templates.
    List,
    /// Check a request body against the catalogue. Exits with 1 when it would not be sent.
    Lint {
        /// The request body, as for the send call; - reads standard input.
        file: PathBuf,
    },
}

#[derive(Subcommand)]
pub(crate) enum MessageVerb {
    /// Show a message's whole timeline.
    Show {
        /// Which.
        id: i64,
        /// Show each exchange with the provider too.
        #[arg(long)]
        exchanges: bool,
    },
    /// Decide about an unknown outcome.
    Resolve {
        /// Which.
        id: i64,
        /// resend or leave.
        choice: String,
    },
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

fn percent_encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

fn read_json(file: &Path) -> Result<Value> {
    let text = if file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())?
    } else {
        std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?
    };
    serde_json::from_str(&text).with_context(|| format!("{} is not valid JSON", file.display()))
}

/// Prints a list: a table of some keys, or the JSON.
async fn list(common: &Common, path: &str, keys: &[&str]) -> Result<()> {
    let answer = Client::new(common)?.get(path).await?;
    if common.json {
        output::json(&answer);
        return Ok(());
    }
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    output::table(keys, items.iter().map(|item| keys.iter().map(|key| cell(item, key)).collect()).collect());
    Ok(())
}

/// Prints an answer: its JSON, or one line for people.
fn tell(common: &Common, answer: &Value, line: impl FnOnce(&Value) -> String) {
    if common.json { output::json(answer) } else { output::line(&line(answer)) }
}

pub(crate) async fn workspace(common: &Common, verb: WorkspaceVerb) -> Result<()> {
    match verb {
        WorkspaceVerb::List => list(common, "/admin/v1/workspaces", &["id", "name", "country"]).await,
        WorkspaceVerb::Add { name, country } => {
            let answer = Client::new(common)?
                .post("/admin/v1/workspaces", &json!({"name": name, "country": country}))
                .await?;
            tell(common, &answer, |a| {
                format!("workspace {}\ntoken (shown once) {}", cell(a, "id"), cell(a, "token"))
            });
            Ok(())
        }
    }
}

pub(crate) async fn token(common: &Common, verb: TokenVerb) -> Result<()> {
    match verb {
        TokenVerb::List => {
            list(common, "/admin/v1/tokens", &["id", "name", "scopes", "createdAt", "expiresAt"]).await
        }
        TokenVerb::Add { name, scopes, expires } => {
            let lives = expires.map(|text| span(&text).map_err(|why| anyhow!(why))).transpose()?;
            let body =
                json!({"name": name, "scopes": scopes, "expiresInSeconds": lives.map(|d| d.as_secs())});
            let answer = Client::new(common)?.post("/admin/v1/tokens", &body).await?;
            tell(common, &answer, |a| format!("token {} (shown once)\n{}", cell(a, "id"), cell(a, "token")));
            Ok(())
        }
    }
}

pub(crate) async fn user(common: &Common, verb: UserVerb) -> Result<()> {
    match verb {
        UserVerb::List => list(common, "/admin/v1/users", &["id", "email", "firstName", "role"]).await,
        UserVerb::Add { email, role, first_name } => {
            let body = json!({"email": email, "role": role, "firstName": first_name});
            let answer = Client::new(common)?.post("/admin/v1/users", &body).await?;
            tell(common, &answer, |a| {
                format!("user {}\nsigns in once with {}", cell(a, "id"), cell(a, "signIn"))
            });
            Ok(())
        }
        UserVerb::Link { email } => {
            let answer =
                Client::new(common)?.post("/admin/v1/sign-in-links", &json!({"email": email})).await?;
            tell(common, &answer, |a| cell(a, "signIn"));
            Ok(())
        }
    }
}

pub(crate) async fn channel(common: &Common, verb: ChannelVerb) -> Result<()> {
    match verb {
        ChannelVerb::List => {
            list(common, "/admin/v1/channels", &["id", "name", "source", "state", "templatesSyncedAt"]).await
        }
        ChannelVerb::Add { source, name, set } => {
            let set = settings(&set)?;
            let answer = Client::new(common)?
                .post("/admin/v1/channels", &json!({"source": source, "name": name, "set": set}))
                .await?;
            tell(common, &answer, |a| {
                let todo: Vec<String> = a["toDo"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|t| format!("\n  - {}", t.as_str().unwrap_or("")))
                    .collect();
                let left = if todo.is_empty() {
                    String::new()
                } else {
                    format!("\nleft to do by hand:{}", todo.concat())
                };
                format!(
                    "channel {}, {} templates\nwebhook {}{left}",
                    cell(a, "id"),
                    cell(a, "templates"),
                    cell(a, "webhookUrl")
                )
            });
            Ok(())
        }
        ChannelVerb::Check { id } => {
            let answer =
                Client::new(common)?.post(&format!("/admin/v1/channels/{id}/check"), &json!({})).await?;
            tell(common, &answer, |_| format!("channel {id}: the provider accepts its credentials"));
            Ok(())
        }
        ChannelVerb::Resume { id } => {
            let answer =
                Client::new(common)?.post(&format!("/admin/v1/channels/{id}/resume"), &json!({})).await?;
            tell(common, &answer, |_| format!("channel {id} goes on"));
            Ok(())
        }
    }
}

fn settings(given: &[String]) -> Result<Map<String, Value>> {
    given
        .iter()
        .map(|pair| {
            let (key, value) = pair.split_once('=').with_context(|| format!("`{pair}`: write KEY=VALUE"))?;
            let value = match value.strip_prefix('@') {
                Some(file) => {
                    std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))?
                }
                None => value.to_owned(),
            };
            Ok((key.to_owned(), json!(value)))
        })
        .collect()
}

pub(crate) async fn contact(common: &Common, verb: ContactVerb) -> Result<()> {
    match verb {
        ContactVerb::List => {
            list(common, "/admin/v1/contacts", &["id", "firstName", "lastName", "phone", "email"]).await
        }
        ContactVerb::Show { identifier } => {
            output::json(
                &Client::new(common)?.get(&format!("/v2/contact/{}", percent_encode(&identifier))).await?,
            );
            Ok(())
        }
        ContactVerb::Add { first_name, phone, email, addresses } => {
            let addresses: Vec<Value> = addresses
                .iter()
                .map(|pair| {
                    let (channel, value) = pair
                        .split_once('=')
                        .with_context(|| format!("`{pair}`: write CHANNEL_ID=NATIVE_ID"))?;
                    let channel: i64 =
                        channel.parse().with_context(|| format!("`{channel}` is not a channel's number"))?;
                    Ok(json!({"channelId": channel, "value": value}))
                })
                .collect::<Result<_>>()?;
            let body =
                json!({"firstName": first_name, "phone": phone, "email": email, "addresses": addresses});
            let answer = Client::new(common)?.post("/admin/v1/contacts", &body).await?;
            tell(common, &answer, |a| format!("contact {}", cell(a, "id")));
            Ok(())
        }
    }
}

pub(crate) async fn field(common: &Common, verb: FieldVerb) -> Result<()> {
    match verb {
        FieldVerb::List => list(common, "/admin/v1/fields", &["id", "name", "slug", "dataType"]).await,
        FieldVerb::Add { name, data_type, values } => {
            let body = json!({"name": name, "dataType": data_type, "allowedValues": values});
            let answer = Client::new(common)?.post("/admin/v1/fields", &body).await?;
            tell(common, &answer, |a| format!("field {}", cell(a, "id")));
            Ok(())
        }
        FieldVerb::Delete { name } => {
            let answer =
                Client::new(common)?.delete(&format!("/admin/v1/fields/{}", percent_encode(&name))).await?;
            tell(common, &answer, |_| format!("field {name} deleted"));
            Ok(())
        }
    }
}

pub(crate) async fn template(common: &Common, verb: TemplateVerb) -> Result<ExitCode> {
    let synced = |a: &Value| {
        format!(
            "{} templates, {} new or changed, {} gone",
            cell(a, "templates"),
            cell(a, "changed"),
            cell(a, "gone")
        )
    };
    match verb {
        TemplateVerb::List => {
            list(
                common,
                "/admin/v1/templates",
                &["source", "name", "language", "status", "category", "version"],
            )
            .await?
        }
        TemplateVerb::Sync { channel } => {
            let answer = Client::new(common)?
                .post(&format!("/admin/v1/channels/{channel}/templates/sync"), &json!({}))
                .await?;
            tell(common, &answer, synced);
        }
        TemplateVerb::Import { channel, file } => {
            let list = read_json(&file)?;
            let answer = Client::new(common)?
                .post(&format!("/admin/v1/channels/{channel}/templates/import"), &list)
                .await?;
            tell(common, &answer, synced);
        }
        TemplateVerb::Lint { file } => {
            let answer = Client::new(common)?.post("/admin/v1/templates/lint", &read_json(&file)?).await?;
            let would_send = answer["wouldSend"] == true;
            tell(common, &answer, |a| lint_text(a, would_send));
            return Ok(if would_send { ExitCode::SUCCESS } else { ExitCode::from(1) });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn lint_text(answer: &Value, would_send: bool) -> String {
    let findings: Vec<String> = answer["lint"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|f| {
            format!(
                "\n  {} [{}] {} {}",
                cell(f, "component"),
                cell(f, "code"),
                cell(f, "message"),
                cell(f, "fix")
            )
        })
        .collect();
    format!("{}{}", if would_send { "would be sent" } else { "would be refused" }, findings.concat())
}

pub(crate) async fn message(common: &Common, verb: MessageVerb) -> Result<()> {
    match verb {
        MessageVerb::Resolve { id, choice } => {
            let answer = Client::new(common)?
                .post(&format!("/admin/v1/messages/{id}/resolve"), &json!({"choice": choice}))
                .await?;
            tell(common, &answer, |_| format!("message {id}: {choice}"));
        }
        MessageVerb::Show { id, exchanges } => {
            let answer = Client::new(common)?.get(&format!("/admin/v1/messages/{id}")).await?;
            if common.json {
                output::json(&answer);
            } else {
                for step in answer["timeline"].as_array().into_iter().flatten() {
                    output::line(&step_line(step, exchanges));
                }
            }
        }
    }
    Ok(())
}

/// One step of a timeline for a terminal.
fn step_line(step: &Value, exchanges: bool) -> String {
    let what = match step["step"].as_str().unwrap_or("") {
        "accepted" => format!("accepted, by {}", cell(step, "by")),
        "received" => "received from the contact".to_owned(),
        "routed" => format!("channel {} ({})", cell(step, "channel"), cell(step, "route").replace('_', " ")),
        "not_sent" => format!("not sent: {}", cell(&step["failure"], "message")),
        "attempt" => {
            let failure = cell(&step["failure"], "message");
            let next = if step["nextAt"].is_null() {
                String::new()
            } else {
                format!(", next try {}", cell(step, "nextAt"))
            };
            let http = if step["httpStatus"].is_null() {
                String::new()
            } else {
                format!(" HTTP {}", cell(step, "httpStatus"))
            };
            format!("attempt {}: {}{http} {failure}{next}", cell(step, "attempt"), cell(step, "outcome"))
        }
        "provider_id" => format!("the provider's id {}", cell(step, "providerId")),
        "receipt" => {
            let order = if step["outOfOrder"] == true { " (out of order)" } else { "" };
            format!("{}{order} {}", cell(step, "kind"), cell(&step["failure"], "message"))
        }
        "waiting" => format!("waits until {}", cell(step, "until")),
        "unknown" => "the outcome is not known: `chaski message resolve ID resend|leave`".to_owned(),
        other => other.to_owned(),
    };
    let mut line = format!("{}  {}", cell(step, "at"), what.trim_end());
    if exchanges && step["exchange"].is_object() {
        let e = &step["exchange"];
        line.push_str(&format!(
            "\n    {} {}\n    {}\n    -> {} {}",
            cell(e, "method"),
            cell(e, "url"),
            cell(e, "body"),
            cell(e, "status"),
            cell(e, "response")
        ));
    }
    line
}

pub(crate) async fn check(common: &Common) -> Result<ExitCode> {
    crate::config::load(common.config.as_deref())?;
    let answer = Client::new(common)?.get("/admin/v1/check").await?;
    if common.json {
        output::json(&answer);
    } else {
        for item in answer["items"].as_array().into_iter().flatten() {
            let name = format!("{} {}", cell(item, "what"), cell(item, "name"));
            match item["ok"] == true {
                true => output::line(&format!("ok    {name}")),
                false => {
                    output::line(&format!("FAIL  {name}: {} {}", cell(item, "cause"), cell(item, "remedy")))
                }
            }
        }
    }
    Ok(if answer["ok"] == true { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
