//! The part of a URL that decides whether a component may connect to it.

use std::{borrow::Cow, fmt};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Host, Url};

/// Where a connection goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(super) scheme: String,
    pub(super) host: Host,
    /// `None` is the default one of the scheme.
    pub(super) port: Option<u16>,
}

// === impl Target ===

impl Target {
    /// Reads `url`, which counts as one of `scheme` if it names none.
    pub(crate) fn parse(url: &str, scheme: &str) -> Option<Self> {
        let url = encode_userinfo(url);
        let parsed = match Url::parse(&url) {
            Ok(parsed) if parsed.has_host() => parsed,
            _ => Url::parse(&format!("{scheme}://{url}")).ok()?,
        };
        Some(Self {
            scheme: parsed.scheme().to_owned(),
            // A scheme that `url` does not know has an opaque host, so it is parsed once more.
            host: Host::parse(parsed.host_str()?).ok()?,
            port: parsed.port(),
        })
    }
}

impl fmt::Display for Target {
    /// `scheme://host:port`, never the user info.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// A password may hold a character that ends the authority, `#` for example. The user info does
/// not decide anything, so all of it is encoded, whether it was already or not.
fn encode_userinfo(url: &str) -> Cow<'_, str> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, url),
    };
    let userinfo = rest.split_once('@').filter(|(user, _)| !user.contains('/'));
    let Some((user, host)) = userinfo else {
        return url.into();
    };
    let user = utf8_percent_encode(user, NON_ALPHANUMERIC);
    match scheme {
        Some(scheme) => format!("{scheme}://{user}@{host}").into(),
        None => format!("{user}@{host}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        for (url, target) in [
            ("http://example.com/path@1", "http://example.com"),
            (
                "https://u:p@example.com:8443/f@2",
                "https://example.com:8443",
            ),
            ("redis://u:p#a%2Fss@cache:6380/1", "redis://cache:6380"),
            ("rediss://:secret@10.0.0.1", "rediss://10.0.0.1"),
            ("example.com:81", "http://example.com:81"),
            ("u:p@example.com", "http://example.com"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            let parsed = Target::parse(url, "http").expect(url);
            assert_eq!(parsed.to_string(), target);
        }
        for bad in ["", "exa mple.com", "h:port"] {
            assert_eq!(Target::parse(bad, "http"), None, "{bad}");
        }
    }

    #[test]
    fn a_host_hidden_behind_user_info_is_not_the_host() {
        let parsed = Target::parse("http://allowed.example@evil.example/", "http");
        assert_eq!(parsed.expect("parses").to_string(), "http://evil.example");
        let parsed = Target::parse("http://a@allowed.example@evil.example/", "http");
        assert_ne!(
            parsed.map(|target| target.to_string()).as_deref(),
            Some("http://allowed.example")
        );
    }
}
