//! Messages, the web inbox, as a test reads it: signed in by a link, pages as text.

use crate::http_client::{Answer, Http};
use bytes::Bytes;

/// A signed-in session.
pub struct Inbox {
    http: Http,
    base: String,
    cookie: String,
}

/// One bubble of a thread.
#[derive(Debug)]
pub struct Bubble {
    /// `data-status`.
    pub status: String,
    /// `data-mark`; empty where there is none.
    pub mark: String,
    /// Its markup.
    pub html: String,
}

impl Bubble {
    /// Its text, without markup, white space folded.
    pub fn text(&self) -> String {
        text_of(&self.html)
    }
}

impl Inbox {
    /// Uses a sign-in link up.
    pub async fn sign_in(http: &Http, base: &str, link: &str) -> Self {
        let mut inbox = Self { http: http.clone(), base: base.to_owned(), cookie: String::new() };
        let path = link.strip_prefix(base).expect("the link is on the same server");
        let page = inbox.get(path).await;
        assert_eq!(page.status, 200, "{}", page.text());
        inbox.keep_cookies(&page);
        let html = page.text();
        let mut form = format!("x={}", 1);
        if let Some(csrf) = field(&html, "csrf") {
            form = format!("csrf={csrf}");
        }
        let answer = inbox.post(path, &form).await;
        assert!((300..400).contains(&answer.status), "signing in: {} {}", answer.status, answer.text());
        inbox.keep_cookies(&answer);
        inbox
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for value in answer.headers.get_all("set-cookie") {
            let pair = value.to_str().unwrap_or("").split(';').next().unwrap_or("").to_owned();
            let name = pair.split('=').next().unwrap_or("").to_owned();
            let mut kept: Vec<String> = self
                .cookie
                .split("; ")
                .filter(|c| !c.is_empty() && !c.starts_with(&format!("{name}=")))
                .map(str::to_owned)
                .collect();
            kept.push(pair);
            self.cookie = kept.join("; ");
        }
    }

    /// The session's cookies.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// A page, in Spanish.
    pub async fn get(&self, path: &str) -> Answer {
        let headers = [("cookie", self.cookie.as_str()), ("accept-language", "es")];
        self.http
            .call("GET", &format!("{}{path}", self.base), &headers, Bytes::new())
            .await
            .expect("the web answers")
    }

    /// A form.
    pub async fn post(&self, path: &str, form: &str) -> Answer {
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", self.base.as_str()),
        ];
        let url = format!("{}{path}", self.base);
        self.http.call("POST", &url, &headers, form.to_owned()).await.expect("the web answers")
    }

    /// The thread of contact 123.
    pub async fn thread(&self) -> String {
        let page = self.get("/messages/123").await;
        assert_eq!(page.status, 200);
        page.text()
    }

    /// One bubble of contact 123's thread.
    pub async fn bubble(&self, id: i64) -> Bubble {
        let page = self.thread().await;
        bubble(&page, id).unwrap_or_else(|| panic!("Messages shows message {id}"))
    }

    /// The page of one message, with its timeline and difference.
    pub async fn permalink(&self, id: i64) -> String {
        let page = self.get(&format!("/messages/123/{id}")).await;
        assert_eq!(page.status, 200);
        page.text()
    }
}

/// Finds a bubble in a page.
pub fn bubble(page: &str, id: i64) -> Option<Bubble> {
    let needle = format!("data-message-id=\"{id}\"");
    page.split("<article")
        .skip(1)
        .find(|rest| rest.split('>').next().is_some_and(|tag| tag.contains(&needle)))
        .map(|rest| {
            let html = rest.split("</article>").next().unwrap_or("").to_owned();
            let tag = html.split('>').next().unwrap_or("");
            let attribute = |name: &str| {
                tag.split(&format!("{name}=\""))
                    .nth(1)
                    .and_then(|v| v.split('"').next())
                    .unwrap_or("")
                    .to_owned()
            };
            Bubble { status: attribute("data-status"), mark: attribute("data-mark"), html: html.clone() }
        })
}

/// A hidden field's value.
pub fn field(html: &str, name: &str) -> Option<String> {
    let input = html
        .split("<input")
        .skip(1)
        .find(|input| input.split('>').next().is_some_and(|tag| tag.contains(&format!("name=\"{name}\""))))?;
    input.split("value=\"").nth(1)?.split('"').next().map(str::to_owned)
}

/// Markup without its tags, white space folded, entities read.
pub fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut inside = html.find('>').is_some_and(|at| html.find('<').is_none_or(|open| at < open));
    for c in html.chars() {
        match c {
            '<' => {
                inside = true;
                text.push(' ');
            }
            '>' if inside => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
