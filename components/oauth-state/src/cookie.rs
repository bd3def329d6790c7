//! The cookie that binds a flow to a browser, as `Set-Cookie` writes it.

use http::HeaderValue;

use crate::flow::Flow;

/// `__Host-`: no subdomain and no plain HTTP can set such a cookie (RFC 6265bis, section 4.1.3.2).
pub(crate) const PREFIX: &str = "__Host-oauth-";

/// With which requests from other sites a browser sends a cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SameSite {
    /// When somebody follows a link or a redirect, as providers send browsers back.
    #[default]
    Lax,
    /// With every request: for providers that answer with a form (`form_post`).
    None,
}

impl SameSite {
    const fn name(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// The name of a flow's cookie.
pub(crate) fn name(flow: &Flow) -> String {
    format!("{PREFIX}{}", flow.id())
}

/// The value of `Set-Cookie` that gives a flow's cookie to the browser for `max_age_s` seconds.
pub(crate) fn set(
    flow: &Flow,
    secret: &str,
    max_age_s: u64,
    same_site: SameSite,
) -> Option<HeaderValue> {
    let cookie = cookie(&name(flow), secret, max_age_s, same_site);
    HeaderValue::try_from(cookie).ok()
}

/// The value of `Set-Cookie` that ends the cookie called `name`.
pub(crate) fn end(name: &str, same_site: SameSite) -> String {
    cookie(name, "", 0, same_site)
}

fn cookie(name: &str, value: &str, max_age_s: u64, same_site: SameSite) -> String {
    let same_site = same_site.name();
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age={max_age_s}")
}
