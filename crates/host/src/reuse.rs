//! When an instance takes another request, and when it ends.
//!
//! Mirrors Spin's `trigger-http`: the same policy on the same `ProxyHandler`. An instance serves
//! many requests, several at once; it ends after its last one, after some idle time, or when it
//! traps, and with it every request that it was serving.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::time::{Sleep, sleep};
use wasmtime::{Store, StoreContextMut, component::GuestTaskId};
use wasmtime_wasi_http::{
    handler::{
        HandlerState, Instance, Proxy, ProxyHandler, ShouldAccept, WorkerExpiration, WorkerState,
        WorkerStatus,
    },
    p3::bindings::ServicePre,
};

use crate::{
    args::Reuse,
    instance::{Setup, State},
    report::report,
};

/// Answers requests with instances of one component.
pub(crate) type Handler = ProxyHandler<Instances>;

/// Makes instances of one component.
pub(crate) struct Instances {
    id: Arc<str>,
    pre: ServicePre<State>,
    setup: Setup,
    reuse: Reuse,
}

/// The limits of one instance.
pub(crate) struct Limits {
    component: Arc<str>,
    total: usize,
    concurrent: usize,
    request: Option<Duration>,
}

/// The alarm that ends one instance.
pub(crate) struct Expiration {
    idle: Duration,
    request: Option<Duration>,
    alarm: Pin<Box<Sleep>>,
}

// === impl Instances ===

impl Instances {
    /// Instances of the component `id`, each starting with what `setup` says.
    pub(crate) fn new(id: &str, pre: ServicePre<State>, setup: Setup, reuse: Reuse) -> Self {
        Self {
            id: id.into(),
            pre,
            setup,
            reuse,
        }
    }
}

impl HandlerState for Instances {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Limits;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, Limits>> {
        let mut store = self.setup.store(self.pre.engine());
        let service = self.pre.instantiate_async(&mut store).await?;
        let request = self.reuse.request.map(|range| range.pick());
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: State::inbound,
            expiration: Expiration {
                idle: self.reuse.idle.pick(),
                request,
                alarm: Box::pin(sleep(Duration::ZERO)),
            },
            state: Limits {
                component: Arc::clone(&self.id),
                total: self.reuse.total.pick(),
                concurrent: self.reuse.concurrent.pick(),
                request,
            },
        })
    }
}

// === impl Limits ===

impl WorkerState for Limits {
    type StoreData = State;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.total {
            ShouldAccept::Never
        } else if concurrent >= self.concurrent {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, State>,
        _: (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        match self.request {
            Some(limit) => Box::pin(sleep(limit)),
            None => Box::pin(std::future::pending()),
        }
    }

    fn drop(&self, store: Store<State>, ended: wasmtime::Result<()>) {
        // What the guest wrote last is written before the reason that it ended.
        drop(store);
        if let Err(error) = ended {
            report(format_args!(
                "an instance of component {:?} ended, and its requests with it: {error:#}",
                self.component
            ));
        }
    }
}

// === impl Expiration ===

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        let limit = match status {
            WorkerStatus::Idle => Some(self.idle),
            WorkerStatus::Requests | WorkerStatus::PostReturn => self.request,
        };
        let Some(deadline) = limit.and_then(|limit| since.checked_add(limit)) else {
            return Poll::Pending;
        };
        if self.alarm.deadline() != deadline.into() {
            self.alarm.as_mut().reset(deadline.into());
        }
        self.alarm.as_mut().poll(cx)
    }
}
