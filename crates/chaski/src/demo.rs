//! `chaski demo`: everything on this machine, with a ready workspace; and the simulator alone.

use crate::cli::Common;
use crate::client::Client;
use crate::serve::{self, Ready};
use crate::{config, output};
use anyhow::{Context, Result, bail};
use chaski_model::address::Address;
use chaski_model::identifier::Identifier;
use chaski_model::{ChannelKind, ContactId, E164, WorkspaceId};
use chaski_server::setup;
use chaski_simulator::Simulator;
use chaski_store::contacts::{Contact, ContactChange, Lane};
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The contact of the documentation's examples.
const CONTACT: ContactId = ContactId(123);
const PHONE: &str = "+60121233112";
const EMAIL: &str = "ana@ejemplo.ec";
const USER: &str = "demo@chaski.local";
const TOKEN: &str = "demo";
/// The demo's WhatsApp channels; the contact writes to them in this order, so that the last is interacted last.
const CHANNELS: [(&str, &str); 3] = [
    ("whatsapp_cloud", "WhatsApp · Cloud API"),
    ("nexmo_whatsapp", "WhatsApp · Vonage"),
    ("360dialog_whatsapp", "WhatsApp · 360dialog"),
];
/// The demo's other channels, connected after those; the contact writes to them first.
const OTHERS: [(&str, &str); 10] = [
    ("telegram", "Telegram"),
    ("twilio_whatsapp", "WhatsApp · Twilio"),
    ("twilio", "SMS · Twilio"),
    ("viber", "Viber"),
    ("line", "LINE"),
    ("facebook", "Facebook Messenger"),
    ("instagram", "Instagram"),
    ("nexmo", "SMS · Vonage"),
    ("custom_channel", "Canal propio"),
    ("other_email", "E-mail"),
];
/// Those on which the contact is known by an id of the provider's own: where the simulator tells it.
const BY_ID: [(&str, &str); 4] = [
    ("viber", "/viberId"),
    ("line", "/lineId"),
    ("facebook", "/scopedIds/facebook"),
    ("instagram", "/scopedIds/instagram"),
];
/// What the demo's conversations can be closed with.
const CLOSING_NOTES: [(&str, &str); 2] = [("Resolved", "Resuelto"), ("Spam", "Correo no deseado")];
/// A window that closes sooner is opened anew.
const WINDOW_LEFT: Duration = Duration::from_secs(3600);
/// How long the contact's own messages may take to arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(20);

#[derive(Args)]
pub(crate) struct Options {
    /// Where the server listens; port 0 takes any free port.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// Where the simulated providers listen.
    #[arg(long, default_value = "127.0.0.1:8090")]
    simulator_listen: String,
    /// The folder that keeps the demo's state.
    #[arg(long, default_value = "./chaski-demo")]
    data: PathBuf,
}

#[derive(Args)]
pub(crate) struct SimulatorOptions {
    /// Where the simulated providers listen; port 0 takes any free port.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: String,
    /// The folder that keeps phones and templates; without it they are forgotten at the end.
    #[arg(long)]
    data: Option<PathBuf>,
}

pub(crate) async fn simulator(common: &Common, options: SimulatorOptions) -> Result<()> {
    serve::logs(&config::load(common.config.as_deref())?)?;
    let mut asked = serve::Asked::listen()?;
    let simulator = start_simulator(&options.listen, options.data).await?;
    let url = simulator.url().to_owned();
    if common.json {
        output::line(&json!({"simulator": url}).to_string());
    } else {
        output::line(&format!(
            "Simulated providers at {url}\n  Phones        {url}/\n  Control API   {url}/sim/v1/accounts"
        ));
    }
    asked.told().await;
    simulator.stop().await;
    Ok(())
}

async fn start_simulator(listen: &str, data: Option<PathBuf>) -> Result<Simulator> {
    let listen = listen
        .parse()
        .with_context(|| format!("`{listen}` is not an address; write for example 127.0.0.1:8090"))?;
    Simulator::start(chaski_simulator::Config { listen, data }).await.context("the simulator cannot start")
}

pub(crate) async fn run(common: &Common, options: Options) -> Result<()> {
    let mut settings = config::load(common.config.as_deref())?;
    settings.server.listen = options.listen;
    settings.storage.data.clone_from(&options.data);
    // A demo needs nothing but this machine.
    settings.database.url.clear();
    settings.security.allow_private_networks = true;
    if common.config.is_none() && std::env::var_os("CHASKI__LOG__LEVEL").is_none() {
        settings.log.level = "warn".into();
    }
    serve::logs(&settings)?;
    let mut asked = serve::Asked::listen()?;
    let simulator = start_simulator(&options.simulator_listen, Some(options.data.join("simulator"))).await?;
    let url = simulator.url().to_owned();
    let ready = serve::prepare(settings, Some(url.clone()), Some(url.clone())).await?;
    let app = ready.app.clone();
    let stop = ready.stop_token();
    let workspace = match ready.only_workspace() {
        Some(workspace) => workspace,
        None => setup::first_workspace(&app, "Demo", Some("EC"), USER, TOKEN).await?.workspace,
    };
    let world = World { app, workspace, control: Client::open(&url) };
    let serving = Ready::start(ready);
    let told = tokio::select! {
        told = world.make_ready(&url) => told?,
        () = asked.told() => {
            stop.cancel();
            return Ok(());
        }
    };
    say(common, &told);
    asked.told().await;
    stop.cancel();
    serving.await?;
    simulator.stop().await;
    Ok(())
}

fn say(common: &Common, told: &Value) {
    if common.json {
        output::line(&told.to_string());
        return;
    }
    let text = |key: &str| told[key].as_str().unwrap_or("").to_owned();
    output::line(&format!(
        "Chaski is ready. Nothing leaves this machine: the providers are simulated.\n\n  \
         Sign in     {}\n  Phone       {}/phones/{}\n  API         {}\n  Token       {}\n\nTry it:\n\n  \
         curl --request POST --url {}/contact/id:123/message \\\n    --header 'Authorization: Bearer {}' \\\n    \
         --header 'Content-Type: application/json' \\\n    \
         --data '{{\"channelId\": 0, \"message\": {{\"type\": \"text\", \"text\": \"Hola desde Chaski\"}}}}'\n\nCtrl-C stops it.",
        text("signIn"),
        text("simulator"),
        PHONE,
        text("api"),
        text("token"),
        text("api"),
        text("token"),
    ));
}

/// The demo's workspace on its way to being ready.
struct World {
    app: chaski_server::App,
    workspace: WorkspaceId,
    control: Client,
}

impl World {
    async fn make_ready(&self, simulator: &str) -> Result<Value> {
        let accounts = self.control.get("/sim/v1/accounts").await?;
        for (source, name) in CHANNELS.into_iter().chain(OTHERS) {
            let account = accounts.as_array().into_iter().flatten().find(|a| a["source"] == source);
            let set = account
                .map(|a| a["set"].clone())
                .with_context(|| format!("the simulator has no account for {source}"))?;
            self.connect(source, name, &set).await?;
        }
        self.make_contact().await?;
        self.make_closing_notes().await?;
        self.introduce().await?;
        self.open_windows().await?;
        let renewed = setup::renew_access(&self.app, self.workspace, USER, TOKEN).await?;
        let public = &self.app.engine.config().public_url;
        let snapshot = self.app.engine.snapshot();
        let channels: Vec<Value> = snapshot
            .channels_of(self.workspace)
            .into_iter()
            .map(|e| json!({"id": e.channel.id, "name": e.channel.name, "source": e.channel.kind.source()}))
            .collect();
        Ok(json!({
            "api": format!("{public}/v2"), "web": public, "token": renewed.token, "simulator": simulator,
            "signIn": renewed.sign_in, "channels": channels,
            "contact": {"id": CONTACT, "phone": PHONE, "email": EMAIL},
        }))
    }

    /// Connects a channel, or tells a kept one where everything is this time.
    async fn connect(&self, source: &str, name: &str, set: &Value) -> Result<()> {
        let engine = &self.app.engine;
        let kind = ChannelKind::from_source(source).with_context(|| format!("no kind {source}"))?;
        let set: BTreeMap<String, String> = set
            .as_object()
            .into_iter()
            .flatten()
            .map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned()))
            .collect();
        let verify_token = set.get("verify_token").cloned();
        let addresses: BTreeMap<String, String> = set
            .iter()
            .filter(|(key, _)| key.ends_with("_url"))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let known = engine
            .snapshot()
            .channels_of(self.workspace)
            .into_iter()
            .find(|e| e.channel.kind == kind)
            .cloned();
        let webhook_url = match known {
            Some(entry) => {
                engine.reconnect(entry.channel.id, addresses).await.map_err(told)?;
                entry.hook_url.clone()
            }
            None => {
                engine
                    .connect(self.workspace, kind, name, set)
                    .await
                    .map_err(|refused| told(refused.failure))?
                    .webhook_url
            }
        };
        // The others' addresses are set by hand, not by their APIs.
        let by_api = [
            ChannelKind::Whatsapp360dialog,
            ChannelKind::Telegram,
            ChannelKind::TwilioSms,
            ChannelKind::Viber,
            ChannelKind::Line,
        ];
        // A mailbox is read: nobody hands its mails on.
        if !by_api.contains(&kind) && kind != ChannelKind::Email {
            let mut hook = json!({"source": source, "url": webhook_url});
            if let Some(token) = verify_token {
                hook["verifyToken"] = json!(token);
            }
            self.control.put("/sim/v1/webhooks", &hook).await?;
        }
        Ok(())
    }

    async fn contact(&self) -> Result<Option<Contact>> {
        Ok(self.app.engine.store().contact(self.workspace, &Identifier::Id(CONTACT)).await?)
    }

    async fn make_contact(&self) -> Result<()> {
        if self.contact().await?.is_some() {
            return Ok(());
        }
        let stages = ["New Lead", "Hot Lead", "Customer"].map(str::to_owned);
        self.app.engine.store().set_lifecycles(self.workspace, stages.into()).await?;
        self.app.engine.reload().await?;
        let field = setup::field(&self.app, self.workspace, "company").await?;
        let phone = E164::parse(PHONE, None).context("the demo's phone number")?;
        let change = ContactChange {
            first_name: Some("Ana".into()),
            last_name: Some(Some("Torres".into())),
            language: Some(Some("es".into())),
            country_code: Some(phone.country()),
            fields: [(field.0, json!("Ecuabots"))].into(),
            addresses: vec![Address::phone(&phone), Address::email(EMAIL)],
            ..ContactChange::default()
        };
        let now = self.app.engine.clock().now();
        self.app.engine.store().create_contact(self.workspace, Some(CONTACT), change, now).await?;
        Ok(())
    }

    async fn make_closing_notes(&self) -> Result<()> {
        let engine = &self.app.engine;
        if !engine.store().closing_notes(self.workspace).await?.is_empty() {
            return Ok(());
        }
        for (category, description) in CLOSING_NOTES {
            let (category, description) = (category.to_owned(), Some(description.to_owned()));
            let now = engine.clock().now();
            engine.store().add_closing_note(self.workspace, category, description, now).await?;
        }
        Ok(())
    }

    /// The contact is known on the channels whose provider has an id of its own for it.
    async fn introduce(&self) -> Result<()> {
        let phone = self.control.get(&format!("/sim/v1/phones/{PHONE}")).await?;
        let snapshot = self.app.engine.snapshot();
        let mut change = ContactChange::default();
        for (source, key) in BY_ID {
            let channel = snapshot
                .channels_of(self.workspace)
                .into_iter()
                .find(|entry| entry.channel.kind.source() == source)
                .map(|entry| entry.channel.id)
                .with_context(|| format!("no channel of {source}"))?;
            let id = phone
                .pointer(key)
                .and_then(Value::as_str)
                .with_context(|| format!("the phone has no {key}"))?;
            change.addresses.push(Address { scope: channel.to_string(), ..Address::native(id) });
        }
        let contact = self.contact().await?.context("the demo's contact")?;
        let is_known = |address: &Address| contact.addresses.iter().any(|known| known.address == *address);
        if change.addresses.iter().all(is_known) {
            return Ok(());
        }
        let now = self.app.engine.clock().now();
        Ok(self.app.engine.store().update_contact(self.workspace, CONTACT, change, now).await?)
    }

    /// The contact writes on every channel whose window is not open for long.
    async fn open_windows(&self) -> Result<()> {
        for (source, name) in OTHERS.into_iter().chain(CHANNELS) {
            if self.is_open(source).await? {
                continue;
            }
            let text = format!("Hola, les escribo por {name}.");
            let mut body = json!({"type": "text", "text": text, "provider": source});
            if source == "telegram" {
                // Telegram tells no number: the contact shares its own card, and is known by it from then on.
                let card = json!({"name": {"formatted_name": "Ana"}, "phones": [{"phone": PHONE}]});
                body = json!({"type": "contacts", "contacts": [card], "provider": source});
            }
            let from = if source == "other_email" { EMAIL } else { PHONE };
            self.control.post(&format!("/sim/v1/phones/{from}/messages"), &body).await?;
            let began = Instant::now();
            while !self.is_open(source).await? {
                if began.elapsed() > ARRIVES_WITHIN {
                    bail!("the contact's message on {source} did not arrive");
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }

    async fn is_open(&self, source: &str) -> Result<bool> {
        let engine = &self.app.engine;
        let snapshot = engine.snapshot();
        let Some(contact) = self.contact().await? else { return Ok(false) };
        let entry =
            snapshot.channels_of(self.workspace).into_iter().find(|e| e.channel.kind.source() == source);
        if let Some(entry) =
            entry.filter(|e| e.channel.kind.capabilities().is_some_and(|c| c.window.is_none()))
        {
            let wrote = |lane: &Lane| lane.channel == entry.channel.id && lane.last_in_at.is_some();
            return Ok(contact.lanes.iter().any(wrote));
        }
        let soon = engine.clock().now() + WINDOW_LEFT;
        Ok(entry
            .and_then(|e| chaski_engine::plan::window_of(&contact, e, soon))
            .is_some_and(|window| window.open))
    }
}

fn told(failure: chaski_model::Failure) -> anyhow::Error {
    anyhow::anyhow!(failure.message)
}
