//! The fields of a contact in a body: parsed, checked, ready for the store.

use crate::body::Fields;
use chaski_model::address::{Address, AddressKind, E164, is_email};
use chaski_model::identifier::Identifier;
use chaski_model::{ErrorCode, Fault};
use chaski_store::admin::Field;
use chaski_store::contacts::ContactChange;
use serde_json::Value;

/// Reads ContactFields. `fields` are the workspace's custom fields, `country` is how it writes numbers.
pub(crate) fn read(
    body: &Value,
    fields: &[&Field],
    country: Option<&str>,
    name_required: bool,
) -> Result<ContactChange, Vec<Fault>> {
    let mut faults = Vec::new();
    let given = Fields::new(body, "");
    let mut change = ContactChange::default();
    if name_required && given.get("firstName").is_none() {
        faults.push(Fault::new("/firstName", "`firstName` is missing: the contact's first name."));
    }
    change.first_name = given.short_text("firstName", 255, &mut faults);
    change.last_name = text_or_clear(&given, "lastName", 255, &mut faults);
    change.language = text_or_clear(&given, "language", 16, &mut faults);
    change.profile_pic = text_or_clear(&given, "profilePic", 2048, &mut faults);
    change.country_code = text_or_clear(&given, "countryCode", 2, &mut faults);
    // An address that is there and empty is taken away.
    for (key, kind) in [("phone", AddressKind::Phone), ("email", AddressKind::Email)] {
        if given.has(key) && given.get(key).is_none_or(|value| value.as_str().is_some_and(str::is_empty)) {
            change.without.push(kind);
        }
    }
    if let Some(phone) = given.short_text("phone", 64, &mut faults) {
        match E164::parse(&phone, country) {
            Some(number) => change.addresses.push(Address::phone(&number)),
            None => faults.push(Fault::new(
                "/phone",
                "`phone` must be an international number, for example +593997333444.",
            )),
        }
    }
    if let Some(email) = given.short_text("email", 254, &mut faults) {
        if is_email(&email) {
            change.addresses.push(Address::email(&email));
        } else {
            faults
                .push(Fault::new("/email", "`email` must be an e-mail address, for example ana@ejemplo.ec."));
        }
    }
    if let Some(list) = given.array("custom_fields", &mut faults) {
        for (at, value) in list.iter().enumerate() {
            custom_field(&format!("/custom_fields/{at}"), value, fields, &mut change, &mut faults);
        }
    }
    if faults.is_empty() { Ok(change) } else { Err(faults) }
}

/// Adds the address that the path names.
pub(crate) fn add_identifier(change: &mut ContactChange, identifier: &Identifier) {
    let address = match identifier {
        Identifier::Id(_) => return,
        Identifier::Email(email) => Address::email(email),
        Identifier::Phone(phone) => Address::phone(phone),
    };
    if let Identifier::Phone(phone) = identifier
        && change.country_code.is_none()
    {
        change.country_code = Some(phone.country());
    }
    if !change.addresses.contains(&address) {
        change.addresses.insert(0, address);
    }
}

/// A present field sets or, empty or null, clears.
fn text_or_clear(
    given: &Fields<'_>,
    key: &str,
    limit: usize,
    faults: &mut Vec<Fault>,
) -> Option<Option<String>> {
    given.has(key).then(|| given.short_text(key, limit, faults))
}

fn custom_field(
    pointer: &str,
    value: &Value,
    fields: &[&Field],
    change: &mut ContactChange,
    faults: &mut Vec<Fault>,
) {
    let given = Fields::new(value, pointer);
    if !value.is_object() {
        faults.push(Fault::new(pointer, "A custom field must be {\"name\": …, \"value\": …}."));
        return;
    }
    let name = given.required_text("name", "the field's name", faults);
    if name.is_empty() {
        return;
    }
    let Some(field) = fields.iter().find(|f| f.name == name || f.slug == name || f.id.to_string() == name)
    else {
        faults.push(Fault::new(
            given.pointer("name"),
            format!("There is no custom field `{name}`; make it first."),
        ));
        return;
    };
    match checked(field, given.get("value")) {
        Ok(value) => drop(change.fields.insert(field.id.0, value)),
        Err(why) => faults.push(Fault::new(given.pointer("value"), why)),
    }
}

/// A value in the form of its field's type; null and empty clear.
pub(crate) fn checked(field: &Field, value: Option<&Value>) -> Result<Value, String> {
    let Some(value) = value else { return Ok(Value::Null) };
    if value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(Value::Null);
    }
    let must = |what: &str| format!("`{}` must be {what}.", field.name);
    let text = value.as_str();
    match field.data_type.as_str() {
        "number" => value.is_number().then(|| value.clone()).ok_or_else(|| must("a number, without quotes")),
        "checkbox" => value.is_boolean().then(|| value.clone()).ok_or_else(|| must("true or false")),
        "email" => text.filter(|t| is_email(t)).map(Value::from).ok_or_else(|| must("an e-mail address")),
        "list" => text
            .filter(|t| field.allowed_values.iter().any(|allowed| allowed == t))
            .map(Value::from)
            .ok_or_else(|| must(&format!("one of {}", field.allowed_values.join(", ")))),
        "date" => text
            .filter(|t| t.parse::<jiff::civil::Date>().is_ok())
            .map(Value::from)
            .ok_or_else(|| must("a date, yyyy-mm-dd")),
        "time" => text.filter(|t| is_time(t)).map(Value::from).ok_or_else(|| must("a time, HH:MM")),
        "url" => text
            .filter(|t| t.contains('.') && !t.contains(' '))
            .map(Value::from)
            .ok_or_else(|| must("a web address")),
        _ => text.map(Value::from).ok_or_else(|| must("a text")),
    }
}

fn is_time(text: &str) -> bool {
    let Some((hours, minutes)) = text.split_once(':') else { return false };
    let number = |t: &str, most: u8| t.len() == 2 && t.parse::<u8>().is_ok_and(|n| n <= most);
    number(hours, 23) && number(minutes, 59)
}

/// Why a contact cannot be made by this identifier.
pub(crate) fn refuse_id() -> (ErrorCode, &'static str) {
    (
        ErrorCode::IdentifierInvalid,
        "A contact is created by email: or phone:, for example phone:+593997333444.",
    )
}
