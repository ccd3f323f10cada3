//! The OpenAPI 3.1 document of `/v2` and of what operators' programs use, and a page that shows it.
//!
//! The enumeration of errors comes from the code's own closed set; a test holds the paths here
//! against the router.

use super::{openapi_admin as admin, openapi_contacts as contacts, openapi_space as space};
use crate::problem::ok;
use crate::state::App;
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use chaski_model::ErrorCode;
use maud::{DOCTYPE, Markup, html};
use serde_json::{Map, Value, json};

/// `/openapi.json` and `/docs`.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/openapi.json", get(json_document)).route("/docs", get(page))
}

async fn json_document() -> Response {
    ok(document())
}

/// The OpenAPI document.
pub fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Chaski",
            "version": "2",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "One call reaches a person on whatever chat channel reaches them. Compatible with the \
                Ecuabots / respond.io Developer API v2: change the base URL. What is ours beside it is optional \
                and marked as an extension.",
        },
        "servers": [{"url": BASE}],
        "security": [{"bearer": []}],
        "paths": paths(),
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "parameters": parameters(),
            "responses": {"Problem": {
                "description": "What was wrong and what to do.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
            "schemas": all_schemas(),
        },
    })
}

/// One operation.
pub(super) struct Operation {
    pub(super) id: &'static str,
    pub(super) method: &'static str,
    /// `/v2`, or where else its path begins.
    pub(super) base: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) scope: &'static str,
    pub(super) body: Option<&'static str>,
    pub(super) answer: &'static str,
    pub(super) statuses: &'static [u16],
    pub(super) query: &'static [&'static str],
}

/// Where the public API is.
pub(super) const BASE: &str = "/v2";

const OPERATIONS: &[Operation] = &[
    Operation {
        id: "getContact",
        method: "get",
        base: BASE,
        path: "/contact/{identifier}",
        summary: "Get a contact",
        scope: "contacts:read",
        body: None,
        answer: "Contact",
        statuses: &[400, 401, 403, 404],
        query: &[],
    },
    Operation {
        id: "createContact",
        method: "post",
        base: BASE,
        path: "/contact/{identifier}",
        summary: "Create a contact by e-mail or phone",
        scope: "contacts:write",
        body: Some("ContactFields"),
        answer: "Done",
        statuses: &[400, 401, 403, 409, 413],
        query: &[],
    },
    Operation {
        id: "createOrUpdateContact",
        method: "post",
        base: BASE,
        path: "/contact/create_or_update/{identifier}",
        summary: "Create a contact, or update the one that the identifier names",
        scope: "contacts:write",
        body: Some("ContactFields"),
        answer: "ContactId",
        statuses: &[400, 401, 403, 404, 409, 413],
        query: &[],
    },
    Operation {
        id: "sendMessage",
        method: "post",
        base: BASE,
        path: "/contact/{identifier}/message",
        summary: "Send a message",
        scope: "messages:send",
        body: Some("Send"),
        answer: "Sent",
        statuses: &[400, 401, 403, 404, 409, 413, 429, 503],
        query: &["DryRun", "IdempotencyKey"],
    },
    Operation {
        id: "getMessage",
        method: "get",
        base: BASE,
        path: "/contact/{identifier}/message/{messageId}",
        summary: "Get a message with its status, rendering and difference",
        scope: "messages:read",
        body: None,
        answer: "Message",
        statuses: &[400, 401, 403, 404],
        query: &["MessageId"],
    },
    Operation {
        id: "listMessages",
        method: "get",
        base: BASE,
        path: "/contact/{identifier}/message/list",
        summary: "List a contact's messages, newest first",
        scope: "messages:read",
        body: None,
        answer: "Messages",
        statuses: &[400, 401, 403, 404],
        query: &["Limit", "CursorId"],
    },
    Operation {
        id: "listChannels",
        method: "get",
        base: BASE,
        path: "/space/channel",
        summary: "List the channels",
        scope: "space:read",
        body: None,
        answer: "Channels",
        statuses: &[400, 401, 403],
        query: &["Limit", "CursorId"],
    },
    Operation {
        id: "listTemplates",
        method: "get",
        base: BASE,
        path: "/space/channel/{channelId}/template",
        summary: "List a channel's templates",
        scope: "space:read",
        body: None,
        answer: "Templates",
        statuses: &[400, 401, 403, 404],
        query: &["ChannelId", "Limit", "CursorId"],
    },
];

fn operations() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain(contacts::OPERATIONS).chain(space::OPERATIONS).chain(admin::OPERATIONS)
}

fn paths() -> Value {
    let mut paths = Map::new();
    for operation in operations() {
        let entry = paths.entry(operation.path).or_insert_with(|| json!({}));
        if operation.base != BASE {
            entry["servers"] = json!([{"url": operation.base}]);
        }
        entry[operation.method] = describe(operation);
    }
    Value::Object(paths)
}

fn describe(o: &Operation) -> Value {
    let named = o.path.contains("{identifier}").then_some("Identifier");
    let parameters: Vec<Value> = named
        .iter()
        .chain(o.query)
        .map(|name| json!({"$ref": format!("#/components/parameters/{name}")}))
        .collect();
    let mut responses = Map::new();
    let schema = json!({"$ref": format!("#/components/schemas/{}", o.answer)});
    responses.insert(
        "200".into(),
        json!({"description": o.summary, "content": {"application/json": {"schema": schema}}}),
    );
    for status in o.statuses {
        responses.insert(status.to_string(), json!({"$ref": "#/components/responses/Problem"}));
    }
    let mut operation = json!({
        "operationId": o.id, "summary": o.summary, "description": format!("Scope: `{}`.", o.scope),
        "parameters": parameters, "responses": responses,
    });
    if let Some(body) = o.body {
        let schema = json!({"$ref": format!("#/components/schemas/{body}")});
        operation["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema, "example": example(body)}}});
    }
    operation
}

/// An example of each body; each is sent by a test.
fn example(body: &str) -> Value {
    match body {
        "ContactFields" => json!({"firstName": "Luis", "lastName": "Mena", "language": "es"}),
        _ if contacts::example(body).is_some() => json!(contacts::example(body)),
        _ if space::example(body).is_some() => json!(space::example(body)),
        _ if admin::example(body).is_some() => json!(admin::example(body)),
        _ => json!({"channelId": 0, "message": {"type": "text", "text": "Hola {{$contact.name}}"}}),
    }
}

fn parameters() -> Value {
    let integer = |least: i64| json!({"type": "integer", "minimum": least});
    let mut parameters = json!({
        "Identifier": {
            "name": "identifier", "in": "path", "required": true, "schema": {"type": "string"},
            "description": "`id:123`, `email:ana@ejemplo.ec` or `phone:+593997333444`.", "example": "id:123",
        },
        "MessageId": {"name": "messageId", "in": "path", "required": true, "schema": integer(1)},
        "ChannelId": {"name": "channelId", "in": "path", "required": true, "schema": integer(1)},
        "Limit": {
            "name": "limit", "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10},
        },
        "CursorId": {
            "name": "cursorId", "in": "query", "schema": {"type": "integer"},
            "description": "As in a page's `next` or `previous`; negative goes back.",
        },
        "DryRun": {
            "name": "dryRun", "in": "query", "schema": {"type": "boolean"},
            "description": "Extension. Says what would be sent; nothing is stored or sent.",
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255},
            "description": "Extension. The same key and body get the same answer for 24 hours.",
        },
    });
    for (name, parameter) in space::parameters().into_iter().chain(admin::parameters()) {
        parameters[name] = parameter;
    }
    parameters
}

fn all_schemas() -> Value {
    let mut all = schemas();
    let own = contacts::schemas(&page_of).into_iter().chain(space::schemas(&page_of));
    for (name, schema) in own.chain(admin::schemas()) {
        all[name] = schema;
    }
    all
}

/// A page of what a schema describes.
fn page_of(item: &str) -> Value {
    json!({
        "type": "object", "required": ["items", "pagination"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": format!("#/components/schemas/{item}")}},
            "pagination": {
                "type": "object", "required": ["next", "previous"],
                "description": "Absolute addresses; an empty text where there is no such page.",
                "properties": {"next": {"type": "string"}, "previous": {"type": "string"}},
            },
        },
    })
}

fn schemas() -> Value {
    let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.info().code).collect();
    json!({
        "Problem": {
            "type": "object", "required": ["code", "message", "error", "requestId", "errors"],
            "properties": {
                "code": {"type": "integer", "description": "The HTTP status."},
                "message": {"type": "string", "description": "What was wrong and what to do."},
                "error": {"type": "string", "enum": codes},
                "requestId": {"type": "string"},
                "errors": {"type": "array", "items": {
                    "type": "object", "required": ["pointer", "message"],
                    "properties": {"pointer": {"type": "string"}, "message": {"type": "string"}},
                }},
                "providerCode": {"type": "integer"},
                "component": {"type": "string", "enum": ["header", "body", "footer", "buttons"]},
                "parameter": {"type": "integer", "minimum": 1},
                "messageId": {"type": "integer", "description": "The message was recorded as failed."},
            },
        },
        "Done": {
            "type": "object", "required": ["code", "message"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        },
        "Send": send(),
        "Sent": {
            "type": "object",
            "properties": {
                "messageId": {"type": "integer"},
                "warnings": {"type": "array", "items": {"type": "object"}, "description": "With `lint`."},
                "dryRun": {"type": "boolean"},
            },
        },
        "Message": message(),
        "Messages": page_of("Message"),
        "Channel": {
            "type": "object", "required": ["id", "name", "source", "created_at"],
            "properties": {
                "id": {"type": "integer"}, "name": {"type": "string"}, "source": {"type": "string"},
                "created_at": {"type": "integer"},
            },
        },
        "Channels": page_of("Channel"),
        "Template": {
            "type": "object", "required": ["id", "name", "languageCode", "components", "status"],
            "properties": {
                "id": {"type": "integer"}, "name": {"type": "string"}, "languageCode": {"type": "string"},
                "components": {"type": "array"}, "category": {"type": "string"}, "status": {"type": "string"},
                "statusDetail": {"type": ["string", "null"]}, "templateId": {"type": ["string", "null"]},
                "channelId": {"type": "integer"}, "namespace": {"type": ["string", "null"]},
            },
        },
        "Templates": page_of("Template"),
    })
}

fn send() -> Value {
    json!({
        "type": "object", "required": ["message"],
        "properties": {
            "channelId": {
                "type": ["integer", "null"], "description": "Absent, null or 0: the last interacted channel.",
            },
            "message": {
                "type": "object", "required": ["type"],
                "properties": {
                    "type": {
                        "type": "string",
                        "enum": ["text", "attachment", "quick_reply", "custom_payload", "whatsapp_template"],
                    },
                    "text": {"type": "string"}, "messageTag": {"type": "string", "maxLength": 255},
                    "attachment": {"type": "object"}, "title": {"type": "string"},
                    "replies": {"type": "array", "items": {"type": "string"}}, "payload": {"type": "object"},
                    "template": {
                        "type": "object", "required": ["name", "languageCode"],
                        "properties": {
                            "name": {"type": "string"}, "languageCode": {"type": "string"},
                            "components": {"type": "array", "items": {"type": "object"}},
                        },
                    },
                },
            },
            "lint": {"type": "string", "enum": ["warn", "strict", "autofix"], "description": "Extension."},
            "priority": {"type": "string", "enum": ["low", "normal", "high"], "description": "Extension."},
        },
    })
}

fn message() -> Value {
    json!({
        "type": "object", "required": ["messageId", "contactId", "channelId", "traffic", "message", "sender"],
        "properties": {
            "messageId": {"type": "integer"}, "channelMessageId": {"type": ["string", "null"]},
            "contactId": {"type": "integer"}, "channelId": {"type": "integer"},
            "traffic": {"type": "string", "enum": ["outgoing", "incoming"]}, "timestamp": {"type": "integer"},
            "message": {"type": "object"},
            "status": {"type": "array", "items": {
                "type": "object", "required": ["value", "timestamp"],
                "properties": {
                    "value": {"type": "string", "enum": ["pending", "sent", "delivered", "read", "failed"]},
                    "timestamp": {"type": "integer"}, "message": {"type": "string"},
                },
            }},
            "sender": {"type": "object"},
            "rendered": {"type": ["object", "null"], "description": "Extension. What the contact got."},
            "mark": {
                "type": ["string", "null"], "description": "Extension.",
                "enum": ["api_text_differed", "text_omitted", "not_verified", null],
            },
            "difference": {"type": "array", "description": "Extension. Per component: sent and approved."},
            "notes": {"type": "array", "description": "Extension."},
            "error": {"type": "object", "description": "Extension. Why it failed, and whose move it is."},
            "outcome": {"type": "string", "enum": ["unknown"], "description": "Extension."},
        },
    })
}

async fn page() -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Chaski API" }
            }
            body {
                h1 { "Chaski API" }
                p { "The whole description is at " a href="/openapi.json" { "/openapi.json" } ". Send "
                    code { "Authorization: Bearer TOKEN" } " with every call." }
                @for operation in operations() {
                    h2 id=(operation.id) { code { (operation.method.to_uppercase()) " " (operation.base) (operation.path) } }
                    p { (operation.summary) ". Scope " code { (operation.scope) } "." }
                    @if let Some(body) = operation.body {
                        pre { (serde_json::to_string_pretty(&example(body)).unwrap_or_default()) }
                    }
                }
                h2 id="errors" { "Errors" }
                dl {
                    @for code in ErrorCode::ALL {
                        @let info = code.info();
                        dt { code { (info.code) } " · " (info.status) }
                        dd { (info.en.0) ". " (info.en.1) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// (method, path) of each route in a file, its parameters without their names.
    fn routes(source: &'static str) -> BTreeSet<(String, String)> {
        let mut routes = BTreeSet::new();
        for route in source.split(".route(\"").skip(1) {
            let (path, rest) = route.split_once('"').expect("a path ends");
            // Its handlers end where the next route, or the function, begins.
            let handlers = rest.split("\n    }").next().and_then(|rest| rest.split(".route(").next());
            let handlers = handlers.unwrap_or_default();
            let mut methods = 0;
            for method in ["get", "post", "put", "patch", "delete"] {
                if handlers.contains(&format!("{method}(")) {
                    routes.insert((method.to_owned(), nameless(path)));
                    methods += 1;
                }
            }
            assert!(methods > 0, "{path} has a method");
        }
        routes
    }

    fn nameless(path: &str) -> String {
        let part = |part: &str| if part.starts_with('{') { "{}" } else { part }.to_owned();
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    fn described(base: &str) -> BTreeSet<(String, String)> {
        let of_base = operations().filter(|o| o.base == base);
        of_base.map(|o| (o.method.to_owned(), nameless(&format!("{base}{}", o.path)))).collect()
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        assert_eq!(routes(include_str!("mod.rs")), described(BASE));
        let of_commands: BTreeSet<String> = admin::OF_COMMANDS.iter().map(|path| nameless(path)).collect();
        let (set_up, rest): (BTreeSet<_>, BTreeSet<_>) = routes(include_str!("../admin/mod.rs"))
            .into_iter()
            .partition(|(_, path)| of_commands.contains(path));
        let rest: BTreeSet<_> =
            rest.into_iter().map(|(method, path)| (method, format!("{}{path}", admin::BASE))).collect();
        assert_eq!(rest, described(admin::BASE));
        let known: BTreeSet<String> = set_up.into_iter().map(|(_, path)| path).collect();
        assert_eq!(known, of_commands, "what is left to commands is there");
    }

    #[test]
    fn whatever_the_document_refers_to_is_in_it() {
        let document = document();
        let text = document.to_string();
        for name in text.split("#/components/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document["components"].pointer(&format!("/{name}")).is_some(), "{name}");
        }
    }
}
