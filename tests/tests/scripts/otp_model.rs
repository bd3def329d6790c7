//! What the scripts of one-time codes should do, in plain Rust.

use std::collections::{HashMap, HashSet};

use crate::driven::{MILLI, SECOND};

pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;
/// How long a delivery may take, in microseconds. Time passes in whole seconds here, so this and all
/// that is made of it ends a good part of a second away from them.
pub(crate) const DELIVERY: u64 = 10 * SECOND + 400 * MILLI;

/// The end of what has no TTL.
const FOR_EVER: u64 = u64::MAX;

/// The limits of one app.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Messages in a minute, an hour and a day.
    pub(crate) sends: [u64; 3],
    /// Wrong guesses in a day.
    pub(crate) failures: u64,
    /// Guesses at one code.
    pub(crate) guesses: u64,
    /// Microseconds.
    pub(crate) life: u64,
}

/// How long the limits of `Limits::sends` are for.
pub(crate) const PERIODS: [u64; 3] = [MINUTE, HOUR, DAY];

/// An outstanding code.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Code {
    pub(crate) guesses: u64,
    pub(crate) nonce: String,
    pub(crate) digest: String,
    pub(crate) until: u64,
}

/// Something that happened, and by which attempt.
#[derive(Clone, Debug)]
struct Moment {
    at: u64,
    attempt: String,
}

/// What happened in the last 24 hours, the oldest first.
#[derive(Clone, Debug, Default)]
struct Log(Vec<Moment>);

/// A request with an idempotency key.
#[derive(Clone, Debug)]
struct Record {
    fingerprint: String,
    attempt: String,
    /// When it will be over; `None` once it is.
    deadline: Option<u64>,
    status: &'static str,
    life: u64,
    wait: u64,
    guesses: u64,
    until: u64,
}

/// A request for a code.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) new: bool,
    /// The nonce of the code to store, if one is needed, and the name of the attempt.
    pub(crate) attempt: String,
    pub(crate) digest: String,
    /// How nonces begin of codes that can be made again.
    pub(crate) maker: String,
    /// Whether another code may be alive under another secret.
    pub(crate) elsewhere: bool,
    /// The Redis key of its record and its fingerprint.
    pub(crate) record: Option<(String, String)>,
}

/// A limit: what is left, and the microseconds until more comes back.
type Quota = (u64, u64);

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reserved {
    pub(crate) status: &'static str,
    /// Minute, hour, day and wrong guesses.
    pub(crate) quotas: [Quota; 4],
    pub(crate) nonce: String,
    pub(crate) digest: String,
    /// Microseconds that are left of the code.
    pub(crate) life: u64,
    pub(crate) guesses: u64,
    pub(crate) wait: u64,
    pub(crate) moment: u64,
    pub(crate) waits: bool,
    pub(crate) answer: &'static str,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Verified {
    pub(crate) status: &'static str,
    pub(crate) guesses: u64,
    /// Microseconds that are left of the code.
    pub(crate) life: u64,
    pub(crate) failures: Quota,
}

/// One phone and one purpose.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    limits: Limits,
    pub(crate) code: Option<Code>,
    sent: Log,
    failed: Log,
    /// Nonce and digest of the codes that wait, and until when they do.
    waiting: Vec<(String, String)>,
    waiting_until: u64,
    records: HashMap<String, Record>,
    /// The attempts whose messages carry the code of a nonce, but for those that failed.
    carried: HashMap<String, HashSet<String>>,
    /// How many guesses were ever compared with the code of a nonce.
    pub(crate) compared: HashMap<String, u64>,
    /// How many guesses were right, for the code of a nonce.
    pub(crate) verified: HashMap<String, u64>,
}

impl Log {
    /// What is still to come was written by a clock that has been set back: it is now, from now on.
    /// Several in one microsecond are told apart by the next ones, and are not to come.
    fn see(&mut self, now: u64) {
        let is_ahead = |moment: &Moment| moment.at > now + MILLI;
        if self.0.iter().any(is_ahead) {
            self.forget(now);
            for moment in self.0.iter_mut().filter(|moment| is_ahead(moment)) {
                moment.at = now;
            }
        }
    }

    /// What is written does not hold what is older than a day. What is only read counts no more, but
    /// does again if the clock is set back before anything is written.
    fn forget(&mut self, now: u64) {
        self.0.retain(|moment| moment.at + DAY > now);
    }

    /// What is left of a limit. More comes back when the oldest goes that stands in the way.
    fn quota(&self, limit: u64, period: u64, now: u64) -> Quota {
        let within: Vec<_> = self
            .0
            .iter()
            .map(|moment| moment.at)
            .filter(|at| at + period > now)
            .collect();
        let count = within.len() as u64;
        let first = within.len() - count.min(limit) as usize;
        let wait = within
            .get(first)
            .map_or(0, |at| (at + period - now).min(period));
        (limit.saturating_sub(count), wait)
    }

    fn add(&mut self, now: u64, attempt: &str) -> u64 {
        self.forget(now);
        let at = now.max(self.0.last().map_or(0, |last| last.at + 1));
        self.0.push(Moment {
            at,
            attempt: attempt.to_owned(),
        });
        at
    }
}

impl Model {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            code: None,
            sent: Log::default(),
            failed: Log::default(),
            waiting: Vec::new(),
            waiting_until: 0,
            records: HashMap::new(),
            carried: HashMap::new(),
            compared: HashMap::new(),
            verified: HashMap::new(),
        }
    }

    /// What is over is gone, whether anybody looks at it or not.
    pub(crate) fn expire(&mut self, now: u64) {
        self.code = self.code.take().filter(|code| code.until > now);
        if self.waiting_until <= now {
            self.waiting.clear();
        }
        self.records.retain(|_, record| record.until > now);
    }

    /// Nothing lasts longer than it may: whoever finds it so sees to it.
    fn see_code(&mut self, now: u64) {
        if let Some(code) = &mut self.code {
            code.until = code.until.min(now + self.limits.life);
        }
    }

    fn see_waiting(&mut self, now: u64) {
        self.waiting_until = self.waiting_until.min(now + DELIVERY);
    }

    fn see_record(&mut self, now: u64, key: &str) -> Option<&mut Record> {
        let until = now + self.limits.life + DELIVERY;
        let record = self.records.get_mut(key)?;
        record.until = record.until.min(until);
        Some(record)
    }

    /// Takes a code from those that wait. The others begin to wait anew.
    fn take_waiting(&mut self, now: u64, nonce: &str) -> Option<(String, String)> {
        let index = self.waiting.iter().position(|(it, _)| it == nonce)?;
        self.waiting_until = now + DELIVERY;
        Some(self.waiting.remove(index))
    }

    fn sends(&self, now: u64) -> [Quota; 3] {
        let [minute, hour, day] = self.limits.sends;
        [
            self.sent.quota(minute, MINUTE, now),
            self.sent.quota(hour, HOUR, now),
            self.sent.quota(day, DAY, now),
        ]
    }

    fn failures(&self, now: u64) -> Quota {
        self.failed.quota(self.limits.failures, DAY, now)
    }

    fn quotas(&self, now: u64) -> [Quota; 4] {
        let [minute, hour, day] = self.sends(now);
        [minute, hour, day, self.failures(now)]
    }

    /// How long until there may be another message.
    fn wait(&self, now: u64) -> u64 {
        let reached = self.sends(now).into_iter().filter(|(left, _)| *left == 0);
        reached.map(|(_, wait)| wait).max().unwrap_or(0)
    }

    pub(crate) fn reserve(&mut self, now: u64, ask: &Ask) -> Reserved {
        self.see_code(now);
        self.sent.see(now);
        self.failed.see(now);
        let mut reserved = Reserved {
            status: "refused",
            quotas: self.quotas(now),
            ..Reserved::default()
        };
        let until = now + self.limits.life + DELIVERY;
        if let Some((key, fingerprint)) = &ask.record
            && let Some(record) = self.see_record(now, key)
        {
            if record.fingerprint != *fingerprint {
                reserved.status = "reused";
                return reserved;
            }
            if record.deadline.is_some_and(|at| at > now + DELIVERY) {
                record.deadline = Some(now + DELIVERY);
                record.until = until;
            }
            if record.deadline.is_some_and(|at| at > now) {
                reserved.status = "in-flight";
                return reserved;
            }
            reserved.status = "repeated";
            // Nobody knows what came of one that should be over and is not.
            reserved.answer = record.deadline.map_or(record.status, |_| "unconfirmed");
            reserved.life = record.life;
            reserved.wait = record.wait;
            reserved.guesses = record.guesses;
            return reserved;
        }
        if reserved.quotas.iter().any(|(left, _)| *left == 0) {
            return reserved;
        }

        self.see_waiting(now);
        reserved.status = "send";
        reserved.moment = self.sent.add(now, &ask.attempt);
        reserved.quotas = self.quotas(now);
        let fresh = Code {
            guesses: self.limits.guesses,
            nonce: ask.attempt.clone(),
            digest: ask.digest.clone(),
            until: now + self.limits.life,
        };
        let sent = match self
            .code
            .clone()
            .filter(|code| self.is_good(now, ask, code))
        {
            Some(code) => {
                // What is sent again is alive, and is not to become so later.
                self.take_waiting(now, &code.nonce);
                code
            }
            None => {
                let first = self.code.is_none() && !ask.elsewhere;
                reserved.waits = !first || ask.new || !self.waiting.is_empty();
                if first {
                    self.code = Some(fresh.clone());
                }
                if reserved.waits {
                    let it = (fresh.nonce.clone(), fresh.digest.clone());
                    self.waiting.push(it);
                    self.waiting_until = now + DELIVERY;
                }
                fresh
            }
        };
        let carried = self.carried.entry(sent.nonce.clone()).or_default();
        carried.insert(ask.attempt.clone());
        reserved.life = sent.until - now;
        reserved.guesses = sent.guesses;
        reserved.nonce = sent.nonce;
        reserved.digest = sent.digest;
        reserved.wait = self.wait(now);
        if let Some((key, fingerprint)) = &ask.record {
            let record = Record {
                fingerprint: fingerprint.clone(),
                attempt: ask.attempt.clone(),
                deadline: Some(now + DELIVERY),
                status: "sent",
                life: reserved.life,
                wait: reserved.wait,
                guesses: reserved.guesses,
                until,
            };
            self.records.insert(key.clone(), record);
        }
        reserved
    }

    /// Whether a code is sent again.
    fn is_good(&self, now: u64, ask: &Ask, code: &Code) -> bool {
        let rest = MINUTE.min(self.limits.life / 2);
        !ask.new
            && code.guesses > 0
            && code.until - now >= rest
            && code.nonce.starts_with(&ask.maker)
    }

    /// The message of an attempt was handed over, or may have been.
    pub(crate) fn commit(
        &mut self,
        now: u64,
        nonce: &str,
        attempt: &str,
        record: Option<&str>,
        status: &'static str,
    ) {
        self.see_code(now);
        self.see_waiting(now);
        if let Some((nonce, digest)) = self.take_waiting(now, nonce)
            && self.code.as_ref().is_none_or(|code| code.nonce != nonce)
        {
            self.code = Some(Code {
                guesses: self.limits.guesses,
                nonce,
                digest,
                until: now + self.limits.life,
            });
        }
        let until = now + self.limits.life + DELIVERY;
        if let Some(record) = record.and_then(|key| self.see_record(now, key))
            && record.attempt == attempt
        {
            record.deadline = None;
            record.status = status;
            record.until = until;
        }
    }

    /// The message of an attempt is known not to have been handed over. Whether it counts no longer:
    /// if a clock that was set back has moved it, it does.
    pub(crate) fn cancel(
        &mut self,
        now: u64,
        moment: u64,
        nonce: &str,
        attempt: &str,
        record: Option<&str>,
    ) -> bool {
        self.see_code(now);
        self.see_waiting(now);
        let is_own = |it: &Moment| it.at == moment && it.attempt == attempt;
        let found = self.sent.0.iter().any(is_own);
        self.sent.0.retain(|it| !is_own(it));
        self.sent.see(now);
        self.take_waiting(now, nonce);
        if found {
            self.sent.forget(now);
            let carried = self.carried.entry(nonce.to_owned()).or_default();
            carried.remove(attempt);
            if carried.is_empty() {
                self.code = self.code.take().filter(|code| code.nonce != nonce);
            }
        }
        if let Some(key) = record
            && let Some(record) = self.see_record(now, key)
            && record.attempt == attempt
        {
            self.records.remove(key);
        }
        found
    }

    pub(crate) fn verify(&mut self, now: u64, digest: &str) -> Verified {
        self.see_code(now);
        self.failed.see(now);
        let mut result = Verified {
            failures: self.failures(now),
            ..Verified::default()
        };
        if result.failures.0 == 0 {
            result.status = "failures";
            return result;
        }
        let Some(code) = &mut self.code else {
            result.status = "expired";
            return result;
        };
        result.life = code.until - now;
        if code.guesses == 0 {
            result.status = "spent";
            return result;
        }
        *self.compared.entry(code.nonce.clone()).or_default() += 1;
        if code.digest == digest {
            *self.verified.entry(code.nonce.clone()).or_default() += 1;
            self.forget();
            result.status = "verified";
            result.life = 0;
        } else {
            code.guesses -= 1;
            result.guesses = code.guesses;
            result.status = if code.guesses > 0 {
                "mismatch"
            } else {
                "exhausted"
            };
            // What has been guessed at does not come back whole.
            let nonce = code.nonce.clone();
            self.see_waiting(now);
            self.take_waiting(now, &nonce);
            self.failed.add(now, "");
        }
        result.failures = self.failures(now);
        result
    }

    /// The phone has been verified under another secret, or under this one.
    pub(crate) fn forget(&mut self) {
        self.code = None;
        self.failed.0.clear();
        self.waiting.clear();
    }

    /// A code of another secret is alive now, and no code of this one will be.
    pub(crate) fn forget_code(&mut self) {
        self.code = None;
        self.waiting.clear();
    }

    /// Whether all messages, and all wrong guesses, are older than a day: then so are their logs.
    pub(crate) fn logs_are_over(&self, now: u64) -> [bool; 2] {
        [&self.sent, &self.failed].map(|log| log.0.iter().all(|moment| moment.at + DAY <= now))
    }

    /// Somebody took the TTL from the code.
    pub(crate) fn persist_code(&mut self) {
        if let Some(code) = &mut self.code {
            code.until = FOR_EVER;
        }
    }

    /// Somebody removed the code, or wrote something else in its place.
    pub(crate) fn lose_code(&mut self) {
        self.code = None;
    }

    /// Likewise for the codes that wait.
    pub(crate) fn lose_waiting(&mut self) {
        self.waiting.clear();
    }

    /// Likewise for the log of messages.
    pub(crate) fn lose_sent(&mut self) {
        self.sent.0.clear();
    }

    /// Likewise for the log of wrong guesses.
    pub(crate) fn lose_failed(&mut self) {
        self.failed.0.clear();
    }

    /// Likewise for what is remembered of a request.
    pub(crate) fn lose_record(&mut self, key: &str) {
        self.records.remove(key);
    }
}

/// A span in milliseconds, as scripts take it.
pub(crate) fn millis(span: u64) -> u64 {
    span / MILLI
}
