//! What a fresh machine lacks.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use nix::unistd::Uid;

use crate::cargo::cargo;
use crate::progress::say;
use crate::{process, workspace};

/// The first of `programs` that is on the `PATH`.
pub(crate) fn find(programs: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    programs
        .iter()
        .flat_map(|program| env::split_paths(&path).map(move |folder| folder.join(program)))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Makes sure that the toolchain can build for `triple`.
///
/// rust-toolchain.toml names the targets too, but rustup adds them only to a toolchain that it
/// has yet to install.
pub(crate) fn target(triple: &str) -> anyhow::Result<()> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut query = Command::new(rustc);
    query
        .current_dir(workspace::root())
        .args(["--print", "target-libdir", "--target", triple]);
    let libraries = process::output(&mut query)?;
    if Path::new(&libraries).is_dir() {
        return Ok(());
    }
    say(format_args!("Adding the target {triple} to the toolchain"));
    let mut rustup = Command::new("rustup");
    rustup
        .current_dir(workspace::root())
        .args(["target", "add", triple]);
    process::run(&mut rustup).with_context(|| format!("adding the target {triple}"))
}

/// Whether [`package`] would work here: on Debian and its kin, as root.
pub(crate) fn can_install_packages() -> bool {
    find(&["apt-get"]).is_some() && Uid::effective().is_root()
}

/// Installs a package of the distribution, without starting the service that it may bring.
pub(crate) fn package(name: &str) -> anyhow::Result<()> {
    say(format_args!("Installing the package {name}"));
    let _policy = NoServices::ask();
    apt_get(&["update", "-qq"])?;
    apt_get(&["install", "-qq", "-y", "--no-install-recommends", name])
        .with_context(|| format!("installing the package {name}"))
}

fn apt_get(args: &[&str]) -> anyhow::Result<()> {
    let mut apt = Command::new("apt-get");
    process::run(apt.args(args).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// While this lives, Debian's packages ask a policy whether to start their services, and it says no.
struct NoServices;

// === impl NoServices ===

impl NoServices {
    const POLICY: &str = "/usr/sbin/policy-rc.d";

    /// `None` if the machine has a policy already: containers do, and it says the same.
    fn ask() -> Option<Self> {
        let mut policy = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o755)
            .open(Self::POLICY)
            .ok()?;
        let this = Self;
        policy.write_all(b"#!/bin/sh\nexit 101\n").ok()?;
        Some(this)
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        let _ = fs::remove_file(Self::POLICY);
    }
}

/// Makes sure that there is a Node to run wasm tests in.
pub(crate) fn node() -> anyhow::Result<()> {
    if find(&["node"]).is_some() {
        return Ok(());
    }
    anyhow::ensure!(
        can_install_packages(),
        "there is no `node` on the PATH; the tests on wasm need Node.js 18 or later"
    );
    package("nodejs")
}

/// The reverse proxy that the end-to-end tests put before an application.
pub(crate) fn nginx() -> anyhow::Result<PathBuf> {
    // Not everybody's PATH names the folder where Debian has it.
    let nginx = || find(&["nginx", "/usr/sbin/nginx"]);
    if nginx().is_none() && can_install_packages() {
        package("nginx-light")?;
    }
    nginx().context("there is no `nginx` on the PATH; the end-to-end tests need one")
}

/// wasm-bindgen's test runner, which must be of the very version of the library.
pub(crate) fn wasm_test_runner(version: &str) -> anyhow::Result<PathBuf> {
    const RUNNER: &str = "wasm-bindgen-test-runner";
    let tools = workspace::target().join("tools");
    let home = tools.join(format!("wasm-bindgen-{version}"));
    let runner = home.join("bin").join(RUNNER);
    if runner.is_file() {
        return Ok(runner);
    }
    say(format_args!(
        "Installing {RUNNER} {version}, once (about a minute)"
    ));
    let build = tools.join("build");
    let install = |lock: &[&str]| {
        // Unoptimised, without debug information, TLS or the other programs: ready five times
        // sooner than an optimised one, and still done with a test program in a second.
        process::run(
            cargo()
                .args(["install", "wasm-bindgen-cli", "--version", version])
                .args(["--bin", RUNNER, "--no-default-features", "--debug"])
                .args(lock)
                .arg("--root")
                .arg(&home)
                .env("CARGO_TARGET_DIR", &build)
                .env("CARGO_PROFILE_DEV_DEBUG", "0"),
        )
    };
    install(&["--locked"])
        .or_else(|_| {
            // A registry mirror may not have every version that the lock file names.
            say("Its own lock file will not do; once more, with the versions there are");
            install(&[])
        })
        .with_context(|| format!("installing {RUNNER}"))?;
    let _ = fs::remove_dir_all(&build);
    Ok(runner)
}
