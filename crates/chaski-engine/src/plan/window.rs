//! The free-text window: opened by the contact's last message, closed by time or by the provider's word.

use crate::directory::ChannelEntry;
use chaski_model::capabilities::{AfterWindow, HUMAN_AGENT, PASS_TAGS};
use chaski_model::message::Content;
use chaski_model::{ErrorCode, Failure, Timestamp};
use chaski_store::contacts::Contact;
use std::borrow::Cow;
use std::time::Duration;

/// Clocks differ: the window is taken as closed only this long after its end.
const WINDOW_GRACE: Duration = Duration::from_secs(5 * 60);

/// Message tags that Meta has taken no message under since 27 April 2026.
const RETIRED: [&str; 3] = ["ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE", "CONFIRMED_EVENT_UPDATE"];

/// The free-text window, as known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Whether free text may be sent.
    pub open: bool,
    /// When it closes or closed.
    pub closes_at: Option<Timestamp>,
}

/// The window of a contact on a channel: its last message there opened it, unless the provider has
/// said since then that it is closed.
pub fn window_of(contact: &Contact, entry: &ChannelEntry, now: Timestamp) -> Option<Window> {
    let length = entry.channel.kind.capabilities()?.window?;
    let lanes: Vec<_> = contact.lanes.iter().filter(|lane| lane.channel == entry.channel.id).collect();
    let last_in = lanes.iter().filter_map(|lane| lane.last_in_at).max();
    let closed = lanes.iter().filter_map(|lane| lane.closed_at).max();
    let closes_at = last_in.map(|at| at + length);
    let said_closed = closed.is_some_and(|at| last_in.is_none_or(|last| at > last));
    Some(Window {
        open: closes_at.is_some_and(|at| at > now) && !said_closed,
        closes_at: if said_closed { closed } else { closes_at },
    })
}

/// Free text that is known to come too late is recorded as failed without asking the provider. And what goes
/// out of a content with a tag, now or when it is sent again: inside the window a tag is of no use, outside only
/// one that still stands.
pub(super) fn hold_to_window<'a>(
    content: &'a Content,
    contact: &Contact,
    window: Option<Window>,
    entry: &ChannelEntry,
    now: Timestamp,
) -> (Cow<'a, Content>, Option<Failure>) {
    let Some(capabilities) = entry.channel.kind.capabilities() else { return (Cow::Borrowed(content), None) };
    let is_over = is_over(contact, window, entry, now);
    match capabilities.after_window {
        AfterWindow::Template => {
            let fails = is_over && !matches!(content, Content::WhatsappTemplate(_));
            (Cow::Borrowed(content), fails.then(|| needs_template(entry)))
        }
        // A raw body says itself under which rule it goes.
        AfterWindow::HumanAgent { .. } if matches!(content, Content::CustomPayload { .. }) => {
            (Cow::Borrowed(content), None)
        }
        AfterWindow::HumanAgent { within, code } => {
            let tag = match content {
                Content::Text { message_tag, .. } => message_tag.as_deref(),
                _ => None,
            };
            let is_open = window.is_some_and(|window| window.open);
            let passes = entry.channel.settings.get(PASS_TAGS).is_some_and(|set| set == "yes");
            let kept = tag.filter(|tag| !is_open && (*tag == HUMAN_AGENT || passes));
            let is_late = kept == Some(HUMAN_AGENT)
                && last_in(contact, entry).is_some_and(|at| at + within + WINDOW_GRACE <= now);
            if is_late || (is_over && kept.is_none()) {
                return (untagged(content), Some(too_late(entry, tag, is_late).provider(code)));
            }
            (if kept.is_some() { Cow::Borrowed(content) } else { untagged(content) }, None)
        }
    }
}

fn needs_template(entry: &ChannelEntry) -> Failure {
    let message = format!(
        "More than 24 hours have passed since the contact's last message on \"{}\"; send an approved template.",
        entry.channel.name
    );
    Failure::new(ErrorCode::WindowClosed, message).provider(131_047)
}

/// Whether the window is closed beyond doubt: by time, or by the provider's word.
fn is_over(contact: &Contact, window: Option<Window>, entry: &ChannelEntry, now: Timestamp) -> bool {
    let Some(Window { open: false, closes_at: Some(closed_at) }) = window else { return false };
    let of_channel = |lane: &&chaski_store::contacts::Lane| lane.channel == entry.channel.id;
    let said_by_provider =
        contact.lanes.iter().filter(of_channel).any(|lane| lane.closed_at == Some(closed_at));
    said_by_provider || closed_at + WINDOW_GRACE <= now
}

/// When the contact wrote last on a channel.
fn last_in(contact: &Contact, entry: &ChannelEntry) -> Option<Timestamp> {
    contact
        .lanes
        .iter()
        .filter(|lane| lane.channel == entry.channel.id)
        .filter_map(|lane| lane.last_in_at)
        .max()
}

/// The content without its tag.
fn untagged(content: &Content) -> Cow<'_, Content> {
    match content {
        Content::Text { text, message_tag: Some(_) } => {
            Cow::Owned(Content::Text { text: text.clone(), message_tag: None })
        }
        _ => Cow::Borrowed(content),
    }
}

/// Which rule of Meta's keeps it from going out.
fn too_late(entry: &ChannelEntry, tag: Option<&str>, is_late: bool) -> Failure {
    let (kind, name) = (entry.channel.kind.title(), &entry.channel.name);
    let since = format!("since the contact's last message on \"{name}\"");
    let wait = "wait until the contact writes again";
    let person = format!("or let a person answer within seven days, with `messageTag` {HUMAN_AGENT}");
    let message = match tag {
        _ if is_late => format!(
            "More than seven days have passed {since}, and {kind} takes nothing after that, not even under {HUMAN_AGENT}; {wait}."
        ),
        Some(tag) if RETIRED.contains(&tag) => format!(
            "Meta has taken no message under the tag {tag} since 27 April 2026, and more than 24 hours have passed {since}; {wait}, {person}."
        ),
        Some(tag) => format!(
            "{kind} has no message tag {tag}, and more than 24 hours have passed {since}; {wait}, {person}."
        ),
        None => format!("More than 24 hours have passed {since}; {wait}, {person}."),
    };
    Failure::new(ErrorCode::WindowClosed, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chaski_channels::Secrets;
    use chaski_model::{AccountId, ChannelId, ChannelKind, ContactId, HookId, LaneId, WorkspaceId};
    use chaski_store::admin::Channel;
    use chaski_store::contacts::Lane;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn entry(kind: ChannelKind, passes: &str) -> ChannelEntry {
        let channel = Channel {
            id: ChannelId(1),
            workspace: WorkspaceId(1),
            account: AccountId(1),
            hook: HookId(1),
            kind,
            name: "Page".into(),
            sender: "1".into(),
            settings: [(PASS_TAGS.to_owned(), passes.to_owned())].into(),
            secrets: Vec::new(),
            state: "connected".into(),
            held: None,
            held_at: None,
            created_at: NOW,
        };
        ChannelEntry {
            channel,
            adapter: None,
            secrets: Secrets::default(),
            locked: false,
            hook_url: String::new(),
        }
    }

    /// A contact who wrote so long ago; the provider may have said since then that the window is closed.
    fn contact(wrote_ago: Option<Duration>, closed_ago: Option<Duration>) -> Contact {
        let lane = Lane {
            id: LaneId(1),
            channel: ChannelId(1),
            address: "5".into(),
            last_in_at: wrote_ago.map(|ago| NOW - ago),
            last_at: None,
            closed_at: closed_ago.map(|ago| NOW - ago),
            last_id: None,
            access: Default::default(),
            access_at: None,
        };
        Contact {
            id: ContactId(1),
            first_name: String::new(),
            last_name: None,
            language: None,
            profile_pic: None,
            country_code: None,
            status: "open".into(),
            tags: Vec::new(),
            fields: Default::default(),
            lifecycle: None,
            assignee: None,
            created_at: NOW,
            addresses: Vec::new(),
            lanes: vec![lane],
            version: 0,
        }
    }

    /// The tag that goes out, or the sentence of the failure.
    fn said(entry: &ChannelEntry, contact: &Contact, tag: Option<&str>) -> Result<Option<String>, String> {
        let content = Content::Text { text: "x".into(), message_tag: tag.map(str::to_owned) };
        let window = window_of(contact, entry, NOW);
        let (content, failed) = hold_to_window(&content, contact, window, entry, NOW);
        let Content::Text { message_tag, .. } = content.into_owned() else { panic!("a text") };
        match failed {
            None => Ok(message_tag),
            Some(failure) => {
                assert_eq!(
                    (failure.code, message_tag),
                    (ErrorCode::WindowClosed, None),
                    "sent again it is plain"
                );
                Err(failure.message)
            }
        }
    }

    fn ago(hours: u32) -> Contact {
        contact(Some(HOUR * hours), None)
    }

    #[test]
    fn inside_the_window_nothing_goes_under_a_tag() {
        for kind in [ChannelKind::Messenger, ChannelKind::Instagram] {
            for passes in ["no", "yes"] {
                for tag in [None, Some("ACCOUNT_UPDATE"), Some(HUMAN_AGENT), Some("nonsense")] {
                    assert_eq!(said(&entry(kind, passes), &ago(23), tag), Ok(None));
                }
            }
        }
    }

    #[test]
    fn outside_it_a_person_may_answer_for_seven_days() {
        let page = entry(ChannelKind::Messenger, "no");
        assert_eq!(said(&page, &ago(25), Some(HUMAN_AGENT)), Ok(Some(HUMAN_AGENT.into())));
        assert_eq!(
            said(&page, &ago(7 * 24), Some(HUMAN_AGENT)),
            Ok(Some(HUMAN_AGENT.into())),
            "clocks differ"
        );
        let late = said(&page, &ago(7 * 24 + 1), Some(HUMAN_AGENT)).unwrap_err();
        assert!(late.contains("seven days"), "{late}");
    }

    #[test]
    fn a_retired_tag_or_none_fails_by_name_and_is_never_made_another() {
        let page = entry(ChannelKind::Instagram, "no");
        for tag in RETIRED {
            let failed = said(&page, &ago(25), Some(tag)).unwrap_err();
            assert!(failed.contains(tag) && failed.contains("27 April 2026"), "{failed}");
        }
        assert!(said(&page, &ago(25), Some("nonsense")).unwrap_err().contains("no message tag nonsense"));
        assert!(said(&page, &ago(25), None).unwrap_err().starts_with("More than 24 hours"));
        assert_eq!(said(&page, &ago(24), None), Ok(None), "just over: the provider decides");
        let passing = entry(ChannelKind::Messenger, "yes");
        assert_eq!(said(&passing, &ago(25), Some("ACCOUNT_UPDATE")), Ok(Some("ACCOUNT_UPDATE".into())));
        assert!(said(&passing, &ago(25), None).is_err());
    }

    #[test]
    fn who_never_wrote_is_the_providers_to_judge_and_its_word_counts() {
        let page = entry(ChannelKind::Messenger, "no");
        let stranger = contact(None, None);
        assert_eq!(said(&page, &stranger, None), Ok(None));
        assert_eq!(said(&page, &stranger, Some("ACCOUNT_UPDATE")), Ok(None));
        assert_eq!(said(&page, &stranger, Some(HUMAN_AGENT)), Ok(Some(HUMAN_AGENT.into())));
        let refused = contact(Some(HOUR), Some(HOUR / 2));
        assert!(said(&page, &refused, None).is_err());
        assert_eq!(said(&page, &refused, Some(HUMAN_AGENT)), Ok(Some(HUMAN_AGENT.into())));
    }

    #[test]
    fn whatsapp_wants_a_template_and_a_kind_without_a_window_nothing() {
        let failed = said(&entry(ChannelKind::WhatsappCloud, ""), &ago(25), None).unwrap_err();
        assert!(failed.ends_with("send an approved template."), "{failed}");
        assert_eq!(said(&entry(ChannelKind::Telegram, ""), &ago(9999), None), Ok(None));
        let page = entry(ChannelKind::Messenger, "no");
        let (late, raw) = (ago(99), Content::CustomPayload { payload: serde_json::json!({}) });
        let (_, failed) = hold_to_window(&raw, &late, window_of(&late, &page, NOW), &page, NOW);
        assert!(failed.is_none(), "a raw body says itself under which rule it goes");
        let asked = Content::QuickReply { title: "x".into(), replies: vec!["y".into()] };
        let (_, failed) = hold_to_window(&asked, &late, window_of(&late, &page, NOW), &page, NOW);
        assert!(failed.is_some());
    }
}
