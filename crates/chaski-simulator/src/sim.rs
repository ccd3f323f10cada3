//! Everything that a running simulator holds, shared by all connections.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::exchanges::Exchanges;
use crate::faults::Faults;
use crate::ids::Ids;
use crate::limits::Limits;
use crate::media::MediaStore;
use crate::phones::Phones;
use crate::providers::email::Boxes;
use crate::providers::line::Line;
use crate::providers::telegram::Counters;
use crate::providers::twilio::Kept;
use crate::providers::vonage::Tokens;
use crate::snapshot::Snapshot;
use crate::templates::Templates;
use crate::webhooks::{HttpClient, Webhooks, http_client};

/// The simulator, shared.
pub(crate) type Shared = Arc<Sim>;

/// All state of a simulator.
pub(crate) struct Sim {
    pub(crate) url: String,
    /// Where mails are submitted, and where mailboxes are read.
    pub(crate) mail_urls: MailUrls,
    pub(crate) boxes: Boxes,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) templates: Templates,
    pub(crate) phones: Phones,
    pub(crate) webhooks: Webhooks,
    pub(crate) faults: Faults,
    pub(crate) limits: Limits,
    pub(crate) exchanges: Exchanges,
    pub(crate) media: MediaStore,
    pub(crate) vonage_tokens: Tokens,
    pub(crate) telegram: Counters,
    pub(crate) twilio: Kept,
    pub(crate) line: Line,
    pub(crate) http: HttpClient,
    pub(crate) tasks: TaskTracker,
    pub(crate) stopping: CancellationToken,
    changes: AtomicU64,
}

/// The ports of the mail servers.
#[derive(Clone, Copy)]
pub(crate) struct MailPorts {
    pub(crate) smtp: u16,
    pub(crate) imap: u16,
}

/// Their addresses.
pub(crate) struct MailUrls {
    pub(crate) smtp: String,
    pub(crate) imap: String,
}

impl Sim {
    pub(crate) fn new(bound: SocketAddr, mail: MailPorts, kept: Option<Snapshot>) -> Shared {
        let host = if bound.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { bound.ip() };
        let kept = kept.unwrap_or_default();
        let clock = Clock::new(kept.offset_ms);
        // Mails are numbered anew at each start.
        let validity = u32::try_from(clock.now_seconds()).unwrap_or(1);
        Arc::new(Self {
            url: format!("http://{}", SocketAddr::new(host, bound.port())),
            mail_urls: MailUrls {
                smtp: format!("smtp://{}", SocketAddr::new(host, mail.smtp)),
                imap: format!("imap://{}", SocketAddr::new(host, mail.imap)),
            },
            boxes: Boxes::new(validity),
            clock,
            ids: Ids::new(),
            templates: Templates::new(kept.templates),
            phones: Phones::new(kept.phones),
            webhooks: Webhooks::new(kept.webhooks),
            faults: Faults::default(),
            limits: Limits::default(),
            exchanges: Exchanges::default(),
            media: MediaStore::default(),
            vonage_tokens: Tokens::default(),
            telegram: Counters::new(),
            twilio: Kept::default(),
            line: Line::default(),
            http: http_client(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            changes: AtomicU64::new(0),
        })
    }

    /// Notes that something changed which a snapshot keeps.
    pub(crate) fn touch(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }
}
