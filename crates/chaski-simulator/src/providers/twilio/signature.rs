//! `X-Twilio-Signature`: over the whole address and the form, with the account's auth token.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Uri;
use sha1::Sha1;

use crate::accounts::{AccountId, Credential, account};

/// The header's value: the address, then every parameter's name and value in the order of names.
fn sign(auth_token: &str, url: &str, body: &[u8]) -> String {
    let mut parameters: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    parameters.sort();
    let mut mac =
        Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(url.as_bytes());
    for (name, value) in parameters {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The headers of a webhook; a bad signature is one made with another token.
pub(crate) fn headers(id: AccountId, url: &Uri, body: &[u8], is_bad: bool) -> Vec<(String, String)> {
    let Credential::Twilio { auth_token, .. } = &account(id).credential else { return Vec::new() };
    let token = if is_bad { "not the token" } else { auth_token };
    vec![
        ("user-agent".to_owned(), "TwilioProxy/1.1".to_owned()),
        ("x-twilio-signature".to_owned(), sign(token, &url.to_string(), body)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Twilio's own documentation.
    #[test]
    fn the_documented_vector_is_reproduced() {
        let body = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        assert_eq!(sign("12345", url, body.as_bytes()), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    }
}
