//! What the scripts of OAuth states should do, in plain Rust.

use std::collections::HashMap;

use crate::driven::{MILLI, SECOND};

/// How long a state lives, in microseconds. Time passes in whole seconds, so that it is never in
/// doubt whether a state is alive.
pub(crate) const LIFE: u64 = 600 * SECOND + 500 * MILLI;

const FOR_EVER: u64 = u64::MAX;

/// What is asked to be kept.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// The secret that consuming takes.
    pub(crate) binding: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) payload: String,
}

/// What a consume came to.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    /// Seconds.
    pub(crate) created: u64,
    pub(crate) payload: String,
}

/// What one key holds.
#[derive(Clone, Debug)]
enum Held {
    Nothing,
    /// Since this second.
    State(State, u64),
    Used,
}

/// One key.
#[derive(Debug)]
pub(crate) struct Model {
    held: Held,
    until: u64,
    /// How often the state with a payload was consumed.
    pub(crate) consumed: HashMap<String, u32>,
}

impl Model {
    pub(crate) fn new() -> Self {
        Self {
            held: Held::Nothing,
            until: 0,
            consumed: HashMap::new(),
        }
    }

    pub(crate) fn issue(&mut self, now: u64, state: State) {
        self.held = Held::State(state, now / SECOND);
        self.until = now + LIFE;
    }

    pub(crate) fn consume(
        &mut self,
        now: u64,
        secrets: &[String],
        issuer: Option<&str>,
    ) -> Outcome {
        self.expire(now);
        if self.until == FOR_EVER {
            self.until = now + LIFE;
        }
        let refused = |name| Outcome {
            name,
            created: 0,
            payload: String::new(),
        };
        let (state, created) = match std::mem::replace(&mut self.held, Held::Used) {
            Held::State(state, created) => (state, created),
            Held::Used => return refused("replayed"),
            Held::Nothing => {
                self.held = Held::Nothing;
                return refused("expired");
            }
        };
        if state
            .binding
            .is_some_and(|secret| !secrets.contains(&secret))
        {
            return refused("binding");
        }
        if state.issuer.is_some_and(|stored| issuer != Some(&stored)) {
            return refused("issuer");
        }
        *self.consumed.entry(state.payload.clone()).or_default() += 1;
        Outcome {
            name: "consumed",
            created,
            payload: state.payload,
        }
    }

    /// The key is deleted, or holds something that is no state.
    pub(crate) fn lose(&mut self) {
        self.held = Held::Nothing;
    }

    /// The key loses its TTL.
    pub(crate) fn persist(&mut self, now: u64) {
        self.expire(now);
        self.until = FOR_EVER;
    }

    fn expire(&mut self, now: u64) {
        if self.until <= now {
            self.held = Held::Nothing;
        }
    }
}
