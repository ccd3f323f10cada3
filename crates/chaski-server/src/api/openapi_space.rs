//! The part of the OpenAPI document that is about the workspace's people, fields, tags and closing notes,
//! and about templates as n8n reads them.

use super::openapi::{BASE, Operation};
use serde_json::{Value, json};

const fn read(
    id: &'static str,
    path: &'static str,
    summary: &'static str,
    answer: &'static str,
) -> Operation {
    Operation {
        id,
        method: "get",
        base: BASE,
        path,
        summary,
        scope: "space:read",
        body: None,
        answer,
        statuses: &[401, 403, 404],
        query: &[],
    }
}

const fn list(
    id: &'static str,
    path: &'static str,
    summary: &'static str,
    answer: &'static str,
) -> Operation {
    Operation { statuses: &[400, 401, 403], query: &["Limit", "CursorId"], ..read(id, path, summary, answer) }
}

const fn write(
    id: &'static str,
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    answer: &'static str,
) -> Operation {
    Operation { method, scope: "space:write", ..read(id, path, summary, answer) }
}

pub(super) const OPERATIONS: &[Operation] = &[
    list("listUsers", "/space/user", "List the users", "Users"),
    Operation { query: &["UserId"], ..read("getUser", "/space/user/{userId}", "Get a user", "User") },
    Operation {
        body: Some("NewCustomField"),
        statuses: &[400, 401, 403, 409, 413, 503],
        ..write("createCustomField", "post", "/space/custom_field", "Create a custom field", "CustomField")
    },
    list("listCustomFields", "/space/custom_field", "List the custom fields", "CustomFields"),
    Operation {
        query: &["FieldId"],
        ..read("getCustomField", "/space/custom_field/{fieldId}", "Get a custom field", "CustomField")
    },
    Operation {
        statuses: &[400, 401, 403, 503],
        ..list(
            "listClosingNotes",
            "/space/closing_notes",
            "List the closing notes, by category",
            "ClosingNotes",
        )
    },
    Operation {
        body: Some("NewTag"),
        statuses: &[400, 401, 403, 409, 413, 503],
        ..write("createTag", "post", "/space/tag", "Create a tag", "Tag")
    },
    Operation {
        body: Some("TagChange"),
        statuses: &[400, 401, 403, 404, 409, 413, 503],
        ..write(
            "updateTag",
            "put",
            "/space/tag",
            "Change a tag; a new name stands on its contacts too",
            "Tag",
        )
    },
    Operation {
        body: Some("TagName"),
        statuses: &[400, 401, 403, 404, 413, 503],
        ..write(
            "deleteTag",
            "delete",
            "/space/tag",
            "Delete a tag, and take it off its contacts",
            "TagDeleted",
        )
    },
    Operation {
        statuses: &[400, 401, 403, 404],
        query: &["ChannelId", "Limit", "CursorId"],
        ..list(
            "listChannelTemplates",
            "/space/channel/{channelId}/mtm",
            "List a channel's templates, as n8n reads them",
            "Templates",
        )
    },
    Operation {
        query: &["TemplateId"],
        ..read("getTemplate", "/space/mtm/{templateId}", "Get a template, as n8n reads it", "TemplateDetails")
    },
];

/// An example of a body; each is sent by a test.
pub(super) fn example(body: &str) -> Option<Value> {
    match body {
        "NewCustomField" => Some(json!({
            "name": "Plan", "slug": "", "description": "Lo que paga al mes", "dataType": "list",
            "allowedValues": ["básico", "pro"],
        })),
        "NewTag" => Some(json!({
            "name": "VIP", "description": "Los mejores", "colorCode": "tag-yellow", "emoji": "⭐",
        })),
        "TagChange" => Some(json!({"currentName": "VIP", "name": "Oro", "description": ""})),
        "TagName" => Some(json!({"name": "Oro"})),
        _ => None,
    }
}

pub(super) fn parameters() -> Vec<(&'static str, Value)> {
    let number = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1}});
    vec![("UserId", number("userId")), ("FieldId", number("fieldId")), ("TemplateId", number("templateId"))]
}

pub(super) fn schemas(page: &dyn Fn(&str) -> Value) -> Vec<(&'static str, Value)> {
    vec![
        ("User", user()),
        ("Users", page("User")),
        ("NewCustomField", new_custom_field()),
        ("CustomField", custom_field()),
        ("CustomFields", page("CustomField")),
        ("ClosingNote", closing_note()),
        ("ClosingNotes", page("ClosingNote")),
        ("Tag", tag()),
        ("NewTag", tag_fields(&["name"])),
        ("TagChange", tag_fields(&["currentName"])),
        (
            "TagName",
            json!({
                "type": "object", "required": ["name"], "properties": {"name": {"type": "string"}},
            }),
        ),
        (
            "TagDeleted",
            json!({
                "type": "object", "required": ["code", "message"],
                "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
            }),
        ),
        ("TemplateDetails", template_details()),
    ]
}

fn user() -> Value {
    json!({
        "type": "object",
        "required": ["id", "firstName", "lastName", "email", "role", "team", "restrictions"],
        "properties": {
            "id": {"type": "integer"}, "firstName": {"type": "string"}, "lastName": {"type": "string"},
            "email": {"type": "string"}, "role": {"type": "string", "enum": ["owner", "manager", "agent"]},
            "team": {"type": "null", "description": "There are no teams."},
            "restrictions": {"type": "array", "items": {"type": "string"}, "maxItems": 0},
        },
    })
}

fn data_type() -> Value {
    json!({"type": "string", "enum": ["text", "list", "checkbox", "email", "number", "url", "date", "time"]})
}

fn new_custom_field() -> Value {
    json!({
        "type": "object", "required": ["name", "dataType"],
        "properties": {
            "name": {"type": "string", "maxLength": 50},
            "slug": {
                "type": ["string", "null"], "maxLength": 50, "pattern": "^[A-Za-z0-9_]*$",
                "description": "Empty, null or absent: made from the name.",
            },
            "description": {"type": ["string", "null"], "maxLength": 255},
            "dataType": data_type(),
            "allowedValues": {
                "type": ["array", "null"], "uniqueItems": true,
                "items": {"type": "string", "minLength": 1, "maxLength": 255},
                "description": "The values of a list, which needs some; empty for other types.",
            },
        },
    })
}

fn custom_field() -> Value {
    json!({
        "type": "object",
        "required": ["id", "name", "slug", "description", "dataType", "allowedValues", "created_at"],
        "properties": {
            "id": {"type": "integer"}, "name": {"type": "string"}, "slug": {"type": "string"},
            "description": {"type": ["string", "null"]}, "dataType": data_type(),
            "allowedValues": {"type": ["array", "null"], "items": {"type": "string"}},
            "created_at": {"type": "integer", "description": "Unix seconds."},
        },
    })
}

fn closing_note() -> Value {
    let text = json!({"type": ["string", "null"]});
    json!({
        "type": "object", "required": ["category", "description"],
        "properties": {
            "category": {"type": "string"}, "description": text, "content": text,
            "timestamp": {"type": "integer", "description": "Unix seconds."},
        },
    })
}

fn tag() -> Value {
    let text = json!({"type": ["string", "null"]});
    json!({
        "type": "object", "required": ["id", "name", "description", "emoji", "colorCode"],
        "properties": {
            "id": {"type": "integer"}, "name": {"type": "string"}, "description": text, "emoji": text,
            "colorCode": text,
        },
    })
}

/// What a tag is made or changed by.
fn tag_fields(required: &[&str]) -> Value {
    let text = |most: u16| json!({"type": ["string", "null"], "maxLength": most, "description": "Empty, null or absent: none, or as it was."});
    let name = json!({"type": "string", "maxLength": 255});
    let mut properties =
        json!({"description": text(255), "colorCode": text(64), "emoji": text(64), "name": text(255)});
    for key in required {
        properties[key] = name.clone();
    }
    json!({"type": "object", "required": required, "properties": properties})
}

fn template_details() -> Value {
    json!({
        "type": "object", "required": ["status", "message", "data"],
        "properties": {
            "status": {"type": "string"}, "message": {"type": "string"},
            "data": {
                "type": "object", "required": ["id", "name", "languageCode", "components", "catalogProducts"],
                "properties": {
                    "id": {"type": "integer"}, "name": {"type": "string"}, "languageCode": {"type": "string"},
                    "components": {
                        "type": "array", "items": {"type": "object"},
                        "description": "Meta's components, their types and formats in lower case.",
                    },
                    "catalogProducts": {"type": "array", "items": {"type": "object"}},
                },
            },
        },
    })
}
