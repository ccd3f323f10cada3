//! `GET /media/{id}?exp=…&sig=…`: what contacts sent, for whoever has a signed link.
//!
//! The files come from strangers, so nothing of them may run here: only types that were told by their content
//! and can hold no script are shown, everything else is a download; the browser must not guess, and whatever
//! is opened stands in a sandbox without an origin.

use crate::state::App;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header, response};
use axum::response::{IntoResponse, Response};
use chaski_engine::media::link::NotValid;
use chaski_engine::media::sniff::{self, ending};
use chaski_model::message::Content;
use chaski_store::inbox::Message;
use chaski_store::media::{HeldFile, MediaState};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::io;
use std::ops::RangeInclusive;

/// Nothing is loaded, nothing runs, no origin. A picture, a player and a document's viewer do without.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; \
    frame-ancestors 'none'; sandbox";
/// Browsers show none in a sandbox, and it is not let out of it: it is saved under its own type.
const PDF: &str = "application/pdf";
/// What a file's name may hold as it is, by RFC 5987.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

#[derive(Deserialize, Default)]
pub(crate) struct Signed {
    #[serde(default)]
    exp: i64,
    #[serde(default)]
    sig: String,
}

/// The handler.
pub(crate) async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(signed): Query<Signed>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let (workspace, message) = match app.engine.media_named(&id, signed.exp, &signed.sig) {
        Ok(named) => named,
        Err(NotValid::Wrong) => return plain(StatusCode::FORBIDDEN, "This link is not valid."),
        Err(NotValid::Expired) => {
            return plain(StatusCode::FORBIDDEN, "This link has expired; ask for the message again.");
        }
    };
    let message = match app.engine.store().message(workspace, message).await {
        Ok(Some(message)) => message,
        Ok(None) => return absent(),
        Err(cause) => {
            tracing::warn!(%cause, "a message with media cannot be read");
            return plain(StatusCode::SERVICE_UNAVAILABLE, "The storage cannot be read; try again.");
        }
    };
    let Some(MediaState::Held(held)) = &message.media else { return absent() };
    serve(&app, &message, held, &method, &headers).await
}

/// A plain picture with the sign of a player: providers that want a preview of a file show it until the file
/// is opened.
pub(crate) async fn preview() -> Response {
    let head = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "public, max-age=86400")];
    (head, include_bytes!("preview.png").as_slice()).into_response()
}

fn absent() -> Response {
    plain(StatusCode::NOT_FOUND, "There is no file here, or not any more.")
}

fn plain(status: StatusCode, words: &'static str) -> Response {
    let head = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, head, words).into_response()
}

async fn serve(
    app: &App,
    message: &Message,
    held: &HeldFile,
    method: &Method,
    headers: &HeaderMap,
) -> Response {
    let tag = format!("\"{}\"", held.hash);
    let given = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_known = given(header::IF_NONE_MATCH) == Some(&*tag);
    let wanted = given(header::RANGE).filter(|_| given(header::IF_RANGE).is_none_or(|known| known == tag));
    let wanted = wanted.map_or(Range::Whole, |wanted| range(wanted, held.size));
    let stretch = match &wanted {
        Range::Whole => 0..held.size,
        Range::Part(part) => *part.start()..*part.end() + 1,
        Range::None => 0..0,
    };
    let is_read = !is_known && wanted != Range::None && method != Method::HEAD;
    // That the file is there is told by its first byte too.
    let read = if is_read { stretch.clone() } else { 0..held.size.min(1) };
    let file = match app.engine.media().open_file(&held.hash, read).await {
        Ok(file) => file,
        Err(cause) => return unreadable(message, &cause),
    };
    let body = if is_read { Body::from_stream(file) } else { Body::empty() };
    let response = response(message, held, &tag);
    let length = stretch.end - stretch.start;
    let response = match wanted {
        _ if is_known => response.status(StatusCode::NOT_MODIFIED).body(body),
        Range::Whole => response.header(header::CONTENT_LENGTH, length).body(body),
        Range::Part(part) => response
            .status(StatusCode::PARTIAL_CONTENT)
            .header(header::CONTENT_RANGE, format!("bytes {}-{}/{}", part.start(), part.end(), held.size))
            .header(header::CONTENT_LENGTH, length)
            .body(body),
        Range::None => response
            .status(StatusCode::RANGE_NOT_SATISFIABLE)
            .header(header::CONTENT_RANGE, format!("bytes */{}", held.size))
            .body(body),
    };
    response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// What every answer about a file has.
fn response(message: &Message, held: &HeldFile, tag: &str) -> response::Builder {
    let is_shown = sniff::is_shown(&held.mime);
    Response::builder()
        .header(header::CONTENT_TYPE, if is_shown { &held.mime } else { sniff::UNKNOWN })
        .header(header::CONTENT_DISPOSITION, disposition(message, &held.mime, is_shown && held.mime != PDF))
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::CACHE_CONTROL, "private, max-age=86400")
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, tag)
}

fn unreadable(message: &Message, cause: &io::Error) -> Response {
    tracing::warn!(%cause, message.id = message.id.0, "a media file cannot be opened");
    if cause.kind() != io::ErrorKind::NotFound {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "The file cannot be read just now; try again.");
    }
    // Fetched by another node into a folder that this one does not reach, or restored without it.
    metrics::counter!("chaski_media_missing_total").increment(1);
    absent()
}

/// What is asked for of a file.
#[derive(Debug, PartialEq, Eq)]
enum Range {
    Whole,
    Part(RangeInclusive<u64>),
    /// Nothing of it is in the file.
    None,
}

/// One range, as players ask for; several at once are answered with the whole.
fn range(wanted: &str, size: u64) -> Range {
    let Some((first, last)) = wanted.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-'))
    else {
        return Range::Whole;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (from, to) = match (number(first), number(last)) {
        (Some(from), Some(to)) if from <= to => (from, to.min(size.saturating_sub(1))),
        (Some(from), None) if last.trim().is_empty() => (from, size.saturating_sub(1)),
        (None, Some(0)) if first.trim().is_empty() => return Range::None,
        (None, Some(end)) if first.trim().is_empty() => (size.saturating_sub(end), size.saturating_sub(1)),
        _ => return Range::Whole,
    };
    if from < size { Range::Part(from..=to) } else { Range::None }
}

/// Shown or saved, and under which name.
fn disposition(message: &Message, mime: &str, is_shown: bool) -> String {
    let way = if is_shown { "inline" } else { "attachment" };
    let name = file_name(message, mime);
    let ascii: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-._ ".contains(c) { c } else { '_' }).collect();
    format!("{way}; filename=\"{ascii}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, NAME))
}

/// The name that the contact gave it, else one of our own with the type's ending.
pub(crate) fn file_name(message: &Message, mime: &str) -> String {
    let given = match &message.content {
        Content::Attachment(media) => media.filename.as_deref().unwrap_or_default(),
        _ => "",
    };
    // Only the last part of what may look like a path, without anything that does not print.
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).take(200).collect();
    let clean = clean.trim().trim_start_matches('.');
    if clean.is_empty() { format!("{}.{}", message.id, ending(mime)) } else { clean.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_stretch_of_the_file() {
        for (wanted, expected) in [
            ("bytes=0-3", Range::Part(0..=3)),
            ("bytes=4-", Range::Part(4..=9)),
            ("bytes=-3", Range::Part(7..=9)),
            ("bytes=-99", Range::Part(0..=9)),
            ("bytes=5-99", Range::Part(5..=9)),
            ("bytes=10-", Range::None),
            ("bytes=-0", Range::None),
            ("bytes=5-4", Range::Whole),
            ("bytes=0-1,4-5", Range::Whole),
            ("bytes=a-b", Range::Whole),
            ("bytes=-", Range::Whole),
            ("lines=1-2", Range::Whole),
            ("bytes=18446744073709551615-", Range::None),
        ] {
            assert_eq!(range(wanted, 10), expected, "{wanted}");
        }
    }

    #[test]
    fn an_ending_is_short_and_plain() {
        let word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        let all = ["image/jpeg", "image/png", "application/pdf", "application/octet-stream", word, ""];
        assert_eq!(all.map(ending), ["jpg", "png", "pdf", "bin", "bin", "bin"]);
    }
}
