//! Any bytes for every parser of what comes from outside: the same driver as that of the property tests.

#[path = "../../crates/chaski-channels/tests/drive/mod.rs"]
mod drive;

pub use chaski_model::ChannelKind;
pub use libfuzzer_sys;

use chaski_channels::Adapter;

/// A webhook of a kind.
pub fn webhook(kind: ChannelKind, data: &[u8]) {
    drive::webhook(adapter(kind), data);
}

/// Answers of a kind's provider.
pub fn answer(kind: ChannelKind, data: &[u8]) {
    drive::answer(adapter(kind), data);
}

fn adapter(kind: ChannelKind) -> &'static dyn Adapter {
    chaski_channels::adapter(kind).expect("every kind has an adapter")
}

/// A fuzz target of a sort and a kind.
#[macro_export]
macro_rules! target {
    ($sort:ident $kind:ident) => {
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::$sort($crate::ChannelKind::$kind, data));
    };
}
