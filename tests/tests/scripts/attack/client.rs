//! A client that asks for codes, as the handler counts it.

use latch::request_limit::COUNT;

use crate::driven::{Driven, MILLI};
use crate::otp_model::{DAY, MINUTE};

/// Requests of one address in a minute, and in a day.
pub(crate) const MINUTELY: u64 = 30;
pub(crate) const DAILY: u64 = 1_000;
/// How many times as many a /48 has.
const NETWORK: u64 = 10;

/// An address, or all of them together.
pub(crate) struct Client {
    keys: Vec<String>,
    /// For each key, for each period.
    limits: Vec<(u64, u64)>,
}

impl Client {
    pub(crate) fn ipv4(address: &str) -> Self {
        Self {
            keys: vec![format!("otp:client:{{{address}}}")],
            limits: vec![(MINUTELY, MINUTE), (DAILY, DAY)],
        }
    }

    /// A /64 of a /48.
    pub(crate) fn ipv6(network: &str, own: &str) -> Self {
        let all = [1, NETWORK].map(|times| [(MINUTELY * times, MINUTE), (DAILY * times, DAY)]);
        Self {
            keys: vec![
                format!("otp:client:{{{network}}}:{own}"),
                format!("otp:client:{{{network}}}"),
            ],
            limits: all.concat(),
        }
    }

    /// `otp_sends_per_minute`.
    pub(crate) fn everybody(ceiling: u64) -> Self {
        Self {
            keys: vec!["otp:{total}".to_owned()],
            limits: vec![(ceiling, MINUTE)],
        }
    }

    /// Counts a request. An error is how many microseconds to wait.
    pub(crate) fn count(&self, driven: &mut Driven) -> Result<(), u64> {
        self.ask(driven, "count")
    }

    /// Counts nothing.
    pub(crate) fn peek(&self, driven: &mut Driven) -> Result<(), u64> {
        self.ask(driven, "peek")
    }

    fn ask(&self, driven: &mut Driven, how: &str) -> Result<(), u64> {
        let each = self.limits.len() / self.keys.len();
        let mut arguments = vec![how.to_owned(), each.to_string()];
        for (limit, period) in &self.limits {
            arguments.push(limit.to_string());
            arguments.push((period / MILLI).to_string());
        }
        let keys: Vec<_> = self.keys.iter().map(String::as_str).collect();
        let mut reply = driven.run(&COUNT, &keys, &arguments);
        if reply.number() == 1 {
            return Ok(());
        }
        let quotas = self
            .limits
            .iter()
            .map(|_| (reply.number(), reply.number() * MILLI));
        let reached = quotas.filter(|(left, _)| *left == 0);
        Err(reached.map(|(_, wait)| wait).max().unwrap())
    }
}
