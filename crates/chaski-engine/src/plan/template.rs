//! A template request held against the catalogue, which is synced once when the template is not there.

use super::{Draft, Lint, Refusal};
use crate::directory::{ChannelEntry, Snapshot};
use crate::engine::Engine;
use crate::tasks::Resync;
use chaski_channels::template::{self, Catalogue, Options};
use chaski_channels::twilio::is_content_sid;
use chaski_model::message::Content;
use chaski_model::template::{Finding, Note, Resolution, TemplateRequest};
use chaski_model::{ChannelId, ChannelKind, ErrorCode, Failure, Fault, WorkspaceId};

impl Engine {
    /// Holds a template against a channel's catalogue, or the first WhatsApp channel's, without a contact.
    ///
    /// # Errors
    /// There is no such channel.
    pub fn lint(
        &self,
        workspace: WorkspaceId,
        channel: Option<ChannelId>,
        request: &TemplateRequest,
    ) -> Result<Resolution, Failure> {
        let snapshot = self.snapshot();
        let entry = match channel {
            Some(id) => snapshot.channel(workspace, id),
            None => {
                snapshot.channels_of(workspace).into_iter().find(|entry| entry.channel.kind.is_whatsapp())
            }
        };
        let entry = entry.ok_or_else(|| {
            Failure::new(ErrorCode::ChannelNotFound, "There is no such channel; give `channelId`.")
        })?;
        Ok(self.try_resolve(&snapshot, entry, &mut request.clone(), Lint::Warn, &mut Vec::new()))
    }

    /// Holds a template request against the catalogue, syncing it once if the template is not there.
    pub(super) async fn resolve(
        &self,
        draft: &mut Draft,
        entry: &ChannelEntry,
        lint: Lint,
    ) -> Result<Resolution, Refusal> {
        let Content::WhatsappTemplate(request) = &mut draft.content else {
            return Err(Failure::new(ErrorCode::Internal, "Only templates are resolved.").into());
        };
        let account = entry.channel.account;
        let mut snapshot = self.snapshot();
        let mut resolution = self.try_resolve(&snapshot, entry, request, lint, &mut draft.resolved.notes);
        if resolution.absent {
            match self.resync(account).await {
                // Even a catalogue that was fetched for someone else may be newer than ours was.
                Resync::TooSoon | Resync::Fresh => {
                    snapshot = self.snapshot();
                    resolution = self.try_resolve(&snapshot, entry, request, lint, &mut draft.resolved.notes);
                }
                // What cannot be looked up is the provider's to decide.
                Resync::Failed => {
                    let options = Options { language_fallback: self.config.language_fallback };
                    resolution = template::resolve(request, Catalogue::NeverSynced, options);
                }
            }
        }
        let resolved = &mut draft.resolved;
        resolved.rendered = Some(resolution.rendered.clone());
        resolved.mark = resolution.mark;
        resolved.difference.clone_from(&resolution.difference);
        resolved.notes.extend(resolution.notes.iter().cloned());
        resolved.findings.clone_from(&resolution.findings);
        if lint == Lint::Strict {
            refuse_strictly(&resolution.findings)?;
        }
        match &resolution.refused {
            // What is wrong in the request itself is answered and not recorded.
            Some(failure) if failure.provider_code.is_none() => return Err(failure.clone().into()),
            Some(failure) => draft.refused = Some(failure.clone()),
            None if resolution.absent => {
                draft.failed =
                    Some(template::absence(request, &snapshot.definitions(account, &request.name)));
            }
            None => {}
        }
        Ok(resolution)
    }

    fn try_resolve(
        &self,
        snapshot: &Snapshot,
        entry: &ChannelEntry,
        request: &mut TemplateRequest,
        lint: Lint,
        notes: &mut Vec<Note>,
    ) -> Resolution {
        let account = entry.channel.account;
        let definitions = snapshot.definitions(account, &request.name);
        let synced = snapshot.accounts.get(&account).is_some_and(|a| a.synced_at.is_some());
        let options = Options { language_fallback: self.config.language_fallback };
        if lint == Lint::Autofix
            && let Some(choice) =
                template::language::choose(&request.language, &definitions, options.language_fallback)
        {
            notes.extend(template::autofix(request, choice.definition));
        }
        // A Content that was never submitted is in no catalogue: Twilio decides.
        let is_unlisted = definitions.is_empty() && is_content_sid(&request.name);
        let is_known = synced && !(is_unlisted && entry.channel.kind == ChannelKind::WhatsappTwilio);
        let catalogue = if is_known { Catalogue::Synced(&definitions) } else { Catalogue::NeverSynced };
        template::resolve(request, catalogue, options)
    }
}

fn refuse_strictly(findings: &[Finding]) -> Result<(), Refusal> {
    let faults: Vec<Fault> = findings
        .iter()
        .filter(|finding| template::refused_under_strict(finding))
        .map(|finding| {
            Fault::new(
                "/message/template/components",
                format!("{}: {} {}", finding.component, finding.message, finding.fix),
            )
        })
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Strict lint found {} differences to the approved template; nothing was recorded.",
        faults.len()
    );
    Err(Refusal::Request { failure: Box::new(Failure::new(ErrorCode::LintRefused, message)), faults })
}
