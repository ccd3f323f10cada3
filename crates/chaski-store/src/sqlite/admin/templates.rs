//! An account's template catalogue: replaced by a sync, old versions kept while the template lives.

use crate::admin::{SYNC_TAKES, SyncTurn, SyncedTemplate, milliseconds};
use crate::error::StoreError;
use crate::sqlite::batch::{Batch, NewEvent};
use crate::sqlite::rows::to_json;
use chaski_model::{AccountId, Timestamp, WorkspaceId};
use rusqlite::params;
use std::collections::BTreeSet;
use std::time::Duration;

/// Compare and set: the first one to ask gets the turn.
pub(super) fn begin_sync(
    b: &Batch<'_>,
    account: AccountId,
    now: Timestamp,
    between: Duration,
) -> Result<SyncTurn, StoreError> {
    let began = b.execute(
        "UPDATE accounts SET sync_started_at = ?2
         WHERE id = ?1 AND (sync_started_at IS NULL OR sync_started_at + ?3 <= ?2)",
        params![account.0, now.0, milliseconds(between)],
    )?;
    if began > 0 {
        return Ok(SyncTurn::Yours);
    }
    let is_under_way = b.row(
        "SELECT IFNULL(sync_ended_at, 0) < sync_started_at AND sync_started_at + ?3 > ?2 FROM accounts WHERE id = ?1",
        params![account.0, now.0, milliseconds(SYNC_TAKES)],
        |r| r.get(0),
    )?;
    Ok(if is_under_way.ok_or(StoreError::NotFound("account"))? {
        SyncTurn::UnderWay
    } else {
        SyncTurn::TooSoon
    })
}

pub(super) fn replace_templates(
    b: &mut Batch<'_>,
    account: AccountId,
    templates: &[SyncedTemplate],
    now: Timestamp,
) -> Result<(usize, usize), StoreError> {
    let workspace: i64 = b
        .row("SELECT workspace_id FROM accounts WHERE id = ?1", [account.0], |r| r.get(0))?
        .ok_or(StoreError::NotFound("account"))?;
    let mut changed = 0;
    let mut seen = BTreeSet::new();
    for template in templates {
        let d = &template.definition;
        seen.insert((d.name.clone(), d.language.clone()));
        changed += usize::from(upsert_template(b, workspace, account, template, now)?);
    }
    let known =
        b.rows("SELECT id, name, language FROM templates WHERE account_id = ?1", [account.0], |r| {
            Ok((r.get::<_, i64>(0)?, (r.get::<_, String>(1)?, r.get::<_, String>(2)?)))
        })?;
    let gone: Vec<i64> = known.into_iter().filter(|(_, key)| !seen.contains(key)).map(|(id, _)| id).collect();
    for id in &gone {
        b.execute("DELETE FROM templates WHERE id = ?1", [id])?;
        b.execute("DELETE FROM template_versions WHERE template_id = ?1", [id])?;
    }
    b.execute(
        "UPDATE accounts SET synced_at = ?2, sync_ended_at = ?2, sync_error = NULL WHERE id = ?1",
        params![account.0, now.0],
    )?;
    templates_event(b, account, now)?;
    Ok((changed, gone.len()))
}

fn upsert_template(
    b: &mut Batch<'_>,
    workspace: i64,
    account: AccountId,
    t: &SyncedTemplate,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let d = &t.definition;
    let definition = to_json(d)?;
    let known = b.row(
        "SELECT t.id, t.version, v.definition FROM templates t JOIN template_versions v ON v.template_id = t.id AND v.version = t.version
         WHERE t.account_id = ?1 AND t.name = ?2 AND t.language = ?3",
        params![account.0, d.name, d.language],
        |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, String>(2)?)),
    )?;
    let (id, version) = match known {
        Some((id, _, same)) if same == definition => {
            b.execute(
                "UPDATE templates SET status = ?2, rejected_reason = ?3 WHERE id = ?1",
                params![id, d.status.word(), d.rejected_reason],
            )?;
            return Ok(false);
        }
        Some((id, version, _)) => {
            b.execute(
                "UPDATE templates SET status = ?2, category = ?3, version = ?4, external_id = ?5, rejected_reason = ?6, updated_at = ?7 WHERE id = ?1",
                params![id, d.status.word(), d.category, version + 1, d.external_id, d.rejected_reason, now.0],
            )?;
            (id, version + 1)
        }
        None => {
            b.execute(
                "INSERT INTO templates (workspace_id, account_id, name, language, status, category, version, external_id, rejected_reason, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, ?9)",
                params![workspace, account.0, d.name, d.language, d.status.word(), d.category, d.external_id, d.rejected_reason, now.0],
            )?;
            (b.inserted(), 1)
        }
    };
    b.execute(
        "INSERT INTO template_versions (template_id, version, definition, object, seen_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id, version, definition, to_json(&t.object)?, now.0],
    )?;
    Ok(true)
}

pub(super) fn templates_event(
    b: &mut Batch<'_>,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let workspace =
        b.row("SELECT workspace_id FROM accounts WHERE id = ?1", [account.0], |r| r.get(0).map(WorkspaceId))?;
    if let Some(workspace) = workspace {
        b.event(
            workspace,
            NewEvent {
                at: now,
                kind: "templates.changed",
                contact: None,
                message: None,
                body: Some(account.to_string()),
            },
        );
    }
    Ok(())
}
