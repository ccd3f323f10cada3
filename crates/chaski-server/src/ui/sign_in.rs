//! The sign-in: by e-mail and password, or by a link that works once.
//!
//! The link's page only shows a button; the form behind it uses the link up, so that a preview of
//! the link in a chat or a mail program does not.

use super::attempts::Attempts;
use super::cookies;
use super::fault::Fault;
use super::page;
use super::session::{self, Signed, jar, same};
use super::words::Reader;
use super::{password, to};
use crate::state::App;
use axum::extract::{Extension, Form, Path, Query, State, rejection::FormRejection};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chaski_engine::clock::machine_now;
use chaski_engine::tokens::{hash, new_key};
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// Holds the token of the form before there is a session.
const FORM_COOKIE: &str = "chaski-form";
const FORM_LIVES: Duration = Duration::from_secs(3600);

/// What the sign-in page shows.
pub(crate) struct SignInView {
    pub(crate) reader: Reader,
    pub(crate) csrf: String,
    pub(crate) email: String,
    pub(crate) next: String,
    pub(crate) error: Option<String>,
}

/// Where to go afterwards: only ever a path of ours.
fn safe(next: &str) -> &str {
    let path = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control);
    if path { next } else { "/messages" }
}

#[derive(Deserialize, Default)]
pub(crate) struct Back {
    #[serde(default)]
    next: String,
}

/// `GET /sign-in`.
pub(crate) async fn form(State(app): State<App>, headers: HeaderMap, Query(back): Query<Back>) -> Response {
    let view = SignInView {
        reader: reader(&headers),
        csrf: new_key(),
        email: String::new(),
        next: safe(&back.next).to_owned(),
        error: None,
    };
    with_form_cookie(&app, &view.csrf, StatusCode::OK, sign_in_page(&view))
}

fn reader(headers: &HeaderMap) -> Reader {
    Reader::stranger(headers, machine_now())
}

fn with_form_cookie(app: &App, csrf: &str, status: StatusCode, page: Markup) -> Response {
    (status, [(header::SET_COOKIE, jar(app).secret(FORM_COOKIE, csrf, FORM_LIVES))], page).into_response()
}

/// A form of somebody who is not signed in carries the same word as its cookie.
fn check(app: &App, headers: &HeaderMap, given: &str) -> Result<(), Fault> {
    let known = cookies::get(headers, &jar(app).name(FORM_COOKIE)).unwrap_or_default();
    if same(known, given) { Ok(()) } else { Err(Fault::Csrf) }
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`.
pub(crate) async fn submit(
    State(app): State<App>,
    Extension(attempts): Extension<Arc<Attempts>>,
    headers: HeaderMap,
    form: Result<Form<Credentials>, FormRejection>,
) -> Result<Response, Fault> {
    let Form(given) = form.map_err(|_| Fault::Form)?;
    check(&app, &headers, &given.csrf)?;
    let email = given.email.trim().to_lowercase();
    let refuse = |key: &str, status| {
        let reader = reader(&headers);
        let error = Some(reader.t(key));
        let view = SignInView {
            reader,
            csrf: given.csrf.clone(),
            email: email.clone(),
            next: given.next.clone(),
            error,
        };
        (status, sign_in_page(&view)).into_response()
    };
    if email.len() > 254 || !attempts.may_try(&email, machine_now()) {
        return Ok(refuse("sign-in-too-often", StatusCode::TOO_MANY_REQUESTS));
    }
    let user = app.engine.snapshot().users.iter().find(|user| user.email == email).cloned();
    let stored = user.as_ref().and_then(|user| user.password_hash.clone());
    if !password::matches(given.password.clone(), stored).await {
        return Ok(refuse("sign-in-wrong", StatusCode::UNAUTHORIZED));
    }
    let Some(user) = user else { return Ok(refuse("sign-in-wrong", StatusCode::UNAUTHORIZED)) };
    attempts.forget(&email);
    signed_in(&app, user.id, safe(&given.next)).await
}

async fn signed_in(app: &App, user: chaski_model::UserId, next: &str) -> Result<Response, Fault> {
    let cookie = session::start(app, user).await?;
    let mut response = to(next);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response.headers_mut().append(header::SET_COOKIE, jar(app).secret(FORM_COOKIE, "", Duration::ZERO));
    Ok(response)
}

/// `GET /sign-in/{key}`: does not use the link up.
pub(crate) async fn link(State(app): State<App>, headers: HeaderMap, Path(key): Path<String>) -> Response {
    let csrf = new_key();
    let page = link_page(&reader(&headers), &key, &csrf);
    with_form_cookie(&app, &csrf, StatusCode::OK, page)
}

#[derive(Deserialize)]
pub(crate) struct Token {
    #[serde(default)]
    pub(crate) csrf: String,
}

/// `POST /sign-in/{key}`: uses the link up.
pub(crate) async fn use_link(
    State(app): State<App>,
    headers: HeaderMap,
    Path(key): Path<String>,
    form: Result<Form<Token>, FormRejection>,
) -> Result<Response, Fault> {
    let Form(given) = form.map_err(|_| Fault::Form)?;
    check(&app, &headers, &given.csrf)?;
    match app.engine.store().use_sign_in_link(hash(&key), machine_now()).await? {
        Some(user) => signed_in(&app, user, "/messages").await,
        None => {
            let reader = reader(&headers);
            let error = Some(reader.t("sign-in-link-used"));
            let view = SignInView {
                reader,
                csrf: given.csrf,
                email: String::new(),
                next: "/messages".into(),
                error,
            };
            Ok((StatusCode::GONE, sign_in_page(&view)).into_response())
        }
    }
}

/// `POST /sign-out`.
pub(crate) async fn sign_out(
    State(app): State<App>,
    signed: Signed,
    form: Result<Form<Token>, FormRejection>,
) -> Result<Response, Fault> {
    let Form(given) = form.map_err(|_| Fault::Form)?;
    signed.check(&given.csrf)?;
    let cookie: HeaderValue = session::end(&app, &signed).await?;
    let mut response = to("/sign-in");
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// The page with e-mail and password.
pub(crate) fn sign_in_page(view: &SignInView) -> Markup {
    let r = &view.reader;
    page::plain(
        r,
        &r.t("sign-in-title"),
        html! {
            h1 { (r.t("sign-in-title")) }
            form id="sign-in" method="post" action="/sign-in" {
                input type="hidden" name="csrf" value=(view.csrf);
                input type="hidden" name="next" value=(view.next);
                label for="email" { (r.t("sign-in-email")) }
                input id="email" type="email" name="email" value=(view.email) autocomplete="username" required
                    autofocus[view.email.is_empty()] aria-describedby=[view.error.as_ref().map(|_| "sign-in-error")];
                label for="password" { (r.t("sign-in-password")) }
                input id="password" type="password" name="password" autocomplete="current-password" required autofocus[!view.email.is_empty()];
                @match &view.error {
                    Some(error) => p.error id="sign-in-error" role="alert" { (error) },
                    None => p.help { (r.t("sign-in-help")) },
                }
                button.btn.primary type="submit" { (r.t("sign-in-do")) }
            }
        },
    )
}

/// The page of a link: one button.
pub(crate) fn link_page(reader: &Reader, key: &str, csrf: &str) -> Markup {
    page::plain(
        reader,
        &reader.t("sign-in-title"),
        html! {
            h1 { (reader.t("sign-in-link-title")) }
            p { (reader.t("sign-in-link-words")) }
            form id="sign-in" method="post" action={ "/sign-in/" (key) } {
                input type="hidden" name="csrf" value=(csrf);
                button.btn.primary type="submit" autofocus { (reader.t("sign-in-link-do")) }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::words::Lang;
    use crate::ui::words::tests::reader;

    #[test]
    fn the_way_back_never_leads_elsewhere() {
        assert_eq!(safe("/messages/123?filter=failed"), "/messages/123?filter=failed");
        for bad in ["", "https://evil.example", "//evil.example", "/\\evil.example", "messages", "/a\r\nb"] {
            assert_eq!(safe(bad), "/messages", "{bad}");
        }
    }

    #[test]
    fn the_sign_in_page() {
        let view = SignInView {
            reader: reader(Lang::Es),
            csrf: "token".into(),
            email: "ana@ejemplo.ec".into(),
            next: "/messages".into(),
            error: Some("No.".into()),
        };
        insta::assert_snapshot!(page::tests::shown(&sign_in_page(&view)));
    }

    #[test]
    fn the_page_of_a_link() {
        insta::assert_snapshot!(page::tests::shown(&link_page(&reader(Lang::En), "k-1", "token")));
    }
}
