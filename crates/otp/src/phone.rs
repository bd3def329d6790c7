//! Phone numbers.

use latch::{Kind, Problem};

use http::StatusCode;

/// The number is not E.164.
const INVALID_PHONE: Kind = Kind::new(StatusCode::BAD_REQUEST, "invalid-phone", "Invalid phone");

/// A phone number in E.164: `+` and 7 to 15 digits, the first of them not 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads what a person may type: E.164 with spaces, dashes and parentheses anywhere.
    ///
    /// Anything else is a 400 `invalid-phone`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::try_new(text).ok_or_else(|| {
            INVALID_PHONE
                .because(
                    "`phone`: must be an international number such as +77771234567: a plus sign, \
                     the country code and the rest, 7 to 15 digits in all.",
                )
                .with("field", "phone")
        })
    }

    /// The same for a phone number in a variable.
    pub fn try_new(text: &str) -> Option<Self> {
        let number: String = text
            .chars()
            .filter(|letter| !matches!(letter, ' ' | '-' | '(' | ')'))
            .collect();
        let digits = number.strip_prefix('+')?;
        let e164 = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        e164.then_some(Self(number))
    }

    /// The number in E.164.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as a log may show it.
    pub fn masked(&self) -> String {
        latch::mask_phone(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_number_as_people_write_it_is_e164() {
        for text in [
            "+77771234567",
            "+7 (777) 123-45-67",
            " +7 777 123 45 67 ",
            "(+7)7771234567",
        ] {
            assert_eq!(
                Phone::parse(text).unwrap().as_str(),
                "+77771234567",
                "{text}"
            );
        }
        assert!(Phone::parse("+1234567").is_ok(), "7 digits");
        assert!(Phone::parse("+123456789012345").is_ok(), "15 digits");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_is_not_e164_is_refused() {
        for text in [
            "",
            "+",
            "77771234567",
            "+123456",
            "+1234567890123456",
            "+07771234567",
            "++77771234567",
            "+7777123456a",
            "+7.777.123.4567",
            "+7777\u{a0}1234567",
            "+7777\t1234567",
            "+٧٧٧٧١٢٣٤٥٦٧",
            "+７７７７１２３４５６７",
            "0077771234567",
            "+77771234567;ext=1",
        ] {
            assert!(Phone::parse(text).is_err(), "{text}");
        }
    }
}
