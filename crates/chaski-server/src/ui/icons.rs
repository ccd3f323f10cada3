//! The few pictures, drawn as lines in the current colour.

use maud::{Markup, PreEscaped, html};

/// A picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    Mark,
    Messages,
    Channels,
    Templates,
    Delivery,
    Person,
    Clock,
    Retry,
    Tick,
    Ticks,
    Warning,
    Question,
    Link,
    Phone,
    Answer,
    Back,
    Close,
    Image,
    Video,
    Audio,
    File,
    Place,
    Cart,
}

const fn paths(icon: Icon) -> &'static str {
    match icon {
        Icon::Mark => {
            r#"<g stroke-width="1.7"><path d="M2 4h16M5 4v13M10 4v13M15 4v13"/></g><g fill="currentColor" stroke="none"><circle cx="5" cy="14" r="2.4"/><circle cx="10" cy="11" r="2.4"/><circle cx="15" cy="8" r="2.4"/></g>"#
        }
        Icon::Messages => r#"<path d="M3 4h14v10H8l-4 3v-3H3z"/>"#,
        Icon::Channels => {
            r#"<circle cx="5" cy="10" r="2"/><circle cx="15" cy="5" r="2"/><circle cx="15" cy="15" r="2"/><path d="M7 9l6-3M7 11l6 3"/>"#
        }
        Icon::Templates => r#"<path d="M4 3h12v14H4zM4 8h12M7 12h6"/>"#,
        Icon::Delivery => {
            r#"<path d="M2 6h9v8H2zM11 9h4l3 3v2h-7z"/><circle cx="5.500" cy="15" r="1.500"/><circle cx="14.500" cy="15" r="1.500"/>"#
        }
        Icon::Person => r#"<circle cx="10" cy="7" r="3"/><path d="M4 17c0-3.3 2.7-5 6-5s6 1.7 6 5"/>"#,
        Icon::Clock => r#"<circle cx="10" cy="10" r="6.5"/><path d="M10 6v4l3 2"/>"#,
        Icon::Retry => r#"<path d="M15.5 7A6.5 6.5 0 1 0 16.500 11"/><path d="M16 3v4h-4"/>"#,
        Icon::Tick => r#"<path d="M4 11l4 4 8-9"/>"#,
        Icon::Ticks => r#"<path d="M1 11l4 4 8-9M8.500 13.500L10 15l8-9"/>"#,
        Icon::Warning => r#"<path d="M10 3l8 14H2zM10 8v4M10 14.500v.1"/>"#,
        Icon::Question => {
            r#"<circle cx="10" cy="10" r="7"/><path d="M7.800 8a2.200 2.200 0 1 1 3.200 2c-.8.400-1 .8-1 1.500M10 13.800v.1"/>"#
        }
        Icon::Link => r#"<path d="M7 13l7-7M8 6h6v6"/>"#,
        Icon::Phone => {
            r#"<path d="M5 3l3 1 1 4-2 1.500a10 10 0 0 0 4 4L12.500 11.500l4 1 .5 3.500c-7 1.500-14.500-6-13-13z"/>"#
        }
        Icon::Answer => r#"<path d="M8 5L3 10l5 5M3 10h9a5 5 0 0 1 5 5"/>"#,
        Icon::Back => r#"<path d="M12 4l-6 6 6 6"/>"#,
        Icon::Close => r#"<path d="M5 5l10 10M15 5L5 15"/>"#,
        Icon::Image => r#"<path d="M3 4h14v12H3zM3 14l4-4 3 3 3-3 4 4"/><circle cx="7" cy="7.500" r="1"/>"#,
        Icon::Video => r#"<path d="M3 5h14v10H3zM8.500 7.500v5l4-2.500z"/>"#,
        Icon::Audio => r#"<path d="M4 8v4M7 5v10M10 7v6M13 4v12M16 8v4"/>"#,
        Icon::File => r#"<path d="M5 2h7l4 4v12H5zM12 2v4h4"/>"#,
        Icon::Place => {
            r#"<path d="M10 18c4-4.500 6-7 6-10a6 6 0 1 0-12 0c0 3 2 5.500 6 10z"/><circle cx="10" cy="8" r="2"/>"#
        }
        Icon::Cart => {
            r#"<path d="M2 3h3l2 9h8l2-6H6"/><circle cx="8" cy="16" r="1"/><circle cx="14" cy="16" r="1"/>"#
        }
    }
}

/// The picture, hidden from screen readers: words always stand beside it.
pub(crate) fn icon(icon: Icon) -> Markup {
    html! {
        svg.i aria-hidden="true" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" {
            (PreEscaped(paths(icon)))
        }
    }
}
