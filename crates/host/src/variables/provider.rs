//! Where variables get their values: the environment, a `.env` file, fixed values.

use std::{
    collections::{BTreeMap, HashMap},
    env::VarError,
    path::Path,
};

use anyhow::{Result, anyhow, bail};

/// The start of an environment variable's name, unless a provider sets another.
pub(crate) const DEFAULT_PREFIX: &str = "SPIN_VARIABLE";

/// A source of values for variables.
#[derive(Debug)]
pub(crate) enum Provider {
    /// The process's environment, then a `.env` file.
    Env(Env),
    /// Values written in runtime-config.toml.
    Static(BTreeMap<String, String>),
}

/// Looks up `{PREFIX}_{NAME}`.
#[derive(Debug)]
pub(crate) struct Env {
    prefix: String,
    dotenv: HashMap<String, String>,
    process: fn(&str) -> Result<String, VarError>,
}

// === impl Provider ===

impl Provider {
    /// The provider that is asked after all others.
    ///
    /// # Errors
    /// A `.env` in the working directory that does not parse.
    pub(crate) fn last() -> Result<Self> {
        Env::new(None, Some(Path::new(".env"))).map(Self::Env)
    }

    /// The value of variable `name`, or `None` if this provider has none.
    ///
    /// # Errors
    /// An environment variable that is not Unicode.
    pub(crate) fn get(&self, name: &str) -> Result<Option<String>> {
        match self {
            Self::Env(env) => env.get(name),
            Self::Static(values) => Ok(values.get(name).cloned()),
        }
    }
}

// === impl Env ===

impl Env {
    /// A provider on the process's environment and the file at `dotenv`.
    ///
    /// # Errors
    /// A file that does not parse. A file that is not there counts as empty.
    pub(crate) fn new(prefix: Option<&str>, dotenv: Option<&Path>) -> Result<Self> {
        Ok(Self {
            prefix: prefix.unwrap_or(DEFAULT_PREFIX).to_owned(),
            dotenv: dotenv.map(read).transpose()?.unwrap_or_default(),
            process: |key| std::env::var(key),
        })
    }

    fn get(&self, name: &str) -> Result<Option<String>> {
        let key = format!("{}_{}", self.prefix, name.to_ascii_uppercase());
        match (self.process)(&key) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(self.dotenv.get(&key).cloned()),
            Err(VarError::NotUnicode(_)) => {
                bail!("the environment variable {key} is not Unicode")
            }
        }
    }
}

/// Reads a `.env` file. `${NAME}` in a value stands for the process's variable, or else for an
/// earlier line of the file, or else for nothing.
fn read(path: &Path) -> Result<HashMap<String, String>> {
    let Ok(lines) = dotenvy::from_path_iter(path) else {
        return Ok(HashMap::new());
    };
    lines
        .collect::<Result<_, _>>()
        .map_err(|error| match error {
            // The line may hold a secret, so it is not repeated.
            dotenvy::Error::LineParse(..) => {
                anyhow!("{} has a line that is not NAME=value", path.display())
            }
            other => anyhow!("cannot read {}: {other}", path.display()),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(prefix: Option<&str>, dotenv: &[(&str, &str)]) -> Provider {
        Provider::Env(Env {
            prefix: prefix.unwrap_or(DEFAULT_PREFIX).to_owned(),
            dotenv: dotenv
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            process: |key| match key {
                "SPIN_VARIABLE_TOKEN_KEY" => Ok("process".to_owned()),
                "APP_EMPTY" => Ok(String::new()),
                "APP_BYTES" => Err(VarError::NotUnicode("?".into())),
                _ => Err(VarError::NotPresent),
            },
        })
    }

    fn get(provider: &Provider, name: &str) -> Option<String> {
        provider.get(name).expect("no error")
    }

    #[test]
    fn the_process_beats_the_file() {
        let provider = env(
            None,
            &[
                ("SPIN_VARIABLE_TOKEN_KEY", "file"),
                ("SPIN_VARIABLE_B", "b"),
            ],
        );
        assert_eq!(get(&provider, "token_key").as_deref(), Some("process"));
        assert_eq!(get(&provider, "b").as_deref(), Some("b"));
        assert_eq!(get(&provider, "c"), None);
    }

    #[test]
    fn an_empty_value_is_a_value() {
        let provider = env(Some("APP"), &[("APP_EMPTY", "file")]);
        assert_eq!(get(&provider, "empty").as_deref(), Some(""));
        assert_eq!(get(&provider, "token_key"), None);
        assert!(provider.get("bytes").is_err());
    }

    #[test]
    fn a_file_that_is_not_there_is_empty() {
        let provider = Env::new(None, Some(Path::new("/nonexistent/.env"))).expect("empty");
        assert!(provider.dotenv.is_empty());
    }

    #[test]
    fn lines_of_a_file_substitute_and_an_unset_name_is_empty() {
        let path = std::env::temp_dir().join(format!("latch-host-{}.env", std::process::id()));
        std::fs::write(
            &path,
            "A=one\nB=${A}/two\nC=${LATCH_HOST_NOT_SET}\n# note\nD='${A}'\n",
        )
        .expect("written");
        let values = read(&path).expect("parses");
        std::fs::remove_file(&path).expect("removed");
        let expected = [("A", "one"), ("B", "one/two"), ("C", ""), ("D", "${A}")];
        assert_eq!(
            values,
            expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
        );
    }
}
