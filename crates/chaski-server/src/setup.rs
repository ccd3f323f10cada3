//! A first workspace with its first user and token, and renewing a demo's access.

use crate::admin::people::{make_token, sign_in_link};
use crate::problem::Problem;
use crate::state::App;
use chaski_engine::tokens::SCOPES;
use chaski_model::{FieldId, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::admin::{Field, NewUser};

/// Why it could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SetupError(String);

impl From<Problem> for SetupError {
    fn from(problem: Problem) -> Self {
        Self(problem.body("")["message"].as_str().unwrap_or("it failed").to_owned())
    }
}

impl From<StoreError> for SetupError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

/// Access to a workspace, shown once.
#[derive(Debug, Clone)]
pub struct Access {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// A token with every scope.
    pub token: String,
    /// A link that signs in once.
    pub sign_in: String,
}

/// Makes a workspace with an owner and a token of every scope.
///
/// # Errors
/// The store cannot be written.
pub async fn first_workspace(
    app: &App,
    name: &str,
    country: Option<&str>,
    email: &str,
    token: &str,
) -> Result<Access, SetupError> {
    let engine = &app.engine;
    let now = engine.clock().now();
    let key = engine.vault().new_data_key();
    let workspace =
        engine.store().add_workspace(name.to_owned(), country.map(str::to_owned), key, now).await?;
    let user = NewUser {
        workspace,
        email: email.to_owned(),
        first_name: name.to_owned(),
        role: "owner".into(),
        password_hash: None,
    };
    engine.store().add_user(user, now).await?;
    engine.reload().await?;
    renew_access(app, workspace, email, token).await
}

/// Ends the tokens of a name and makes a new one, and a new sign-in link for a user.
///
/// # Errors
/// The store cannot be written, or there is no such user.
pub async fn renew_access(
    app: &App,
    workspace: WorkspaceId,
    email: &str,
    token: &str,
) -> Result<Access, SetupError> {
    let engine = &app.engine;
    engine.store().revoke_tokens(workspace, token.to_owned(), engine.clock().now()).await?;
    let (_, made) = make_token(app, workspace, token, SCOPES.map(str::to_owned).to_vec(), None).await?;
    let user = engine.snapshot().users.iter().find(|user| user.email == email).map(|user| user.id);
    let user = user.ok_or_else(|| SetupError(format!("there is no user {email}")))?;
    Ok(Access { workspace, token: made, sign_in: sign_in_link(app, user).await? })
}

/// A custom text field, made if it is not there.
///
/// # Errors
/// The store cannot be written.
pub async fn field(app: &App, workspace: WorkspaceId, name: &str) -> Result<FieldId, SetupError> {
    let engine = &app.engine;
    if let Some(known) = engine.snapshot().fields_of(workspace).into_iter().find(|field| field.slug == name) {
        return Ok(known.id);
    }
    let now = engine.clock().now();
    let field = Field {
        id: FieldId(0),
        workspace,
        name: name.to_owned(),
        slug: name.to_owned(),
        data_type: "text".into(),
        allowed_values: Vec::new(),
        description: None,
        created_at: now,
    };
    let id = engine.store().add_field(field, now).await?;
    engine.reload().await?;
    Ok(id)
}
