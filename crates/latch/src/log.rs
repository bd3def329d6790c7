//! What an operator acts on: one JSON line on standard error for each event.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

use crate::platform::{Platform, Stream};

/// An event. Codes, states, tokens and passwords have no place in one, and phone numbers only
/// through [`mask_phone`].
#[derive(Clone, Debug)]
pub struct Event(Vec<(&'static str, Value)>);

impl Event {
    /// An event by its stable name: a capability and what happened, `otp.code-exhausted`.
    pub fn new(name: &'static str) -> Self {
        Self(vec![("event", name.into())])
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((member, value.into()));
        self
    }

    /// Writes the line.
    pub fn log(self, platform: &impl Platform) {
        self.write(platform, Stream::Err);
    }

    /// Writes the line to a stream of the caller's choice.
    pub fn write(self, platform: &impl Platform, stream: Stream) {
        if let Ok(line) = serde_json::to_string(&self) {
            platform.write_line(stream, &line);
        }
    }
}

/// Members stand in the order in which they were given: the event's name first.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (member, value) in &self.0 {
            map.serialize_entry(member, value)?;
        }
        map.end()
    }
}

/// `+77771234567` as `+7777***4567`: enough to find the call that an operator is asked about.
///
/// A short number shows less.
pub fn mask_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    let shown = match digits.len() {
        10.. => 4,
        8..=9 => 2,
        _ => 1,
    };
    let head: String = digits.iter().take(shown).collect();
    let tail: String = digits
        .iter()
        .skip(digits.len().saturating_sub(shown))
        .collect();
    format!("+{head}***{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn the_middle_of_a_phone_number_is_hidden() {
        assert_eq!(mask_phone("+77771234567"), "+7777***4567");
        assert_eq!(mask_phone("+1234567"), "+1***7");
        assert_eq!(mask_phone("+123456789"), "+12***89");
        assert_eq!(mask_phone("+123456789012345"), "+1234***2345");
        assert_eq!(mask_phone("+12345678"), "+12***78");
    }
}
