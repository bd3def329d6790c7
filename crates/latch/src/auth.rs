//! The service token: RFC 6750 bearer authentication with shared secrets.

use http::{HeaderValue, header};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::config::Misconfigured;
use crate::head::Headers;
use crate::problem::{Kind, Problem};

/// The tokens that open service endpoints. More than one, while they are rotated.
pub(crate) struct ServiceTokens(Vec<[u8; 32]>);

/// How long a token is at least, in characters: shorter ones can be guessed.
const SHORTEST: usize = 16;

impl ServiceTokens {
    /// From the variable's text: tokens separated by commas, each of visible ASCII characters.
    /// Others do not fit into a header, so that they would open nothing.
    pub(crate) fn parse(text: &str) -> Result<Self, Misconfigured> {
        let tokens = text
            .split(',')
            .map(str::trim)
            .filter(|token| !token.is_empty());
        let digests = tokens.map(|token| {
            let visible = token.bytes().all(|byte| byte.is_ascii_graphic());
            (visible && token.len() >= SHORTEST).then(|| digest(token))
        });
        digests.collect::<Option<_>>().map(Self).ok_or_else(|| {
            Misconfigured::new(
                "service_token",
                "must be tokens of 16 or more visible ASCII characters, separated by commas",
            )
        })
    }

    /// Lets a request pass that carries one of the tokens.
    pub(crate) fn check(&self, headers: &dyn Headers) -> Result<(), Problem> {
        if self.0.is_empty() {
            return Err(Kind::NOT_CONFIGURED
                .because("This needs the variable `service_token`, which is not set."));
        }
        let credentials = headers.first(&header::AUTHORIZATION);
        let given = digest(credentials.as_ref().and_then(bearer).unwrap_or_default());
        // Digests of equal length, all of them compared: the time tells nothing about any token.
        let known = self.0.iter().fold(Choice::from(0), |known, token| {
            known | token.as_slice().ct_eq(&given)
        });
        if bool::from(known) {
            Ok(())
        } else {
            Err(Kind::UNAUTHORIZED
                .because("This needs `Authorization: Bearer` with the service token.")
                .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
        }
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The credentials of `Authorization: Bearer ...`; the scheme's case does not matter.
fn bearer(credentials: &HeaderValue) -> Option<&str> {
    let (scheme, token) = credentials.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn check(tokens: &str, authorization: Option<&str>) -> Result<(), Kind> {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        ServiceTokens::parse(tokens)
            .unwrap()
            .check(&headers)
            .map_err(|problem| problem.kind())
    }

    const NEW: &str = "the-new-token-of-services";
    const OLD: &str = "0123456789abcdef";

    #[wasm_bindgen_test(unsupported = test)]
    fn any_of_the_tokens_opens() {
        let both = format!("{NEW}, {OLD},");
        assert_eq!(check(&both, Some(&format!("Bearer {NEW}"))), Ok(()));
        assert_eq!(check(&both, Some(&format!("bearer {OLD}"))), Ok(()));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn nothing_else_does() {
        let both = format!("{NEW}, {OLD}");
        for value in [
            None,
            Some(String::new()),
            Some("Bearer".to_owned()),
            Some("Bearer ".to_owned()),
            Some("Bearer the-new".to_owned()),
            Some(format!("Bearer {NEW},")),
            Some(format!("Bearer {both}")),
            Some(format!("Basic {NEW}")),
            Some(NEW.to_owned()),
        ] {
            assert_eq!(
                check(&both, value.as_deref()),
                Err(Kind::UNAUTHORIZED),
                "{value:?}"
            );
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn without_a_token_configured_the_endpoint_is_closed() {
        for tokens in ["", " , "] {
            assert_eq!(check(tokens, Some("Bearer ")), Err(Kind::NOT_CONFIGURED));
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_token_that_is_easy_to_guess_or_that_no_header_holds_is_a_mistake() {
        for token in [
            "a",
            "0123456789abcde",
            "tokens need no spaces",
            "a\u{2011}token\u{2011}of\u{2011}the\u{2011}fleet",
            "пароль-на-сервисы",
            "0123456789\tabcdef",
            "0123456789abcdef\u{7f}",
        ] {
            for text in [token.to_owned(), format!("{NEW},{token}")] {
                assert!(ServiceTokens::parse(&text).is_err(), "{text}");
            }
        }
    }
}
