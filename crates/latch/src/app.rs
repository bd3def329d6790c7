//! The way of a request through a component, from the host's call to its answer.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::Method;

use crate::auth::ServiceTokens;
use crate::body::{Body, MAX_BODY};
use crate::call::Call;
use crate::client::ClientAddress;
use crate::config::{Misconfigured, Variables};
use crate::cors::{self, AllowedOrigins};
use crate::head::Head;
use crate::log::Event;
use crate::platform::{Argument, Platform};
use crate::problem::{Kind, Problem};
use crate::response::{Response, finish};
use crate::route::{self, Access, Found, Route};
use crate::script::{Returned, Script};
use crate::store::{Store, StoreError};
use crate::timer::Timer;

/// How long a client may take to send its body.
const BODY_TIME: Duration = Duration::from_secs(10);

/// A capability: its configuration (`Self`), the routes that it answers, and its handlers.
#[expect(
    async_fn_in_trait,
    reason = "an instance runs on one thread, so its futures need not be Send"
)]
pub trait Component: Sized + 'static {
    /// The component's own names for its endpoints.
    type Endpoint: Copy + 'static;

    /// Every route of the component. Paths are those of spin.toml.
    const ROUTES: &'static [Route<Self::Endpoint>];

    /// Reads and checks the component's variables and derives its keys, once for each instance.
    async fn configure<P: Platform>(variables: &Variables<'_, P>) -> Result<Self, Misconfigured>;

    /// Answers a call that has passed all that endpoints have in common.
    async fn handle<P: Platform>(
        &self,
        context: &Context<'_, P>,
        endpoint: Self::Endpoint,
        call: Call,
    ) -> Result<Response, Problem>;
}

/// A component on a platform, with all that an instance keeps between requests.
///
/// What it keeps is a cache: the connection to Redis, the configuration, derived keys. Losing an
/// instance costs time and nothing else.
pub struct App<P: Platform, C> {
    platform: P,
    common: OnceLock<Common<P>>,
    component: OnceLock<C>,
}

/// What every component is configured with.
struct Common<P: Platform> {
    store: Store<P>,
    origins: AllowedOrigins,
    tokens: ServiceTokens,
    trusted_proxy_hops: usize,
}

impl<P: Platform, C: Component> App<P, C> {
    /// An instance that has not read its configuration yet.
    pub const fn new(platform: P) -> Self {
        Self {
            platform,
            common: OnceLock::new(),
            component: OnceLock::new(),
        }
    }

    /// Answers one request, whatever it is.
    pub async fn respond(&self, head: impl Into<Head>, body: impl Body) -> Response {
        let head = head.into();
        let common = match self.common().await {
            Ok(common) => common,
            Err(error) => return finish(Problem::from(error).into_response()),
        };
        let cors = common.origins.grant(&*head.headers);
        let mut response = self
            .answer(common, head, body)
            .await
            .unwrap_or_else(Problem::into_response);
        cors.apply(&mut response);
        finish(response)
    }

    async fn answer(
        &self,
        common: &Common<P>,
        head: Head,
        body: impl Body,
    ) -> Result<Response, Problem> {
        let (route, parameters) = match route::find(C::ROUTES, &head.method, head.uri.path())? {
            Found::Endpoint(route, parameters) => (route, parameters),
            Found::Preflight(methods) => return Ok(cors::preflight(methods)),
        };
        if route.access() == Access::Service {
            common.tokens.check(&*head.headers)?;
        }
        let context = Context::new(&self.platform, common);
        let body = read(&head.method, body, &context).await?;
        let component = self.component().await?;
        let call = Call::new(head, parameters, body);
        component.handle(&context, route.endpoint, call).await
    }

    async fn common(&self) -> Result<&Common<P>, Misconfigured> {
        if let Some(common) = self.common.get() {
            return Ok(common);
        }
        let variables = Variables::new(&self.platform);
        let url = match variables.text("redis_url").await? {
            url if url.is_empty() => self.platform.environment("REDIS_URL").unwrap_or_default(),
            url => url,
        };
        let budget = variables.number("redis_timeout_ms", 1..=60_000).await?;
        let common = Common {
            store: Store::new(&url, Duration::from_millis(budget)),
            origins: AllowedOrigins::parse(&variables.text("cors_allowed_origins").await?)?,
            tokens: ServiceTokens::parse(&variables.text("service_token").await?)?,
            trusted_proxy_hops: variables.number("trusted_proxy_hops", 0..=16).await?,
        };
        // Another request may have been faster; both read the same.
        Ok(self.common.get_or_init(|| common))
    }

    async fn component(&self) -> Result<&C, Misconfigured> {
        if let Some(component) = self.component.get() {
            return Ok(component);
        }
        let component = C::configure(&Variables::new(&self.platform)).await?;
        Ok(self.component.get_or_init(|| component))
    }
}

/// The whole body, if it has the size and comes in the time that a body may have.
async fn read<P: Platform>(
    method: &Method,
    body: impl Body,
    context: &Context<'_, P>,
) -> Result<Bytes, Problem> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(Bytes::new());
    }
    match context.within(BODY_TIME, body.read(MAX_BODY)).await {
        Some(Ok(Some(body))) => Ok(body),
        Some(Ok(None)) => Err(Kind::CONTENT_TOO_LARGE.because("The body may hold at most 16 KiB.")),
        Some(Err(_)) => Err(Kind::INVALID_REQUEST.because("The body is not whole.")),
        None => Err(Kind::REQUEST_TIMEOUT.because("The body did not arrive within 10 s.")),
    }
}

/// What a handler works with: Redis, the host, and who is calling.
pub struct Context<'a, P: Platform> {
    platform: &'a P,
    common: &'a Common<P>,
    timer: Timer<'a, P>,
}

impl<'a, P: Platform> Context<'a, P> {
    fn new(platform: &'a P, common: &'a Common<P>) -> Self {
        Self {
            platform,
            common,
            timer: Timer::new(platform, common.store.budget()),
        }
    }

    /// The host.
    pub fn platform(&self) -> &'a P {
        self.platform
    }

    /// Runs a script: one decision. Where Redis fails it says so in the log, and the caller gets
    /// a 503 within `redis_timeout_ms`.
    pub async fn run(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: &[Argument<'_>],
    ) -> Result<Returned, StoreError> {
        let done = self
            .common
            .store
            .run(&self.timer, script, keys, arguments)
            .await;
        if let Err(StoreError::Unavailable(reason)) = &done {
            Event::new("store.unavailable")
                .with("reason", reason.as_str())
                .log(self.platform);
        }
        done
    }

    /// Sends one command that decides nothing: for looking after Redis, within the same time.
    /// Where it fails, the log is the caller's to write.
    pub async fn command(
        &self,
        name: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Returned, StoreError> {
        let store = &self.common.store;
        store.command(&self.timer, name, arguments).await
    }

    /// Opens a new connection to Redis in the place of the one that is kept, to see whether that
    /// can still be done.
    pub async fn reconnect(&self) -> Result<(), StoreError> {
        self.common.store.reconnect(&self.timer).await
    }

    /// Waits for `work`, but not longer than `limit`: `None` when the time is over. The work is
    /// dropped then, which cancels it in the host.
    pub async fn within<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        self.timer.within(limit, work).await
    }

    /// Where Redis is, without user name and password.
    pub fn redis_address(&self) -> Result<String, StoreError> {
        self.common.store.address()
    }

    /// The client that a call comes from.
    pub fn client(&self, call: &Call) -> ClientAddress {
        ClientAddress::of(call.headers(), self.common.trusted_proxy_hops)
    }

    /// Lets a call pass that carries the service token, else says 401, or 503 where no token is
    /// configured. For what an endpoint that is open to everyone does for services only.
    pub fn require_service(&self, call: &Call) -> Result<(), Problem> {
        self.common.tokens.check(call.headers())
    }

    /// Bytes from the system's cryptographic generator.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.platform.fill_random(&mut bytes);
        bytes
    }
}
