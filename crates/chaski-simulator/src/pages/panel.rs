//! `/panel`: faults on purpose and the clock.

use axum::extract::{Form, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::lang::Lang;
use super::layout::{Room, page as frame};
use crate::clock::{parse_span, rfc3339};
use crate::control::{Refused, read};
use crate::faults::Rule;
use crate::sim::Shared;
use crate::source::Source;

/// What can be made to happen with one choice: the value and what it says in both languages.
const PRESETS: [(&str, &str, &str); 22] = [
    (r#"{"code":131026}"#, "131026 · sin WhatsApp", "131026 · not on WhatsApp"),
    (r#"{"code":131047}"#, "131047 · fuera de la ventana", "131047 · outside the window"),
    (r#"{"code":131049}"#, "131049 · límite de marketing", "131049 · marketing limit"),
    (r#"{"code":131051}"#, "131051 · tipo no soportado", "131051 · unsupported type"),
    (r#"{"code":131053}"#, "131053 · archivo", "131053 · media"),
    (r#"{"code":131056}"#, "131056 · muchos a un contacto", "131056 · too many to one contact"),
    (r#"{"code":130429}"#, "130429 · ritmo", "130429 · throughput"),
    (r#"{"code":132000}"#, "132000 · número de parámetros", "132000 · parameter count"),
    (r#"{"code":132001}"#, "132001 · plantilla desconocida", "132001 · unknown template"),
    (r#"{"code":132012}"#, "132012 · formato", "132012 · format"),
    (r#"{"code":132015}"#, "132015 · plantilla en pausa", "132015 · paused template"),
    (r#"{"code":368}"#, "368 · bloqueo por políticas", "368 · policy block"),
    (r#"{"code":190}"#, "190 · credencial vencida", "190 · expired token"),
    (r#"{"httpStatus":500}"#, "HTTP 500", "HTTP 500"),
    (r#"{"httpStatus":429}"#, "HTTP 429", "HTTP 429"),
    (r#"{"delayMs":15000}"#, "Respuesta lenta (15 s)", "Slow answer (15 s)"),
    (r#"{"cut":"before"}"#, "Conexión cortada antes", "Connection cut before"),
    (r#"{"cut":"after"}"#, "Conexión cortada después", "Connection cut after"),
    (r#"{"receipts":"none"}"#, "Confirmaciones perdidas", "Receipts lost"),
    (r#"{"receipts":"double"}"#, "Confirmaciones dobles", "Receipts doubled"),
    (r#"{"receipts":"reorder"}"#, "Confirmaciones en desorden", "Receipts reordered"),
    (r#"{"receipts":"badSignature"}"#, "Firma incorrecta", "Wrong signature"),
];

/// The panel.
pub(super) async fn page(State(sim): State<Shared>, lang: Lang) -> Markup {
    let rules = sim.faults.list();
    let content = html! {
        h1 { (lang.say("Fallos y reloj", "Faults and clock")) }
        section.card {
            h2 { (lang.say("Reloj", "Clock")) }
            p { (lang.say("Hora simulada", "Simulated time")) ": " strong { (rfc3339(sim.clock.now_ms())) }
                " " span.soft { "(+" (sim.clock.offset_ms() / 1000) " s)" } }
            form.inline method="post" action="/panel/clock" {
                @for span in ["1h", "24h", "25h"] { button type="submit" name="preset" value=(span) { "+" (span) } }
                label for="advance" { (lang.say("Otro avance", "Another advance")) }
                input #advance name="advance" placeholder="1h30m";
                button.primary type="submit" { (lang.say("Avanzar el reloj", "Advance the clock")) }
            }
        }
        section.card {
            h2 { (lang.say("Fallo nuevo", "New fault")) }
            form.grid method="post" action="/panel/faults" { (fault_fields(lang)) }
        }
        section.card {
            h2 { (lang.say("Fallos activos", "Active faults")) }
            @if rules.is_empty() {
                p.soft { (lang.say("Ninguno: todo va bien.", "None: all goes well.")) }
            } @else {
                ol { @for rule in &rules { li { code { (serde_json::to_string(rule).unwrap_or_default()) } } } }
                form method="post" action="/panel/faults/clear" { button type="submit" { (lang.say("Quitar todos", "Remove all")) } }
            }
        }
    };
    frame(lang, Room::Panel, lang.say("Fallos y reloj", "Faults and clock"), &content)
}

fn fault_fields(lang: Lang) -> Markup {
    let texts = [
        ("recipient", lang.say("Destinatario", "Recipient"), "+593997333444"),
        ("template", lang.say("Plantilla", "Template"), "bug_fixed"),
        ("every", lang.say("Cada cuántas", "Every nth"), "2"),
        ("probability", lang.say("Probabilidad (0 a 1)", "Probability (0 to 1)"), "0.5"),
        ("seed", lang.say("Semilla", "Seed"), "7"),
    ];
    html! {
        label { (lang.say("Qué pasa", "What happens"))
            select name="act" { @for (value, es, en) in PRESETS { option value=(value) { (lang.say(es, en)) } } }
        }
        label { (lang.say("Proveedor", "Provider"))
            select name="provider" {
                option value="" { (lang.say("Todos", "All")) }
                @for source in Source::ALL { option value=(source.word()) { (source.name()) } }
            }
        }
        @for (name, label, example) in texts { label { (label) input name=(name) placeholder=(example); } }
        button.primary type="submit" { (lang.say("Añadir fallo", "Add fault")) }
    }
}

#[derive(Deserialize)]
pub(super) struct Advance {
    #[serde(default)]
    preset: String,
    #[serde(default)]
    advance: String,
}

pub(super) async fn advance(
    State(sim): State<Shared>,
    Form(form): Form<Advance>,
) -> Result<Response, Refused> {
    let wanted = if form.preset.is_empty() { &form.advance } else { &form.preset };
    let span = parse_span(wanted).ok_or_else(|| {
        Refused::bad(format!("A span is written such as 90s, 15m, 25h or 1h30m, not {wanted:?}"))
    })?;
    sim.clock.advance(span).await;
    sim.touch();
    Ok(Redirect::to("/panel").into_response())
}

/// Puts a rule before the others, so that it wins.
pub(super) async fn add_fault(
    State(sim): State<Shared>,
    Form(form): Form<Map<String, Value>>,
) -> Result<Response, Refused> {
    let field =
        |name: &str| form.get(name).and_then(Value::as_str).map(str::trim).filter(|value| !value.is_empty());
    let mut when = Map::new();
    for name in ["provider", "recipient", "template"] {
        if let Some(value) = field(name) {
            when.insert(name.to_owned(), json!(value));
        }
    }
    for name in ["every", "probability", "seed"] {
        if let Some(value) = field(name) {
            let number: Value = serde_json::from_str(value)
                .map_err(|_| Refused::bad(format!("`{name}` must be a number, not {value:?}")))?;
            when.insert(name.to_owned(), number);
        }
    }
    let act: Value = read(field("act").unwrap_or("{}").as_bytes())?;
    let rule: Rule = read(json!({"when": when, "do": act}).to_string().as_bytes())?;
    let rules = std::iter::once(rule).chain(sim.faults.list()).collect();
    sim.faults.replace(rules).map_err(Refused::bad)?;
    Ok(Redirect::to("/panel").into_response())
}

pub(super) async fn clear_faults(State(sim): State<Shared>) -> Result<Response, Refused> {
    sim.faults.replace(Vec::new()).map_err(Refused::bad)?;
    Ok(Redirect::to("/panel").into_response())
}
