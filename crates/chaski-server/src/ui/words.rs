//! Words, dates and numbers in the reader's language, and how a reader is known from a request.
//!
//! Everything that is rendered takes a [`Reader`]; nothing below looks at a clock or a header again.

use super::cookies;
use axum::http::{HeaderMap, header};
use chaski_model::Timestamp;
use fluent_templates::LanguageIdentifier;
use fluent_templates::fluent_bundle::FluentValue;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

fluent_templates::static_loader! {
    static WORDS = {
        locales: "./locales",
        fallback_language: "es",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static ES: LazyLock<LanguageIdentifier> = LazyLock::new(|| "es".parse().expect("a language code"));
static EN: LazyLock<LanguageIdentifier> = LazyLock::new(|| "en".parse().expect("a language code"));

/// A language of the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lang {
    Es,
    En,
}

impl Lang {
    pub(crate) const ALL: [Self; 2] = [Self::Es, Self::En];

    /// The language's code, as `<html lang>` has it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }

    /// The language's own name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Es => "Español",
            Self::En => "English",
        }
    }

    pub(crate) fn parse(code: &str) -> Option<Self> {
        let language = code.split(['-', '_']).next().unwrap_or_default().trim();
        Self::ALL.into_iter().find(|lang| lang.code().eq_ignore_ascii_case(language))
    }

    /// The best of an Accept-Language header; the first of equals.
    pub(crate) fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for choice in header.split(',') {
            let mut fields = choice.split(';');
            let Some(lang) = fields.next().and_then(Self::parse) else { continue };
            let weight = fields.find_map(|f| f.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            if weight > 0.0 && best.is_none_or(|(known, _)| weight > known) {
                best = Some((weight, lang));
            }
        }
        best.map(|(_, lang)| lang)
    }

    fn identifier(self) -> &'static LanguageIdentifier {
        match self {
            Self::Es => &ES,
            Self::En => &EN,
        }
    }
}

/// Light or dark, where the reader chose one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.word() == word)
    }
}

/// Whom a page is written for, and when.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    pub(crate) lang: Lang,
    pub(crate) zone: TimeZone,
    pub(crate) now: Timestamp,
    pub(crate) theme: Theme,
}

impl Reader {
    /// From a request: the saved choice, else what the browser accepts, else Spanish.
    pub(crate) fn of(headers: &HeaderMap, saved: Option<&str>, now: Timestamp) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let lang =
            saved.and_then(Lang::parse).or_else(|| accepted.and_then(Lang::accepted)).unwrap_or(Lang::Es);
        let named = |name: &&str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b));
        let zone = cookies::get(headers, "tz").filter(named).and_then(|name| TimeZone::get(name).ok());
        let theme = cookies::get(headers, "theme").and_then(Theme::parse).unwrap_or(Theme::System);
        Self { lang, zone: zone.unwrap_or_else(TimeZone::system), now, theme }
    }

    /// For somebody who is not signed in: the choice that this browser last saved counts.
    pub(crate) fn stranger(headers: &HeaderMap, now: Timestamp) -> Self {
        Self::of(headers, cookies::get(headers, "lang"), now)
    }

    /// The words of a key.
    pub(crate) fn t(&self, key: &str) -> String {
        self.look_up(key, None)
    }

    /// The words of a key, with texts filled in.
    pub(crate) fn with(&self, key: &str, texts: &[(&str, &str)]) -> String {
        let args = texts.iter().map(|(name, text)| (*name, FluentValue::from(*text))).collect();
        self.look_up(key, Some(&args))
    }

    /// The words of a key for a number, named `n`.
    pub(crate) fn count(&self, key: &str, n: i64) -> String {
        let args = HashMap::from([("n", FluentValue::from(n)), ("shown", FluentValue::from(self.number(n)))]);
        self.look_up(key, Some(&args))
    }

    fn look_up(&self, key: &str, args: Option<&HashMap<&str, FluentValue<'_>>>) -> String {
        WORDS.lookup_single_language(self.lang.identifier(), key, args).unwrap_or_else(|cause| {
            tracing::error!(key, %cause, "a text of the web is missing");
            key.to_owned()
        })
    }

    /// A whole number with separators.
    pub(crate) fn number(&self, n: i64) -> String {
        let digits = n.unsigned_abs().to_string();
        // Spanish groups from five digits on, and with a narrow space.
        let (separator, from) = match self.lang {
            Lang::Es => ('\u{202f}', 5),
            Lang::En => (',', 4),
        };
        let mut text = if n < 0 { "-".to_owned() } else { String::new() };
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && digits.len() >= from && (digits.len() - at).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    fn local(&self, at: Timestamp) -> jiff::Zoned {
        let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
        instant.to_zoned(self.zone.clone())
    }

    /// The day that a moment falls on, here.
    pub(crate) fn date(&self, at: Timestamp) -> Date {
        self.local(at).date()
    }

    /// `14:02`.
    pub(crate) fn time(&self, at: Timestamp) -> String {
        self.local(at).strftime("%H:%M").to_string()
    }

    /// `14:02:07`.
    pub(crate) fn time_to_the_second(&self, at: Timestamp) -> String {
        self.local(at).strftime("%H:%M:%S").to_string()
    }

    /// `14:02:07.114`.
    pub(crate) fn time_to_the_millisecond(&self, at: Timestamp) -> String {
        format!("{}.{:03}", self.time_to_the_second(at), at.0.rem_euclid(1000))
    }

    /// `hoy`, `ayer`, `martes`, `12 de marzo`, `12 de marzo de 2025`.
    pub(crate) fn day(&self, at: Timestamp) -> String {
        let (day, today) = (self.date(at), self.date(self.now));
        match (today - day).get_days() {
            -1 => self.t("day-tomorrow"),
            0 => self.t("day-today"),
            1 => self.t("day-yesterday"),
            2..=6 => self.word_of("day-names", day.weekday().to_monday_zero_offset()),
            _ => self.long_date(day, day.year() != today.year()),
        }
    }

    /// What a row says: the time today, else the day.
    pub(crate) fn brief(&self, at: Timestamp) -> String {
        let (day, today) = (self.date(at), self.date(self.now));
        match (today - day).get_days() {
            0 => self.time(at),
            1 => self.t("day-yesterday"),
            2..=6 => self.word_of("day-names", day.weekday().to_monday_zero_offset()),
            _ => format!("{}/{}/{:02}", day.day(), day.month(), day.year().rem_euclid(100)),
        }
    }

    /// The day and the time: `hoy, 14:02`.
    pub(crate) fn moment(&self, at: Timestamp) -> String {
        format!("{}, {}", self.day(at), self.time(at))
    }

    /// The whole moment: date, time and zone.
    pub(crate) fn exact(&self, at: Timestamp) -> String {
        let local = self.local(at);
        format!(
            "{}, {} ({})",
            self.long_date(local.date(), true),
            local.strftime("%H:%M:%S"),
            local.strftime("UTC%:z")
        )
    }

    fn long_date(&self, day: Date, with_year: bool) -> String {
        let month = self.word_of("month-names", day.month() - 1);
        let texts =
            [("day", &*day.day().to_string()), ("month", &*month), ("year", &*day.year().to_string())];
        self.with(if with_year { "date-with-year" } else { "date" }, &texts)
    }

    fn word_of(&self, key: &str, at: i8) -> String {
        let words = self.t(key);
        words.split_whitespace().nth(usize::try_from(at).unwrap_or(0)).unwrap_or_default().to_owned()
    }

    /// A stretch of time, in two units: `3 h 12 m`.
    pub(crate) fn stretch(&self, length: Duration) -> String {
        let minutes = length.as_secs() / 60;
        match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
            (0, 0, 0) => format!("{} s", length.as_secs()),
            (0, 0, minutes) => format!("{minutes} m"),
            (0, hours, minutes) => format!("{hours} h {minutes} m"),
            (days, hours, _) => format!("{days} d {hours} h"),
        }
    }

    /// A time with the exact moment on hover and for machines.
    pub(crate) fn stamp(&self, at: Timestamp) -> Markup {
        html! { time datetime=(at.to_rfc3339()) title=(self.exact(at)) { (self.time(at)) } }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// 22 November 2026, 14:02:31 UTC.
    pub(crate) const NOW: Timestamp = Timestamp(1_795_356_151_000);

    pub(crate) fn reader(lang: Lang) -> Reader {
        Reader { lang, zone: TimeZone::UTC, now: NOW, theme: Theme::System }
    }

    fn keys(language: &str) -> Vec<String> {
        let folder = format!("{}/locales/{language}", env!("CARGO_MANIFEST_DIR"));
        let mut keys = Vec::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            keys.extend(
                text.lines()
                    .filter(|l| l.starts_with(|c: char| c.is_ascii_lowercase()))
                    .filter_map(|l| Some(l.split_once(" =")?.0.to_owned())),
            );
        }
        keys.sort();
        keys
    }

    fn sources(folder: &std::path::Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, text);
            } else if path.extension().is_some_and(|e| e == "rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn both_languages_have_the_same_keys_each_once() {
        let (es, en) = (keys("es"), keys("en"));
        assert_eq!(es, en);
        let mut once = es.clone();
        once.dedup();
        assert_eq!(es, once);
    }

    #[test]
    fn every_key_is_used_and_every_used_key_exists() {
        let mut code = String::new();
        sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui"), &mut code);
        let known = keys("es");
        for key in &known {
            assert!(code.contains(&format!("\"{key}\"")), "nobody uses {key}");
        }
        for call in [".t(\"", ".with(\"", ".count(\""] {
            for used in code.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(
                    known.iter().any(|key| key == used) || used.contains('['),
                    "{used} is in no language"
                );
            }
        }
    }

    #[test]
    fn the_saved_choice_comes_first_then_the_browsers_then_spanish() {
        let mut headers = HeaderMap::new();
        assert_eq!(Reader::of(&headers, None, NOW).lang, Lang::Es);
        headers.insert(header::ACCEPT_LANGUAGE, "fr, en-GB;q=0.7, es;q=0.5".parse().unwrap());
        assert_eq!(Reader::of(&headers, None, NOW).lang, Lang::En);
        assert_eq!(Reader::of(&headers, Some("es"), NOW).lang, Lang::Es);
    }

    #[test]
    fn dates_are_told_as_people_tell_them() {
        let (es, en) = (reader(Lang::Es), reader(Lang::En));
        let day = Duration::from_secs(86_400);
        assert_eq!(es.day(NOW), "hoy");
        assert_eq!(en.day(NOW - day), "yesterday");
        assert_eq!(es.day(NOW - 3 * day), "jueves");
        assert_eq!(es.day(NOW - 30 * day), "23 de octubre");
        assert_eq!(en.day(NOW - 400 * day), "18 October 2025");
        assert_eq!(es.exact(NOW), "22 de noviembre de 2026, 14:02:31 (UTC+00:00)");
        assert_eq!(
            (&*es.number(4200), &*es.number(42_000), &*en.number(4200)),
            ("4200", "42\u{202f}000", "4,200")
        );
        assert_eq!(es.stretch(Duration::from_secs(3 * 3600 + 12 * 60 + 5)), "3 h 12 m");
    }
}
