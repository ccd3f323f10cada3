//! One try to fetch a message's media from its provider.

use super::sniff;
use crate::directory::ChannelEntry;
use crate::engine::Engine;
use crate::transport::{Fetched, Lost, mask_failure};
use chaski_channels::{Auth, Call, Cx, MAX_STEPS, Reply, Secrets, Step, Task};
use chaski_model::message::{Content, Media, MediaKind};
use chaski_model::{ErrorCode, Failure};
use chaski_store::media::HeldFile;
use http_body_util::BodyExt;
use std::time::Duration;

/// The most bytes of a document, and of anything else: what WhatsApp takes.
const LARGEST_DOCUMENT: u64 = 100 << 20;
const LARGEST: u64 = 16 << 20;
/// How long a whole file may take, and how long the provider may pause in it.
const WITHIN: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_secs(30);
/// How many redirects are followed, each through the guard and without credentials.
const REDIRECTS: usize = 3;

/// Why there is no file.
#[derive(Debug)]
pub(crate) enum Missed {
    /// It can be there another time.
    Again {
        failure: Failure,
        /// The provider's own wish.
        after: Option<Duration>,
    },
    /// It never can.
    Never(Failure),
}

/// Where a file comes from.
enum Source {
    /// The provider, by this call.
    Call(Box<Call>),
    /// It is kept already, under this hash.
    Kept(String),
}

impl From<Failure> for Missed {
    fn from(failure: Failure) -> Self {
        match failure.code {
            ErrorCode::UrlRefused | ErrorCode::BodyTooLarge | ErrorCode::NotSupported => Self::Never(failure),
            _ => Self::Again { failure, after: None },
        }
    }
}

fn largest(kind: MediaKind) -> u64 {
    if kind == MediaKind::File { LARGEST_DOCUMENT } else { LARGEST }
}

fn too_large(most: u64) -> Failure {
    let message = format!("It is larger than {} MiB, the most that is kept of its kind.", most >> 20);
    Failure::new(ErrorCode::BodyTooLarge, message)
}

fn full(cause: &dyn std::fmt::Display) -> Failure {
    let message = format!("The file cannot be kept: {cause}.");
    Failure::new(ErrorCode::StorageUnavailable, message)
}

pub(super) fn unreadable(cause: &dyn std::fmt::Display) -> Failure {
    let message = format!("The file cannot be read: {cause}.");
    Failure::new(ErrorCode::StorageUnavailable, message)
}

pub(super) fn gone(why: &str) -> Failure {
    Failure::new(ErrorCode::NotSupported, format!("{why} Ask the contact to send it again."))
}

/// What a message brought; `None` when it was blanked meanwhile.
pub(super) fn media_of(content: &Content) -> Option<&Media> {
    match content {
        Content::Attachment(media) => Some(media),
        _ => None,
    }
}

impl Engine {
    /// Fetches media to where they lie.
    pub(super) async fn fetch_media(&self, entry: &ChannelEntry, media: &Media) -> Result<HeldFile, Missed> {
        match self.media().has_room() {
            Ok(true) => {}
            Ok(false) => return Err(full(&"the disk is nearly full").into()),
            Err(cause) => return Err(full(&cause).into()),
        }
        let fetched = tokio::time::timeout(WITHIN, self.fetch_within(entry, media)).await;
        let slow = || Missed::from(unavailable("The file did not come within ten minutes."));
        let mut answer = fetched.unwrap_or_else(|_| Err(slow()));
        if let Err(Missed::Again { failure, .. } | Missed::Never(failure)) = &mut answer {
            mask_failure(failure, &entry.hidden());
        }
        answer
    }

    async fn fetch_within(&self, entry: &ChannelEntry, media: &Media) -> Result<HeldFile, Missed> {
        let call = match self.media_call(entry, media).await? {
            Source::Call(call) => *call,
            Source::Kept(hash) => return Ok(self.kept_file(&hash, media).await?),
        };
        let fetched = self.follow(entry, call).await?;
        if fetched.status != 200 {
            return Err(refused(&fetched));
        }
        self.keep_file(fetched, media).await
    }

    /// Walks the adapter's task up to where the file is.
    async fn media_call(&self, entry: &ChannelEntry, media: &Media) -> Result<Source, Missed> {
        let adapter = entry.adapter.ok_or_else(|| {
            Failure::new(ErrorCode::NotSupported, "This build has no adapter for the channel's kind.")
        })?;
        let cx = Cx {
            settings: &entry.channel.settings,
            to: &[],
            reference: "",
            hook_url: &entry.hook_url,
            files: &[],
            prepared: None,
            now: self.clock.now(),
        };
        let task = Task::Media { media: media.clone() };
        let mut replies: Vec<Reply> = Vec::new();
        for _ in 0..MAX_STEPS {
            match adapter.ask(&cx, &task, &replies) {
                Step::Fetch(call) => return Ok(Source::Call(call)),
                Step::Kept(hash) => return Ok(Source::Kept(hash)),
                Step::Done(_) => break,
                Step::Fail(failure) => {
                    let after = replies.last().and_then(|reply| reply.retry_after);
                    return Err(match Missed::from(failure) {
                        Missed::Again { failure, .. } => Missed::Again { failure, after },
                        never @ Missed::Never(_) => never,
                    });
                }
                Step::Call(call) => {
                    let timeout = self.config.call_timeout;
                    let (settings, secrets) = (&entry.channel.settings, &entry.secrets);
                    let reply = self.transport.send(&call, settings, secrets, timeout).await;
                    replies.push(reply.map_err(why)?);
                }
            }
        }
        Err(Failure::new(ErrorCode::NotSupported, "The channel's kind cannot tell where its media are.")
            .into())
    }

    /// Makes the call, and follows where it leads.
    pub(super) async fn follow(&self, entry: &ChannelEntry, mut call: Call) -> Result<Fetched, Missed> {
        for _ in 0..=REDIRECTS {
            let none = Secrets::default();
            let secrets = if call.auth == Auth::None { &none } else { &entry.secrets };
            let fetched = self
                .transport
                .fetch(&call, &entry.channel.settings, secrets, self.config.call_timeout)
                .await
                .map_err(why)?;
            match (fetched.status, &fetched.location) {
                (300..=399, Some(place)) => {
                    let base = url::Url::parse(&call.url).map_err(|_| unavailable("It leads to nowhere."))?;
                    let next = base.join(place).map_err(|_| unavailable("It leads to nowhere."))?;
                    call = Call::get(next.as_str(), Auth::None);
                }
                _ => return Ok(fetched),
            }
        }
        Err(unavailable("It is led on too often.").into())
    }

    /// Streams the body into a file, bounded in bytes and in pauses.
    async fn keep_file(&self, fetched: Fetched, media: &Media) -> Result<HeldFile, Missed> {
        let most = largest(media.kind);
        if fetched.length.is_some_and(|length| length > most) {
            return Err(too_large(most).into());
        }
        let mut file = self.media().begin().await.map_err(|cause| full(&cause))?;
        let content_type = fetched.content_type;
        let mut frames = frames(fetched.body);
        while let Some(bytes) = frames.next().await? {
            if file.size() + bytes.len() as u64 > most {
                return Err(too_large(most).into());
            }
            file.write(&bytes).await.map_err(|cause| full(&cause))?;
        }
        if file.size() == 0 {
            return Err(unavailable("The provider sent an empty file.").into());
        }
        let declared = media.mime.as_deref().or(content_type.as_deref());
        let (mime, size) = (sniff::stored(file.head(), media.kind, declared), file.size());
        let hash = self.media().keep(file).await.map_err(|cause| full(&cause))?;
        Ok(HeldFile { hash, mime, size })
    }
}

/// A file's bytes as they come, bounded in their pauses.
pub(super) struct Frames(hyper::body::Incoming);

/// Reads a body.
pub(super) fn frames(body: hyper::body::Incoming) -> Frames {
    Frames(body)
}

impl Frames {
    /// The next bytes; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<bytes::Bytes>, Failure> {
        loop {
            let frame = tokio::time::timeout(PAUSE, self.0.frame()).await;
            let frame = frame.map_err(|_| unavailable("The server paused for too long in the file."))?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|cause| unavailable(&format!("The file was cut off: {cause}.")))?;
            if let Ok(bytes) = frame.into_data() {
                return Ok(Some(bytes));
            }
        }
    }
}

fn unavailable(message: &str) -> Failure {
    Failure::new(ErrorCode::ProviderUnavailable, message)
}

fn why(lost: Lost) -> Missed {
    match lost {
        Lost::NotSent(failure) | Lost::Lost(failure) => failure.into(),
    }
}

/// An answer that brings no file.
fn refused(fetched: &Fetched) -> Missed {
    let words = format!("HTTP {}", fetched.status);
    let failure = match fetched.status {
        404 | 410 => {
            let message = "The provider does not have it, or not any more. Ask the contact to send it again.";
            Failure::new(ErrorCode::MediaUnreachable, message)
        }
        401 | 403 => {
            let message =
                "The provider refused the channel's credentials. Renew them; it is tried again by itself.";
            Failure::new(ErrorCode::CredentialsRefused, message)
        }
        429 => Failure::new(ErrorCode::ProviderThrottled, "The provider limits the rate."),
        _ => unavailable("The provider could not give it."),
    };
    Missed::Again { failure: failure.words(words), after: fetched.retry_after }
}
