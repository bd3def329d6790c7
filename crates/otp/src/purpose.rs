//! What a code is for.

use latch::Problem;

const MAX_LENGTH: usize = 32;
const LOGIN: &str = "login";

/// What a code is for: a code for one purpose is no code for another.
///
/// 1 to 32 characters `a` to `z`, `0` to `9`, `-` and `_`; `login` where a caller names none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose(String);

/// `login`.
impl Default for Purpose {
    fn default() -> Self {
        Self(LOGIN.to_owned())
    }
}

impl Purpose {
    /// Checks a request's `purpose`.
    pub fn parse(text: Option<&str>) -> Result<Self, Problem> {
        let text = text.unwrap_or(LOGIN);
        let known = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(known) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Problem::field(
                "purpose",
                "must be 1 to 32 characters a-z, 0-9, - and _.",
            ))
        }
    }

    /// The purpose as the caller wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_purpose_is_a_short_plain_word() {
        assert_eq!(Purpose::parse(None).unwrap().as_str(), "login");
        assert!(Purpose::parse(Some("change-email_2")).is_ok());
        let (longest, long) = ("x".repeat(32), "x".repeat(33));
        assert!(Purpose::parse(Some(&longest)).is_ok());
        for text in ["", "Login", "a b", "a:b", "a}b", "é", &long] {
            assert!(Purpose::parse(Some(text)).is_err(), "{text}");
        }
    }
}
