//! The frame of every page.

use maud::{DOCTYPE, Markup, html};

use super::lang::Lang;
use crate::clock::rfc3339_ms;

/// The rooms of the simulator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Phones,
    Wire,
    Panel,
}

/// A whole page.
pub(super) fn page(lang: Lang, room: Room, title: &str, content: &Markup) -> Markup {
    let rooms = [
        (Room::Phones, "/", lang.say("Teléfonos", "Phones")),
        (Room::Wire, "/exchanges", lang.say("Cable", "Wire")),
        (Room::Panel, "/panel", lang.say("Fallos y reloj", "Faults and clock")),
    ];
    html! {
        (DOCTYPE)
        html lang=(lang.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (lang.say("Simulador", "Simulator")) }
                link rel="icon" href="/assets/simulator.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/simulator.css";
                script src="/assets/simulator.js" defer {}
            }
            body {
                header.top {
                    a.brand href="/" { img src="/assets/simulator.svg" alt="" width="20" height="20"; "Chaski" }
                    span.simulated { (lang.say("simulado", "simulated")) }
                    nav aria-label=(lang.say("Secciones", "Sections")) {
                        @for (place, href, name) in rooms {
                            a href=(href) aria-current=[(place == room).then_some("page")] { (name) }
                        }
                    }
                }
                main { (content) }
            }
        }
    }
}

/// A time of day with the exact time on focus.
pub(super) fn time(ms: i64) -> Markup {
    let exact = rfc3339_ms(ms);
    let clock = jiff::Timestamp::from_millisecond(ms)
        .map(|at| at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M").to_string())
        .unwrap_or_default();
    html! { time datetime=(exact) title=(exact) { (clock) } }
}
