//! Looking at media links before a message is accepted, where the operator wants it.

use crate::engine::Engine;
use crate::plan::links;
use crate::transport::Lost;
use chaski_channels::{Auth, Call, Secrets, Settings};
use chaski_model::message::PartBody;
use chaski_model::{ErrorCode, Failure};
use std::time::Duration;

/// How long one look may take.
const LOOK: Duration = Duration::from_secs(5);
/// How many redirects are followed, each through the guard.
const REDIRECTS: usize = 3;

impl Engine {
    /// Looks at every link of the parts, if the setting says so.
    ///
    /// # Errors
    /// A link that does not answer with success.
    pub(crate) async fn look_at_media(&self, parts: &[PartBody]) -> Result<(), Failure> {
        if !self.config.probe_media {
            return Ok(());
        }
        for link in links(parts) {
            self.look_at(&link).await?;
        }
        Ok(())
    }

    async fn look_at(&self, link: &str) -> Result<(), Failure> {
        let mut url = link.to_owned();
        for _ in 0..=REDIRECTS {
            self.guard.check(&url)?;
            let mut call = Call::get(&url, Auth::None);
            call.method = http::Method::HEAD;
            let reply = self.transport.send(&call, &Settings::new(), &Secrets::default(), LOOK).await;
            match reply {
                Ok(reply) if reply.is_success() => return Ok(()),
                Ok(reply) if (300..400).contains(&reply.status) => match reply.location {
                    Some(next) => {
                        let base = url::Url::parse(&url).ok();
                        url = base
                            .and_then(|base| base.join(&next).ok())
                            .map_or(next, |joined| joined.to_string());
                    }
                    None => return Err(unreachable(link, "it redirects to nowhere")),
                },
                Ok(reply) => {
                    return Err(unreachable(link, &format!("it answers with HTTP {}", reply.status)));
                }
                Err(Lost::NotSent(failure) | Lost::Lost(failure)) => {
                    return Err(unreachable(link, &failure.message));
                }
            }
        }
        Err(unreachable(link, "it redirects too often"))
    }
}

fn unreachable(link: &str, why: &str) -> Failure {
    let message =
        format!("The media link {link} cannot be fetched: {why}. Open it in a browser to check it.");
    Failure::new(ErrorCode::MediaUnreachable, message).at("header", None, "/message")
}
