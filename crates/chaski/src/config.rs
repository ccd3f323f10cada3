//! Settings: defaults, then a file, then the environment, then flags.

use anyhow::{Context, Result, anyhow};
use chaski_engine::Config as EngineConfig;
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::Deserialize;
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

/// Reads the settings.
pub(crate) fn load(file: Option<&Path>) -> Result<Settings> {
    let mut figment = Figment::from(Toml::string(DEFAULT));
    if let Some(file) = file {
        if !file.exists() {
            return Err(anyhow!("the configuration file {} does not exist", file.display()));
        }
        figment = figment.merge(Toml::file(file));
    }
    figment.merge(Env::prefixed("CHASKI__").split("__")).extract().context("the configuration cannot be used")
}

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
            data: self.storage.data.clone(),
            key_file,
            public_url: public_url.trim_end_matches('/').to_owned(),
            allow_private_networks: self.security.allow_private_networks,
            time_to_live: self.delivery.time_to_live.0,
            order_wait: self.delivery.order_wait.0,
            call_timeout: self.delivery.call_timeout.0,
            template_sync: self.templates.sync_every.0,
            language_fallback: self.templates.language_fallback,
            probe_media: self.media.probe == Probe::Refuse,
            lease: self.cluster.lease.0.max(Duration::from_secs(1)),
        }
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
    fn an_unknown_key_is_an_error_that_names_it() {
        let file = std::env::temp_dir().join(format!("chaski-config-{}.toml", std::process::id()));
        std::fs::write(&file, "[delivery]\ntime_to_life = \"1h\"\n").unwrap();
        let error = format!("{:#}", load(Some(&file)).unwrap_err());
        assert!(error.contains("time_to_life") && error.contains("chaski-config"), "{error}");
    }

    #[test]
    fn durations_are_read_and_nonsense_is_not() {
        assert_eq!(span("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert!(span("soon").is_err() && span("5").is_err() && span("5w").is_err());
    }
}
