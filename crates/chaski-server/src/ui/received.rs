//! What a contact sent, in its bubble: shown from our folder, on its way, or not to be had.

use super::bubble::{Bubble, place};
use super::contents::{media_icon, media_name};
use super::icons::{Icon, icon};
use super::words::{Lang, Reader};
use crate::media::file_name;
use chaski_engine::media::sniff;
use chaski_model::message::{Media, MediaKind};
use chaski_model::{ErrorCode, Failure, Timestamp};
use chaski_store::media::{HeldFile, MediaState};
use maud::{Markup, html};

/// The media of a message, by where they stand.
pub(crate) fn received(r: &Reader, view: &Bubble, media: &Media, state: &MediaState) -> Markup {
    match (state, &view.media) {
        (MediaState::Held(held), Some(path)) => shown(r, view, media, held, path),
        (MediaState::Wanted { failure, next_at, .. }, _) => {
            on_its_way(r, view, media, failure.as_ref(), *next_at)
        }
        (MediaState::Gone { failure }, _) => gone(r, view, media, failure),
        (MediaState::Held(_), None) => card(r, media, html! {}),
    }
}

/// A picture, a player, or a card to download.
fn shown(r: &Reader, view: &Bubble, media: &Media, held: &HeldFile, path: &str) -> Markup {
    let name = media_name(r, media);
    let label = match &media.filename {
        Some(file) => format!("{name}: {file}"),
        None => name.clone(),
    };
    let what = held.mime.split('/').next().filter(|_| sniff::is_shown(&held.mime));
    match (what, media.kind) {
        // What was sent as a document is kept as one, whatever it holds.
        (_, MediaKind::File) | (None, _) => download(r, view, media, held, path),
        (Some("image"), kind) => {
            let alt =
                media.caption.as_ref().map_or_else(|| label.clone(), |words| format!("{label}, {words}"));
            html! {
                figure.seen.sticker[kind == MediaKind::Sticker] data-media {
                    a href=(path) target="_blank" rel="noopener" aria-label=(r.with("media-open", &[("name", &label)])) {
                        img src=(path) alt=(alt) loading="lazy" decoding="async";
                    }
                    (broken(r, path))
                }
            }
        }
        (Some("video"), _) => html! {
            figure.seen data-media {
                video src=(path) controls preload="metadata" playsinline aria-label=(label) {}
                (broken(r, path))
            }
        },
        (Some("audio"), _) => html! {
            figure.heard data-media {
                p.kind { (icon(Icon::Audio)) (name) }
                audio src=(path) controls preload="metadata" aria-label=(label) {}
                (broken(r, path))
            }
        },
        _ => download(r, view, media, held, path),
    }
}

/// Stands in for what the browser could not load; the script shows it.
fn broken(r: &Reader, path: &str) -> Markup {
    html! {
        p.broken hidden role="status" {
            (icon(Icon::Warning))
            span { (r.t("media-broken")) " " a href=(path) download { (r.t("media-download")) } }
        }
    }
}

fn download(r: &Reader, view: &Bubble, media: &Media, held: &HeldFile, path: &str) -> Markup {
    let name = file_name(&view.message, &held.mime);
    let label = r.with("media-download-name", &[("name", &name)]);
    html! {
        div.media-card {
            (icon(media_icon(media.kind)))
            div {
                p.name { (name) }
                p.soft { (media_name(r, media)) " · " (size(r, held.size)) @if held.mime != sniff::UNKNOWN { " · " (held.mime) } }
                p.acts { a.btn href=(path) download=(name) aria-label=(label) { (r.t("media-download")) } }
            }
        }
    }
}

fn card(r: &Reader, media: &Media, more: Markup) -> Markup {
    let name = media_name(r, media);
    html! {
        div.media-card {
            (icon(media_icon(media.kind)))
            div {
                p.name { (media.filename.as_ref().unwrap_or(&name)) }
                @if media.filename.is_some() { p.soft { (name) } }
                (more)
            }
        }
    }
}

fn on_its_way(
    r: &Reader,
    view: &Bubble,
    media: &Media,
    failure: Option<&Failure>,
    next_at: Timestamp,
) -> Markup {
    let Some(failure) = failure else {
        let words =
            html! { p.fetching role="status" { span.turning aria-hidden="true" {} (r.t("media-fetching")) } };
        return card(r, media, words);
    };
    let next = if next_at <= r.now {
        r.t("media-next-now")
    } else {
        r.with("media-next", &[("time", &r.time(next_at))])
    };
    let absent = failure.code == ErrorCode::MediaUnreachable;
    let reason = if absent { r.t("media-why-not-yet") } else { why(r, failure) };
    let words = html! {
        p.soft role="status" { (icon(Icon::Retry)) (reason) " " (next) }
        (again(r, view))
    };
    card(r, media, words)
}

fn gone(r: &Reader, view: &Bubble, media: &Media, failure: &Failure) -> Markup {
    let can_help =
        !matches!(failure.code, ErrorCode::BodyTooLarge | ErrorCode::UrlRefused | ErrorCode::NotSupported);
    let words = html! {
        p.lost { (icon(Icon::Warning)) (r.t("media-gone")) " " (why(r, failure)) }
        @if can_help { (again(r, view)) }
    };
    card(r, media, words)
}

fn again(r: &Reader, view: &Bubble) -> Markup {
    html! {
        form.acts method="post" action={ (place(&view.message)) "/media" } {
            input type="hidden" name="csrf" value=(view.csrf);
            button.btn type="submit" { (r.t("media-again")) }
        }
    }
}

/// Why there is no file, in one sentence.
fn why(r: &Reader, failure: &Failure) -> String {
    r.t(match failure.code {
        ErrorCode::BodyTooLarge => "media-why-large",
        ErrorCode::UrlRefused => "media-why-address",
        ErrorCode::MediaUnreachable => "media-why-absent",
        ErrorCode::CredentialsRefused => "media-why-credentials",
        ErrorCode::StorageUnavailable => "media-why-storage",
        ErrorCode::ProviderThrottled => "media-why-rate",
        _ => "media-why-provider",
    })
}

/// Bytes as people say them.
fn size(r: &Reader, bytes: u64) -> String {
    let (value, unit) = match bytes {
        0..1000 => return format!("{bytes} B"),
        1000..1_000_000 => (bytes as f64 / 1e3, "kB"),
        _ => (bytes as f64 / 1e6, "MB"),
    };
    let text = if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") };
    let text = if r.lang == Lang::Es { text.replace('.', ",") } else { text };
    format!("{text} {unit}")
}
