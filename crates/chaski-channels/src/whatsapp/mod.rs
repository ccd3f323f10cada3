//! WhatsApp by three providers: Meta's Cloud API, 360dialog and Vonage.
//!
//! All three carry Meta's own objects, so what they share lies here: the message bodies, the
//! webhooks of Cloud API and 360dialog, Graph errors, the split of contents into parts. What is a
//! provider's own lies in its folder; Twilio, which also does SMS, has one beside this. Templates come resolved, from [`crate::template`].

pub mod cloud;
pub mod dialog360;
mod graph;
mod meta_inbound;
pub(crate) mod meta_media;
mod meta_messages;
mod meta_webhook;
pub(crate) mod pages;
pub(crate) mod split;
pub mod vonage;
