//! Connecting a channel in the browser: which kind, its settings, and what is left to do by hand. The same step
//! as `chaski channel add`: the engine asks the provider before anything is kept.

use super::channels::may_manage;
use super::fault::Fault;
use super::icons::{Icon, icon};
use super::list::hue;
use super::page::{self, Frame, Room};
use super::session::Signed;
use super::state_of::failure_words;
use super::words::Reader;
use crate::state::App;
use axum::extract::{Form, Path, State, rejection::FormRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chaski_channels::{ADAPTERS, Adapter, Setting};
use chaski_engine::channels::{Connected, Refused};
use chaski_model::{ChannelKind, Fault as At, WorkspaceId};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A setting whose value has several lines.
const LINES: &str = "private_key";

/// The form of a kind, as it was filled in.
pub(crate) struct Filled {
    pub(crate) frame: Frame,
    pub(crate) adapter: &'static dyn Adapter,
    pub(crate) name: String,
    /// By key; secrets are never written back into a page.
    pub(crate) set: BTreeMap<String, String>,
    pub(crate) refused: Option<Refused>,
}

async fn frame(app: &App, signed: &Signed) -> Result<Frame, Fault> {
    if !signed.manages() {
        return Err(Fault::Forbidden);
    }
    Ok(Frame::of(app, signed, Room::Channels, "/channels/add".to_owned()).await?)
}

fn adapter(word: &str) -> Result<&'static dyn Adapter, Fault> {
    let kind = ChannelKind::from_word(word).ok_or(Fault::NotFound)?;
    chaski_channels::adapter(kind).ok_or(Fault::NotFound)
}

/// `GET /channels/add`.
pub(crate) async fn kinds(State(app): State<App>, signed: Signed) -> Result<Response, Fault> {
    Ok(page::answer(choice(&frame(&app, &signed).await?)))
}

/// `GET /channels/add/{kind}`.
pub(crate) async fn form(
    State(app): State<App>,
    signed: Signed,
    Path(word): Path<String>,
) -> Result<Response, Fault> {
    let adapter = adapter(&word)?;
    let frame = frame(&app, &signed).await?;
    let name = adapter.kind().title().to_owned();
    Ok(page::answer(screen(&Filled { frame, adapter, name, set: BTreeMap::new(), refused: None })))
}

/// `POST /channels/add/{kind}`.
pub(crate) async fn submit(
    State(app): State<App>,
    signed: Signed,
    Path(word): Path<String>,
    form: Result<Form<BTreeMap<String, String>>, FormRejection>,
) -> Result<Response, Fault> {
    let Form(mut given) = form.map_err(|_| Fault::Form)?;
    may_manage(&signed, &given.remove("csrf").unwrap_or_default())?;
    let adapter = adapter(&word)?;
    let frame = frame(&app, &signed).await?;
    let name = given.remove("name").unwrap_or_default().trim().to_owned();
    let set: BTreeMap<String, String> = given
        .into_iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("set.")?.to_owned(), value.trim().to_owned())))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    match connect(&app, signed.workspace(), adapter.kind(), &name, set.clone()).await? {
        Ok(connected) => Ok(page::answer(done(&frame, &name, &connected))),
        Err(refused) => {
            let view = Filled { frame, adapter, name, set, refused: Some(refused) };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, screen(&view)).into_response())
        }
    }
}

/// It goes on although the browser goes away: half a channel is of no use.
async fn connect(
    app: &App,
    workspace: WorkspaceId,
    kind: ChannelKind,
    name: &str,
    set: BTreeMap<String, String>,
) -> Result<Result<Connected, Refused>, Fault> {
    let (engine, name) =
        (Arc::clone(&app.engine), if name.is_empty() { kind.title() } else { name }.to_owned());
    let connecting = tokio::spawn(async move { engine.connect(workspace, kind, &name, set).await });
    connecting.await.map_err(|cause| Fault::Broken(cause.to_string()))
}

fn choice(frame: &Frame) -> Markup {
    let r = &frame.reader;
    let inside = html! {
        p.lead { (r.t("connect-which")) }
        ul.cards {
            @for adapter in ADAPTERS {
                li.card {
                    h2 { span.{ "via-dot " (hue(adapter.kind())) } {} a href={ "/channels/add/" (adapter.kind().word()) } { (adapter.kind().title()) } }
                }
            }
        }
    };
    page::room(frame, &None, inside)
}

/// The form.
pub(crate) fn screen(view: &Filled) -> Markup {
    let r = &view.frame.reader;
    let kind = view.adapter.kind();
    let faults = view.refused.as_ref().map(|refused| refused.faults.as_slice()).unwrap_or_default();
    let settings = view.adapter.settings();
    let (needed, more): (Vec<&Setting>, Vec<&Setting>) = settings.iter().partition(|one| one.required);
    let is_open =
        more.iter().any(|one| view.set.contains_key(one.key) || fault_of(faults, one.key).is_some());
    let inside = html! {
        form.card.connect method="post" action={ "/channels/add/" (kind.word()) } {
            input type="hidden" name="csrf" value=(view.frame.csrf);
            h2 { span.{ "via-dot " (hue(kind)) } {} (kind.title()) }
            @if let Some(refused) = &view.refused { (not_kept(r, kind, settings, refused)) }
            @if view.refused.is_some() { p.help { (r.t("connect-secrets-again")) } }
            label for="name" { (r.t("connect-name")) }
            input id="name" type="text" name="name" value=(view.name) required maxlength="100";
            @for setting in needed { (field(r, view, setting, faults)) }
            @if !more.is_empty() {
                details open[is_open] {
                    summary { (r.t("connect-more")) }
                    @for setting in more { (field(r, view, setting, faults)) }
                }
            }
            div.acts {
                button.btn.primary type="submit" { (r.t("connect-do")) }
                a.btn href="/channels" { (r.t("connect-cancel")) }
            }
        }
    };
    page::room(&view.frame, &None, inside)
}

/// What was said against the whole, and whatever no field of the form has. What to do about it is the form itself.
fn not_kept(r: &Reader, kind: ChannelKind, settings: &[Setting], refused: &Refused) -> Markup {
    let has_field = |fault: &&At| settings.iter().any(|own| fault.pointer == format!("/set/{}", own.key));
    let others: Vec<&At> = refused.faults.iter().filter(|fault| !has_field(fault)).collect();
    if others.is_empty() && !refused.faults.is_empty() {
        return html! {};
    }
    let words = failure_words(r, &refused.failure);
    html! {
        div.failure role="alert" {
            p.what { (icon(Icon::Warning)) strong { (words.title) "." } }
            @if others.is_empty() { p lang="en" { (words.detail) } }
            @for fault in others { p lang="en" { (fault.message) } }
            p.acts { span.mono { (kind.title()) " " (words.code) } }
        }
    }
}

fn fault_of<'a>(faults: &'a [At], key: &str) -> Option<&'a At> {
    faults.iter().find(|fault| fault.pointer == format!("/set/{key}"))
}

fn field(r: &Reader, view: &Filled, setting: &Setting, faults: &[At]) -> Markup {
    let (id, name) = (format!("set-{}", setting.key), format!("set.{}", setting.key));
    let help = format!("{id}-help");
    let fault = fault_of(faults, setting.key);
    let value = view.set.get(setting.key).filter(|_| !setting.secret).map_or(setting.default, String::as_str);
    let invalid = fault.map(|_| "true");
    html! {
        label for=(id) { span.mono { (setting.key) } @if !setting.required { " " span.soft { (r.t("connect-optional")) } } }
        @if setting.key == LINES {
            textarea id=(id) name=(name) rows="4" autocomplete="off" spellcheck="false" required[setting.required] aria-describedby=(help) aria-invalid=[invalid] {}
        } @else {
            input id=(id) type=(if setting.secret { "password" } else { "text" }) name=(name) value=(value) autocomplete="off" spellcheck="false"
                required[setting.required] aria-describedby=(help) aria-invalid=[invalid];
        }
        p.help id=(help) lang="en" { (setting.help) }
        @if let Some(fault) = fault { p.error role="alert" lang="en" { (fault.message) } }
    }
}

/// What came of it: the address, and what is left to do.
fn done(frame: &Frame, name: &str, connected: &Connected) -> Markup {
    let r = &frame.reader;
    let inside = html! {
        div.card.connect {
            h2 { (r.with("connect-done", &[("name", name)])) }
            p { (r.t("connect-address")) }
            p.mono { (connected.webhook_url) }
            @if !connected.by_hand.is_empty() {
                h3 { (r.t("connect-by-hand")) }
                ol.steps lang="en" { @for step in &connected.by_hand { li { (step) } } }
            }
            div.acts { a.btn.primary href="/channels" { (r.t("connect-to-channels")) } }
        }
    };
    page::room(frame, &None, inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::words::Lang;
    use chaski_model::{ErrorCode, Failure};

    fn filled(refused: Option<Refused>) -> Filled {
        let set = [("page_id", "1234"), ("access_token", "sekret-word")];
        Filled {
            frame: page::tests::frame(Lang::Es, Room::Channels),
            adapter: adapter("messenger").expect("a kind"),
            name: "Página".into(),
            set: set.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            refused,
        }
    }

    #[test]
    fn a_refused_form_keeps_what_was_written_but_no_secret() {
        let message = "`app_secret` is missing.";
        let failure = Failure::new(ErrorCode::ValidationFailed, message);
        let faults = vec![At::new("/set/app_secret", message)];
        let shown = screen(&filled(Some(Refused { failure, faults }))).0;
        assert!(shown.contains("value=\"1234\"") && !shown.contains("sekret-word"), "{shown}");
        assert!(
            shown.contains("app_secret` is missing") && shown.contains("aria-invalid=\"true\""),
            "{shown}"
        );
    }

    #[test]
    fn what_no_field_has_is_shown_above_the_form() {
        let failure = Failure::new(ErrorCode::ValidationFailed, "The mailbox has no such folder.");
        let of_all = screen(&filled(Some(Refused { failure: failure.clone(), faults: Vec::new() }))).0;
        assert!(of_all.contains("The mailbox has no such folder."), "{of_all}");
        let faults = vec![At::new("/set/zzz", "`zzz` is not a setting.")];
        let of_none = screen(&filled(Some(Refused { failure, faults }))).0;
        assert!(of_none.contains("`zzz` is not a setting."), "{of_none}");
    }

    #[test]
    fn every_setting_of_every_kind_has_a_field() {
        for adapter in ADAPTERS {
            let view = Filled { adapter: *adapter, set: BTreeMap::new(), ..filled(None) };
            let shown = screen(&view).0;
            for setting in adapter.settings() {
                assert!(shown.contains(&format!("name=\"set.{}\"", setting.key)), "{}", setting.key);
            }
        }
    }
}
