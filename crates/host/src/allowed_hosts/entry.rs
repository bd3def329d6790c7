//! One entry of `allowed_outbound_hosts`.

use std::net::IpAddr;

use anyhow::{Context as _, Result, bail, ensure};
use ip_network::IpNetwork;
use url::Host;

use super::Target;

/// A set of addresses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// `None` is any.
    scheme: Option<String>,
    host: HostSet,
    ports: PortSet,
}

#[derive(Debug, PartialEq, Eq)]
enum HostSet {
    Any,
    /// The suffix, with its leading dot.
    Subdomains(String),
    Network(IpNetwork),
    One(Host),
}

#[derive(Debug, PartialEq, Eq)]
enum PortSet {
    Any,
    One(u16),
    /// The end is excluded, as in Spin.
    Range(u16, u16),
}

// === impl Entry ===

impl Entry {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) = text
            .trim()
            .split_once("://")
            .context("an allowed host is scheme://host:port, with * for any of the three")?;
        let (host, port) = split_port(rest);
        ensure!(
            scheme == "*" || scheme.chars().all(char::is_alphabetic),
            "scheme {scheme:?} must be * or letters only"
        );
        let ports = PortSet::parse(port, scheme).with_context(|| format!("port {port:?}"))?;
        // What stands before the `@` is a secret more often than not, so it is not repeated.
        ensure!(
            !host.contains('@'),
            "an allowed host holds no user or password"
        );
        let host = HostSet::parse(host).with_context(|| format!("host {host:?}"))?;
        Ok(Self {
            scheme: (scheme != "*").then(|| scheme.to_owned()),
            host,
            ports,
        })
    }

    pub(super) fn allows(&self, target: &Target) -> bool {
        self.scheme
            .as_ref()
            .is_none_or(|scheme| *scheme == target.scheme)
            && self.host.contains(&target.host)
            && self.ports.contains(target)
    }
}

/// Splits at the last colon, unless that one belongs to an IPv6 address or network.
fn split_port(rest: &str) -> (&str, &str) {
    match rest.rsplit_once(':') {
        Some((host, "")) => (host, ""),
        Some((host, port)) if HostSet::parse(rest).is_err() => {
            // One slash at the end is no path yet.
            (host, port.strip_suffix('/').unwrap_or(port))
        }
        _ => (rest, ""),
    }
}

// === impl HostSet ===

impl HostSet {
    fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Ok(network) = IpNetwork::from_str_truncate(text) {
            return Ok(Self::Network(network));
        }
        let text = text.strip_suffix('/').unwrap_or(text);
        ensure!(!text.contains('/'), "an allowed host has no path");
        ensure!(
            !matches!(text, "self" | "self.alt") && !text.ends_with(".spin.internal"),
            "this host does not route requests back into the application: run it with `spin up`"
        );
        match text.strip_prefix("*.") {
            Some(domain) if !domain.contains('*') => match Host::parse(domain)? {
                Host::Domain(domain) => Ok(Self::Subdomains(format!(".{domain}"))),
                Host::Ipv4(_) | Host::Ipv6(_) => bail!("an address has no subdomains"),
            },
            None if !text.contains('*') => Ok(Self::One(Host::parse(text)?)),
            _ => bail!("* stands for a whole host or for its first labels"),
        }
    }

    fn contains(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Subdomains(suffix), Host::Domain(domain)) => domain.ends_with(suffix),
            (Self::Network(network), Host::Ipv4(ip)) => network.contains(IpAddr::V4(*ip)),
            (Self::Network(network), Host::Ipv6(ip)) => network.contains(IpAddr::V6(*ip)),
            (Self::One(one), host) => one == host,
            (Self::Subdomains(_), _) | (Self::Network(_), Host::Domain(_)) => false,
        }
    }
}

// === impl PortSet ===

impl PortSet {
    fn parse(text: &str, scheme: &str) -> Result<Self> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if text.is_empty() {
            return default_port(scheme)
                .map(Self::One)
                .with_context(|| format!("scheme {scheme:?} has no default port, so give one"));
        }
        let number = |text: &str| -> Result<u16> {
            text.parse().context("must be *, a number, or a range A..B")
        };
        match text.split_once("..") {
            Some((low, high)) => Ok(Self::Range(number(low)?, number(high)?)),
            None => number(text).map(Self::One),
        }
    }

    fn contains(&self, target: &Target) -> bool {
        let port = target.port.or_else(|| default_port(&target.scheme));
        match (self, port) {
            (Self::Any, _) => true,
            (Self::One(one), Some(port)) => *one == port,
            (Self::Range(low, high), Some(port)) => (*low..*high).contains(&port),
            (_, None) => false,
        }
    }
}

/// The ports that Spin knows; `rediss` has none.
fn default_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "http" => 80,
        "https" => 443,
        "redis" => 6379,
        "postgres" => 5432,
        "mysql" => 3306,
        "mqtt" => 1883,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_entry_allows() {
        for (entry, url, allowed) in [
            ("http://example.com", "http://example.com/a?b", true),
            ("http://example.com", "http://EXAMPLE.com:80", true),
            ("http://example.com/", "http://example.com", true),
            ("http://example.com", "https://example.com", false),
            ("http://example.com", "http://example.com:81", false),
            ("http://example.com", "http://a.example.com", false),
            ("https://*", "https://anything.example", true),
            ("https://*", "https://anything.example:8443", false),
            ("*://example.com:443", "https://example.com", true),
            ("*://*:*", "rediss://10.0.0.1", true),
            ("http://*.example.com", "http://a.b.Example.com", true),
            ("http://*.Example.com", "http://example.com", false),
            ("http://*.example.com", "http://badexample.com", false),
            ("http://h:8000..9000", "http://h:8000", true),
            ("http://h:8000..9000", "http://h:9000", false),
            ("redis://*:*", "redis://u:p@127.0.0.1:7000/3", true),
            ("redis://127.0.0.1", "redis://127.0.0.1", true),
            ("redis://localhost", "redis://127.0.0.1", false),
            ("rediss://h:6380", "rediss://h:6380", true),
            ("rediss://h:6379", "rediss://h", false),
            ("http://10.0.0.0/8", "http://10.9.8.7", true),
            ("http://10.0.0.0/8:81", "http://11.9.8.7:81", false),
            ("http://10.0.0.0/8", "http://ten.example", false),
            ("http://[::1]", "http://[::1]:80/", true),
            ("http://[::1]:8080", "http://[::1]:80", false),
            ("http://2001:db8::/32", "http://[2001:db8:1::2]", true),
        ] {
            let parsed = Entry::parse(entry).expect(entry);
            let target = Target::parse(url, "http").expect(url);
            assert_eq!(parsed.allows(&target), allowed, "{entry} for {url}");
        }
    }

    #[test]
    fn what_is_no_entry() {
        for entry in [
            "*",
            "example.com",
            "example.com:80",
            "http://example.com/path",
            "http://example.com:80/path",
            "redis://user:pass@host:6379",
            "redis://host:6379/0",
            "rediss://host",
            "http://a.*.example.com",
            "http://*example.com",
            "http://*.127.0.0.1",
            "http://h:99999",
            "http://h:80..",
            "h2c+x://h:80",
            "http://self",
            "http://*.spin.internal",
            "http://[::1",
            "http://h//",
        ] {
            assert!(Entry::parse(entry).is_err(), "{entry}");
        }
    }

    #[test]
    fn a_password_is_not_repeated() {
        for entry in ["redis://u:hunter2@h:1", "u:hunter2@h:1"] {
            let error = format!("{:#}", Entry::parse(entry).expect_err("refused"));
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
