//! The mailbox that a channel reads.

use super::{AUTH, SETTINGS};
use crate::adapter::{Auth, Call, Cx, Settings};
use crate::settings::read;

/// The login, where the mailbox has another than the mail server.
const OWN: Auth = Auth::Basic { user: "imap_username", secret: "imap_password" };
/// The longest name of a folder.
const FOLDER: usize = 200;

/// What is wrong with the settings, by key.
pub(super) fn accepts(settings: &Settings) -> Result<(), (&'static str, &'static str)> {
    let given = |key: &str| settings.get(key).map(String::as_str).unwrap_or_default();
    let url = given("imap_url");
    if !url.is_empty() && !super::send::is_server(url, ["imap", "imaps"]) {
        return Err((
            "imap_url",
            "`imap_url` must be imaps://HOST:993 or imap://HOST:143, without user name and path.",
        ));
    }
    let folder = given("imap_folder");
    if folder.len() > FOLDER || !folder.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return Err((
            "imap_folder",
            "`imap_folder` must be at most 200 plain characters; give a folder with other letters as the mail server names it (modified UTF-7).",
        ));
    }
    if !url.is_empty() && given("imap_username").is_empty() && given("username").is_empty() {
        return Err(("imap_username", "A mailbox is read with a login: set `username` or `imap_username`."));
    }
    Ok(())
}

/// The call that opens the mailbox.
pub(super) fn call(cx: &Cx<'_>) -> Option<Call> {
    let url = cx.setting("imap_url")?.trim_end_matches('/');
    let auth = if cx.setting("imap_username").is_some() { OWN } else { AUTH };
    let mut call = Call::get(url.to_owned(), auth);
    call.headers.push(("folder", read(cx, SETTINGS, "imap_folder").ok()?.to_owned()));
    Some(call)
}
