//! What the scripts of OAuth states should do, in plain Rust.

use std::collections::HashMap;

use crate::driven::{MILLI, SECOND};

/// How long a state lives, in microseconds. Time passes in whole seconds, so that it is never in
/// doubt whether a state is alive.
pub(crate) const LIFE: u64 = 600 * SECOND + 500 * MILLI;

const FOR_EVER: u64 = u64::MAX;

/// How a flow is bound, and by which secret.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Binding {
    Cookie(String),
    Token(String),
    None,
}

/// What is asked to be kept.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) binding: Binding,
    pub(crate) issuer: Option<String>,
    pub(crate) payload: String,
}

/// What somebody brings who wants to consume a state.
#[derive(Clone, Debug)]
pub(crate) struct Brought {
    pub(crate) cookies: Vec<String>,
    pub(crate) token: Option<String>,
    /// How the flow must be bound: `cookie`, `token` or `none`.
    pub(crate) demanded: Option<&'static str>,
    pub(crate) issuer: Option<String>,
}

/// What a consume came to.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    /// Seconds.
    pub(crate) created: u64,
    pub(crate) binding: &'static str,
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

impl Binding {
    /// The name, and the secret if there is one.
    pub(crate) fn parts(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Cookie(secret) => ("cookie", Some(secret)),
            Self::Token(secret) => ("token", Some(secret)),
            Self::None => ("none", None),
        }
    }

    /// Why somebody who brings this is not the one who began; `None` if it is.
    fn refusal(&self, brought: &Brought) -> Option<&'static str> {
        let came = match self {
            Self::None if brought.demanded == Some("none") => return None,
            Self::None => return Some("unbound"),
            Self::Cookie(secret) => brought.cookies.contains(secret),
            Self::Token(secret) => brought.token.as_ref() == Some(secret),
        };
        let (name, _) = self.parts();
        match brought.demanded {
            Some(demanded) if demanded != "none" && demanded != name => Some("otherwise"),
            _ => (!came).then_some("binding"),
        }
    }
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

    pub(crate) fn consume(&mut self, now: u64, brought: &Brought) -> Outcome {
        self.expire(now);
        // A key that lost its TTL, or whose TTL grew because the clock was set back.
        self.until = self.until.min(now + LIFE);
        let refused = |name| Outcome {
            name,
            created: 0,
            binding: "",
            payload: String::new(),
        };
        let (state, created) = match std::mem::replace(&mut self.held, Held::Used) {
            Held::State(state, created) => (state, created.min(now / SECOND)),
            Held::Used => return refused("replayed"),
            Held::Nothing => {
                self.held = Held::Nothing;
                return refused("expired");
            }
        };
        if (now / SECOND - created) * SECOND > LIFE {
            self.held = Held::Nothing;
            return refused("expired");
        }
        if let Some(refusal) = state.binding.refusal(brought) {
            return refused(refusal);
        }
        if state.issuer.is_some() && state.issuer != brought.issuer {
            return refused("issuer");
        }
        *self.consumed.entry(state.payload.clone()).or_default() += 1;
        Outcome {
            name: "consumed",
            created,
            binding: state.binding.parts().0,
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

    pub(crate) fn expire(&mut self, now: u64) {
        if self.until <= now {
            self.held = Held::Nothing;
        }
    }
}
