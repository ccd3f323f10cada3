//! `/`: the phones with their last message, and what the providers know of us.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::lang::Lang;
use super::layout::{Room, page as frame, time};
use crate::accounts::{ACCOUNTS, Account};
use crate::phones::Phone;
use crate::sim::{Shared, Sim};

/// The page may show many phones, but not all of a load test.
const SHOWN: usize = 200;

struct Row {
    address: String,
    name: String,
    last: Option<(i64, String)>,
    unread: usize,
    state: Vec<&'static str>,
}

fn row(lang: Lang, phone: &Phone) -> Row {
    let settings = &phone.settings;
    let state = [
        (!settings.online, lang.say("sin conexión", "offline")),
        (!settings.whatsapp, lang.say("sin WhatsApp", "not on WhatsApp")),
        (settings.blocked, lang.say("nos bloqueó", "blocked us")),
        (!settings.read_receipts, lang.say("sin confirmación de lectura", "no read receipts")),
        (settings.username.is_some(), lang.say("con nombre de usuario", "with a username")),
    ];
    let last = phone.messages.back().map(|message| {
        let content = &message.content;
        let words = content.body.as_deref().or(content.header.as_deref()).unwrap_or(&content.kind);
        (message.at, words.chars().take(90).collect())
    });
    Row {
        address: phone.address(),
        name: phone.name.clone(),
        last,
        unread: phone.unread.len(),
        state: state.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word).collect(),
    }
}

/// The list of phones.
pub(super) async fn page(State(sim): State<Shared>, lang: Lang) -> Markup {
    let mut rows = sim.phones.list(|phone| row(lang, phone));
    rows.truncate(SHOWN);
    let content = html! {
        h1 { (lang.say("Teléfonos", "Phones")) }
        form.inline method="get" action="/phones" {
            label for="address" { (lang.say("Número internacional o correo", "International number or e-mail")) }
            input #address name="address" type="text" required placeholder="+593997333444";
            button.primary type="submit" { (lang.say("Abrir teléfono", "Open phone")) }
        }
        @if rows.is_empty() {
            p.empty { (lang.say("Todavía no hay teléfonos: abre un número o envíale un mensaje.", "There are no phones yet: open a number or send it a message.")) }
        } @else {
            ul.phones { @for row in &rows { (phone_row(row)) } }
        }
        h2 { (lang.say("Proveedores", "Providers")) }
        ul.providers { @for (id, account) in ACCOUNTS.iter().enumerate() { (provider(&sim, lang, id, account)) } }
    };
    frame(lang, Room::Phones, lang.say("Teléfonos", "Phones"), &content)
}

fn phone_row(row: &Row) -> Markup {
    html! {
        li {
            a href=(format!("/phones/{}", row.address)) {
                strong { (row.name) } " " span.soft { (row.address) }
                @if row.unread > 0 { span.badge { (row.unread) } }
                @for word in &row.state { span.chip { (word) } }
                @if let Some((at, words)) = &row.last { span.last { (time(*at)) " " (words) } }
            }
        }
    }
}

fn provider(sim: &Sim, lang: Lang, id: usize, account: &Account) -> Markup {
    let hook = sim.webhooks.hook(id);
    let templates = sim.templates.list(id).len();
    html! {
        li {
            strong { (account.source.name()) } " · " (account.business) " " span.soft { (account.handle()) }
            br;
            span.soft { (templates) " " (lang.say("plantillas", "templates")) " · webhook: " }
            @match hook.filter(|hook| !hook.url.is_empty()) {
                Some(hook) => code { (hook.url) },
                None => span.soft { (lang.say("ninguno todavía", "none yet")) },
            }
        }
    }
}

#[derive(Deserialize)]
pub(super) struct OpenQuery {
    address: String,
}

/// Leads to the phone of a number.
pub(super) async fn open(State(sim): State<Shared>, lang: Lang, Query(query): Query<OpenQuery>) -> Response {
    match sim.phones.resolve(query.address.trim()) {
        Some(number) => Redirect::to(&match number.contains('@') {
            true => format!("/phones/{number}"),
            false => format!("/phones/+{number}"),
        })
        .into_response(),
        None => {
            let content = html! {
                h1 { (lang.say("Ese no es un número", "That is not a number")) }
                p { (lang.say("Escribe un número internacional, por ejemplo +593997333444.", "Enter an international number, for example +593997333444.")) }
                p { a href="/" { (lang.say("Volver a los teléfonos", "Back to the phones")) } }
            };
            frame(lang, Room::Phones, lang.say("Teléfonos", "Phones"), &content).into_response()
        }
    }
}
