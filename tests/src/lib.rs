//! The harness of the end-to-end tests: the real binary, the real simulator, real HTTP.
//!
//! Nothing here sleeps for a result: [`until`] looks again and again until a condition holds, with
//! a generous deadline.

pub mod faults;
pub mod files;
pub mod http_client;
pub mod inbox;
pub mod postgres;
pub mod provider;
pub mod world;

pub use http_client::{Answer, Http};
pub use world::{Channel, World, binary, until};

/// The message channels of the demo, by their API word.
pub const SOURCES: [&str; 3] = ["360dialog_whatsapp", "nexmo_whatsapp", "whatsapp_cloud"];

/// Makes one named test for each of the three channels from one function.
#[macro_export]
macro_rules! on_each_channel {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident, $channel:ident) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                async fn case($world: &$crate::World, $channel: &$crate::Channel) $body

                $(#[$meta])*
                #[tokio::test]
                async fn dialog360() {
                    let world = $crate::World::demo().await;
                    case(&world, &world.channel("360dialog_whatsapp")).await;
                }

                #[tokio::test]
                async fn vonage() {
                    let world = $crate::World::demo().await;
                    case(&world, &world.channel("nexmo_whatsapp")).await;
                }

                #[tokio::test]
                async fn cloud() {
                    let world = $crate::World::demo().await;
                    case(&world, &world.channel("whatsapp_cloud")).await;
                }
            }
        )*
    };
}
