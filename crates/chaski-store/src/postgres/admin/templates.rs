//! An account's template catalogue: replaced by a sync, old versions kept while the template lives.

use crate::admin::{SYNC_TAKES, SyncTurn, SyncedTemplate, milliseconds};
use crate::error::StoreError;
use crate::postgres::background::Tx;
use crate::postgres::fault::Fail;
use crate::postgres::rows::to_json;
use chaski_model::{AccountId, Timestamp, WorkspaceId};
use std::collections::HashMap;
use std::time::Duration;

/// The account's row orders two syncs of it.
const ACCOUNT: &str = "SELECT workspace_id FROM accounts WHERE id = $1 FOR UPDATE";
const KNOWN: &str = "SELECT t.id, t.name, t.language, t.version, v.definition FROM templates t
    JOIN template_versions v ON v.template_id = t.id AND v.version = t.version WHERE t.account_id = $1";
const SAME: &str = "UPDATE templates SET status = $2, rejected_reason = $3 WHERE id = $1";
const CHANGED: &str = "UPDATE templates SET status = $2, category = $3, version = $4, external_id = $5, rejected_reason = $6, updated_at = $7 WHERE id = $1";
const NEW: &str = "INSERT INTO templates (workspace_id, account_id, name, language, status, category, version, external_id, rejected_reason, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9) RETURNING id";
const VERSION: &str = "INSERT INTO template_versions (template_id, version, definition, object, seen_at) VALUES ($1, $2, $3, $4, $5)";
const GONE: &str = "DELETE FROM templates WHERE id = ANY($1::int8[])";
const GONE_VERSIONS: &str = "DELETE FROM template_versions WHERE template_id = ANY($1::int8[])";
const SYNCED: &str =
    "UPDATE accounts SET synced_at = $2, sync_ended_at = $2, sync_error = NULL WHERE id = $1";

const BEGIN_SYNC: &str = "UPDATE accounts SET sync_started_at = $2
    WHERE id = $1 AND (sync_started_at IS NULL OR sync_started_at + $3 <= $2)";
const UNDER_WAY: &str = "SELECT COALESCE(sync_ended_at, 0) < sync_started_at AND sync_started_at + $3 > $2 FROM accounts WHERE id = $1";

/// Compare and set: the first one to ask gets the turn, of all nodes.
pub(super) async fn begin_sync(
    tx: &Tx,
    account: AccountId,
    now: Timestamp,
    between: Duration,
) -> Result<SyncTurn, Fail> {
    if tx.execute(BEGIN_SYNC, &[&account.0, &now.0, &milliseconds(between)]).await? > 0 {
        return Ok(SyncTurn::Yours);
    }
    let row = tx.row(UNDER_WAY, &[&account.0, &now.0, &milliseconds(SYNC_TAKES)]).await?;
    let is_under_way: bool = row.ok_or(StoreError::NotFound("account"))?.get(0);
    Ok(if is_under_way { SyncTurn::UnderWay } else { SyncTurn::TooSoon })
}

struct Known {
    id: i64,
    version: i64,
    definition: String,
}

pub(super) async fn replace_templates(
    tx: &mut Tx,
    account: AccountId,
    templates: &[SyncedTemplate],
    now: Timestamp,
) -> Result<(usize, usize), Fail> {
    let workspace = tx.row(ACCOUNT, &[&account.0]).await?.ok_or(StoreError::NotFound("account"))?;
    let workspace = WorkspaceId(workspace.get(0));
    let mut known: HashMap<(String, String), Known> = HashMap::new();
    for row in tx.rows(KNOWN, &[&account.0]).await? {
        let of = Known { id: row.get(0), version: row.get(3), definition: row.get(4) };
        known.insert((row.get(1), row.get(2)), of);
    }
    let mut changed = 0;
    let mut gone: HashMap<(String, String), i64> =
        known.iter().map(|(key, of)| (key.clone(), of.id)).collect();
    for template in templates {
        let key = (template.definition.name.clone(), template.definition.language.clone());
        gone.remove(&key);
        if let Some(now_known) = upsert(tx, workspace, account, known.get(&key), template, now).await? {
            changed += 1;
            known.insert(key, now_known);
        }
    }
    let gone: Vec<i64> = gone.into_values().collect();
    tx.execute(GONE, &[&gone]).await?;
    tx.execute(GONE_VERSIONS, &[&gone]).await?;
    tx.execute(SYNCED, &[&account.0, &now.0]).await?;
    tx.changes_directory();
    tx.event(workspace, now, "templates.changed", None, Some(account.to_string()));
    Ok((changed, gone.len()))
}

/// What is known from now on, if it was new or has changed.
async fn upsert(
    tx: &Tx,
    workspace: WorkspaceId,
    account: AccountId,
    known: Option<&Known>,
    t: &SyncedTemplate,
    now: Timestamp,
) -> Result<Option<Known>, Fail> {
    let d = &t.definition;
    let definition = to_json(d)?;
    let status = d.status.word();
    let (id, version) = match known {
        Some(known) if known.definition == definition => {
            tx.execute(SAME, &[&known.id, &status, &d.rejected_reason]).await?;
            return Ok(None);
        }
        Some(known) => {
            let version = known.version + 1;
            tx.execute(
                CHANGED,
                &[&known.id, &status, &d.category, &version, &d.external_id, &d.rejected_reason, &now.0],
            )
            .await?;
            (known.id, version)
        }
        None => {
            let row = tx
                .row(
                    NEW,
                    &[
                        &workspace.0,
                        &account.0,
                        &d.name,
                        &d.language,
                        &status,
                        &d.category,
                        &d.external_id,
                        &d.rejected_reason,
                        &now.0,
                    ],
                )
                .await?;
            (row.ok_or(StoreError::NotFound("template"))?.get(0), 1)
        }
    };
    tx.execute(VERSION, &[&id, &version, &definition, &to_json(&t.object)?, &now.0]).await?;
    Ok(Some(Known { id, version, definition }))
}
