//! What callers were told, what the phones have, what the store says.

use super::nodes::Site;
use super::traffic::Accepted;
use crate::http_client::Http;
use crate::world::current;
use serde_json::Value;
use std::collections::HashMap;
use std::fmt;
use std::ops::AddAssign;

/// What was counted.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Callers were told 200.
    pub accepted: usize,
    /// On the phone once.
    pub once: usize,
    /// On the phone more than once.
    pub twice: usize,
    /// Not on the phone, and shown as unknown: allowed.
    pub unknown: usize,
    /// Not on the phone, and not shown as unknown.
    pub lost: usize,
    /// Called after a later message of the same contact had been.
    pub out_of_order: usize,
    /// Neither ended nor unknown yet.
    pub open: usize,
    /// What was wrong, in words.
    pub faults: Vec<String>,
}

impl Report {
    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        self.twice + self.lost + self.out_of_order + self.open == 0 && self.faults.is_empty()
    }
}

impl AddAssign for Report {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.once += other.once;
        self.twice += other.twice;
        self.unknown += other.unknown;
        self.lost += other.lost;
        self.out_of_order += other.out_of_order;
        self.open += other.open;
        self.faults.extend(other.faults);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "accepted {}, delivered once {}, twice {}, unknown {}, lost {}, out of order {}, open {}",
            self.accepted, self.once, self.twice, self.unknown, self.lost, self.out_of_order, self.open
        )?;
        self.faults.iter().take(10).try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

pub(super) async fn check(accepted: &[Accepted], site: &Site, http: &Http) -> Report {
    let mut report = Report { accepted: accepted.len(), ..Report::default() };
    let mut numbers: Vec<i64> = accepted.iter().map(|sent| sent.message).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.len() != accepted.len() {
        report.faults.push("two messages have the same number".into());
    }
    // The store before the phones: what the store says to be sent stands on the phone by then.
    let mut told = Vec::new();
    for sent in accepted {
        let url = format!("{}/v2/contact/id:{}/message/{}", site.url(), sent.contact, sent.message);
        let answer = http.json("GET", &url, &site.token, &Value::Null).await.expect("the server answers");
        if answer.status == 200 {
            told.push((sent, answer.json()));
        } else {
            report.lost += 1;
            report.faults.push(format!("{}: {} {}", sent.text, answer.status, answer.text()));
        }
    }
    let shown = on_phones(accepted, site).await;
    for (sent, message) in told {
        let is_unknown = message["outcome"] == "unknown";
        let has_ended = ["sent", "delivered", "read", "failed"].contains(&current(&message));
        match shown.get(&sent.text).copied().unwrap_or(0) {
            _ if !is_unknown && !has_ended => report.open += 1,
            1 => report.once += 1,
            0 if is_unknown => report.unknown += 1,
            0 => {
                report.lost += 1;
                report.faults.push(format!("{} is not on the phone: {message}", sent.text));
            }
            times => {
                report.twice += 1;
                report.faults.push(format!("{} is on the phone {times} times: {message}", sent.text));
            }
        }
    }
    order(accepted, site, &mut report).await;
    report
}

/// How often each text of ours stands on its phone.
async fn on_phones(accepted: &[Accepted], site: &Site) -> HashMap<String, usize> {
    let mut phones: Vec<&str> = accepted.iter().map(|sent| sent.phone.as_str()).collect();
    phones.sort_unstable();
    phones.dedup();
    let mut shown = HashMap::new();
    for phone in phones {
        let list = site.simulated("GET", &format!("/phones/{phone}/messages"), Value::Null).await;
        for message in list.as_array().into_iter().flatten().filter(|m| m["direction"] == "outbound") {
            *shown.entry(message["body"].as_str().unwrap_or("").to_owned()).or_insert(0) += 1;
        }
    }
    shown
}

/// A contact's messages must be called in the order in which they were accepted: no retry steps aside in
/// these runs, and what is unknown is not called again.
async fn order(accepted: &[Accepted], site: &Site, report: &mut Report) {
    let places: HashMap<&str, (i64, usize)> =
        accepted.iter().map(|sent| (sent.text.as_str(), (sent.contact, sent.place))).collect();
    let mut furthest: HashMap<i64, usize> = HashMap::new();
    for call in calls(site).await {
        let Some((contact, place)) = text_of(&call["body"]).and_then(|text| places.get(text)) else {
            continue;
        };
        let last = furthest.entry(*contact).or_insert(0);
        if place < last {
            report.out_of_order += 1;
            report.faults.push(format!("contact {contact}: {place} was called after {last}"));
        }
        *last = (*last).max(*place);
    }
}

/// Every call that a simulated provider received, oldest first.
async fn calls(site: &Site) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().map_or(0, |call| call["id"].as_i64().unwrap_or(i64::MAX));
        let page = site.simulated("GET", &format!("/exchanges?after={after}&limit=1000"), Value::Null).await;
        match page.as_array() {
            Some(page) if !page.is_empty() => all.extend(page.iter().cloned()),
            _ => return all,
        }
    }
}

/// The text of a send, in any provider's form.
fn text_of(body: &Value) -> Option<&str> {
    body["text"]["body"].as_str().or_else(|| body["text"].as_str())
}
