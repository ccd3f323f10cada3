//! Custom fields of contacts: made, listed, read.

use super::space::cut;
use super::{page, path};
use crate::body::Fields;
use crate::problem::{Problem, ok};
use crate::state::App;
use crate::{auth, body};
use axum::body::Body;
use axum::extract::{OriginalUri, Path, State, rejection::PathRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::{ErrorCode, Fault, FieldId, Timestamp, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::admin::Field;
use serde_json::{Value, json};

/// What a field can hold.
const TYPES: [&str; 8] = ["text", "list", "checkbox", "email", "number", "url", "date", "time"];
/// The most characters of a name or a slug.
const NAME: usize = 50;
/// The most characters of a description or of a list's value.
const TEXT: usize = 255;
/// How often another slug is made when somebody else has just taken it.
const TRIES: usize = 5;

/// `POST /v2/space/custom_field`.
pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "space:write").await?;
    let given = body::json(&body::read(request, body::API).await?)?;
    let field = make(&app, token.workspace, read(&given)?).await?;
    Ok(ok(view(&field)))
}

/// `GET /v2/space/custom_field`.
pub(crate) async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "space:read").await?;
    let (limit, cursor) = page::read(&uri)?;
    let snapshot = app.engine.snapshot();
    let own = snapshot.fields_of(token.workspace);
    let rows = own.into_iter().map(|field| (field.id.0, view(field))).collect();
    Ok(ok(cut(rows, limit, cursor, &format!("{}/v2/space/custom_field", app.engine.config().public_url))))
}

/// `GET /v2/space/custom_field/{id}`.
pub(crate) async fn get(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "space:read").await?;
    let id = FieldId(page::number(&path(place)?, ErrorCode::NotFound, "Custom field")?);
    let snapshot = app.engine.snapshot();
    let found = snapshot.fields_of(token.workspace).into_iter().find(|field| field.id == id);
    Ok(ok(view(found.ok_or_else(|| Problem::new(ErrorCode::NotFound, "Custom field not found"))?)))
}

fn view(field: &Field) -> Value {
    let values = (field.data_type == "list").then_some(&field.allowed_values);
    json!({
        "id": field.id, "name": field.name, "slug": field.slug, "description": field.description,
        "dataType": field.data_type, "allowedValues": values, "created_at": field.created_at.secs(),
    })
}

/// A field as a caller wants it.
pub(crate) struct Given {
    name: String,
    /// Without one it is made from the name.
    slug: Option<String>,
    description: Option<String>,
    data_type: &'static str,
    allowed_values: Vec<String>,
}

/// Reads a field, with every fault at once.
pub(crate) fn read(body: &Value) -> Result<Given, Problem> {
    let mut faults = Vec::new();
    let given = Fields::new(body, "");
    let name = given.required_text("name", "the field's name", &mut faults).trim().to_owned();
    if name.chars().count() > NAME {
        faults.push(Fault::new("/name", format!("`name` may have at most {NAME} characters.")));
    }
    let slug = given.short_text("slug", NAME, &mut faults);
    if slug.iter().flat_map(|slug| slug.chars()).any(|c| !(c.is_ascii_alphanumeric() || c == '_')) {
        faults.push(Fault::new("/slug", "`slug` may hold letters, digits and underscores only."));
    }
    let description = given.short_text("description", TEXT, &mut faults);
    if given.get("dataType").is_none() {
        let message = format!("`dataType` is missing: one of {}.", TYPES.join(", "));
        faults.push(Fault::new("/dataType", message));
    }
    let data_type = given.word("dataType", &TYPES.map(|word| (word, word)), &mut faults);
    let allowed_values = allowed_values(&given, data_type, &mut faults);
    if !faults.is_empty() {
        return Err(Problem::faults(faults));
    }
    let data_type = data_type.unwrap_or("text");
    Ok(Given { name, slug, description, data_type, allowed_values })
}

/// The values of a list. Other types have none: clients that always send the key send it empty.
fn allowed_values(
    given: &Fields<'_>,
    data_type: Option<&'static str>,
    faults: &mut Vec<Fault>,
) -> Vec<String> {
    let before = faults.len();
    let list = given.array("allowedValues", faults).map_or(&[][..], Vec::as_slice);
    if faults.len() > before {
        return Vec::new();
    }
    match data_type {
        Some("list") if list.is_empty() => {
            let message = "A list needs `allowedValues`: at least one text.";
            faults.push(Fault::new("/allowedValues", message));
        }
        Some(other) if other != "list" && !list.is_empty() => {
            let message = format!("A field of the type {other} has no `allowedValues`; only a list has.");
            faults.push(Fault::new("/allowedValues", message));
            return Vec::new();
        }
        _ => {}
    }
    let mut values: Vec<String> = Vec::with_capacity(list.len());
    for (at, value) in list.iter().enumerate() {
        let text = value.as_str().map_or("", str::trim);
        let fault = if text.is_empty() {
            "A value must be a text that is not empty.".to_owned()
        } else if text.chars().count() > TEXT {
            format!("A value may have at most {TEXT} characters.")
        } else if values.iter().any(|known| known == text) {
            format!("`{text}` is there twice; give it once.")
        } else {
            values.push(text.to_owned());
            continue;
        };
        faults.push(Fault::new(format!("/allowedValues/{at}"), fault));
    }
    values
}

/// Stores a field. A slug that was made from its name is another one when it is taken already.
pub(crate) async fn make(app: &App, workspace: WorkspaceId, given: Given) -> Result<Field, Problem> {
    let engine = &app.engine;
    let now = engine.clock().now();
    let mut field = Field {
        id: FieldId(0),
        workspace,
        name: given.name,
        slug: String::new(),
        data_type: given.data_type.to_owned(),
        allowed_values: given.allowed_values,
        description: given.description,
        created_at: Timestamp::from_secs(now.secs()),
    };
    let mut tries = 0;
    loop {
        let made = || free_slug(&field.name, &engine.snapshot().fields_of(workspace));
        field.slug = given.slug.clone().unwrap_or_else(made);
        match engine.store().add_field(field.clone(), now).await {
            Ok(id) => {
                engine.reload().await?;
                return Ok(Field { id, ..field });
            }
            // The name is taken, or somebody else has just taken the slug that was free.
            Err(StoreError::Conflict(why)) => {
                engine.reload().await?;
                let snapshot = engine.snapshot();
                let is_named = snapshot.fields_of(workspace).iter().any(|known| known.name == field.name);
                tries += 1;
                if is_named || given.slug.is_some() || tries == TRIES {
                    return Err(StoreError::Conflict(why).into());
                }
            }
            Err(other) => return Err(other.into()),
        }
    }
}

/// A slug from a name, in lower case with underscores, that no other field has.
fn free_slug(name: &str, known: &[&Field]) -> String {
    let plain: String =
        name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let plain = match plain.trim_matches('_') {
        "" => "field",
        plain => plain,
    };
    let is_free = |slug: &str| known.iter().all(|field| field.slug != slug);
    let numbered = |number: usize| {
        let end = format!("_{number}");
        format!("{}{end}", &plain[..plain.len().min(NAME - end.len())])
    };
    let first = plain[..plain.len().min(NAME)].to_owned();
    std::iter::once(first).chain((2..).map(numbered)).find(|slug| is_free(slug)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slugs(names: &[&str]) -> Vec<String> {
        let mut known: Vec<Field> = Vec::new();
        for name in names {
            let slug = free_slug(name, &known.iter().collect::<Vec<_>>());
            let given = json!({"name": name, "slug": slug, "dataType": "text"});
            let Ok(given) = read(&given) else { panic!("{slug} is a slug") };
            known.push(Field {
                id: FieldId(0),
                workspace: WorkspaceId(1),
                name: given.name,
                slug: given.slug.expect("a slug"),
                data_type: "text".into(),
                allowed_values: vec![],
                description: None,
                created_at: Timestamp(0),
            });
        }
        known.into_iter().map(|field| field.slug).collect()
    }

    #[test]
    fn a_slug_is_made_of_what_a_slug_may_hold_and_is_nobody_elses() {
        assert_eq!(
            slugs(&["Plan", "plan", "PLAN!", "Fecha de pago"]),
            ["plan", "plan_2", "plan_3", "fecha_de_pago"]
        );
        assert_eq!(slugs(&["姓名", "¿?"]), ["field", "field_2"]);
        let long = "x".repeat(50);
        let made = slugs(&[&long, &long]);
        assert_eq!(made, [long.clone(), format!("{}_2", &long[..48])]);
        // Lower case can be longer than what it is made from.
        assert_eq!(slugs(&[&"İ".repeat(50)])[0].len(), 50);
    }
}
