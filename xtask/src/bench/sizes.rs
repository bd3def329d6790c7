//! How large the components are.

use std::fs;

use crate::workspace;

/// Bytes of each component's wasm.
pub(crate) fn components() -> anyhow::Result<Vec<(String, u64)>> {
    let folder = workspace::target().join("wasm32-wasip2").join("release");
    workspace::components()?
        .into_iter()
        .map(|name| {
            let file = folder.join(format!("{}.wasm", name.replace('-', "_")));
            Ok((name, fs::metadata(file)?.len()))
        })
        .collect()
}
