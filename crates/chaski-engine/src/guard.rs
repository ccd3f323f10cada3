//! The one guard for every address that a user gives: no loopback, private, link-local or metadata
//! host, looked at in the address itself and again after DNS.

use chaski_model::{ErrorCode, Failure};
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Whether private networks are allowed.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    /// True for the demo and for installations that say so.
    pub allow_private: bool,
}

impl Guard {
    /// Checks an address as it is written. Names are checked again when they are resolved.
    ///
    /// # Errors
    /// What is wrong with it, in one sentence.
    pub fn check(self, address: &str) -> Result<url::Url, Failure> {
        let refuse = |why: &str| Failure::new(ErrorCode::UrlRefused, format!("The address {why}."));
        let url = url::Url::parse(address).map_err(|_| refuse("is not a valid http or https URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("must begin with http:// or https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("must not hold a user name or password"));
        }
        let ip = match url.host() {
            None => return Err(refuse("has no host")),
            Some(url::Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(url::Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(url::Host::Domain(name))
                if name.eq_ignore_ascii_case("localhost") && !self.allow_private =>
            {
                return Err(refuse("points to this machine"));
            }
            Some(url::Host::Domain(_)) => None,
        };
        if ip.is_some_and(|ip| !self.allows(ip)) {
            return Err(refuse(
                "points into a private network; set security.allow_private_networks to allow it",
            ));
        }
        Ok(url)
    }

    /// Checks a setting that is an address: a mail server's by its own schemes.
    ///
    /// # Errors
    /// What is wrong with it, in one sentence.
    pub fn check_setting(self, key: &str, address: &str) -> Result<url::Url, Failure> {
        match key {
            "smtp_url" => self.check_mail(address, "smtp"),
            "imap_url" => self.check_mail(address, "imap"),
            _ => self.check(address),
        }
    }

    /// The same for a mail server. Hosts of these schemes are read as names: what they resolve to is looked at
    /// again before anything is connected to.
    fn check_mail(self, address: &str, scheme: &str) -> Result<url::Url, Failure> {
        let refuse = |why: &str| Failure::new(ErrorCode::UrlRefused, format!("The address {why}."));
        let url = url::Url::parse(address)
            .map_err(|_| refuse(&format!("is not a valid {scheme} or {scheme}s URL")))?;
        if url.scheme().strip_suffix('s').unwrap_or(url.scheme()) != scheme {
            return Err(refuse(&format!("must begin with {scheme}:// or {scheme}s://")));
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let ip = host.parse::<IpAddr>().ok();
        let is_here = host.eq_ignore_ascii_case("localhost") && !self.allow_private;
        if is_here || ip.is_some_and(|ip| !self.allows(ip)) {
            return Err(refuse(
                "points into a private network; set security.allow_private_networks to allow it",
            ));
        }
        Ok(url)
    }

    /// Whether a resolved host may be called.
    pub fn allows(self, ip: IpAddr) -> bool {
        self.allow_private || is_public(ip)
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or_else(|| is_public_v6(ip), is_public_v4),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (18..20).contains(&b);
    !(ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_unspecified()
        || ip.is_broadcast()
        || ip.is_multicast()
        || ip.is_documentation()
        || shared
        || benchmark
        || a == 0
        || a >= 240)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let first = ip.segments()[0];
    let translated = first == 0x0064 && ip.segments()[1] == 0xff9b;
    !(ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        || first & 0xfe00 == 0xfc00
        || first & 0xffc0 == 0xfe80
        || translated)
}

/// DNS that leaves out the addresses that the guard forbids.
#[derive(Clone)]
pub struct GuardedResolver {
    inner: GaiResolver,
    guard: Guard,
}

impl GuardedResolver {
    /// The system's resolver behind a guard.
    pub fn new(guard: Guard) -> Self {
        Self { inner: GaiResolver::new(), guard }
    }
}

impl tower::Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let guard = self.guard;
        let found = self.inner.call(name);
        Box::pin(async move {
            let allowed: Vec<SocketAddr> =
                found.await?.filter(|address| guard.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(std::io::Error::new(
                    std::io::ErrorKind::PermissionDenied,
                    "the name points only into private networks",
                ));
            }
            Ok(allowed.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_hosts_in_every_writing_are_refused() {
        let guard = Guard { allow_private: false };
        for bad in [
            "http://127.0.0.1/",
            "http://localhost:8080",
            "https://10.1.2.3",
            "http://192.168.0.1",
            "http://172.16.0.1",
            "http://169.254.169.254/latest/meta-data",
            "http://[::1]/",
            "http://[fd00::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://0.0.0.0",
            "ftp://example.com",
            "file:///etc/passwd",
            "https://user:pw@example.com",
            "nonsense",
            "http://100.64.0.1",
        ] {
            assert!(guard.check(bad).is_err(), "{bad}");
        }
        for bad in
            ["smtp://127.0.0.1:25", "smtps://localhost", "smtp://[::1]:587", "https://mail.example.com"]
        {
            assert!(guard.check_setting("smtp_url", bad).is_err(), "{bad}");
        }
        assert!(guard.check_setting("smtp_url", "smtps://mail.example.com").is_ok());
        assert!(guard.check("https://graph.facebook.com/v23.0").is_ok());
        assert!(Guard { allow_private: true }.check("http://127.0.0.1:8080").is_ok());
    }
}
