//! Contacts that are asked for at the same time share a round trip, as steps share a commit.
//!
//! Every send begins with looking its contact up. One task takes whatever waits, without lingering, and
//! reads all of it with four statements; while they are under way the next batch gathers by itself.

use super::contacts::read_any;
use super::readers::Readers;
use crate::contacts::Contact;
use crate::error::StoreError;
use chaski_model::address::AddressKind;
use chaski_model::identifier::Identifier;
use chaski_model::{ContactId, WorkspaceId};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// The most that wait, and the most of one batch.
const WAITING: usize = 4096;
const BATCH: usize = 256;

const BY_ADDRESS: &str = "SELECT u.n, a.contact_id
    FROM UNNEST($1::int8[], $2::text[], $3::text[]) WITH ORDINALITY AS u(workspace, kind, value, n)
    JOIN addresses a ON a.workspace_id = u.workspace AND a.kind = u.kind AND a.scope = '' AND a.value = u.value";

struct Ask {
    workspace: WorkspaceId,
    identifier: Identifier,
    reply: oneshot::Sender<Result<Option<Contact>, StoreError>>,
}

/// The way to the task.
pub(super) struct Lookups(mpsc::Sender<Ask>);

impl Lookups {
    /// Starts the task; it ends when this is dropped.
    pub(super) fn start(readers: Arc<Readers>) -> Self {
        let (sender, asked) = mpsc::channel(WAITING);
        tokio::spawn(serve(readers, asked));
        Self(sender)
    }

    /// The contact that an identifier names.
    pub(super) async fn contact(
        &self,
        workspace: WorkspaceId,
        identifier: &Identifier,
    ) -> Result<Option<Contact>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let ask = Ask { workspace, identifier: identifier.clone(), reply };
        self.0.try_send(ask).map_err(|_| StoreError::Busy)?;
        answer.await.unwrap_or(Err(StoreError::Busy))
    }
}

async fn serve(readers: Arc<Readers>, mut asked: mpsc::Receiver<Ask>) {
    let mut batch = Vec::with_capacity(BATCH);
    while asked.recv_many(&mut batch, BATCH).await > 0 {
        let found = look_up(&readers, &batch).await;
        for (place, ask) in batch.drain(..).enumerate() {
            let answer = match &found {
                Ok(found) => Ok(found.get(&place).cloned()),
                Err(cause) => Err(cause.clone()),
            };
            // Nobody may be waiting any more.
            let _ = ask.reply.send(answer);
        }
    }
}

/// The contacts by the places of those who asked.
async fn look_up(readers: &Readers, batch: &[Ask]) -> Result<HashMap<usize, Contact>, StoreError> {
    let mut ids: HashMap<usize, ContactId> = HashMap::new();
    let (mut places, mut workspaces, mut kinds, mut values) = (vec![], vec![], vec![], vec![]);
    for (place, ask) in batch.iter().enumerate() {
        let (kind, value) = match &ask.identifier {
            Identifier::Id(id) => {
                ids.insert(place, *id);
                continue;
            }
            Identifier::Email(email) => (AddressKind::Email, email.as_str()),
            Identifier::Phone(phone) => (AddressKind::Phone, phone.as_str()),
        };
        places.push(place);
        workspaces.push(ask.workspace.0);
        kinds.push(kind.word());
        values.push(value);
    }
    if !places.is_empty() {
        for row in readers.rows(BY_ADDRESS, &[&workspaces, &kinds, &values]).await? {
            let number = usize::try_from(row.get::<_, i64>(0) - 1).unwrap_or(usize::MAX);
            if let Some(place) = places.get(number) {
                ids.insert(*place, ContactId(row.get(1)));
            }
        }
    }
    let mut wanted: Vec<i64> = ids.values().map(|id| id.0).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let contacts = read_any(readers, wanted).await?;
    let of_its_workspace = |(place, id): (usize, ContactId)| {
        let (workspace, contact) = contacts.get(&id.0)?;
        (*workspace == batch[place].workspace).then(|| (place, contact.clone()))
    };
    Ok(ids.into_iter().filter_map(of_its_workspace).collect())
}
