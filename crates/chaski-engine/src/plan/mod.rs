//! What a send does before anything is stored: contact, channel, variables, checks, parts, window.
//!
//! [`Engine::plan`] reads and decides; [`Engine::store_plan`] keeps. A dry run stops in between.

mod access;
mod mail;
mod route;
mod template;
mod window;

pub use window::{Window, window_of};

use crate::directory::Snapshot;
use crate::engine::Engine;
use crate::transport::shown_headers;
use crate::variables::Variables;
use access::stop_on_block;
use chaski_channels::{Call, Cx};
use chaski_model::address::Address;
use chaski_model::identifier::Identifier;
use chaski_model::message::{Content, PartBody};
use chaski_model::template::Note;
use chaski_model::{
    ChannelId, ContactId, ErrorCode, Failure, Fault, LaneId, MessageId, Timestamp, WorkspaceId,
};
use chaski_store::StoreError;
use chaski_store::contacts::Contact;
use chaski_store::outbox::{Accept, Accepted, Idempotency, Origin, Resolved};
use route::{addresses_on, cannot_carry, choose_channel};
use window::hold_to_window;

/// How the caller wants differences treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lint {
    /// The compatible behaviour.
    #[default]
    Off,
    /// Findings are told in the answer.
    Warn,
    /// Every difference is a refusal, and nothing is recorded.
    Strict,
    /// Static parts are filled in from the approved copy.
    Autofix,
}

/// What a caller asks for.
#[derive(Debug, Clone)]
pub struct SendRequest {
    /// Whom.
    pub identifier: Identifier,
    /// By which channel; `None` = the last interacted one.
    pub channel: Option<ChannelId>,
    /// What.
    pub content: Content,
    /// What parsing found out already (aliases).
    pub notes: Vec<Note>,
    /// How differences are treated.
    pub lint: Lint,
    /// 0 high, 1 normal, 2 low.
    pub class: u8,
    /// Who sends.
    pub origin: Origin,
}

/// Why nothing was recorded.
#[derive(Debug)]
pub enum Refusal {
    /// The request is at fault.
    Request {
        /// What and why.
        failure: Box<Failure>,
        /// Every fault of the body.
        faults: Vec<Fault>,
    },
    /// The store cannot be read or written.
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let faults = failure.pointer.as_ref().map(|p| Fault::new(p.clone(), failure.message.clone()));
        Self::Request { faults: faults.into_iter().collect(), failure: Box::new(failure) }
    }
}

/// The request that a part would become, secrets masked.
#[derive(Debug, Clone)]
pub struct Preview {
    /// GET, POST, …
    pub method: String,
    /// The address.
    pub url: String,
    /// Headers; credentials are masked.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: serde_json::Value,
}

/// Everything decided, nothing stored.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The message's id, once stored.
    pub id: MessageId,
    /// The contact.
    pub contact: ContactId,
    /// The channel.
    pub channel: ChannelId,
    /// What was found out.
    pub resolved: Resolved,
    /// Refused, recorded, and answered with 400.
    pub refused: Option<Failure>,
    /// Recorded as failed, and answered with 200.
    pub failed: Option<Failure>,
    /// The window, for kinds that have one.
    pub window: Option<Window>,
    /// What the caller wanted of differences.
    pub lint: Lint,
    /// JSON of what the caller wrote.
    content: String,
    address: String,
    lane: Option<LaneId>,
    version: Option<i64>,
    to: Vec<Address>,
    origin: Origin,
    class: u8,
    workspace: WorkspaceId,
    now: Timestamp,
}

impl Engine {
    /// Decides everything about a send.
    ///
    /// # Errors
    /// What is answered without recording anything.
    pub async fn plan(&self, workspace: WorkspaceId, request: &SendRequest) -> Result<Plan, Refusal> {
        let contact = self.store.contact(workspace, &request.identifier).await?;
        self.plan_for(workspace, contact.as_ref(), request).await
    }

    /// The same by the contact as it was a moment ago, so that nothing is read for it. Storing the plan may
    /// say [`Stale`](Accepted::Stale); a refusal is held against the store before it is told.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub async fn plan_from_memory(
        &self,
        workspace: WorkspaceId,
        request: &SendRequest,
    ) -> Result<Plan, Refusal> {
        let known = self.store.recipient(workspace, &request.identifier).await?;
        let refusal = match self.plan_for(workspace, known.as_deref(), request).await {
            Ok(plan) => return Ok(Plan { version: known.map(|contact| contact.version), ..plan }),
            Err(refusal) => refusal,
        };
        let stored = self.store.contact(workspace, &request.identifier).await?;
        let version = |contact: &Contact| (contact.id, contact.version);
        if stored.as_ref().map(version) == known.as_deref().map(version) {
            return Err(refusal);
        }
        self.plan_for(workspace, stored.as_ref(), request).await
    }

    async fn plan_for(
        &self,
        workspace: WorkspaceId,
        contact: Option<&Contact>,
        request: &SendRequest,
    ) -> Result<Plan, Refusal> {
        let contact = contact.ok_or_else(|| Failure::new(ErrorCode::ContactNotFound, "Contact not found"))?;
        if request.channel.is_some_and(|id| self.snapshot().channel(workspace, id).is_none()) {
            self.catch_up().await;
        }
        let snapshot = self.snapshot();
        let now = self.clock.now();
        let (entry, route) = choose_channel(&snapshot, workspace, contact, request, now)?;
        let to = addresses_on(contact, &entry);
        let Some(address) = to.first().map(|address| address.value.clone()) else {
            let message = format!(
                "The contact has no address on the channel \"{}\"; add its phone number.",
                entry.channel.name
            );
            return Err(Failure::new(ErrorCode::NoAddress, message).into());
        };
        let mut draft = Draft {
            content: request.content.clone(),
            resolved: Resolved { notes: request.notes.clone(), ..Resolved::default() },
            refused: None,
            failed: None,
        };
        fill(&mut draft, &snapshot, workspace, contact);
        if let Content::Email(mail) = &mut draft.content {
            self.thread_mail(mail, workspace, contact.id, &entry).await?;
        }
        let resolution = match &draft.content {
            Content::WhatsappTemplate(_) => Some(self.resolve(&mut draft, &entry, request.lint).await?),
            _ => None,
        };
        let window = window_of(contact, &entry, now);
        if draft.refused.is_none() && draft.failed.is_none() {
            let adapter = entry.adapter.ok_or_else(|| cannot_carry(&entry, &draft.content))?;
            let (content, failed) = hold_to_window(&draft.content, contact, window, &entry, now);
            draft.resolved.parts =
                adapter.split(&content, resolution.as_ref().and_then(|r| r.template.as_ref()))?;
            draft.resolved.notes.extend(adapter.notes(&draft.content));
            draft.failed = failed;
            self.look_at_media(&draft.resolved.parts).await?;
        }
        let lane =
            contact.lanes.iter().find(|lane| lane.channel == entry.channel.id && lane.address == address);
        if let Some(lane) = lane {
            stop_on_block(&mut draft, lane, &entry, now);
        }
        if draft.content != request.content {
            draft.resolved.content = Some(draft.content);
        }
        let origin = Origin {
            route: route.to_owned(),
            window_closes_at: window.and_then(|w| w.closes_at),
            ..request.origin.clone()
        };
        Ok(Plan {
            id: self.store.next_id(crate::clock::machine_now().0),
            contact: contact.id,
            channel: entry.channel.id,
            resolved: draft.resolved,
            refused: draft.refused,
            failed: draft.failed,
            window,
            lint: request.lint,
            content: json(&request.content)?,
            lane: lane.map(|lane| lane.id),
            address,
            version: None,
            to,
            origin,
            class: request.class,
            workspace,
            now,
        })
    }

    /// Stores a plan with the answer that its Idempotency-Key will get again, and hands its work on.
    ///
    /// # Errors
    /// It could not be stored.
    pub async fn store_plan(
        &self,
        plan: Plan,
        idempotency: Option<Idempotency>,
    ) -> Result<Accepted, StoreError> {
        let mut origin = plan.origin;
        origin.idempotent = idempotency.is_some();
        let (channel, class) = (plan.channel, plan.class);
        let accept = Accept {
            id: plan.id,
            workspace: plan.workspace,
            contact: plan.contact,
            channel: plan.channel,
            address: plan.address,
            lane: plan.lane,
            version: plan.version,
            call: plan.resolved.parts.first().map(|body| (body.clone(), plan.to)),
            now: plan.now,
            expires_at: plan.now + self.config.time_to_live,
            class: plan.class,
            parts: u16::try_from(plan.resolved.parts.len()).unwrap_or(u16::MAX),
            content: plan.content,
            resolved: json(&plan.resolved)?,
            origin: json(&origin)?,
            failed: plan.refused.or(plan.failed),
            idempotency,
        };
        let accepted = self.noted(self.store.accept(accept).await)?;
        if let Accepted::Stored { head, behind } = &accepted {
            metrics::counter!("chaski_messages_accepted_total").increment(1);
            self.offer(*head);
            if let Some(lane) = behind {
                self.offers.wait_behind(channel, *lane, class);
            }
        }
        Ok(accepted)
    }

    /// The request that a plan's first part would become, secrets masked.
    pub fn preview(&self, plan: &Plan) -> Option<Preview> {
        let snapshot = self.snapshot();
        let entry = snapshot.channel(plan.workspace, plan.channel)?;
        let part = plan.resolved.parts.first()?;
        let reference = chaski_model::PartRef { message: plan.id, delivery: 1, part: 1 }.reference();
        let cx = Cx {
            settings: &entry.channel.settings,
            to: &plan.to,
            reference: &reference,
            hook_url: &masked(&entry.hook_url),
            files: &[],
            prepared: None,
            now: plan.now,
        };
        let call = entry.adapter?.call(&cx, part).ok()?;
        Some(Preview {
            method: call.method.to_string(),
            headers: shown_headers(&call),
            body: shown_body(&call),
            url: call.url,
        })
    }

    /// A person has decided about an unknown outcome.
    ///
    /// # Errors
    /// The message's outcome is not unknown, or the store cannot be written.
    pub async fn resolve_unknown(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        resend: bool,
    ) -> Result<(), StoreError> {
        let resolved = self.store.resolve_unknown(workspace, message, resend, self.clock.now()).await;
        let settled = self.noted(resolved)?;
        self.offer(settled.again);
        self.offer(settled.next);
        Ok(())
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|cause| StoreError::Fault(cause.to_string()))
}

/// What is being decided.
struct Draft {
    content: Content,
    resolved: Resolved,
    refused: Option<Failure>,
    failed: Option<Failure>,
}

/// Fills the caller's variables in.
fn fill(draft: &mut Draft, snapshot: &Snapshot, workspace: WorkspaceId, contact: &Contact) {
    let fields = snapshot.fields_of(workspace);
    let variables = Variables::new(contact, &fields);
    let notes = &mut draft.resolved.notes;
    match &mut draft.content {
        Content::Text { text, .. } => *text = variables.fill_text(text, notes),
        Content::QuickReply { title, replies } => {
            *title = variables.fill_text(title, notes);
            for reply in replies {
                *reply = variables.fill_text(reply, notes);
            }
        }
        Content::WhatsappTemplate(request) => {
            variables.fill_template(request, notes);
        }
        Content::Email(mail) => {
            mail.text = variables.fill_text(&mail.text, notes);
            mail.subject = mail.subject.as_ref().map(|subject| variables.fill_text(subject, notes));
        }
        _ => {}
    }
}

/// A body as JSON where it is, else as text.
fn shown_body(call: &Call) -> serde_json::Value {
    let body = call.shown.as_ref().map_or(&call.body[..], String::as_bytes);
    let text = || serde_json::Value::from(String::from_utf8_lossy(body).into_owned());
    serde_json::from_slice(body).unwrap_or_else(|_| text())
}

fn masked(hook_url: &str) -> String {
    hook_url.rsplit_once('/').map_or_else(String::new, |(address, _)| format!("{address}/***"))
}

/// Part bodies that hold a link to fetch.
pub(crate) fn links(parts: &[PartBody]) -> Vec<String> {
    let mut found = Vec::new();
    for part in parts {
        match part {
            PartBody::Media(media) => found.extend(media.link.clone()),
            PartBody::Email(mail) => {
                found.extend(mail.attachments.iter().filter_map(|media| media.link.clone()))
            }
            PartBody::Template(template) => {
                for component in &template.components {
                    for parameter in component["parameters"].as_array().into_iter().flatten() {
                        let kind = parameter["type"].as_str().unwrap_or_default();
                        found.extend(parameter[kind]["link"].as_str().map(str::to_owned));
                    }
                }
            }
            PartBody::Text { .. }
            | PartBody::Buttons { .. }
            | PartBody::List { .. }
            | PartBody::Native { .. } => {}
        }
    }
    found
}
