//! Node.js, and packages for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::progress::say;
use crate::{install, process, workspace};

/// The oldest release that the packages of the tests run on.
const OLDEST: u32 = 20;

/// The folders of the end-to-end tests whose programs run in Node: an OpenID provider and its
/// client, and a parser of structured fields.
const FOLDERS: [&str; 2] = ["tests/oidc", "tests/fields"];

/// A Node for [`FOLDERS`], whose packages are installed: the machine's, or a newer one beside it.
pub(crate) fn for_tests() -> anyhow::Result<PathBuf> {
    install::node()?;
    for folder in FOLDERS {
        install_packages(folder)?;
    }
    match install::find(&["node"]) {
        Some(node) if release(&node)? >= OLDEST => Ok(node),
        _ => newer_node(),
    }
}

/// Installs what the lock file in `name` names, unless it has been since the file last changed.
fn install_packages(name: &str) -> anyhow::Result<()> {
    let folder = workspace::root().join(name);
    let lock = folder.join("package-lock.json");
    let installed = folder.join("node_modules").join("installed-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("reading {}", lock.display()))?;
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    say(format_args!("Installing the packages of {name}"));
    let mut npm = npm()?;
    npm.args(["ci", "--omit=dev", "--ignore-scripts"]);
    process::run(npm.current_dir(folder))
        .with_context(|| format!("installing the packages of {name}"))?;
    fs::write(&installed, wanted).with_context(|| format!("writing {}", installed.display()))
}

/// Distributions have older releases than 20 for years; npm has all of them.
fn newer_node() -> anyhow::Result<PathBuf> {
    const PACKAGE: &str = "node@22";
    let home = workspace::target().join("tools").join(PACKAGE);
    let node = home.join("node_modules/node/bin/node");
    if !node.is_file() {
        say(format_args!(
            "Installing {PACKAGE}, once: this machine's is older than {OLDEST}"
        ));
        let mut npm = npm()?;
        npm.args(["install", "--no-save", PACKAGE, "--prefix"]);
        process::run(npm.arg(&home)).with_context(|| format!("installing {PACKAGE}"))?;
        ensure!(node.is_file(), "npm did not install {}", node.display());
    }
    Ok(node)
}

fn npm() -> anyhow::Result<Command> {
    let find = || install::find(&["npm"]);
    if find().is_none() && install::can_install_packages() {
        install::package("npm")?;
    }
    let program = find().context(
        "there is no `npm` on the PATH; the end-to-end tests need packages of the npm registry",
    )?;
    let mut npm = Command::new(program);
    npm.args(["--no-audit", "--no-fund", "--no-update-notifier"]);
    Ok(npm)
}

/// The first number of a Node's version.
fn release(node: &Path) -> anyhow::Result<u32> {
    let version = process::output(Command::new(node).arg("--version"))?;
    parse_release(&version).with_context(|| format!("{}: {version}", node.display()))
}

fn parse_release(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_the_first_number_of_a_version() {
        assert_eq!(parse_release("v20.19.2"), Some(20));
        assert_eq!(parse_release("v8.0.0-nightly"), Some(8));
        assert_eq!(parse_release("20.19.2"), None);
        assert_eq!(parse_release(""), None);
    }
}
