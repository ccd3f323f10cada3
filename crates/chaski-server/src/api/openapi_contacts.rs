//! The part of the OpenAPI document about contacts: their lists, tags, lifecycle and channels.

use super::openapi::{BASE, Operation};
use serde_json::{Value, json};

const fn on_contact(
    id: &'static str,
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    body: &'static str,
    answer: &'static str,
) -> Operation {
    Operation {
        id,
        method,
        base: BASE,
        path,
        summary,
        scope: "contacts:write",
        body: Some(body),
        answer,
        statuses: &[400, 401, 403, 404, 413],
        query: &[],
    }
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        statuses: &[400, 401, 403, 404, 409, 413],
        ..on_contact(
            "updateContact",
            "put",
            "/contact/{identifier}",
            "Update a contact: only what is given changes",
            "ContactChange",
            "ContactId",
        )
    },
    Operation {
        scope: "contacts:read",
        statuses: &[400, 401, 403, 413],
        query: &["Limit", "CursorId"],
        ..on_contact(
            "listContacts",
            "post",
            "/contact/list",
            "List the contacts that a search and a filter take",
            "ContactFilter",
            "Contacts",
        )
    },
    on_contact("addTags", "post", "/contact/{identifier}/tag", "Add 1 to 10 tags", "Tags", "ContactId"),
    on_contact(
        "removeTags",
        "delete",
        "/contact/{identifier}/tag",
        "Take away 1 to 10 tags",
        "Tags",
        "ContactId",
    ),
    on_contact(
        "updateLifecycle",
        "post",
        "/contact/{identifier}/lifecycle/update",
        "Set or clear the lifecycle stage",
        "Lifecycle",
        "Changed",
    ),
    on_contact(
        "assignConversation",
        "post",
        "/contact/{identifier}/conversation/assignee",
        "Assign the conversation to a user, or to nobody",
        "Assignee",
        "ContactId",
    ),
    Operation {
        scope: "contacts:read",
        statuses: &[400, 401, 403, 404],
        query: &["Limit", "CursorId"],
        body: None,
        ..on_contact(
            "listContactChannels",
            "get",
            "/contact/{identifier}/channels",
            "List the channels that a contact is known on",
            "",
            "ContactChannels",
        )
    },
];

/// An example of each body; each is sent by a test.
pub(super) fn example(body: &str) -> Option<Value> {
    Some(match body {
        "ContactChange" => json!({"lastName": "Torres", "language": "es", "email": null}),
        "ContactFilter" => json!({
            "search": "", "timezone": "America/Guayaquil",
            "filter": {"$and": [
                {"category": "contactField", "field": "created_at", "operator": "isTimestampAfter", "value": "2026-01-01"},
                {"category": "contactTag", "field": null, "operator": "hasAnyOf", "value": ["vip", "nuevo"]},
            ]},
        }),
        "Tags" => json!(["vip", "nuevo"]),
        "Lifecycle" => json!({"name": "Hot Lead"}),
        "Assignee" => json!({"assignee": null}),
        _ => return None,
    })
}

pub(super) fn schemas(page: &dyn Fn(&str) -> Value) -> Vec<(&'static str, Value)> {
    let text = json!({"type": ["string", "null"]});
    let mut change = contact_fields();
    if let Some(change) = change.as_object_mut() {
        change.remove("required");
        change.insert(
            "description".into(),
            json!("Only what is given changes; null or an empty text clears, save the first name."),
        );
    }
    let id = json!({"type": "integer"});
    vec![
        ("Contact", contact()),
        ("ContactFields", contact_fields()),
        ("ContactId", json!({"type": "object", "required": ["contactId"], "properties": {"contactId": id}})),
        ("ContactChange", change),
        ("ContactFilter", filter()),
        ("Contacts", page("Contact")),
        (
            "Tags",
            json!({"type": "array", "minItems": 1, "maxItems": 10, "uniqueItems": true, "items": {"type": "string", "maxLength": 255}}),
        ),
        (
            "Lifecycle",
            json!({
                "type": ["object", "null"], "properties": {"name": text},
                "description": "null, an empty name or the document `null` clears it.",
            }),
        ),
        (
            "Assignee",
            json!({
                "type": "object", "required": ["assignee"],
                "properties": {"assignee": {
                    "type": ["integer", "string", "null"], "description": "A user's number or e-mail address; null: nobody.",
                }},
            }),
        ),
        (
            "Changed",
            json!({
                "type": "object", "required": ["code", "message"],
                "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
            }),
        ),
        (
            "ContactChannel",
            json!({
                "type": "object", "required": ["id", "name", "source", "created_at"],
                "properties": {
                    "id": {"type": "integer"}, "name": {"type": "string"}, "source": {"type": "string"},
                    "lastMessageTime": {"type": ["integer", "null"]},
                    "lastIncomingMessageTime": {"type": ["integer", "null"]}, "created_at": {"type": "integer"},
                },
            }),
        ),
        ("ContactChannels", page("ContactChannel")),
    ]
}

fn contact_fields() -> Value {
    let text = json!({"type": ["string", "null"]});
    json!({
        "type": "object", "required": ["firstName"],
        "properties": {
            "firstName": {"type": "string"}, "lastName": text, "phone": text, "email": text, "language": text,
            "profilePic": text, "countryCode": text,
            "custom_fields": {"type": "array", "items": {
                "type": "object", "required": ["name"],
                "properties": {"name": {"type": "string"}, "value": {"type": ["string", "number", "boolean", "null"]}},
            }},
        },
    })
}

fn contact() -> Value {
    let text = json!({"type": ["string", "null"]});
    json!({
        "type": "object", "required": ["id", "firstName", "status", "tags", "created_at"],
        "properties": {
            "id": {"type": "integer"}, "firstName": {"type": "string"}, "lastName": text, "phone": text,
            "email": text, "language": text, "profilePic": text, "countryCode": text,
            "custom_fields": {"type": ["array", "null"]}, "status": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}}, "assignee": {"type": ["object", "null"]},
            "lifecycle": text, "created_at": {"type": "integer", "description": "Unix seconds."},
        },
    })
}

fn filter() -> Value {
    let condition = json!({
        "type": "object", "required": ["category", "operator"],
        "properties": {
            "category": {"type": "string", "enum": ["contactField", "contactTag", "lifecycle"]},
            "field": {
                "type": ["string", "null"],
                "description": "For contactField: firstName, lastName, phone, email, language, countryCode, status, assigneeUserId, created_at, or a custom field's name.",
            },
            "operator": {"type": "string", "enum": [
                "isEqualTo", "isNotEqualTo", "exists", "doesNotExist", "hasAnyOf", "hasAllOf", "hasNoneOf",
                "isGreaterThan", "isLessThan", "isBetween", "isTimestampAfter", "isTimestampBefore", "isTimestampBetween",
            ]},
            "value": {"description": "A text, a number, a list, {from, to}, or null: has none."},
        },
    });
    let conditions = json!({"type": "array", "maxItems": 50, "items": condition});
    json!({
        "type": "object", "description": "Everything may be missing or empty: then all contacts are listed.",
        "properties": {
            "search": {"type": ["string", "null"], "description": "In names, numbers, e-mail addresses and tags."},
            "timezone": {"type": ["string", "null"], "description": "How days are read; UTC where there is no such zone."},
            "filter": {"type": ["object", "null"], "properties": {"$and": conditions, "$or": conditions}},
        },
    })
}
