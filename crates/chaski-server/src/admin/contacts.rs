//! Contacts with addresses on any channel, and custom fields.

use super::{object, operator};
use crate::api::{contact_fields, custom_fields, path, views};
use crate::body;
use crate::problem::{Problem, ok};
use crate::state::App;
use axum::body::Body;
use axum::extract::{OriginalUri, Path, State, rejection::PathRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::address::{Address, AddressKind};
use chaski_model::{ChannelId, ContactId, ErrorCode, Fault, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::contacts::{ContactChange, Stretch};
use serde_json::{Value, json};

/// The most lifecycle stages, and the longest name of one.
const STAGES: usize = 50;
const STAGE: usize = 255;

pub(crate) async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let after = body::query(&uri)?.get("after").and_then(|text| text.parse().ok()).unwrap_or(0);
    let found = app.engine.store().list_contacts(token.workspace, Stretch::After(after), 100).await?;
    let snapshot = app.engine.snapshot();
    let own = snapshot.fields_of(token.workspace);
    let items: Vec<Value> =
        found.iter().map(|contact| views::contact(contact, &own, &snapshot.users)).collect();
    Ok(ok(json!({"items": items})))
}

pub(crate) async fn add(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let body = object(request).await?;
    let snapshot = app.engine.snapshot();
    let country = snapshot.workspaces.get(&token.workspace).and_then(|w| w.country.as_deref());
    let mut change = contact_fields::read(&body, &snapshot.fields_of(token.workspace), country, false)
        .map_err(Problem::faults)?;
    add_native(&app, token.workspace, &body, &mut change)?;
    if change.addresses.is_empty() && change.first_name.is_none() {
        return Err(Problem::faults(vec![Fault::new(
            "",
            "Give at least a name, `phone`, `email` or an address.",
        )]));
    }
    let id = body.get("id").and_then(Value::as_i64).map(ContactId);
    let made = app.engine.store().create_contact(token.workspace, id, change, app.engine.clock().now()).await;
    let id = made.map_err(|error| match error {
        StoreError::Conflict(why) => Problem::new(ErrorCode::ContactExists, why),
        other => other.into(),
    })?;
    Ok(ok(json!({"id": id})))
}

/// `addresses: [{"channelId": 3, "value": "U123"}]`: ids that only a channel's provider knows.
fn add_native(
    app: &App,
    workspace: WorkspaceId,
    body: &Value,
    change: &mut ContactChange,
) -> Result<(), Problem> {
    let snapshot = app.engine.snapshot();
    let mut faults = Vec::new();
    for (at, given) in body.get("addresses").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let channel = given.get("channelId").and_then(Value::as_i64).map(ChannelId);
        let value = given.get("value").and_then(Value::as_str).unwrap_or("").trim();
        let known = channel.and_then(|id| snapshot.channel(workspace, id));
        match known {
            None => {
                faults.push(Fault::new(format!("/addresses/{at}/channelId"), "There is no such channel."))
            }
            Some(_) if value.is_empty() => faults.push(Fault::new(
                format!("/addresses/{at}/value"),
                "`value` is missing: the id at the provider.",
            )),
            Some(entry) => {
                let kind =
                    if entry.channel.kind.is_whatsapp() { AddressKind::Bsuid } else { AddressKind::Native };
                let scope =
                    if kind == AddressKind::Native { entry.channel.id.to_string() } else { String::new() };
                change.addresses.push(Address { kind, scope, value: value.to_owned() });
                change.lanes.push((entry.channel.id, value.to_owned()));
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::faults(faults)) }
}

pub(crate) async fn fields_list(app: &App, workspace: WorkspaceId) -> Vec<Value> {
    let snapshot = app.engine.snapshot();
    let own = snapshot.fields_of(workspace);
    own.into_iter()
        .map(|f| json!({"id": f.id, "name": f.name, "slug": f.slug, "dataType": f.data_type}))
        .collect()
}

pub(crate) async fn lifecycles(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let snapshot = app.engine.snapshot();
    let own = snapshot.workspaces.get(&token.workspace).map(|own| own.lifecycles.clone());
    Ok(ok(json!({"items": own.unwrap_or_default()})))
}

/// The stages, all of them, in their order.
pub(crate) async fn set_lifecycles(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let body = object(request).await?;
    let stages = super::fields(&body, |given, faults| {
        let mut stages: Vec<String> = Vec::new();
        for (at, name) in given.array("items", faults).into_iter().flatten().enumerate() {
            let name = name.as_str().map(str::trim).filter(|name| !name.is_empty() && name.len() <= STAGE);
            match name {
                Some(name) if !stages.iter().any(|known| known == name) => stages.push(name.to_owned()),
                _ => faults.push(Fault::new(
                    format!("/items/{at}"),
                    format!("A stage must be a text of at most {STAGE} bytes that is there once."),
                )),
            }
        }
        if stages.len() > STAGES {
            faults.push(Fault::new("/items", format!("There may be at most {STAGES} stages.")));
        }
        stages
    })?;
    app.engine.store().set_lifecycles(token.workspace, stages.clone()).await?;
    app.engine.reload().await?;
    Ok(ok(json!({"items": stages})))
}

pub(crate) async fn fields(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    Ok(ok(json!({"items": fields_list(&app, token.workspace).await})))
}

pub(crate) async fn add_field(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let mut body = object(request).await?;
    if body.get("dataType").is_none() {
        body["dataType"] = json!("text");
    }
    let field = custom_fields::make(&app, token.workspace, custom_fields::read(&body)?).await?;
    Ok(ok(json!({"id": field.id})))
}

pub(crate) async fn delete_field(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let name = path(place)?;
    if !app.engine.store().delete_field(token.workspace, name.clone()).await? {
        return Err(Problem::new(ErrorCode::NotFound, format!("There is no custom field `{name}`.")));
    }
    app.engine.reload().await?;
    Ok(ok(json!({"deleted": name})))
}
