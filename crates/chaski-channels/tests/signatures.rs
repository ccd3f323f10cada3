//! Which webhooks are believed: the vectors of the reference, and forgeries of them.

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read is a failed test")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chaski_channels::line::Line;
use chaski_channels::meta::{instagram::Instagram, messenger::Messenger};
use chaski_channels::telegram::Telegram;
use chaski_channels::twilio::{TwilioSms, TwilioWhatsapp};
use chaski_channels::viber::Viber;
use chaski_channels::vonage_sms::VonageSms;
use chaski_channels::whatsapp::{cloud::Cloud, dialog360::Dialog360, vonage::Vonage};
use chaski_channels::{Adapter, Challenge, Incoming, Secrets};
use chaski_model::{ErrorCode, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use sha2::Sha256;

const CLOUD: &str = include_str!("../src/whatsapp/cloud/fixtures/signature-vector.json");
const VONAGE: &str = include_str!("../src/whatsapp/vonage/fixtures/signature-vector.json");
const MESSENGER: &str = include_str!("../src/meta/messenger/fixtures/signature-vectors.json");
const CHALLENGE: &str = include_str!("../src/meta/messenger/fixtures/verify-challenge.json");
const TELEGRAM: &str = include_str!("../src/telegram/fixtures/signature-vectors.json");
const TWILIO: &str = include_str!("../src/twilio/sms/fixtures/signature-vectors.json");
const LINE: &str = include_str!("../src/line/fixtures/signature-vectors.json");
const VONAGE_SMS: &str = include_str!("../src/vonage_sms/fixtures/signature-vectors.json");
const VIBER: &str = include_str!("../src/viber/fixtures/signature-vectors.json");
const IAT: i64 = 1_587_494_962;

fn secrets(pairs: &[(&str, &str)]) -> Secrets {
    Secrets(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

fn is_believed(
    adapter: &dyn Adapter,
    header: (&str, &str),
    body: &[u8],
    keys: &[(&str, &str)],
    now: i64,
) -> bool {
    let mut headers = HeaderMap::new();
    if !header.0.is_empty() {
        headers.insert(HeaderName::try_from(header.0).unwrap(), HeaderValue::from_str(header.1).unwrap());
    }
    let hook =
        Incoming { url: "https://chat.example.com/hooks/key", at: Timestamp(0), headers: &headers, body };
    let verdict = adapter.verify(&hook, &secrets(keys), Timestamp::from_secs(now));
    if let Err(failure) = &verdict {
        assert_eq!(failure.code, ErrorCode::WebhookUnauthorized);
    }
    verdict.is_ok()
}

#[test]
fn metas_signature_is_over_the_raw_bytes_and_by_either_secret_while_it_changes() {
    let vector: Value = serde_json::from_str(CLOUD).unwrap();
    let body = vector["raw_body"].as_str().unwrap().as_bytes();
    let header = ("x-hub-signature-256", vector["header_value"].as_str().unwrap());
    let secret = vector["app_secret"].as_str().unwrap();
    assert!(is_believed(&Cloud, header, body, &[("app_secret", secret)], 0));
    assert!(is_believed(&Cloud, header, body, &[("app_secret", "old"), ("app_secret_2", secret)], 0));
    assert!(!is_believed(&Cloud, header, body, &[("app_secret", "other")], 0));
    assert!(!is_believed(&Cloud, header, body, &[], 0));
    assert!(!is_believed(&Cloud, header, &[body, b" "].concat(), &[("app_secret", secret)], 0));
    for bad in ["", "sha256=", "sha256=zz", "sha1=00", &header.1[7..], &header.1[..40]] {
        assert!(!is_believed(&Cloud, (header.0, bad), body, &[("app_secret", secret)], 0), "{bad}");
    }
    assert!(!is_believed(&Cloud, ("", ""), body, &[("app_secret", secret)], 0));
}

#[test]
fn messenger_and_instagram_are_signed_as_every_meta_app_is() {
    let file: Value = serde_json::from_str(MESSENGER).unwrap();
    let keys = [("app_secret", file["app_secret"].as_str().unwrap())];
    let name = file["header"].as_str().unwrap().to_lowercase();
    for vector in file["vectors"].as_array().unwrap() {
        let body = vector["raw_body"].as_str().unwrap().as_bytes();
        let signature = vector["signature"].as_str().unwrap();
        for adapter in [&Messenger as &dyn Adapter, &Instagram] {
            assert!(is_believed(adapter, (&name, signature), body, &keys, 0));
            assert!(!is_believed(adapter, ("", ""), body, &keys, 0), "missing");
            for place in 0..body.len() {
                let mut other = body.to_vec();
                other[place] ^= 1;
                assert!(!is_believed(adapter, (&name, signature), &other, &keys, 0), "one bit at {place}");
            }
        }
    }
}

#[test]
fn messenger_and_instagram_answer_metas_check_of_the_address() {
    let file: Value = serde_json::from_str(CHALLENGE).unwrap();
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(file["query"].as_object().unwrap().iter().map(|(k, v)| (k, v.as_str().unwrap())))
        .finish();
    let answer = |adapter: &dyn Adapter, token| {
        adapter.challenge(&query, &secrets(&[("verify_token", token)])).map(|c| (c.status, c.body))
    };
    for adapter in [&Messenger as &dyn Adapter, &Instagram] {
        assert_eq!(answer(adapter, "mytoken"), Some((200, file["expect_body"].as_str().unwrap().to_owned())));
        assert_eq!(answer(adapter, "other"), Some((403, String::new())));
    }
}

#[test]
fn metas_check_of_the_address_is_answered_with_its_bare_challenge() {
    let keys = secrets(&[("verify_token", "vibecoding")]);
    let ask = |query: &str, keys: &Secrets| Cloud.challenge(query, keys);
    let query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=vibecoding";
    assert_eq!(ask(query, &keys), Some(Challenge { status: 200, body: "1158201444".into() }));
    let refused = Some(Challenge { status: 403, body: String::new() });
    assert_eq!(ask("hub.mode=subscribe&hub.challenge=1&hub.verify_token=x", &keys), refused);
    assert_eq!(ask("hub.mode=subscribe&hub.challenge=1", &keys), refused);
    assert_eq!(ask("hub.mode=subscribe&hub.challenge=1&hub.verify_token=", &secrets(&[])), refused);
    assert_eq!(ask("hub.mode=other", &keys), None);
    assert_eq!(ask("", &keys), None);
}

#[test]
fn webhooks_of_360dialog_are_believed_by_their_header_alone() {
    let keys = [("hook_secret", "s3cret")];
    assert!(is_believed(&Dialog360, ("x-chaski-hook", "s3cret"), b"{}", &keys, 0));
    assert!(!is_believed(&Dialog360, ("x-chaski-hook", "s3cre"), b"{}", &keys, 0));
    assert!(!is_believed(&Dialog360, ("x-chaski-hook", ""), b"{}", &[("hook_secret", "")], 0));
    assert!(!is_believed(&Dialog360, ("", ""), b"{}", &keys, 0));
    assert_eq!(Dialog360.challenge("hub.mode=subscribe&hub.challenge=1", &secrets(&keys)), None);
}

#[test]
fn vonages_token_is_believed_for_five_minutes() {
    let vector: Value = serde_json::from_str(VONAGE).unwrap();
    let body = vector["raw_body"].as_str().unwrap().as_bytes();
    let header = ("authorization", vector["header_value"].as_str().unwrap());
    let keys = [("signature_secret", vector["signature_secret"].as_str().unwrap())];
    for now in [IAT, IAT + 300, IAT - 300] {
        assert!(is_believed(&Vonage, header, body, &keys, now), "{now}");
    }
    for now in [IAT + 301, IAT - 301, 0] {
        assert!(!is_believed(&Vonage, header, body, &keys, now), "{now}");
    }
    assert!(!is_believed(&Vonage, header, &[body, b" "].concat(), &keys, IAT));
    assert!(!is_believed(&Vonage, header, body, &[("signature_secret", "other")], IAT));
    assert!(!is_believed(&Vonage, header, body, &[], IAT));
    assert!(!is_believed(&Vonage, ("", ""), body, &keys, IAT));
}

#[test]
fn a_webhook_of_vonage_is_told_from_its_replay_by_its_id() {
    let vector: Value = serde_json::from_str(VONAGE).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_str(vector["header_value"].as_str().unwrap()).unwrap());
    let hook = Incoming {
        url: "https://chat.example.com/hooks/key",
        at: Timestamp(0),
        headers: &headers,
        body: b"",
    };
    assert_eq!(Vonage.replay_key(&hook).as_deref(), Some("c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5"));
    assert_eq!(Cloud.replay_key(&hook), None);
}

fn token(header: &Value, claims: &Value, key: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("Bearer {signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[test]
fn forged_tokens_of_vonage_are_refused() {
    let hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let claims = json!({"iat": IAT, "jti": "j", "iss": "Vonage", "payload_hash": hash});
    let keys = [("signature_secret", "k")];
    let hs256 = json!({"alg": "HS256", "typ": "JWT"});
    let good = token(&hs256, &claims, "k");
    assert!(is_believed(&Vonage, ("authorization", &good), b"{}", &keys, IAT));
    for (key, value) in [
        ("iss", json!("Else")),
        ("iat", json!("now")),
        ("payload_hash", json!("")),
        ("payload_hash", Value::Null),
    ] {
        let mut wrong = claims.clone();
        wrong[key] = value;
        let header = token(&hs256, &wrong, "k");
        assert!(!is_believed(&Vonage, ("authorization", &header), b"{}", &keys, IAT), "{key}");
    }
    for alg in ["none", "HS512", "RS256"] {
        let header = token(&json!({"alg": alg}), &claims, "k");
        assert!(!is_believed(&Vonage, ("authorization", &header), b"{}", &keys, IAT), "{alg}");
    }
    let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
    for header in ["Bearer", "Bearer x", "Bearer a.b.c", "Basic a", &unsigned] {
        assert!(!is_believed(&Vonage, ("authorization", header), b"{}", &keys, IAT), "{header}");
    }
}

#[test]
fn webhooks_of_telegram_are_believed_by_their_whole_header_alone() {
    let vector: Value = serde_json::from_str(TELEGRAM).unwrap();
    let name = vector["header"].as_str().unwrap().to_lowercase();
    let secret = vector["secret_token"].as_str().unwrap();
    let keys = [("hook_secret", secret)];
    let shown = |value: &str| is_believed(&Telegram, (&name, value), b"{}", &keys, 0);
    assert!(shown(secret));
    // Every single bit counts, and so does the length.
    for place in 0..secret.len() {
        for bit in 0..7 {
            let mut other = secret.as_bytes().to_vec();
            other[place] ^= 1 << bit;
            let Ok(value) = HeaderValue::from_bytes(&other) else { continue };
            let Ok(value) = value.to_str() else { continue };
            assert!(!shown(value), "{value}");
        }
    }
    assert!(!shown(&secret[1..]) && !shown(&format!("{secret}x")) && !shown(""));
    assert!(!is_believed(&Telegram, ("", ""), b"{}", &keys, 0), "missing");
    assert!(!is_believed(&Telegram, (&name, ""), b"{}", &[("hook_secret", "")], 0));
    assert!(!is_believed(&Telegram, (&name, secret), b"{}", &[], 0));
    assert_eq!(Telegram.challenge("hub.mode=subscribe&hub.challenge=1", &secrets(&keys)), None);
}

/// Over the public address with its query, and every parameter in the order of names.
#[test]
fn twilios_signature_is_over_the_address_and_the_form() {
    let vectors: Value = serde_json::from_str(TWILIO).unwrap();
    let is_believed = |adapter: &dyn Adapter, token: &str, url: &str, body: &str, shown: Option<&str>| {
        let mut headers = HeaderMap::new();
        if let Some(shown) = shown {
            headers.insert("x-twilio-signature", HeaderValue::from_str(shown).unwrap());
        }
        let hook = Incoming { url, at: Timestamp(0), headers: &headers, body: body.as_bytes() };
        let verdict = adapter.verify(&hook, &secrets(&[("auth_token", token)]), Timestamp(0));
        verdict.map_err(|failure| assert_eq!(failure.code, ErrorCode::WebhookUnauthorized)).is_ok()
    };
    let vectors = vectors["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 3);
    for vector in vectors {
        let text = |key: &str| vector[key].as_str().unwrap();
        let pairs =
            vector["params"].as_object().unwrap().iter().map(|(key, value)| (key, value.as_str().unwrap()));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let (token, url, shown) = (text("auth_token"), text("url"), text("signature"));
        for adapter in [&TwilioWhatsapp as &dyn Adapter, &TwilioSms] {
            assert!(is_believed(adapter, token, url, &body, Some(shown)), "{url}");
            let with_port = url.replacen("https://mycompany.com/", "https://mycompany.com:443/", 1);
            assert!(is_believed(adapter, token, &with_port, &body, Some(shown)), "{with_port}");
            assert!(!is_believed(adapter, token, url, &body, None));
            assert!(!is_believed(adapter, "other", url, &body, Some(shown)));
            assert!(!is_believed(adapter, token, &format!("{url}&x=1"), &body, Some(shown)));
            assert!(!is_believed(adapter, token, url, &format!("{body}&X="), Some(shown)), "a new parameter");
            let mut changed = shown.to_owned().into_bytes();
            changed[0] ^= 1;
            assert!(!is_believed(adapter, token, url, &body, Some(std::str::from_utf8(&changed).unwrap())));
        }
    }
}

/// Every vector is believed by its secret alone; one changed bit of signature or body is not.
fn only_what_is_signed(adapter: &dyn Adapter, vectors: &str, secret: (&str, &str)) {
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let name = vectors["header"].as_str().unwrap().to_lowercase();
    let keys = [(secret.0, vectors[secret.1].as_str().unwrap())];
    let vectors = vectors["vectors"].as_array().unwrap();
    assert!(!vectors.is_empty());
    for vector in vectors {
        let body = vector["raw_body"].as_str().unwrap().as_bytes();
        let signature = vector["signature"].as_str().unwrap();
        assert!(is_believed(adapter, (&name, signature), body, &keys, 0));
        assert!(!is_believed(adapter, (&name, signature), body, &[(secret.0, "other")], 0));
        assert!(!is_believed(adapter, (&name, signature), body, &[], 0));
        assert!(!is_believed(adapter, ("", ""), body, &keys, 0));
        for bad in ["", "zz", &signature[1..], &signature[..20]] {
            assert!(!is_believed(adapter, (&name, bad), body, &keys, 0), "{bad}");
        }
        for place in 0..body.len() {
            let mut other = body.to_vec();
            other[place] ^= 1;
            assert!(!is_believed(adapter, (&name, signature), &other, &keys, 0), "{place}");
        }
        for place in 0..signature.len() - 1 {
            let mut other = signature.as_bytes().to_vec();
            other[place] = if other[place] == b'a' { b'b' } else { b'a' };
            let other = String::from_utf8(other).unwrap();
            assert!(!is_believed(adapter, (&name, &other), body, &keys, 0), "{other}");
        }
    }
}

#[test]
fn webhooks_of_line_are_believed_by_the_channel_secret_over_their_raw_bytes() {
    only_what_is_signed(&Line, LINE, ("channel_secret", "channel_secret"));
}

#[test]
fn callbacks_of_viber_are_believed_by_the_bots_token_over_their_raw_bytes() {
    only_what_is_signed(&Viber, VIBER, ("auth_token", "auth_token"));
}

/// It comes while the address is being registered, perhaps by a token that is only just being set.
#[test]
fn vibers_check_of_the_address_is_answered_to_anyone_and_nothing_else_is() {
    let check = br#"{"event":"webhook","timestamp":1457764197627,"message_token":241256543215}"#;
    assert!(is_believed(&Viber, ("", ""), check, &[("auth_token", "k")], 0));
    let message = br#"{"event":"message","webhook":"webhook","message_token":1}"#;
    assert!(!is_believed(&Viber, ("", ""), message, &[("auth_token", "k")], 0));
}

/// The Messages API's token over the raw bytes.
#[test]
fn vonages_messages_are_believed_by_their_token() {
    let vectors: Value = serde_json::from_str(VONAGE_SMS).unwrap();
    let vector = &vectors["messages_webhook"];
    let body = vector["raw_body"].as_str().unwrap().as_bytes();
    let header = ("authorization", &*format!("Bearer {}", vector["jwt"].as_str().unwrap()));
    let keys = [("signature_secret", vector["signature_secret"].as_str().unwrap())];
    assert!(is_believed(&VonageSms, header, body, &keys, IAT));
    assert!(!is_believed(&VonageSms, header, &[body, b" "].concat(), &keys, IAT));
    assert!(!is_believed(&VonageSms, header, body, &keys, IAT + 301));
    assert!(!is_believed(&VonageSms, header, body, &[("signature_secret", "other")], IAT));
    assert!(!is_believed(&VonageSms, ("", ""), body, &keys, IAT));
}

/// The SMS API's `sig` by every method, as JSON, as a form and as a query alike.
#[test]
fn vonages_older_webhooks_are_believed_by_sig_for_five_minutes() {
    let vectors: Value = serde_json::from_str(VONAGE_SMS).unwrap();
    let vector = &vectors["sms_webhook"];
    let params = vector["params"].as_object().unwrap();
    let secret = vector["signature_secret"].as_str().unwrap();
    let at: i64 = params["timestamp"].as_str().unwrap().parse().unwrap();
    for (method, sig) in vector["sig"].as_object().unwrap() {
        let sig = sig.as_str().unwrap();
        let keys = [("signature_secret", secret), ("signature_method", method.as_str())];
        let mut object = params.clone();
        object.insert("sig".to_owned(), json!(sig.to_uppercase()));
        let as_json = Value::Object(object.clone()).to_string();
        let pairs = object.iter().map(|(key, value)| (key, value.as_str().unwrap()));
        let as_form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        for body in [as_json.as_bytes(), as_form.as_bytes()] {
            assert!(is_believed(&VonageSms, ("", ""), body, &keys, at), "{method}");
            assert!(!is_believed(&VonageSms, ("", ""), body, &keys, at + 301), "{method}: too old");
            assert!(!is_believed(&VonageSms, ("", ""), body, &keys, at - 301), "{method}: too early");
            assert!(!is_believed(&VonageSms, ("", ""), body, &keys[..0], at), "{method}: no secret");
            let other = String::from_utf8(body.to_vec()).unwrap().replace("Jerry", "Jenny");
            assert!(!is_believed(&VonageSms, ("", ""), other.as_bytes(), &keys, at), "{method}: changed");
        }
        let unsigned = Value::Object(params.clone()).to_string();
        assert!(!is_believed(&VonageSms, ("", ""), unsigned.as_bytes(), &keys, at), "{method}: unsigned");
    }
    let body = Value::Object(params.clone()).to_string();
    assert!(is_believed(&VonageSms, ("", ""), body.as_bytes(), &[("signature_method", "none")], at));
    assert!(!is_believed(
        &VonageSms,
        ("", ""),
        body.as_bytes(),
        &[("signature_method", "rot13"), ("signature_secret", "x")],
        at
    ));
}
