//! Speaks real HTTP to a real simulator, as a business and its phones do.

#![expect(clippy::unwrap_used, reason = "a test ends where its expectation does")]

mod control;
mod dialog360;
mod email;
mod faults;
mod line;
mod media;
mod messaging;
mod meta;
mod pages;
mod phones;
mod receipts;
mod seed;
mod support;
mod telegram;
mod templates;
mod twilio;
mod viber;
mod vonage;
