//! What any bytes and twisted mails do to the e-mail kind, and that a mail is the same on every try.

#![expect(clippy::unwrap_used, reason = "a call that is not made is a failed test")]

use chaski_channels::email::Email;
use chaski_channels::{Adapter, Call, Cx, FileFacts, Incoming, Reply, Secrets, Settings, Step, Task};
use chaski_model::message::{Mail, Media, MediaKind};
use chaski_model::{Address, Content, ErrorCode, PartBody, Timestamp};
use proptest::prelude::*;
use std::fs;

fn mails() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/email/fixtures");
    let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all.iter()
        .filter(|path| path.extension().is_some_and(|end| end == "eml"))
        .map(|p| fs::read(p).unwrap())
        .collect()
}

fn take(body: &[u8]) {
    let headers = http::HeaderMap::new();
    let hook = Incoming { url: "https://x.ec/hooks/k", at: Timestamp(0), headers: &headers, body };
    for (_, event) in Email.events(&hook).unwrap_or_default() {
        if let chaski_model::event::Event::Inbound(inbound) = event
            && let Content::Attachment(media) = &inbound.content
        {
            assert!(Email.brought(&hook, media).is_some_and(|bytes| !bytes.is_empty()));
        }
    }
    for status in [250, 421, 450, 535, 550, 554, 999] {
        let _ = Email.outcome(&Reply { status, body: body.to_vec(), ..Reply::default() });
    }
}

proptest! {
    #[test]
    fn no_bytes_break_the_parser(body in proptest::collection::vec(any::<u8>(), 0..600)) {
        take(&body);
    }

    #[test]
    fn no_twisted_mail_breaks_the_parser(
        pick in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(),
        cut in 0_usize..40, put in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut mail = pick.get(&mails()).clone();
        let at = place.index(mail.len());
        let end = (at + cut).min(mail.len());
        mail.splice(at..end, put);
        take(&mail);
    }

    #[test]
    fn no_text_begins_another_header(text in ".{0,200}", subject in ".{0,80}") {
        let mail = Mail { text, subject: Some(subject), ..Mail::default() };
        if let Ok(call) = call(mail, &[]) {
            let whole = String::from_utf8_lossy(&call.body).into_owned();
            let (head, _) = whole.split_once("\r\n\r\n").unwrap();
            let known = ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"];
            for line in head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])) {
                let (name, _) = line.split_once(':').unwrap();
                prop_assert!(known.contains(&name), "{line}");
            }
            prop_assert!(whole.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
        }
    }
}

fn settings() -> Settings {
    let all =
        [("smtp_url", "smtp://mail.ejemplo.ec:587"), ("from", "soporte@ejemplo.ec"), ("subject", "Hola")];
    all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn call(mail: Mail, files: &[FileFacts]) -> Result<Call, chaski_model::Failure> {
    let (settings, to) = (settings(), [Address::email("ana@ejemplo.ec")]);
    let cx = Cx {
        settings: &settings,
        to: &to,
        reference: "7.1.1",
        hook_url: "",
        files,
        prepared: None,
        now: Timestamp(1_795_000_000_000),
    };
    Email.call(&cx, &PartBody::Email(mail))
}

fn file(size: usize) -> FileFacts {
    let bytes = Some(vec![b'x'; size].into());
    FileFacts {
        size: size as u64,
        mime: "application/pdf".into(),
        name: "a.pdf".into(),
        duration: None,
        bytes,
    }
}

fn with_files(count: usize) -> Mail {
    let link = Media::link(MediaKind::File, "https://x.ec/a.pdf");
    Mail { text: "hola".into(), attachments: vec![link; count], ..Mail::default() }
}

#[test]
fn a_mail_is_the_same_on_every_try() {
    let files = [file(100), file(2000)];
    assert_eq!(call(with_files(2), &files).unwrap(), call(with_files(2), &files).unwrap());
}

#[test]
fn files_are_bounded_together_and_never_left_out() {
    let refused = |mail, files: &[FileFacts]| call(mail, files).unwrap_err().code;
    assert_eq!(refused(with_files(2), &[file(9_000_001), file(9_000_000)]), ErrorCode::MediaUnreachable);
    assert_eq!(refused(with_files(2), &[file(1)]), ErrorCode::MediaUnreachable);
}

#[test]
fn mails_are_taken_in_for_the_token_alone() {
    let verify = |token: Option<&str>, secrets: &Secrets| {
        let mut headers = http::HeaderMap::new();
        if let Some(token) = token {
            headers.insert("authorization", token.parse().unwrap());
        }
        let hook = Incoming { url: "", at: Timestamp(0), headers: &headers, body: b"" };
        Email.verify(&hook, secrets, Timestamp(0)).is_ok()
    };
    let secrets = Secrets([("inbound_token".to_owned(), "abc123".to_owned())].into());
    assert!(verify(Some("Bearer abc123"), &secrets));
    for wrong in [None, Some("Bearer abc124"), Some("Bearer "), Some("abc123"), Some("Basic abc123")] {
        assert!(!verify(wrong, &secrets), "{wrong:?}");
    }
    assert!(!verify(Some("Bearer "), &Secrets::default()), "without a token nothing is taken in");
}

#[test]
fn a_check_only_logs_in() {
    let settings = settings();
    let cx = Cx {
        settings: &settings,
        to: &[],
        reference: "",
        hook_url: "",
        files: &[],
        prepared: None,
        now: Timestamp(0),
    };
    let Step::Call(call) = Email.ask(&cx, &Task::Check, &[]) else { panic!("a call") };
    assert_eq!((call.url.as_str(), call.headers.len()), ("smtp://mail.ejemplo.ec:587", 1));
    let refused = Reply { status: 535, body: br#"{"reply":"5.7.8 no"}"#.to_vec(), ..Reply::default() };
    let Step::Fail(failure) = Email.ask(&cx, &Task::Check, &[refused]) else { panic!("a failure") };
    assert_eq!(failure.code, ErrorCode::CredentialsRefused);
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let with = |key: &str, value: &str| {
        let mut settings = settings();
        settings.insert(key.to_owned(), value.to_owned());
        Email.accepts(&settings).is_ok()
    };
    assert!(with("smtp_url", "smtps://mail.ejemplo.ec"));
    for bad in [
        "https://mail.ejemplo.ec",
        "mail.ejemplo.ec",
        "smtp://",
        "smtp://u:p@mail.ejemplo.ec",
        "smtp://mail.ejemplo.ec/x",
    ] {
        assert!(!with("smtp_url", bad), "{bad}");
    }
    assert!(!with("from", "nobody") && !with("from_name", "a\r\nBcc: eve@x.ec"));
}
