//! A template as the provider's reviewers approved it, taken apart once so that sends are cheap.

use serde_json::{Value, json};

use crate::call::text;
use crate::ids::{mixed, stable};

/// One translation of a template.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) status: String,
    pub(crate) category: String,
    pub(crate) is_named: bool,
    pub(crate) header: Header,
    pub(crate) body: Pattern,
    pub(crate) footer: Option<String>,
    pub(crate) buttons: Vec<ButtonDefinition>,
    /// The object as Meta lists it.
    pub(crate) object: Value,
}

/// What stands above the body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Header {
    None,
    Text(Pattern),
    /// IMAGE, VIDEO, DOCUMENT, GIF or LOCATION.
    Media(String),
}

/// A text with places for values.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    /// The names of its values: `1`, `2` … or words, each once, in order of appearance.
    pub(crate) names: Vec<String>,
}

/// A button of a template.
#[derive(Debug, Clone)]
pub(crate) struct ButtonDefinition {
    /// URL, PHONE_NUMBER, QUICK_REPLY, COPY_CODE …
    pub(crate) kind: String,
    pub(crate) text: String,
    pub(crate) url: Option<Pattern>,
    pub(crate) phone_number: Option<String>,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let mut names: Vec<String> = Vec::new();
        let mut rest = text;
        while let Some((_, after)) = rest.split_once("{{") {
            let Some((name, later)) = after.split_once("}}") else {
                break;
            };
            let name = name.trim();
            if !name.is_empty() && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
            rest = later;
        }
        Self { text: text.to_owned(), names }
    }

    /// How many values a positional pattern takes: its highest number.
    pub(crate) fn count(&self) -> usize {
        let highest = self.names.iter().filter_map(|name| name.parse::<usize>().ok()).max();
        highest.unwrap_or(self.names.len())
    }

    /// The text with every value in its place.
    pub(crate) fn fill<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> String {
        let mut filled = String::with_capacity(self.text.len() + 32);
        let mut rest = self.text.as_str();
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, later)) = after.split_once("}}") else {
                break;
            };
            filled.push_str(before);
            match value(name.trim()) {
                Some(value) => filled.push_str(value),
                None => {
                    filled.push_str("{{");
                    filled.push_str(name);
                    filled.push_str("}}");
                }
            }
            rest = later;
        }
        filled.push_str(rest);
        filled
    }
}

impl Template {
    /// Reads Meta's object; `waba` makes its id differ between accounts.
    pub(crate) fn read(object: &Value, waba: &str) -> Result<Self, String> {
        let required = |key: &str| {
            text(object, key).map(str::to_owned).ok_or_else(|| format!("a template needs `{key}`"))
        };
        let (name, language) = (required("name")?, required("language")?);
        let components =
            object.get("components").and_then(Value::as_array).ok_or("a template needs `components`")?;
        let component = |kind: &str| {
            components.iter().find(|c| text(c, "type").is_some_and(|t| t.eq_ignore_ascii_case(kind)))
        };
        let category = text(object, "category").unwrap_or("UTILITY").to_ascii_uppercase();
        let body =
            component("BODY").and_then(|c| text(c, "text")).unwrap_or(if category == "AUTHENTICATION" {
                "*{{1}}* es tu código de verificación."
            } else {
                ""
            });
        let header = match component("HEADER") {
            None => Header::None,
            Some(c) => match text(c, "format").unwrap_or("TEXT").to_ascii_uppercase() {
                format if format == "TEXT" => Header::Text(Pattern::new(text(c, "text").unwrap_or_default())),
                format => Header::Media(format),
            },
        };
        let buttons = component("BUTTONS").and_then(|c| c.get("buttons")).and_then(Value::as_array);
        let mut template = Self {
            id: text(object, "id").map_or_else(|| number(waba, &name, &language), str::to_owned),
            status: text(object, "status").unwrap_or("APPROVED").to_ascii_uppercase(),
            is_named: text(object, "parameter_format")
                .is_some_and(|format| format.eq_ignore_ascii_case("NAMED")),
            body: Pattern::new(body),
            footer: component("FOOTER").and_then(|c| text(c, "text")).map(str::to_owned),
            buttons: buttons
                .map(|list| list.iter().map(ButtonDefinition::read).collect())
                .unwrap_or_default(),
            object: Value::Null,
            name,
            language,
            category,
            header,
        };
        template.object = template.normalized(object);
        Ok(template)
    }

    /// The same template with another status.
    pub(crate) fn with_status(&self, status: &str) -> Self {
        let mut changed = self.clone();
        changed.status = status.to_ascii_uppercase();
        changed.object["status"] = Value::from(changed.status.as_str());
        changed
    }

    /// The object as Meta lists it: types in upper case, with id and status.
    fn normalized(&self, object: &Value) -> Value {
        let mut object = object.clone();
        object["id"] = json!(self.id);
        object["status"] = json!(self.status);
        object["category"] = json!(self.category);
        object["parameter_format"] = json!(if self.is_named { "NAMED" } else { "POSITIONAL" });
        for component in object.get_mut("components").and_then(Value::as_array_mut).into_iter().flatten() {
            upper(component, "type");
            upper(component, "format");
            for button in component.get_mut("buttons").and_then(Value::as_array_mut).into_iter().flatten() {
                upper(button, "type");
            }
        }
        object
    }
}

impl ButtonDefinition {
    fn read(object: &Value) -> Self {
        let kind = text(object, "type").unwrap_or_default().to_ascii_uppercase();
        let is_code = kind == "OTP";
        Self {
            text: text(object, "text")
                .unwrap_or(if kind == "COPY_CODE" { "Copy code" } else { "" })
                .to_owned(),
            // An authentication button takes the code as its value and reads back as a URL.
            url: if is_code {
                Some(Pattern::new("https://www.whatsapp.com/otp/code/?code={{1}}"))
            } else {
                text(object, "url").map(Pattern::new)
            },
            phone_number: text(object, "phone_number").map(str::to_owned),
            kind: if is_code { "URL".to_owned() } else { kind },
        }
    }

    pub(crate) fn needs_value(&self) -> bool {
        self.kind == "URL" && self.url.as_ref().is_some_and(|url| !url.names.is_empty())
    }
}

fn upper(object: &mut Value, key: &str) {
    if let Some(Value::String(word)) = object.get_mut(key) {
        word.make_ascii_uppercase();
    }
}

/// A numeric id that is the same on every start.
fn number(waba: &str, name: &str, language: &str) -> String {
    format!("1{:015}", mixed(stable(&format!("{waba}/{name}/{language}"))) % 10_u64.pow(15))
}
