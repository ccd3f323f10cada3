//! What any bytes, any JSON and twisted fixtures do to the parsers of every kind: of its webhooks and of its
//! provider's answers.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

mod drive;
mod fixture_files;

use chaski_channels::{ADAPTERS, Adapter, Incoming, adapter};
use chaski_model::{ChannelKind, Timestamp};
use fixture_files::{fixtures, folder};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The parsers of one kind, each property with a name of its own.
macro_rules! kinds {
    ($($name:ident $kind:ident $folder:literal)*) => {
        const KINDS: &[(ChannelKind, &str)] = &[$((ChannelKind::$kind, $folder)),*];

        $(mod $name {
            use super::*;

            fn the_adapter() -> &'static dyn Adapter {
                adapter(ChannelKind::$kind).unwrap()
            }

            proptest! {
                #[test]
                fn no_bytes_break_a_parser(data in proptest::collection::vec(any::<u8>(), 0..400), status in 100..600_u16) {
                    drive::webhook(the_adapter(), &data);
                    drive::answer(the_adapter(), &data);
                    drive::answer(the_adapter(), &with_status(status, &data));
                }

                #[test]
                fn no_json_breaks_a_parser(value in any_json(words($folder)), head in any_head(words($folder)), status in 100..600_u16) {
                    for body in [value.to_string(), form(&value)] {
                        drive::webhook(the_adapter(), format!("{head}{body}").as_bytes());
                        drive::answer(the_adapter(), body.as_bytes());
                        drive::answer(the_adapter(), &with_status(status, body.as_bytes()));
                    }
                }

                /// In the list that a good answer has.
                #[test]
                fn no_list_breaks_a_parser(item in any_json(words($folder)), key in select(words($folder))) {
                    let body = serde_json::json!({key: [item]}).to_string();
                    drive::webhook(the_adapter(), body.as_bytes());
                    drive::answer(the_adapter(), body.as_bytes());
                }
            }

            proptest! {
                #![proptest_config(ProptestConfig::with_cases(64))]

                #[test]
                fn nothing_twisted_breaks_a_parser(
                    place in any::<Index>(), other in any_json(words($folder)),
                    cut in 0_usize..40, put in proptest::collection::vec(any::<u8>(), 0..20),
                ) {
                    for (answered, sample) in samples($folder) {
                        for data in [twisted(&sample, place, &other), cut_into(&sample, place, cut, &put)] {
                            match answered {
                                Some(status) => drive::answer(the_adapter(), &with_status(status, &data)),
                                None => drive::webhook(the_adapter(), &data),
                            }
                        }
                    }
                }
            }
        })*
    };
}

kinds! {
    dialog360 Whatsapp360dialog "whatsapp/dialog360"
    vonage WhatsappVonage "whatsapp/vonage"
    cloud WhatsappCloud "whatsapp/cloud"
    twilio_whatsapp WhatsappTwilio "twilio/whatsapp"
    twilio_sms TwilioSms "twilio/sms"
    vonage_sms VonageSms "vonage_sms"
    messenger Messenger "meta/messenger"
    instagram Instagram "meta/instagram"
    telegram Telegram "telegram"
    viber Viber "viber"
    line Line "line"
    email Email "email"
    custom Custom "custom"
}

#[test]
fn every_kind_is_here() {
    let here: Vec<ChannelKind> = KINDS.iter().map(|(kind, _)| *kind).collect();
    assert!(ADAPTERS.iter().all(|adapter| here.contains(&adapter.kind())));
    for (_, folder) in KINDS {
        assert!(words(folder).len() > 20 && samples(folder).len() > 10, "{folder}");
    }
}

#[test]
fn what_cannot_be_read_at_all_is_kept() {
    use ChannelKind::{Line, Telegram, Viber};
    let headers = http::HeaderMap::new();
    let kinds = KINDS.iter().map(|(kind, _)| *kind).filter(|kind| *kind != ChannelKind::Email);
    let broken = kinds.flat_map(|kind| ["", "hello", "{\"events\":"].map(|body| (kind, body)));
    let strange = [(Telegram, "[]"), (Viber, "[]"), (Line, "[]"), (Line, "{}"), (Line, "{\"events\":7}")];
    for (kind, body) in broken.chain(strange) {
        let hook = Incoming { at: Timestamp(0), url: "", headers: &headers, body: body.as_bytes() };
        assert!(adapter(kind).unwrap().events(&hook).is_err(), "{kind:?} {body}");
    }
}

/// What the library that reads mails asserts of its own state in tests does not hold for every mail.
#[test]
fn a_forwarded_mail_that_ends_before_its_own_begins_breaks_nothing() {
    let mail = "From: ana@ejemplo.ec\nContent-Type:multipart;boundary=b1\n\n--b1\nContent-Type:message/rfc822\n\nContent-Type:message/rfc822\n\n\n--b1--";
    drive::webhook(adapter(ChannelKind::Email).unwrap(), mail.as_bytes());
}

fn with_status(status: u16, body: &[u8]) -> Vec<u8> {
    [format!("{status} ").as_bytes(), body].concat()
}

/// The words that a kind looks for: those in its own sources and in those that it shares with its siblings.
fn words(kind: &str) -> Vec<&'static str> {
    let own = folder(kind);
    let shared = own.parent().filter(|above| !above.ends_with("src"));
    let folders = shared.into_iter().chain([own.as_path()]).flat_map(|folder| fs::read_dir(folder).unwrap());
    let sources = folders.map(|entry| entry.unwrap().path());
    let sources = sources.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let texts = sources.map(|path| fs::read_to_string(path).unwrap());
    let found: BTreeSet<String> = texts.flat_map(|text| literals(&text)).collect();
    found.into_iter().map(|word| &*word.leak()).collect()
}

/// The words in a source's literals, JSON pointers among them.
fn literals(source: &str) -> Vec<String> {
    let is_word = |word: &&str| {
        (2..24).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    };
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let quoted = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
    quoted.flat_map(|text| text.split('/')).filter(is_word).map(str::to_owned).collect()
}

/// Any JSON, rich in the words that are looked for.
fn any_json(words: Vec<&'static str>) -> impl Strategy<Value = Value> {
    let word = select(words);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(word.clone(), inner, 0..6)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// A webhook's query and headers, as [`drive::webhook`] wants them before the body.
fn any_head(words: Vec<&'static str>) -> impl Strategy<Value = String> {
    let pair = (select(words), "[ -~]{0,40}");
    let pairs = proptest::collection::vec(pair, 0..6);
    pairs.prop_map(|pairs| {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let lines: String = pairs.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        format!("{query}\0{lines}\0")
    })
}

/// An object as a form: its texts as they are.
fn form(value: &Value) -> String {
    let pairs = value.as_object().into_iter().flatten();
    let pairs = pairs.map(|(key, value)| (key, value.as_str().map_or(value.to_string(), str::to_owned)));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// True webhooks and answers of a kind; an answer has a status.
fn samples(kind: &str) -> Vec<(Option<u16>, Vec<u8>)> {
    let ends = [".webhook.json", ".webhook.eml", ".json"];
    let mut files: Vec<_> = ends.iter().flat_map(|end| fixtures(kind, end)).collect();
    let status = |file: &Path| {
        let name = file.file_name().unwrap().to_str().unwrap();
        let rest = name.split_once(".response-")?.1;
        rest.split('.').next()?.parse::<u16>().ok()
    };
    files.retain(|file| status(file).is_some() || file.to_str().unwrap().contains(".webhook."));
    files.dedup();
    files.iter().map(|file| (status(file), fs::read(file).unwrap())).collect()
}

/// A sample in which one thing is something else.
fn twisted(sample: &[u8], place: Index, other: &Value) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(sample) else { return other.to_string().into() };
    let mut places = Vec::new();
    pointers(&value, String::new(), &mut places);
    if let Some(found) = value.pointer_mut(&places[place.index(places.len())]) {
        *found = other.clone();
    }
    // A webhook that is a form is written as an object.
    value.get("form").map_or_else(|| value.to_string(), form).into_bytes()
}

/// A sample with other bytes in the middle.
fn cut_into(sample: &[u8], place: Index, cut: usize, put: &[u8]) -> Vec<u8> {
    let at = place.index(sample.len() + 1);
    let rest = sample.get(at + cut..).unwrap_or_default();
    [&sample[..at], put, rest].concat()
}

fn pointers(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| pointers(value, format!("{at}/{key}"), found));
        }
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(index, value)| pointers(value, format!("{at}/{index}"), found));
        }
        _ => {}
    }
    found.push(at);
}
