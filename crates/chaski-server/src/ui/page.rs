//! What every page shares: the document, the rail, the simulator's marker, and the page of a fault.

use super::assets;
use super::fault::Fault;
use super::icons::{Icon, icon};
use super::session::Signed;
use super::words::{Lang, Reader, Theme};
use crate::state::App;
use axum::response::{IntoResponse, Response};
use chaski_store::StoreError;
use maud::{DOCTYPE, Markup, html};

/// A room of the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Messages,
    Channels,
    Templates,
    Delivery,
}

/// (room, its path, its picture, the key of its name).
const ROOMS: [(Room, &str, Icon, &str); 4] = [
    (Room::Messages, "/messages", Icon::Messages, "room-messages"),
    (Room::Channels, "/channels", Icon::Channels, "room-channels"),
    (Room::Templates, "/templates", Icon::Templates, "room-templates"),
    (Room::Delivery, "/delivery", Icon::Delivery, "room-delivery"),
];

/// What surrounds a signed-in page.
pub(crate) struct Frame {
    pub(crate) reader: Reader,
    pub(crate) csrf: String,
    pub(crate) user: String,
    pub(crate) room: Room,
    /// The page's own path, to come back to.
    pub(crate) here: String,
    /// Where the virtual phones are.
    pub(crate) simulator: Option<String>,
    /// The feed's place that the page shows: live updates go on from there.
    pub(crate) head: i64,
}

impl Frame {
    /// Read before anything else of a page, so that no change falls in between.
    pub(crate) async fn of(app: &App, signed: &Signed, room: Room, here: String) -> Result<Self, StoreError> {
        Ok(Self {
            reader: signed.reader.clone(),
            csrf: signed.csrf.clone(),
            user: signed.name(),
            room,
            here,
            simulator: app.simulator_url.clone(),
            head: app.engine.store().head(signed.workspace()).await?,
        })
    }
}

/// A signed-in page. `place` says which pane a narrow screen shows.
pub(crate) fn framed(frame: &Frame, title: &str, place: &str, panes: Markup) -> Markup {
    let r = &frame.reader;
    let body = html! {
        a.skip href="#main" { (r.t("skip")) }
        @if let Some(phones) = &frame.simulator {
            div.simulator role="note" data-word=(r.t("simulator")) {
                span { strong { (r.t("simulator")) } " " (r.t("simulator-words")) }
                a href=(phones) target="_blank" rel="noreferrer" { (r.t("simulator-phones")) }
            }
        }
        div.{ "app " (place) } {
            (rail(frame))
            (panes)
        }
        div.offline hidden role="status" data-live-state { (r.t("live-reconnecting")) }
        (keys(r))
    };
    document(r, title, Some(frame), &body)
}

/// What the last form did, in words, and whether that is good.
pub(crate) type Told = Option<(String, bool)>;

/// A room of one pane: its name, what the last form did, what it holds.
pub(crate) fn room(frame: &Frame, told: &Told, inside: Markup) -> Markup {
    let r = &frame.reader;
    let name = ROOMS.iter().find(|(room, ..)| *room == frame.room).map_or("", |(.., name)| name);
    let pane = html! {
        main.room id="main" {
            header.head { h1 { (r.t(name)) } }
            @if let Some((words, good)) = told { p.told.bad[!good] role="status" { (words) } }
            (inside)
        }
    };
    framed(frame, &r.t(name), "at-room", pane)
}

fn document(r: &Reader, title: &str, frame: Option<&Frame>, body: &Markup) -> Markup {
    let theme = (r.theme != Theme::System).then_some(r.theme.word());
    html! {
        (DOCTYPE)
        html lang=(r.lang.code()) data-theme=[theme] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Chaski" }
                link rel="icon" type="image/svg+xml" href=(assets::path("mark.svg"));
                link rel="stylesheet" href=(assets::path("app.css"));
                script src=(assets::path("app.js")) defer {}
            }
            body data-head=[frame.map(|f| f.head)] data-now=(r.now.0) data-csrf=[frame.map(|f| &f.csrf)] data-zone=[r.zone.iana_name()] {
                (body)
            }
        }
    }
}

fn rail(frame: &Frame) -> Markup {
    let r = &frame.reader;
    html! {
        nav.rail aria-label=(r.t("rail")) {
            a.mark href="/messages" aria-label="Chaski" { (icon(Icon::Mark)) }
            @for (room, path, picture, name) in ROOMS {
                a href=(path) aria-current=[(room == frame.room).then_some("page")] title=(r.t(name)) {
                    (icon(picture)) span.sr { (r.t(name)) }
                }
            }
            span.grow {}
            details.me {
                summary title=(r.t("me")) { (icon(Icon::Person)) span.sr { (r.t("me")) } }
                (menu(frame))
            }
        }
    }
}

fn menu(frame: &Frame) -> Markup {
    let r = &frame.reader;
    html! {
        div.menu {
            p.who { (frame.user) }
            form method="post" action="/settings/appearance" {
                (hidden(frame))
                p.label { (r.t("me-language")) }
                div.segments {
                    @for lang in Lang::ALL {
                        button type="submit" name="language" value=(lang.code()) lang=(lang.code())
                            aria-pressed=(lang == r.lang) { (lang.name()) }
                    }
                }
            }
            form method="post" action="/settings/appearance" {
                (hidden(frame))
                p.label { (r.t("me-theme")) }
                div.segments {
                    @for theme in Theme::ALL {
                        button type="submit" name="theme" value=(theme.word()) aria-pressed=(theme == r.theme) {
                            (match theme {
                                Theme::System => r.t("theme-system"),
                                Theme::Light => r.t("theme-light"),
                                Theme::Dark => r.t("theme-dark"),
                            })
                        }
                    }
                }
            }
            form method="post" action="/sign-out" {
                (hidden(frame))
                button.btn type="submit" { (r.t("sign-out")) }
            }
        }
    }
}

/// The fields that every form of a signed-in page has.
fn hidden(frame: &Frame) -> Markup {
    html! {
        input type="hidden" name="csrf" value=(frame.csrf);
        input type="hidden" name="back" value=(frame.here);
    }
}

fn keys(r: &Reader) -> Markup {
    let list = [
        ("j · k", r.t("keys-next")),
        ("↵", r.t("keys-open")),
        ("u", r.t("keys-up")),
        ("r", r.t("keys-reply")),
        ("Ctrl ↵", r.t("keys-send")),
        ("⇧ ↵", r.t("keys-break")),
        ("Esc", r.t("keys-close")),
        ("?", r.t("keys-help")),
    ];
    html! {
        dialog.keys id="keys" aria-labelledby="keys-title" {
            h2 id="keys-title" { (r.t("keys-title")) }
            dl { @for (key, words) in &list { dt { kbd { (key) } } dd { (words) } } }
            form method="dialog" { button.btn { (r.t("close")) } }
        }
    }
}

/// A page for somebody who is not signed in.
pub(crate) fn plain(r: &Reader, title: &str, content: Markup) -> Markup {
    document(
        r,
        title,
        None,
        &html! {
            main.plain id="main" { div.card { span.mark { (icon(Icon::Mark)) " Chaski" } (content) } }
        },
    )
}

/// What happened, what was kept, what to do.
pub(crate) fn fault(r: &Reader, fault: &Fault) -> Markup {
    let (title, words) = match fault {
        Fault::NotFound => (r.t("fault-not-found"), r.t("fault-not-found-words")),
        Fault::Csrf => (r.t("fault-form-old"), r.t("fault-form-old-words")),
        Fault::Forbidden => (r.t("fault-forbidden"), r.t("fault-forbidden-words")),
        Fault::Form => (r.t("fault-form"), r.t("fault-form-words")),
        Fault::Broken(_) => (r.t("fault-broken"), r.t("fault-broken-words")),
    };
    plain(
        r,
        &title,
        html! {
            h1 { (title) }
            p { (words) }
            p { a.btn href="/messages" { (r.t("fault-back")) } }
        },
    )
}

/// An empty pane: one sentence, the mark small and grey, and what can be done.
pub(crate) fn empty(title: &str, words: &str, action: Option<Markup>) -> Markup {
    html! {
        div.empty {
            (icon(Icon::Mark))
            h2 { (title) }
            p { (words) }
            @if let Some(action) = action { (action) }
        }
    }
}

/// A page as an answer.
pub(crate) fn answer(markup: Markup) -> Response {
    markup.into_response()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ui::words::tests::reader;

    /// Markup with a line for each element, and without the assets' hash.
    pub(crate) fn shown(markup: &Markup) -> String {
        let text = markup.0.replace(&assets::path(""), "/assets/HASH/").replace("><", ">\n<");
        text.replace("> <", ">\n<")
    }

    /// The frame that the snapshots use.
    pub(crate) fn frame(lang: Lang, room: Room) -> Frame {
        Frame {
            reader: reader(lang),
            csrf: "token".into(),
            user: "Carla Paz".into(),
            room,
            here: "/messages".into(),
            simulator: Some("http://127.0.0.1:9090".into()),
            head: 42,
        }
    }

    #[test]
    fn the_page_of_a_fault() {
        insta::assert_snapshot!(shown(&fault(&reader(Lang::Es), &Fault::NotFound)));
    }

    #[test]
    fn the_frame_around_a_room() {
        let markup =
            framed(&frame(Lang::Es, Room::Channels), "Canales", "at-room", html! { main id="main" {} });
        insta::assert_snapshot!(shown(&markup));
    }
}
