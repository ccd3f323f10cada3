//! Media at Meta: upload, look-up, download and the media objects in messages.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::shape;
use crate::accounts::AccountId;
use crate::call::{Call, Reply, text};
use crate::media::{File, read_multipart};
use crate::phones::Media;
use crate::sim::Sim;

/// How long a download address works.
const URL_MS: i64 = 5 * 60 * 1000;
/// The path of downloads on Meta's media host.
pub(crate) const DOWNLOADS: &str = "/whatsapp_business/attachments/";

/// Whether a text is an address that media can be fetched from.
pub(crate) fn is_http(link: &str) -> bool {
    url::Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
}

/// The media object at a key of a message or parameter: an uploaded id or a link, never both.
pub(crate) fn media_object(sim: &Sim, parent: &Value, key: &str, at: &str) -> Result<Media, Refusal> {
    let object =
        parent.get(key).ok_or_else(|| Refusal::new(131_008, format!("The parameter {at} is required.")))?;
    let known: &[&str] = match key {
        "document" => &["id", "link", "filename", "caption", "provider"],
        "audio" => &["id", "link", "voice", "caption", "provider"],
        _ => &["id", "link", "caption", "provider"],
    };
    shape::keys(object, at, known)?;
    let id = shape::optional_text(object, "id", at, 256)?;
    let link = shape::optional_text(object, "link", at, 2048)?;
    let filename = shape::optional_text(object, "filename", at, 240)?.map(str::to_owned);
    // The phone shows what the real one does for a document that came without a name.
    let filename =
        if key == "document" { filename.or_else(|| Some("null.pdf".to_owned())) } else { filename };
    match (id, link) {
        (Some(_), Some(_)) => {
            Err(Refusal::invalid(format!("Param {at} can have either id or link, not both.")))
        }
        (None, None) => Err(Refusal::new(131_008, format!("Either {at}['id'] or {at}['link'] is required."))),
        (Some(id), None) if sim.media.get(id).is_none() => Err(Refusal::invalid(format!(
            "Param {at}['id'] is not a valid whatsapp business account media attachment ID"
        ))),
        (None, Some(link)) if !is_http(link) => {
            Err(Refusal::invalid(format!("Param {at}['link'] is not a valid URL.")))
        }
        (id, link) => Ok(Media {
            kind: key.to_owned(),
            link: link.map(str::to_owned),
            filename,
            id: id.map(str::to_owned),
        }),
    }
}

/// `POST …/media`.
pub(crate) fn upload(sim: &Sim, call: &Call) -> Reply {
    let Some(fields) = read_multipart(call.header("content-type").unwrap_or_default(), &call.body) else {
        return Refusal::invalid("The request must be multipart/form-data.").reply();
    };
    if fields.text("messaging_product") != Some("whatsapp") {
        return Refusal::invalid("The parameter messaging_product is required.").reply();
    }
    match fields.file {
        None => Refusal::invalid("The parameter file is required.").reply(),
        Some(file) => match crate::media::check_upload(&file) {
            Ok(()) => Reply::ok(&json!({"id": sim.media.put(sim.ids.numeric(), file)})),
            Err(fault) => Refusal::invalid(fault).reply(),
        },
    }
}

/// `GET` and `DELETE` of `/{media_id}`; `host` is what the download address begins with.
pub(crate) fn one(sim: &Sim, method: &Method, media_id: &str, host: &str) -> Option<Reply> {
    let file = sim.media.get(media_id)?;
    if *method == Method::DELETE {
        sim.media.delete(media_id);
        return Some(Reply::ok(&json!({"success": true})));
    }
    let url = download_url(sim, media_id, host);
    Some(Reply::ok(&json!({
        "messaging_product": "whatsapp",
        "url": url,
        "mime_type": file.mime,
        "sha256": file.sha256(),
        "file_size": file.bytes.len().to_string(),
        "id": media_id,
    })))
}

/// An address that works for five minutes.
pub(crate) fn download_url(sim: &Sim, media_id: &str, host: &str) -> String {
    let ends = (sim.clock.now_ms() + URL_MS) / 1000;
    format!("{host}{DOWNLOADS}?mid={media_id}&ext={ends}")
}

/// The bytes behind a download address.
pub(crate) fn download(sim: &Sim, call: &Call) -> Reply {
    let ends = call.query("ext").and_then(|ext| ext.parse::<i64>().ok()).unwrap_or(0);
    let file =
        call.query("mid").and_then(|id| sim.media.get(&id)).filter(|_| ends >= sim.clock.now_seconds());
    match file {
        Some(file) => file.reply(),
        None => Reply::raw(StatusCode::NOT_FOUND, "text/plain", "Not found"),
    }
}

/// A media object of a webhook: what a phone sent.
pub(crate) fn received(sim: &Sim, account: AccountId, media_id: &str, file: &File, content: &Value) -> Value {
    let mut object = json!({});
    for key in ["caption", "filename"] {
        if let Some(value) = text(content, key) {
            object[key] = json!(value);
        }
    }
    object["mime_type"] = json!(file.mime);
    object["sha256"] = json!(file.sha256());
    object["id"] = json!(media_id);
    object["url"] = json!(download_url(sim, media_id, &super::media_host(sim, account)));
    object
}
