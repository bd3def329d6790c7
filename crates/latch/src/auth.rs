//! The service token: RFC 6750 bearer authentication with shared secrets.

use http::{HeaderValue, header};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::head::Headers;
use crate::problem::{Kind, Problem};

/// The tokens that open service endpoints. More than one, while they are rotated.
pub(crate) struct ServiceTokens(Vec<[u8; 32]>);

impl ServiceTokens {
    /// From the variable's text: tokens separated by commas.
    pub(crate) fn parse(text: &str) -> Self {
        Self(
            text.split(',')
                .map(str::trim)
                .filter(|token| !token.is_empty())
                .map(digest)
                .collect(),
        )
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
            .check(&headers)
            .map_err(|problem| problem.kind())
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn any_of_the_tokens_opens() {
        assert_eq!(check("new, old", Some("Bearer new")), Ok(()));
        assert_eq!(check("new, old", Some("bearer old")), Ok(()));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn nothing_else_does() {
        for value in [
            None,
            Some(""),
            Some("Bearer"),
            Some("Bearer "),
            Some("Bearer ne"),
            Some("Bearer new,"),
            Some("Bearer new, old"),
            Some("Basic new"),
            Some("new"),
        ] {
            assert_eq!(
                check("new, old", value),
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
}
