//! `POST /api/health/verify`: which checks there are, in the order in which a cause comes before
//! what it causes.

use std::future::ready;

use latch::{Context, Platform, Problem, Response};

use crate::report::{Found, Report};
use crate::throwaway::{self, Names};
use crate::trouble::Trouble;
use crate::{server, trip};

pub(crate) async fn verify<P: Platform>(context: &Context<'_, P>) -> Result<Response, Problem> {
    let mut report = Report::begin(context);
    let address = context.redis_address();
    let address = address.map(Found::seen).map_err(Trouble::from);
    report.check("REDIS_URL", ready(address)).await;
    report
        .check("connection", server::connection(context))
        .await;
    report.check("PING", server::ping(context)).await;
    // From here on there are keys to take away.
    if report.goes_on() {
        let names = Names::new(context.random());
        report.check("clock", server::clock(context)).await;
        report.check("role", server::role(context)).await;
        report.check("eviction", server::eviction(context)).await;
        report.check("memory", server::memory(context)).await;
        trip::commands(context, &names, &mut report).await;
        report.check("otp", trip::otp(context, &names)).await;
        report
            .check("oauth-state", trip::oauth_state(context, &names))
            .await;
        report
            .check("circuit", trip::circuit(context, &names))
            .await;
        report
            .check("rate-limit", trip::rate_limit(context, &names))
            .await;
        let cleanup = throwaway::take_away(context, &names);
        report.finish("cleanup", throwaway::PATIENCE, cleanup).await;
    }
    report.answer()
}
