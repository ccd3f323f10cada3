//! The part of the OpenAPI document that operators' programs use: `/admin/v1`, as far as it is about
//! messages, the engine's health and retention. Copies of the store are made from its files, so that no
//! token can ask for one: there is no route for them.

use super::openapi::Operation;
use serde_json::{Value, json};

/// Where these operations are.
pub(super) const BASE: &str = "/admin/v1";

/// Routes that the command line sets a server up with. Their commands describe them.
#[cfg(test)]
pub(super) const OF_COMMANDS: &[&str] = &[
    "/workspaces",
    "/tokens",
    "/users",
    "/sign-in-links",
    "/channels",
    "/channels/{id}/settings",
    "/channels/{id}/check",
    "/channels/{id}/resume",
    "/channels/{id}/remove",
    "/channels/{id}/templates/sync",
    "/channels/{id}/templates/import",
    "/templates",
    "/templates/lint",
    "/contacts",
    "/fields",
    "/fields/{name}",
    "/lifecycles",
    "/tags",
    "/closing-notes",
    "/closing-notes/{id}",
];

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
        scope: "admin",
        body: None,
        answer,
        statuses: &[401, 403, 503],
        query: &[],
    }
}

const fn act(id: &'static str, path: &'static str, summary: &'static str, answer: &'static str) -> Operation {
    Operation { method: "post", ..read(id, path, summary, answer) }
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        statuses: &[400, 401, 403, 404, 503],
        query: &["MessageId"],
        ..read("getMessageLife", "/messages/{messageId}", "A message with its whole life", "MessageLife")
    },
    Operation {
        statuses: &[400, 401, 403, 404, 409, 413, 503],
        query: &["MessageId"],
        body: Some("Choice"),
        ..act(
            "resolveMessage",
            "/messages/{messageId}/resolve",
            "Decide about an unknown outcome",
            "MessageId",
        )
    },
    Operation {
        statuses: &[400, 401, 403, 404, 409, 503],
        query: &["MessageId"],
        ..act("replayMessage", "/messages/{messageId}/replay", "Send a failed message again", "MessageId")
    },
    Operation {
        statuses: &[400, 401, 403, 503],
        query: &["Before"],
        ..read("listUnknown", "/unknown", "List unknown outcomes, newest first", "Unknown")
    },
    read(
        "listCauses",
        "/dead-letters",
        "List what messages failed of, with their number",
        "DeadLetterCauses",
    ),
    Operation {
        statuses: &[400, 401, 403, 503],
        query: &["Before", "PageLimit", "CauseChannel", "CauseError", "CauseProviderCode"],
        ..read("listDeadLetters", "/dead-letters/messages", "List dead letters, newest first", "DeadLetters")
    },
    Operation {
        statuses: &[400, 401, 403, 409, 413, 503],
        body: Some("DeadLetterStep"),
        ..act("replayDeadLetters", "/dead-letters/replay", "Send dead letters again, one step", "Replayed")
    },
    Operation {
        statuses: &[400, 401, 403, 409, 413, 503],
        body: Some("DeadLetterStep"),
        ..act(
            "dismissDeadLetters",
            "/dead-letters/dismiss",
            "Take dead letters off the list, one step",
            "Dismissed",
        )
    },
    Operation {
        statuses: &[400, 401, 403, 503],
        query: &["BeforeWebhook"],
        ..read(
            "listKeptWebhooks",
            "/webhooks",
            "List webhooks that could not be used, newest first",
            "KeptWebhooks",
        )
    },
    Operation {
        statuses: &[401, 403, 404, 503],
        query: &["WebhookId"],
        ..read("getKeptWebhook", "/webhooks/{webhookId}", "A kept webhook with its whole body", "Webhook")
    },
    Operation {
        statuses: &[401, 403, 404, 409, 503],
        query: &["WebhookId"],
        ..act("replayWebhook", "/webhooks/{webhookId}/replay", "Take a kept webhook in again", "KeptWebhook")
    },
    Operation {
        statuses: &[401, 403, 404, 503],
        query: &["WebhookId"],
        ..act("dismissWebhook", "/webhooks/{webhookId}/dismiss", "Let a kept webhook go", "KeptWebhook")
    },
    read("getHealth", "/health", "What waits, is held or is silent, by channel", "Health"),
    read("dryRunRetention", "/retention", "Count what retention would remove now", "Retention"),
    act("runRetention", "/retention/run", "Remove now what is old", "Retention"),
    read("checkChannels", "/check", "Ask the provider of each channel whether all is well", "Items"),
];

/// An example of a body; each is sent by a test.
pub(super) fn example(body: &str) -> Option<Value> {
    match body {
        "Choice" => Some(json!({"choice": "leave"})),
        "DeadLetterStep" => Some(json!({"all": true, "limit": 100})),
        _ => None,
    }
}

pub(super) fn parameters() -> Vec<(&'static str, Value)> {
    let query = |name: &str, schema: Value, description: &str| json!({"name": name, "in": "query", "schema": schema, "description": description});
    let integer = json!({"type": "integer"});
    vec![
        ("Before", query("before", integer.clone(), "Only older messages than this one.")),
        ("BeforeWebhook", query("before", integer.clone(), "Only older webhooks than this one.")),
        (
            "WebhookId",
            json!({"name": "webhookId", "in": "path", "required": true, "schema": integer.clone()}),
        ),
        (
            "PageLimit",
            query(
                "limit",
                json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 100}),
                "How many of a page.",
            ),
        ),
        (
            "CauseChannel",
            query("channelId", integer.clone(), "With `error`: only dead letters of one cause."),
        ),
        ("CauseError", query("error", json!({"type": "string"}), "With `channelId`: our code of the cause.")),
        (
            "CauseProviderCode",
            query("providerCode", integer, "The provider's code of the cause, if it has one."),
        ),
    ]
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let items = |item: Value| json!({"type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items": item}}});
    let mut schemas = dead_letters(&items);
    schemas.extend(vec![
        ("Items", items(json!({"type": "object"}))),
        ("MessageId", json!({"type": "object", "properties": {"messageId": {"type": "integer"}}})),
        ("KeptWebhook", json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}})),
        ("Webhook", kept_webhook()),
        ("KeptWebhooks", items(kept_webhook())),
        ("MessageLife", json!({
            "type": "object", "required": ["message", "timeline"],
            "properties": {
                "message": {"$ref": "#/components/schemas/Message"},
                "timeline": {"type": "array", "items": {
                    "type": "object", "required": ["step", "at"],
                    "properties": {"step": {"type": "string"}, "at": {"type": "string", "format": "date-time"}},
                }},
            },
        })),
        ("Choice", json!({
            "type": "object", "required": ["choice"],
            "properties": {"choice": {"type": "string", "enum": ["resend", "leave"]}},
        })),
        ("Health", items(json!({
            "type": "object",
            "required": ["channelId", "name", "state", "queued", "unknown", "deadLetters"],
            "properties": {
                "channelId": {"type": "integer"}, "name": {"type": "string"}, "state": {"type": "string"},
                "queued": {"type": "integer"}, "oldestSeconds": {"type": ["integer", "null"]},
                "unknown": {"type": "integer"}, "deadLetters": {"type": "integer"},
                "receipts": {"type": ["object", "null"], "description": "Whether receipts come as usual."},
            },
        }))),
        ("Retention", items(json!({
            "type": "object", "required": ["kind", "before", "rows"],
            "properties": {
                "kind": {"type": "string"}, "rows": {"type": "integer"},
                "before": {"type": ["string", "null"], "format": "date-time", "description": "null: kept for ever."},
            },
        }))),
    ]);
    schemas
}

fn kept_webhook() -> Value {
    json!({
        "type": "object", "required": ["id", "receivedAt", "cause", "query", "bytes", "body"],
        "properties": {
            "id": {"type": "integer"}, "source": {"type": ["string", "null"]},
            "receivedAt": {"type": "string", "format": "date-time"},
            "cause": {"type": "string"}, "query": {"type": "string"}, "bytes": {"type": "integer"},
            "body": {"type": "string", "description": "In a list at most 2,048 bytes of it."},
        },
    })
}

fn dead_letters(items: &dyn Fn(Value) -> Value) -> Vec<(&'static str, Value)> {
    let time = json!({"type": "string", "format": "date-time"});
    let number = json!({"type": ["integer", "null"]});
    let mut letters = items(json!({
        "type": "object", "required": ["messageId", "contactId", "channelId", "error", "failedAt"],
        "properties": {
            "messageId": {"type": "integer"}, "contactId": {"type": "integer"}, "channelId": {"type": "integer"},
            "error": {"type": "string"}, "providerCode": number, "failedAt": time, "why": {"type": ["object", "null"]},
        },
    }));
    letters["properties"]["next"] =
        json!({"type": ["integer", "null"], "description": "`before` of the next page."});
    let mut unknown = items(json!({"type": "integer"}));
    unknown["properties"]["messages"] = json!({"type": "array", "items": {"type": "object"}});
    vec![
        ("Unknown", unknown),
        (
            "DeadLetterCauses",
            items(json!({
                "type": "object", "required": ["channelId", "error", "messages", "firstAt", "lastAt"],
                "properties": {
                    "channelId": {"type": "integer"}, "channel": {"type": ["string", "null"]}, "error": {"type": "string"},
                    "providerCode": number, "messages": {"type": "integer"}, "firstAt": time, "lastAt": time,
                    "sampleMessageId": {"type": "integer"}, "why": {"type": ["object", "null"]},
                },
            })),
        ),
        ("DeadLetters", letters),
        (
            "DeadLetterStep",
            json!({
                "type": "object", "description": "Those of one cause, or `all`.",
                "properties": {
                    "all": {"type": "boolean"}, "channelId": {"type": "integer"}, "error": {"type": "string"},
                    "providerCode": number, "after": number, "failedBefore": time,
                    "limit": {"type": "integer", "minimum": 1, "maximum": 500, "default": 500},
                },
            }),
        ),
        (
            "Replayed",
            json!({
                "type": "object", "required": ["replayed", "skipped", "next", "failedBefore"],
                "properties": {
                    "replayed": {"type": "integer"}, "skipped": {"type": "array", "items": {"type": "object"}},
                    "next": {"type": ["integer", "null"], "description": "`after` of the next step."}, "failedBefore": time,
                },
            }),
        ),
        (
            "Dismissed",
            json!({
                "type": "object", "required": ["dismissed", "more", "failedBefore"],
                "properties": {"dismissed": {"type": "integer"}, "more": {"type": "boolean"}, "failedBefore": time},
            }),
        ),
    ]
}
