//! One pure adapter for each kind of channel.
//!
//! An adapter turns a part into a provider's request, a reply into an [`Outcome`], and a webhook
//! into events. It has no clock, network, storage or randomness: what it needs comes in as an
//! argument, and a [`Call`] names its credentials instead of holding them. The engine's transport
//! applies them.

pub mod adapter;
pub mod custom;
pub mod email;
pub mod line;
pub mod meta;
mod multipart;
mod plain;
mod refused;
mod replies;
mod settings;
mod signature;
pub mod telegram;
pub mod template;
mod text;
pub mod twilio;
mod verdict;
pub mod viber;
pub mod vonage_sms;
pub mod whatsapp;

pub use adapter::*;

use chaski_model::ChannelKind;

/// Every adapter in the build. Adding a kind is one folder and one line here.
pub const ADAPTERS: &[&dyn Adapter] = &[
    &whatsapp::dialog360::Dialog360,
    &whatsapp::vonage::Vonage,
    &whatsapp::cloud::Cloud,
    &telegram::Telegram,
    &twilio::TwilioWhatsapp,
    &twilio::TwilioSms,
    &vonage_sms::VonageSms,
    &custom::Custom,
    &viber::Viber,
    &line::Line,
    &meta::messenger::Messenger,
    &meta::instagram::Instagram,
    &email::Email,
];

/// The adapter of a kind; `None` where the build has none.
pub fn adapter(kind: ChannelKind) -> Option<&'static dyn Adapter> {
    ADAPTERS.iter().copied().find(|adapter| adapter.kind() == kind)
}
