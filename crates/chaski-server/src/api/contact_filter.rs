//! The filter language of the contact list: conditions about fields, tags and lifecycle, joined by `$and` or
//! `$or`, and a free-text search. It is read from a body and asked of one contact after the other.

use crate::body::{self, Fields};
use chaski_model::{Fault, Timestamp};
use chaski_store::admin::Field;
use chaski_store::contacts::Contact;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde_json::Value;

/// The most conditions of a filter, the most values of one, and the longest search.
const CONDITIONS: usize = 50;
const VALUES: usize = 100;
const SEARCH: usize = 255;

/// Which contacts are wanted.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Wanted {
    search: Option<String>,
    all: Vec<Condition>,
    any: Vec<Condition>,
}

#[derive(Debug, PartialEq)]
struct Condition {
    of: Subject,
    test: Test,
}

/// What a condition is about.
#[derive(Debug, Clone, PartialEq)]
enum Subject {
    FirstName,
    LastName,
    Phone,
    Email,
    Language,
    Country,
    Status,
    Assignee,
    CreatedAt,
    Lifecycle,
    Tags,
    /// A custom field's number, and whether it holds numbers or days.
    Custom(i64, Kind),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Number,
    Day,
}

#[derive(Debug, PartialEq)]
enum Test {
    Exists(bool),
    Is(String, bool),
    Any(Vec<String>),
    All(Vec<String>),
    None(Vec<String>),
    /// Between two numbers or moments, the first one in, the second one out.
    Within(f64, f64),
}

impl Wanted {
    /// Whether every contact is wanted.
    pub(crate) fn is_everyone(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a contact is wanted. `zone` is how days of custom fields are read.
    pub(crate) fn takes(&self, contact: &Contact) -> bool {
        let is_found = self.search.as_ref().is_none_or(|words| is_found(contact, words));
        let some = self.any.is_empty() || self.any.iter().any(|condition| condition.holds(contact));
        is_found && some && self.all.iter().all(|condition| condition.holds(contact))
    }
}

/// Reads `search`, `timezone` and `filter`; all of them may be missing, empty or null.
pub(crate) fn read(given: &Value, fields: &[&Field]) -> Result<Wanted, Vec<Fault>> {
    let mut faults = Vec::new();
    let own = Fields::new(given, "");
    let search = own.short_text("search", SEARCH, &mut faults).map(|words| folded(&words));
    // Real clients send zones that do not exist.
    let zone = own.get("timezone").and_then(Value::as_str).and_then(|name| TimeZone::get(name).ok());
    let zone = zone.unwrap_or(TimeZone::UTC);
    let mut wanted = Wanted { search: search.filter(|words| !words.is_empty()), ..Wanted::default() };
    match own.get("filter") {
        None => {}
        Some(Value::Object(groups)) => {
            for (word, list) in groups {
                let into = match word.as_str() {
                    "$and" => &mut wanted.all,
                    "$or" => &mut wanted.any,
                    _ => {
                        faults.push(Fault::new(
                            format!("/filter/{word}"),
                            format!("`{word}` is not known; a filter has `$and` or `$or`."),
                        ));
                        continue;
                    }
                };
                conditions(&format!("/filter/{word}"), list, fields, &zone, into, &mut faults);
            }
        }
        Some(other) => faults.push(Fault::new(
            "/filter",
            format!("`filter` must be an object with `$and` or `$or`, not {}.", body::name(other)),
        )),
    }
    if faults.is_empty() { Ok(wanted) } else { Err(faults) }
}

fn conditions(
    pointer: &str,
    list: &Value,
    fields: &[&Field],
    zone: &TimeZone,
    into: &mut Vec<Condition>,
    faults: &mut Vec<Fault>,
) {
    let Some(list) = list.as_array() else {
        faults.push(Fault::new(pointer, "It must be a list of conditions."));
        return;
    };
    if list.len() > CONDITIONS {
        faults.push(Fault::new(pointer, format!("A filter has at most {CONDITIONS} conditions.")));
        return;
    }
    for (at, given) in list.iter().enumerate() {
        let own = Fields::new(given, format!("{pointer}/{at}"));
        let Some(of) = subject(&own, fields, faults) else { continue };
        match test(&own, &of, zone) {
            Ok(test) => into.push(Condition { of, test }),
            Err((key, why)) => faults.push(Fault::new(own.pointer(key), why)),
        }
    }
}

fn subject(own: &Fields<'_>, fields: &[&Field], faults: &mut Vec<Fault>) -> Option<Subject> {
    let categories = [("contactField", "field"), ("contactTag", "tag"), ("lifecycle", "stage")];
    if own.get("category").is_none() {
        let why = "`category` is missing: contactField, contactTag or lifecycle.";
        faults.push(Fault::new(own.pointer("category"), why));
    }
    match own.word("category", &categories, faults)? {
        "tag" => return Some(Subject::Tags),
        "stage" => return Some(Subject::Lifecycle),
        _ => {}
    }
    let name = own.required_text("field", "the field's name", faults);
    Some(match name {
        "" => return None,
        "firstName" => Subject::FirstName,
        "lastName" => Subject::LastName,
        "phone" => Subject::Phone,
        "email" => Subject::Email,
        "language" => Subject::Language,
        "countryCode" => Subject::Country,
        "status" => Subject::Status,
        "assigneeUserId" | "assignee" => Subject::Assignee,
        "created_at" | "createdAt" => Subject::CreatedAt,
        "lifecycle" => Subject::Lifecycle,
        "tags" => Subject::Tags,
        _ => {
            let known = fields.iter().find(|f| f.name == name || f.slug == name || f.id.to_string() == name);
            let Some(field) = known else {
                faults.push(Fault::new(
                    own.pointer("field"),
                    format!("There is no field `{name}`: use firstName, lastName, phone, email, language, countryCode, status, assigneeUserId, created_at, or a custom field's name."),
                ));
                return None;
            };
            let kind = match field.data_type.as_str() {
                "number" => Kind::Number,
                "date" => Kind::Day,
                _ => Kind::Text,
            };
            Subject::Custom(field.id.0, kind)
        }
    })
}

/// What is asked; the key at fault and why, if it cannot be meant.
fn test(own: &Fields<'_>, of: &Subject, zone: &TimeZone) -> Result<Test, (&'static str, String)> {
    let operator = own.get("operator").and_then(Value::as_str).unwrap_or_default();
    let value = own.get("value");
    let one = || {
        scalar(of, value)
            .ok_or_else(|| ("value", "`value` must be a text, a number or true or false.".to_owned()))
    };
    let many = || {
        list(of, value).ok_or_else(|| ("value", format!("`value` must be a list of at most {VALUES} texts.")))
    };
    let span = |value: Option<&Value>| moment(of, value, zone).ok_or_else(|| ("value", what_it_must_be(of)));
    let both = || {
        let (from, to) = (value.and_then(|v| v.get("from")), value.and_then(|v| v.get("to")));
        Ok::<_, (&'static str, String)>((span(from)?, span(to)?))
    };
    Ok(match operator {
        "exists" => Test::Exists(true),
        "doesNotExist" => Test::Exists(false),
        "isEqualTo" | "isNotEqualTo" => {
            let is_wanted = operator == "isEqualTo";
            match (value, of) {
                (None, _) => Test::Exists(!is_wanted),
                (_, Subject::CreatedAt | Subject::Custom(_, Kind::Day)) if is_wanted => {
                    let (from, to) = span(value)?;
                    Test::Within(from, to)
                }
                _ => Test::Is(one()?, is_wanted),
            }
        }
        "hasAnyOf" => Test::Any(many()?),
        "hasAllOf" => Test::All(many()?),
        "hasNoneOf" => Test::None(many()?),
        "isGreaterThan" | "isTimestampAfter" => Test::Within(span(value)?.1, f64::INFINITY),
        "isLessThan" | "isTimestampBefore" => Test::Within(f64::NEG_INFINITY, span(value)?.0),
        "isBetween" | "isTimestampBetween" => {
            let (from, to) = both()?;
            Test::Within(from.0, to.1)
        }
        _ => {
            let known = "isEqualTo, isNotEqualTo, exists, doesNotExist, hasAnyOf, hasAllOf, hasNoneOf, isGreaterThan, isLessThan, isBetween, isTimestampAfter, isTimestampBefore, isTimestampBetween";
            return Err(("operator", format!("`operator` must be one of {known}.")));
        }
    })
}

fn what_it_must_be(of: &Subject) -> String {
    match of {
        Subject::CreatedAt | Subject::Custom(_, Kind::Day) => {
            "`value` must be a day (2026-02-28), a moment (2026-02-28T12:00:00Z) or Unix seconds; between two of them {\"from\": …, \"to\": …}.".to_owned()
        }
        Subject::Custom(_, Kind::Number) => {
            "`value` must be a number; between two of them {\"from\": …, \"to\": …}.".to_owned()
        }
        _ => "Only numbers, days and moments can be compared so.".to_owned(),
    }
}

/// A value as it is compared.
fn scalar(of: &Subject, value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    Some(comparable(of, &text))
}

fn list(of: &Subject, value: Option<&Value>) -> Option<Vec<String>> {
    match value? {
        Value::Array(values) if values.len() <= VALUES => {
            values.iter().map(|value| scalar(of, Some(value))).collect()
        }
        Value::Array(_) => None,
        one => Some(vec![scalar(of, Some(one))?]),
    }
}

/// What a value stands for: from and to, the latter not in it. Of a number it is the number itself, and what
/// comes right after it.
fn moment(of: &Subject, value: Option<&Value>, zone: &TimeZone) -> Option<(f64, f64)> {
    let value = value?;
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    match of {
        Subject::Custom(_, Kind::Number) => number.map(|n| (n, n.next_up())),
        Subject::CreatedAt | Subject::Custom(_, Kind::Day) => match number {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it is saturated, which no date of ours is near to"
            )]
            Some(number) => {
                let at = Timestamp::from_provider(number as i64).secs() as f64;
                Some((at, at + 1.0))
            }
            None => named_moment(value.as_str()?.trim(), zone),
        },
        _ => None,
    }
}

/// A day or a moment, in Unix seconds.
fn named_moment(text: &str, zone: &TimeZone) -> Option<(f64, f64)> {
    let at = |time: DateTime| Some(time.to_zoned(zone.clone()).ok()?.timestamp().as_second() as f64);
    if let Ok(day) = text.parse::<Date>()
        && text.len() <= 10
    {
        let next = day.tomorrow().ok()?;
        return Some((at(day.to_datetime(Time::midnight()))?, at(next.to_datetime(Time::midnight()))?));
    }
    let exact = text.parse::<jiff::Timestamp>().ok().map(|at| at.as_second() as f64);
    let moment = exact.or_else(|| at(text.parse::<DateTime>().ok()?))?;
    Some((moment, moment + 1.0))
}

/// Letters in one case; a phone number without its plus; the states by one name each.
fn comparable(of: &Subject, text: &str) -> String {
    match of {
        Subject::Phone => text.chars().filter(char::is_ascii_digit).collect(),
        Subject::Status => match text.trim().to_lowercase().as_str() {
            "closed" | "done" | "close" => "close".to_owned(),
            other => other.to_owned(),
        },
        _ => folded(text),
    }
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

impl Condition {
    fn holds(&self, contact: &Contact) -> bool {
        if let Test::Within(from, to) = self.test {
            return self.number(contact).is_some_and(|number| number >= from && number < to);
        }
        let has = self.texts(contact);
        let is_there = |wanted: &String| has.contains(wanted);
        match &self.test {
            Test::Exists(wanted) => has.is_empty() != *wanted,
            Test::Is(value, wanted) => is_there(value) == *wanted,
            Test::Any(values) => values.iter().any(is_there),
            Test::All(values) => values.iter().all(is_there),
            Test::None(values) => !values.iter().any(is_there),
            Test::Within(..) => false,
        }
    }

    /// What the contact has, as it is compared; nothing where it has none.
    fn texts(&self, contact: &Contact) -> Vec<String> {
        let of = &self.of;
        let some = |text: Option<&str>| {
            text.filter(|text| !text.is_empty()).map(|text| comparable(of, text)).into_iter().collect()
        };
        match of {
            Subject::FirstName => some(Some(&contact.first_name)),
            Subject::LastName => some(contact.last_name.as_deref()),
            Subject::Phone => some(contact.phone()),
            Subject::Email => some(contact.email()),
            Subject::Language => some(contact.language.as_deref()),
            Subject::Country => some(contact.country_code.as_deref()),
            Subject::Status => some(Some(&contact.status)),
            Subject::Assignee => contact.assignee.map(|user| user.to_string()).into_iter().collect(),
            Subject::CreatedAt => vec![contact.created_at.secs().to_string()],
            Subject::Lifecycle => some(contact.lifecycle.as_deref()),
            Subject::Tags => contact.tags.iter().map(|tag| comparable(of, tag)).collect(),
            Subject::Custom(id, _) => {
                contact.fields.get(id).and_then(|value| scalar(of, Some(value))).into_iter().collect()
            }
        }
    }

    /// A number, or a moment in Unix seconds.
    fn number(&self, contact: &Contact) -> Option<f64> {
        match &self.of {
            Subject::CreatedAt => Some(contact.created_at.secs() as f64),
            Subject::Custom(id, Kind::Number) => contact.fields.get(id)?.as_f64(),
            Subject::Custom(id, Kind::Day) => {
                named_moment(contact.fields.get(id)?.as_str()?, &TimeZone::UTC).map(|(from, _)| from)
            }
            _ => None,
        }
    }
}

/// Whether the words are in a contact's name, number, address or tags.
fn is_found(contact: &Contact, words: &str) -> bool {
    let name = folded(&format!("{} {}", contact.first_name, contact.last_name.as_deref().unwrap_or("")));
    let digits: String = words.chars().filter(char::is_ascii_digit).collect();
    let is_number = !digits.is_empty() && words.chars().all(|c| c.is_ascii_digit() || "+-() ".contains(c));
    let by_number = is_number
        && (contact.phone().is_some_and(|phone| comparable(&Subject::Phone, phone).contains(&digits))
            || contact.id.to_string() == digits);
    name.contains(words)
        || by_number
        || contact.email().is_some_and(|email| folded(email).contains(words))
        || contact.tags.iter().any(|tag| folded(tag).contains(words))
}

#[cfg(test)]
mod tests;
