//! Builds.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use crate::progress::say;
use crate::{install, process, workspace};

/// The target of the components.
const WASI: &str = "wasm32-wasip2";

/// The cargo that runs this, at the workspace's root.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(workspace::root())
        .env("CARGO_TARGET_DIR", workspace::target());
    cargo
}

/// Builds every component, as Spin runs it.
pub(crate) fn build_components() -> anyhow::Result<()> {
    install::target(WASI)?;
    say("Building the components");
    let mut build = cargo();
    build.args(["build", "--release", "--target", WASI]);
    for component in workspace::components()? {
        build.args(["-p", &component]);
    }
    process::run(&mut build).context("building the components")
}

/// Builds the components as native programs and says where the program is.
pub(crate) fn build_native() -> anyhow::Result<PathBuf> {
    say("Building the native baseline");
    process::run(cargo().args(["build", "--profile", "host", "-p", "native"]))
        .context("building the native baseline")?;
    Ok(workspace::target().join("host").join("latch-native"))
}

/// Builds the local host and says where it is.
pub(crate) fn build_host() -> anyhow::Result<PathBuf> {
    say("Building the local host (minutes, the first time)");
    process::run(cargo().args(["build", "--profile", "host", "-p", "host"]))
        .context("building the local host")?;
    Ok(workspace::target().join("host").join("latch-host"))
}
