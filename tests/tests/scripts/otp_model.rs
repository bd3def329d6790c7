//! What the scripts of one-time codes should do, in plain Rust.

use std::collections::HashMap;

use crate::driven::{MILLI, SECOND};

pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const DAY: u64 = 24 * 60 * MINUTE;
/// How long a delivery may take before its request counts as answered, in microseconds.
pub(crate) const DELIVERY: u64 = 15 * SECOND;

/// The end of a code that has no TTL.
const FOR_EVER: u64 = u64::MAX;

/// The limits of one app.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) sends: u64,
    pub(crate) failures: u64,
    pub(crate) guesses: u64,
    /// Microseconds.
    pub(crate) life: u64,
}

/// An outstanding code.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Code {
    pub(crate) guesses: u64,
    sends: u64,
    pub(crate) nonce: String,
    pub(crate) digest: String,
    pub(crate) until: u64,
}

/// A request with an idempotency key.
#[derive(Clone, Debug)]
struct Record {
    fingerprint: String,
    deadline: u64,
    answer: (u64, u64, u64),
    until: u64,
}

/// One phone and one purpose.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    limits: Limits,
    pub(crate) code: Option<Code>,
    sent: Vec<u64>,
    failed: Vec<u64>,
    records: HashMap<String, Record>,
    /// What was replaced by the send of a moment.
    former: HashMap<u64, Code>,
    /// How many guesses were ever compared with the code of a nonce.
    pub(crate) compared: HashMap<String, u64>,
    /// How many guesses were right, for the code of a nonce.
    pub(crate) verified: HashMap<String, u64>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Issued {
    pub(crate) status: &'static str,
    pub(crate) sends_left: u64,
    pub(crate) failures_left: u64,
    pub(crate) moment: u64,
    /// Microseconds that are left of the code.
    pub(crate) life: u64,
    pub(crate) guesses: u64,
    pub(crate) nonce: String,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Verified {
    pub(crate) status: &'static str,
    pub(crate) guesses: u64,
    pub(crate) failures_left: u64,
}

impl Model {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            code: None,
            sent: Vec::new(),
            failed: Vec::new(),
            records: HashMap::new(),
            former: HashMap::new(),
            compared: HashMap::new(),
            verified: HashMap::new(),
        }
    }

    fn forget(&mut self, now: u64) {
        self.sent.retain(|moment| *moment > now - MINUTE);
        self.failed.retain(|moment| *moment > now - DAY);
        self.records.retain(|_, record| record.until > now);
        self.expire(now);
        // Nothing lasts for ever: whoever finds it so sees to it that it does not.
        if let Some(code) = self.code.as_mut().filter(|code| code.until == FOR_EVER) {
            code.until = now + self.limits.life;
        }
    }

    fn expire(&mut self, now: u64) {
        if self.code.as_ref().is_some_and(|code| code.until <= now) {
            self.code = None;
        }
    }

    fn sends_left(&self) -> u64 {
        self.limits.sends.saturating_sub(self.sent.len() as u64)
    }

    fn failures_left(&self) -> u64 {
        self.limits
            .failures
            .saturating_sub(self.failed.len() as u64)
    }

    /// `key` is an idempotency key and the fingerprint that comes with it.
    pub(crate) fn issue(
        &mut self,
        now: u64,
        same: bool,
        nonce: &str,
        digest: &str,
        key: Option<(&str, &str)>,
    ) -> Issued {
        self.forget(now);
        let mut issued = Issued {
            status: "refused",
            sends_left: self.sends_left(),
            failures_left: self.failures_left(),
            moment: 0,
            life: 0,
            guesses: 0,
            nonce: String::new(),
        };
        if let Some(record) = key.and_then(|(key, _)| self.records.get(key)) {
            if key.is_some_and(|(_, fingerprint)| fingerprint != record.fingerprint) {
                issued.status = "reused";
            } else if record.deadline > now {
                issued.status = "in-flight";
            } else {
                issued.status = "repeated";
                (issued.life, issued.guesses, _) = record.answer;
            }
            return issued;
        }
        if issued.sends_left == 0 || issued.failures_left == 0 {
            return issued;
        }
        let moment = now.max(self.sent.last().map_or(0, |last| last + 1));
        // A moment comes again where the log was lost.
        self.former.remove(&moment);
        match &mut self.code {
            Some(code) if same && code.guesses > 0 => code.sends += 1,
            code => {
                if let Some(former) = code.take() {
                    self.former.insert(moment, former);
                }
                *code = Some(Code {
                    guesses: self.limits.guesses,
                    sends: 1,
                    nonce: nonce.to_owned(),
                    digest: digest.to_owned(),
                    until: now + self.limits.life,
                });
            }
        }
        let code = self.code.clone().unwrap();
        self.sent.push(moment);
        issued.status = "send";
        issued.sends_left = self.sends_left();
        issued.moment = moment;
        issued.life = code.until - now;
        issued.guesses = code.guesses;
        issued.nonce = code.nonce;
        if let Some((key, fingerprint)) = key {
            self.records.insert(
                key.to_owned(),
                Record {
                    fingerprint: fingerprint.to_owned(),
                    deadline: now + DELIVERY,
                    answer: (issued.life, issued.guesses, 0),
                    until: code.until,
                },
            );
        }
        issued
    }

    pub(crate) fn undo(&mut self, now: u64, moment: u64, nonce: &str, key: Option<&str>) {
        self.forget(now);
        if !self.sent.contains(&moment) {
            return;
        }
        self.sent.retain(|other| *other != moment);
        if let Some(code) = self.code.as_mut().filter(|code| code.nonce == nonce) {
            code.sends = code.sends.saturating_sub(1);
            if code.sends == 0 {
                self.code = self.former.remove(&moment);
                self.expire(now);
            }
        }
        if let Some(key) = key {
            self.records.remove(key);
        }
    }

    pub(crate) fn settle(&mut self, now: u64, key: &str) {
        self.records.retain(|_, record| record.until > now);
        if let Some(record) = self.records.get_mut(key) {
            record.deadline = 0;
        }
    }

    pub(crate) fn verify(&mut self, now: u64, digest: &str) -> Verified {
        self.forget(now);
        let mut result = Verified {
            status: "failures",
            guesses: 0,
            failures_left: self.failures_left(),
        };
        if result.failures_left == 0 {
            return result;
        }
        let Some(code) = &mut self.code else {
            result.status = "expired";
            return result;
        };
        if code.guesses == 0 {
            result.status = "exhausted";
            return result;
        }
        *self.compared.entry(code.nonce.clone()).or_default() += 1;
        if code.digest == digest {
            *self.verified.entry(code.nonce.clone()).or_default() += 1;
            self.code = None;
            self.failed.clear();
            result.status = "verified";
        } else {
            code.guesses -= 1;
            result.guesses = code.guesses;
            result.status = if code.guesses > 0 {
                "mismatch"
            } else {
                "exhausted"
            };
            let moment = now.max(self.failed.last().map_or(0, |last| last + 1));
            self.failed.push(moment);
        }
        result.failures_left = self.failures_left();
        result
    }

    /// Somebody took the TTL from the code.
    pub(crate) fn persist_code(&mut self, now: u64) {
        self.expire(now);
        if let Some(code) = &mut self.code {
            code.until = FOR_EVER;
        }
    }

    /// Somebody removed the code, or wrote something else in its place.
    pub(crate) fn lose_code(&mut self) {
        self.code = None;
    }

    /// Somebody wrote something else in the place of the log of sends.
    pub(crate) fn lose_sent(&mut self) {
        self.sent.clear();
    }

    /// Likewise for the log of wrong guesses.
    pub(crate) fn lose_failed(&mut self) {
        self.failed.clear();
    }
}

/// A life in milliseconds, as scripts take it.
pub(crate) fn millis(span: u64) -> u64 {
    span / MILLI
}
