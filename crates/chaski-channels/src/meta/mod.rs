//! Messenger and Instagram: two kinds of channel at one API of Meta.
//!
//! What they share lies here: how a message is called with, what an answer means, what a webhook says,
//! and what is asked of the Graph API beside deliveries. A kind's own limits and settings are in its
//! folder. The webhook's signature and the check of its address are those of every Meta app, the one of
//! the WhatsApp Cloud API too.

mod custom;
pub(crate) mod hook;
mod inbound;
pub mod instagram;
pub mod messenger;
mod outcome;
mod send;
mod split;
mod tasks;
mod webhook;

use crate::adapter::{Auth, Setting};
use chaski_model::message::MediaKind;

/// The Page's token, or the Instagram user's.
const AUTH: Auth = Auth::Bearer { secret: "access_token" };

/// What tells the two kinds apart.
struct Kind {
    /// Its name, for people.
    title: &'static str,
    /// What a webhook is about: `object` of its body.
    object: &'static str,
    /// The setting with the id of whom the webhook is for.
    own_id: &'static str,
    settings: &'static [Setting],
    capabilities: chaski_model::Capabilities,
    /// Its uses, for refusals.
    words: &'static str,
}

const VERSION: Setting = Setting {
    key: "version",
    secret: false,
    required: false,
    default: "v25.0",
    help: "The version of the Graph API.",
};

const PASS_TAGS: Setting = Setting {
    key: chaski_model::capabilities::PASS_TAGS,
    secret: false,
    required: false,
    default: "no",
    help: "`yes`: message tags that Meta has retired are sent all the same, and Meta decides; `no`: Chaski refuses them outside the window.",
};

const PACE: Setting = Setting {
    key: "pace",
    secret: false,
    required: false,
    default: "40",
    help: "Messages per second from this Page or account; more than 40 freeze its inbox. 0 = no limit of ours.",
};

const PAIR_PACE: Setting = Setting {
    key: "pair_pace",
    secret: false,
    required: false,
    default: "0",
    help: "Seconds between messages to one contact; 0 = none.",
};

/// The word for a sort of media.
fn word_of(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image | MediaKind::Sticker => "image",
        MediaKind::Video => "video",
        MediaKind::Audio => "audio",
        MediaKind::File => "file",
    }
}
