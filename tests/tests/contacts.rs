//! Contacts by `/v2`: changed, listed, tagged, moved through their lifecycle.

use e2e::World;
use serde_json::{Value, json};

/// Makes a contact and returns its number.
async fn made(world: &World, phone: &str, fields: Value) -> i64 {
    let place = format!("/contact/create_or_update/phone:{phone}");
    let answer = world.api("POST", &place, fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["contactId"].as_i64().expect("a number")
}

async fn contact(world: &World, id: i64) -> Value {
    world.api("GET", &format!("/contact/id:{id}"), Value::Null).await.json()
}

/// The numbers of a list's contacts.
fn ids(list: &Value) -> Vec<i64> {
    list["items"].as_array().expect("items").iter().map(|one| one["id"].as_i64().expect("a number")).collect()
}

fn condition(category: &str, field: Value, operator: &str, value: Value) -> Value {
    json!({"category": category, "field": field, "operator": operator, "value": value})
}

#[tokio::test]
async fn an_update_changes_what_is_given_and_nothing_else() {
    let world = World::demo().await;
    let id = made(
        &world,
        "+593990000001",
        json!({"firstName": "Eva", "lastName": "Sol", "email": "eva@ejemplo.ec"}),
    )
    .await;
    let place = format!("/contact/id:{id}");
    let given = json!({"lastName": "Luna", "language": "es", "custom_fields": [{"name": "company", "value": "ACME"}]});
    let answer = world.api("PUT", &place, given).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"contactId": id})));
    let now = contact(&world, id).await;
    assert_eq!(
        (&now["firstName"], &now["lastName"], &now["language"]),
        (&json!("Eva"), &json!("Luna"), &json!("es"))
    );
    assert_eq!((&now["phone"], &now["email"]), (&json!("+593990000001"), &json!("eva@ejemplo.ec")));
    assert!(now["custom_fields"].as_array().unwrap().iter().any(|field| field["value"] == "ACME"), "{now}");
    world.api("PUT", &place, json!({"email": null, "lastName": "", "phone": "+593990000009"})).await;
    let now = contact(&world, id).await;
    assert_eq!(
        (&now["email"], &now["lastName"], &now["phone"]),
        (&Value::Null, &Value::Null, &json!("+593990000009"))
    );
    let other = made(&world, "+593990000002", json!({"firstName": "Otra"})).await;
    let taken = world.api("PUT", &format!("/contact/id:{other}"), json!({"phone": "+593990000009"})).await;
    assert_eq!((taken.status, &taken.json()["error"]), (409, &json!("contact_exists")));
    let odd = world.api("PUT", &place, json!({"phone": "abc", "language": 7})).await.json();
    let pointers: Vec<&str> =
        odd["errors"].as_array().unwrap().iter().filter_map(|e| e["pointer"].as_str()).collect();
    assert_eq!(
        (odd["code"].as_i64(), pointers.contains(&"/phone"), pointers.contains(&"/language")),
        (Some(400), true, true)
    );
    assert_eq!(world.api("PUT", "/contact/id:999999", json!({"firstName": "x"})).await.status, 404);
}

#[tokio::test]
async fn tags_come_and_go_by_lists() {
    let world = World::demo().await;
    let id = made(&world, "+593990000001", json!({"firstName": "Eva"})).await;
    let place = format!("/contact/id:{id}/tag");
    for (method, tags, left) in [
        ("POST", json!(["vip", "nuevo ñ"]), json!(["vip", "nuevo ñ"])),
        ("POST", json!(["vip", "tercero"]), json!(["vip", "nuevo ñ", "tercero"])),
        ("DELETE", json!(["vip", "nunca"]), json!(["nuevo ñ", "tercero"])),
    ] {
        let answer = world.api(method, &place, tags).await;
        assert_eq!((answer.status, answer.json()), (200, json!({"contactId": id})));
        assert_eq!(contact(&world, id).await["tags"], left);
    }
    // A tag that the workspace did not have is one of its tags now: taken from it, it goes from the contact.
    let deleted = world.api("DELETE", "/space/tag", json!({"name": "tercero"})).await;
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    assert_eq!(contact(&world, id).await["tags"], json!(["nuevo ñ"]));
    let eleven: Vec<String> = (0..11).map(|n| n.to_string()).collect();
    for (body, pointer) in [
        (json!([]), ""),
        (json!(eleven), ""),
        (json!({"tags": ["x"]}), ""),
        (json!(["x", "x"]), "/1"),
        (json!(["x", 7]), "/1"),
        (json!(["a".repeat(256)]), "/0"),
    ] {
        let answer = world.api("POST", &place, body.clone()).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["pointer"]), (400, &json!(pointer)), "{body}");
    }
    assert_eq!(world.api("POST", "/contact/id:999999/tag", json!(["x"])).await.status, 404);
}

#[tokio::test]
async fn the_lifecycle_is_one_of_the_stages_that_the_workspace_has() {
    let world = World::demo().await;
    let place = "/contact/id:123/lifecycle/update";
    for (body, stage) in [
        (json!({"name": "Hot Lead"}), json!("Hot Lead")),
        (json!({"name": null}), Value::Null),
        (json!({"name": "Customer"}), json!("Customer")),
        (Value::Null, Value::Null),
        (json!({"name": "New Lead"}), json!("New Lead")),
        (json!({"name": ""}), Value::Null),
    ] {
        // The document `null` itself is what one client clears it by.
        let url = format!("{}{place}", world.api_url());
        let bearer = format!("Bearer {}", world.token());
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let answer = world.http.call("POST", &url, &headers, body.to_string()).await.expect("an answer");
        let done = json!({"code": 200, "message": "Contact lifecycle stage updated successfully!"});
        assert_eq!((answer.status, answer.json()), (200, done), "{body}");
        assert_eq!(contact(&world, 123).await["lifecycle"], stage, "{body}");
    }
    let unknown = world.api("POST", place, json!({"name": "Frío"})).await;
    assert_eq!((unknown.status, &unknown.json()["errors"][0]["pointer"]), (400, &json!("/name")));
    assert!(unknown.text().contains("Hot Lead"), "it says which there are: {}", unknown.text());
    let set = world.admin("PUT", "/lifecycles", json!({"items": ["Frío", "Tibio"]})).await;
    assert_eq!((set.status, set.json()), (200, json!({"items": ["Frío", "Tibio"]})));
    assert_eq!(world.api("POST", place, json!({"name": "Frío"})).await.status, 200);
    let twice = world.admin("PUT", "/lifecycles", json!({"items": ["a", "a"]})).await;
    assert_eq!((twice.status, &twice.json()["errors"][0]["pointer"]), (400, &json!("/items/1")));
}

#[tokio::test]
async fn a_contacts_channels_are_those_that_it_was_met_on() {
    let world = World::demo().await;
    let page = world.api("GET", "/contact/id:123/channels?limit=5", Value::Null).await.json();
    let items = page["items"].as_array().expect("items");
    assert_eq!(items.len(), 5);
    assert!(
        items.iter().all(|one| one["lastIncomingMessageTime"].is_i64() && one["source"].is_string()),
        "{page}"
    );
    let next = page["pagination"]["next"].as_str().expect("a text");
    assert!(next.starts_with("http://") && page["pagination"]["previous"] == "", "{page}");
    let cursor = next.split("cursorId=").nth(1).expect("a cursor");
    let rest = world
        .api("GET", &format!("/contact/id:123/channels?limit=100&cursorId={cursor}"), Value::Null)
        .await
        .json();
    assert_eq!(items.len() + rest["items"].as_array().unwrap().len(), world.channels());
}

#[tokio::test]
async fn contacts_are_listed_by_filters_forwards_and_back() {
    let world = World::demo().await;
    let mut own = Vec::new();
    for n in 1..=7 {
        let company = if n % 2 == 0 { "Par" } else { "Impar" };
        let fields = json!({"firstName": format!("Lista {n}"), "custom_fields": [{"name": "company", "value": company}]});
        own.push(made(&world, &format!("+59399000010{n}"), fields).await);
    }
    world.api("POST", &format!("/contact/id:{}/tag", own[0]), json!(["lista"])).await;
    let list = async |query: &str, body: Value| {
        let answer = world.api("POST", &format!("/contact/list{query}"), body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    // What real clients send means everyone.
    for everyone in [json!({}), json!({"search": "", "timezone": "UK/London", "filter": {"$or": []}})] {
        let all = list("?limit=100", everyone).await;
        assert!(own.iter().all(|id| ids(&all).contains(id)) && ids(&all).contains(&123), "{all}");
    }
    let even =
        json!({"filter": {"$and": [condition("contactField", json!("company"), "isEqualTo", json!("par"))]}});
    assert_eq!(ids(&list("", even).await), [own[1], own[3], own[5]]);
    let tagged =
        json!({"filter": {"$or": [condition("contactTag", Value::Null, "hasAnyOf", json!(["LISTA"]))]}});
    assert_eq!(ids(&list("", tagged).await), [own[0]]);
    // Page by page, there and back, while others come in.
    let search = json!({"search": "lista"});
    let cursor = |page: &Value, way: &str| {
        let address = page["pagination"][way].as_str().expect("a text").to_owned();
        address.split("cursorId=").nth(1).map(str::to_owned)
    };
    let first = list("?limit=3", search.clone()).await;
    assert_eq!((ids(&first), cursor(&first, "previous")), (own[..3].to_vec(), None));
    made(&world, "+593990000199", json!({"firstName": "Lista 8"})).await;
    let second =
        list(&format!("?limit=3&cursorId={}", cursor(&first, "next").unwrap()), search.clone()).await;
    assert_eq!(ids(&second), own[3..6]);
    let third =
        list(&format!("?limit=3&cursorId={}", cursor(&second, "next").unwrap()), search.clone()).await;
    assert_eq!((ids(&third)[0], ids(&third).len(), cursor(&third, "next")), (own[6], 2, None));
    let back =
        list(&format!("?limit=3&cursorId={}", cursor(&third, "previous").unwrap()), search.clone()).await;
    assert_eq!(ids(&back), own[3..6]);
    let start = list(&format!("?limit=3&cursorId={}", cursor(&back, "previous").unwrap()), search).await;
    assert_eq!((ids(&start), cursor(&start, "previous")), (own[..3].to_vec(), None));
    let odd = json!({"filter": {"$and": [condition("contactField", json!("nada"), "exists", Value::Null)]}});
    let refused = world.api("POST", "/contact/list", odd).await;
    assert_eq!(
        (refused.status, &refused.json()["errors"][0]["pointer"]),
        (400, &json!("/filter/$and/0/field"))
    );
    assert_eq!(world.api("POST", "/contact/list?limit=0", json!({})).await.status, 400);
}

#[tokio::test]
async fn a_conversation_is_a_users_or_nobodys() {
    let world = World::demo().await;
    let users = world.api("GET", "/space/user", Value::Null).await.json();
    let user = users["items"][0].clone();
    let place = "/contact/id:123/conversation/assignee";
    let (id, email) = (user["id"].clone(), user["email"].as_str().expect("an address").to_owned());
    for given in [id.clone(), json!(id.to_string()), json!(email.to_uppercase())] {
        assert_eq!(
            world.api("POST", place, json!({"assignee": null})).await.json(),
            json!({"contactId": 123})
        );
        assert_eq!(contact(&world, 123).await["assignee"], Value::Null);
        let answer = world.api("POST", place, json!({"assignee": given})).await;
        assert_eq!((answer.status, answer.json()), (200, json!({"contactId": 123})), "{given}");
        let shown = contact(&world, 123).await["assignee"].clone();
        assert_eq!((&shown["id"], &shown["email"]), (&id, &json!(email)), "{given}");
    }
    let filter = condition("contactField", json!("assigneeUserId"), "isEqualTo", id);
    let list = world.api("POST", "/contact/list", json!({"filter": {"$and": [filter]}})).await.json();
    assert_eq!(ids(&list), [123]);
    for odd in [
        json!({}),
        json!({"assignee": 999}),
        json!({"assignee": "nadie@ejemplo.ec"}),
        json!({"assignee": [1]}),
    ] {
        let refused = world.api("POST", place, odd.clone()).await;
        assert_eq!(
            (refused.status, &refused.json()["errors"][0]["pointer"]),
            (400, &json!("/assignee")),
            "{odd}"
        );
    }
    let nobody =
        world.api("POST", "/contact/id:999999/conversation/assignee", json!({"assignee": null})).await;
    assert_eq!(nobody.status, 404);
}
