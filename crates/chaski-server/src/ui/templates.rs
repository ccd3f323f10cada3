//! The Templates room: what is approved, as the contact would see it, with its variables in place.

use super::fault::Fault;
use super::page::{self, Frame, Room};
use super::session::Signed;
use super::template_bubble::template;
use super::words::Reader;
use crate::state::App;
use axum::extract::State;
use axum::response::Response;
use chaski_model::template::{Definition, Rendered, RenderedButton, RenderedHeader, TemplateStatus};
use maud::{Markup, html};

/// One template.
#[derive(Debug, Clone)]
pub(crate) struct TemplateRow {
    pub(crate) definition: Definition,
    pub(crate) version: i64,
    /// The channels that can send it.
    pub(crate) channels: Vec<String>,
}

/// The room.
pub(crate) struct Templates {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<TemplateRow>,
}

/// `GET /templates`.
pub(crate) async fn index(State(app): State<App>, signed: Signed) -> Result<Response, Fault> {
    let frame = Frame::of(&app, &signed, Room::Templates, "/templates".to_owned()).await?;
    let snapshot = app.engine.snapshot();
    let mut accounts: Vec<_> =
        snapshot.accounts.values().filter(|a| a.workspace == signed.workspace()).collect();
    accounts.sort_by_key(|account| account.id);
    let mut rows = Vec::new();
    for account in accounts {
        let of_account =
            snapshot.channels_of(signed.workspace()).into_iter().filter(|e| e.channel.account == account.id);
        let channels: Vec<String> = of_account.map(|e| e.channel.name.clone()).collect();
        let list = snapshot.catalogue(account.id);
        rows.extend(list.into_iter().map(|t| TemplateRow {
            definition: t.definition.clone(),
            version: t.version,
            channels: channels.clone(),
        }));
    }
    Ok(page::answer(screen(&Templates { frame, rows: joined(rows) })))
}

/// The same template in several accounts is one card.
fn joined(mut rows: Vec<TemplateRow>) -> Vec<TemplateRow> {
    let key = |row: &TemplateRow| {
        (
            row.definition.name.clone(),
            row.definition.language.clone(),
            row.definition.status.word().to_owned(),
        )
    };
    rows.sort_by_key(key);
    let mut list: Vec<TemplateRow> = Vec::new();
    for row in rows {
        match list.last_mut() {
            Some(last) if same(&last.definition, &row.definition) => last.channels.extend(row.channels),
            _ => list.push(row),
        }
    }
    list
}

fn same(a: &Definition, b: &Definition) -> bool {
    let bare = |d: &Definition| Definition { external_id: None, ..d.clone() };
    bare(a) == bare(b)
}

/// What is approved, in the form of what a contact gets.
fn preview(definition: &Definition) -> Rendered {
    let header = definition.header.as_ref().map(|header| RenderedHeader {
        format: header.format,
        text: header.text.clone(),
        link: None,
        filename: None,
        location: None,
    });
    let buttons = definition.buttons.iter().map(|button| RenderedButton {
        kind: button.kind.clone(),
        text: button.text.clone(),
        url: button.url.clone().filter(|url| !url.contains("{{")),
        phone_number: button.phone_number.clone(),
    });
    Rendered {
        header,
        body: definition.body.clone(),
        footer: definition.footer.clone(),
        buttons: buttons.collect(),
    }
}

/// The room.
pub(crate) fn screen(view: &Templates) -> Markup {
    let r = &view.frame.reader;
    let inside = html! {
        @if view.rows.is_empty() {
            @let action = html! { a.btn.primary href="/channels" { (r.t("empty-templates-do")) } };
            (page::empty(&r.t("empty-templates"), &r.t("empty-templates-words"), Some(action)))
        } @else {
            ul.gallery { @for row in &view.rows { (card(r, row)) } }
        }
    };
    page::room(&view.frame, &None, inside)
}

fn card(r: &Reader, row: &TemplateRow) -> Markup {
    let d = &row.definition;
    let approved = d.status == TemplateStatus::Approved;
    html! {
        li.card data-template=(d.name) {
            h2.mono { (d.name) }
            p.chips {
                span.chip.ok[approved].warm[!approved] { (status_words(r, &d.status)) }
                span.chip { (d.language) } span.chip { (category(r, &d.category)) }
            }
            @if let Some(reason) = &d.rejected_reason { p.error { (reason) } }
            div.b { (template(r, &preview(d))) }
            @if !d.unsupported.is_empty() { p.error { (r.with("template-unsupported", &[("parts", &d.unsupported.join(", "))])) } }
            p.soft { (row.channels.join(", ")) " · " (r.count("template-version", row.version)) }
        }
    }
}

fn status_words(r: &Reader, status: &TemplateStatus) -> String {
    match status {
        TemplateStatus::Approved => r.t("template-approved"),
        TemplateStatus::Pending => r.t("template-pending"),
        TemplateStatus::Rejected => r.t("template-rejected"),
        TemplateStatus::Paused => r.t("template-paused"),
        TemplateStatus::Disabled => r.t("template-disabled"),
        TemplateStatus::Other(word) => word.clone(),
    }
}

fn category(r: &Reader, word: &str) -> String {
    match word {
        "MARKETING" => r.t("category-marketing"),
        "UTILITY" => r.t("category-utility"),
        "AUTHENTICATION" => r.t("category-authentication"),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;
    use crate::ui::words::Lang;

    #[test]
    fn templates_show_as_the_contact_would_see_them() {
        insta::assert_snapshot!("templates_es", page::tests::shown(&screen(&sample::templates(Lang::Es))));
    }

    #[test]
    fn one_template_in_two_accounts_is_one_card() {
        let rows = sample::templates(Lang::Es).rows;
        let mut twice = rows.clone();
        twice.extend(rows.clone());
        assert_eq!(joined(twice).len(), rows.len());
    }
}
