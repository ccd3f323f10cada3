//! Values for the placeholders of a text: counted, ordered or found by name, normalised.
//!
//! Text headers and bodies take their values alike.

use super::placeholders;
use super::report::{COUNT, EMPTY, FORMAT, Place, Report};
use super::value::normalise;
use chaski_model::template::{Note, Parameter, ParameterFormat};
use serde_json::{Value, json};

/// One value in its place.
#[derive(Debug, Clone)]
pub(super) struct Filled {
    /// The placeholder's number or name.
    pub(super) key: String,
    /// As the caller wrote it.
    pub(super) raw: String,
    /// As the contact sees it.
    pub(super) shown: String,
    /// As Meta takes it.
    pub(super) wire: Value,
}

/// The value for a placeholder as the contact sees it.
pub(super) fn shown<'a>(values: &'a [Filled], key: &str) -> Option<&'a str> {
    values.iter().find(|value| value.key == key).map(|value| value.shown.as_str())
}

/// The wire form of a list of values.
pub(super) fn wire(values: &[Filled]) -> Vec<Value> {
    values.iter().map(|value| value.wire.clone()).collect()
}

/// What an approved text asks for.
pub(super) struct Wanted {
    keys: Vec<String>,
    is_named: bool,
}

impl Wanted {
    /// The placeholders of an approved text. The highest number counts where they are numbered.
    pub(super) fn of(text: &str, format: ParameterFormat) -> Self {
        let is_named = format == ParameterFormat::Named;
        let keys = if is_named {
            placeholders::names(text).into_iter().map(str::to_owned).collect()
        } else {
            (1..=placeholders::highest(text)).map(|n| n.to_string()).collect()
        };
        Self { keys, is_named }
    }

    /// Fills the placeholders from the caller's values, reporting whatever does not fit.
    pub(super) fn fill(&self, place: &Place, given: &[Parameter], report: &mut Report) -> Vec<Filled> {
        let slots = if self.is_named {
            self.by_name(place, given, report)
        } else {
            self.by_order(place, given, report)
        };
        let mut filled = Vec::with_capacity(slots.len());
        for (key, slot) in self.keys.iter().zip(slots) {
            let Some((index, parameter)) = slot else { continue };
            let name = self.is_named.then_some(key.as_str());
            filled.extend(self.one(key, name, &place.parameter(index), parameter, report));
        }
        filled
    }

    fn one(
        &self,
        key: &str,
        name: Option<&str>,
        place: &Place,
        parameter: &Parameter,
        report: &mut Report,
    ) -> Option<Filled> {
        let (raw, shown, wire) = match parameter {
            Parameter::Text { text, .. } => {
                let shown = cleaned(text, place, report);
                let mut wire = json!({"type": "text", "text": shown});
                if let Some(name) = name {
                    wire = json!({"type": "text", "parameter_name": name, "text": shown});
                }
                (text.clone(), shown, wire)
            }
            Parameter::Native { value } if native_text(value).is_some() => {
                let text = native_text(value).unwrap_or_default().to_owned();
                let mut wire = value.clone();
                if let Some(name) = name {
                    wire["parameter_name"] = Value::from(name);
                }
                (text.clone(), text, wire)
            }
            _ => {
                let message = format!(
                    "The {} takes a text for {{{{{key}}}}}, not another kind of value",
                    place.component
                );
                report.refuse(FORMAT, place, message, "give {\"type\":\"text\",\"text\":\"…\"}");
                return None;
            }
        };
        if shown.trim().is_empty() {
            let message = format!("The value for {{{{{key}}}}} of the {} is empty", place.component);
            report.refuse(EMPTY, place, message, "give it a text; WhatsApp takes no empty values");
            return None;
        }
        Some(Filled { key: key.to_owned(), raw, shown, wire })
    }

    fn by_order<'p>(&self, place: &Place, given: &'p [Parameter], report: &mut Report) -> Vec<Slot<'p>> {
        if given.len() != self.keys.len() {
            self.wrong_count(place, given.len(), report);
        }
        if given.iter().any(|parameter| matches!(parameter, Parameter::Text { name: Some(_), .. })) {
            let note = Note::new(
                "parameter_name_ignored",
                format!(
                    "The {} has numbered variables: the values were taken in order, not by name.",
                    place.component
                ),
            );
            report.note(place, note, "leave the names out");
        }
        given.iter().enumerate().take(self.keys.len()).map(Some).collect()
    }

    /// Values with a name go to it; the others fill what is left, in order of appearance.
    fn by_name<'p>(&self, place: &Place, given: &'p [Parameter], report: &mut Report) -> Vec<Slot<'p>> {
        let mut slots: Vec<Slot<'p>> = vec![None; self.keys.len()];
        let mut unnamed = Vec::new();
        for (index, parameter) in given.iter().enumerate() {
            let Some(name) = name_of(parameter) else {
                unnamed.push((index, parameter));
                continue;
            };
            match self.keys.iter().position(|key| key == name) {
                Some(slot) if slots[slot].is_none() => slots[slot] = Some((index, parameter)),
                Some(_) => self.no_place(&place.parameter(index), name, "has a value already", report),
                None => self.no_place(&place.parameter(index), name, "is not in the template", report),
            }
        }
        let mut unnamed = unnamed.into_iter();
        for slot in slots.iter_mut().filter(|slot| slot.is_none()) {
            *slot = unnamed.next();
        }
        let is_short = slots.iter().any(Option::is_none);
        if is_short || unnamed.next().is_some() {
            self.wrong_count(place, given.len(), report);
        }
        slots
    }

    fn no_place(&self, place: &Place, name: &str, why: &str, report: &mut Report) {
        let message = format!("The {} variable `{name}` {why}", place.component);
        report.refuse(COUNT, place, message, self.advice());
    }

    fn wrong_count(&self, place: &Place, given: usize, report: &mut Report) {
        let wanted = self.keys.len();
        let message = format!(
            "The {} takes {}, but {given} {} given",
            place.component,
            values(wanted),
            if given == 1 { "was" } else { "were" }
        );
        let place = if given > wanted { place.parameter(wanted) } else { place.missing(given.min(wanted)) };
        report.refuse(COUNT, &place, message, self.advice());
    }

    fn advice(&self) -> String {
        let braced: Vec<String> = self.keys.iter().map(|key| format!("{{{{{key}}}}}")).collect();
        match braced.as_slice() {
            [] => "leave the values out".to_owned(),
            [only] => format!("give exactly one value, for {only}"),
            all => format!("give exactly one value for each of {}", all.join(", ")),
        }
    }
}

/// A value of the caller with its index, or a placeholder that got none.
type Slot<'p> = Option<(usize, &'p Parameter)>;

fn values(count: usize) -> String {
    match count {
        0 => "no values".to_owned(),
        1 => "1 value".to_owned(),
        n => format!("{n} values"),
    }
}

fn name_of(parameter: &Parameter) -> Option<&str> {
    match parameter {
        Parameter::Text { name, .. } => name.as_deref(),
        Parameter::Native { value } => value.get("parameter_name")?.as_str(),
        _ => None,
    }
}

/// The text that stands for a currency or a date where the phone cannot write it in its own way.
pub(super) fn native_text(value: &Value) -> Option<&str> {
    let kind = value.get("type")?.as_str().filter(|kind| matches!(*kind, "currency" | "date_time"))?;
    value.get(kind)?.get("fallback_value")?.as_str()
}

/// The value with single spaces, noted where that changed it.
pub(super) fn cleaned(text: &str, place: &Place, report: &mut Report) -> String {
    let clean = normalise(text);
    if clean != text {
        let note = Note::new(
            "value_normalised",
            format!(
                "A value of the {} had line breaks, tabs or many spaces; it was sent with single spaces.",
                place.component
            ),
        );
        report.note(
            place,
            note,
            "write the value without line breaks, tabs or more than four spaces in a row",
        );
    }
    clean
}
