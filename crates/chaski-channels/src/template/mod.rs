//! Approved WhatsApp templates: what the caller asked for held against what is approved.
//!
//! One converter serves every WhatsApp kind, because they all carry Meta's own template object:
//! [`resolve`] turns a request and the synced catalogue into what goes out, what the contact gets,
//! how that differs from what the caller wrote, and every reason why it cannot be sent. It is pure:
//! it looks nothing up and fetches nothing. The adapters only wrap its [`MetaTemplate`].
//!
//! Read [`resolve()`] first, then `header`, `body` and `buttons`, one for each component.
//!
//! [`MetaTemplate`]: chaski_model::template::MetaTemplate

mod autofix;
mod body;
mod buttons;
pub mod definition;
mod difference;
mod flat;
mod header;
pub mod language;
pub mod placeholders;
mod render;
mod report;
mod resolve;
mod texts;
mod unverified;
pub mod value;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use autofix::autofix;
pub use report::refused_under_strict;
pub use resolve::{Catalogue, Options, absence, resolve};
