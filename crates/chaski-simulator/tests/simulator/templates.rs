//! Template management: paging, filters, creation, deletion and the review's webhook.

use http::Method;
use serde_json::{Value, json};

use crate::support::{ANA, CLOUD, D360, Receiver, VONAGE, World, template};

fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|template| template["name"].as_str().unwrap().to_owned()).collect()
}

const ALL: [&str; 12] = [
    "account100",
    "account_update_en",
    "bug_fixed",
    "confirm_visit",
    "delivery_order",
    "greeting_name",
    "invoice_ready",
    "order_link",
    "paused_promo",
    "rejected_promo",
    "video_guide",
    "welcome_named",
];

#[tokio::test]
async fn meta_and_vonage_page_with_cursors_until_there_is_no_next() {
    let world = World::start().await;
    let cloud = format!(
        "{}/v23.0/{}/message_templates?limit=5",
        world.set(CLOUD, "base_url"),
        world.set(CLOUD, "waba_id")
    );
    let vonage = format!(
        "{}/v2/whatsapp-manager/wabas/{}/templates?limit=5",
        world.set(VONAGE, "base_url"),
        world.set(VONAGE, "waba_id")
    );
    for (source, key, first) in [(CLOUD, "data", cloud), (VONAGE, "templates", vonage)] {
        let (mut next, mut found, mut pages) = (Some(first), Vec::new(), 0);
        while let Some(url) = next {
            let page = world.api(source, Method::GET, &url, &Value::Null).await.json;
            found.extend(names(&page[key]));
            assert!(page["paging"]["cursors"]["after"].is_string());
            next = page["paging"]["next"].as_str().map(str::to_owned);
            pages += 1;
        }
        assert_eq!((pages, found), (3, ALL.map(str::to_owned).to_vec()), "{source}");
    }
}

#[tokio::test]
async fn meta_filters_and_selects_fields() {
    let world = World::start().await;
    let path =
        format!("/v23.0/{}/message_templates?status=PAUSED&fields=name,status", world.set(CLOUD, "waba_id"));
    let data = world.api(CLOUD, Method::GET, &path, &Value::Null).await.json["data"].clone();
    assert_eq!(data.as_array().unwrap().len(), 1);
    let fields: Vec<&String> = data[0].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["name", "status", "id"]);
    let path = format!("/v23.0/{}/message_templates?name=nothing", world.set(CLOUD, "waba_id"));
    assert_eq!(world.api(CLOUD, Method::GET, &path, &Value::Null).await.json, json!({"data": []}));
}

#[tokio::test]
async fn dialog360_pages_with_offsets_and_lower_case_statuses() {
    let world = World::start().await;
    let (mut offset, mut found) = (0, Vec::new());
    loop {
        let path = format!("/v1/configs/templates?limit=5&offset={offset}&sort=business_templates.name");
        let page = world.api(D360, Method::GET, &path, &Value::Null).await.json;
        assert_eq!((page["limit"].as_u64(), page["total"].as_u64()), (Some(5), Some(12)));
        found.extend(names(&page["waba_templates"]));
        offset += page["count"].as_u64().unwrap();
        if offset >= 12 {
            break;
        }
    }
    assert_eq!(found, ALL);
    let filtered = "/v1/configs/templates?filters=%7B%22status%22%3A%22rejected%22%7D";
    let page = world.api(D360, Method::GET, filtered, &Value::Null).await.json;
    assert_eq!(names(&page["waba_templates"]), ["rejected_promo"]);
    assert_eq!(page["waba_templates"][0]["status"], "rejected");
}

#[tokio::test]
async fn a_new_template_is_pending_until_somebody_approves_it() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    let new = json!({"name": "nueva", "language": "es_EC", "category": "utility", "components": [{"type": "body", "text": "Hola"}]});
    let path = format!("/v23.0/{}/message_templates", world.set(CLOUD, "waba_id"));
    let created = world.api(CLOUD, Method::POST, &path, &new).await.json;
    assert_eq!(
        (created["status"].as_str(), created["category"].as_str()),
        (Some("PENDING"), Some("UTILITY"))
    );
    let send = async || world.send(CLOUD, &template(CLOUD, ANA, "nueva", "es_EC", Value::Null)).await.status;
    assert_eq!(send().await, 404);
    let approval = json!({"source": CLOUD, "account": CLOUD, "templates": [{"name": "nueva", "language": "es_EC", "status": "APPROVED"}]});
    world.put("/sim/v1/templates", approval).await;
    let webhook = receiver.until("the review", |got| got.first().cloned()).await.json;
    let value = json!({
        "event": "APPROVED", "message_template_id": created["id"].as_str().unwrap().parse::<u64>().unwrap(),
        "message_template_name": "nueva", "message_template_language": "es-EC", "reason": "NONE", "message_template_category": "UTILITY",
    });
    assert_eq!(
        webhook["entry"][0]["changes"][0],
        json!({"value": value, "field": "message_template_status_update"})
    );
    assert_eq!(send().await, 200);
    let gone = world.api(CLOUD, Method::DELETE, &format!("{path}?name=nueva"), &Value::Null).await;
    assert_eq!(gone.json, json!({"success": true}));
    assert_eq!(send().await, 404);
}

#[tokio::test]
async fn dialog360_creates_and_deletes_in_its_own_form() {
    let world = World::start().await;
    let new = json!({"name": "nueva", "language": "es", "category": "UTILITY", "components": [{"type": "BODY", "text": "Hola"}]});
    let created = world.api(D360, Method::POST, "/v1/configs/templates", &new).await;
    assert_eq!((created.status, created.json["status"].as_str()), (201, Some("submitted")));
    let deleted = world.api(D360, Method::DELETE, "/v1/configs/templates/nueva", &Value::Null).await.json;
    assert_eq!(
        deleted,
        json!({"meta": {"developer_message": "template name=nueva was deleted", "http_code": 200, "success": true}})
    );
}

#[tokio::test]
async fn meta_counts_where_it_is_asked_to() {
    let world = World::start().await;
    let path = format!(
        "/v23.0/{}/message_templates?status=PAUSED&summary=total_count,message_template_count",
        world.set(CLOUD, "waba_id")
    );
    let summary = world.api(CLOUD, Method::GET, &path, &Value::Null).await.json["summary"].clone();
    assert_eq!(summary, json!({"total_count": 1, "message_template_count": ALL.len()}));
}
