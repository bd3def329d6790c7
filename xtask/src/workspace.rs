//! Where things are in the workspace.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    // `cargo run` says where the package is now; the compiler knew where it was when it was built.
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package
        .parent()
        .map_or_else(|| package.clone(), Path::to_path_buf)
}

/// Everything built, installed or run from here is kept below this directory.
///
/// Fixed, whatever `CARGO_TARGET_DIR` says, because spin.toml names the components in it.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

/// The packages that are components: the folders below `components`.
pub(crate) fn components() -> anyhow::Result<Vec<String>> {
    let folder = root().join("components");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
