//! The words of Chaski: plain types that every other crate shares.
//!
//! Nothing here does I/O, knows a clock, or depends on an async runtime. Read [`message`] for what
//! a message is, [`template`] for approved templates, [`status`] for how a message's life is
//! ordered, and [`error_code`] for everything an API user can be told.

pub mod address;
pub mod capabilities;
pub mod error_code;
pub mod event;
pub mod failure;
pub mod identifier;
pub mod ids;
pub mod kind;
pub mod message;
pub mod provider_codes;
pub mod status;
pub mod template;
pub mod time;

pub use address::{Address, AddressKind, E164};
pub use capabilities::Capabilities;
pub use error_code::ErrorCode;
pub use failure::{Actor, Failure, Fault};
pub use ids::*;
pub use kind::ChannelKind;
pub use message::{Content, PartBody};
pub use status::{Rank, ReceiptKind};
pub use time::Timestamp;
