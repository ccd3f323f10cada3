//! Why a mailbox is not read, in words that hold nothing of what was read.

use async_imap::error::Error;
use chaski_model::{ErrorCode, Failure};
use std::io;

/// Why a mailbox is not read.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The login is refused, in the server's words.
    Refused(String),
    /// There is no such folder, in the server's words.
    NoFolder(String),
    /// No answer, or one that cannot be used.
    Cut(Failure),
    /// What was read could not be stored.
    NotStored(Failure),
}

/// The most of a server's words that is told.
const WORDS: usize = 200;

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        let said = match error {
            Error::No(said) | Error::Bad(said) => words(&said),
            Error::Io(cause) => return cause.into(),
            Error::ConnectionLost => "the connection was closed".to_owned(),
            // What could not be read is in the library's error, and can be a whole mail.
            _ => "the answer cannot be read".to_owned(),
        };
        Self::Cut(unread(&said))
    }
}

impl From<io::Error> for Stopped {
    fn from(cause: io::Error) -> Self {
        let said = match cause.kind() {
            // The library's own, with what it read.
            io::ErrorKind::Other | io::ErrorKind::InvalidData => "the answer cannot be read".to_owned(),
            _ => cause.to_string(),
        };
        Self::Cut(unread(&said))
    }
}

pub(super) fn unread(said: &str) -> Failure {
    Failure::new(ErrorCode::ProviderUnavailable, format!("The mailbox could not be read: {said}."))
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Cut(failure)
    }
}

/// Whether a refusal is about the moment (RFC 5530).
pub(super) fn passes(said: &str) -> bool {
    ["UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"].iter().any(|word| said.contains(word))
}

/// What a refused login means (RFC 5530): not all of it is about the password.
pub(super) fn refused(error: Error) -> Stopped {
    match error {
        Error::No(said) if !passes(&said) => Stopped::Refused(words(&said)),
        Error::Validate(_) => Stopped::Refused("A user name or password must not hold a line break.".into()),
        other => other.into(),
    }
}

/// The server's own words in what the library makes of them: `code: None, info: Some("No such user")`, or
/// `outcome: Outcome { code: None, information: Some("No such folder") }`.
pub(super) fn words(said: &str) -> String {
    let after = said.split_once("info: Some(\"").or_else(|| said.split_once("information: Some(\""));
    let info = after.and_then(|(_, rest)| rest.rsplit_once("\")")).map(|(info, _)| info);
    info.unwrap_or(said).replace("\\\"", "\"").chars().take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_login_is_told_in_the_servers_words_and_a_busy_one_passes() {
        let no = |said: &str| refused(Error::No(said.to_owned()));
        let said = r#"code: None, info: Some("User \"ana\" unknown")"#;
        assert!(matches!(no(said), Stopped::Refused(words) if words == r#"User "ana" unknown"#));
        let missing =
            r#"outcome: Outcome { code: None, information: Some("[NONEXISTENT] Unknown Mailbox") }"#;
        assert_eq!(words(missing), "[NONEXISTENT] Unknown Mailbox");
        let busy = r#"code: Some(Other("UNAVAILABLE")), info: Some("later")"#;
        assert!(matches!(no(busy), Stopped::Cut(failure) if failure.message.contains("later")));
    }
}
