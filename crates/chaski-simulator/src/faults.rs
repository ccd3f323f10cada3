//! Faults on purpose: which calls go wrong, and how.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::ids::mixed;
use crate::phones::parse_number;
use crate::source::Source;
use crate::sync::locked;

/// One rule: calls it means, and what happens to them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rule {
    #[serde(default)]
    pub(crate) when: When,
    #[serde(rename = "do")]
    pub(crate) act: Act,
    /// How many calls its conditions have met so far.
    #[serde(skip)]
    met: u64,
}

/// Which calls a rule means; an absent condition means every call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct When {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recipient: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<String>,
    /// Every nth of the calls that the other conditions mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) every: Option<u64>,
    /// Calls that look up or download media, rather than sends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) media: bool,
    /// From 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<u64>,
}

/// What happens to a call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Act {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cut: Option<Cut>,
    #[serde(default, skip_serializing_if = "Receipts::is_normal")]
    pub(crate) receipts: Receipts,
}

/// When a connection is closed without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Cut {
    /// Before the request was acted on.
    Before,
    /// After it was acted on: the message goes its way.
    After,
}

/// How receipts of a message are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Receipts {
    #[default]
    Normal,
    None,
    Late,
    /// The message goes its way before the answer to its call does.
    Early,
    Double,
    Reorder,
    BadSignature,
}

impl Receipts {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_normal(&self) -> bool {
        *self == Self::Normal
    }
}

/// The rules in force.
#[derive(Default)]
pub(crate) struct Faults {
    rules: Mutex<Vec<Rule>>,
}

impl Faults {
    /// Puts other rules in force, counting from nothing; refuses what cannot be meant.
    pub(crate) fn replace(&self, rules: Vec<Rule>) -> Result<(), String> {
        for (place, rule) in rules.iter().enumerate() {
            if rule.when.probability.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
                return Err(format!("rule {place}: `when.probability` must be from 0 to 1"));
            }
            if rule.when.every == Some(0) {
                return Err(format!("rule {place}: `when.every` must be at least 1"));
            }
            if rule.act.http_status.is_some_and(|status| !(100..=599).contains(&status)) {
                return Err(format!("rule {place}: `do.httpStatus` must be from 100 to 599"));
            }
        }
        *locked(&self.rules) = rules;
        Ok(())
    }

    pub(crate) fn list(&self) -> Vec<Rule> {
        locked(&self.rules).clone()
    }

    /// What happens to this send: the first rule that means it decides.
    pub(crate) fn pick(&self, source: Source, recipient: &str, template: Option<&str>) -> Option<Act> {
        let mut rules = locked(&self.rules);
        let mut of_sends = rules.iter_mut().filter(|rule| !rule.when.media);
        of_sends.find_map(|rule| rule.means(source, recipient, template).then(|| rule.act.clone()))
    }

    /// The same for a call that looks up or downloads media.
    pub(crate) fn pick_of_media(&self, source: Source) -> Option<Act> {
        let mut rules = locked(&self.rules);
        let mut of_media = rules.iter_mut().filter(|rule| rule.when.media);
        of_media.find_map(|rule| rule.means(source, "", None).then(|| rule.act.clone()))
    }
}

impl Rule {
    fn means(&mut self, source: Source, recipient: &str, template: Option<&str>) -> bool {
        let when = &self.when;
        let same_recipient = |wanted: &str| known_as(wanted) == known_as(recipient);
        if when.provider.is_some_and(|wanted| wanted != source)
            || when.recipient.as_deref().is_some_and(|wanted| !same_recipient(wanted))
            || when.template.as_deref().is_some_and(|wanted| Some(wanted) != template)
        {
            return false;
        }
        self.met += 1;
        if when.every.is_some_and(|n| !self.met.is_multiple_of(n)) {
            return false;
        }
        when.probability.is_none_or(|p| chance(when.seed.unwrap_or(0), self.met) < p)
    }
}

/// A recipient as rules compare it: the digits of a number in any writing, else as written.
pub(crate) fn known_as(recipient: &str) -> String {
    parse_number(recipient).unwrap_or_else(|| recipient.to_owned())
}

/// A number from 0 to 1 that depends on the seed and the count alone.
fn chance(seed: u64, count: u64) -> f64 {
    let bits = mixed(mixed(seed) ^ count) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    let share = bits as f64 / (1_u64 << 53) as f64;
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> Faults {
        let faults = Faults::default();
        faults.replace(serde_json::from_str(json).unwrap()).unwrap();
        faults
    }

    fn hits(faults: &Faults, calls: usize) -> Vec<bool> {
        (0..calls).map(|_| faults.pick(Source::Cloud, "+1", None).is_some()).collect()
    }

    #[test]
    fn every_nth_call_is_met() {
        let faults = rule(r#"[{"when":{"every":3},"do":{"code":131056}}]"#);
        assert_eq!(hits(&faults, 6), [false, false, true, false, false, true]);
    }

    #[test]
    fn sends_and_media_have_rules_of_their_own() {
        let faults = rule(r#"[{"when":{"media":true},"do":{"httpStatus":404}},{"do":{"code":1}}]"#);
        assert_eq!(faults.pick(Source::Cloud, "+1", None).and_then(|act| act.code), Some(1));
        let status = |source| faults.pick_of_media(source).and_then(|act| act.http_status);
        assert_eq!((status(Source::Cloud), status(Source::Vonage)), (Some(404), Some(404)));
        assert!(rule(r#"[{"do":{"code":1}}]"#).pick_of_media(Source::Cloud).is_none());
    }

    #[test]
    fn a_seed_decides_a_probability() {
        let json = r#"[{"when":{"probability":0.5,"seed":7},"do":{"code":131056}}]"#;
        let first = hits(&rule(json), 200);
        assert_eq!(first, hits(&rule(json), 200));
        let met = first.iter().filter(|hit| **hit).count();
        assert!((70..130).contains(&met), "{met}");
        assert_ne!(first, hits(&rule(&json.replace('7', "8")), 200));
    }

    #[test]
    fn the_first_rule_that_means_a_call_wins() {
        let faults = rule(
            r#"[{"when":{"template":"a"},"do":{"code":1}},{"when":{"recipient":"+593 99 733-3444"},"do":{"code":2}},{"do":{"code":3}}]"#,
        );
        let code = |to, template| faults.pick(Source::Cloud, to, template).and_then(|act| act.code);
        assert_eq!(code("+593997333444", Some("a")), Some(1));
        assert_eq!(code("593997333444", Some("b")), Some(2));
        assert_eq!(code("+594", None), Some(3));
    }
}
