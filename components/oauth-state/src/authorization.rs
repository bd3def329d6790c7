//! The address at which a browser goes on: an authorization request (RFC 6749, section 4.1.1; RFC 7636,
//! section 4.3; OpenID Connect Core, section 3.1.2.1).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::flow::{Flow, Secrets};
use crate::provider::Provider;

/// Everything but what RFC 3986 leaves as it is. A space is `%20`, which forms read as well as `+`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The whole URL. What the endpoint has in its query stands first.
pub(crate) fn url(provider: &Provider, flow: &Flow, secrets: &Secrets) -> String {
    let challenge = secrets.code_challenge();
    let own = [
        ("response_type", "code"),
        ("client_id", provider.client_id.as_str()),
        ("redirect_uri", provider.redirect_uri.as_str()),
        ("scope", provider.scope.as_str()),
        ("state", flow.state()),
        ("nonce", secrets.nonce.as_str()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        (
            "response_mode",
            provider.response_mode.map_or("", |mode| mode.name()),
        ),
    ];
    let params = provider
        .params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let mut url = provider.authorization_endpoint.clone();
    // What has no value is not asked for; a parameter of the operator's may be empty.
    let own = own.into_iter().filter(|(_, value)| !value.is_empty());
    for (name, value) in own.chain(params) {
        match url.chars().last() {
            Some('?' | '&') => {}
            _ if url.contains('?') => url.push('&'),
            _ => url.push('?'),
        }
        url.extend(utf8_percent_encode(name, ENCODED));
        url.push('=');
        url.extend(utf8_percent_encode(value, ENCODED));
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::tests::provider;
    use serde_json::json;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn of(members: serde_json::Value) -> String {
        let flow = Flow::known_by("the-state".to_owned());
        let secrets = Secrets {
            code_verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
            nonce: "the-nonce".to_owned(),
        };
        url(&provider(members).unwrap(), &flow, &secrets)
    }

    const OURS: &str = "response_type=code&client_id=app\
        &redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&scope=openid\
        &state=the-state&nonce=the-nonce\
        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

    #[wasm_bindgen_test(unsupported = test)]
    fn it_says_all_that_an_authorization_request_says() {
        assert_eq!(
            of(json!({})),
            format!("https://accounts.example/auth?{OURS}")
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn the_endpoints_own_query_stays() {
        for (endpoint, begin) in [
            ("https://a.example?", "https://a.example?"),
            ("https://a.example/?b=c%20d", "https://a.example/?b=c%20d&"),
            ("https://a.example/?b&", "https://a.example/?b&"),
        ] {
            let url = of(json!({ "authorization_endpoint": endpoint }));
            assert_eq!(url, format!("{begin}{OURS}"));
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_the_operator_adds_comes_last_and_is_encoded() {
        let url = of(json!({
            "response_mode": "form_post",
            "params": { "prompt": "select account", "a&b": "ж=#", "empty": "" },
        }));
        assert_eq!(
            url,
            format!(
                "https://accounts.example/auth?{OURS}&response_mode=form_post\
                 &a%26b=%D0%B6%3D%23&empty=&prompt=select%20account"
            )
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_empty_scope_is_none() {
        let url = of(json!({ "scope": "" }));
        assert!(!url.contains("scope"), "{url}");
        let url = of(json!({ "scope": "openid email" }));
        assert!(url.contains("&scope=openid%20email&"), "{url}");
    }
}
