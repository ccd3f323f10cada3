//! Settings: defaults, then a file, then the environment, then flags.

use anyhow::{Result, anyhow};
use chaski_engine::Config as EngineConfig;
use chaski_engine::media::bucket::{BucketSettings, Secret};
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use figment::value::Value;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Every setting with its default, as printed by `chaski config default`.
pub(crate) const DEFAULT: &str = include_str!("../config.default.toml");

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) server: Server,
    pub(crate) storage: Storage,
    pub(crate) database: Database,
    cluster: Cluster,
    pub(crate) security: Security,
    pub(crate) delivery: Delivery,
    pub(crate) templates: Templates,
    pub(crate) media: Media,
    pub(crate) retention: Retention,
    pub(crate) watch: Watch,
    pub(crate) log: Log,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) listen: String,
    pub(crate) public_url: String,
    pub(crate) grace: Span,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Storage {
    pub(crate) data: PathBuf,
    pub(crate) min_free_mb: u64,
}

/// Where the store is. Its URL holds a password, so it is never printed.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    pub(crate) url: String,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.url.is_empty() { "Database(embedded)" } else { "Database(•••)" })
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cluster {
    lease: Span,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Security {
    pub(crate) allow_private_networks: bool,
    key_file: PathBuf,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delivery {
    time_to_live: Span,
    order_wait: Span,
    call_timeout: Span,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Templates {
    sync_every: Span,
    language_fallback: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Probe {
    Off,
    Refuse,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Media {
    probe: Probe,
    dir: PathBuf,
    s3: S3,
}

/// The bucket of media; without a name there is none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct S3 {
    bucket: String,
    prefix: String,
    endpoint: String,
    region: String,
    access_key_id: String,
    #[serde(deserialize_with = "secret")]
    secret_access_key: Secret,
}

/// Reads a secret. What is not text is refused without being repeated.
fn secret<'de, D: Deserializer<'de>>(value: D) -> Result<Secret, D::Error> {
    match <Value as Deserialize>::deserialize(value)? {
        Value::String(_, text) => Ok(Secret(text)),
        _ => Err(D::Error::custom("a secret is text: write it in quotes")),
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retention {
    messages: Age,
    history: Age,
    media: Age,
    events: Age,
    exchanges: Age,
    dead_letters: Age,
    webhooks: Age,
    provider_ids: Age,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Watch {
    receipts_factor: u32,
    receipts_least: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

/// A duration written as `30s`, `5m`, `24h`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span(pub(crate) Duration);

impl TryFrom<String> for Span {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        span(&text).map(Self)
    }
}

/// How long something is kept: a [`Span`], or `0` for ever.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Age(Option<Duration>);

impl TryFrom<String> for Age {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text.trim() == "0" {
            return Ok(Self(None));
        }
        span(&text).map(|age| Self(Some(age)))
    }
}

/// Reads `500ms`, `30s`, `5m`, `24h`, `30d`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration; write for example 500ms, 30s, 5m, 24h or 30d");
    let end = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let number: u64 = text[..end].parse().map_err(|_| wrong())?;
    let seconds = match text[end..].trim() {
        "ms" => return Ok(Duration::from_millis(number)),
        "s" => Some(number),
        "m" => number.checked_mul(60),
        "h" => number.checked_mul(3600),
        "d" => number.checked_mul(86_400),
        _ => None,
    };
    seconds.filter(|s| *s < u64::from(u32::MAX)).map(Duration::from_secs).ok_or_else(wrong)
}

/// An error without the lines of the file that it shows, which may hold a secret. Where it is stays told.
fn without_lines(error: &str) -> String {
    let is_shown =
        |line: &&str| line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|');
    error.lines().filter(|line| !is_shown(line)).collect::<Vec<_>>().join("\n")
}

/// Reads the settings.
pub(crate) fn load(file: Option<&Path>) -> Result<Settings> {
    let mut figment = Figment::from(Toml::string(DEFAULT));
    if let Some(file) = file {
        if !file.exists() {
            return Err(anyhow!("the configuration file {} does not exist", file.display()));
        }
        figment = figment.merge(Toml::file(file));
    }
    let settings: Settings =
        figment.merge(Env::prefixed("CHASKI__").split("__")).extract().map_err(|error| {
            anyhow!("the configuration cannot be used: {}", without_lines(&error.to_string()))
        })?;
    settings.check()?;
    Ok(settings)
}

/// Webhooks are told from their doubles for three weeks.
const DOUBLES: Duration = Duration::from_secs(21 * 86_400);

impl Settings {
    /// The key that encrypts credentials.
    pub(crate) fn key_file_in(&self, data: &Path) -> PathBuf {
        match self.security.key_file.as_os_str().is_empty() {
            true => data.join("secret.key"),
            false => self.security.key_file.clone(),
        }
    }

    /// What the engine is started with.
    pub(crate) fn engine(&self, public_url: &str) -> EngineConfig {
        let key_file = self.key_file_in(&self.storage.data);
        EngineConfig {
            key_file,
            public_url: public_url.trim_end_matches('/').to_owned(),
            allow_private_networks: self.security.allow_private_networks,
            time_to_live: self.delivery.time_to_live.0,
            order_wait: self.delivery.order_wait.0,
            call_timeout: self.delivery.call_timeout.0,
            template_sync: self.templates.sync_every.0,
            language_fallback: self.templates.language_fallback,
            probe_media: self.media.probe == Probe::Refuse,
            media_folder: match self.media.dir.as_os_str().is_empty() {
                true => self.storage.data.join("media"),
                false => self.media.dir.clone(),
            },
            media_bucket: self.bucket(),
            retention: chaski_engine::Retention {
                messages: self.retention.messages.0,
                history: self.retention.history.0,
                media: self.retention.media.0,
                events: self.retention.events.0,
                exchanges: self.retention.exchanges.0,
                dead_letters: self.retention.dead_letters.0,
                webhooks: self.retention.webhooks.0,
                provider_ids: self.retention.provider_ids.0,
            },
            deadlines: chaski_engine::Deadlines {
                receipts_factor: self.watch.receipts_factor,
                receipts_least: self.watch.receipts_least.0,
            },
            lease: self.cluster.lease.0.max(Duration::from_secs(1)),
        }
    }

    /// The bucket of media, if one is named.
    fn bucket(&self) -> Option<BucketSettings> {
        let s3 = &self.media.s3;
        (!s3.bucket.is_empty()).then(|| BucketSettings {
            bucket: s3.bucket.clone(),
            prefix: s3.prefix.clone(),
            endpoint: s3.endpoint.clone(),
            region: s3.region.clone(),
            access_key_id: s3.access_key_id.clone(),
            secret_access_key: s3.secret_access_key.clone(),
            allow_private_networks: self.security.allow_private_networks,
        })
    }

    /// Nothing goes while it is still needed.
    fn check(&self) -> Result<()> {
        let day = Duration::from_secs(86_400);
        let least = (self.delivery.time_to_live.0 + day).max(2 * day);
        let kept = &self.retention;
        for (name, age, least) in [
            ("messages", kept.messages, least),
            ("history", kept.history, least),
            ("media", kept.media, day),
            ("events", kept.events, day),
            ("exchanges", kept.exchanges, day),
            ("dead_letters", kept.dead_letters, day),
            ("webhooks", kept.webhooks, day),
            ("provider_ids", kept.provider_ids, DOUBLES),
        ] {
            if let Some(age) = age.0.filter(|age| *age < least) {
                let days = least.as_secs().div_ceil(86_400);
                return Err(anyhow!(
                    "retention.{name} is {} h; it must be at least {days}d, or \"0\" for ever",
                    age.as_secs() / 3600
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_defaults_are_the_settings() {
        let settings = load(None).unwrap();
        assert_eq!(settings.delivery.order_wait.0, Duration::from_secs(60));
        assert!(!settings.security.allow_private_networks);
        assert!(settings.database.url.is_empty());
    }

    #[test]
    fn the_database_is_never_printed_with_its_password() {
        let database = Database { url: "postgres://u:s3cret@h/d".into() };
        assert_eq!(format!("{database:?}"), "Database(•••)");
    }

    #[test]
    fn a_secret_is_never_printed_and_a_wrong_one_not_repeated() {
        let mut settings = load(None).unwrap();
        assert!(settings.bucket().is_none(), "media lie in the folder");
        settings.media.s3.bucket = "chaski".into();
        settings.media.s3.secret_access_key = Secret("s3cret-word".into());
        let printed = format!("{settings:?} {:?}", settings.bucket());
        assert!(printed.contains("chaski") && !printed.contains("s3cret-word"), "{printed}");
        let file = std::env::temp_dir().join(format!("chaski-secret-{}.toml", std::process::id()));
        for wrong in ["5012345", "[\"5012345\"]", "\"5012345", "5012345x"] {
            std::fs::write(&file, format!("[media.s3]\nsecret_access_key = {wrong}\n")).unwrap();
            let error = format!("{:#}", load(Some(&file)).unwrap_err());
            assert!(!error.contains("5012345"), "{error}");
            assert!(error.contains("line 2") || error.contains("secret_access_key"), "{error}");
        }
        let _ = std::fs::remove_file(file);
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let file = std::env::temp_dir().join(format!("chaski-config-{}.toml", std::process::id()));
        std::fs::write(&file, "[delivery]\ntime_to_life = \"1h\"\n").unwrap();
        let error = format!("{:#}", load(Some(&file)).unwrap_err());
        assert!(error.contains("time_to_life") && error.contains("chaski-config"), "{error}");
    }

    #[test]
    fn what_is_still_needed_cannot_be_removed() {
        let mut settings = load(None).unwrap();
        assert!(settings.retention.messages.0.is_none() && settings.retention.history.0.is_some());
        settings.retention.messages = Age(Some(Duration::from_secs(3600)));
        let error = settings.check().unwrap_err().to_string();
        assert!(error.contains("retention.messages") && error.contains("2d"), "{error}");
    }

    #[test]
    fn durations_are_read_and_nonsense_is_not() {
        assert_eq!(span("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert!(span("soon").is_err() && span("5").is_err() && span("5w").is_err());
    }
}
