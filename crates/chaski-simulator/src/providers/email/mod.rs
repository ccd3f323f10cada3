//! A mail provider: a submission server (RFC 5321 and 4954), mailboxes that are shown among the phones, and
//! what arrives for the business handed on as raw messages (RFC 5322).

mod letter;
mod session;

use tokio::net::TcpListener;
use tokio::time::{Duration, sleep};

use crate::accounts::{AccountId, Credential, account};
use crate::call::Reply;
use crate::providers::Inbound;
use crate::sim::Shared;
use crate::source::Source;

pub(crate) use self::letter::message_id;

/// Accepts connections until the simulator stops.
pub(crate) async fn run(sim: Shared, listener: TcpListener) {
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
                    tokio::select! {
                        () = stopping.cancelled() => {}
                        // A fault here is the caller's leaving.
                        _ = session::serve(sim, stream) => {}
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

/// What a person wrote, as a raw message.
pub(crate) fn inbound(inbound: &Inbound) -> Vec<u8> {
    letter::letter(inbound)
}

/// The login of a mailbox.
fn logged_in(user: &str, password: &str) -> Option<AccountId> {
    crate::accounts::find(|a| {
        a.source == Source::Email
            && matches!(&a.credential, Credential::Mailbox { username, password: known, .. }
                if *username == user && *known == password)
    })
}
