//! The workspace under `/v2/space`: users, custom fields, closing notes, tags, and templates as n8n reads them.

use e2e::world::{PHONE, template};
use e2e::{Answer, Http, World, binary};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::process::Command;

/// The answer has this status and this code, and names these places of the body.
fn refused(answer: &Answer, status: u16, error: &str, places: &[&str]) {
    let body = answer.json();
    assert_eq!((answer.status, body["error"].as_str()), (status, Some(error)), "{}", answer.text());
    assert_eq!(body["code"], status, "{body}");
    let named: Vec<_> = body["errors"].as_array().into_iter().flatten().map(|e| &e["pointer"]).collect();
    assert_eq!(named, places, "{body}");
}

fn done(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn get(world: &World, path: &str) -> Value {
    done(&world.api("GET", path, Value::Null).await)
}

/// A token that may do this only.
async fn token(world: &World, scope: &str) -> String {
    let body = json!({"name": scope, "scopes": [scope]});
    done(&world.admin("POST", "/tokens", body).await)["token"].as_str().expect("a token").to_owned()
}

/// What the operator's verb prints.
fn chaski(world: &World, arguments: &[&str]) -> Value {
    let mut command = Command::new(binary());
    command.args(arguments).arg("--json").env("CHASKI_URL", world.web_url());
    let output = command.env("CHASKI_TOKEN", world.token()).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Follows a list from its first page to its last by the addresses that the pages give, and back again. Returns
/// what `key` of each item is.
async fn walk(world: &World, path: &str, limit: usize, key: &str) -> Vec<Value> {
    let page = async |url: &str| {
        assert!(url.starts_with(world.api_url()), "an address is absolute: {url}");
        let answer = world.http.json("GET", url, world.token(), &Value::Null).await.expect("an answer");
        let page = done(&answer);
        let items = page["items"].as_array().expect("items").clone();
        let link = |word: &str| page["pagination"][word].as_str().expect("a text").to_owned();
        (items, link("next"), link("previous"))
    };
    let mut url = format!("{}{path}?limit={limit}", world.api_url());
    let (mut pages, mut all) = (Vec::new(), Vec::new());
    loop {
        let (items, next, previous) = page(&url).await;
        assert!(items.len() <= limit && (!items.is_empty() || pages.is_empty()), "{items:?}");
        assert_eq!(previous.is_empty(), pages.is_empty(), "there is a previous page but on the first");
        all.extend(items.iter().map(|item| item[key].clone()));
        pages.push(items);
        if next.is_empty() {
            break;
        }
        assert_eq!(pages.last().map(Vec::len), Some(limit), "only the last page is short");
        url = next;
    }
    let mut back = page(&url).await.2;
    for expected in pages.iter().rev().skip(1) {
        let (items, _, previous) = page(&back).await;
        assert_eq!(items, *expected, "the way back leads over the same pages");
        back = previous;
    }
    assert_eq!(back, "", "it ends at the first page");
    all
}

#[tokio::test]
async fn every_route_wants_a_token_with_its_scope() {
    let world = World::demo().await;
    let (reads, writes) = (token(&world, "space:read").await, token(&world, "space:write").await);
    let tag = json!({"name": "VIP"});
    let channel = world.channel("whatsapp_cloud").id;
    let mtm = format!("/space/channel/{channel}/mtm");
    for (method, path, body, may, may_not, status) in [
        ("GET", "/space/user?limit=1", Value::Null, &reads, &writes, 200),
        ("GET", "/space/user/1", Value::Null, &reads, &writes, 200),
        ("GET", "/space/custom_field", Value::Null, &reads, &writes, 200),
        ("GET", "/space/custom_field/1", Value::Null, &reads, &writes, 200),
        ("GET", "/space/closing_notes", Value::Null, &reads, &writes, 200),
        ("GET", &mtm, Value::Null, &reads, &writes, 200),
        ("GET", "/space/mtm/1", Value::Null, &reads, &writes, 200),
        ("POST", "/space/custom_field", json!({"name": "X", "dataType": "text"}), &writes, &reads, 200),
        ("POST", "/space/tag", tag.clone(), &writes, &reads, 200),
        ("PUT", "/space/tag", json!({"currentName": "VIP"}), &writes, &reads, 200),
        ("DELETE", "/space/tag", tag, &writes, &reads, 200),
    ] {
        let url = format!("{}{path}", world.api_url());
        let call = async |token: &str| world.http.json(method, &url, token, &body).await.expect("an answer");
        refused(&call("").await, 401, "unauthorized", &[]);
        refused(&call("nobody's").await, 401, "unauthorized", &[]);
        refused(&call(may_not).await, 403, "scope_missing", &[]);
        let answer = call(may).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    }
}

#[tokio::test]
async fn lists_refuse_what_is_no_page() {
    let world = World::demo().await;
    let channel = world.channel("whatsapp_cloud").id;
    let mtm = format!("/space/channel/{channel}/mtm");
    for path in ["/space/user", "/space/custom_field", "/space/closing_notes", &mtm] {
        for (query, place) in [
            ("limit=0", "?limit"),
            ("limit=101", "?limit"),
            ("limit=x", "?limit"),
            ("cursorId=x", "?cursorId"),
            ("limit=1&limit=2", "?limit"),
        ] {
            let answer = world.api("GET", &format!("{path}?{query}"), Value::Null).await;
            refused(&answer, 400, "validation_failed", &[place]);
        }
        // What clients send for the first page.
        for query in ["limit=1&cursorId=0", "limit=100", "limit=&cursorId="] {
            let page = get(&world, &format!("{path}?{query}")).await;
            assert!(page["items"].as_array().is_some_and(|items| !items.is_empty()), "{path}: {page}");
            assert_eq!(page["pagination"]["previous"], "", "{path}: {page}");
        }
    }
}

#[tokio::test]
async fn users_are_listed_and_read() {
    let world = World::demo().await;
    for (email, role, name) in [("eva@ejemplo.ec", "agent", "Eva"), ("leo@ejemplo.ec", "manager", "Leo")] {
        let user = json!({"email": email, "role": role, "firstName": name});
        done(&world.admin("POST", "/users", user).await);
    }
    let emails = walk(&world, "/space/user", 1, "email").await;
    assert_eq!(emails, ["demo@chaski.local", "eva@ejemplo.ec", "leo@ejemplo.ec"]);
    assert_eq!(walk(&world, "/space/user", 2, "id").await.len(), 3);
    let list = get(&world, "/space/user?limit=100").await;
    let eva = &list["items"][1];
    let expected = json!({
        "id": eva["id"], "firstName": "Eva", "lastName": "", "email": "eva@ejemplo.ec", "role": "agent",
        "team": null, "restrictions": [],
    });
    assert_eq!(*eva, expected);
    assert_eq!(get(&world, &format!("/space/user/{}", eva["id"])).await, expected);
    for nobody in ["999", "0", "-1", "eva", "99999999999999999999"] {
        let answer = world.api("GET", &format!("/space/user/{nobody}"), Value::Null).await;
        refused(&answer, 404, "not_found", &[]);
    }
    // Another workspace's people are nobody here.
    let other = done(&world.admin("POST", "/workspaces", json!({"name": "Otra"})).await);
    let theirs = other["token"].as_str().expect("a token");
    let url = format!("{}/space/user/{}", world.api_url(), eva["id"]);
    let answer = Http::default().json("GET", &url, theirs, &Value::Null).await.expect("an answer");
    refused(&answer, 404, "not_found", &[]);
    let list = format!("{}/space/user?limit=1", world.api_url());
    let answer = world.http.json("GET", &list, theirs, &Value::Null).await.expect("an answer");
    assert_eq!(done(&answer), json!({"items": [], "pagination": {"next": "", "previous": ""}}));
}

#[tokio::test]
async fn custom_fields_are_made_listed_and_read() {
    let world = World::demo().await;
    let make = async |body: Value| world.api("POST", "/space/custom_field", body).await;
    // As n8n's node sends them: every key, blank.
    let n8n = json!({"name": "Fecha de pago", "description": "", "dataType": "date", "allowedValues": [], "slug": ""});
    let date = done(&make(n8n.clone()).await);
    assert!(
        date["created_at"].as_i64().is_some_and(|at| at > 1_600_000_000 && at < 100_000_000_000),
        "{date}"
    );
    let expected = json!({
        "id": date["id"], "name": "Fecha de pago", "slug": "fecha_de_pago", "description": null,
        "dataType": "date", "allowedValues": null, "created_at": date["created_at"],
    });
    assert_eq!(date, expected);
    let list = json!({
        "name": "Plan", "slug": "PLAN_1", "description": "Lo que paga", "dataType": "list",
        "allowedValues": ["básico", "pro"], "more": true,
    });
    let plan = done(&make(list).await);
    assert_eq!((&plan["slug"], &plan["description"]), (&json!("PLAN_1"), &json!("Lo que paga")));
    assert_eq!(plan["allowedValues"], json!(["básico", "pro"]));
    let nulls = json!({"name": "fecha de pago", "slug": null, "description": null, "dataType": "text", "allowedValues": null});
    assert_eq!(done(&make(nulls).await)["slug"], "fecha_de_pago_2", "another name, and a slug of its own");
    refused(&make(n8n).await, 409, "conflict", &[]);
    let same_slug = json!({"name": "Otro", "slug": "PLAN_1", "dataType": "text"});
    refused(&make(same_slug).await, 409, "conflict", &[]);
    for data_type in ["text", "checkbox", "email", "number", "url", "date", "time"] {
        let field = json!({"name": format!("de {data_type}"), "dataType": data_type});
        assert_eq!(done(&make(field).await)["dataType"], data_type);
    }
    assert_eq!(get(&world, &format!("/space/custom_field/{}", plan["id"])).await, plan);
    let names = walk(&world, "/space/custom_field", 3, "name").await;
    assert_eq!(names.len(), 11, "the demo has one: {names:?}");
    assert_eq!(names[1..4], ["Fecha de pago", "Plan", "fecha de pago"]);
    for nothing in ["999", "0", "plan"] {
        let answer = world.api("GET", &format!("/space/custom_field/{nothing}"), Value::Null).await;
        refused(&answer, 404, "not_found", &[]);
    }
    // It is a field like any other.
    let listed = done(&world.admin("GET", "/fields", Value::Null).await);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(11));
    let ana = json!({"firstName": "Ana", "custom_fields": [{"name": "Plan", "value": "pro"}]});
    done(&world.api("POST", "/contact/create_or_update/id:123", ana).await);
}

#[tokio::test]
async fn a_custom_field_with_faults_is_told_each_of_them() {
    let world = World::demo().await;
    let refuse = async |body: Value, places: &[&str]| {
        refused(&world.api("POST", "/space/custom_field", body).await, 400, "validation_failed", places);
    };
    let long = "ñ".repeat(51);
    refuse(json!({}), &["/name", "/dataType"]).await;
    refuse(json!({"name": "", "dataType": ""}), &["/name", "/dataType"]).await;
    refuse(
        json!({"name": 7, "dataType": ["text"], "slug": 7, "description": {}}),
        &["/name", "/slug", "/description", "/dataType"],
    )
    .await;
    let longer =
        json!({"name": long, "slug": "a".repeat(51), "description": "x".repeat(256), "dataType": "fax"});
    refuse(longer, &["/name", "/slug", "/description", "/dataType"]).await;
    refuse(json!({"name": "X", "dataType": "text", "slug": "con guión"}), &["/slug"]).await;
    let of =
        |data_type: &str, values: Value| json!({"name": "X", "dataType": data_type, "allowedValues": values});
    refuse(of("list", Value::Null), &["/allowedValues"]).await;
    refuse(of("list", json!([])), &["/allowedValues"]).await;
    refuse(of("list", json!("a,b")), &["/allowedValues"]).await;
    refuse(
        of("list", json!(["a", "", 7, " a ", "b"])),
        &["/allowedValues/1", "/allowedValues/2", "/allowedValues/3"],
    )
    .await;
    refuse(of("text", json!(["a"])), &["/allowedValues"]).await;
    refuse(of("text", json!({"listValues": []})), &["/allowedValues"]).await;
    let answer = world.api("POST", "/space/custom_field", json!(["X"])).await;
    refused(&answer, 400, "validation_failed", &[""]);
    let just = json!({"name": "ñ".repeat(50), "description": "x".repeat(255), "dataType": "text"});
    done(&world.api("POST", "/space/custom_field", just).await);
    assert_eq!(walk(&world, "/space/custom_field", 10, "id").await.len(), 2, "nothing else was made");
}

#[tokio::test]
async fn closing_notes_stand_by_category() {
    let world = World::demo().await;
    let page = get(&world, "/space/closing_notes?limit=10").await;
    let first = &page["items"][0];
    assert_eq!((&first["category"], &first["description"]), (&json!("Resolved"), &json!("Resuelto")));
    assert_eq!(first["content"], "Resuelto");
    assert!(first["timestamp"].is_i64(), "{first}");
    for category in ["Zona", "Abandonado", "Moroso"] {
        assert!(chaski(&world, &["closing-note", "add", category, "--description", "x"])["id"].is_i64());
    }
    let sorted = ["Abandonado", "Moroso", "Resolved", "Spam", "Zona"];
    for limit in [1, 2, 5, 100] {
        assert_eq!(walk(&world, "/space/closing_notes", limit, "category").await, sorted);
    }
    let add = async |body: Value| world.admin("POST", "/closing-notes", body).await;
    refused(&add(json!({"category": "Zona"})).await, 409, "conflict", &[]);
    refused(&add(json!({"category": " "})).await, 400, "validation_failed", &["/category"]);
    refused(&add(json!({"category": "x".repeat(129)})).await, 400, "validation_failed", &["/category"]);
    done(&add(json!({"category": "ñ".repeat(128)})).await);
    let listed = chaski(&world, &["closing-note", "list"]);
    let moroso = listed["items"].as_array().into_iter().flatten().find(|note| note["category"] == "Moroso");
    let id = moroso.expect("it is listed")["id"].to_string();
    assert_eq!(chaski(&world, &["closing-note", "remove", &id])["deleted"].to_string(), id);
    let again = world.admin("DELETE", &format!("/closing-notes/{id}"), Value::Null).await;
    refused(&again, 404, "not_found", &[]);
    // A page behind a note that is gone is no page, rather than a wrong one.
    let behind = world.api("GET", &format!("/space/closing_notes?cursorId={id}"), Value::Null).await;
    refused(&behind, 400, "validation_failed", &["?cursorId"]);
    let url = format!("{}/admin/v1/closing-notes", world.web_url());
    let reads = token(&world, "space:read").await;
    let answer = world.http.json("GET", &url, &reads, &Value::Null).await.expect("an answer");
    refused(&answer, 403, "scope_missing", &[]);
}

#[tokio::test]
async fn tags_are_made_changed_and_deleted_by_name() {
    let world = World::demo().await;
    let call = async |method: &str, body: Value| world.api(method, "/space/tag", body).await;
    // As n8n's node sends them: every key, blank.
    let vip =
        done(&call("POST", json!({"name": "VIP", "description": "", "colorCode": "", "emoji": ""})).await);
    let expected =
        json!({"id": vip["id"], "name": "VIP", "description": null, "emoji": null, "colorCode": null});
    assert_eq!(vip, expected);
    refused(&call("POST", json!({"name": " VIP "})).await, 409, "conflict", &[]);
    let lower = json!({"name": "vip", "description": "en minúsculas", "colorCode": "tag-red", "emoji": "⭐", "more": 1});
    let lower = done(&call("POST", lower).await);
    assert_eq!((&lower["emoji"], &lower["colorCode"]), (&json!("⭐"), &json!("tag-red")));
    let blanks = json!({"currentName": "vip", "name": "", "description": "", "colorCode": "", "emoji": ""});
    assert_eq!(done(&call("PUT", blanks).await), lower, "blanks change nothing");
    let green = json!({"currentName": "vip", "name": "vip", "colorCode": "tag-green", "description": null});
    let green = done(&call("PUT", green).await);
    assert_eq!((&green["colorCode"], &green["description"]), (&json!("tag-green"), &lower["description"]));
    refused(&call("PUT", json!({"currentName": "vip", "name": "VIP"})).await, 409, "conflict", &[]);
    refused(&call("PUT", json!({"currentName": "Vip", "name": "x"})).await, 404, "not_found", &[]);
    let listed = chaski(&world, &["tag", "list"]);
    assert_eq!(listed["items"], json!([vip, green]));
    assert_eq!(
        done(&call("DELETE", json!({"name": "vip"})).await),
        json!({"code": 200, "message": "Tag deleted successfully!"})
    );
    refused(&call("DELETE", json!({"name": "vip"})).await, 404, "not_found", &[]);
    assert_eq!(chaski(&world, &["tag", "list"])["items"], json!([vip]));
}

#[tokio::test]
async fn a_tag_with_faults_is_told_each_of_them() {
    let world = World::demo().await;
    let refuse = async |method: &str, body: Value, places: &[&str]| {
        refused(&world.api(method, "/space/tag", body).await, 400, "validation_failed", places);
    };
    for (method, key) in [("POST", "name"), ("PUT", "currentName"), ("DELETE", "name")] {
        let place = format!("/{key}");
        for name in [Value::Null, json!(""), json!("  "), json!(7), json!("x".repeat(256))] {
            refuse(method, json!({ key: name }), &[&place]).await;
        }
        refuse(method, json!({}), &[&place]).await;
        refuse(method, json!(["VIP"]), &[""]).await;
        refused(&world.api(method, "/space/tag", Value::Null).await, 400, "malformed_json", &[]);
    }
    let odd = json!({"name": "VIP", "description": 7, "colorCode": [], "emoji": "x".repeat(65)});
    refuse("POST", odd, &["/description", "/colorCode", "/emoji"]).await;
    refuse("PUT", json!({"currentName": "VIP", "name": "x".repeat(256)}), &["/name"]).await;
    assert_eq!(chaski(&world, &["tag", "list"])["items"], json!([]));
    done(&world.api("POST", "/space/tag", json!({"name": "ñ".repeat(255)})).await);
}

#[tokio::test]
async fn contacts_follow_what_becomes_of_their_tags() {
    let world = World::demo().await;
    let luis = json!({"firstName": "Luis", "phone": "+593997333444"});
    let luis = done(&world.admin("POST", "/contacts", luis).await)["id"].as_i64().expect("a number");
    let store = Connection::open(world.data().join("chaski.db")).expect("the demo's store");
    let give = |contact: i64, tags: Value| {
        let sql = "UPDATE contacts SET tags = ?2 WHERE id = ?1";
        assert_eq!(store.execute(sql, (contact, tags.to_string())), Ok(1));
    };
    give(123, json!(["nuevo", "Deuda \"vieja\"", "VIP"]));
    give(luis, json!(["VIP", "vip"]));
    let tags = async || {
        let ana = get(&world, &format!("/contact/phone:{PHONE}")).await["tags"].clone();
        (ana, get(&world, &format!("/contact/id:{luis}")).await["tags"].clone())
    };
    for name in ["VIP", "Deuda \"vieja\""] {
        done(&world.api("POST", "/space/tag", json!({"name": name})).await);
    }
    let rename = json!({"currentName": "VIP", "name": "Oro", "emoji": ""});
    done(&world.api("PUT", "/space/tag", rename).await);
    assert_eq!(tags().await, (json!(["nuevo", "Deuda \"vieja\"", "Oro"]), json!(["Oro", "vip"])));
    done(&world.api("DELETE", "/space/tag", json!({"name": "Deuda \"vieja\""})).await);
    assert_eq!(tags().await, (json!(["nuevo", "Oro"]), json!(["Oro", "vip"])));
    // A tag that only contacts have is none of the workspace's.
    let unknown = world.api("DELETE", "/space/tag", json!({"name": "vip"})).await;
    refused(&unknown, 404, "not_found", &[]);
    done(&world.api("DELETE", "/space/tag", json!({"name": "Oro"})).await);
    assert_eq!(tags().await, (json!(["nuevo"]), json!(["vip"])));
}

/// The components of a message as n8n's node makes them of a template and one value for each of its variables.
fn as_n8n_sends(details: &Value, value: &str) -> Value {
    let text = |component: &Value| component["text"].as_str().unwrap_or("").to_owned();
    let values = |text: &str| {
        let count = text.matches("{{").count();
        vec![json!({"type": "text", "text": value}); count]
    };
    let mut made = Vec::new();
    let all = details["components"].as_array().expect("components");
    for component in
        all.iter().filter(|component| component["type"] != "buttons" && component["text"].is_string())
    {
        let mut part = json!({"type": component["type"], "text": text(component), "parameters": values(&text(component))});
        if component["format"].is_string() {
            part["format"] = component["format"].clone();
        }
        made.push(part);
    }
    json!(made)
}

#[tokio::test]
async fn templates_are_read_as_n8n_builds_messages_of_them() {
    let world = World::demo().await;
    for source in ["whatsapp_cloud", "360dialog_whatsapp", "nexmo_whatsapp", "twilio_whatsapp"] {
        let channel = world.channel(source);
        let path = format!("/space/channel/{}/mtm", channel.id);
        let ids = walk(&world, &path, 5, "id").await;
        assert_eq!(ids.len(), 12, "{source}");
        let page = get(&world, &format!("{path}?limit=100")).await;
        let plain = get(&world, &format!("/space/channel/{}/template?limit=100", channel.id)).await;
        for (row, other) in
            page["items"].as_array().expect("rows").iter().zip(plain["items"].as_array().expect("rows"))
        {
            let keys = |row: &Value| row.as_object().expect("a row").keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(row), keys(other), "the fields are the same");
            let details = get(&world, &format!("/space/mtm/{}", row["id"])).await;
            assert_eq!((&details["status"], &details["message"]), (&json!("success"), &json!("")));
            let data = &details["data"];
            for key in ["id", "name", "languageCode", "components"] {
                assert_eq!(data[key], row[key], "{source}: {key}");
            }
            assert_eq!(data["catalogProducts"], json!([]));
            for component in data["components"].as_array().expect("components") {
                let kind = component["type"].as_str().expect("a word");
                assert!(["header", "body", "footer", "buttons"].contains(&kind), "{source}: {component}");
                let buttons = component["buttons"].as_array().into_iter().flatten();
                let words = buttons.map(|button| &button["type"]).chain(component.get("format"));
                for word in words {
                    let word = word.as_str().expect("a word");
                    assert_eq!(word, word.to_lowercase(), "{source}: {component}");
                }
            }
        }
        let account = page["items"].as_array().into_iter().flatten().find(|row| row["name"] == "account100");
        let id = &account.expect("the demo's template")["id"];
        let data = get(&world, &format!("/space/mtm/{id}")).await["data"].clone();
        let language = data["languageCode"].as_str().expect("a language").to_owned();
        let message = template("account100", &language, as_n8n_sends(&data, "Ana"));
        let sent = world.sent(&channel, message).await;
        world.reaches(sent, "delivered").await;
    }
    for nothing in ["999999", "0", "account100"] {
        let answer = world.api("GET", &format!("/space/mtm/{nothing}"), Value::Null).await;
        refused(&answer, 404, "not_found", &[]);
        let answer = world.api("GET", &format!("/space/channel/{nothing}/mtm"), Value::Null).await;
        refused(&answer, 404, "channel_not_found", &[]);
    }
    let telegram = world.channel("telegram").id;
    let none = get(&world, &format!("/space/channel/{telegram}/mtm")).await;
    assert_eq!(none, json!({"items": [], "pagination": {"next": "", "previous": ""}}));
    // Another workspace's templates are none here.
    let other = done(&world.admin("POST", "/workspaces", json!({"name": "Otra"})).await);
    let theirs = other["token"].as_str().expect("a token");
    let url = format!("{}/space/mtm/1", world.api_url());
    let answer = world.http.json("GET", &url, theirs, &Value::Null).await.expect("an answer");
    refused(&answer, 404, "not_found", &[]);
}
