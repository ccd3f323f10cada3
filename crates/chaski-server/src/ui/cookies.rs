//! Cookies: reading them, and writing them as safely as the address allows.

use axum::http::{HeaderMap, HeaderValue, header};
use std::time::Duration;

/// The value of a cookie.
pub(crate) fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// How cookies are named and marked: by whether the public address is https.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jar {
    https: bool,
}

impl Jar {
    pub(crate) fn of(public_url: &str) -> Self {
        Self { https: public_url.starts_with("https://") }
    }

    /// A name that, under https, only this host itself can set.
    pub(crate) fn name(self, word: &str) -> String {
        if self.https { format!("__Host-{word}") } else { word.to_owned() }
    }

    /// A cookie that scripts cannot read.
    pub(crate) fn secret(self, word: &str, value: &str, lives: Duration) -> HeaderValue {
        self.line(&self.name(word), value, lives, "; HttpOnly")
    }

    /// A choice of the reader's.
    pub(crate) fn choice(self, word: &str, value: &str, lives: Duration) -> HeaderValue {
        self.line(word, value, lives, "")
    }

    fn line(self, name: &str, value: &str, lives: Duration, more: &str) -> HeaderValue {
        let secure = if self.https { "; Secure" } else { "" };
        let line = format!("{name}={value}; Path=/; Max-Age={}; SameSite=Lax{more}{secure}", lives.as_secs());
        HeaderValue::from_str(&line).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "xchaski=1; chaski=two; theme=dark".parse().unwrap());
        headers.append(header::COOKIE, "lang=en".parse().unwrap());
        assert_eq!(get(&headers, "chaski"), Some("two"));
        assert_eq!(get(&headers, "lang"), Some("en"));
        assert_eq!(get(&headers, "tz"), None);
    }

    #[test]
    fn under_https_a_secret_is_bound_to_the_host() {
        let lives = Duration::from_secs(60);
        let plain = Jar::of("http://127.0.0.1:8080").secret("chaski", "k", lives);
        assert_eq!(plain, "chaski=k; Path=/; Max-Age=60; SameSite=Lax; HttpOnly");
        let safe = Jar::of("https://m.example").secret("chaski", "k", lives);
        assert_eq!(safe, "__Host-chaski=k; Path=/; Max-Age=60; SameSite=Lax; HttpOnly; Secure");
    }
}
