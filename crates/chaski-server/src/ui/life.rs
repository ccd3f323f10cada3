//! The drawer of one message: its whole life as a cord with a knot for each step, what was said to
//! the provider, and how the caller's text differed from the template that the contact got.

use super::bubble::mark_words;
use super::contents::component;
use super::diff::{difference, visible};
use super::icons::{Icon, icon};
use super::state_of::{State, failure_words};
use super::words::Reader;
use crate::state::App;
use crate::timeline::{self, Life, Step, What};
use chaski_model::template::{Difference, Mark};
use chaski_model::{Failure, MessageId, Rank, ReceiptKind, Timestamp, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::exchanges::Exchange;
use chaski_store::inbox::Attempt;
use maud::{Markup, html};

/// A message with its life.
pub(crate) struct LifeView {
    pub(crate) life: Life,
    pub(crate) state: State,
}

/// Reads a message's life.
pub(crate) async fn life(
    app: &App,
    workspace: WorkspaceId,
    id: MessageId,
) -> Result<Option<LifeView>, StoreError> {
    let Some(life) = timeline::life(&app.engine, workspace, id).await? else { return Ok(None) };
    let waits = life.steps.iter().rev().find_map(|step| match step.what {
        What::Waiting { until, .. } => Some(until),
        _ => None,
    });
    let state = match (State::of(&life.message, &[]), waits) {
        (State::Queued, Some(until)) => State::Retrying(until),
        (state, _) => state,
    };
    Ok(Some(LifeView { life, state }))
}

/// The drawer.
pub(crate) fn drawer(r: &Reader, view: &LifeView) -> Markup {
    let message = &view.life.message;
    let resolved = message.resolved.as_ref();
    html! {
        aside.drawer id="drawer" aria-label=(r.t("drawer-message")) data-message=(message.id) data-contact=(message.contact) {
            header.bar {
                h2 { (r.t("drawer-message")) }
                span.grow {}
                a.close href={ "/messages/" (message.contact) "#m" (message.id) } { (icon(Icon::Close)) span.sr { (r.t("close")) } }
            }
            div.inner {
                p.now { (view.state.glyph(r)) @if matches!(view.state, State::Received | State::Queued | State::Sending | State::Sent | State::Delivered | State::Read) { (view.state.told(r)) } }
                dl {
                    dt { (r.t("drawer-id")) } dd.mono { (message.id) }
                    @if let Some(id) = &message.provider_id { dt { (r.t("drawer-provider-id")) } dd.mono { (id) } }
                }
                @if let Some(resolved) = resolved {
                    (differences(r, resolved.mark, &resolved.difference, message.rank != Rank::Failed))
                }
                h3 { (r.t("drawer-timeline")) }
                ol.cord { @for step in &view.life.steps { (self::step(r, step)) } }
            }
        }
    }
}

/// `arrives` is false for a message that failed: then the contact got nothing.
fn differences(r: &Reader, mark: Option<Mark>, list: &[Difference], arrives: bool) -> Markup {
    html! {
        @if mark.is_some() || !list.is_empty() {
            section id="difference" {
                h3 { (r.t("drawer-difference")) }
                @if let Some(mark) = mark { p { span.chip.warm { (mark_words(r, mark)) } } }
                @if mark == Some(Mark::NotVerified) { p.soft { (r.t("difference-not-verified")) } }
                @if !list.is_empty() {
                    p.legend { del { (r.t("difference-sent")) } " " ins { (if arrives { r.t("difference-approved") } else { r.t("difference-template") }) } }
                    div.diff { @for one in list { (difference_of(r, one, arrives)) } }
                }
            }
        }
    }
}

fn difference_of(r: &Reader, one: &Difference, arrives: bool) -> Markup {
    html! {
        div data-component=(one.component) {
            p.soft { (component(r, &one.component, one.index)) }
            @match (&one.sent, &one.approved) {
                (Some(sent), Some(approved)) => p.text { (difference(sent, approved)) },
                (None, Some(approved)) => {
                    p.soft { (if arrives { r.t("difference-omitted") } else { r.t("difference-omitted-only") }) }
                    p.text { ins { (visible(approved)) } }
                },
                (Some(sent), None) => {
                    p.soft { (if arrives { r.t("difference-extra") } else { r.t("difference-extra-only") }) }
                    p.text { del { (visible(sent)) } }
                },
                (None, None) => "",
            }
        }
    }
}

fn step(r: &Reader, step: &Step) -> Markup {
    match &step.what {
        What::Accepted { by, idempotent, notes } => knot(
            r,
            step.at,
            "",
            &accepted(r, by),
            html! {
                @if *idempotent { p.soft { (r.t("step-idempotent")) } }
                @if *notes > 0 { p.soft { (r.count("notes", i64::try_from(*notes).unwrap_or(i64::MAX))) } }
            },
        ),
        What::Received => knot(r, step.at, "", &r.t("step-received"), html! {}),
        What::Routed { channel, route, window_closes_at } => knot(
            r,
            step.at,
            "",
            &r.with("step-routed", &[("channel", channel)]),
            html! {
                p.soft {
                    (if route == "given" { r.t("route-given") } else { r.t("route-last") })
                    @if let Some(at) = window_closes_at { " · " (r.with("step-window", &[("time", &r.moment(*at))])) }
                }
            },
        ),
        What::NotSent { failure } => knot(r, step.at, "bad", &r.t("step-not-sent"), why(r, failure)),
        What::Attempt { part, attempt, exchange } => self::attempt(r, *part, attempt, exchange.as_deref()),
        What::Taken { provider_id } => {
            knot(r, step.at, "", &r.t("step-taken"), html! { p.mono { (provider_id) } })
        }
        What::Receipt { kind, provider_at, out_of_order, failure } => knot(
            r,
            step.at,
            receipt_class(*kind),
            &receipt_words(r, *kind),
            html! {
                p.soft { (r.with("step-provider-time", &[("time", &r.time_to_the_millisecond(*provider_at))])) }
                @if *out_of_order { p { span.chip.warm { (r.t("step-out-of-order")) } } }
                @if let Some(failure) = failure { (why(r, failure)) }
            },
        ),
        What::Waiting { until, aside } => knot(
            r,
            step.at,
            "soft",
            &r.with("step-waiting", &[("time", &r.time_to_the_millisecond(*until))]),
            html! {
                @if *aside { p.soft { (r.t("step-aside")) } }
            },
        ),
        What::Replayed { by, withdrawn } => replayed(r, step.at, by, withdrawn.as_ref()),
        What::Blanked => knot(r, step.at, "soft", &r.t("blanked"), html! {}),
        What::Unknown => {
            knot(r, step.at, "warm", &r.t("step-unknown"), html! { p.soft { (r.t("unknown-words")) } })
        }
    }
}

fn replayed(r: &Reader, at: Timestamp, by: &str, withdrawn: Option<&Failure>) -> Markup {
    let title = if by.is_empty() { r.t("step-replayed") } else { r.with("step-replayed-by", &[("by", by)]) };
    knot(
        r,
        at,
        "",
        &title,
        html! {
            @if let Some(failure) = withdrawn { p.soft { (r.t("step-withdrawn")) } (why(r, failure)) }
        },
    )
}

fn accepted(r: &Reader, by: &str) -> String {
    if by.is_empty() { r.t("step-accepted") } else { r.with("step-accepted-by", &[("by", by)]) }
}

fn knot(r: &Reader, at: Timestamp, class: &str, title: &str, more: Markup) -> Markup {
    html! {
        li class=[(!class.is_empty()).then_some(class)] {
            p.what { (title) " " time.soft datetime=(at.to_rfc3339()) title=(r.exact(at)) { (r.time_to_the_millisecond(at)) } }
            (more)
        }
    }
}

fn receipt_words(r: &Reader, kind: ReceiptKind) -> String {
    match kind {
        ReceiptKind::Sent => r.t("receipt-sent"),
        ReceiptKind::Failed => r.t("receipt-failed"),
        ReceiptKind::Delivered => r.t("receipt-delivered"),
        ReceiptKind::Read => r.t("receipt-read"),
    }
}

fn receipt_class(kind: ReceiptKind) -> &'static str {
    if kind == ReceiptKind::Failed { "bad" } else { "" }
}

fn why(r: &Reader, failure: &Failure) -> Markup {
    let words = failure_words(r, failure);
    html! {
        p { (words.title) "." @if let Some(place) = &words.place { " " (place) } " " span.mono { (words.code) } }
        p.soft { (words.remedy) " " (words.whose) }
        details { summary { (r.t("step-detail")) } p.mono lang="en" { (words.detail) } }
    }
}

fn attempt(r: &Reader, part: u16, attempt: &Attempt, exchange: Option<&Exchange>) -> Markup {
    let (class, words) = match attempt.outcome.as_str() {
        "sent" => ("", r.t("outcome-sent")),
        "fail" => ("bad", r.t("outcome-fail")),
        "unknown" => ("warm", r.t("outcome-unknown")),
        "hold" => ("warm", r.t("outcome-hold")),
        "slow_down" => ("soft", r.t("outcome-slow-down")),
        "not_sent" => ("soft", r.t("outcome-not-sent")),
        _ => ("soft", r.t("outcome-retry")),
    };
    let took = exchange.map_or_else(
        || attempt.ended_at.since(attempt.begun_at).as_millis().try_into().unwrap_or(u64::MAX),
        |e| e.took_ms,
    );
    let number = i64::from(attempt.number);
    let title = if part > 1 {
        r.with("step-attempt-of-part", &[("n", &r.number(number)), ("part", &part.to_string())])
    } else {
        r.count("step-attempt", number)
    };
    knot(
        r,
        attempt.begun_at,
        class,
        &title,
        html! {
            p.soft {
                (words)
                @if let Some(status) = attempt.http_status { " · HTTP " (status) }
                " · " (took) " ms"
                @if let Some(next) = attempt.next_at { " · " (r.with("step-next", &[("time", &r.time_to_the_millisecond(next))])) }
            }
            @if let Some(failure) = &attempt.failure { (why(r, failure)) }
            @match exchange {
                Some(exchange) => (self::exchange(r, exchange)),
                None => p.soft { (r.t("exchange-gone")) },
            }
        },
    )
}

fn exchange(r: &Reader, exchange: &Exchange) -> Markup {
    html! {
        details.exchange {
            summary { (r.t("exchange-show")) }
            p.label { (r.t("exchange-request")) }
            pre tabindex="0" {
                (exchange.method) " " (exchange.url) "\n"
                @for (name, value) in &exchange.headers { (name) ": " (value) "\n" }
                "\n" (pretty(&exchange.body))
            }
            p.label { (r.t("exchange-answer")) @if let Some(status) = exchange.status { " · HTTP " (status) } }
            pre tabindex="0" { (pretty(&exchange.response)) }
            details { summary { (r.t("exchange-curl")) } pre tabindex="0" { (curl(exchange)) } }
        }
    }
}

/// JSON is laid out; anything else stays as it came.
fn pretty(body: &str) -> String {
    let parsed =
        serde_json::from_str::<serde_json::Value>(body).ok().filter(|v| v.is_object() || v.is_array());
    parsed.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| body.to_owned())
}

/// The request as a command; its credentials stay masked.
fn curl(exchange: &Exchange) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let mut command = format!("curl -X {} {}", exchange.method, quoted(&exchange.url));
    for (name, value) in &exchange.headers {
        command.push_str(&format!(" \\\n  -H {}", quoted(&format!("{name}: {value}"))));
    }
    if !exchange.body.is_empty() {
        command.push_str(&format!(" \\\n  -d {}", quoted(&exchange.body)));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::words::Lang;
    use crate::ui::words::tests::reader;
    use crate::ui::{page, sample};

    #[test]
    fn the_drawer_of_a_template_that_was_retried_and_read() {
        insta::assert_snapshot!("life_es", page::tests::shown(&drawer(&reader(Lang::Es), &sample::life())));
        insta::assert_snapshot!("life_en", page::tests::shown(&drawer(&reader(Lang::En), &sample::life())));
    }

    #[test]
    fn a_failed_message_claims_no_delivery_of_what_was_left_out() {
        let mut view = sample::life();
        view.life.message.rank = Rank::Failed;
        let shown = drawer(&reader(Lang::Es), &view).0;
        assert!(!shown.contains("entregado al contacto") && !shown.contains("recibió"), "{shown}");
    }

    #[test]
    fn a_command_survives_quotes_in_its_body() {
        let exchange = Exchange {
            method: "POST".into(),
            url: "https://waba.example/messages".into(),
            headers: vec![("D360-API-KEY".into(), "***".into())],
            body: "{\"body\":\"it's\"}".into(),
            status: None,
            response: String::new(),
            took_ms: 1,
        };
        assert!(curl(&exchange).contains(r#"-d '{"body":"it'\''s"}'"#), "{}", curl(&exchange));
        assert_eq!(pretty("not json"), "not json");
    }
}
