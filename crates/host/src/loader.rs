//! From a component's entry in the manifest to instances that answer.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use tokio::sync::Semaphore;
use wasmtime::{Engine, component::Linker};

use crate::{
    allowed_hosts::AllowedHosts,
    args::Reuse,
    component, engine,
    instance::{self, Setup, State},
    manifest::Component,
    outbound_http::OutboundHttp,
    redis,
    reuse::{Handler, Instances},
    runtime_config::RuntimeConfig,
    variables::{Variables, host::ComponentVariables},
};

/// What the components of an application have in common.
pub(crate) struct Loader {
    engine: Engine,
    linker: Linker<State>,
    dir: PathBuf,
    variables: Variables,
    redis_permits: Option<Arc<Semaphore>>,
    http_permits: Option<Arc<Semaphore>>,
    reuse: Reuse,
}

// === impl Loader ===

impl Loader {
    /// A loader for the components of the manifest in `dir`.
    ///
    /// # Errors
    /// A machine that cannot run wasm.
    pub(crate) fn new(
        dir: PathBuf,
        variables: Variables,
        config: &RuntimeConfig,
        reuse: Reuse,
    ) -> Result<Self> {
        let engine = engine::new(&dir.join("target").join("latch-host"))?;
        Ok(Self {
            linker: instance::linker(&engine)?,
            engine,
            dir,
            variables,
            redis_permits: config.redis_connections().map(permits),
            http_permits: config.http_connections().map(permits),
            reuse,
        })
    }

    /// Loads all components, by id.
    ///
    /// # Errors
    /// The first component that would not work, and why.
    pub(crate) fn load_all<'a>(
        &self,
        components: &'a BTreeMap<String, Component>,
    ) -> Result<BTreeMap<&'a str, Handler>> {
        let load = |(id, manifest): (&'a String, &Component)| {
            let handler = self.load(id, manifest);
            let handler = handler.with_context(|| format!("component {id:?}"))?;
            Ok((id.as_str(), handler))
        };
        components.iter().map(load).collect()
    }

    fn load(&self, id: &str, manifest: &Component) -> Result<Handler> {
        let setup = self.setup(id, manifest)?;
        let pre = component::load(&self.engine, &self.linker, &self.dir, manifest)?;
        Ok(Handler::new(Instances::new(id, pre, setup, self.reuse)))
    }

    fn setup(&self, id: &str, manifest: &Component) -> Result<Setup> {
        let component: Arc<str> = id.into();
        let allowed = AllowedHosts::new(&manifest.allowed_outbound_hosts, &self.variables)?;
        let allowed = Arc::new(allowed);
        let values = self.variables.expand_all(&manifest.variables)?;
        Ok(Setup {
            environment: manifest.environment.clone(),
            variables: ComponentVariables::new(id, values),
            redis: redis::Access {
                component: Arc::clone(&component),
                allowed: Arc::clone(&allowed),
                permits: self.redis_permits.clone(),
            },
            http: OutboundHttp {
                component,
                allowed,
                permits: self.http_permits.clone(),
            },
        })
    }
}

fn permits(count: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)))
}
