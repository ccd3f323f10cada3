//! Who calls: a token signed with the application's private key, or the account's key and secret.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use super::find;
use super::problem::Problem;
use crate::accounts::{AccountId, Credential};
use crate::call::Call;
use crate::clock::machine_ms;
use crate::sim::Sim;
use crate::sync::locked;

const PUBLIC_KEY: &str = include_str!("simulator-only-key.pub.pem");
/// Tokens whose signature was checked already; checking RSA for each message would cost more than the rest.
const KNOWN: usize = 256;

/// Who calls.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caller {
    /// The application that signed the token.
    Application(AccountId),
    /// The account, with every application.
    Account,
}

#[derive(Deserialize, Clone)]
struct Claims {
    application_id: String,
    iat: i64,
    #[serde(default)]
    exp: Option<i64>,
    #[serde(rename = "jti")]
    _jti: String,
}

/// Checked tokens.
pub(crate) struct Tokens {
    key: DecodingKey,
    known: Mutex<HashMap<String, Claims>>,
}

impl Default for Tokens {
    fn default() -> Self {
        let key = DecodingKey::from_rsa_pem(PUBLIC_KEY.as_bytes()).expect("the embedded key is a public key");
        Self { key, known: Mutex::default() }
    }
}

impl Tokens {
    fn claims(&self, token: &str) -> Option<Claims> {
        if let Some(claims) = locked(&self.known).get(token) {
            return Some(claims.clone());
        }
        let mut rules = Validation::new(Algorithm::RS256);
        rules.required_spec_claims = HashSet::new();
        // Times are compared with simulated time below.
        rules.validate_exp = false;
        rules.validate_aud = false;
        let claims = decode::<Claims>(token, &self.key, &rules).ok()?.claims;
        let mut known = locked(&self.known);
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(token.to_owned(), claims.clone());
        Some(claims)
    }
}

/// Reads the caller's credentials.
pub(crate) fn caller(sim: &Sim, call: &Call) -> Result<Caller, Problem> {
    if let Some(token) = call.bearer() {
        return by_token(sim, token).map(Caller::Application).ok_or_else(Problem::unauthorized);
    }
    let is_known = basic(call).is_some_and(|(key, secret)| {
        let same = |c: &Credential| matches!(c, Credential::Vonage { api_key, api_secret, .. } if *api_key == key && *api_secret == secret);
        find(|a| same(&a.credential)).is_some()
    });
    if is_known { Ok(Caller::Account) } else { Err(Problem::unauthorized()) }
}

/// The key and the secret of `Authorization: Basic …`.
pub(super) fn basic(call: &Call) -> Option<(String, String)> {
    let given = call.header("authorization")?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(given.trim()).ok()?).ok()?;
    pair.split_once(':').map(|(key, secret)| (key.to_owned(), secret.to_owned()))
}

/// A token is good if it is by simulated time or by the machine's: not every caller shares our clock.
fn by_token(sim: &Sim, token: &str) -> Option<AccountId> {
    let claims = sim.vonage_tokens.claims(token)?;
    let is_good_at = |now: i64| {
        let ends = claims.exp.unwrap_or(claims.iat + 900);
        ends > now && claims.iat <= now + 60 && ends - claims.iat <= 24 * 3600
    };
    if !is_good_at(sim.clock.now_seconds()) && !is_good_at(machine_ms() / 1000) {
        return None;
    }
    find(
        |a| matches!(&a.credential, Credential::Vonage { application_id, .. } if *application_id == claims.application_id),
    )
}
