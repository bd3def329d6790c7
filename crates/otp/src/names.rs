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
    /// When codes were sent, for all purposes: a sliding log of 60 s.
    pub sent: String,
    /// When guesses were wrong, for all purposes: a sliding log of 24 h.
    pub failed: String,
    /// What idempotency records begin with.
    idempotency: String,
}

impl Names {
    pub(crate) fn new(id: &str, purpose: &Purpose) -> Self {
        Self {
            code: format!("otp:{{{id}}}:code:{}", purpose.as_str()),
            sent: format!("otp:{{{id}}}:sent"),
            failed: format!("otp:{{{id}}}:failed"),
            idempotency: format!("otp:{{{id}}}:idempotency:"),
        }
    }

    /// The record of a request with an idempotency key, which is `opaque` here. Lives as long as
    /// the code that was sent. `None` names a record that never exists.
    pub fn idempotency(&self, opaque: Option<&str>) -> String {
        format!("{}{}", self.idempotency, opaque.unwrap_or_default())
    }
}
