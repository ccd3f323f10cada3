//! Variables in what a caller writes: `@contact.NAME` and `@field.SLUG` in template values,
//! `{{$contact.NAME}}` in texts.
//!
//! Values are not expanded again. What is unknown stays as it was written, with a note.

use chaski_model::template::{Note, Parameter, RequestBody, TemplateRequest};
use chaski_store::admin::Field;
use chaski_store::contacts::Contact;
use serde_json::Value;

/// What variables are filled from.
pub struct Variables<'a> {
    contact: &'a Contact,
    fields: &'a [&'a Field],
}

/// Names of a contact's own properties.
const CONTACT: [&str; 8] =
    ["id", "firstName", "lastName", "name", "phone", "email", "language", "countryCode"];

impl<'a> Variables<'a> {
    /// A contact's values; `fields` are its workspace's custom fields.
    pub fn new(contact: &'a Contact, fields: &'a [&'a Field]) -> Self {
        Self { contact, fields }
    }

    /// Fills every text value of a template request; true if anything changed.
    pub fn fill_template(&self, request: &mut TemplateRequest, notes: &mut Vec<Note>) -> bool {
        let mut changed = false;
        for component in &mut request.components {
            match &mut component.body {
                RequestBody::Header { parameters, .. } | RequestBody::Body { parameters, .. } => {
                    changed |= self.fill_parameters(parameters, notes);
                }
                RequestBody::Buttons { buttons } => {
                    for button in buttons {
                        changed |= self.fill_parameters(&mut button.parameters, notes);
                    }
                }
                RequestBody::Footer { .. } => {}
            }
        }
        changed
    }

    fn fill_parameters(&self, parameters: &mut [Parameter], notes: &mut Vec<Note>) -> bool {
        let mut changed = false;
        for parameter in parameters {
            if let Parameter::Text { text, .. } = parameter {
                let filled = self.fill_value(text, notes);
                changed |= filled != *text;
                *text = filled;
            }
        }
        changed
    }

    /// Fills `@contact.NAME` and `@field.SLUG` in one value; the longest name wins.
    pub fn fill_value(&self, text: &str, notes: &mut Vec<Note>) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('@') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let (value, used) = self.variable_at(rest, notes);
            match value {
                Some(value) => out.push_str(&value),
                None => out.push_str(&rest[..used]),
            }
            rest = &rest[used..];
        }
        out.push_str(rest);
        out
    }

    /// Reads one variable at the start of a text: (its value if it has one, how many bytes it took).
    fn variable_at(&self, text: &str, notes: &mut Vec<Note>) -> (Option<String>, usize) {
        for (prefix, is_field) in [("@contact.", false), ("@field.", true)] {
            let Some(rest) = text.strip_prefix(prefix) else { continue };
            let found = if is_field {
                self.longest_field(rest)
            } else {
                longest(rest, CONTACT.into_iter()).map(|n| (n, self.contact_value(n)))
            };
            if let Some((name, value)) = found {
                return (Some(value), prefix.len() + name.len());
            }
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let literal = &text[..prefix.len() + end];
            notes.push(Note::new(
                "unknown_field",
                format!("`{literal}` is not a field of this workspace; it was sent as it is written."),
            ));
            return (None, literal.len());
        }
        (None, 1)
    }

    fn longest_field<'t>(&self, text: &'t str) -> Option<(&'t str, String)> {
        let name = longest(text, self.fields.iter().map(|field| field.slug.as_str()))?;
        let field = self.fields.iter().find(|field| field.slug == name)?;
        let value = self.contact.fields.get(&field.id.0).map_or_else(String::new, plain);
        Some((&text[..name.len()], value))
    }

    fn contact_value(&self, name: &str) -> String {
        let c = self.contact;
        match name {
            "id" => c.id.to_string(),
            "firstName" => c.first_name.clone(),
            "lastName" => c.last_name.clone().unwrap_or_default(),
            "name" => format!("{} {}", c.first_name, c.last_name.as_deref().unwrap_or("")).trim().to_owned(),
            "phone" => c.phone().unwrap_or("").to_owned(),
            "email" => c.email().unwrap_or("").to_owned(),
            "language" => c.language.clone().unwrap_or_default(),
            "countryCode" => c.country_code.clone().unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// Fills `{{$contact.NAME}}` in a text.
    pub fn fill_text(&self, text: &str, notes: &mut Vec<Note>) -> String {
        const OPEN: &str = "{{$contact.";
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(OPEN) {
            out.push_str(&rest[..at]);
            let inside = &rest[at + OPEN.len()..];
            let Some(end) = inside.find("}}") else {
                rest = &rest[at..];
                break;
            };
            let name = inside[..end].trim();
            if CONTACT.contains(&name) {
                out.push_str(&self.contact_value(name));
            } else {
                let literal = &rest[at..at + OPEN.len() + end + 2];
                notes.push(Note::new(
                    "unknown_field",
                    format!("`{literal}` is not known; it was sent as it is written."),
                ));
                out.push_str(literal);
            }
            rest = &inside[end + 2..];
        }
        out.push_str(rest);
        out
    }
}

fn longest<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    names.filter(|name| !name.is_empty() && text.starts_with(name)).max_by_key(|name| name.len())
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chaski_model::{ContactId, FieldId, Timestamp, WorkspaceId};

    fn contact() -> Contact {
        Contact {
            id: ContactId(123),
            first_name: "Ana".into(),
            last_name: Some("Torres".into()),
            language: None,
            profile_pic: None,
            country_code: None,
            status: "open".into(),
            tags: vec![],
            fields: [(1, Value::from("ACME")), (2, Value::from(7))].into(),
            lifecycle: None,
            assignee: None,
            created_at: Timestamp(0),
            addresses: vec![],
            lanes: vec![],
            version: 0,
        }
    }

    fn field(id: i64, slug: &str) -> Field {
        Field {
            id: FieldId(id),
            workspace: WorkspaceId(1),
            name: slug.into(),
            slug: slug.into(),
            data_type: "text".into(),
            allowed_values: vec![],
            description: None,
            created_at: Timestamp(0),
        }
    }

    fn fill(text: &str) -> (String, usize) {
        let contact = contact();
        let fields = [field(1, "company"), field(2, "company_size"), field(3, "empty")];
        let fields: Vec<&Field> = fields.iter().collect();
        let mut notes = vec![];
        let filled = Variables::new(&contact, &fields).fill_value(text, &mut notes);
        (filled, notes.len())
    }

    #[test]
    fn variables_are_filled_whole_or_inside_a_text_and_the_longest_name_wins() {
        assert_eq!(fill("@contact.name"), ("Ana Torres".into(), 0));
        assert_eq!(fill("Hola @contact.firstName, de @field.company."), ("Hola Ana, de ACME.".into(), 0));
        assert_eq!(fill("@field.company_size"), ("7".into(), 0));
        assert_eq!(fill("@field.empty"), (String::new(), 0));
    }

    #[test]
    fn what_is_unknown_stays_as_written_with_a_note() {
        assert_eq!(fill("@field.deleted y @contact.shoe"), ("@field.deleted y @contact.shoe".into(), 2));
        assert_eq!(fill("ana@ejemplo.ec"), ("ana@ejemplo.ec".into(), 0));
    }

    #[test]
    fn values_are_not_expanded_again() {
        let mut contact = contact();
        contact.first_name = "@field.company".into();
        let field = field(1, "company");
        let filled = Variables::new(&contact, &[&field]).fill_value("@contact.firstName", &mut vec![]);
        assert_eq!(filled, "@field.company");
        contact.first_name = "{{$contact.id}}".into();
        let filled = Variables::new(&contact, &[]).fill_text("Hola {{$contact.firstName}}", &mut vec![]);
        assert_eq!(filled, "Hola {{$contact.id}}");
    }

    #[test]
    fn texts_know_the_other_form() {
        let contact = contact();
        let mut notes = vec![];
        let text = Variables::new(&contact, &[])
            .fill_text("Hola {{$contact.name}}, {{$contact.shoe}} {{1}} {{$contact.", &mut notes);
        assert_eq!(text, "Hola Ana Torres, {{$contact.shoe}} {{1}} {{$contact.");
        assert_eq!(notes.len(), 1);
    }
}
