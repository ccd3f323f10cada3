//! The document's questions and answers, each as a fact on each channel: what the phone shows, what
//! the API answers, what Messages shows.

use e2e::world::{PHONE, template};
use e2e::{Channel, World, on_every_whatsapp, until};
use serde_json::{Value, json};

const BUG_FIXED: &str = "¡Buenas noticias! 😀. Hemos arreglado el error que reportaste, por favor haz algunas pruebas y cuéntanos cómo funcionó.";
const DELIVERY: &str = "está en camino. Para realizar un seguimiento de su entrega";

fn texts(values: &[&str]) -> Value {
    values.iter().map(|text| json!({"type": "text", "text": text})).collect()
}

fn body(values: &[&str]) -> Value {
    json!({"type": "body", "parameters": texts(values)})
}

fn image_header(link: &str) -> Value {
    json!({"type": "header", "format": "image", "parameters": [{"type": "image", "image": {"link": link}}]})
}

/// Sent, and Messages shows it with this mark (empty: none).
async fn shown(world: &World, id: i64, mark: &str, texts: &[&str]) {
    let message = world.message(id).await;
    assert_eq!(message["mark"].as_str().unwrap_or(""), mark, "{message}");
    let inbox = world.inbox().await;
    let bubble = inbox.bubble(id).await;
    assert_eq!(bubble.mark, mark);
    assert!(["delivered", "read"].contains(&bubble.status.as_str()), "{}", bubble.status);
    let text = bubble.text();
    for wanted in texts {
        assert!(text.contains(wanted), "Messages shows {wanted:?}: {text}");
    }
    assert!(text.contains("Enviado desde la API de mensajería"), "{text}");
}

/// Refused with 400 and the provider's code, recorded as failed, and nothing reaches the phone.
async fn refused(world: &World, channel: &Channel, message: Value, code: i64, component: &str) {
    let before = world.phone(PHONE).await.len();
    let answer = world.send(channel, message).await;
    let told = answer.json();
    assert_eq!(answer.status, 400, "{told}");
    assert_eq!(told["code"], 400);
    assert_eq!(told["providerCode"], code, "{told}");
    assert_eq!(told["component"], component, "{told}");
    let id = told["messageId"].as_i64().expect("it is recorded");
    let recorded = world.message(id).await;
    let last = recorded["status"].as_array().and_then(|list| list.last()).cloned().unwrap_or_default();
    assert_eq!(last["value"], "failed");
    assert!(last["message"].as_str().unwrap_or("").starts_with(&format!("{code}: ")), "{last}");
    assert_eq!(recorded["error"]["providerCode"], code);
    let inbox = world.inbox().await;
    let bubble = inbox.bubble(id).await;
    assert_eq!(bubble.status, "failed");
    assert!(bubble.text().contains(&code.to_string()), "{}", bubble.text());
    assert_eq!(world.phone(PHONE).await.len(), before, "nothing reaches the phone");
}

fn difference<'a>(message: &'a Value, component: &str) -> Vec<&'a Value> {
    message["difference"].as_array().into_iter().flatten().filter(|d| d["component"] == component).collect()
}

on_every_whatsapp! {
    async fn a_text_that_differs_is_sent_as_approved(world, channel) {
        let components = json!([{"type": "body", "text": "Ya lo arreglamos, pruébalo."}]);
        let id = world.sent_template(channel, "bug_fixed", "es", components).await;
        assert_eq!(world.on_phone(id).await["body"], BUG_FIXED);
        shown(world, id, "api_text_differed", &[BUG_FIXED]).await;
        let message = world.message(id).await;
        assert_eq!(difference(&message, "body")[0]["sent"], "Ya lo arreglamos, pruébalo.");
        assert_eq!(difference(&message, "body")[0]["approved"], BUG_FIXED);
    }

    async fn a_text_that_is_the_approved_one_has_no_mark(world, channel) {
        let id = world.sent_template(channel, "bug_fixed", "es", json!([{"type": "body", "text": BUG_FIXED}])).await;
        assert_eq!(world.on_phone(id).await["body"], BUG_FIXED);
        shown(world, id, "", &[BUG_FIXED]).await;
    }

    async fn an_omitted_text_is_sent_and_shown_whole(world, channel) {
        let id = world.sent_template(channel, "bug_fixed", "es", json!([])).await;
        assert_eq!(world.on_phone(id).await["body"], BUG_FIXED);
        shown(world, id, "text_omitted", &[BUG_FIXED]).await;
    }

    async fn omitted_formatting_is_a_difference(world, channel) {
        world.approve(channel, json!({
            "name": "formatted", "language": "es", "status": "APPROVED", "category": "UTILITY",
            "components": [{"type": "BODY", "text": "*Hola*, tu cuenta está _lista_."}],
        })).await;
        let components = json!([{"type": "body", "text": "Hola, tu cuenta está lista."}]);
        let id = world.sent_template(channel, "formatted", "es", components).await;
        assert_eq!(world.on_phone(id).await["body"], "*Hola*, tu cuenta está _lista_.");
        shown(world, id, "api_text_differed", &["Hola , tu cuenta está lista ."]).await;
    }

    async fn body_text_omitted_with_the_right_parameters_is_sent(world, channel) {
        let id = world.sent_template(channel, "account100", "es", json!([body(&["Ana", "90 %", "hoy"])])).await;
        let text = "Hola, Ana, tu cuenta ha alcanzado 90 % de tu límite de contactos.";
        assert!(world.on_phone(id).await["body"].as_str().unwrap_or("").starts_with(text));
        shown(world, id, "text_omitted", &[text]).await;
    }

    async fn missing_body_parameters_are_refused(world, channel) {
        refused(world, channel, template("account100", "es", json!([body(&["Ana"])])), 132_000, "body").await;
        refused(world, channel, template("account100", "es", json!([])), 132_000, "body").await;
    }

    async fn one_body_parameter_too_many_is_refused(world, channel) {
        let four = template("account100", "es", json!([body(&["1", "2", "3", "4"])]));
        refused(world, channel, four, 132_000, "body").await;
        let none_wanted = template("bug_fixed", "es", json!([body(&["1"])]));
        refused(world, channel, none_wanted, 132_000, "body").await;
    }

    async fn a_body_parameter_of_the_wrong_kind_is_refused(world, channel) {
        let image = json!({"type": "image", "image": {"link": "https://ejemplo.ec/a.png"}});
        let components = json!([{"type": "body", "parameters": [image, {"type": "text", "text": "2"}, {"type": "text", "text": "3"}]}]);
        refused(world, channel, template("account100", "es", components), 132_012, "body").await;
    }

    async fn an_empty_value_is_refused(world, channel) {
        refused(world, channel, template("account100", "es", json!([body(&["Ana", "", "hoy"])])), 131_008, "body").await;
    }

    async fn a_text_header_takes_exactly_its_value(world, channel) {
        let header = |values: &[&str]| json!({"type": "header", "format": "text", "parameters": texts(values)});
        refused(world, channel, template("greeting_name", "es", json!([])), 132_000, "header").await;
        refused(world, channel, template("greeting_name", "es", json!([header(&["Ana", "Luis"])])), 132_000, "header").await;
        let image = json!([image_header("https://ejemplo.ec/a.png")]);
        refused(world, channel, template("greeting_name", "es", image), 132_012, "header").await;
        let id = world.sent_template(channel, "greeting_name", "es", json!([header(&["Ana"])])).await;
        assert!(world.on_phone(id).await["header"].to_string().contains("Ana"));
    }

    async fn a_dynamic_url_button_takes_exactly_its_value(world, channel) {
        let button = |values: &[&str]| json!({"type": "buttons", "buttons": [{"type": "url", "text": "Ver mi pedido", "parameters": texts(values)}]});
        refused(world, channel, template("order_link", "es", json!([body(&["Ana"])])), 131_008, "buttons").await;
        let two = template("order_link", "es", json!([body(&["Ana"]), button(&["17", "18"])]));
        refused(world, channel, two, 132_000, "buttons").await;
        let image = json!({"type": "buttons", "buttons": [{"type": "url", "text": "Ver mi pedido",
            "parameters": [{"type": "image", "image": {"link": "https://ejemplo.ec/a.png"}}]}]});
        refused(world, channel, template("order_link", "es", json!([body(&["Ana"]), image])), 132_012, "buttons").await;
        let id = world.sent_template(channel, "order_link", "es", json!([body(&["Ana"]), button(&["0419"])])).await;
        let phone = world.on_phone(id).await;
        assert!(phone["buttons"][0]["url"].as_str().unwrap_or("").ends_with("/0419"), "{phone}");
    }

    async fn a_deleted_custom_field_is_sent_as_it_is_written(world, channel) {
        let made = world.admin("POST", "/fields", json!({"name": "Ciudad", "dataType": "text"})).await;
        assert_eq!(made.status, 200, "{}", made.text());
        assert_eq!(world.admin("DELETE", "/fields/ciudad", Value::Null).await.status, 200);
        let id = world.sent_template(channel, "account100", "es", json!([body(&["@field.ciudad", "@field.company", "@contact.firstName"])])).await;
        let text = "Hola, @field.ciudad, tu cuenta ha alcanzado Ecuabots de tu límite";
        assert!(world.on_phone(id).await["body"].as_str().unwrap_or("").starts_with(text));
        shown(world, id, "text_omitted", &[text]).await;
        assert_eq!(world.message(id).await["notes"][0]["code"], "unknown_field");
    }

    async fn formatted_values_pass_through(world, channel) {
        let values = ["*Ana*", "_90_", "~no~ ```sí```"];
        let id = world.sent_template(channel, "account100", "es", json!([body(&values)])).await;
        let phone = world.on_phone(id).await;
        for value in values {
            assert!(phone["body"].as_str().unwrap_or("").contains(value), "{phone}");
        }
        let html = world.inbox().await.bubble(id).await.html;
        assert!(html.contains("<strong>Ana</strong>") || html.contains("<b>Ana</b>"), "{html}");
    }

    async fn values_with_line_breaks_are_sent_with_single_spaces(world, channel) {
        let id = world.sent_template(channel, "account100", "es", json!([body(&["Ana\nTorres", "90\t%", "hoy     mismo"])])).await;
        let phone = world.on_phone(id).await;
        let text = phone["body"].as_str().unwrap_or("");
        assert!(text.contains("Ana Torres") && text.contains("90 %") && text.contains("hoy mismo"), "{text}");
    }

    async fn a_static_header_left_out_is_delivered(world, channel) {
        let components = json!([{"type": "body", "text": "Hola, tu cuenta ha sido actualizada."}]);
        let id = world.sent_template(channel, "account_update_en", "es", components).await;
        let phone = world.on_phone(id).await;
        assert!(phone["header"].to_string().contains("El equipo de Ecuabots está aquí para usted"), "{phone}");
        shown(world, id, "text_omitted", &["El equipo de Ecuabots está aquí para usted"]).await;
        let message = world.message(id).await;
        assert_eq!(difference(&message, "header")[0]["sent"], Value::Null);
    }

    async fn a_media_header_needs_its_parameter(world, channel) {
        refused(world, channel, template("delivery_order", "en", json!([body(&["Ana", "0419"])])), 132_012, "header").await;
        let video = json!({"type": "header", "format": "video", "parameters": [{"type": "video", "video": {"link": "https://ejemplo.ec/a.mp4"}}]});
        refused(world, channel, template("delivery_order", "en", json!([video, body(&["Ana", "0419"])])), 132_012, "header").await;
    }

    async fn an_image_and_a_video_need_no_filename(world, channel) {
        let image = json!([image_header("https://ejemplo.ec/foto.png"), body(&["Ana", "0419"])]);
        let id = world.sent_template(channel, "delivery_order", "en", image).await;
        assert_eq!(world.on_phone(id).await["media"]["type"], "image");
        let video = json!([{"type": "header", "format": "video", "parameters": [{"type": "video", "video": {"link": "https://ejemplo.ec/guia.mp4"}}]}]);
        let id = world.sent_template(channel, "video_guide", "es", video).await;
        assert_eq!(world.on_phone(id).await["media"]["type"], "video");
        shown(world, id, "text_omitted", &[]).await;
    }

    async fn a_document_without_filename_is_named_after_its_link(world, channel) {
        let document = |document: Value| json!([
            {"type": "header", "format": "document", "parameters": [{"type": "document", "document": document}]},
            body(&["Ana"]),
        ]);
        let unnamed = document(json!({"link": "https://ejemplo.ec/docs/Factura%20001.pdf?x=1"}));
        let id = world.sent_template(channel, "invoice_ready", "es", unnamed).await;
        assert_eq!(world.on_phone(id).await["media"]["filename"], "Factura 001.pdf");
        shown(world, id, "text_omitted", &["Factura 001.pdf"]).await;
        let named = document(json!({"link": "https://ejemplo.ec/docs/1.pdf", "filename": "Mi factura.pdf"}));
        let id = world.sent_template(channel, "invoice_ready", "es", named).await;
        // Twilio has no field for the name; whoever sends is told.
        let is_carried = channel.source != "twilio_whatsapp";
        let name = if is_carried { "Mi factura.pdf" } else { "1.pdf" };
        assert_eq!(world.on_phone(id).await["media"]["filename"], name);
        let notes = world.message(id).await["notes"].to_string();
        assert_eq!(notes.contains("filename_not_carried"), !is_carried, "{notes}");
    }

    async fn a_link_that_is_no_link_is_refused_and_not_recorded(world, channel) {
        let before = world.api("GET", "/contact/id:123/message/list", Value::Null).await.json()["items"].as_array().map_or(0, Vec::len);
        for link in ["ftp://ejemplo.ec/a.png", "no es un enlace", "https://"] {
            let components = json!([image_header(link), body(&["Ana", "0419"])]);
            let answer = world.send(channel, template("delivery_order", "en", components)).await;
            assert_eq!(answer.status, 400, "{link}: {}", answer.text());
            assert_eq!(answer.json()["error"], "media_link_invalid");
            assert!(answer.json().get("messageId").is_none());
        }
        let after = world.api("GET", "/contact/id:123/message/list", Value::Null).await.json()["items"].as_array().map_or(0, Vec::len);
        assert_eq!(before, after);
    }

    async fn a_link_that_does_not_resolve_fails_in_words(world, channel) {
        let components = json!([image_header("https://no-existe.invalid/a.png"), body(&["Ana", "0419"])]);
        let id = world.sent_template(channel, "delivery_order", "en", components).await;
        let message = world.reaches(id, "failed").await;
        let wanted = match channel.source.as_str() {
            "nexmo_whatsapp" => 1380,
            "twilio_whatsapp" => 63_019,
            _ => 131_053,
        };
        assert_eq!(message["error"]["providerCode"], wanted, "{message}");
        assert_eq!(world.inbox().await.bubble(id).await.status, "failed");
    }

    async fn buttons_left_out_or_partial_are_delivered(world, channel) {
        let rest = [image_header("https://ejemplo.ec/a.png"), body(&["Ana", "0419"])];
        let partial = json!([rest[0], rest[1], {"type": "buttons", "buttons": [{"type": "phone_number", "text": "Servicio al cliente", "phone_number": "+593997333444"}]}]);
        for components in [json!(rest), partial] {
            let id = world.sent_template(channel, "delivery_order", "en", components).await;
            let phone = world.on_phone(id).await;
            let labels: Vec<_> = phone["buttons"].as_array().into_iter().flatten().map(|b| b["text"].clone()).collect();
            assert_eq!(labels, ["Seguimiento de su paquete", "Servicio al cliente"]);
            shown(world, id, "text_omitted", &["Seguimiento de su paquete", "Servicio al cliente", DELIVERY]).await;
        }
    }

    async fn quick_replies_left_out_partial_or_different_are_delivered(world, channel) {
        let approved = world.on_phone(world.sent_template(channel, "confirm_visit", "es", json!([])).await).await["buttons"].clone();
        let labels: Vec<String> = approved.as_array().into_iter().flatten().map(|b| b["text"].as_str().unwrap_or("").to_owned()).collect();
        assert_eq!(labels.len(), 3);
        let reply = |text: &str| json!({"type": "quick_reply", "text": text});
        let partial = json!([{"type": "buttons", "buttons": [reply(&labels[0])]}]);
        let different = json!([{"type": "buttons", "buttons": [reply("Quizás"), reply("Nunca"), reply("Siempre")]}]);
        for (components, mark) in [(partial, "text_omitted"), (different, "api_text_differed")] {
            let id = world.sent_template(channel, "confirm_visit", "es", components).await;
            assert_eq!(world.on_phone(id).await["buttons"], approved);
            let wanted: Vec<&str> = labels.iter().map(String::as_str).collect();
            shown(world, id, mark, &wanted).await;
            assert!(!difference(&world.message(id).await, "buttons").is_empty());
        }
    }

    async fn a_footer_left_out_or_different_is_delivered(world, channel) {
        let whole = |footer: Option<&str>| {
            let mut components = vec![
                json!({"type": "header", "format": "text", "text": "El equipo de Ecuabots está aquí para usted"}),
                json!({"type": "body", "text": "Hola, tu cuenta ha sido actualizada."}),
                json!({"type": "buttons", "buttons": [{"type": "url", "text": "Visítanos", "url": "https://www.ecuabots.com/"}]}),
            ];
            components.extend(footer.map(|text| json!({"type": "footer", "text": text})));
            json!(components)
        };
        let cases = [(None, "text_omitted"), (Some("Saludos"), "api_text_differed"), (Some("Que tenga un lindo día"), "")];
        for (footer, mark) in cases {
            let id = world.sent_template(channel, "account_update_en", "es", whole(footer)).await;
            assert_eq!(world.on_phone(id).await["footer"], "Que tenga un lindo día");
            shown(world, id, mark, &["Que tenga un lindo día"]).await;
        }
    }

    async fn templates_that_are_not_approved_are_refused_with_their_reason(world, channel) {
        for (name, code) in [("paused_promo", 132_015), ("rejected_promo", 132_001)] {
            let answer = world.send(channel, template(name, "es", json!([]))).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
            assert_eq!(answer.json()["providerCode"], code);
            assert!(answer.json()["messageId"].is_i64());
        }
    }

    async fn an_unknown_template_is_decided_after_one_resync(world, channel) {
        let before = world.catalogue_calls(channel).await;
        for _ in 0..2 {
            let id = world.sent_template(channel, "nobody_knows", "es", json!([])).await;
            let message = world.reaches(id, "failed").await;
            assert_eq!(message["error"]["providerCode"], 132_001);
            let made = world.catalogue_calls(channel).await - before;
            assert_eq!(made, 1, "the first send asks once; within five minutes the catalogue at hand decides");
        }
    }

    async fn named_parameters_are_filled_by_name_and_by_order(world, channel) {
        let id = world.sent_template(channel, "welcome_named", "es", json!([body(&["Ana", "Quito"])])).await;
        let phone = until("the named template arrives", || async {
            let message = world.message(id).await;
            match e2e::world::current(&message) {
                "delivered" => Some(world.on_phone(id).await),
                "failed" => panic!("{message}"),
                _ => None,
            }
        })
        .await;
        assert!(phone["body"].as_str().unwrap_or("").contains("Ana"), "{phone}");
    }
}
