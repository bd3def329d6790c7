//! The names of Redis keys that belong to a phone.
//!
//! All of them hold the phone's id in braces, so that in a cluster they live in one slot and one
//! script may touch them all.

use crate::Purpose;

/// The keys of one phone, under one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The outstanding code for one purpose (record.lua). Lives as long as the code.
    pub code: String,
    /// When messages were sent, for all purposes: a sliding log of 24 h (moments.lua).
    pub sent: String,
    /// When guesses were wrong, for all purposes: a sliding log of 24 h.
    pub failed: String,
    /// The codes for one purpose whose messages are on their way (waiting.lua).
    pub waiting: String,
    /// What idempotency records begin with.
    idempotency: String,
}

impl Names {
    /// The keys of the phone whose id is `id`: 22 characters of base64url.
    pub fn new(id: &str, purpose: &Purpose) -> Self {
        Self {
            code: format!("otp:{{{id}}}:code:{}", purpose.as_str()),
            sent: format!("otp:{{{id}}}:sent"),
            failed: format!("otp:{{{id}}}:failed"),
            waiting: format!("otp:{{{id}}}:waiting:{}", purpose.as_str()),
            idempotency: format!("otp:{{{id}}}:idempotency:"),
        }
    }

    /// The record of a request with an idempotency key, which is `opaque` here.
    pub fn idempotency(&self, opaque: &str) -> String {
        format!("{}{opaque}", self.idempotency)
    }

    /// All that stands under fixed names.
    pub fn all(&self) -> [&str; 4] {
        [&self.code, &self.sent, &self.failed, &self.waiting]
    }
}
