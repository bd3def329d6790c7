//! Who is calling: the address that a limit for each client counts by.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use http::HeaderName;

use crate::head::Headers;

/// The peer that Spin saw.
const SPIN_CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");
/// The addresses that proxies saw, each appended to those before.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of a client, as far as one client can be told from another by it.
///
/// IPv6 addresses count by their /64: whoever has one address of it has them all. An address that
/// cannot be learned is one client too, so that a limit is never skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(Option<IpAddr>);

impl ClientAddress {
    /// Finds the client behind `trusted_hops` proxies of our own.
    ///
    /// 0: the peer that the host saw, in `spin-client-addr`. The host appends its own value, so
    /// only the last one is believed. n: the n-th address from the right of `X-Forwarded-For`,
    /// which is the one that the outermost of our n proxies wrote.
    pub(crate) fn of(headers: &dyn Headers, trusted_hops: usize) -> Self {
        let address = match trusted_hops.checked_sub(1) {
            None => headers
                .all(&SPIN_CLIENT_ADDR)
                .iter()
                .next_back()
                .and_then(|value| value.to_str().ok())
                .and_then(parse),
            Some(skipped) => headers
                .all(&X_FORWARDED_FOR)
                .iter()
                .rev()
                // A proxy may append to what the client sent, which need not be text.
                .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
                .nth(skipped)
                .and_then(|entry| parse(std::str::from_utf8(entry).ok()?.trim())),
        };
        Self(address.map(|address| prefix(address, 4)))
    }

    /// The /48 around an IPv6 address, `2001:db8:1::`: what one customer of a provider may have.
    pub(crate) fn network(&self) -> Option<String> {
        match self.0 {
            Some(address @ IpAddr::V6(_)) => Some(prefix(address, 3).to_string()),
            _ => None,
        }
    }
}

/// An address with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn parse(text: &str) -> Option<IpAddr> {
    text.parse::<SocketAddr>()
        .map(|address| address.ip())
        .or_else(|_| text.parse::<IpAddr>())
        .ok()
}

/// The first `segments` of an IPv6 address, of 16 bits each; an IPv4 address as it is.
fn prefix(address: IpAddr, segments: usize) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let mut kept = [0; 8];
            for (to, from) in kept.iter_mut().zip(v6.segments()).take(segments) {
                *to = from;
            }
            IpAddr::V6(kept.into())
        }
        v4 => v4,
    }
}

/// The address, or `unknown`.
impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderValue};
    use wasm_bindgen_test::wasm_bindgen_test;

    fn client(headers: &[(&'static str, &str)], trusted_hops: usize) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        ClientAddress::of(&map, trusted_hops).to_string()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn without_proxies_only_the_hosts_own_last_word_counts() {
        let headers = [
            ("spin-client-addr", "9.9.9.9"),
            ("x-forwarded-for", "8.8.8.8"),
            ("spin-client-addr", "192.0.2.1:47882"),
        ];
        assert_eq!(client(&headers, 0), "192.0.2.1");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn behind_proxies_the_count_is_from_the_right_over_all_lines() {
        let headers = [
            ("x-forwarded-for", "6.6.6.6, 192.0.2.1"),
            ("x-forwarded-for", "192.0.2.2,192.0.2.3:80"),
            ("spin-client-addr", "10.0.0.1:1"),
        ];
        assert_eq!(client(&headers, 1), "192.0.2.3");
        assert_eq!(client(&headers, 2), "192.0.2.2");
        assert_eq!(client(&headers, 3), "192.0.2.1");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_a_client_sends_does_not_hide_what_a_proxy_appends() {
        let mut map = HeaderMap::new();
        for line in [b"\xff, 192.0.2.1".as_slice(), b"\xc3\xa9,192.0.2.2"] {
            map.append("x-forwarded-for", HeaderValue::from_bytes(line).unwrap());
        }
        assert_eq!(ClientAddress::of(&map, 1).to_string(), "192.0.2.2");
        assert_eq!(ClientAddress::of(&map, 2).to_string(), "unknown");
        assert_eq!(ClientAddress::of(&map, 3).to_string(), "192.0.2.1");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_address_that_cannot_be_known_is_one_client() {
        for (headers, hops) in [
            (vec![], 0),
            (vec![("spin-client-addr", "nonsense")], 0),
            (vec![("x-forwarded-for", "192.0.2.1")], 2),
            (vec![("x-forwarded-for", "_hidden")], 1),
            (vec![("x-forwarded-for", "")], 1),
        ] {
            assert_eq!(client(&headers, hops), "unknown", "{headers:?}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn ipv6_counts_by_its_64_and_mapped_ipv4_as_ipv4() {
        for (address, counted) in [
            ("[2001:db8:1:2:3:4:5:6]:80", "2001:db8:1:2::"),
            ("2001:db8:1:2::1", "2001:db8:1:2::"),
            ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
        ] {
            assert_eq!(client(&[("spin-client-addr", address)], 0), counted);
        }
    }
}
