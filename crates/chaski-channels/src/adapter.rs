//! What an adapter is: the seam between the engine and a provider.

use bytes::Bytes;
use chaski_model::address::{Address, AddressKind, E164};
use chaski_model::event::{Event, Sender};
use chaski_model::message::{Content, Media, PartBody};
use chaski_model::template::{MetaTemplate, Note};
use chaski_model::{Capabilities, ChannelKind, Failure, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// One kind of channel. Implementations are unit structs, listed in [`crate::ADAPTERS`].
pub trait Adapter: Send + Sync {
    /// Which kind.
    fn kind(&self) -> ChannelKind;

    /// What it can carry.
    fn capabilities(&self) -> Capabilities {
        self.kind().capabilities().expect("an adapter's kind has capabilities")
    }

    /// The settings of a channel of this kind, for the command line, the forms and the docs.
    fn settings(&self) -> &'static [Setting];

    /// Whether the settings can be meant, beyond being there.
    ///
    /// # Errors
    /// The one that cannot, with its place.
    fn accepts(&self, _settings: &Settings) -> Result<(), Failure> {
        Ok(())
    }

    /// The account's own id at the provider, where the credentials tell it.
    fn account(&self, _settings: &Settings, _secrets: &Secrets) -> Option<String> {
        None
    }

    /// Who a channel is to the provider, as its webhooks name it; empty where a hook serves one channel.
    fn sender(&self, _settings: &Settings) -> String {
        String::new()
    }

    /// Content → parts, when it is accepted. One part is exactly one delivering provider call.
    /// Templates come resolved: `template` is set for `Content::WhatsappTemplate`.
    ///
    /// # Errors
    /// What the channel cannot carry, with a pointer into the caller's body.
    fn split(&self, content: &Content, template: Option<&MetaTemplate>) -> Result<Vec<PartBody>, Failure>;

    /// What `split` changes of a content, for whoever wrote it.
    fn notes(&self, _content: &Content) -> Vec<Note> {
        Vec::new()
    }

    /// The files that a part's call cannot be made without knowing: they come in [`Cx::files`], in this
    /// order. Most kinds give the provider a link and need none.
    fn wants(&self, _settings: &Settings, _part: &PartBody) -> Vec<Wanted> {
        Vec::new()
    }

    /// A call that parts like this need once beforehand, such as Twilio's for a set of buttons. It delivers
    /// nothing; what [`Self::prepared`] keeps of its answer comes in [`Cx::prepared`], for this part and
    /// for later ones with an equal call.
    ///
    /// # Errors
    /// A setting that is missing.
    fn prepare(&self, _cx: &Cx<'_>, _part: &PartBody) -> Result<Option<Call>, Failure> {
        Ok(None)
    }

    /// What is kept of the answer to [`Self::prepare`].
    ///
    /// # Errors
    /// It was refused; the part ends, waits or is tried again as after a call of its own.
    fn prepared(&self, reply: &Reply) -> Result<String, Outcome> {
        Err(self.outcome(reply))
    }

    /// Part → request.
    ///
    /// # Errors
    /// A setting or an address that is missing.
    fn call(&self, cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure>;

    /// Reply → what it means.
    fn outcome(&self, reply: &Reply) -> Outcome;

    /// Everything that is not a delivery, walked step by step: the engine makes the calls and gives
    /// all replies so far, at most [`MAX_STEPS`].
    fn ask(&self, cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Step;

    /// Is this webhook really from the provider? Over the raw bytes.
    ///
    /// # Errors
    /// Why it is not believed.
    fn verify(&self, hook: &Incoming<'_>, secrets: &Secrets, now: Timestamp) -> Result<(), Failure>;

    /// The answer to a provider's GET check of the address, where it makes one.
    fn challenge(&self, _query: &str, _secrets: &Secrets) -> Option<Challenge> {
        None
    }

    /// What a replayed webhook is told by, where the provider signs each one with its own id. Asked
    /// after `verify`; the engine remembers it for as long as `verify` would believe the webhook.
    fn replay_key(&self, _hook: &Incoming<'_>) -> Option<String> {
        None
    }

    /// What a failure that came by webhook teaches: the marks that the same refusal would have had
    /// as an [`Outcome::Fail`].
    fn marks(&self, _failure: &Failure) -> Vec<FailureMark> {
        Vec::new()
    }

    /// Whether webhooks come as GET too, with everything in the address's query.
    fn takes_get(&self) -> bool {
        false
    }

    /// Webhook → who each event is for and what happened, in order. An empty list is fine.
    ///
    /// # Errors
    /// A body that cannot be read at all; it is kept and can be replayed.
    fn events(&self, hook: &Incoming<'_>) -> Result<Vec<(Sender, Event)>, Failure>;

    /// The bytes of a file that a webhook itself brought, as [`Self::events`] named it. The engine keeps
    /// them, and names the media by [`KEPT`] and their hash.
    fn brought(&self, _hook: &Incoming<'_>, _media: &Media) -> Option<Vec<u8>> {
        None
    }

    /// The mailbox to read, for kinds whose messages lie in one: its address (`imap`, `imaps`), its login and
    /// the header `folder`. What is found there is taken in as a webhook's body is.
    fn mailbox(&self, _cx: &Cx<'_>) -> Option<Call> {
        None
    }

    /// The body of the answer to a webhook that was taken in, where the provider reads one.
    fn acknowledge(&self, _hook: &Incoming<'_>, _settings: &Settings) -> Option<serde_json::Value> {
        None
    }
}

/// The most calls that one task may take.
pub const MAX_STEPS: usize = 40;

/// One setting of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The key, as in `--set KEY=VALUE`.
    pub key: &'static str,
    /// Kept encrypted and never shown.
    pub secret: bool,
    /// Cannot be left out.
    pub required: bool,
    /// Used when left out; empty = none.
    pub default: &'static str,
    /// What it is, for the docs and forms.
    pub help: &'static str,
}

/// Settings of a channel, by key. Never secrets.
pub type Settings = BTreeMap<String, String>;

/// Secrets of a channel or hook, by key. Only `verify` and the transport see them.
#[derive(Clone, Default)]
pub struct Secrets(pub BTreeMap<String, String>);

impl Secrets {
    /// A secret by key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What a call is made from, beside the part.
#[derive(Debug, Clone, Copy)]
pub struct Cx<'a> {
    /// The channel's settings.
    pub settings: &'a Settings,
    /// Who it goes to; the first address that fits the kind is used. Empty for tasks.
    pub to: &'a [Address],
    /// Our reference, echoed by the provider. Empty for tasks.
    pub reference: &'a str,
    /// Where the provider's webhooks for this channel go.
    pub hook_url: &'a str,
    /// What [`Adapter::wants`] asked for, in its order. Empty for tasks and where nothing was asked for.
    pub files: &'a [FileFacts],
    /// What [`Adapter::prepared`] kept, where there was something to prepare.
    pub prepared: Option<&'a str>,
    /// Domain time.
    pub now: Timestamp,
}

impl Cx<'_> {
    /// A setting by key; `None` when absent or empty.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The recipient's phone number, if known.
    pub fn phone(&self) -> Option<E164> {
        let address = self.to.iter().find(|address| address.kind == AddressKind::Phone)?;
        E164::from_digits(&address.value)
    }

    /// The recipient's WhatsApp user id, if known.
    pub fn bsuid(&self) -> Option<&str> {
        let address = self.to.iter().find(|address| address.kind == AddressKind::Bsuid)?;
        Some(&address.value)
    }
}

/// A file that a call cannot be made without knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is.
    pub link: String,
    /// The most bytes that the channel takes; a larger one fails the part.
    pub most: u64,
    /// Its bytes are wanted too, for an upload.
    pub bytes: bool,
}

/// What was found out about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Bytes.
    pub size: u64,
    /// Its type: by its content, else as its server says.
    pub mime: String,
    /// The last part of its address, with the ending that its type has where it had none.
    pub name: String,
    /// How long it plays, for sound and video.
    pub duration: Option<Duration>,
    /// All of it, where that was asked for.
    pub bytes: Option<Bytes>,
}

/// An HTTP request to a provider, without credentials; or, where the address begins with `smtp`, the
/// submission of a mail: its envelope in the headers `mail-from`, `rcpt-to` (the contact first) and
/// `message-id`, the message as the body. Without recipients it only logs in.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// GET, POST, …
    pub method: http::Method,
    /// The whole address.
    pub url: String,
    /// Further headers, none of them secret.
    pub headers: Vec<(&'static str, String)>,
    /// Which credentials the transport applies.
    pub auth: Auth,
    /// The body; JSON text where `json` made it.
    pub body: Bytes,
    /// What people see instead of the body, where that is not text.
    pub shown: Option<String>,
}

impl Call {
    /// A GET.
    pub fn get(url: impl Into<String>, auth: Auth) -> Self {
        Self {
            method: http::Method::GET,
            url: url.into(),
            headers: Vec::new(),
            auth,
            body: Bytes::new(),
            shown: None,
        }
    }

    /// A POST of JSON.
    pub fn json(url: impl Into<String>, auth: Auth, body: &serde_json::Value) -> Self {
        Self {
            method: http::Method::POST,
            url: url.into(),
            headers: vec![("content-type", "application/json".to_owned())],
            auth,
            body: body.to_string().into(),
            shown: None,
        }
    }

    /// A POST of a form, with its fields in order.
    pub fn form(url: impl Into<String>, auth: Auth, fields: &[(&str, String)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self {
            method: http::Method::POST,
            url: url.into(),
            headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
            auth,
            body: body.into(),
            shown: None,
        }
    }
}

/// The setting that an adapter learns once it has registered the webhook by the provider's API: a check
/// then looks at the webhook too, and other credentials register it anew.
pub const REGISTERED: &str = "webhook";

/// What stands before the hash of media that came with their webhook and are in the folder already.
pub const KEPT: &str = "kept:";

/// What stands in a call's address instead of its token. People see the address so, in previews, in the
/// timeline and in the log of exchanges; only the transport puts the token there.
pub const TOKEN_PLACE: &str = "***";

/// Which credentials a call wants, by the keys of the channel's secrets and settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// None.
    None,
    /// `Authorization: Bearer` and the secret.
    Bearer {
        /// The secret's key.
        secret: &'static str,
    },
    /// A header of its own with the secret as value.
    Header {
        /// The header's name.
        name: &'static str,
        /// The secret's key.
        secret: &'static str,
    },
    /// A token in the path of the address, at [`TOKEN_PLACE`].
    PathToken {
        /// The secret's key.
        secret: &'static str,
    },
    /// Basic, user from a setting, password from a secret.
    Basic {
        /// The setting's key.
        user: &'static str,
        /// The secret's key.
        secret: &'static str,
    },
    /// Two fields at the end of a form, user from a setting, password from a secret, under the same names.
    Fields {
        /// The setting's key.
        user: &'static str,
        /// The secret's key.
        secret: &'static str,
    },
    /// Vonage: an RS256 JWT made from a private key.
    Jwt {
        /// The setting with the application's id.
        application: &'static str,
        /// The secret's key of the private key (PEM).
        secret: &'static str,
    },
}

/// A provider's answer.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Seconds from a Retry-After header, where given.
    pub retry_after: Option<Duration>,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// The body, bounded by the transport.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON, where it is.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// What a provider's reply to a delivering call means.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Taken.
    Sent {
        /// The provider's ids of it.
        ids: Vec<String>,
        /// Addresses of the recipient that the reply tells.
        learned: Vec<Address>,
    },
    /// Try again later by the schedule, or after the given time.
    Retry {
        /// Why.
        failure: Failure,
        /// The provider's own wish.
        after: Option<Duration>,
        /// The most tries for this cause; `None` = until the time to live.
        most: Option<u32>,
        /// Addresses of the recipient that the reply tells, for the next try.
        learned: Vec<Address>,
    },
    /// Nobody knows whether it was taken.
    Unknown {
        /// Why.
        failure: Failure,
    },
    /// The provider asks us to slow down; the part is tried again.
    SlowDown {
        /// Whom it concerns.
        scope: Scope,
        /// Why.
        failure: Failure,
        /// The provider's own wish.
        after: Option<Duration>,
    },
    /// Refused for good.
    Fail {
        /// Why.
        failure: Failure,
        /// What to remember of it.
        marks: Vec<FailureMark>,
    },
    /// The channel or account is refused: nothing more goes out until someone resumes it.
    Hold {
        /// What is held.
        scope: Scope,
        /// Why.
        failure: Failure,
    },
}

/// What an outcome concerns beyond the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This contact on this channel.
    Recipient,
    /// The channel.
    Channel,
    /// Every channel of the account.
    Account,
    /// The template.
    Template,
}

/// What a refusal teaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureMark {
    /// The free-text window is closed here.
    WindowClosed,
    /// The template catalogue is out of date: resync.
    TemplateStale,
    /// The contact is not on this channel.
    Unreachable,
    /// The contact wants no such messages.
    OptedOut,
}

/// Something asked of a provider that is not a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// Are the credentials good?
    Check,
    /// Register the webhook, where an API exists.
    Connect {
        /// The value of the secret header that we want in webhooks, for kinds that take one.
        hook_secret: String,
    },
    /// Take the registered webhook back, where an API exists.
    Disconnect,
    /// The whole template list.
    Templates,
    /// Media that a contact sent: ends in [`Step::Fetch`].
    Media {
        /// As the message has them.
        media: Media,
    },
    /// Who a contact is, for kinds that can be asked.
    Profile {
        /// The contact's address on the channel.
        of: Address,
    },
}

/// The next step of a task.
#[derive(Debug, Clone)]
pub enum Step {
    /// Make this call, then ask again with its reply added.
    Call(Box<Call>),
    /// Make this call; its body is the file that [`Task::Media`] asks for, and the end.
    Fetch(Box<Call>),
    /// The file that [`Task::Media`] asks for came with its webhook: it is in the folder under this hash.
    Kept(String),
    /// Done.
    Done(Answer),
    /// It failed.
    Fail(Failure),
}

/// What a task found out.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Settings learned (a phone number's id, a display name).
    pub settings: Settings,
    /// Template objects in Meta's form, for `Task::Templates`.
    pub templates: Vec<serde_json::Value>,
    /// What is left to do by hand, one sentence each, in English.
    pub by_hand: Vec<String>,
    /// Who the contact is, for [`Task::Profile`]; `None` = the provider does not tell.
    pub profile: Option<Profile>,
}

/// What a provider tells of a contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The given name, or the whole one.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// Where the picture can be fetched, for a while.
    pub picture: Option<String>,
    /// The language, as `es`.
    pub language: Option<String>,
}

/// A webhook request as it came.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The public address that it came to, with its query: what some providers sign. Made from the
    /// configured address of this server, never from the request's own words.
    pub url: &'a str,
    /// When it came, in domain time: for providers that do not say when something happened.
    pub at: Timestamp,
    /// Its headers.
    pub headers: &'a http::HeaderMap,
    /// Its raw bytes.
    pub body: &'a [u8],
}

impl Incoming<'_> {
    /// The query of its address, still encoded; empty where it has none.
    pub fn query(&self) -> &str {
        self.url.split_once('?').map_or("", |(_, query)| query)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The answer to a GET check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// HTTP status.
    pub status: u16,
    /// The plain text body.
    pub body: String,
}
