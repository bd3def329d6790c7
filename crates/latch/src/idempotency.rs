//! `Idempotency-Key`, draft-ietf-httpapi-idempotency-key-header-07.

use http::HeaderName;
use sfv::{BareItem, Item, Parser};

use crate::head::Headers;
use crate::problem::Problem;

const NAME: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_LENGTH: usize = 255;

/// The idempotency key of a request, 1 to 255 characters.
///
/// The draft's form is a structured-field string, `"8e03978e"`. The bare form that many clients
/// send, `8e03978e`, is taken too.
pub fn idempotency_key(headers: &dyn Headers) -> Result<Option<String>, Problem> {
    let key = match headers.all(&NAME).as_slice() {
        [] => return Ok(None),
        [value] => value.to_str().ok().and_then(|text| read(text.trim())),
        _ => None,
    };
    match key {
        Some(key) if (1..=MAX_LENGTH).contains(&key.len()) => Ok(Some(key)),
        _ => Err(Problem::field(
            NAME.as_str(),
            "must be one string of 1 to 255 characters, in double quotes.",
        )),
    }
}

fn read(text: &str) -> Option<String> {
    if text.starts_with('"') {
        match Parser::new(text).parse::<Item>().ok()?.bare_item {
            BareItem::String(key) => Some(key.as_str().to_owned()),
            _ => None,
        }
    } else {
        let bare = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';'));
        bare.then(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn key(values: &[&str]) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(NAME, value.parse().unwrap());
        }
        idempotency_key(&headers)
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn the_quoted_and_the_bare_form_are_the_same_key() {
        assert_eq!(key(&[r#""a-1""#]).unwrap().as_deref(), Some("a-1"));
        assert_eq!(key(&["a-1"]).unwrap().as_deref(), Some("a-1"));
        assert_eq!(key(&[r#""a\"b""#]).unwrap().as_deref(), Some("a\"b"));
        assert_eq!(key(&[]).unwrap(), None);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn anything_else_is_refused() {
        let long = "x".repeat(256);
        for values in [
            vec![""],
            vec![r#""""#],
            vec![r#""open"#],
            vec!["two words"],
            vec!["a,b"],
            vec![r#""a", "b""#],
            vec!["a", "a"],
            vec![long.as_str()],
        ] {
            assert!(key(&values).is_err(), "{values:?}");
        }
    }
}
