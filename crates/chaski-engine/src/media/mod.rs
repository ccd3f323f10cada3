//! Media: links that callers give are looked at, and what contacts send is fetched and kept.
//!
//! An inbound message is stored with the wish for its media, in one transaction. The `job` of the
//! account's owner walks the adapter's task, streams the file to its [`place`], a [`folder`] or a [`bucket`], under the
//! hash of its bytes, and settles the wish: held, to be tried again, or gone for a reason. [`link`] makes the signed
//! addresses that it is served at. `files` finds out about files that go out, where a call needs it.

mod brought;
pub mod bucket;
pub(crate) mod fetch;
pub(crate) mod files;
pub mod folder;
pub(crate) mod job;
pub mod link;
mod look;
pub mod place;
pub mod sniff;
pub(crate) mod sweep;
