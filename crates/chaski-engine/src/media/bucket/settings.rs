//! What a bucket is reached with, and what may be wrong with it.

use object_store::path::Path;
use std::net::IpAddr;

/// A word that is never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(none)" } else { "Secret(•••)" })
    }
}

/// A bucket of an S3-compatible store, as the operator names it.
#[derive(Debug, Clone, Default)]
pub struct BucketSettings {
    /// Its name.
    pub bucket: String,
    /// Before each file's name; may be empty.
    pub prefix: String,
    /// Where the store is; empty: Amazon's own, in the region.
    pub endpoint: String,
    /// What requests are signed for.
    pub region: String,
    /// Who asks.
    pub access_key_id: String,
    /// What proves it.
    pub secret_access_key: Secret,
    /// Whether requests may go unencrypted to other machines.
    pub allow_private_networks: bool,
}

/// Why a bucket cannot be used: what is wrong, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BucketError(pub(super) String);

impl BucketSettings {
    /// Looks at the settings alone.
    ///
    /// # Errors
    /// What is wrong with the first that is.
    pub fn check(&self) -> Result<(), BucketError> {
        let wrong = |message: &str| Err(BucketError(message.to_owned()));
        if !is_bucket(&self.bucket) {
            return wrong(
                "media.s3.bucket is not the name of a bucket: it has 3 to 63 small letters, digits, dots and hyphens",
            );
        }
        // Stores do not agree on how other characters are signed.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if !self.prefix.chars().all(is_plain) || Path::parse(&self.prefix).is_err() {
            return wrong(
                "media.s3.prefix is made of letters, digits and -_./; write for example chaski/media, or leave it empty",
            );
        }
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.region.is_empty() || !self.region.chars().all(is_word) {
            return wrong(
                "media.s3.region is not a region; write for example us-east-1, which most stores take",
            );
        }
        for (key, value) in
            [("access_key_id", &self.access_key_id), ("secret_access_key", &self.secret_access_key.0)]
        {
            if value.is_empty() {
                return wrong(&format!(
                    "media.s3.{key} is not set; it can be given as CHASKI__MEDIA__S3__{} too",
                    key.to_ascii_uppercase()
                ));
            }
            // A line's end is easily copied with a key.
            if !value.chars().all(|c| c.is_ascii_graphic()) {
                return wrong(&format!("media.s3.{key} holds spaces or characters that no key has"));
            }
        }
        self.check_endpoint()
    }

    fn check_endpoint(&self) -> Result<(), BucketError> {
        if self.endpoint.is_empty() {
            return Ok(());
        }
        let wrong = |why: &str| Err(BucketError(format!("media.s3.endpoint {why}")));
        let Ok(url) = url::Url::parse(&self.endpoint) else {
            return wrong("is not an address; write for example https://s3.example.com");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("must not hold credentials; they go into access_key_id and secret_access_key");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return wrong("must not hold a ? or #; the bucket goes into media.s3.bucket");
        }
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.allow_private_networks || is_here(&url) => Ok(()),
            "http" => wrong(
                "is not encrypted; use https://, or set security.allow_private_networks if it is in a network of yours",
            ),
            _ => wrong("must begin with https:// or http://"),
        }
    }

    /// Where the store is, for people.
    pub(super) fn shown(&self) -> String {
        match self.endpoint.is_empty() {
            true => format!("https://s3.{}.amazonaws.com", self.region),
            false => self.endpoint.clone(),
        }
    }
}

fn is_bucket(name: &str) -> bool {
    let is_named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    let ends_well = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    (3..=63).contains(&name.len())
        && name.chars().all(is_named)
        && ends_well(name.chars().next())
        && ends_well(name.chars().last())
        && !name.contains("..")
}

/// Whether an address is this machine's own.
fn is_here(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(url::Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> BucketSettings {
        BucketSettings {
            bucket: "chaski-media".into(),
            prefix: "a/b".into(),
            endpoint: "https://s3.example.com".into(),
            region: "us-east-1".into(),
            access_key_id: "AKIA1".into(),
            secret_access_key: Secret("s3cret/word+".into()),
            allow_private_networks: false,
        }
    }

    fn why(change: impl Fn(&mut BucketSettings)) -> String {
        let mut settings = good();
        change(&mut settings);
        settings.check().map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(why(|_| ()), "");
        assert_eq!(why(|s| (s.prefix.clear(), s.endpoint.clear()).0), "");
        for bad in ["", "ab", "Upper", "a/b", "-ab", "ab.", "a..b", &"a".repeat(64)] {
            assert!(why(|s| s.bucket = bad.into()).contains("media.s3.bucket"), "{bad}");
        }
        for bad in ["a//b", "a/../b", "a/./b", "a b", "ñ"] {
            assert!(why(|s| s.prefix = bad.into()).contains("media.s3.prefix"), "{bad}");
        }
        for bad in ["", "us east", "a/b", "a\r\nb"] {
            assert!(why(|s| s.region = bad.into()).contains("media.s3.region"), "{bad}");
        }
        assert!(why(|s| s.access_key_id.clear()).contains("CHASKI__MEDIA__S3__ACCESS_KEY_ID"));
        assert!(why(|s| s.secret_access_key.0.clear()).contains("CHASKI__MEDIA__S3__SECRET_ACCESS_KEY"));
        let copied = why(|s| s.secret_access_key.0.push('\n'));
        assert!(copied.contains("media.s3.secret_access_key") && !copied.contains("s3cret"), "{copied}");
    }

    #[test]
    fn only_this_machine_is_talked_to_unencrypted() {
        for (endpoint, told) in [
            ("http://127.0.0.1:9000", ""),
            ("http://localhost:9000/", ""),
            ("http://[::1]:9000", ""),
            ("https://10.0.0.7:9000", ""),
            ("http://minio.example:9000", "allow_private_networks"),
            ("http://10.0.0.7:9000", "allow_private_networks"),
            ("s3://bucket", "must begin with https://"),
            ("minio.example", "is not an address"),
            ("https://user:s3cret@minio.example", "must not hold credentials"),
            ("https://store.example/storage/v1/s3", ""),
            ("https://minio.example/?x=1", "media.s3.bucket"),
        ] {
            let error = why(|s| s.endpoint = endpoint.into());
            assert_eq!(error.is_empty(), told.is_empty(), "{endpoint}: {error}");
            assert!(error.contains(told) && !error.contains("s3cret"), "{endpoint}: {error}");
        }
        let own =
            why(|s| (s.endpoint = "http://minio.example:9000".into(), s.allow_private_networks = true).0);
        assert_eq!(own, "");
    }

    #[test]
    fn the_secret_is_never_printed() {
        let printed = format!("{:?}", good());
        assert!(printed.contains("chaski-media") && printed.contains("•••"), "{printed}");
        assert!(!printed.contains("s3cret"), "{printed}");
    }
}
