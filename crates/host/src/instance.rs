//! What one instance of a component holds, and what it is offered.

use std::collections::BTreeMap;

use anyhow::Result;
use wasmtime::{Engine, Store, component::Linker};
use wasmtime_wasi::{ResourceTable, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::{
    bindings::spin,
    inbound_http::InboundHttp,
    outbound_http::OutboundHttp,
    redis::{Access, Redis},
    stdio::{Lines, Sink},
    variables::host::ComponentVariables,
};

/// What every instance of a component starts with.
#[derive(Debug)]
pub(crate) struct Setup {
    /// Environment variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// Application variables.
    pub(crate) variables: ComponentVariables,
    /// Redis.
    pub(crate) redis: Access,
    /// Outbound HTTP.
    pub(crate) http: OutboundHttp,
}

/// The state of one instance.
pub(crate) struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    inbound: InboundHttp,
    outbound: OutboundHttp,
    redis: Redis,
    variables: ComponentVariables,
}

/// All that a component can import.
///
/// # Errors
/// None that is not a mistake in this host.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    spin::redis::redis::add_to_linker::<_, Redis>(&mut linker, |state: &mut State| {
        &mut state.redis
    })?;
    spin::variables::variables::add_to_linker::<_, ComponentVariables>(
        &mut linker,
        |state: &mut State| &mut state.variables,
    )?;
    Ok(linker)
}

// === impl Setup ===

impl Setup {
    /// A store for a new instance.
    pub(crate) fn store(&self, engine: &Engine) -> Store<State> {
        let mut wasi = WasiCtx::builder();
        wasi.stdout(Lines::new(Sink::Stdout));
        wasi.stderr(Lines::new(Sink::Stderr));
        for (name, value) in &self.environment {
            wasi.env(name, value);
        }
        let state = State {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            inbound: InboundHttp,
            outbound: self.http.clone(),
            redis: Redis::new(self.redis.clone()),
            variables: self.variables.clone(),
        };
        let mut store = Store::new(engine, state);
        // A guest that computes without a pause yields at each tick, so that other connections
        // are served and a request's timeout is noticed.
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store
    }
}

// === impl State ===

impl State {
    /// The view through which requests come in; those that go out take [`WasiHttpView::http`].
    pub(crate) fn inbound(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.inbound,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.outbound,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}
