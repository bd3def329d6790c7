//! `GET /api/health` says whether Redis is there, `POST /api/health/verify` whether all of it works.
//!
//! The verification does what every capability does, by the capabilities' own scripts, on keys that
//! it makes up and takes away again.

mod cause;
mod probe;
mod report;
mod scripts;
mod server;
mod throwaway;
mod trip;
mod trouble;
mod verify;

use http::Method;
use latch::{
    Call, Component, Context, Misconfigured, Platform, Problem, Response, Route, Variables,
};

latch::component!(Health);

/// The component.
pub struct Health;

/// What the component answers to.
#[derive(Clone, Copy, Debug)]
pub enum Endpoint {
    /// Is Redis there?
    Probe,
    /// Does everything work?
    Verify,
}

impl Component for Health {
    type Endpoint = Endpoint;

    const ROUTES: &'static [Route<Endpoint>] = &[
        Route::public(Method::GET, "/api/health", Endpoint::Probe),
        Route::service(Method::POST, "/api/health/verify", Endpoint::Verify),
    ];

    async fn configure<P: Platform>(_: &Variables<'_, P>) -> Result<Self, Misconfigured> {
        Ok(Self)
    }

    async fn handle<P: Platform>(
        &self,
        context: &Context<'_, P>,
        endpoint: Endpoint,
        _: Call,
    ) -> Result<Response, Problem> {
        match endpoint {
            Endpoint::Probe => probe::probe(context).await,
            Endpoint::Verify => verify::verify(context).await,
        }
    }
}
