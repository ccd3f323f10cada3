//! Links to media: only those to this machine are fetched; names under `.invalid` always fail.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full, Limited};
use tokio::time::timeout;
use url::{Host, Url};

use crate::media::{File, limit};
use crate::sim::Sim;

const PATIENCE: Duration = Duration::from_secs(5);
const REDIRECTS: usize = 3;

/// What is wrong with a link that needs no look at it.
pub(crate) fn fault_without_fetching(link: &str) -> Option<String> {
    let host = Url::parse(link).ok().and_then(|url| url.host_str().map(str::to_owned))?;
    let is_invalid = host == "invalid" || host.ends_with(".invalid");
    is_invalid
        .then(|| format!("Downloading media from weblink failed: the host {host} could not be resolved"))
}

/// Whether a link leads to this machine.
pub(crate) fn is_local(link: &str) -> bool {
    let Ok(url) = Url::parse(link) else {
        return false;
    };
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Fetches a link to this machine as Meta does, and checks type and size for a kind of media.
pub(crate) async fn fetch(sim: &Sim, link: &str, kind: &str) -> Result<File, String> {
    let fetched = fetch_as(sim, link, "facebookexternalua", |mime| limit(kind, mime)).await;
    fetched.map_err(|fault| fault.replace("KIND", kind))
}

/// Fetches a link to this machine under a name, and checks the type and size that it may have.
pub(crate) async fn fetch_as(
    sim: &Sim,
    link: &str,
    agent: &str,
    limit: impl Fn(&str) -> Option<usize>,
) -> Result<File, String> {
    let failed = |why: String| format!("Downloading media from weblink failed {why}");
    let mut link = link.to_owned();
    for _ in 0..=REDIRECTS {
        let request = Request::get(&link).header("user-agent", agent).body(Full::<Bytes>::default());
        let request = request.map_err(|fault| failed(format!("because the link is not valid: {fault}")))?;
        let response = match timeout(PATIENCE, sim.http.request(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => {
                return Err(failed("because the connection was refused or broken".to_owned()));
            }
            Err(_) => {
                return Err(failed("because the server did not answer in time".to_owned()));
            }
        };
        let (head, body) = response.into_parts();
        if head.status.is_redirection() {
            let next = head.headers.get("location").and_then(|value| value.to_str().ok());
            let next = next
                .and_then(|next| Url::parse(&link).ok()?.join(next).ok())
                .filter(|next| is_local(next.as_str()));
            link = next
                .map(String::from)
                .ok_or_else(|| failed("because it was redirected elsewhere".to_owned()))?;
            continue;
        }
        if !head.status.is_success() {
            let reason = head.status.canonical_reason().unwrap_or("Unknown");
            return Err(failed(format!("with http code {}, status message {reason}", head.status.as_u16())));
        }
        let mime = head
            .headers
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let Some(most) = limit(&mime) else {
            return Err(format!("Media file type is not supported: KIND cannot be {mime}"));
        };
        let too_large = || format!("Media file is too large: KIND can have at most {most} bytes");
        let body = timeout(PATIENCE, Limited::new(body, most).collect()).await;
        let bytes = body
            .map_err(|_| failed("because the server did not answer in time".to_owned()))?
            .map_err(|_| too_large())?
            .to_bytes();
        return Ok(File { mime, bytes });
    }
    Err(failed("because of too many redirects".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_this_machine_are_fetched() {
        for local in ["http://127.0.0.1:8000/a.png", "http://localhost/a", "http://[::1]/a"] {
            assert!(is_local(local), "{local}");
        }
        for elsewhere in
            ["https://picsum.photos/200/300", "http://10.0.0.1/", "http://localhost.example.com/"]
        {
            assert!(!is_local(elsewhere), "{elsewhere}");
        }
        assert!(fault_without_fetching("https://files.invalid/a.pdf").is_some());
        assert!(fault_without_fetching("https://files.example.com/a.pdf").is_none());
    }
}
