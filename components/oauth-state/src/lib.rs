//! `POST /api/oauth/state` begins a flow, `POST /api/oauth/state/consume` ends it.
//!
//! The state goes through the browser and the provider, so it is worth nothing by itself: it is
//! consumed once, by a back end, together with what binds it to the browser that began. The PKCE
//! verifier and the nonce are kept for that back end, in a form that takes both the state and what
//! Redis has of it to read.

mod ask;
mod authorization;
mod binding;
mod consume;
mod cookie;
mod cookie_header;
mod flow;
mod issue;
mod limits;
mod provider;
mod return_to;
mod settings;
mod uri;

use http::Method;
use latch::{
    Call, Component, Context, Misconfigured, Platform, Problem, Response, Route, Variables,
};

use crate::settings::Settings;

pub use crate::consume::CONSUME;
pub use crate::issue::ISSUE;

latch::component!(OauthState);

/// The component.
pub struct OauthState(Settings);

/// What the component answers to.
#[derive(Clone, Copy, Debug)]
pub enum Endpoint {
    /// A flow begins.
    Issue,
    /// A flow ends.
    Consume,
}

impl Component for OauthState {
    type Endpoint = Endpoint;

    const ROUTES: &'static [Route<Endpoint>] = &[
        Route::public(Method::POST, "/api/oauth/state", Endpoint::Issue),
        Route::service(Method::POST, "/api/oauth/state/consume", Endpoint::Consume),
    ];

    async fn configure<P: Platform>(variables: &Variables<'_, P>) -> Result<Self, Misconfigured> {
        Settings::configure(variables).await.map(Self)
    }

    async fn handle<P: Platform>(
        &self,
        context: &Context<'_, P>,
        endpoint: Endpoint,
        call: Call,
    ) -> Result<Response, Problem> {
        match endpoint {
            Endpoint::Issue => issue::issue(&self.0, context, &call).await,
            Endpoint::Consume => consume::consume(&self.0, context, &call).await,
        }
    }
}
