//! `[component.ID]`.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use anyhow::{Result, ensure};
use serde::{Deserialize, de::IgnoredAny};
use toml::Value;

/// A component.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Component {
    /// The wasm file, relative to the manifest.
    pub(crate) source: PathBuf,
    /// What it can read through `spin:variables`, as templates.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
    /// Its environment variables.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    /// Where it may connect to, as templates.
    #[serde(default)]
    pub(crate) allowed_outbound_hosts: Vec<String>,
    /// How to build it, for the error that says it is not built.
    pub(crate) build: Option<Build>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "targets")]
    _targets: Option<IgnoredAny>,
    #[serde(rename = "tool")]
    _tool: Option<IgnoredAny>,
    #[serde(rename = "profile")]
    _profile: Option<IgnoredAny>,
    files: Option<Value>,
    exclude_files: Option<Value>,
    allowed_http_hosts: Option<Value>,
    key_value_stores: Option<Value>,
    sqlite_databases: Option<Value>,
    ai_models: Option<Value>,
    dependencies: Option<Value>,
    dependencies_inherit_configuration: Option<Value>,
}

/// `[component.ID.build]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Build {
    /// The command, or several.
    pub(crate) command: Commands,
    #[serde(rename = "workdir")]
    _workdir: Option<String>,
    #[serde(rename = "watch")]
    _watch: Option<Vec<String>>,
}

/// What `spin build` runs.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Commands {
    /// One command.
    One(String),
    /// Several, in this order.
    Many(Vec<String>),
}

// === impl Component ===

impl Component {
    /// Refuses what is part of Spin and not of this host.
    pub(super) fn check(&self) -> Result<()> {
        let inherit = &self.dependencies_inherit_configuration;
        for (key, value) in [
            ("files", &self.files),
            ("exclude_files", &self.exclude_files),
            ("allowed_http_hosts", &self.allowed_http_hosts),
            ("key_value_stores", &self.key_value_stores),
            ("sqlite_databases", &self.sqlite_databases),
            ("ai_models", &self.ai_models),
            ("dependencies", &self.dependencies),
            ("dependencies_inherit_configuration", inherit),
        ] {
            ensure!(
                value.as_ref().is_none_or(asks_for_nothing),
                "this host does not offer `{key}`: run it with `spin up`"
            );
        }
        Ok(())
    }
}

fn asks_for_nothing(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Table(table) => table.is_empty(),
        Value::Boolean(wanted) => !wanted,
        _ => false,
    }
}

/// Spin refuses an id that is not kebab-case; so does this host, lest a manifest work here only.
pub(super) fn check_id(id: &str) -> Result<()> {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.chars().all(|c| c.is_ascii_alphanumeric())
    };
    ensure!(
        id.split('-').all(word),
        "component id {id:?} must be words of ASCII letters and digits, joined by `-`"
    );
    Ok(())
}

// === impl Commands ===

impl fmt::Display for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(command) => f.write_str(command),
            Self::Many(commands) => f.write_str(&commands.join(" && ")),
        }
    }
}
