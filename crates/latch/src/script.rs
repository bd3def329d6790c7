//! Lua scripts, and what they reply.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::OnceLock;

use sha1::{Digest, Sha1};

use crate::platform::Reply;
use crate::store::StoreError;

/// A script that decides one thing, atomically.
///
/// It is written in parts, so that scripts can share functions; the parts are joined, and named by
/// their SHA-1, once for each instance.
#[derive(Debug)]
pub struct Script {
    parts: &'static [&'static str],
    repeat: Repeat,
    source: OnceLock<Source>,
}

/// What comes of a script that is run twice because the first reply was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// A second decision: what is lost stays lost.
    Decides,
    /// What came of the first.
    Harmless,
}

#[derive(Debug)]
struct Source {
    text: String,
    sha1: String,
}

/// What every script begins with: a server that takes no writes answers that, whatever the decision
/// would be.
const PRIMARY: &str = include_str!("primary.lua");

impl Script {
    /// `clock()`: Redis's time in microseconds.
    pub const CLOCK: &'static str = include_str!("clock.lua");
    /// `key_get`, `key_set` and `key_end`: texts under keys that somebody else may have written.
    pub const KEY: &'static str = include_str!("key.lua");

    /// A script of these parts, in this order.
    pub const fn new(parts: &'static [&'static str]) -> Self {
        Self {
            parts,
            repeat: Repeat::Decides,
            source: OnceLock::new(),
        }
    }

    /// The script, as one of which two runs are as good as one: it is run again when it is not known
    /// whether it was. Any other is run at most once.
    pub const fn repeatable(mut self) -> Self {
        self.repeat = Repeat::Harmless;
        self
    }

    pub(crate) fn repeat(&self) -> Repeat {
        self.repeat
    }

    /// The parts that the script was written in, so that a test can put another clock in the place of
    /// [`Script::CLOCK`].
    pub fn parts(&self) -> &'static [&'static str] {
        self.parts
    }

    /// The whole text, as `EVAL` takes it: the parts, behind what every script begins with.
    pub fn text(&self) -> &str {
        &self.source().text
    }

    /// The name by which `EVALSHA` knows it: 40 lower-case hex digits.
    pub(crate) fn sha1(&self) -> &str {
        &self.source().sha1
    }

    fn source(&self) -> &Source {
        self.source.get_or_init(|| {
            let text = [PRIMARY, &self.parts.concat()].concat();
            let mut sha1 = String::with_capacity(40);
            for byte in Sha1::digest(text.as_bytes()) {
                let _ = write!(sha1, "{byte:02x}");
            }
            Source { text, sha1 }
        })
    }
}

/// What a script returned: a flat array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned(Vec<Reply>);

impl Returned {
    pub(crate) fn new(replies: Vec<Reply>) -> Self {
        Self(replies)
    }

    /// Reads the elements one after another.
    pub fn reader(&self) -> Replies<'_> {
        Replies(self.0.iter())
    }
}

/// Reads a script's reply, element by element, in the order that the head of the script states.
///
/// An element that is missing or of another type is an error and not a panic: scripts of another
/// release may answer to the same SHA-1 nowhere but in a bug, but Redis is another process.
#[derive(Clone, Debug)]
pub struct Replies<'a>(std::slice::Iter<'a, Reply>);

impl<'a> Replies<'a> {
    /// The next element, a number that is not negative.
    pub fn number(&mut self) -> Result<u64, StoreError> {
        match self.0.next() {
            Some(Reply::Int(number)) => u64::try_from(*number).map_err(|_| unexpected()),
            _ => Err(unexpected()),
        }
    }

    /// The next element, a text.
    pub fn text(&mut self) -> Result<&'a str, StoreError> {
        match self.0.next() {
            Some(Reply::Bytes(bytes)) => std::str::from_utf8(bytes).map_err(|_| unexpected()),
            Some(Reply::Status(text)) => Ok(text),
            _ => Err(unexpected()),
        }
    }

    /// The next element, a text that anybody may have written: what is not UTF-8 in it is replaced.
    pub fn text_lossy(&mut self) -> Result<Cow<'a, str>, StoreError> {
        match self.0.next() {
            Some(Reply::Bytes(bytes)) => Ok(String::from_utf8_lossy(bytes)),
            _ => Err(unexpected()),
        }
    }
}

fn unexpected() -> StoreError {
    StoreError::Unavailable("a script's reply is not of the form that it should be".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_script_is_named_by_the_sha1_of_all_its_parts() {
        static SCRIPT: Script = Script::new(&["return ", "1"]);
        assert_eq!(SCRIPT.text(), format!("{PRIMARY}return 1"));
        assert_eq!(SCRIPT.sha1().len(), 40);
        static OTHER: Script = Script::new(&["return 1"]);
        assert_eq!(SCRIPT.sha1(), OTHER.sha1());
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_reply_is_read_in_order_and_never_past_its_end() {
        let returned = Returned::new(vec![
            Reply::Int(1),
            Reply::Bytes(b"two".to_vec()),
            Reply::Bytes(b"th\xffree".to_vec()),
            Reply::Int(-3),
            Reply::Nil,
        ]);
        let mut replies = returned.reader();
        assert_eq!(replies.number(), Ok(1));
        assert_eq!(replies.text(), Ok("two"));
        assert_eq!(replies.text_lossy().unwrap(), "th\u{fffd}ree");
        assert!(replies.number().is_err(), "negative");
        assert!(replies.text().is_err(), "nil");
        assert!(replies.number().is_err(), "the end");
    }
}
