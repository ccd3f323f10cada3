//! Settings that several kinds have, and how a call reads them.

use crate::adapter::{Cx, Setting};
use chaski_model::{ErrorCode, Failure};

/// Messages a second.
pub(crate) const PACE: Setting = Setting {
    key: "pace",
    secret: false,
    required: false,
    default: "80",
    help: "Messages per second from this number; 0 = no limit of ours.",
};

/// Seconds between messages to one contact.
pub(crate) const PAIR_PACE: Setting = Setting {
    key: "pair_pace",
    secret: false,
    required: false,
    default: "6",
    help: "Seconds between messages to one contact once a burst of 45 is used up; 0 = none.",
};

/// Messages a second, for kinds with a default of their own.
pub(crate) const fn pace(default: &'static str, help: &'static str) -> Setting {
    Setting { key: "pace", secret: false, required: false, default, help }
}

/// Seconds between messages to one contact, where the provider asks for none.
pub(crate) const NO_PAIR_PACE: Setting = Setting {
    key: "pair_pace",
    secret: false,
    required: false,
    default: "0",
    help: "Seconds between messages to one contact; 0 = none.",
};

/// Where the provider's API is.
pub(crate) const fn base_url(default: &'static str) -> Setting {
    let help = "The address of the provider's API.";
    Setting { key: "base_url", secret: false, required: false, default, help }
}

/// A setting that must be given.
pub(crate) const fn required(key: &'static str, help: &'static str) -> Setting {
    Setting { key, secret: false, required: true, default: "", help }
}

/// A setting that may be given.
pub(crate) const fn optional(key: &'static str, help: &'static str) -> Setting {
    Setting { key, secret: false, required: false, default: "", help }
}

/// A secret that must be given.
pub(crate) const fn secret(key: &'static str, help: &'static str) -> Setting {
    Setting { key, secret: true, required: true, default: "", help }
}

/// A secret that may be given.
pub(crate) const fn optional_secret(key: &'static str, help: &'static str) -> Setting {
    Setting { key, secret: true, required: false, default: "", help }
}

/// A setting of the channel, else its default.
pub(crate) fn read<'a>(cx: &Cx<'a>, settings: &'static [Setting], key: &str) -> Result<&'a str, Failure> {
    let given = cx.settings.get(key).map(String::as_str).filter(|value| !value.is_empty());
    let default =
        || settings.iter().find(|s| s.key == key).map(|s| s.default).filter(|value| !value.is_empty());
    given.or_else(default).ok_or_else(|| {
        let message = format!("The channel's setting `{key}` is missing: set it with `--set {key}=…`.");
        Failure::new(ErrorCode::ValidationFailed, message)
    })
}

/// The provider's address without a slash at its end.
pub(crate) fn base<'a>(cx: &Cx<'a>, settings: &'static [Setting]) -> Result<&'a str, Failure> {
    Ok(read(cx, settings, "base_url")?.trim_end_matches('/'))
}
