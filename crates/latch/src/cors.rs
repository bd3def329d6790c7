//! Cross-origin requests from browsers (the Fetch standard's CORS protocol).

use std::net::{Ipv4Addr, Ipv6Addr};

use http::{HeaderValue, StatusCode, Uri, header};

use crate::config::Misconfigured;
use crate::head::Headers;
use crate::response::{Response, empty};

/// What a browser's script may send and read, beyond what it always may.
const ALLOWED_HEADERS: &str = "authorization, content-type, idempotency-key";
const EXPOSED_HEADERS: &str = "ratelimit, ratelimit-policy, retry-after";
/// How long a browser may remember a preflight, in seconds.
const MAX_AGE: &str = "600";

/// Which web origins may call.
pub(crate) enum AllowedOrigins {
    /// None: browsers call from Latch's own origin only.
    None,
    /// Every origin, without credentials.
    Any,
    /// These, with credentials, so that a cookie that binds an OAuth state can be set.
    Exactly(Vec<String>),
}

impl AllowedOrigins {
    /// From the variable's text: `*`, or origins separated by commas.
    pub(crate) fn parse(text: &str) -> Result<Self, Misconfigured> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let origins: Vec<_> = text
            .split(',')
            .map(str::trim)
            .filter(|origin| !origin.is_empty())
            .map(str::to_owned)
            .collect();
        if origins.is_empty() {
            Ok(Self::None)
        } else if origins.iter().all(|origin| parse_origin(origin).is_some()) {
            Ok(Self::Exactly(origins))
        } else {
            Err(Misconfigured::new(
                "cors_allowed_origins",
                "must be `*`, or origins such as `https://example.com` separated by commas",
            ))
        }
    }

    /// What the answer to a request with `headers` has to say.
    pub(crate) fn grant(&self, headers: &dyn Headers) -> Grant {
        match self {
            Self::None => Grant::Nothing,
            Self::Any => Grant::Any,
            Self::Exactly(origins) => {
                let origin = headers.first(&header::ORIGIN);
                let is_known = |origin: &HeaderValue| {
                    origins
                        .iter()
                        .any(|known| known.as_bytes() == origin.as_bytes())
                };
                Grant::One(origin.filter(is_known))
            }
        }
    }
}

/// Which origin may read an answer.
pub(crate) enum Grant {
    /// None but Latch's own, whoever asks.
    Nothing,
    /// Every origin.
    Any,
    /// This one, or none: the answer depends on who asks.
    One(Option<HeaderValue>),
}

impl Grant {
    /// Says so in `response`.
    pub(crate) fn apply(self, response: &mut Response) {
        let headers = response.headers_mut();
        match self {
            Self::Nothing => return,
            Self::Any => {
                headers.insert(
                    header::ACCESS_CONTROL_ALLOW_ORIGIN,
                    HeaderValue::from_static("*"),
                );
            }
            Self::One(origin) => {
                // A cache must keep the answers for different origins apart.
                headers.append(header::VARY, HeaderValue::from_static("origin"));
                let Some(origin) = origin else {
                    return;
                };
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.insert(
                    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                    HeaderValue::from_static("true"),
                );
            }
        }
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED_HEADERS),
        );
    }
}

/// The answer to `OPTIONS`: `methods` is what the path has. 200 and not 204, so that it has a
/// `content-length` like every other answer.
pub(crate) fn preflight(methods: HeaderValue) -> Response {
    let mut response = empty(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, methods.clone());
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(ALLOWED_HEADERS),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static(MAX_AGE),
    );
    response
}

/// Checks an origin: a scheme and an authority to the letter in which browsers send them (`Origin`, RFC
/// 6454, section 7), so in lower case, without a path and without the port that the scheme has by
/// itself. Of any scheme, for apps (`capacitor://localhost`), except those whose pages have no origin.
pub fn parse_origin(text: &str) -> Option<&str> {
    const OPAQUE: [&str; 6] = ["about", "blob", "data", "file", "javascript", "vbscript"];
    let uri: Uri = text.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let port = authority.as_str().strip_prefix(authority.host())?;
    let known = !OPAQUE.contains(&scheme) && is_host(authority.host()) && is_port(scheme, port);
    let bare = text == format!("{scheme}://{authority}") && text == text.to_ascii_lowercase();
    (known && bare).then_some(text)
}

/// A name, or an address as browsers write it.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|address| {
            let parsed = address.parse::<Ipv6Addr>();
            parsed.is_ok_and(|parsed| parsed.to_string() == address)
        });
    }
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    // What ends in a number is an IPv4 address to browsers, which write all four parts of it.
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = match last.strip_prefix("0x") {
        Some(rest) => rest.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => last.bytes().all(|byte| byte.is_ascii_digit()),
    };
    !host.is_empty()
        && host.bytes().all(named)
        && (!numeric
            || host
                .parse::<Ipv4Addr>()
                .is_ok_and(|it| it.to_string() == host))
}

/// What stands behind the host: nothing, or a port that is not the scheme's own.
fn is_port(scheme: &str, text: &str) -> bool {
    let own = match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        _ => None,
    };
    let Some(digits) = text.strip_prefix(':') else {
        return text.is_empty();
    };
    digits
        .parse::<u16>()
        .is_ok_and(|port| Some(port) != own && port.to_string() == digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn answer(allowed: &str, origin: Option<&'static str>) -> HeaderMap {
        let mut request = HeaderMap::new();
        if let Some(origin) = origin {
            request.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        let mut response = preflight(HeaderValue::from_static("POST, OPTIONS"));
        AllowedOrigins::parse(allowed)
            .unwrap()
            .grant(&request)
            .apply(&mut response);
        response.headers().clone()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_known_origin_is_echoed_with_credentials() {
        let headers = answer(
            "https://a.example, http://localhost:5173",
            Some("http://localhost:5173"),
        );
        assert_eq!(
            headers[header::ACCESS_CONTROL_ALLOW_ORIGIN],
            "http://localhost:5173"
        );
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert_eq!(headers[header::VARY], "origin");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn another_origin_or_none_gets_no_permission() {
        for origin in [
            Some("https://a.example.evil"),
            Some("https://A.example"),
            Some("null"),
            None,
        ] {
            let headers = answer("https://a.example", origin);
            assert!(
                !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN),
                "{origin:?}"
            );
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_star_is_for_everyone_and_without_credentials() {
        let headers = answer("*", Some("https://a.example"));
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn where_no_origin_may_call_the_answer_depends_on_none() {
        for allowed in ["", " , "] {
            let headers = answer(allowed, Some("https://a.example"));
            assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
            assert!(!headers.contains_key(header::VARY));
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_no_browser_sends_as_an_origin_is_refused() {
        for text in [
            "https://a.example/",
            "https://a.example/path",
            "a.example",
            "https://user@a.example",
            "*,https://a.example",
            "https://*.example",
            "https://A.example",
            "HTTPS://a.example",
            "https://a.example:443",
            "http://a.example:80",
            "http://a.example:",
            "http://a.example:080",
            "http://a.example:65536",
            "https://a%2eexample",
            "https://a.example?x",
            "http://127.1",
            "http://0x7f000001",
            "http://[0:0::1]:5173",
            "capacitor://LOCALHOST",
            "capacitor:localhost",
            "capacitor://",
            "javascript://a.example",
            "data://a.example",
            "file://a.example",
            "null",
        ] {
            assert!(AllowedOrigins::parse(text).is_err(), "{text}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_origin_is_of_any_scheme() {
        for text in [
            "https://a.example",
            "https://a.example:80",
            "http://localhost:5173",
            "http://127.0.0.1:3000",
            "http://[::1]:5173",
            "https://xn--80ak6aa92e.example",
            "https://3com.example",
            "https://a.3d",
            "capacitor://localhost",
            "ionic://localhost",
            "chrome-extension://abcdefghijklmnop",
            "com.example.app://callback",
        ] {
            assert_eq!(parse_origin(text), Some(text));
        }
    }
}
