//! Connections: the URL, the session's settings, statements prepared once.

use super::fault::{Fail, cause};
use super::tls::{self, Proof};
use crate::error::StoreError;
use futures_util::future::try_join_all;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// The session's settings. Plans are made once and by the primary keys: what is planned while a table
/// is small must still be good when it has grown.
const SESSION: &str = "SET synchronous_commit = on; SET client_min_messages = warning; SET jit = off;
    SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;
    SET enable_mergejoin = off; SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '15s'";

/// Where the database is and how to get there.
#[derive(Clone)]
pub(super) struct Target {
    config: Config,
    tls: MakeRustlsConnect,
    /// For messages: host, port and database, never the password.
    pub(super) shown: String,
}

impl Target {
    /// Reads a `postgres://` URL.
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let wrong = |cause: String| StoreError::Unavailable(format!("database.url: {cause}"));
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(wrong(
                "write it as postgres://user:password@host:5432/database?sslmode=verify-full".into(),
            ));
        }
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut rest) = (None, None, url_query());
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "sslmode" => mode = Some(value.into_owned()),
                "sslrootcert" => roots = Some(value.into_owned()),
                _ => drop(rest.append_pair(&key, &value)),
            }
        }
        let rest = rest.finish();
        let plain = if rest.is_empty() { base.to_owned() } else { format!("{base}?{rest}") };
        let mut config: Config =
            plain.parse().map_err(|e: tokio_postgres::Error| wrong(without_password(&cause(&e), base)))?;
        let (ssl, proof) = match mode.as_deref() {
            Some("disable") => (SslMode::Disable, Proof::None),
            None | Some("allow" | "prefer") => (SslMode::Prefer, Proof::None),
            Some("require") if roots.is_none() => (SslMode::Require, Proof::None),
            Some("require" | "verify-ca") => (SslMode::Require, Proof::Authority),
            Some("verify-full") => (SslMode::Require, Proof::Host),
            Some(other) => {
                return Err(wrong(format!(
                    "sslmode `{other}` is not one of disable, prefer, require, verify-ca, verify-full"
                )));
            }
        };
        config.ssl_mode(ssl).connect_timeout(CONNECT_WITHIN).application_name("chaski");
        config.keepalives_idle(Duration::from_secs(15)).tcp_user_timeout(Duration::from_secs(20));
        let shown = shown(&config);
        Ok(Self { config, tls: tls::connector(proof, roots.as_deref())?, shown })
    }

    /// A new connection with these statements prepared.
    pub(super) async fn connect(&self, statements: &[&'static str]) -> Result<Conn, Fail> {
        let (conn, _) = self.connect_and_hear(statements).await?;
        Ok(conn)
    }

    /// A new connection, and what the server tells on it unasked.
    pub(super) async fn connect_and_hear(
        &self,
        statements: &[&'static str],
    ) -> Result<(Conn, mpsc::Receiver<AsyncMessage>), Fail> {
        let connecting = self.config.connect(self.tls.clone());
        let connected = tokio::time::timeout(CONNECT_WITHIN, connecting).await;
        let (client, mut connection) = match connected {
            Ok(Ok(connected)) => connected,
            Ok(Err(error)) => return Err(Fail::Lost(format!("{}: {}", self.shown, cause(&error)))),
            Err(_) => return Err(Fail::Lost(format!("{}: no answer for five seconds", self.shown))),
        };
        let (told, heard) = mpsc::channel(64);
        // It ends by itself when the client is dropped or the server goes away.
        tokio::spawn(async move {
            while let Some(Ok(message)) =
                std::future::poll_fn(|context| connection.poll_message(context)).await
            {
                if matches!(message, AsyncMessage::Notification(_)) {
                    let _ = told.try_send(message);
                }
            }
        });
        client.batch_execute(SESSION).await?;
        let conn = Conn { client, statements: Mutex::default() };
        try_join_all(statements.iter().map(|sql| conn.prepared(sql))).await?;
        Ok((conn, heard))
    }
}

fn url_query() -> url::form_urlencoded::Serializer<'static, String> {
    url::form_urlencoded::Serializer::new(String::new())
}

/// An error about a URL must not carry its password along.
fn without_password(text: &str, base: &str) -> String {
    let credentials = base.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'));
    match credentials.and_then(|(credentials, _)| credentials.split_once(':')) {
        Some((_, password)) if !password.is_empty() => text.replace(password, "•••"),
        _ => text.to_owned(),
    }
}

fn shown(config: &Config) -> String {
    let host = config.get_hosts().first().map_or_else(
        || "localhost".to_owned(),
        |host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        },
    );
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!("{host}:{port}/{}", config.get_dbname().unwrap_or_default())
}

/// What a statement is given.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// One connection.
pub(super) struct Conn {
    pub(super) client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

impl Conn {
    fn known(&self, sql: &'static str) -> Option<Statement> {
        self.statements.lock().expect("nobody panics with the statements").get(sql).cloned()
    }

    async fn prepared(&self, sql: &'static str) -> Result<Statement, Fail> {
        if let Some(statement) = self.known(sql) {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.lock().expect("nobody panics with the statements").insert(sql, statement.clone());
        Ok(statement)
    }

    /// Rows. Polled together with others on a connection that has their statements prepared, they are
    /// sent at once and run in the order of their first polls.
    pub(super) async fn rows(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Fail> {
        let statement = self.prepared(sql).await?;
        Ok(self.client.query(&statement, params).await?)
    }

    /// The first row, if there is one.
    pub(super) async fn row(&self, sql: &'static str, params: Params<'_>) -> Result<Option<Row>, Fail> {
        Ok(self.rows(sql, params).await?.into_iter().next())
    }

    /// How many rows it changed.
    pub(super) async fn execute(&self, sql: &'static str, params: Params<'_>) -> Result<u64, Fail> {
        let statement = self.prepared(sql).await?;
        Ok(self.client.execute(&statement, params).await?)
    }

    /// Commands without parameters: BEGIN, COMMIT, ROLLBACK.
    pub(super) async fn command(&self, sql: &'static str) -> Result<(), Fail> {
        Ok(self.client.batch_execute(sql).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_its_password() {
        for (url, told) in [
            ("mysql://x", "write it as postgres://"),
            ("postgres://u:s3cret@h/d?sslmode=maybe", "sslmode `maybe` is not one of"),
            ("postgres://u:s3cret@h:port/d", "database.url"),
            (
                "postgres://u:s3cret@h/d?sslrootcert=/nowhere.pem&sslmode=verify-ca",
                "/nowhere.pem cannot be read",
            ),
            ("postgres://u:s3cret@h/d?colour=red", "colour"),
        ] {
            let error = Target::parse(url).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains(told) && !error.contains("s3cret"), "{url}: {error}");
        }
    }

    #[test]
    fn where_the_database_is_is_shown_without_credentials() {
        let target = Target::parse("postgres://u:s3cret@db.example:6432/chaski").unwrap();
        assert_eq!(target.shown, "db.example:6432/chaski");
    }
}
