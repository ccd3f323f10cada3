//! `/phones/{address}`: a virtual phone, live; to open it is to read everything.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Form, Path, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::Stream;
use futures_util::stream::unfold;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::bubble::{bubble, keyboard};
use super::lang::Lang;
use super::layout::{Room, page as frame};
use crate::accounts::{ACCOUNTS, account};
use crate::control::Refused;
use crate::control::phones::{key, open_phone, set};
use crate::control::write::{choices, write};
use crate::phones::{Message, Settings, chat_of, line_id_of, viber_id_of};
use crate::sim::{Shared, Sim};
use crate::source::App;

/// Messages shown; a phone can hold many more.
const SHOWN: usize = 300;

#[derive(Deserialize)]
pub(super) struct AppQuery {
    app: Option<String>,
}

impl AppQuery {
    /// The app that is asked for, else the one with the newest message.
    fn app(&self, sim: &Sim, key: &str) -> App {
        let asked = App::ALL.into_iter().find(|app| self.app.as_deref() == Some(app.word()));
        let newest =
            || sim.phones.with(key, |phone| phone.messages.back().map(|message| message.source.app()));
        let first = if key.contains('@') { App::Email } else { App::Whatsapp };
        asked.or_else(newest).unwrap_or(first)
    }
}

struct View {
    app: App,
    address: String,
    name: String,
    user_id: String,
    settings: Settings,
    older: usize,
    messages: Vec<Message>,
}

fn view(sim: &Sim, key: &str, app: App) -> View {
    sim.phones.with(key, |phone| {
        let of_app = || phone.messages.iter().filter(|message| message.source.app() == app);
        let older = of_app().count().saturating_sub(SHOWN);
        View {
            app,
            address: phone.address(),
            name: phone.name.clone(),
            user_id: phone.user_id.clone(),
            settings: phone.settings.clone(),
            older,
            messages: of_app().skip(older).cloned().collect(),
        }
    })
}

/// The whole page.
pub(super) async fn page(
    State(sim): State<Shared>,
    lang: Lang,
    Path(address): Path<String>,
    Query(query): Query<AppQuery>,
) -> Result<Markup, Refused> {
    let key = key(&sim, &address)?;
    let app = query.app(&sim, &key);
    open_phone(&sim, &key);
    let view = view(&sim, &key, app);
    let first = ACCOUNTS.iter().position(|a| a.source.app() == app).unwrap_or_default();
    let newest = view.messages.last().map_or(first, |message| message.account);
    let content = html! {
        div.desk {
            section class=(format!("phone {}", app.word())) aria-label=(lang.say("Teléfono simulado", "Simulated phone")) {
                header.chat {
                    a.back href="/" aria-label=(lang.say("Volver", "Back")) { "‹" }
                    span.avatar aria-hidden="true" { (account(newest).business.chars().next().unwrap_or('E')) }
                    div {
                        h1 { (account(newest).business) }
                        p { (account(newest).handle()) " · " (kind_of_account(lang, app)) }
                    }
                    nav.apps aria-label=(lang.say("Aplicación", "App")) {
                        @for other in apps(&view.address) {
                            a href=(format!("/phones/{}?app={}", view.address, other.word())) aria-current=[(other == app).then_some("page")] { (other.name()) }
                        }
                    }
                }
                (thread_view(lang, &view))
                (reply_form(&sim, lang, &key, &view))
            }
            (aside(lang, &view))
        }
    };
    Ok(frame(lang, Room::Phones, &view.name, &content))
}

/// A mailbox has mails alone, and a phone has none.
fn apps(address: &str) -> impl Iterator<Item = App> {
    let is_mailbox = address.contains('@');
    App::ALL.into_iter().filter(move |app| (*app == App::Email) == is_mailbox)
}

fn kind_of_account(lang: Lang, app: App) -> &'static str {
    match app {
        App::Whatsapp => lang.say("cuenta de empresa", "business account"),
        App::Sms => lang.say("número de empresa", "business number"),
        App::Telegram | App::Viber => "bot",
        App::Custom => lang.say("programa propio", "a program of one's own"),
        App::Email => lang.say("buzón de la empresa", "business mailbox"),
        App::Line => lang.say("cuenta oficial", "official account"),
        App::Messenger => lang.say("página", "Page"),
        App::Instagram => lang.say("cuenta profesional", "professional account"),
    }
}

/// The messages, which live updates swap.
pub(super) async fn thread(
    State(sim): State<Shared>,
    lang: Lang,
    Path(address): Path<String>,
    Query(query): Query<AppQuery>,
) -> Result<Markup, Refused> {
    let key = key(&sim, &address)?;
    let app = query.app(&sim, &key);
    Ok(thread_view(lang, &view(&sim, &key, app)))
}

fn thread_view(lang: Lang, view: &View) -> Markup {
    let by_id: HashMap<&str, &Message> =
        view.messages.iter().map(|message| (message.id.as_str(), message)).collect();
    let mut reactions: HashMap<&str, Vec<String>> = HashMap::new();
    for message in view.messages.iter().filter(|message| message.content.kind == "reaction") {
        let Some(target) = message.content.reply_to.as_deref() else {
            continue;
        };
        // A later reaction takes the place of an earlier one; an empty one takes it back.
        let emoji = message.content.body.clone().unwrap_or_default();
        reactions.insert(target, if emoji.is_empty() { Vec::new() } else { vec![emoji] });
    }
    let mut last_account = None;
    html! {
        div #thread.thread data-live=(format!("/phones/{}/live", view.address)) data-thread=(format!("/phones/{}/thread?app={}", view.address, view.app.word())) role="log" {
            @if view.older > 0 { p.older { (view.older) " " (lang.say("mensajes anteriores no se muestran", "earlier messages are not shown")) } }
            @if view.messages.is_empty() { p.older { (lang.say("Aún no hay mensajes.", "No messages yet.")) } }
            @for message in view.messages.iter().filter(|message| !(message.content.kind == "reaction" && message.content.reply_to.as_deref().is_some_and(|id| by_id.contains_key(id)))) {
                @if last_account.replace(message.account) != Some(message.account) {
                    p.channel { (account(message.account).business) " · " (account(message.account).source.name()) " · " (account(message.account).handle()) }
                }
                (bubble(lang, &view.address, message, message.content.reply_to.as_deref().and_then(|id| by_id.get(id).copied()),
                    reactions.get(message.id.as_str()).map_or(&[], Vec::as_slice)))
            }
            (keyboard(lang, &view.address, &view.messages))
        }
    }
}

fn reply_form(sim: &Sim, lang: Lang, key: &str, view: &View) -> Markup {
    html! {
        form #reply method="post" action=(format!("/phones/{}/reply", view.address)) data-quiet {
            label.hidden for="provider" { (lang.say("A qué número", "To which number")) }
            select #provider name="provider" {
                @for id in choices(sim, key).into_iter().filter(|id| account(*id).source.app() == view.app) {
                    option value=(account(id).name) { (account(id).source.name()) " · " (account(id).handle()) }
                }
            }
            label.hidden for="text" { (lang.say("Mensaje", "Message")) }
            textarea #text name="text" rows="1" required placeholder=(lang.say("Escribe un mensaje", "Type a message")) {}
            button type="submit" aria-label=(lang.say("Enviar", "Send")) { "➤" }
            details.attach {
                summary aria-label=(lang.say("Adjuntar", "Attach")) title=(lang.say("Adjuntar", "Attach")) { "📎" }
                div {
                    @for (kind, word) in [("image", lang.say("Imagen", "Image")), ("video", lang.say("Video", "Video")), ("audio", lang.say("Nota de voz", "Voice note")), ("document", lang.say("Documento", "Document"))] {
                        button type="submit" name="attach" value=(kind) formnovalidate { (word) }
                    }
                }
            }
        }
    }
}

fn aside(lang: Lang, view: &View) -> Markup {
    let s = &view.settings;
    let toggles = [
        ("online", s.online, lang.say("Con conexión", "Online")),
        ("readReceipts", s.read_receipts, lang.say("Confirmación de lectura", "Read receipts")),
        ("blocked", s.blocked, lang.say("Bloqueó a la empresa", "Blocked the business")),
        ("whatsapp", s.whatsapp, lang.say("Tiene WhatsApp", "On WhatsApp")),
    ];
    html! {
        section.person {
            h2 { (view.name) }
            dl {
                dt { (lang.say("Número", "Number")) } dd { (view.address) }
                dt { (lang.say("Chat de Telegram", "Telegram chat")) } dd { code { (chat_of(view.address.trim_start_matches('+'))) } }
                dt { "Viber" } dd { code { (viber_id_of(view.address.trim_start_matches('+'))) } }
                dt { "LINE" } dd { code { (line_id_of(view.address.trim_start_matches('+'))) } }
                dt { "BSUID" } dd { code { (view.user_id) } }
            }
            form method="post" action=(format!("/phones/{}/settings", view.address)) {
                @for (name, is_on, label) in toggles {
                    label.toggle { input type="checkbox" name=(name) value="true" checked[is_on]; " " (label) }
                }
                label for="username" { (lang.say("Nombre de usuario", "Username")) }
                input #username name="username" value=(s.username.as_deref().unwrap_or_default());
                p.help { (lang.say("Con un nombre de usuario escribe sin mostrar su número.", "With a username it writes without showing its number.")) }
                button.primary type="submit" { (lang.say("Guardar ajustes", "Save settings")) }
            }
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Reply {
    provider: String,
    text: String,
    /// A kind of file, where one is attached; the text is then its caption.
    #[serde(default)]
    attach: String,
}

fn back(address: &str) -> Response {
    Redirect::to(&format!("/phones/{address}#reply")).into_response()
}

/// The person writes, or sends a small file of a kind.
pub(super) async fn reply(
    State(sim): State<Shared>,
    Path(address): Path<String>,
    Form(form): Form<Reply>,
) -> Result<Response, Refused> {
    let key = key(&sim, &address)?;
    let chosen = ACCOUNTS.iter().find(|a| a.name == form.provider);
    let chosen = chosen.ok_or_else(|| Refused::bad(format!("There is no number {:?}", form.provider)))?;
    let text = form.text.replace("\r\n", "\n");
    let mut wanted = json!({"type": "text", "text": text.trim(), "provider": chosen.source.word(), "account": chosen.name});
    if !form.attach.is_empty() {
        wanted["type"] = json!(form.attach);
        // Sound has no caption.
        if !text.trim().is_empty() && form.attach != "audio" {
            wanted["caption"] = json!(text.trim());
        }
    }
    write(&sim, &key, &wanted).await?;
    Ok(back(&address))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tap {
    message_id: String,
    index: usize,
}

/// The person taps a button.
pub(super) async fn tap(
    State(sim): State<Shared>,
    Path(address): Path<String>,
    Form(form): Form<Tap>,
) -> Result<Response, Refused> {
    let key = key(&sim, &address)?;
    write(&sim, &key, &json!({"type": "button", "messageId": form.message_id, "index": form.index})).await?;
    Ok(back(&address))
}

/// The toggles as a form gives them: what is not checked is absent.
pub(super) async fn settings(
    State(sim): State<Shared>,
    Path(address): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response, Refused> {
    let key = key(&sim, &address)?;
    let flags = ["online", "readReceipts", "blocked", "whatsapp"];
    let mut wanted: Map<String, Value> =
        flags.iter().map(|name| ((*name).to_owned(), json!(form.contains_key(*name)))).collect();
    wanted.insert("username".to_owned(), json!(form.get("username").cloned().unwrap_or_default()));
    set(&sim, &key, &wanted);
    Ok(back(&address))
}

/// Somebody who looks at a phone, for as long as the page is open.
struct Viewer {
    sim: Shared,
    key: String,
}

impl Viewer {
    fn new(sim: Shared, key: String) -> Self {
        sim.phones.with(&key, |phone| phone.viewers += 1);
        open_phone(&sim, &key);
        Self { sim, key }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.sim.phones.with(&self.key, |phone| phone.viewers = phone.viewers.saturating_sub(1));
    }
}

/// Tells the page each time that the phone changed.
pub(super) async fn live(
    State(sim): State<Shared>,
    Path(address): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refused> {
    let key = key(&sim, &address)?;
    let changed = sim.phones.watch(&key);
    let viewer = Viewer::new(sim, key);
    let events = unfold((changed, viewer), |(mut changed, viewer)| async move {
        changed.changed().await.ok()?;
        let count = *changed.borrow_and_update();
        Some((Ok(Event::default().event("changed").data(count.to_string())), (changed, viewer)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
