//! The variables of a component, as a host would give them.

use std::{env, fs};

use anyhow::{Context as _, Result};

/// Each variable of spin.toml: what `SPIN_VARIABLE_*` says, or its default.
pub(crate) fn read() -> Result<Vec<(String, String)>> {
    let manifest = fs::read_to_string("spin.toml").context("reading spin.toml")?;
    let manifest: toml::Table = toml::from_str(&manifest).context("reading spin.toml")?;
    let declared = manifest
        .get("variables")
        .and_then(toml::Value::as_table)
        .context("spin.toml declares no variables")?;
    Ok(declared
        .iter()
        .filter_map(|(name, declaration)| {
            let given = env::var(format!("SPIN_VARIABLE_{}", name.to_uppercase())).ok();
            let default = || Some(declaration.get("default")?.as_str()?.to_owned());
            Some((name.clone(), given.or_else(default)?))
        })
        .collect())
}
