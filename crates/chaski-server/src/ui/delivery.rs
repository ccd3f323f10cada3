//! The Delivery room: what waits, what is held, what nobody knows, what has failed; and the one action
//! that each of them asks for.

use super::channels::{failed, may_manage, state_words};
use super::fault::Fault;
use super::list::hue;
use super::page::{self, Frame, Room, Told};
use super::session::Signed;
use super::to;
use super::words::Reader;
use crate::health;
use crate::state::App;
use axum::extract::{Form, Query, State, rejection::FormRejection};
use axum::response::Response;
use chaski_model::identifier::Identifier;
use chaski_model::{ChannelId, ChannelKind, ContactId, Failure, MessageId, Timestamp};
use chaski_store::StoreError;
use chaski_store::upkeep::{Cause, DeadLetterStep};
use maud::{Markup, html};
use serde::Deserialize;

/// Unknown outcomes that the room shows; the rest follow once these are decided.
const UNKNOWN: usize = 50;
/// Dead letters that one press of the button sends again.
const STEP: usize = 500;

/// One channel's queue.
#[derive(Debug, Clone)]
pub(crate) struct QueueRow {
    pub(crate) id: ChannelId,
    pub(crate) name: String,
    pub(crate) kind: ChannelKind,
    /// `connecting`, `connected`, `held`, `locked`.
    pub(crate) state: String,
    pub(crate) held: Option<Failure>,
    pub(crate) queued: u64,
    pub(crate) oldest: Option<Timestamp>,
    /// Since when no receipts come, although they should.
    pub(crate) silent_since: Option<Timestamp>,
}

/// One outcome that nobody knows.
#[derive(Debug, Clone)]
pub(crate) struct UnknownRow {
    pub(crate) message: MessageId,
    pub(crate) contact: ContactId,
    pub(crate) name: String,
    pub(crate) channel: String,
    pub(crate) since: Timestamp,
    pub(crate) why: Option<String>,
}

/// Messages that failed of one cause.
#[derive(Debug, Clone)]
pub(crate) struct DeadRow {
    pub(crate) cause: Cause,
    pub(crate) channel: String,
    /// The channel is still there, so that they can be sent again.
    pub(crate) can_go: bool,
    pub(crate) messages: u64,
    pub(crate) first_at: Timestamp,
    pub(crate) last_at: Timestamp,
    /// Where one of them is.
    pub(crate) sample: Option<String>,
    pub(crate) failure: Option<Failure>,
}

/// The room.
pub(crate) struct Delivery {
    pub(crate) frame: Frame,
    pub(crate) queues: Vec<QueueRow>,
    pub(crate) unknown: Vec<UnknownRow>,
    pub(crate) dead: Vec<DeadRow>,
    pub(crate) manages: bool,
    /// What the last form did.
    pub(crate) told: Told,
}

#[derive(Deserialize, Default)]
pub(crate) struct Options {
    #[serde(default)]
    done: String,
    #[serde(default)]
    n: i64,
    #[serde(default)]
    more: bool,
}

/// `GET /delivery`.
pub(crate) async fn index(
    State(app): State<App>,
    signed: Signed,
    Query(options): Query<Options>,
) -> Result<Response, Fault> {
    let frame = Frame::of(&app, &signed, Room::Delivery, "/delivery".to_owned()).await?;
    let told = told(&frame.reader, &options);
    let view = Delivery {
        queues: queues(&app, &signed).await?,
        unknown: unknown(&app, &signed).await?,
        dead: dead(&app, &signed).await?,
        manages: signed.manages(),
        told,
        frame,
    };
    Ok(page::answer(screen(&view)))
}

fn told(r: &Reader, options: &Options) -> Told {
    match options.done.as_str() {
        "replayed" if options.more => {
            Some((format!("{} {}", r.count("told-replayed", options.n), r.t("told-replayed-more")), true))
        }
        "replayed" => Some((r.count("told-replayed", options.n), options.n > 0)),
        "dismissed" => Some((r.count("told-dismissed", options.n), true)),
        "resolved" => Some((r.t("told-resolved"), true)),
        "not-resolved" => Some((r.t("told-not-resolved"), false)),
        of_channel => super::channels::told(r, of_channel),
    }
}

async fn queues(app: &App, signed: &Signed) -> Result<Vec<QueueRow>, StoreError> {
    let list = health::channels(app, signed.workspace()).await?;
    let row = |one: health::ChannelHealth| QueueRow {
        id: one.entry.channel.id,
        name: one.entry.channel.name.clone(),
        kind: one.entry.channel.kind,
        state: one.state().to_owned(),
        held: one.entry.channel.held.clone(),
        queued: one.queued,
        oldest: one.oldest.filter(|_| one.queued > 0),
        silent_since: one.receipts.filter(|receipts| receipts.overdue > 0).and_then(|r| r.since),
    };
    Ok(list.into_iter().map(row).collect())
}

fn channel_name(app: &App, signed: &Signed, id: ChannelId) -> String {
    let snapshot = app.engine.snapshot();
    snapshot.channel(signed.workspace(), id).map(|e| e.channel.name.clone()).unwrap_or_else(|| id.to_string())
}

async fn unknown(app: &App, signed: &Signed) -> Result<Vec<UnknownRow>, StoreError> {
    let store = app.engine.store();
    let mut rows = Vec::new();
    for one in store.unknown_outcomes(Some(signed.workspace()), None, UNKNOWN).await? {
        let contact = store.contact(signed.workspace(), &Identifier::Id(one.contact)).await?;
        rows.push(UnknownRow {
            message: one.message,
            contact: one.contact,
            name: contact.map(|contact| contact.display_name()).unwrap_or_default(),
            channel: channel_name(app, signed, one.channel),
            since: one.since,
            why: one.failure.map(|failure| failure.message),
        });
    }
    Ok(rows)
}

async fn dead(app: &App, signed: &Signed) -> Result<Vec<DeadRow>, StoreError> {
    let store = app.engine.store();
    let snapshot = app.engine.snapshot();
    let mut rows = Vec::new();
    for group in store.dead_letter_groups(Some(signed.workspace())).await? {
        let sample = store.message(signed.workspace(), group.sample).await?;
        rows.push(DeadRow {
            channel: channel_name(app, signed, group.cause.channel),
            can_go: snapshot.channel(signed.workspace(), group.cause.channel).is_some(),
            cause: group.cause,
            messages: group.messages,
            first_at: group.first_at,
            last_at: group.last_at,
            sample: sample.map(|message| super::bubble::place(&message)),
            failure: group.failure,
        });
    }
    Ok(rows)
}

#[derive(Deserialize)]
pub(crate) struct OfCause {
    #[serde(default)]
    csrf: String,
    channel: i64,
    code: String,
    #[serde(default)]
    provider_code: String,
    #[serde(default)]
    act: String,
}

/// `POST /delivery/dead-letters`: those of one cause are sent again, or taken off the list.
pub(crate) async fn dead_letters(
    State(app): State<App>,
    signed: Signed,
    form: Result<Form<OfCause>, FormRejection>,
) -> Result<Response, Fault> {
    let Form(given) = form.map_err(|_| Fault::Form)?;
    may_manage(&signed, &given.csrf)?;
    let step = DeadLetterStep {
        workspace: signed.workspace(),
        cause: Some(Cause {
            channel: ChannelId(given.channel),
            code: given.code,
            provider_code: given.provider_code.parse().ok(),
        }),
        after: None,
        failed_before: Timestamp(app.engine.clock().now().0 + 1),
        limit: STEP,
    };
    match given.act.as_str() {
        "replay" => {
            let done = app.engine.replay_step(step, &signed.name()).await?;
            Ok(to(&format!("/delivery?done=replayed&n={}&more={}", done.messages, done.last.is_some())))
        }
        "dismiss" => {
            let gone = app.engine.store().dismiss_dead_letters(step).await?;
            Ok(to(&format!("/delivery?done=dismissed&n={gone}")))
        }
        _ => Err(Fault::Form),
    }
}

/// The room.
pub(crate) fn screen(view: &Delivery) -> Markup {
    let r = &view.frame.reader;
    let inside = html! {
        section.part aria-labelledby="queues" {
            h2 id="queues" { (r.t("delivery-channels")) }
            ul.cards { @for row in &view.queues { (queue(view, row)) } }
        }
        section.part aria-labelledby="unknown" {
            h2 id="unknown" { (r.t("delivery-unknown")) }
            @if view.unknown.is_empty() { p.soft { (r.t("delivery-unknown-none")) } }
            @else {
                p { (r.t("unknown-words")) }
                ul.cards { @for row in &view.unknown { (unknown_card(view, row)) } }
            }
        }
        section.part aria-labelledby="dead" {
            h2 id="dead" { (r.t("delivery-dead")) }
            @if view.dead.is_empty() { p.soft { (r.t("delivery-dead-none")) } }
            @else { ul.cards { @for row in &view.dead { (dead_card(view, row)) } } }
        }
    };
    page::room(&view.frame, &view.told, inside)
}

fn csrf(view: &Delivery) -> Markup {
    html! { input type="hidden" name="csrf" value=(view.frame.csrf); }
}

/// A form of another room's, which leads back here.
fn stays(view: &Delivery) -> Markup {
    html! { (csrf(view)) input type="hidden" name="room" value="delivery"; }
}

fn queue(view: &Delivery, row: &QueueRow) -> Markup {
    let r = &view.frame.reader;
    let well = row.state == "connected";
    html! {
        li.card data-channel=(row.id) data-state=(row.state) {
            h3 { span.{ "via-dot " (hue(row.kind)) } {} (row.name) }
            p {
                span.chip.ok[well].warm[!well] { (state_words(r, &row.state)) }
                @if row.silent_since.is_some() { " " span.chip.warm { (r.t("delivery-receipts-missing")) } }
            }
            p {
                (r.count("delivery-queued", i64::try_from(row.queued).unwrap_or(i64::MAX)))
                @if let Some(at) = row.oldest { " " span.soft { (r.with("delivery-oldest", &[("time", &r.moment(at))])) } }
            }
            @if let Some(at) = row.silent_since { p { (r.with("delivery-receipts-words", &[("time", &r.moment(at))])) } }
            @if let Some(held) = row.held.as_ref().filter(|_| !well) { (failed(r, held)) }
            @if view.manages && row.state == "held" {
                div.acts {
                    form method="post" action={ "/channels/" (row.id) "/resume" } {
                        (stays(view)) button.btn.primary type="submit" { (r.t("channel-resume")) }
                    }
                }
            }
        }
    }
}

fn unknown_card(view: &Delivery, row: &UnknownRow) -> Markup {
    let r = &view.frame.reader;
    html! {
        li.card data-unknown=(row.message) {
            h3 { a href={ "/messages/" (row.contact) "/" (row.message) } { (row.name) } }
            p.soft { (row.channel) " · " (r.with("channel-since", &[("time", &r.moment(row.since))])) }
            @if let Some(why) = &row.why { p.soft lang="en" { (why) } }
            form.acts method="post" action={ "/messages/" (row.contact) "/" (row.message) "/resolve" } {
                (stays(view))
                button.btn.primary type="submit" name="choice" value="resend" { (r.t("unknown-resend")) }
                button.btn type="submit" name="choice" value="leave" { (r.t("unknown-leave")) }
            }
        }
    }
}

fn dead_card(view: &Delivery, row: &DeadRow) -> Markup {
    let r = &view.frame.reader;
    let code = row.cause.provider_code.map(|code| code.to_string()).unwrap_or_default();
    html! {
        li.card data-cause=(row.cause.code) data-messages=(row.messages) {
            h3 { (r.count("delivery-dead-count", i64::try_from(row.messages).unwrap_or(i64::MAX))) }
            p.soft {
                (row.channel) " · "
                (r.with("delivery-dead-times", &[("first", &r.moment(row.first_at)), ("last", &r.moment(row.last_at))]))
            }
            @match &row.failure {
                Some(failure) => (failed(r, failure)),
                None => p.mono { (row.cause.code) " " (code) },
            }
            form.acts method="post" action="/delivery/dead-letters" {
                @if let Some(sample) = &row.sample { a.btn href=(sample) { (r.t("delivery-sample")) } }
                @if view.manages {
                    (csrf(view))
                    input type="hidden" name="channel" value=(row.cause.channel);
                    input type="hidden" name="code" value=(row.cause.code);
                    input type="hidden" name="provider_code" value=(code);
                    @if row.can_go { button.btn.primary type="submit" name="act" value="replay" { (r.t("delivery-replay")) } }
                    button.btn type="submit" name="act" value="dismiss" { (r.t("delivery-dismiss")) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;
    use crate::ui::words::Lang;

    #[test]
    fn the_room_shows_what_waits_what_nobody_knows_and_what_has_failed() {
        insta::assert_snapshot!(
            "delivery_es",
            page::tests::shown(&screen(&sample::delivery(Lang::Es, true)))
        );
    }

    #[test]
    fn an_agent_decides_about_messages_but_not_about_channels_or_many() {
        let shown = screen(&sample::delivery(Lang::En, false)).0;
        assert!(shown.contains("/resolve") && !shown.contains("value=\"replay\""), "{shown}");
        assert!(!shown.contains("/resume") && !shown.contains("value=\"dismiss\""));
    }
}
