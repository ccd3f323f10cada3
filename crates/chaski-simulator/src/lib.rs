//! The provider simulator: 360dialog, Vonage Messages, Meta's Cloud API and Telegram's Bot API with virtual
//! phones.
//!
//! It is written from the providers' documentation alone and must never depend on another crate of
//! this workspace, so that a mistake in an adapter is not repeated here. A request enters through
//! `server`, goes to one folder of `providers`, and an accepted message is then carried to a
//! virtual phone (`carry`), which answers with receipts through `webhooks`. Tests and people steer
//! it through the control API under `/sim/v1` (`control`) and the pages under `/` (`pages`).

mod accounts;
mod call;
mod carry;
mod clock;
mod control;
mod exchanges;
mod faults;
mod ids;
mod limits;
mod links;
mod media;
mod pages;
mod phones;
mod providers;
mod receipts;
mod server;
mod sim;
mod snapshot;
mod source;
mod sync;
mod templates;
mod webhooks;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::providers::email::Protocol;
use crate::sim::{MailPorts, Sim};

/// How a simulator is started.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address to listen on; port 0 takes any free port.
    pub listen: SocketAddr,
    /// The folder that keeps phones, webhooks, templates and the clock; nothing is kept without it.
    pub data: Option<PathBuf>,
}

/// Why a simulator could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address could not be bound.
    #[error("the simulator cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The data folder could not be created or read.
    #[error("the simulator cannot use its data folder {}: {source}", path.display())]
    Data {
        /// The folder or the file in it.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The snapshot in the data folder is not one of ours.
    #[error("{} is not a snapshot of this simulator: {source}; move it away to start afresh", path.display())]
    Snapshot {
        /// The snapshot.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// The mail servers listen beside the pages: on the ports after theirs where these are free.
async fn mail_listener(ip: std::net::IpAddr, port: u16, after: u16) -> std::io::Result<TcpListener> {
    match TcpListener::bind((ip, port.wrapping_add(after))).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind((ip, 0)).await,
    }
}

/// A running simulator. Dropping it without [`Simulator::stop`] ends its tasks but writes no snapshot.
pub struct Simulator {
    sim: Arc<Sim>,
}

impl Simulator {
    /// Binds the address, reads the snapshot if there is one, and serves until [`Simulator::stop`].
    pub async fn start(config: Config) -> Result<Simulator, Error> {
        let listen_error = |source| Error::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen_error)?;
        let bound = listener.local_addr().map_err(listen_error)?;
        let kept = match &config.data {
            Some(folder) => snapshot::read(folder)?,
            None => None,
        };
        let smtp = mail_listener(config.listen.ip(), bound.port(), 1).await.map_err(listen_error)?;
        let imap = mail_listener(config.listen.ip(), bound.port(), 2).await.map_err(listen_error)?;
        let port = |listener: &TcpListener| listener.local_addr().map(|at| at.port()).map_err(listen_error);
        let ports = MailPorts { smtp: port(&smtp)?, imap: port(&imap)? };
        let sim = Sim::new(bound, ports, kept);
        sim.tasks.spawn(providers::email::run(sim.clone(), smtp, Protocol::Smtp));
        sim.tasks.spawn(providers::email::run(sim.clone(), imap, Protocol::Imap));
        sim.tasks.spawn(server::run(sim.clone(), listener));
        if let Some(folder) = config.data {
            sim.tasks.spawn(snapshot::keep(sim.clone(), folder));
        }
        Ok(Simulator { sim })
    }

    /// Where it listens, for example `http://127.0.0.1:9090`.
    pub fn url(&self) -> &str {
        &self.sim.url
    }

    /// Closes every connection, writes the snapshot and waits for all tasks to end.
    pub async fn stop(self) {
        self.sim.stopping.cancel();
        self.sim.tasks.close();
        self.sim.tasks.wait().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.sim.stopping.cancel();
    }
}
