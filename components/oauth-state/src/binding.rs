//! What ties a state to the browser that began the flow.

use http::HeaderValue;
use serde::Deserialize;

use crate::flow::Flow;

/// How a state is bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Binding {
    /// By a cookie of the browser's, one for each flow, so that two tabs do not disturb each other.
    #[default]
    Cookie,
    /// By a token that a backend keeps in its own session.
    Token,
    /// Not at all: for callers without a browser.
    None,
}

impl TryFrom<String> for Binding {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match name.as_str() {
            "cookie" => Ok(Self::Cookie),
            "token" => Ok(Self::Token),
            "none" => Ok(Self::None),
            _ => Err("must be `cookie`, `token` or `none`"),
        }
    }
}

/// The name of a flow's cookie. `__Host-`: no subdomain and no plain HTTP can set it (RFC 6265bis,
/// section 4.1.3.2).
pub(crate) fn cookie_name(flow: &Flow) -> String {
    format!("__Host-oauth-{}", flow.id())
}

/// `Set-Cookie` for a flow. `Lax`: the cookie comes along when the provider redirects back.
pub(crate) fn set_cookie(flow: &Flow, secret: &str, max_age_s: u64) -> Option<HeaderValue> {
    let name = cookie_name(flow);
    let cookie =
        format!("{name}={secret}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={max_age_s}");
    HeaderValue::try_from(cookie).ok()
}
