//! From a wasm file to something that can be instantiated.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use wasmtime::{
    Engine,
    component::{Component, Linker},
};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::{instance::State, manifest};

/// The first eight bytes of a core module; a component has another version and layer.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Loads the component that `manifest` describes, its source relative to `dir`.
///
/// # Errors
/// Says what is wrong with the file, and what to do: it is not there, is not a component, imports
/// what this host does not offer, or answers no requests.
pub(crate) fn load(
    engine: &Engine,
    linker: &Linker<State>,
    dir: &Path,
    manifest: &manifest::Component,
) -> Result<ServicePre<State>> {
    let path = dir.join(&manifest.source);
    let wasm = std::fs::read(&path).with_context(|| {
        let command = match &manifest.build {
            Some(build) => format!("`{}`", build.command),
            None => "`spin build`".to_owned(),
        };
        format!("cannot read {}: build it with {command}", path.display())
    })?;
    if wasm.starts_with(CORE_MODULE) {
        bail!(
            "{} is a core module, not a component: build it for the target wasm32-wasip2",
            path.display()
        );
    }
    let component = Component::new(engine, &wasm)
        .map_err(anyhow::Error::from)
        .with_context(|| format!("{} is not a component that can run", path.display()))?;
    let pre = linker
        .instantiate_pre(&component)
        .map_err(anyhow::Error::from)
        .context(
            "it imports what this host does not offer: there are WASI 0.2 without wasi:http, \
             WASI 0.3 with it, spin:redis@3.0.0 and spin:variables@3.0.0; for the rest use `spin up`",
        )?;
    ServicePre::new(pre)
        .map_err(anyhow::Error::from)
        .context("it does not export wasi:http/handler@0.3.0: build it with spin-sdk 7")
}
