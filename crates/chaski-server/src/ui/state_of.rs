//! Where a message stands, told by a glyph and a word; and why it failed, in words.

use super::icons::{Icon, icon};
use super::words::{Lang, Reader};
use crate::api::views::known_code;
use chaski_model::failure::Actor;
use chaski_model::message::Direction;
use chaski_model::{Failure, Rank, Timestamp};
use chaski_store::inbox::{Message, PartLife};
use maud::{Markup, html};

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The contact wrote it.
    Received,
    /// It waits for its turn.
    Queued,
    /// The provider is being called.
    Sending,
    /// It is tried again then.
    Retrying(Timestamp),
    /// The provider has it.
    Sent,
    /// It is on the contact's device.
    Delivered,
    /// The contact has opened it.
    Read,
    /// It ended without arriving.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl State {
    /// Of a message; `parts` are only needed while it is pending.
    pub(crate) fn of(message: &Message, parts: &[PartLife]) -> Self {
        if message.direction == Direction::Inbound {
            return Self::Received;
        }
        match message.rank {
            _ if message.unknown => Self::Unknown,
            Rank::Pending => Self::pending(parts),
            Rank::Sent => Self::Sent,
            Rank::Failed => Self::Failed,
            Rank::Delivered => Self::Delivered,
            Rank::Read => Self::Read,
        }
    }

    fn pending(parts: &[PartLife]) -> Self {
        if parts.iter().any(|part| part.state == 2) {
            return Self::Sending;
        }
        let retry = parts.iter().filter(|part| part.state == 3).filter_map(|part| part.due_at).min();
        retry.map_or(Self::Queued, Self::Retrying)
    }

    /// The word in `data-status`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Queued | Self::Sending | Self::Retrying(_) => "pending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// In the reader's words.
    pub(crate) fn told(self, r: &Reader) -> String {
        match self {
            Self::Received => r.t("state-received"),
            Self::Queued => r.t("state-queued"),
            Self::Sending => r.t("state-sending"),
            Self::Retrying(at) => r.with("state-retrying", &[("time", &r.time_to_the_second(at))]),
            Self::Sent => r.t("state-sent"),
            Self::Delivered => r.t("state-delivered"),
            Self::Read => r.t("state-read"),
            Self::Failed => r.t("state-failed"),
            Self::Unknown => r.t("state-unknown"),
        }
    }

    fn picture(self) -> Option<Icon> {
        match self {
            Self::Received => None,
            Self::Queued => Some(Icon::Clock),
            Self::Sending | Self::Retrying(_) => Some(Icon::Retry),
            Self::Sent => Some(Icon::Tick),
            Self::Delivered | Self::Read => Some(Icon::Ticks),
            Self::Failed => Some(Icon::Warning),
            Self::Unknown => Some(Icon::Question),
        }
    }

    /// Whether its word stands beside the glyph for everybody.
    fn speaks(self) -> bool {
        matches!(self, Self::Retrying(_) | Self::Failed | Self::Unknown)
    }

    /// The glyph with its word.
    pub(crate) fn glyph(self, r: &Reader) -> Markup {
        let word = self.told(r);
        html! {
            @if let Some(picture) = self.picture() {
                span.{ "state s-" (self.word()) } title=(word) {
                    (icon(picture))
                    span.sr[!self.speaks()] { (word) }
                }
            }
        }
    }
}

/// A failure in the reader's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FailureWords {
    /// What it means.
    pub(crate) title: String,
    /// Which component and value, if it names one.
    pub(crate) place: Option<String>,
    /// What to do.
    pub(crate) remedy: String,
    /// Whose move it is.
    pub(crate) whose: String,
    /// The provider's code, or ours.
    pub(crate) code: String,
    /// The whole sentence and the provider's own words.
    pub(crate) detail: String,
}

/// A failure in the reader's language.
pub(crate) fn failure_words(r: &Reader, failure: &Failure) -> FailureWords {
    let info = failure.code.info();
    let known = known_code(failure);
    let (title, remedy) = match r.lang {
        Lang::Es => known.map_or(info.es, |k| k.es),
        Lang::En => known.map_or(info.en, |k| k.en),
    };
    let whose = match known.map_or(info.actor, |k| k.actor) {
        Actor::You => r.t("whose-you"),
        Actor::Admin => r.t("whose-admin"),
        Actor::Contact => r.t("whose-contact"),
        Actor::Nobody => r.t("whose-nobody"),
    };
    let mut detail = failure.message.clone();
    if let Some(words) = &failure.provider_text {
        detail = format!("{detail} — {words}");
    }
    FailureWords {
        title: title.to_owned(),
        place: failure.component.as_deref().and_then(|component| place(r, component, failure.parameter)),
        remedy: remedy.to_owned(),
        whose,
        code: failure.provider_code.map_or_else(|| info.code.to_owned(), |code| code.to_string()),
        detail,
    }
}

fn place(r: &Reader, component: &str, parameter: Option<u32>) -> Option<String> {
    let component = component_name(r, component, None)?;
    Some(match parameter {
        Some(n) => r.with("failure-place-value", &[("component", &component), ("n", &n.to_string())]),
        None => r.with("failure-place", &[("component", &component)]),
    })
}

/// A template component's name; `None` for what is none.
pub(crate) fn component_name(r: &Reader, component: &str, index: Option<usize>) -> Option<String> {
    Some(match (component, index) {
        ("header", _) => r.t("component-header"),
        ("body", _) => r.t("component-body"),
        ("footer", _) => r.t("component-footer"),
        ("buttons", Some(at)) => r.count("component-button", i64::try_from(at + 1).unwrap_or(i64::MAX)),
        ("buttons", None) => r.t("component-buttons"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;
    use crate::ui::words::tests::{NOW, reader};
    use chaski_model::ErrorCode;

    #[test]
    fn a_pending_message_says_what_it_waits_for() {
        let message = sample::outbound(1, "Hola");
        assert_eq!(State::of(&message, &[]), State::Queued);
        assert_eq!(State::of(&message, &[sample::part(2, None)]), State::Sending);
        assert_eq!(
            State::of(&message, &[sample::part(5, None), sample::part(3, Some(NOW))]),
            State::Retrying(NOW)
        );
    }

    #[test]
    fn an_unknown_outcome_is_told_before_any_rank() {
        let mut message = sample::outbound(1, "Hola");
        message.unknown = true;
        assert_eq!(State::of(&message, &[sample::part(4, None)]).word(), "unknown");
    }

    #[test]
    fn a_code_is_told_in_the_readers_language_with_its_place() {
        let failure =
            Failure::new(ErrorCode::TemplateRefused, "…").provider(132_000).at("body", Some(3), "/x");
        let es = failure_words(&reader(Lang::Es), &failure);
        assert_eq!(es.title, "La cantidad de valores no coincide con la plantilla");
        assert_eq!(es.place.as_deref(), Some("Cuerpo, valor 3."));
        assert_eq!(es.code, "132000");
        let en = failure_words(&reader(Lang::En), &Failure::new(ErrorCode::Expired, "…"));
        assert_eq!((&*en.code, en.place), ("expired", None));
    }
}
