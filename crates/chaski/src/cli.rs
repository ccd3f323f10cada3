//! The command line.

use crate::verbs::{
    self, BackupOptions, ChannelVerb, ClosingNoteVerb, ContactVerb, DeadLetterVerb, FieldVerb, LifecycleVerb,
    MessageVerb, MigrateOptions, RestoreOptions, RetentionOptions, SendOptions, TagVerb, TemplateVerb,
    TokenVerb, UnknownVerb, UserVerb, WebhookVerb, WorkspaceVerb,
};
use crate::{config, demo, explain, output, serve};
use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Self-hosted messaging gateway: one call reaches a person on any channel.
#[derive(Parser)]
#[command(name = "chaski", version, max_term_width = 100, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Accepted anywhere on the line.
#[derive(Args, Clone)]
pub(crate) struct Common {
    /// The running server that the operator's verbs speak to.
    #[arg(long, global = true, env = "CHASKI_URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,
    /// A token with the scope `admin`.
    #[arg(long, global = true, env = "CHASKI_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// JSON for programs instead of tables for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The configuration file.
    #[arg(long, global = true)]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Everything on this machine: server, simulated providers, a ready workspace.
    Demo(demo::Options),
    /// The server.
    Serve(serve::Options),
    /// The simulated providers alone, with the demo's accounts and templates.
    Simulator(demo::SimulatorOptions),
    /// Send a message.
    Send(SendOptions),
    /// Workspaces.
    #[command(subcommand)]
    Workspace(WorkspaceVerb),
    /// API tokens.
    #[command(subcommand)]
    Token(TokenVerb),
    /// People who sign in to the web.
    #[command(subcommand)]
    User(UserVerb),
    /// Channels.
    #[command(subcommand)]
    Channel(ChannelVerb),
    /// Contacts.
    #[command(subcommand)]
    Contact(ContactVerb),
    /// Custom fields of contacts.
    #[command(subcommand)]
    Field(FieldVerb),
    /// The stages of contacts' lifecycle.
    #[command(subcommand)]
    Lifecycle(LifecycleVerb),
    /// Tags of contacts.
    #[command(subcommand)]
    Tag(TagVerb),
    /// What conversations are closed with.
    #[command(subcommand)]
    ClosingNote(ClosingNoteVerb),
    /// Template catalogues.
    #[command(subcommand)]
    Template(TemplateVerb),
    /// Messages.
    #[command(subcommand)]
    Message(MessageVerb),
    /// Messages that failed and can be sent again, by cause.
    #[command(subcommand)]
    DeadLetter(DeadLetterVerb),
    /// Messages whose outcome nobody knows.
    #[command(subcommand)]
    Unknown(UnknownVerb),
    /// Webhooks that could not be used.
    #[command(subcommand)]
    Webhook(WebhookVerb),
    /// What waits on each channel, what is held, whether receipts come.
    Health,
    /// Remove what is old, as the hourly job does, or tell how much that would be.
    Retention(RetentionOptions),
    /// Copy the embedded store into one file, whether or not a server works on it.
    Backup(BackupOptions),
    /// Make a data folder from a backup.
    Restore(RestoreOptions),
    /// Copy a data folder into a PostgreSQL database, while its server runs or after.
    Migrate(MigrateOptions),
    /// Check configuration, database, clock and channels, each with a remedy.
    Check,
    /// What an error code means, who can act, how to fix it.
    Explain {
        /// A code, for example 132000 or no_channel.
        code: String,
        /// es or en; default by LANG.
        #[arg(long)]
        lang: Option<String>,
    },
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Print the OpenAPI document.
    Openapi,
}

#[derive(Subcommand)]
enum ConfigVerb {
    /// Print every setting with its default.
    Default,
}

/// Runs a command.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let common = &arguments.common;
    match arguments.command {
        Command::Demo(options) => demo::run(common, options).await?,
        Command::Serve(options) => serve::run(common, options).await?,
        Command::Simulator(options) => demo::simulator(common, options).await?,
        Command::Send(options) => verbs::send(common, options).await?,
        Command::Workspace(verb) => verbs::workspace(common, verb).await?,
        Command::Token(verb) => verbs::token(common, verb).await?,
        Command::User(verb) => verbs::user(common, verb).await?,
        Command::Channel(verb) => verbs::channel(common, verb).await?,
        Command::Contact(verb) => verbs::contact(common, verb).await?,
        Command::Field(verb) => verbs::field(common, verb).await?,
        Command::Lifecycle(verb) => verbs::lifecycle(common, verb).await?,
        Command::Tag(verb) => verbs::tag(common, verb).await?,
        Command::ClosingNote(verb) => verbs::closing_note(common, verb).await?,
        Command::Template(verb) => return verbs::template(common, verb).await,
        Command::Message(verb) => verbs::message(common, verb).await?,
        Command::DeadLetter(verb) => verbs::dead_letter(common, verb).await?,
        Command::Unknown(verb) => verbs::unknown(common, verb).await?,
        Command::Webhook(verb) => verbs::webhook(common, verb).await?,
        Command::Health => verbs::health(common).await?,
        Command::Retention(options) => verbs::retention(common, options).await?,
        Command::Backup(options) => verbs::backup(common, options).await?,
        Command::Restore(options) => verbs::restore(common, options).await?,
        Command::Migrate(options) => return verbs::migrate(common, options).await,
        Command::Check => return verbs::check(common).await,
        Command::Explain { code, lang } => return explain::run(common, &code, lang.as_deref()),
        Command::Config(ConfigVerb::Default) => output::line(config::DEFAULT.trim_end()),
        Command::Openapi => output::json(&chaski_server::openapi()),
    }
    Ok(ExitCode::SUCCESS)
}
