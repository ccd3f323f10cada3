//! The language of a page: Spanish unless the browser asks for English first.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::{header, request::Parts};

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lang {
    Es,
    En,
}

impl Lang {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }

    /// The text in this language.
    pub(super) const fn say(self, es: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Es => es,
            Self::En => en,
        }
    }

    /// The first of the accepted languages, by weight, that there is.
    fn accepted(header: &str) -> Self {
        let mut wishes: Vec<(f32, usize, Self)> = Vec::new();
        for (place, wish) in header.split(',').enumerate() {
            let (tag, weight) = wish.split_once(";q=").unwrap_or((wish, "1"));
            let lang = match tag.trim().get(..2).map(str::to_ascii_lowercase).as_deref() {
                Some("es") => Self::Es,
                Some("en") => Self::En,
                _ => continue,
            };
            wishes.push((weight.trim().parse().unwrap_or(0.0), place, lang));
        }
        wishes.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        wishes.first().map_or(Self::Es, |(_, _, lang)| *lang)
    }
}

impl<S: Sync> FromRequestParts<S> for Lang {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let header = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Self::accepted(header.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spanish_unless_english_is_wanted_first() {
        assert_eq!(Lang::accepted(""), Lang::Es);
        assert_eq!(Lang::accepted("en-GB,en;q=0.9"), Lang::En);
        assert_eq!(Lang::accepted("de,en;q=0.8,es;q=0.9"), Lang::Es);
        assert_eq!(Lang::accepted("fr"), Lang::Es);
    }
}
