//! Identifiers in the forms that the providers give.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use uuid::Uuid;

/// Makes ids that are unique over restarts: a random part for each start and a counter.
pub(crate) struct Ids {
    start: u32,
    next: AtomicU64,
}

impl Ids {
    pub(crate) fn new() -> Self {
        Self { start: getrandom::u32().unwrap_or(7), next: AtomicU64::new(1) }
    }

    /// The id of a message that a business sent, as Meta forms it.
    pub(crate) fn outbound_wamid(&self, phone: &str) -> String {
        wamid(phone, &[0x15, 0x02, 0x00, 0x11, 0x18, 0x12], &self.unique()[2..])
    }

    /// The id of a message that a phone sent, as Meta forms it.
    pub(crate) fn inbound_wamid(&self, phone: &str) -> String {
        wamid(phone, &[0x15, 0x02, 0x00, 0x12, 0x18, 0x14], &format!("3A{}", &self.unique()[2..]))
    }

    /// A numeric id as Meta gives to media.
    pub(crate) fn numeric(&self) -> String {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        format!("1{:06}{:09}", self.start % 1_000_000, n % 1_000_000_000)
    }

    fn unique(&self) -> String {
        let n = self.next.fetch_add(1, Ordering::Relaxed) & 0xFF_FFFF_FFFF;
        format!("3A{:08X}{n:010X}", self.start)
    }
}

fn wamid(phone: &str, sign: &[u8], unique: &str) -> String {
    let mut raw = vec![0x1c, 0x18, u8::try_from(phone.len()).unwrap_or(u8::MAX)];
    raw.extend_from_slice(phone.as_bytes());
    raw.extend_from_slice(sign);
    raw.extend_from_slice(unique.as_bytes());
    raw.push(0);
    format!("wamid.{}", STANDARD.encode(raw))
}

/// A random UUID, as Vonage names messages.
pub(crate) fn uuid() -> String {
    Uuid::new_v4().to_string()
}

/// 32 hexadecimal digits, as Vonage names an error's instance.
pub(crate) fn instance() -> String {
    Uuid::new_v4().simple().to_string()
}

/// The trace id in Meta's error bodies.
pub(crate) fn fbtrace() -> String {
    format!("A{}", URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes()))
}

/// A number that depends on the text alone, for names and ids that must be the same on every start.
pub(crate) fn stable(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Spreads a number over all bits (splitmix64), so that neighbours look unrelated.
pub(crate) fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
