//! The headers that a component sees beside the client's own.
//!
//! Mirrors `headers.rs` of Spin's `trigger-http`: they are *appended*, so a client that sends
//! `spin-client-addr` itself is seen with two of them, the true one last.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use http::{
    HeaderMap, HeaderName, HeaderValue, Uri,
    header::{CONNECTION, HOST},
};

use crate::routes::Match;

/// Removes what concerns this connection, or would let a client pose as another component.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let internal = |host: &HeaderValue| {
        let host = host.to_str().unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        host.split_once('.')
            .is_some_and(|(_, domain)| domain == "spin.internal")
    };
    if headers.get(HOST).is_some_and(internal) {
        headers.remove(HOST);
    }
    headers.remove(CONNECTION);
}

/// Appends the host's headers to those of a request that came from `client` for `uri`.
///
/// # Errors
/// A header of the client that is not UTF-8.
pub(crate) fn append<T>(
    headers: &mut HeaderMap,
    uri: &Uri,
    found: &Match<'_, '_, T>,
    client: SocketAddr,
) -> Result<()> {
    for (name, value) in headers.iter() {
        std::str::from_utf8(value.as_bytes()).with_context(|| format!("header {name}"))?;
    }
    let host = headers
        .get(HOST)
        .map_or(&b"localhost"[..], HeaderValue::as_bytes);
    let host = String::from_utf8_lossy(host);
    let scheme = uri.scheme_str().unwrap_or("http");
    let path = uri.path_and_query().map_or("/", |path| path.as_str());

    let route = found.route;
    let own = [
        ("spin-path-info", found.path_info()),
        ("spin-full-url", format!("{scheme}://{host}{path}")),
        ("spin-matched-route", route.based.clone()),
        ("spin-base-path", "/".to_owned()),
        ("spin-raw-component-route", route.raw.clone()),
        ("spin-component-route", route.raw_prefix().to_owned()),
        ("spin-client-addr", client.to_string()),
    ];
    let matches = found.named().map(|(name, value)| {
        let name = name.to_ascii_lowercase().replace('_', "-");
        (format!("spin-path-match-{name}"), value.to_owned())
    });
    let own = own.map(|(name, value)| (name.to_owned(), value));
    for (name, value) in own.into_iter().chain(matches) {
        // A `:name` or a value that no header can hold is left out.
        let name = HeaderName::try_from(name);
        let value = HeaderValue::try_from(value);
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::Router;

    fn appended(route: &str, url: &str, headers: &mut HeaderMap) -> Result<()> {
        let (router, _) = Router::new([(route.to_owned(), ())]).expect("route parses");
        let uri: Uri = url.parse().expect("url parses");
        let found = router.route(uri.path()).expect("matches");
        append(
            headers,
            &uri,
            &found,
            SocketAddr::from(([127, 0, 0, 1], 47882)),
        )
    }

    fn all(headers: &HeaderMap, name: &str) -> Vec<String> {
        let values = headers.get_all(name).iter();
        values
            .map(|value| value.to_str().expect("text").to_owned())
            .collect()
    }

    #[test]
    fn what_a_component_sees() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("latch.test:3000"));
        let route = "/api/circuit/:the_name/...";
        let url = "http://latch.test:3000/api/circuit/g%20mail/a/b/?x=1";
        appended(route, url, &mut headers).expect("appended");
        for (name, value) in [
            ("spin-path-info", "/a/b/"),
            ("spin-full-url", url),
            ("spin-matched-route", route),
            ("spin-base-path", "/"),
            ("spin-raw-component-route", route),
            ("spin-component-route", "/api/circuit/:the_name"),
            ("spin-client-addr", "127.0.0.1:47882"),
            ("spin-path-match-the-name", "g%20mail"),
        ] {
            assert_eq!(all(&headers, name), [value], "{name}");
        }
    }

    #[test]
    fn the_true_value_comes_after_a_forged_one() {
        let mut headers = HeaderMap::new();
        headers.append("spin-client-addr", HeaderValue::from_static("9.9.9.9"));
        appended("/", "http://h/", &mut headers).expect("appended");
        assert_eq!(
            all(&headers, "spin-client-addr"),
            ["9.9.9.9", "127.0.0.1:47882"]
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_an_error() {
        let mut headers = HeaderMap::new();
        headers.append(
            "x-utf8",
            HeaderValue::from_bytes("ключ".as_bytes()).expect("bytes"),
        );
        appended("/", "http://h/", &mut headers).expect("UTF-8 is text");
        headers.append("x-latin1", HeaderValue::from_bytes(b"\xe9").expect("bytes"));
        assert!(appended("/", "http://h/", &mut headers).is_err());
    }

    #[test]
    fn stripped() {
        let mut headers = HeaderMap::new();
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive"));
        headers.insert(HOST, HeaderValue::from_static("latch.test"));
        strip(&mut headers);
        assert_eq!(headers.len(), 1);
        headers.insert(HOST, HeaderValue::from_static("circuit.spin.internal:80"));
        strip(&mut headers);
        assert!(headers.is_empty());
    }
}
