//! A mail provider: a submission server (RFC 5321 and 4954), mailboxes of people that are shown among the
//! phones, and mailboxes of businesses that are read by IMAP (RFC 3501). What arrives for a business is handed
//! on as a raw message (RFC 5322) too, where it has set an address for that.

mod boxes;
mod imap;
mod letter;
mod lines;
mod session;

use tokio::net::TcpListener;
use tokio::time::{Duration, sleep};

use crate::accounts::{AccountId, Credential, account};
use crate::call::Reply;
use crate::providers::Inbound;
use crate::sim::{Shared, Sim};
use crate::source::Source;

pub(crate) use self::boxes::{Bad, Boxes};
pub(crate) use self::letter::message_id;

/// What is spoken on a connection.
#[derive(Clone, Copy)]
pub(crate) enum Protocol {
    Smtp,
    Imap,
}

/// Accepts connections until the simulator stops.
pub(crate) async fn run(sim: Shared, listener: TcpListener, protocol: Protocol) {
    loop {
        let accepted = tokio::select! {
            () = sim.stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let sim = sim.clone();
                sim.tasks.clone().spawn(async move {
                    let stopping = sim.stopping.clone();
                    let serving = async {
                        // A fault here is the caller's leaving.
                        let _ = match protocol {
                            Protocol::Smtp => session::serve(sim, stream).await,
                            Protocol::Imap => imap::serve(sim, stream).await,
                        };
                    };
                    tokio::select! {
                        () = stopping.cancelled() => {}
                        () = serving => {}
                    }
                });
            }
            // Too many open files, for example: a pause lets connections end.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Nothing here is asked by HTTP.
pub(crate) fn answer() -> Reply {
    Reply::raw(http::StatusCode::NOT_FOUND, "text/plain", "Mail is submitted by SMTP")
}

/// What whoever hands mails over says about itself.
pub(crate) fn webhook_headers(id: AccountId, is_bad: bool) -> Vec<(String, String)> {
    let Credential::Mailbox { inbound_token, .. } = &account(id).credential else { return Vec::new() };
    let token = if is_bad { "wrong" } else { inbound_token };
    vec![("authorization".to_owned(), format!("Bearer {token}"))]
}

/// What a person wrote, as a raw message: it lies in the business's mailbox.
pub(crate) fn inbound(sim: &Sim, inbound: &Inbound) -> Vec<u8> {
    let letter = letter::letter(inbound);
    sim.boxes.put(inbound.account, letter.clone(), inbound.at_ms, None, false);
    letter
}

/// A login that was revoked on purpose opens nothing any more.
fn is_revoked(sim: &Sim) -> bool {
    let act = sim.faults.pick(Source::Email, "", None);
    act.and_then(|act| act.code) == Some(535)
}

/// The login of a mailbox.
fn logged_in(user: &str, password: &str) -> Option<AccountId> {
    crate::accounts::find(|a| {
        a.source == Source::Email
            && matches!(&a.credential, Credential::Mailbox { username, password: known, .. }
                if *username == user && *known == password)
    })
}
