//! Which translation of a template a language code means.
//!
//! No provider falls back by itself: the code must be that of an approved translation to the letter.

use super::definition::normalise_language;
use chaski_model::template::{Definition, Note, TemplateStatus};

/// The translation that was chosen.
#[derive(Debug)]
pub struct Choice<'a> {
    /// Its definition.
    pub definition: &'a Definition,
    /// What was done, if it is not the code as the caller wrote it.
    pub note: Option<Note>,
}

/// Chooses the translation for a code: exact; the same but for case and hyphen; then, if `fallback`
/// allows it, the language without its region, or its only regional variant.
pub fn choose<'a>(wanted: &str, definitions: &[&'a Definition], fallback: bool) -> Option<Choice<'a>> {
    if let Some(definition) = definitions.iter().find(|d| d.language == wanted) {
        return Some(Choice { definition, note: None });
    }
    let normal = normalise_language(wanted);
    if let Some(definition) = definitions.iter().find(|d| normalise_language(&d.language) == normal) {
        let message = format!("The language code `{wanted}` was read as `{}`.", definition.language);
        return Some(Choice { definition, note: Some(Note::new("language_normalised", message)) });
    }
    let definition = if fallback { fall_back(&normal, definitions)? } else { return None };
    let message = format!(
        "The template has no translation `{wanted}`; its translation `{}` was used.",
        definition.language
    );
    Some(Choice { definition, note: Some(Note::new("language_fallback", message)) })
}

/// Approved translations are looked at first: a rejected one must not hide the one that works.
fn fall_back<'a>(wanted: &str, definitions: &[&'a Definition]) -> Option<&'a Definition> {
    let approved: Vec<&Definition> =
        definitions.iter().copied().filter(|d| d.status == TemplateStatus::Approved).collect();
    related(wanted, &approved).or_else(|| related(wanted, definitions))
}

fn related<'a>(wanted: &str, definitions: &[&'a Definition]) -> Option<&'a Definition> {
    let language = base(wanted);
    if let Some(definition) = definitions.iter().find(|d| d.language == language) {
        return Some(definition);
    }
    let mut variants = definitions.iter().filter(|d| base(&normalise_language(&d.language)) == language);
    let only = variants.next()?;
    variants.next().is_none().then_some(*only)
}

fn base(code: &str) -> String {
    code.split('_').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::samples::definition;
    use super::*;

    fn languages(codes: &[&str]) -> Vec<Definition> {
        codes.iter().map(|code| Definition { language: (*code).to_owned(), ..definition("t") }).collect()
    }

    fn chosen(wanted: &str, codes: &[&str], fallback: bool) -> Option<(String, Option<String>)> {
        let all = languages(codes);
        let refs: Vec<&Definition> = all.iter().collect();
        choose(wanted, &refs, fallback).map(|c| (c.definition.language.clone(), c.note.map(|n| n.code)))
    }

    fn some(language: &str, note: Option<&str>) -> Option<(String, Option<String>)> {
        Some((language.to_owned(), note.map(str::to_owned)))
    }

    #[test]
    fn the_exact_code_wins_and_leaves_no_note() {
        assert_eq!(chosen("es", &["es_MX", "es"], true), some("es", None));
    }

    #[test]
    fn case_and_hyphen_do_not_matter_even_without_fallback() {
        assert_eq!(chosen("en-us", &["en", "en_US"], false), some("en_US", Some("language_normalised")));
    }

    #[test]
    fn a_region_falls_back_to_the_language_then_to_its_only_variant() {
        assert_eq!(chosen("es_EC", &["es_MX", "es"], true), some("es", Some("language_fallback")));
        assert_eq!(chosen("es_EC", &["es_MX", "en"], true), some("es_MX", Some("language_fallback")));
        assert_eq!(chosen("es", &["es_MX", "en"], true), some("es_MX", Some("language_fallback")));
    }

    #[test]
    fn two_variants_are_no_choice_and_fallback_can_be_off() {
        assert_eq!(chosen("es", &["es_MX", "es_AR"], true), None);
        assert_eq!(chosen("es_EC", &["es"], false), None);
        assert_eq!(chosen("fr", &["es"], true), None);
    }

    #[test]
    fn a_rejected_translation_does_not_hide_the_approved_one() {
        let mut all = languages(&["es", "es_MX"]);
        all[0].status = TemplateStatus::Rejected;
        let refs: Vec<&Definition> = all.iter().collect();
        assert_eq!(choose("es_EC", &refs, true).unwrap().definition.language, "es_MX");
    }
}
