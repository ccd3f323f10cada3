//! The reader's own choices: language and light or dark.

use super::fault::Fault;
use super::session::{Signed, jar};
use super::to;
use super::words::{Lang, Theme};
use crate::state::App;
use axum::extract::{Form, State, rejection::FormRejection};
use axum::http::header;
use axum::response::Response;
use serde::Deserialize;
use std::time::Duration;

const LIVES: Duration = Duration::from_secs(400 * 86_400);

#[derive(Deserialize)]
pub(crate) struct Choice {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    theme: Option<String>,
    #[serde(default)]
    back: String,
}

/// `POST /settings/appearance`.
pub(crate) async fn choose(
    State(app): State<App>,
    signed: Signed,
    form: Result<Form<Choice>, FormRejection>,
) -> Result<Response, Fault> {
    let Form(given) = form.map_err(|_| Fault::Form)?;
    signed.check(&given.csrf)?;
    let back = if given.back.starts_with('/') && !given.back.starts_with("//") {
        given.back.as_str()
    } else {
        "/messages"
    };
    let mut response = to(back);
    if let Some(lang) = given.language.as_deref().and_then(Lang::parse) {
        app.engine.store().set_language(signed.user.id, lang.code().to_owned()).await?;
        app.engine.reload().await?;
        response.headers_mut().append(header::SET_COOKIE, jar(&app).choice("lang", lang.code(), LIVES));
    }
    if let Some(theme) = given.theme.as_deref().and_then(Theme::parse) {
        response.headers_mut().append(header::SET_COOKIE, jar(&app).choice("theme", theme.word(), LIVES));
    }
    Ok(response)
}
