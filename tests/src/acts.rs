//! What a test of one kind of channel does again and again: the phone writes, the provider fails, time passes.

use crate::world::{Channel, PHONE, World, until};
use serde_json::{Value, json};

/// A message of the type `text`.
pub fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// A message of the type `attachment`.
pub fn attachment(kind: &str, url: &str) -> Value {
    json!({"type": "attachment", "attachment": {"type": kind, "url": url}})
}

impl World {
    /// A demo, and its first channel of a source.
    pub async fn demo_on(source: &str) -> (Self, Channel) {
        let world = Self::demo().await;
        let channel = world.channel(source);
        (world, channel)
    }

    /// From now on every call to a provider meets this fault, and no other.
    pub async fn fault(&self, source: &str, act: Value) {
        self.simulator("PUT", "/faults", json!([{"when": {"provider": source}, "do": act}])).await;
    }

    /// All is well again.
    pub async fn no_faults(&self) {
        self.simulator("PUT", "/faults", json!([])).await;
    }

    /// Time passes, for the simulator and for the server that follows its clock.
    pub async fn advance(&self, by: &str) {
        self.simulator("POST", "/clock", json!({"advance": by})).await;
    }

    /// A phone writes over a provider.
    pub async fn writes(&self, source: &str, phone: &str, mut said: Value) -> Value {
        said["provider"] = json!(source);
        self.simulator("POST", &format!("/phones/{phone}/messages"), said).await
    }

    /// The newest message from the contact that satisfies a condition.
    pub async fn received(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let is_it = &is_it;
        until(what, || async {
            let list = self.api("GET", "/contact/id:123/message/list?limit=50", Value::Null).await.json();
            let mut items = list["items"].as_array().cloned().unwrap_or_default().into_iter();
            items.find(|item| item["traffic"] == "incoming" && is_it(&item["message"]))
        })
        .await
    }

    /// What the phone shows of one provider, oldest first, from us to it only.
    pub async fn shown(&self, source: &str) -> Vec<Value> {
        self.phone(PHONE).await.into_iter().filter(|message| message["provider"] == source).collect()
    }

    /// How often the phone shows these words by one provider.
    pub async fn times_shown(&self, source: &str, words: &str) -> usize {
        self.shown(source).await.iter().filter(|message| message["body"] == words).count()
    }

    /// A message as the phone shows it, once the provider has named it, whatever it reports.
    pub async fn arrived(&self, source: &str, id: i64) -> Value {
        let named = || async {
            let name = self.message(id).await["channelMessageId"].clone();
            name.is_string().then_some(name)
        };
        let name = until("the provider has named it", named).await;
        let found = || async { self.shown(source).await.into_iter().find(|message| message["id"] == name) };
        until("the phone shows it", found).await
    }

    /// The error of a message that is to fail.
    pub async fn failed_with(&self, id: i64) -> Value {
        self.reaches(id, "failed").await["error"].clone()
    }

    /// Waits until a channel is held.
    pub async fn is_held(&self, channel: &Channel) {
        until("the channel is held", || async {
            let list = self.admin("GET", "/channels", Value::Null).await.json();
            let mut items = list["items"].as_array().into_iter().flatten();
            items.any(|item| item["id"] == channel.id && item["state"] == "held").then_some(())
        })
        .await;
    }

    /// Lets a held channel go on.
    pub async fn resume(&self, channel: &Channel) {
        let answer = self.admin("POST", &format!("/channels/{}/resume", channel.id), json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// How an account of a source is connected at the simulator, counted from 0.
    pub async fn account(&self, source: &str, nth: usize) -> Value {
        let accounts = self.simulator("GET", "/accounts", Value::Null).await;
        let mut own = accounts.as_array().into_iter().flatten().filter(|account| account["source"] == source);
        own.nth(nth).expect("an account")["set"].clone()
    }

    /// Changes a channel's settings; the answer's status.
    pub async fn set(&self, channel: &Channel, key: &str, value: &Value) -> u16 {
        let path = format!("/channels/{}/settings", channel.id);
        self.admin("POST", &path, json!({"set": {key: value}})).await.status
    }

    /// Waits until a message's timeline has a word.
    pub async fn tried(&self, id: i64, word: &str) {
        until("it was tried", || async {
            let life = self.admin("GET", &format!("/messages/{id}"), Value::Null).await.json();
            life["timeline"].to_string().contains(word).then_some(())
        })
        .await;
    }

    /// Sends a text whose outcome nobody will know.
    pub async fn unknown(&self, channel: &Channel, words: &str) -> i64 {
        let id = self.sent(channel, text(words)).await;
        until("the outcome is unknown", || async {
            (self.message(id).await["outcome"] == "unknown").then_some(())
        })
        .await;
        id
    }

    /// Waits until Messages shows a phone's contact by the name of the phone's owner; the contact's number.
    pub async fn named(&self, phone: &str) -> i64 {
        let name = self.simulator("GET", &format!("/phones/{phone}"), Value::Null).await["name"].clone();
        let name = name.as_str().expect("a phone has a name");
        until("the contact has its name", || async {
            let page = self.inbox().await.get("/messages").await.text();
            let row =
                page.split("<a ").find(|row| row.contains(name) && row.contains("/messages/"))?.to_owned();
            let id = row.split("/messages/").nth(1)?;
            id.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<i64>().ok()
        })
        .await
    }
}
