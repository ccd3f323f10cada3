//! `/exchanges`: the last calls with their answers and the provider's verdict.

use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::lang::Lang;
use super::layout::{Room, page as frame, time};
use crate::exchanges::{Exchange, parsed};
use crate::sim::Shared;
use crate::source::Source;

const SHOWN: usize = 100;

#[derive(Deserialize)]
pub(super) struct WireQuery {
    provider: Option<String>,
}

/// The newest exchanges first.
pub(super) async fn page(State(sim): State<Shared>, lang: Lang, Query(query): Query<WireQuery>) -> Markup {
    let chosen = query.provider.as_deref().and_then(Source::parse);
    let exchanges = sim.exchanges.list(chosen, None, SHOWN);
    let content = html! {
        h1 { (lang.say("Cable", "Wire")) }
        form.inline method="get" action="/exchanges" {
            label for="provider" { (lang.say("Proveedor", "Provider")) }
            select #provider name="provider" {
                option value="" { (lang.say("Todos", "All")) }
                @for source in Source::ALL { option value=(source.word()) selected[chosen == Some(source)] { (source.name()) } }
            }
            button type="submit" { (lang.say("Mostrar", "Show")) }
        }
        @if exchanges.is_empty() {
            p.empty { (lang.say("Nadie ha llamado todavía a un proveedor.", "Nobody has called a provider yet.")) }
        }
        @for exchange in exchanges.iter().rev() { (one(lang, exchange)) }
    };
    frame(lang, Room::Wire, lang.say("Cable", "Wire"), &content)
}

fn one(lang: Lang, exchange: &Exchange) -> Markup {
    let verdict = exchange.verdict();
    let is_good = verdict.is_none() && exchange.status != 0;
    html! {
        details.exchange data-exchange-id=(exchange.id) {
            summary {
                (time(exchange.at_ms)) " "
                span class=(if is_good { "status good" } else { "status bad" }) {
                    @if exchange.status == 0 { (lang.say("cortado", "cut")) } @else { (exchange.status) }
                }
                " " strong { (exchange.source.name()) } " " code { (exchange.method.as_str()) " " (exchange.path) }
                @if let Some(verdict) = &verdict { span.verdict { (verdict) } }
            }
            h3 { (lang.say("Petición", "Request")) }
            pre { (pretty(&exchange.body)) }
            h3 { (lang.say("Respuesta", "Response")) }
            pre { (pretty(&exchange.answer)) }
        }
    }
}

fn pretty(bytes: &[u8]) -> String {
    const LONGEST: usize = 20_000;
    let whole = match parsed(bytes) {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text,
        value => serde_json::to_string_pretty(&value).unwrap_or_default(),
    };
    whole.chars().take(LONGEST).collect()
}
