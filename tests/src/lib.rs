//! The harness of the end-to-end tests: the real binary, the real simulator, real HTTP.
//!
//! Nothing here sleeps for a result: [`until`] looks again and again until a condition holds, with
//! a generous deadline.

pub mod acts;
pub mod bucket;
pub mod faults;
pub mod files;
pub mod http_client;
pub mod inbox;
pub mod libraries;
pub mod postgres;
pub mod provider;
pub mod specs;
pub mod taker;
pub mod whatsapp;
pub mod world;

pub use acts::{attachment, text};
pub use http_client::{Answer, Http};
pub use world::{Channel, World, binary, until};

/// The demo's channels that carry Meta's own objects, by their API word.
pub const SOURCES: [&str; 3] = ["360dialog_whatsapp", "nexmo_whatsapp", "whatsapp_cloud"];

/// Makes one named test for each of the three channels from one function.
#[macro_export]
macro_rules! on_each_channel {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident, $channel:ident) $body:block)*) => {
        $crate::on_channels! {
            [dialog360 "360dialog_whatsapp", vonage "nexmo_whatsapp", cloud "whatsapp_cloud"]
            $({ $(#[$meta])* async fn $name($world, $channel) $body })*
        }
    };
}

/// The same with WhatsApp through Twilio, which takes templates in a form of its own.
#[macro_export]
macro_rules! on_every_whatsapp {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident, $channel:ident) $body:block)*) => {
        $crate::on_channels! {
            [dialog360 "360dialog_whatsapp", vonage "nexmo_whatsapp", cloud "whatsapp_cloud", twilio "twilio_whatsapp"]
            $({ $(#[$meta])* async fn $name($world, $channel) $body })*
        }
    };
}

/// One module for each function, with one test for each channel.
#[macro_export]
macro_rules! on_channels {
    ($channels:tt $({ $($case:tt)* })*) => { $($crate::on_channels_one! { $channels $($case)* })* };
}

/// One function on each of the channels.
#[macro_export]
macro_rules! on_channels_one {
    ([$($test:ident $source:literal),*] $(#[$meta:meta])* async fn $name:ident($world:ident, $channel:ident) $body:block) => {
        mod $name {
            use super::*;

            async fn case($world: &$crate::World, $channel: &$crate::Channel) $body

            $crate::on_channels_tests! { $(#[$meta])* [$($test $source),*] }
        }
    };
}

/// The tests of one function.
#[macro_export]
macro_rules! on_channels_tests {
    ($(#[$meta:meta])* []) => {};
    ($(#[$meta:meta])* [$test:ident $source:literal $(, $($rest:tt)*)?]) => {
        $(#[$meta])*
        #[tokio::test]
        async fn $test() {
            let world = $crate::World::demo().await;
            case(&world, &world.channel($source)).await;
        }
        $crate::on_channels_tests! { $(#[$meta])* [$($($rest)*)?] }
    };
}
