//! The names of circuits, and of their keys.

use latch::Problem;

/// The name of a circuit: what is called, `gmail` or `payments:eu`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    /// 1 to 128 letters, digits, dots, underscores, colons and dashes.
    pub(crate) fn try_new(text: &str) -> Option<Self> {
        is_plain(text, 128).then(|| Self(text.to_owned()))
    }

    /// The same from a path.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        Self::try_new(text).ok_or_else(|| {
            Problem::field("name", "must be 1 to 128 characters of A-Z a-z 0-9 . _ : -")
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The Redis key. A script touches one, so it needs no hash tag.
    pub(crate) fn key(&self) -> String {
        format!("rollout:circuit:{}", self.0)
    }
}

/// Whether a text is one of those that stand in a value without being escaped.
pub(crate) fn is_plain(text: &str, at_most: usize) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    (1..=at_most).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_name_is_its_key() {
        let name = Name::parse("payments:eu-1.v2_x").unwrap();
        assert_eq!(name.key(), "rollout:circuit:payments:eu-1.v2_x");
        assert!(Name::parse(&"x".repeat(128)).is_ok());
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn other_texts_are_no_names() {
        for text in ["", "two words", "a/b", "a*", "{a}", "é", &"x".repeat(129)] {
            assert!(Name::parse(text).is_err(), "{text}");
        }
    }
}
