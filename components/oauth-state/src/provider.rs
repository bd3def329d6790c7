//! `oauth_providers`: where flows lead, in the operator's words and not in the caller's.
//!
//! ```json
//! {
//!   "google": {
//!     "issuer": "https://accounts.google.com",
//!     "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
//!     "client_id": "app.apps.googleusercontent.com",
//!     "redirect_uri": "https://app.example/callback/google",
//!     "scope": "openid email"
//!   }
//! }
//! ```

use std::collections::BTreeMap;

use http::StatusCode;
use latch::{Kind, Misconfigured, Platform, Problem, Variables};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::cookie::SameSite;
use crate::uri::{is_endpoint, is_issuer, is_provider, is_redirect_uri};

const VARIABLE: &str = "oauth_providers";
const UNKNOWN_PROVIDER: Kind = Kind::new(
    StatusCode::NOT_FOUND,
    "unknown-provider",
    "Unknown provider",
);

/// What an authorization request says by itself (RFC 6749, RFC 7636, OpenID Connect Core), or what may
/// say it in its place (RFC 9101).
const RESERVED: [&str; 11] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "request",
    "request_uri",
];

/// One provider, and what we are to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    /// Who the callback must come from, to the letter.
    pub(crate) issuer: String,
    /// The provider's first page. It may have a query, which stays.
    pub(crate) authorization_endpoint: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    /// Empty: none is asked for.
    pub(crate) scope: String,
    pub(crate) response_mode: Option<ResponseMode>,
    /// What else the provider is told.
    pub(crate) params: BTreeMap<String, String>,
}

/// How a provider brings its answer (OAuth 2.0 Multiple Response Types, and Form Post Response Mode).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    /// By a redirect.
    Query,
    /// By a form that the browser posts.
    FormPost,
}

impl ResponseMode {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
        }
    }
}

impl Provider {
    /// What its callback needs of the flow's cookie.
    pub(crate) fn same_site(&self) -> SameSite {
        match self.response_mode {
            Some(ResponseMode::FormPost) => SameSite::None,
            Some(ResponseMode::Query) | None => SameSite::Lax,
        }
    }

    fn from_members(members: Map<String, Value>) -> Result<Self, String> {
        let mut members = Members(members);
        let provider = Self {
            issuer: members.required("issuer", is_issuer, "an issuer identifier")?,
            authorization_endpoint: members.required(
                "authorization_endpoint",
                is_own_endpoint,
                "the URL of a page, without a fragment and without what Latch adds to its query",
            )?,
            client_id: members.required(
                "client_id",
                is_client_id,
                "1 to 512 visible characters",
            )?,
            redirect_uri: members.required(
                "redirect_uri",
                is_redirect_uri,
                "an absolute URI without a fragment, at most 2048 characters",
            )?,
            scope: members
                .text("scope", is_scope, "scopes separated by single spaces")?
                .unwrap_or_else(|| "openid".to_owned()),
            response_mode: members
                .text(
                    "response_mode",
                    |text| response_mode(text).is_some(),
                    "`query` or `form_post`",
                )?
                .as_deref()
                .and_then(response_mode),
            params: members.params()?,
        };
        match members.0.keys().next() {
            Some(member) => Err(format!("there is no `{member}` in a provider")),
            None => Ok(provider),
        }
    }
}

/// The members of a provider that have not been read yet.
struct Members(Map<String, Value>);

impl Members {
    fn text(
        &mut self,
        name: &str,
        is_good: impl Fn(&str) -> bool,
        expected: &str,
    ) -> Result<Option<String>, String> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) if is_good(&text) => Ok(Some(text)),
            Some(_) => Err(format!("`{name}` must be {expected}")),
        }
    }

    fn required(
        &mut self,
        name: &str,
        is_good: impl Fn(&str) -> bool,
        expected: &str,
    ) -> Result<String, String> {
        self.text(name, is_good, expected)?
            .ok_or_else(|| format!("`{name}` is missing"))
    }

    fn params(&mut self) -> Result<BTreeMap<String, String>, String> {
        let params = match self.0.remove("params") {
            None => return Ok(BTreeMap::new()),
            Some(Value::Object(params)) => params,
            Some(_) => return Err("`params` must be an object of texts".to_owned()),
        };
        params
            .into_iter()
            .map(|(name, value)| {
                if name.is_empty() || is_reserved(&name) {
                    return Err(format!("`params` must not have `{name}`: Latch says it"));
                }
                let value = match value {
                    Value::String(text) => text,
                    Value::Number(number) => number.to_string(),
                    Value::Bool(truth) => truth.to_string(),
                    _ => return Err(format!("`params.{name}` must be a text")),
                };
                Ok((name, value))
            })
            .collect()
    }
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// A page whose query, if it has one, leaves room for what an authorization request says.
fn is_own_endpoint(text: &str) -> bool {
    let query = text.split_once('?').map_or("", |(_, query)| query);
    let says = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        is_reserved(&percent_decode_str(name).decode_utf8_lossy())
    };
    is_endpoint(text) && !query.split('&').any(says)
}

/// RFC 6749, appendix A.1.
fn is_client_id(text: &str) -> bool {
    (1..=512).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// RFC 6749, section 3.3.
fn is_scope(text: &str) -> bool {
    let token = |token: &str| {
        !token.is_empty()
            && token
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
    };
    text.is_empty() || (text.len() <= 1024 && text.split(' ').all(token))
}

fn response_mode(text: &str) -> Option<ResponseMode> {
    [ResponseMode::Query, ResponseMode::FormPost]
        .into_iter()
        .find(|mode| mode.name() == text)
}

/// The providers that are configured. Without any, the caller says where a flow leads.
#[derive(Debug)]
pub(crate) struct Providers(BTreeMap<String, Provider>);

impl Providers {
    pub(crate) async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        let text = variables.text(VARIABLE).await?;
        Self::parse(&text).map_err(|reason| Misconfigured::new(VARIABLE, reason))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let given: BTreeMap<String, Map<String, Value>> = serde_json::from_str(text)
            .map_err(|_| "must be a JSON object of providers by name".to_owned())?;
        given
            .into_iter()
            .map(|(name, members)| {
                if !is_provider(&name) {
                    return Err(
                        "names a provider otherwise than with 1 to 64 letters, digits, \
                                dots, dashes and underscores"
                            .to_owned(),
                    );
                }
                let provider = Provider::from_members(members)
                    .map_err(|reason| format!("has a mistake in `{name}`: {reason}"))?;
                Ok((name, provider))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The provider of that name, or 404; `None` where no provider is configured at all.
    pub(crate) fn find(&self, name: &str) -> Result<Option<&Provider>, Problem> {
        match self.0.get(name) {
            None if !self.0.is_empty() => Err(UNKNOWN_PROVIDER.because(
                "`provider`: the variable `oauth_providers` has no provider of that name.",
            )),
            found => Ok(found),
        }
    }

    /// What the callback of a flow with that provider needs of the flow's cookie.
    pub(crate) fn same_site(&self, name: &str) -> SameSite {
        self.0
            .get(name)
            .map_or_else(SameSite::default, Provider::same_site)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;
    use wasm_bindgen_test::wasm_bindgen_test;

    /// A provider with these members besides those that it must have.
    pub(crate) fn provider(members: Value) -> Result<Provider, String> {
        let mut all = json!({
            "issuer": "https://accounts.example",
            "authorization_endpoint": "https://accounts.example/auth",
            "client_id": "app",
            "redirect_uri": "https://app.example/callback",
        });
        for (name, value) in members.as_object().unwrap() {
            all[name] = value.clone();
        }
        let text = json!({ "example": all }).to_string();
        let providers = Providers::parse(&text)?;
        Ok(providers.find("example").unwrap().unwrap().clone())
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_provider_is_found_by_its_name_and_no_other_is() {
        assert_eq!(provider(json!({})).unwrap().scope, "openid");
        let none = Providers::parse("{}").unwrap();
        assert_eq!(none.find("anything").unwrap(), None);
        let text = r#"{"a":{"issuer":"i","authorization_endpoint":"https://a.example",
                            "client_id":"c","redirect_uri":"https://b.example"}}"#;
        let one = Providers::parse(text).unwrap();
        assert!(one.find("a").unwrap().is_some());
        assert_eq!(one.find("b").unwrap_err().kind(), UNKNOWN_PROVIDER);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_form_takes_a_cookie_that_comes_from_other_sites() {
        for (mode, same_site) in [
            (json!({}), SameSite::Lax),
            (json!({ "response_mode": "query" }), SameSite::Lax),
            (json!({ "response_mode": "form_post" }), SameSite::None),
        ] {
            assert_eq!(provider(mode).unwrap().same_site(), same_site);
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn numbers_and_truths_in_params_are_texts() {
        let params = json!({ "params": { "max_age": 3600, "prompt": "login", "x": true } });
        let params = provider(params).unwrap().params;
        let pairs: Vec<_> = params
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [("max_age", "3600"), ("prompt", "login"), ("x", "true")]
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_mistake_is_named() {
        for (members, named) in [
            (json!({ "issuer": "" }), "`issuer` must be"),
            (json!({ "issuer": 7 }), "`issuer` must be"),
            (
                json!({ "authorization_endpoint": "/auth" }),
                "`authorization_endpoint` must be",
            ),
            (
                json!({ "authorization_endpoint": "https://a.example/#x" }),
                "`authorization_endpoint` must be",
            ),
            (
                json!({ "authorization_endpoint": "https://a.example/?state=mine" }),
                "`authorization_endpoint` must be",
            ),
            (
                json!({ "authorization_endpoint": "https://a.example/?a=b&%73tate" }),
                "`authorization_endpoint` must be",
            ),
            (json!({ "client_id": "" }), "`client_id` must be"),
            (json!({ "client_id": null }), "`client_id` must be"),
            (
                json!({ "redirect_uri": "/callback" }),
                "`redirect_uri` must be",
            ),
            (json!({ "scope": "a  b" }), "`scope` must be"),
            (json!({ "response_mode": "fragment" }), "`form_post`"),
            (json!({ "params": [] }), "`params` must be"),
            (json!({ "params": { "a": {} } }), "`params.a` must be"),
            (json!({ "client_secret": "x" }), "no `client_secret`"),
        ] {
            let reason = provider(members.clone()).unwrap_err();
            assert!(reason.contains("in `example`:"), "{members}: {reason}");
            assert!(reason.contains(named), "{members}: {reason}");
        }
        for name in RESERVED {
            let reason = provider(json!({ "params": { name: "x" } })).unwrap_err();
            assert!(reason.contains(&format!("not have `{name}`")), "{reason}");
        }
        for (text, named) in [
            ("", "JSON object"),
            ("[]", "JSON object"),
            (r#"{"a":1}"#, "JSON object"),
            (r#"{"a":{}}"#, "`issuer` is missing"),
            (r#"{"a b":{}}"#, "names a provider"),
        ] {
            let reason = Providers::parse(text).unwrap_err();
            assert!(reason.contains(named), "{text}: {reason}");
        }
    }
}
