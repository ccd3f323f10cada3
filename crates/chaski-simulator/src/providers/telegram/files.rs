//! Files: fetched from a link, named by an id, downloaded.

use serde_json::{Value, json};

use super::problem::Problem;
use crate::call::{Reply, text};
use crate::links;
use crate::media::File;
use crate::sim::Sim;

const MB: usize = 1024 * 1024;
/// The largest file that a bot may download.
const DOWNLOAD: usize = 20 * MB;

/// The largest size of a type for a field; `None` = Telegram does not take it by link.
fn limit(field: &str, mime: &str) -> Option<usize> {
    let mime = mime.split(';').next().unwrap_or_default().trim();
    match (field, mime) {
        ("photo", "image/jpeg" | "image/png" | "image/webp" | "image/gif") => Some(5 * MB),
        ("video" | "animation" | "video_note", "video/mp4" | "video/quicktime" | "image/gif") => {
            Some(20 * MB)
        }
        ("audio", "audio/mpeg" | "audio/mp3" | "audio/mp4" | "audio/x-m4a" | "audio/m4a") => Some(20 * MB),
        ("voice", "audio/ogg") => Some(MB),
        ("document", "application/pdf" | "application/zip" | "image/gif") => Some(20 * MB),
        ("sticker", "image/webp" | "video/webm" | "application/x-tgsticker") => Some(512 * 1024),
        _ => None,
    }
}

fn unreachable() -> Problem {
    Problem::bad("Bad Request: failed to get HTTP URL content")
}

fn wrong_type() -> Problem {
    Problem::bad("Bad Request: wrong type of the web page content")
}

/// Looks at the file that a field names, by link or id. Only links to this machine are fetched; of others
/// the ending must do.
pub(super) async fn check(sim: &Sim, field: &str, given: &str) -> Result<(), Problem> {
    let wrong = || Problem::bad("Bad Request: wrong file identifier/HTTP URL specified");
    if !given.starts_with("http://") && !given.starts_with("https://") {
        return sim.media.get(given).map(drop).ok_or_else(wrong);
    }
    if !super::super::meta::media::is_http(given) {
        return Err(wrong());
    }
    if links::fault_without_fetching(given).is_some() {
        return Err(unreachable());
    }
    if links::is_local(given) {
        let fetched =
            links::fetch_as(sim, given, "TelegramBot (like TwitterBot)", |mime| limit(field, mime)).await;
        return fetched
            .map(drop)
            .map_err(|why| if why.contains("not supported") { wrong_type() } else { unreachable() });
    }
    let path = given.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let is_other = path
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'))
        .is_some_and(|(_, end)| field == "document" && !["pdf", "zip", "gif"].contains(&end));
    if is_other { Err(wrong_type()) } else { Ok(()) }
}

/// `getFile`.
pub(super) fn get(sim: &Sim, body: &Value) -> Result<Value, Problem> {
    let id = text(body, "file_id").unwrap_or_default();
    let file = sim.media.get(id).ok_or_else(|| Problem::bad("Bad Request: invalid file_id"))?;
    if file.bytes.len() > DOWNLOAD {
        return Err(Problem::bad("Bad Request: file is too big"));
    }
    let mut object = described(id, &file);
    object["file_path"] = json!(format!("files/{id}"));
    Ok(json!({"ok": true, "result": object}))
}

/// A file as updates and `getFile` name it.
pub(super) fn described(id: &str, file: &File) -> Value {
    json!({"file_id": id, "file_unique_id": format!("Ag{}", &id[id.len().saturating_sub(12)..]), "file_size": file.bytes.len()})
}

/// `/file/bot<token>/<file_path>`.
pub(super) fn download(sim: &Sim, path: &[&str]) -> Reply {
    let found = match path {
        ["files", id] => sim.media.get(id),
        _ => None,
    };
    found.map_or_else(|| Problem::not_found().reply(), |file| file.reply())
}
