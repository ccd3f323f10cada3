//! Workspaces, tokens, users.

use super::{fields, object, operator};
use crate::problem::{Problem, ok};
use crate::state::App;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_engine::clock::machine_now;
use chaski_engine::tokens::{SCOPES, hash, new_key, new_token};
use chaski_model::address::is_email;
use chaski_model::{Fault, UserId, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::admin::{NewUser, Token};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a sign-in link can be used.
const LINK_LIVES: Duration = Duration::from_secs(3600);
const ROLES: [(&str, &str); 3] = [("owner", "owner"), ("manager", "manager"), ("agent", "agent")];

pub(crate) async fn workspaces(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let snapshot = app.engine.snapshot();
    let items: Vec<Value> = snapshot
        .workspaces
        .values()
        .filter(|w| w.id == token.workspace)
        .map(|w| json!({"id": w.id, "name": w.name, "country": w.country}))
        .collect();
    Ok(ok(json!({"items": items})))
}

pub(crate) async fn add_workspace(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    operator(&app, &headers).await?;
    let body = object(request).await?;
    let (name, country) = fields(&body, |given, faults| {
        (
            given.required_text("name", "the workspace's name", faults).to_owned(),
            given.short_text("country", 2, faults),
        )
    })?;
    let id = app
        .engine
        .store()
        .add_workspace(name, country, app.engine.vault().new_data_key(), app.engine.clock().now())
        .await?;
    let token = make_token(&app, id, "first", SCOPES.map(str::to_owned).to_vec(), None).await?;
    Ok(ok(json!({"id": id, "token": token.1})))
}

pub(crate) async fn tokens(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let own = operator(&app, &headers).await?;
    let snapshot = app.engine.snapshot();
    let mut list: Vec<_> = snapshot.tokens.values().filter(|t| t.workspace == own.workspace).collect();
    list.sort_by_key(|token| token.id);
    let items: Vec<Value> = list
        .into_iter()
        .map(|t| {
            json!({
                "id": t.id, "name": t.name, "scopes": t.scopes, "createdAt": t.created_at.to_rfc3339(),
                "expiresAt": t.expires_at.map(chaski_model::Timestamp::to_rfc3339),
            })
        })
        .collect();
    Ok(ok(json!({"items": items})))
}

pub(crate) async fn add_token(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let own = operator(&app, &headers).await?;
    let body = object(request).await?;
    let (name, scopes, expires) = fields(&body, |given, faults| {
        let name = given.required_text("name", "what the token is for", faults).to_owned();
        let mut scopes = Vec::new();
        for (at, scope) in given.array("scopes", faults).into_iter().flatten().enumerate() {
            match scope.as_str().filter(|scope| SCOPES.contains(scope)) {
                Some(scope) => scopes.push(scope.to_owned()),
                None => faults.push(Fault::new(
                    format!("/scopes/{at}"),
                    format!("A scope must be one of {}.", SCOPES.join(", ")),
                )),
            }
        }
        if scopes.is_empty() && faults.is_empty() {
            faults.push(Fault::new(
                "/scopes",
                format!("`scopes` needs at least one of {}.", SCOPES.join(", ")),
            ));
        }
        let expires = given.integer("expiresInSeconds", faults);
        if expires.is_some_and(|seconds| seconds < 0) {
            faults.push(Fault::new("/expiresInSeconds", "`expiresInSeconds` must be 0 or more."));
        }
        (name, scopes, expires)
    })?;
    let lives = expires.map(|seconds| Duration::from_secs(seconds.unsigned_abs()));
    let (id, token) = make_token(&app, own.workspace, &name, scopes, lives).await?;
    Ok(ok(json!({"id": id, "token": token})))
}

/// Makes, stores and returns a token: the only time that it is seen.
pub(crate) async fn make_token(
    app: &App,
    workspace: WorkspaceId,
    name: &str,
    scopes: Vec<String>,
    lives: Option<Duration>,
) -> Result<(i64, String), Problem> {
    let now = app.engine.clock().now();
    let made = Arc::new(Mutex::new(String::new()));
    let shown = Arc::clone(&made);
    let name = name.to_owned();
    let make = Box::new(move |id| {
        let token = new_token(id, workspace, now);
        let hash = hash(&token);
        if let Ok(mut shown) = shown.lock() {
            *shown = token;
        }
        let expires_at = lives.map(|lives| now + lives);
        Token { id, workspace, name: name.clone(), hash, scopes: scopes.clone(), created_at: now, expires_at }
    });
    let id = app.engine.store().add_token(make).await?;
    app.engine.reload().await?;
    let token = made.lock().map(|token| token.clone()).unwrap_or_default();
    Ok((id.0, token))
}

pub(crate) async fn users(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let snapshot = app.engine.snapshot();
    let items: Vec<Value> = snapshot
        .users
        .iter()
        .filter(|user| user.workspace == token.workspace)
        .map(|user| json!({"id": user.id, "email": user.email, "firstName": user.first_name, "role": user.role}))
        .collect();
    Ok(ok(json!({"items": items})))
}

pub(crate) async fn add_user(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let body = object(request).await?;
    let (email, first_name, role, password) = fields(&body, |given, faults| {
        let email = given.required_text("email", "the address to sign in with", faults).trim().to_lowercase();
        if !email.is_empty() && !is_email(&email) {
            faults.push(Fault::new("/email", "`email` must be an e-mail address."));
        }
        let role = given.word("role", &ROLES, faults).unwrap_or("agent");
        let password = given.text("password", faults).map(str::to_owned);
        if password.as_ref().is_some_and(|p| p.chars().count() < 10) {
            faults.push(Fault::new("/password", "`password` needs at least 10 characters."));
        }
        (email, given.short_text("firstName", 255, faults).unwrap_or_default(), role, password)
    })?;
    let password_hash = match password {
        Some(password) => Some(crate::ui::password::hash(password).await?),
        None => None,
    };
    let user = NewUser {
        workspace: token.workspace,
        email: email.clone(),
        first_name,
        role: role.to_owned(),
        password_hash,
    };
    let id =
        app.engine.store().add_user(user, app.engine.clock().now()).await.map_err(|error| match error {
            StoreError::Conflict(_) => StoreError::Conflict(format!("There is a user {email} already.")),
            other => other,
        })?;
    app.engine.reload().await?;
    Ok(ok(json!({"id": id, "signIn": sign_in_link(&app, id).await?})))
}

pub(crate) async fn add_sign_in_link(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let body = object(request).await?;
    let email = fields(&body, |given, faults| {
        given.required_text("email", "whose link", faults).trim().to_lowercase()
    })?;
    let snapshot = app.engine.snapshot();
    let user = snapshot.users.iter().find(|user| user.email == email && user.workspace == token.workspace);
    let user = user.ok_or_else(|| {
        Problem::new(chaski_model::ErrorCode::NotFound, format!("There is no user {email}."))
    })?;
    Ok(ok(json!({"signIn": sign_in_link(&app, user.id).await?})))
}

/// A link that signs in once, within the hour.
pub(crate) async fn sign_in_link(app: &App, user: UserId) -> Result<String, Problem> {
    let key = new_key();
    app.engine.store().add_sign_in_link(hash(&key), user, machine_now() + LINK_LIVES).await?;
    Ok(format!("{}/sign-in/{key}", app.engine.config().public_url))
}
