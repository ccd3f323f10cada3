//! What WhatsApp carries, by whichever provider.

use crate::world::template;
use serde_json::{Value, json};

/// One of each: text, files, buttons, a list, and templates with every component.
pub fn one_of_each() -> Vec<Value> {
    let value = |text: &str| json!({"type": "text", "text": text});
    let body = |values: &[&str]| json!({"type": "body", "parameters": values.iter().map(|v| value(v)).collect::<Vec<_>>()});
    let header = |kind: &str, link: &str| json!({"type": "header", "format": kind, "parameters": [{"type": kind, kind: {"link": link}}]});
    let url = json!({"type": "buttons", "buttons": [{"type": "url", "text": "Ver mi pedido", "parameters": [value("0419")]}]});
    let attachment = |kind: &str| json!({"type": "attachment", "attachment": {"type": kind, "url": "https://ejemplo.ec/a.bin"}});
    let replies = |n: usize| (1..=n).map(|i| format!("Opción {i}")).collect::<Vec<_>>();
    vec![
        json!({"type": "text", "text": "hola"}),
        attachment("image"),
        attachment("video"),
        attachment("audio"),
        attachment("file"),
        json!({"type": "quick_reply", "title": "¿Vienes?", "replies": replies(3)}),
        json!({"type": "quick_reply", "title": "Elige", "replies": replies(9)}),
        template("bug_fixed", "es", json!([])),
        template("account100", "es", json!([body(&["1", "2", "3"])])),
        template("account_update_en", "es", json!([])),
        template(
            "delivery_order",
            "en",
            json!([header("image", "https://ejemplo.ec/a.png"), body(&["1", "2"])]),
        ),
        template("order_link", "es", json!([body(&["Ana"]), url])),
        template("confirm_visit", "es", json!([])),
        template(
            "invoice_ready",
            "es",
            json!([header("document", "https://ejemplo.ec/a.pdf"), body(&["Ana"])]),
        ),
        template("video_guide", "es", json!([header("video", "https://ejemplo.ec/a.mp4")])),
        template(
            "greeting_name",
            "es",
            json!([{"type": "header", "format": "text", "parameters": [value("Ana")]}]),
        ),
        template("welcome_named", "es", json!([body(&["Ana", "Ecuabots"])])),
    ]
}
