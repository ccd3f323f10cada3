//! Files that came with their webhook: they are kept before the webhook is answered.
//!
//! Their messages name them by their hash, so that the job which settles media finds them there, whatever
//! happens in between.

use super::sniff;
use crate::engine::Engine;
use crate::ingest::Refused;
use chaski_channels::{Adapter, Incoming, KEPT};
use chaski_model::Failure;
use chaski_model::event::{Event, Sender};
use chaski_model::message::{Content, Media};
use chaski_store::StoreError;
use chaski_store::media::HeldFile;
use std::io;

impl Engine {
    /// Keeps the files that a webhook brought.
    pub(crate) async fn keep_brought(
        &self,
        adapter: &dyn Adapter,
        incoming: &Incoming<'_>,
        events: &mut [(Sender, Event)],
    ) -> Result<(), Refused> {
        for (_, event) in events {
            let Event::Inbound(inbound) = event else { continue };
            let Content::Attachment(media) = &mut inbound.content else { continue };
            let Some(bytes) = adapter.brought(incoming, media) else { continue };
            let hash = self.keep_bytes(&bytes).await.map_err(|cause| {
                Refused::Store(StoreError::Unavailable(format!("a file cannot be kept: {cause}")))
            })?;
            media.provider_id = Some(format!("{KEPT}{hash}"));
        }
        Ok(())
    }

    async fn keep_bytes(&self, bytes: &[u8]) -> io::Result<String> {
        if !self.media().has_room()? {
            return Err(io::Error::other("the disk is nearly full"));
        }
        let mut file = self.media().begin().await?;
        file.write(bytes).await?;
        self.media().keep(file).await
    }

    /// A file that is kept already.
    pub(super) async fn kept_file(&self, hash: &str, media: &Media) -> Result<HeldFile, Failure> {
        let (size, head) = self.media().look(hash).await.map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => super::fetch::gone("The file is not there any more."),
            _ => super::fetch::unreadable(&cause),
        })?;
        let mime = sniff::stored(&head, media.kind, media.mime.as_deref());
        Ok(HeldFile { hash: hash.to_owned(), mime, size })
    }
}
