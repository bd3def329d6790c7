//! `/api/circuit`: circuit breakers that a whole fleet shares.
//!
//! A breaker is one key in Redis, and every decision about it is one script. Whoever calls a
//! dependency asks first ([`ACQUIRE`]) and says afterwards how it went ([`REPORT`]).
//!
//! # The state machine
//! ```text
//! closed     => (open)
//! open       => (half_open)
//! half_open  => (open | recovering | closed)
//! recovering => (open | closed)
//! ```
//!
//! | from | to | when |
//! |---|---|---|
//! | `closed`, `recovering` | `open` | a report: the calls of the window are `minimum_calls` or more, `minimum_reporters` or more have had trouble, and the failure rate or the slow-call rate is at its threshold |
//! | `open` | `half_open` | by the clock: `open_ms` are over, doubled for each trip since it was last closed, at most `open_max_ms` |
//! | `half_open` | `open` | a report: a probe failed, or `half_open_permits` succeeded and too many of them were slow |
//! | `half_open` | `recovering` | a report: `half_open_permits` probes succeeded; straight to `closed` if `recovery_ms` is 0 |
//! | `recovering` | `closed` | by the clock: `recovery_ms` are over |
//!
//! | state | a call may pass | a report counts |
//! |---|---|---|
//! | `closed` | always | in the window |
//! | `open` | never | not at all |
//! | `half_open` | with a permit, of which `half_open_permits` are out at once | if its permit's lease has not ended |
//! | `recovering` | evenly, in a share that grows from a tenth to all over `recovery_ms` | in the window |
//! | `forced_open` | never | not at all |
//! | `disabled` | always | not at all |
//! | `metrics_only` | always | in the window, and trips nothing |
//!
//! The last three are overrides: they lie over a state, which goes on by the clock beneath them, and
//! end by the clock themselves. `DEL`, an expired key and a value of somebody else's all mean
//! `closed`, in generation 0.
//!
//! A generation is the time between two transitions, and is called by a counter that each of them moves
//! on, those of overrides and resets too. `acquire` says it, and a report that says another than the
//! present one changes nothing. One that says none, but how long its call took, counts only if the
//! call began in this generation. A permit is called by the generation in which probing began and a
//! number, so no name of a permit is ever used again while the value lives. Whatever a report says, a
//! permit that is still out is taken back.
//!
//! # A clock that is set back
//! A value says when it was written. If that is still to come, the clock was set back, and all moments
//! in the value move by as much: each is as long ago, and as far away, as when it was written. So that
//! this is not long ago, a circuit is written once a second, if it is asked, while an open time, an
//! override or a lease has still to end.
//!
//! # What is written
//! One `SET`, at the end. Where time alone has changed a circuit, it may be refused: whoever comes next
//! finds the same. A decision that has to be remembered fails with it.
//!
//! # Why it cannot get stuck
//! Nothing but the clock ends `open`, the lease of a permit, and an override, and each is bounded
//! by the policy, whatever the value says. The key outlives all three, so that it does not expire
//! from `open` straight to `closed`, and expires, so that a circuit that nobody calls is forgotten.

mod acquire;
mod circuit;
mod list;
mod name;
mod overrides;
mod policy;
mod report;
mod reset;
mod status;

use http::Method;
use latch::{
    Call, Component, Context, Misconfigured, Platform, Problem, Response, Route, Variables,
};

use crate::circuit::Circuit;
use crate::name::Name;
use crate::policy::Policies;

pub use crate::acquire::ACQUIRE;
pub use crate::list::LIST;
pub use crate::overrides::OVERRIDE;
pub use crate::report::REPORT;
pub use crate::reset::RESET;
pub use crate::status::STATUS;

latch::component!(Circuits);

/// The component.
pub struct Circuits(Policies);

/// What the component answers to.
#[derive(Clone, Copy, Debug)]
pub enum Endpoint {
    /// All circuits, by pages.
    List,
    /// What becomes of one circuit.
    One(Action),
}

/// What is done with one circuit.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// May a call pass?
    Acquire,
    /// How calls went.
    Report,
    /// How the circuit is.
    Status,
    /// An operator decides, for a time.
    Override,
    /// The circuit decides again.
    Lift,
    /// The circuit is forgotten.
    Reset,
}

impl Component for Circuits {
    type Endpoint = Endpoint;

    const ROUTES: &'static [Route<Endpoint>] = &[
        Route::service(Method::GET, "/api/circuit", Endpoint::List),
        one(Method::GET, "/api/circuit/:name", Action::Status),
        one(Method::DELETE, "/api/circuit/:name", Action::Reset),
        one(Method::POST, "/api/circuit/:name/acquire", Action::Acquire),
        one(Method::POST, "/api/circuit/:name/report", Action::Report),
        one(Method::PUT, "/api/circuit/:name/override", Action::Override),
        one(Method::DELETE, "/api/circuit/:name/override", Action::Lift),
    ];

    async fn configure<P: Platform>(variables: &Variables<'_, P>) -> Result<Self, Misconfigured> {
        Policies::configure(variables).await.map(Self)
    }

    async fn handle<P: Platform>(
        &self,
        context: &Context<'_, P>,
        endpoint: Endpoint,
        call: Call,
    ) -> Result<Response, Problem> {
        let Self(policies) = self;
        let action = match endpoint {
            Endpoint::List => return list::list(policies, context, &call).await,
            Endpoint::One(action) => action,
        };
        let circuit = Circuit::new(Name::parse(call.parameter("name"))?, policies);
        match action {
            Action::Acquire => acquire::acquire(&circuit, context).await,
            Action::Report => report::report(&circuit, context, &call).await,
            Action::Status => status::status(&circuit, context).await,
            Action::Override => overrides::lay(&circuit, context, &call).await,
            Action::Lift => overrides::lift(&circuit, context).await,
            Action::Reset => reset::reset(&circuit, context).await,
        }
    }
}

const fn one(method: Method, path: &'static str, action: Action) -> Route<Endpoint> {
    Route::service(method, path, Endpoint::One(action))
}
