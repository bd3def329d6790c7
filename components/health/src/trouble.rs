//! What went wrong in a check, and what to do about it.

use std::borrow::Cow;

use latch::StoreError;

use crate::cause::Cause;

/// Why a check failed, or why it should give one to think.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// What was seen.
    pub(crate) detail: String,
    /// What to do about it, in one line.
    pub(crate) fix: Cow<'static, str>,
    /// Whether every further check would meet it too.
    pub(crate) ends: bool,
}

impl Trouble {
    /// Something that only this check meets.
    pub(crate) fn new(detail: impl Into<String>, fix: impl Into<Cow<'static, str>>) -> Self {
        Self {
            detail: detail.into(),
            fix: fix.into(),
            ends: false,
        }
    }

    /// Redis answered what it should not have.
    pub(crate) fn unexpected(detail: impl Into<String>) -> Self {
        Self::new(
            detail,
            "This is not how Redis answers: look at what stands behind REDIS_URL and its version \
             (6 or later).",
        )
    }

    /// What is there is a replica, whatever it would say to a write.
    pub(crate) fn replica(role: &str) -> Self {
        Self::new(format!("a replica (role:{role})"), Cause::ReadOnly.fix(""))
    }

    /// The same, met by a script that runs nothing but `command`: Redis does not say which command it
    /// forbids a script.
    pub(crate) fn in_script_of(mut self, command: &str) -> Self {
        self.fix = self
            .fix
            .replace("+<command>", &format!("+{command}"))
            .into();
        self
    }

    /// The time for all checks is over.
    pub(crate) fn out_of_time() -> Self {
        Self {
            ends: true,
            ..Self::new(
                "the time for all checks is over",
                "Redis answers slowly or not at all: look at `redis-cli --latency` from here, and at \
                 `SLOWLOG GET`.",
            )
        }
    }

    fn of(text: &str) -> Self {
        let cause = Cause::of(text);
        Self {
            detail: text.to_owned(),
            fix: cause.fix(text),
            ends: cause.ends(),
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        let (detail, fix) = match &error {
            StoreError::Unavailable(text) => return Self::of(text),
            StoreError::Unconfigured => (
                "REDIS_URL is not set, and neither is the variable `redis_url`",
                "Set REDIS_URL in the environment, or the variable redis_url, to redis://host:port.",
            ),
            StoreError::BadAddress => (
                "REDIS_URL is not the address of a Redis",
                "Write REDIS_URL as redis://user:password@host:port/database (or rediss://), with \
                 anything unusual in the password percent-encoded: @ is %40, / is %2F.",
            ),
        };
        Self {
            ends: true,
            ..Self::new(detail, fix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn an_address_that_cannot_be_used_ends_the_checks() {
        for error in [StoreError::Unconfigured, StoreError::BadAddress] {
            let trouble = Trouble::from(error);
            assert!(trouble.ends && trouble.fix.contains("REDIS_URL"));
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_a_connection_meets_ends_the_checks_and_a_refusal_does_not() {
        assert!(Trouble::of("Connection refused (os error 111)").ends);
        assert!(Trouble::of("no answer within 1000 ms").ends);
        assert!(!Trouble::of("OOM: command not allowed").ends);
    }
}
