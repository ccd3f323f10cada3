//! Sample data for the snapshots: one of everything, at fixed times.

use super::bubble::Bubble;
use super::channels::{ChannelRow, Channels};
use super::composer::Composer;
use super::contact_pane::{ContactPane, Line};
use super::delivery::{DeadRow, Delivery, QueueRow, UnknownRow};
use super::life::LifeView;
use super::list::{List, Row};
use super::page::{self, Room};
use super::state_of::State;
use super::templates::{TemplateRow, Templates};
use super::thread::Thread;
use super::words::Lang;
use super::words::tests::NOW;
use crate::timeline::{Life, Step, What};
use chaski_engine::plan::Window;
use chaski_model::address::{Address, AddressKind};
use chaski_model::message::*;
use chaski_model::template::*;
use chaski_model::{
    ChannelId, ChannelKind, ContactId, ErrorCode, Failure, FieldId, LaneId, MessageId, Rank, ReceiptKind,
    Timestamp,
};
use chaski_store::contacts::{Contact, KnownAddress, Lane};
use chaski_store::exchanges::Exchange;
use chaski_store::inbox::{Attempt, Conversation, Counts, Filter, Message, PartLife};
use chaski_store::outbox::{Origin, Resolved};
use chaski_store::upkeep::Cause;
use std::collections::BTreeMap;
use std::time::Duration;

fn ago(seconds: u64) -> Timestamp {
    NOW - Duration::from_secs(seconds)
}

fn message(id: i64, direction: Direction, content: Content) -> Message {
    let source = if direction == Direction::Inbound { "contact" } else { "api" };
    Message {
        id: MessageId(id),
        contact: ContactId(123),
        channel: ChannelId(1),
        direction,
        created_at: ago(600),
        content,
        resolved: None,
        origin: Origin { source: source.into(), ..Origin::default() },
        rank: Rank::Pending,
        unknown: false,
        sent_at: None,
        failed_at: None,
        delivered_at: None,
        read_at: None,
        provider_id: Some(format!("wamid.{id}")),
        error: None,
        blanked_at: None,
        media: None,
    }
}

/// A text from a contact.
pub(crate) fn inbound(id: i64, text: &str) -> Message {
    message(id, Direction::Inbound, Content::Text { text: text.into(), message_tag: None })
}

/// A text of ours that waits.
pub(crate) fn outbound(id: i64, text: &str) -> Message {
    message(id, Direction::Outbound, Content::Text { text: text.into(), message_tag: None })
}

/// A part in a state.
pub(crate) fn part(state: i64, due_at: Option<Timestamp>) -> PartLife {
    PartLife {
        delivery: 1,
        part: 1,
        state,
        due_at,
        aside: false,
        provider_id: None,
        attempts: Vec::new(),
        receipts: Vec::new(),
    }
}

pub(crate) fn contact() -> Contact {
    let known = |address, from: &str| KnownAddress {
        address,
        learned_at: ago(40 * 86_400),
        learned_from: from.into(),
    };
    let lane = |channel, last_in_at| Lane {
        id: LaneId(channel),
        channel: ChannelId(channel),
        address: "+593991112233".into(),
        last_in_at,
        last_at: None,
        closed_at: None,
        access: chaski_store::contacts::Access::Open,
        access_at: None,
        last_id: last_in_at.map(|_| MessageId(1)),
    };
    Contact {
        id: ContactId(123),
        first_name: "Ana".into(),
        last_name: Some("Torres".into()),
        language: None,
        profile_pic: None,
        country_code: None,
        status: "open".into(),
        tags: vec!["vip".into(), "envíos".into()],
        fields: BTreeMap::from([(FieldId(1).0, "Tejidos Andinos".into())]),
        lifecycle: None,
        assignee: None,
        created_at: ago(40 * 86_400),
        addresses: vec![
            known(
                Address { kind: AddressKind::Phone, scope: String::new(), value: "+593991112233".into() },
                "api",
            ),
            known(Address::bsuid("EC.1349120865530412"), "inbound"),
        ],
        lanes: vec![lane(1, Some(ago(600))), lane(2, None)],
        version: 0,
    }
}

fn rendered() -> Rendered {
    let button = |kind, text: &str, url: Option<&str>, phone: Option<&str>| RenderedButton {
        kind,
        text: text.into(),
        url: url.map(str::to_owned),
        phone_number: phone.map(str::to_owned),
    };
    Rendered {
        header: Some(RenderedHeader {
            format: HeaderFormat::Image,
            text: None,
            link: Some("https://picsum.photos/200/300".into()),
            filename: None,
            location: None,
        }),
        body: Some("Hola, *Ana*: tu pedido _0419_ está en camino.".into()),
        footer: Some("Para más consultas, responda a este mensaje.".into()),
        buttons: vec![
            button(ButtonKind::Url, "Seguimiento", Some("https://ejemplo.ec/s/0419"), None),
            button(ButtonKind::PhoneNumber, "Llamar", None, Some("+593991112233")),
            button(ButtonKind::QuickReply, "Cambiar dirección", None, None),
        ],
    }
}

fn template_message(id: i64) -> Message {
    let request =
        TemplateRequest { name: "delivery_order".into(), language: "es".into(), components: Vec::new() };
    let mut message = message(id, Direction::Outbound, Content::WhatsappTemplate(request));
    let difference = |component: &str, index, sent: Option<&str>, approved: Option<&str>| Difference {
        component: component.into(),
        index,
        sent: sent.map(str::to_owned),
        approved: approved.map(str::to_owned),
    };
    message.resolved = Some(Resolved {
        rendered: Some(rendered()),
        mark: Some(Mark::ApiTextDiffered),
        difference: vec![
            difference(
                "body",
                None,
                Some("Hola, Ana: tu pedido 0419  va en camino."),
                Some("Hola, Ana: tu pedido 0419 está en camino."),
            ),
            difference("footer", None, None, Some("Para más consultas, responda a este mensaje.")),
            difference("buttons", Some(0), Some("Seguir"), Some("Seguimiento")),
            difference("header", None, Some("Aviso"), None),
        ],
        notes: vec![Note::new(
            "filename_defaulted",
            "The document had no file name; it was sent as `300.jpg`.",
        )],
        ..Resolved::default()
    });
    message.rank = Rank::Read;
    message
}

fn failed(id: i64) -> Message {
    let mut message = outbound(id, "Hola {{1}}, tu cuenta…");
    message.rank = Rank::Failed;
    message.failed_at = Some(message.created_at);
    let failure = Failure::new(ErrorCode::TemplateRefused, "The body wants 3 values and got 2.");
    message.error = Some(failure.provider(132_000).at("body", Some(3), "/message/template"));
    message
}

fn media(kind: MediaKind) -> Media {
    Media {
        filename: Some("factura-0419.pdf".into()),
        mime: Some("application/pdf".into()),
        caption: Some("Su *factura*".into()),
        ..Media::link(kind, "https://ejemplo.ec/f/0419.pdf")
    }
}

fn received() -> Vec<Message> {
    let list = vec![
        Content::Attachment(media(MediaKind::File)),
        Content::Attachment(Media {
            link: None,
            voice: true,
            filename: None,
            caption: None,
            ..media(MediaKind::Audio)
        }),
        Content::Location {
            latitude: -0.180_653,
            longitude: -78.467_838,
            name: Some("La Carolina".into()),
            address: None,
        },
        Content::Contacts {
            cards: vec![ContactCard {
                name: "Luis Mena".into(),
                phones: vec!["+593985550134".into()],
                emails: Vec::new(),
            }],
        },
        Content::Reply { source: ReplySource::Template, title: "Cambiar dirección".into(), payload: None },
        Content::Reaction { emoji: Some("🙌".into()), target: Some("wamid.11".into()) },
        Content::Order {
            catalog_id: "c".into(),
            text: None,
            items: vec![OrderItem {
                product: "SKU-7".into(),
                quantity: "2".into(),
                price: "4.50".into(),
                currency: "USD".into(),
            }],
        },
        Content::Unsupported { what: "ephemeral".into(), detail: None },
    ];
    list.into_iter()
        .enumerate()
        .map(|(at, content)| message(20 + i64::try_from(at).unwrap(), Direction::Inbound, content))
        .collect()
}

fn bubble(message: Message, state: State) -> Bubble {
    let answers =
        matches!(message.content, Content::Reply { .. }).then(|| "Hola, Ana: tu pedido…".to_owned());
    Bubble {
        message,
        state,
        contact: "Ana Torres".into(),
        joined: false,
        selected: false,
        answers,
        media: None,
        csrf: "token".into(),
    }
}

/// A thread with one of everything.
pub(crate) fn thread() -> Thread {
    let mut first = inbound(10, "Hola, ¿dónde está mi pedido?\nhttps://ejemplo.ec/0419");
    first.created_at = ago(86_400);
    let mut by_person = outbound(30, "Ya lo reviso. <b>");
    by_person.origin = Origin {
        source: "user".into(),
        user: Some("Carla Paz".into()),
        user_id: Some(7),
        ..Origin::default()
    };
    let mut elsewhere = outbound(34, "Por otro canal");
    elsewhere.channel = ChannelId(2);
    let question = message(
        33,
        Direction::Outbound,
        Content::QuickReply {
            title: "¿Confirmas la visita?".into(),
            replies: vec!["Sí".into(), "No".into()],
        },
    );
    let mut bubbles = vec![bubble(first, State::Received), bubble(template_message(11), State::Read)];
    bubbles.extend(received().into_iter().map(|m| bubble(m, State::Received)));
    bubbles.extend([
        bubble(by_person, State::Delivered),
        bubble(outbound(31, "En cola"), State::Retrying(NOW + Duration::from_secs(42))),
        bubble(failed(32), State::Failed),
        bubble(question, State::Unknown),
        bubble(elsewhere, State::Queued),
    ]);
    Thread {
        contact: contact(),
        bubbles,
        names: BTreeMap::from([
            (ChannelId(1), ("Ventas".to_owned(), ChannelKind::Whatsapp360dialog)),
            (ChannelId(2), ("Soporte".to_owned(), ChannelKind::WhatsappVonage)),
        ]),
        older: true,
        newer: false,
        window: Some(Window { open: true, closes_at: Some(NOW + Duration::from_secs(11_520)) }),
        composer: Composer::Open {
            late: false,
            channel: "Ventas".into(),
            limit: 4096,
            draft: "Ya sale".into(),
            client: "client".into(),
            error: Some("No se envió.".into()),
        },
        held: vec![("Soporte".into(), Some(Failure::new(ErrorCode::CredentialsRefused, "401")))],
        filter: Filter::All,
        csrf: "token".into(),
    }
}

fn row(contact: Contact, last: Message, unread: i64, state: State) -> Row {
    let failed = last.rank == Rank::Failed;
    let conversation = Conversation { last_at: last.created_at, contact, last, unread, failed };
    Row { conversation, kind: Some(ChannelKind::Whatsapp360dialog), state, selected: false }
}

/// A list with a row of each sort.
pub(crate) fn list() -> List {
    let named =
        |id, name: &str| Contact { id: ContactId(id), first_name: name.into(), last_name: None, ..contact() };
    let mut yesterday = inbound(41, "¿Tienen en talla M?");
    yesterday.created_at = ago(86_400);
    let mut selected = row(contact(), template_message(40), 0, State::Read);
    selected.selected = true;
    List {
        filter: Filter::All,
        counts: Counts { all: 12_345, unread: 1, failed: 1 },
        rows: vec![
            selected,
            row(named(124, "Rosa Quishpe"), yesterday, 2, State::Received),
            row(named(125, "Luis Mena"), failed(42), 0, State::Failed),
            row(
                named(126, "+593 98 555 0134"),
                outbound(43, "x"),
                0,
                State::Retrying(NOW + Duration::from_secs(42)),
            ),
            row(named(127, "María Cedeño"), outbound(44, "x"), 0, State::Unknown),
        ],
        more: Some("1795356151000-127".into()),
        connected: true,
    }
}

fn attempt(number: u16, outcome: &str, status: Option<u16>, failure: Option<Failure>) -> Attempt {
    let begun_at = ago(600 - u64::from(number) * 60);
    let next_at = failure.is_some().then(|| begun_at + Duration::from_secs(60));
    Attempt {
        number,
        begun_at,
        ended_at: begun_at + Duration::from_millis(182),
        outcome: outcome.into(),
        http_status: status,
        failure,
        next_at,
    }
}

/// The life of a template that was retried, sent and read, with one receipt out of order.
pub(crate) fn life() -> LifeView {
    let exchange = Exchange {
        method: "POST".into(),
        url: "https://waba.example/messages".into(),
        headers: vec![("D360-API-KEY".into(), "***".into())],
        body: r#"{"to":"593991112233"}"#.into(),
        status: Some(200),
        response: r#"{"messages":[{"id":"wamid.11"}]}"#.into(),
        took_ms: 182,
    };
    let busy =
        Failure::new(ErrorCode::ProviderThrottled, "Too many").provider(130_429).words("Rate limit hit");
    let receipt =
        |kind, out_of_order| What::Receipt { kind, provider_at: ago(100), out_of_order, failure: None };
    let step = |seconds, what| Step { at: ago(seconds), what };
    let steps = vec![
        step(600, What::Accepted { by: "tienda".into(), idempotent: true, notes: 1 }),
        step(
            600,
            What::Routed {
                channel: "Ventas".into(),
                route: "last_interacted".into(),
                window_closes_at: Some(NOW),
            },
        ),
        step(
            540,
            What::Attempt {
                part: 1,
                attempt: attempt(1, "slow_down", Some(429), Some(busy)),
                exchange: None,
            },
        ),
        step(
            480,
            What::Attempt {
                part: 1,
                attempt: attempt(2, "sent", Some(200), None),
                exchange: Some(Box::new(exchange)),
            },
        ),
        step(480, What::Taken { provider_id: "wamid.11".into() }),
        step(100, receipt(ReceiptKind::Read, false)),
        step(99, receipt(ReceiptKind::Delivered, true)),
    ];
    LifeView { life: Life { message: template_message(11), steps }, state: State::Read }
}

/// The contact with an open and an unused channel.
pub(crate) fn contact_pane() -> ContactPane {
    let line = |name: &str, kind, last_at, window, held| Line {
        name: name.into(),
        kind,
        address: "+593991112233".into(),
        last_at,
        window,
        held,
    };
    ContactPane {
        contact: Contact { lifecycle: Some("Cliente".into()), ..contact() },
        assignee: Some("Lucía Mora".into()),
        fields: vec![("Empresa".into(), "Tejidos Andinos".into())],
        lines: vec![
            line(
                "Ventas",
                ChannelKind::Whatsapp360dialog,
                Some(ago(600)),
                Some(Window { open: true, closes_at: Some(NOW + Duration::from_secs(3600)) }),
                false,
            ),
            line(
                "Soporte",
                ChannelKind::WhatsappVonage,
                None,
                Some(Window { open: false, closes_at: None }),
                true,
            ),
        ],
    }
}

/// The Channels room with one that works and one that is held.
pub(crate) fn channels(lang: Lang, manages: bool) -> Channels {
    let row = |id, name: &str, state: &str| ChannelRow {
        id: ChannelId(id),
        name: name.into(),
        kind: ChannelKind::Whatsapp360dialog,
        sender: "593990000000".into(),
        state: state.into(),
        held: None,
        held_at: None,
        synced_at: Some(ago(300)),
        sync_error: None,
        mailbox_error: None,
        templates: 12,
    };
    let held = ChannelRow {
        held: Some(Failure::new(ErrorCode::CredentialsRefused, "401")),
        held_at: Some(ago(1200)),
        synced_at: None,
        sync_error: Some("The provider refused the credentials.".into()),
        mailbox_error: Some("There is no such folder: Entrada".into()),
        ..row(2, "Soporte", "held")
    };
    Channels {
        frame: page::tests::frame(lang, Room::Channels),
        rows: vec![row(1, "Ventas", "connected"), held],
        manages,
        told: None,
    }
}

/// The Delivery room.
pub(crate) fn delivery(lang: Lang, manages: bool) -> Delivery {
    let queue = |id, name: &str, state: &str| QueueRow {
        id: ChannelId(id),
        name: name.into(),
        kind: ChannelKind::Whatsapp360dialog,
        state: state.into(),
        held: None,
        queued: 0,
        oldest: None,
        silent_since: None,
    };
    let held = QueueRow {
        held: Some(Failure::new(ErrorCode::CredentialsRefused, "401")),
        queued: 12,
        oldest: Some(ago(3600)),
        ..queue(2, "Soporte", "held")
    };
    let silent = QueueRow { silent_since: Some(ago(2400)), ..queue(3, "Avisos", "connected") };
    let failure = Failure::new(ErrorCode::WindowClosed, "131047").provider(131_047);
    Delivery {
        frame: page::tests::frame(lang, Room::Delivery),
        queues: vec![queue(1, "Ventas", "connected"), held, silent],
        unknown: vec![UnknownRow {
            message: MessageId(9001),
            contact: ContactId(123),
            name: "Ana Torres".into(),
            channel: "Ventas".into(),
            since: ago(600),
            why: Some("The connection broke after the request went out.".into()),
        }],
        dead: vec![DeadRow {
            cause: Cause {
                channel: ChannelId(1),
                code: "window_closed".into(),
                provider_code: Some(131_047),
            },
            channel: "Ventas".into(),
            can_go: true,
            messages: 41,
            first_at: ago(86_400),
            last_at: ago(300),
            sample: Some("/messages/123/9002".into()),
            failure: Some(failure),
        }],
        manages,
        told: None,
    }
}

/// The Templates room.
pub(crate) fn templates(lang: Lang) -> Templates {
    let definition = Definition {
        name: "confirm_visit".into(),
        language: "es".into(),
        status: TemplateStatus::Approved,
        category: "UTILITY".into(),
        parameter_format: ParameterFormat::Positional,
        header: Some(Header { format: HeaderFormat::Text, text: Some("Visita".into()), link: None }),
        body: Some("Hola {{1}}, ¿confirmas?".into()),
        footer: None,
        buttons: vec![ButtonDefinition {
            kind: ButtonKind::QuickReply,
            text: "Sí".into(),
            url: None,
            phone_number: None,
        }],
        unsupported: Vec::new(),
        external_id: None,
        rejected_reason: None,
        flat: None,
    };
    let rejected = Definition {
        name: "rejected_promo".into(),
        status: TemplateStatus::Rejected,
        rejected_reason: Some("TAG_CONTENT_MISMATCH".into()),
        ..definition.clone()
    };
    let row = |definition| TemplateRow { definition, version: 2, channels: vec!["Ventas".into()] };
    Templates { frame: page::tests::frame(lang, Room::Templates), rows: vec![row(definition), row(rejected)] }
}
