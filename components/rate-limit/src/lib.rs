//! `POST /api/ratelimit`: token buckets that a whole fleet shares.
//!
//! A bucket holds `capacity` tokens and gets `refill` of them back every `per_s` seconds. A call
//! takes what it costs or, if there is not enough, nothing.

mod answer;
mod bucket;
mod check;
mod policy;

use http::Method;
use latch::{
    Call, Component, Context, Misconfigured, Platform, Problem, Response, Route, Variables,
};
use serde::Deserialize;

use crate::answer::{one, several};
use crate::bucket::{refund, take};
use crate::check::Check;
use crate::policy::Policies;

pub use crate::bucket::{REFUND, TAKE};

latch::component!(RateLimit);

/// The component.
pub struct RateLimit(Policies);

/// What the component answers to.
#[derive(Clone, Copy, Debug)]
pub enum Endpoint {
    /// Takes from one bucket.
    Take,
    /// Takes from several buckets, or from none of them.
    TakeAll,
    /// Gives back.
    Refund,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TakeBody {
    key: String,
    #[serde(default = "one_token")]
    cost: u64,
    #[serde(default)]
    peek: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TakeAllBody {
    checks: Vec<CheckBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckBody {
    policy: String,
    key: String,
    #[serde(default = "one_token")]
    cost: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundBody {
    key: String,
    cost: u64,
}

const fn one_token() -> u64 {
    1
}

/// How many buckets one call may take from.
const MAX_CHECKS: usize = 16;

impl Component for RateLimit {
    type Endpoint = Endpoint;

    const ROUTES: &'static [Route<Endpoint>] = &[
        Route::service(Method::POST, "/api/ratelimit", Endpoint::TakeAll),
        Route::service(Method::POST, "/api/ratelimit/:policy", Endpoint::Take),
        Route::service(
            Method::POST,
            "/api/ratelimit/:policy/refund",
            Endpoint::Refund,
        ),
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
        let policy = call.parameter("policy");
        match endpoint {
            Endpoint::Take => {
                let policy = policies.find(policy)?;
                let body: TakeBody = call.json()?;
                let check = Check::new(policy, "", &body.key, body.cost)?;
                let taken = take(context, &[check], body.peek).await?;
                one(&taken)
            }
            Endpoint::TakeAll => {
                let body: TakeAllBody = call.json()?;
                let checks = all(policies, &body.checks)?;
                let taken = take(context, &checks, false).await?;
                several(&taken)
            }
            Endpoint::Refund => {
                let policy = policies.find(policy)?;
                let body: RefundBody = call.json()?;
                let check = Check::new(policy, "", &body.key, body.cost)?;
                let refunded = refund(context, check).await?;
                one(&refunded)
            }
        }
    }
}

/// Reads the checks of one call; a problem names the one that it has with.
fn all<'a>(policies: &'a Policies, checks: &'a [CheckBody]) -> Result<Vec<Check<'a>>, Problem> {
    if !(1..=MAX_CHECKS).contains(&checks.len()) {
        return Err(Problem::field("checks", "must hold 1 to 16 checks."));
    }
    checks
        .iter()
        .enumerate()
        .map(|(index, check)| {
            let policy = policies.find(&check.policy)?;
            Check::new(policy, &format!("checks[{index}]."), &check.key, check.cost)
        })
        .collect()
}
