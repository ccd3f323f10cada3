//! Callers: one for each contact, one message after the other, each sent again with its key until it is
//! accepted.

use super::nodes::Site;
use super::plan::Plan;
use crate::http_client::Http;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long a caller waits before it tries again.
const AGAIN: Duration = Duration::from_millis(50);
/// How long a caller waits for an answer.
const ANSWER: Duration = Duration::from_secs(8);

/// One accepted message.
#[derive(Debug, Clone)]
pub(super) struct Accepted {
    pub(super) message: i64,
    pub(super) contact: i64,
    /// Which of the contact's messages, from 0.
    pub(super) place: usize,
    pub(super) text: String,
    pub(super) phone: String,
}

/// The callers at work.
pub(super) struct Traffic {
    callers: Vec<JoinHandle<Vec<Accepted>>>,
    accepted: Arc<AtomicUsize>,
    of: usize,
}

impl Traffic {
    /// Makes the contacts, lets each write on its channel, then sets the faults and begins.
    pub(super) async fn begin(plan: &Plan, site: &Site, http: &Http) -> Self {
        let mut contacts = Vec::new();
        for n in 0..plan.contacts {
            let (phone, place) = (format!("+59399700{n:04}"), n % crate::SOURCES.len());
            let made = json!({"firstName": "C", "phone": phone});
            let contact = site.api("POST", "/admin/v1/contacts", made).await;
            let hello = json!({"type": "text", "text": "hola", "provider": crate::SOURCES[place]});
            site.simulated("POST", &format!("/phones/{phone}/messages"), hello).await;
            contacts.push((contact["id"].as_i64().expect("a number"), phone, place + 1));
        }
        site.simulated("PUT", "/faults", plan.provider_faults()).await;
        let accepted = Arc::new(AtomicUsize::new(0));
        let callers = contacts.into_iter().map(|(contact, phone, channel)| {
            let caller = Caller {
                http: http.clone(),
                url: format!("{}/v2/contact/id:{contact}/message", site.url()),
                token: site.token.clone(),
                contact,
                phone,
                channel,
                run: plan.seed,
                accepted: Arc::clone(&accepted),
            };
            tokio::spawn(caller.send(plan.each))
        });
        Self { callers: callers.collect(), accepted, of: plan.contacts * plan.each }
    }

    /// How much of it is accepted, from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a few hundred messages")]
    pub(super) fn share(&self) -> f64 {
        self.accepted.load(Ordering::Relaxed) as f64 / self.of as f64
    }

    /// Waits until everything is accepted.
    pub(super) async fn end(self) -> Vec<Accepted> {
        let mut all = Vec::new();
        for caller in self.callers {
            all.extend(caller.await.expect("a caller ends"));
        }
        all
    }
}

struct Caller {
    http: Http,
    url: String,
    token: String,
    contact: i64,
    phone: String,
    channel: usize,
    run: u64,
    accepted: Arc<AtomicUsize>,
}

impl Caller {
    async fn send(self, many: usize) -> Vec<Accepted> {
        let mut all = Vec::new();
        for place in 0..many {
            let text = format!("corrida {} contacto {} mensaje {place:03}", self.run, self.contact);
            let message = self.until_accepted(&text).await;
            self.accepted.fetch_add(1, Ordering::Relaxed);
            let (contact, phone) = (self.contact, self.phone.clone());
            all.push(Accepted { message, contact, place, text, phone });
        }
        all
    }

    async fn until_accepted(&self, text: &str) -> i64 {
        let body = json!({"channelId": self.channel, "message": {"type": "text", "text": text}}).to_string();
        let authorization = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", text),
        ];
        loop {
            let sending = self.http.call("POST", &self.url, &headers, body.clone());
            match tokio::time::timeout(ANSWER, sending).await {
                Ok(Ok(answer)) if answer.status == 200 => {
                    return answer.json()["messageId"].as_i64().expect("messageId is a number");
                }
                Ok(Ok(answer)) => {
                    let told: Value = answer.json();
                    let may = matches!(answer.status, 429 | 503);
                    assert!(may, "a send was answered with {}: {told}", answer.status);
                }
                // The server or the way to it is gone just now: whether it was accepted is not known.
                Ok(Err(_)) | Err(_) => {}
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
