//! Codes, and guesses at them.

use latch::Problem;

/// A one-time code: 4 to 10 ASCII digits. Its `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// The `number` below 10^`length`, with leading zeros.
    ///
    /// `number` is uniform over 128 bits, so that of 10^10 codes none is more likely than another
    /// by more than one part in 2^94.
    pub(crate) fn of(number: u128, length: u8) -> Self {
        let codes = 10_u128.saturating_pow(u32::from(length));
        let code = number.checked_rem(codes).unwrap_or_default();
        Self(format!("{code:0>width$}", width = usize::from(length)))
    }

    /// Reads a code from a variable: 4 to 10 digits and nothing else.
    pub fn try_new(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        (digits && (4..=10).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// The digits, for the message that carries them and for nothing else.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(..)")
    }
}

/// What somebody believes a code to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess(Code);

impl Guess {
    /// Reads what a person may type: 4 to 10 digits, with spaces and dashes among them.
    ///
    /// Anything else is a 400 `invalid-request`, and costs no guess.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let digits: String = text
            .chars()
            .filter(|letter| !matches!(letter, ' ' | '-'))
            .collect();
        Code::try_new(&digits)
            .map(Self)
            .ok_or_else(|| Problem::field("otp_code", "must be the 4 to 10 digits of a code."))
    }

    pub(crate) fn as_code(&self) -> &Code {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_code_has_its_length_whatever_the_number() {
        assert_eq!(Code::of(0, 6).as_str(), "000000");
        assert_eq!(Code::of(1_000_042, 6).as_str(), "000042");
        assert_eq!(Code::of(999_999, 6).as_str(), "999999");
        assert_eq!(Code::of(u128::MAX, 4).as_str().len(), 4);
        assert_eq!(Code::of(u128::MAX, 10).as_str().len(), 10);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_guess_may_be_typed_in_groups() {
        for text in ["123456", "123 456", "123-456", " 12 34 56 "] {
            assert_eq!(Guess::parse(text).unwrap().as_code().as_str(), "123456");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_cannot_be_a_code_is_no_guess() {
        for text in [
            "",
            "123",
            "12345678901",
            "12345a",
            "１２３４５６",
            "12.34.56",
            "+123456",
        ] {
            assert!(Guess::parse(text).is_err(), "{text}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_code_does_not_show_in_debug_output() {
        assert_eq!(
            format!("{:?}", Code::try_new("123456").unwrap()),
            "Code(..)"
        );
    }
}
