//! What is simulated. Times are milliseconds.

use std::ops::Range;

use serde_json::json;

use crate::chance::Chance;

pub(crate) const CLIENTS: usize = 100;
/// When the simulation ends.
pub(crate) const END: u64 = 180_000;
/// While this lasts, the dependency fails every call.
pub(crate) const SICK: Range<u64> = 30_000..90_000;

/// How often each client wishes to call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    /// Calls a second by each client.
    pub(crate) rate: u64,
}

/// Who shares a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// All clients: each goes by an answer for `cache_ms`, and reports in batches.
    Shared,
    /// Nobody: each asks its own before each call, and tells it at once how that went.
    Local,
}

impl Manner {
    pub(crate) const BOTH: [Self; 2] = [Self::Shared, Self::Local];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Shared => "one shared breaker",
            Self::Local => "100 local breakers",
        }
    }

    /// The circuit that a client goes by.
    pub(crate) fn key(self, client: usize) -> String {
        match self {
            Self::Shared => "rollout:circuit:fleet".to_owned(),
            Self::Local => format!("rollout:circuit:client-{client}"),
        }
    }
}

impl Scenario {
    pub(crate) const ALL: [Self; 2] = [Self { rate: 20 }, Self { rate: 1 }];

    pub(crate) fn title(self) -> String {
        let plural = if self.rate == 1 { "" } else { "s" };
        format!(
            "{CLIENTS} clients, {} call{plural} a second each",
            self.rate
        )
    }

    /// The form in which scripts take it. The same for both manners.
    pub(crate) fn policy(self) -> String {
        json!({
            "window_s": 10,
            "minimum_calls": 20,
            "failure_rate_threshold": 50,
            "slow_call_rate_threshold": 100,
            "open_ms": 5_000,
            "open_max_ms": 10_000,
            "half_open_permits": 3,
            "permit_lease_ms": 5_000,
            "recovery_ms": 5_000,
            "minimum_reporters": 1,
        })
        .to_string()
    }

    /// How long until a client's next call.
    pub(crate) fn pause(self, chance: &mut Chance) -> u64 {
        let mean = 1_000 / self.rate;
        chance.between(mean / 2, mean + mean / 2)
    }
}

/// Whether the dependency fails all calls at this moment.
pub(crate) fn is_sick(now: u64) -> bool {
    SICK.contains(&now)
}

/// How a call that begins now will end: whether it fails, and how long it takes.
pub(crate) fn call(now: u64, chance: &mut Chance) -> (bool, u64) {
    if is_sick(now) {
        return (true, chance.between(200, 600));
    }
    (chance.once_in(100), chance.between(50, 150))
}
