//! runtime-config.toml: who gives variables their values, and the limits of outbound connections.
//!
//! ```toml
//! [[variables_provider]]
//! type = "env"            # prefix = "SPIN_VARIABLE", dotenv_path = none
//! dotenv_path = ".env"    # relative to the working directory
//! [[variables_provider]]
//! type = "static"
//! values = { name = "value" }
//! [outbound_redis]
//! max_connections = 50    # held by all components together; more wait
//! [outbound_http]
//! max_connections = 50
//! connection_pooling = true
//! ```
//!
//! Mirrors Spin's `runtime-config` crate and the `runtime_config` module of each factor.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::variables::provider::{Env, Provider};

/// A whole runtime-config.toml; the default is what Spin does without one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuntimeConfig {
    #[serde(default, rename = "variables_provider", alias = "config_provider")]
    providers: Vec<ProviderConfig>,
    #[serde(default)]
    outbound_redis: OutboundRedis,
    #[serde(default)]
    outbound_http: OutboundHttp,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum ProviderConfig {
    Env {
        prefix: Option<String>,
        dotenv_path: Option<PathBuf>,
    },
    Static {
        values: BTreeMap<String, String>,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutboundRedis {
    max_connections: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutboundHttp {
    max_connections: Option<usize>,
    max_concurrent_requests: Option<usize>,
    /// Accepted for Spin's sake: this host opens a connection for each request.
    #[serde(rename = "connection_pooling")]
    _connection_pooling: Option<bool>,
}

// === impl RuntimeConfig ===

impl RuntimeConfig {
    /// The name of the file that is read if none is named and it is there.
    pub(crate) const DEFAULT_NAME: &str = "runtime-config.toml";

    /// Reads the file at `named`, or else the one beside the manifest if there is one.
    ///
    /// # Errors
    /// A named file that cannot be read, or any file that is not a runtime-config.toml.
    pub(crate) fn load(named: Option<&Path>, manifest_dir: &Path) -> Result<Self> {
        let beside = manifest_dir.join(Self::DEFAULT_NAME);
        let path = match named {
            Some(path) => path,
            None if beside.exists() => &beside,
            None => return Ok(Self::default()),
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the runtime configuration {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let config: Self = toml::from_str(text)?;
        let http = &config.outbound_http;
        ensure!(
            http.max_connections.is_none() || http.max_concurrent_requests.is_none(),
            "[outbound_http] takes `max_connections` or its old name \
             `max_concurrent_requests`, not both"
        );
        Ok(config)
    }

    /// The providers in the order in which they are asked, the default one last.
    ///
    /// # Errors
    /// A `.env` file that does not parse.
    pub(crate) fn providers(&self) -> Result<Vec<Provider>> {
        let configured = self.providers.iter().map(ProviderConfig::open);
        configured.chain([Provider::last()]).collect()
    }

    /// How many Redis connections all components may hold together.
    pub(crate) fn redis_connections(&self) -> Option<usize> {
        self.outbound_redis.max_connections
    }

    /// How many outbound HTTP requests may be under way together.
    pub(crate) fn http_connections(&self) -> Option<usize> {
        let http = &self.outbound_http;
        // Under the old name Spin always let one more through than it said.
        let old = http
            .max_concurrent_requests
            .map(|max| max.saturating_add(1));
        http.max_connections.or(old)
    }
}

// === impl ProviderConfig ===

impl ProviderConfig {
    fn open(&self) -> Result<Provider> {
        Ok(match self {
            Self::Env {
                prefix,
                dotenv_path,
            } => Provider::Env(Env::new(prefix.as_deref(), dotenv_path.as_deref())?),
            Self::Static { values } => Provider::Static(values.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_means_the_default_provider_and_no_limits() {
        let config = RuntimeConfig::parse("").expect("parses");
        assert_eq!(config.providers().expect("opens").len(), 1);
        assert_eq!(config.redis_connections(), None);
        assert_eq!(config.http_connections(), None);
    }

    #[test]
    fn providers_keep_the_order_of_the_file() {
        let config = RuntimeConfig::parse(
            r#"
            [[variables_provider]]
            type = "static"
            values = { a = "1" }
            [[variables_provider]]
            type = "env"
            prefix = "APP"
            [outbound_redis]
            max_connections = 50
            [outbound_http]
            connection_pooling = true
            max_concurrent_requests = 3
            "#,
        )
        .expect("parses");
        let providers = config.providers().expect("opens");
        assert!(matches!(
            providers.as_slice(),
            [Provider::Static(_), Provider::Env(_), Provider::Env(_)]
        ));
        assert_eq!(config.redis_connections(), Some(50));
        assert_eq!(config.http_connections(), Some(4));
    }

    #[test]
    fn what_it_does_not_know_is_named() {
        for (text, named) in [
            (
                "[[variables_provider]]\ntype = \"vault\"\nurl = \"u\"",
                "vault",
            ),
            (
                "[[variables_provider]]\ntype = \"env\"\nprefx = \"A\"",
                "prefx",
            ),
            ("[outbound_redis]\nmax = 1", "max"),
            (
                "[sqlite_database.default]\ntype = \"spin\"",
                "sqlite_database",
            ),
            (
                "[outbound_http]\nmax_connections = 1\nmax_concurrent_requests = 1",
                "both",
            ),
        ] {
            let error = format!("{:#}", RuntimeConfig::parse(text).expect_err("refused"));
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn a_named_file_must_be_there() {
        let nowhere = Path::new("/nonexistent");
        assert!(RuntimeConfig::load(None, nowhere).is_ok());
        let error = RuntimeConfig::load(Some(&nowhere.join("rc.toml")), nowhere);
        assert!(error.expect_err("absent").to_string().contains("rc.toml"));
    }
}
