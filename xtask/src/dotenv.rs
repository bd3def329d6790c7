//! `cargo xtask env`: the development secrets in `.env`, which Spin and the local host read.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};

use crate::progress::say;
use crate::workspace;

/// `cargo xtask env`.
pub(crate) fn run(mut args: lexopt::Parser) -> anyhow::Result<ExitCode> {
    if let Some(arg) = args.next()? {
        return Err(arg.unexpected().into());
    }
    if !write_if_absent()? {
        say("There is a .env already; it is left as it is");
    }
    Ok(ExitCode::SUCCESS)
}

fn path() -> PathBuf {
    workspace::root().join(".env")
}

/// Writes fresh secrets, for the owner's eyes only. False, and nothing done, if there is a `.env`.
pub(crate) fn write_if_absent() -> anyhow::Result<bool> {
    let path = path();
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path);
    let mut file = match file {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        other => other.with_context(|| format!("writing {}", path.display()))?,
    };
    file.write_all(fresh()?.as_bytes())
        .with_context(|| format!("writing {}", path.display()))?;
    say("Wrote .env with fresh development secrets");
    Ok(true)
}

fn fresh() -> anyhow::Result<String> {
    let (otp_secret, token_key, service_token) = (random()?, random()?, random()?);
    Ok(format!(
        "\
# Settings for development, written by `cargo xtask env`. Not for production; not for git.

# The key of every hash of a one-time code.
SPIN_VARIABLE_OTP_SECRET={otp_secret}
# The seed of the key that signs proof tokens: 32 bytes.
SPIN_VARIABLE_TOKEN_KEY={token_key}
# The bearer token of the service endpoints.
SPIN_VARIABLE_SERVICE_TOKEN={service_token}
# Codes are printed, not sent.
SPIN_VARIABLE_OTP_DELIVERY=log
# Pages of every origin may call the API: right for front ends in development, and only there.
SPIN_VARIABLE_CORS_ALLOWED_ORIGINS=*
"
    ))
}

/// 32 bytes from the system's generator, in hex.
fn random() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("asking the system for random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The app's variables as its host will see them: the environment's before those of `.env`.
pub(crate) struct Variables {
    file: String,
    environment: fn(&str) -> Option<String>,
}

// === impl Variables ===

impl Variables {
    /// Reads `.env`; there need not be one.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let path = path();
        let file = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other.with_context(|| format!("reading {}", path.display()))?,
        };
        Ok(Self {
            file,
            environment: |name| env::var(name).ok(),
        })
    }

    /// The value of `name`. An empty one says as little as none.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        (self.environment)(name)
            .or_else(|| self.in_file(name).map(str::to_owned))
            .filter(|value| !value.is_empty())
    }

    fn in_file(&self, name: &str) -> Option<&str> {
        self.file.lines().find_map(|line| {
            let line = line.trim();
            let (key, value) = line
                .strip_prefix("export ")
                .unwrap_or(line)
                .split_once('=')?;
            (key.trim() == name).then(|| value.trim().trim_matches(['"', '\'']))
        })
    }

    /// Refuses to go on without what spin.toml requires: its host would, after minutes of building.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let manifest = workspace::root().join("spin.toml");
        let manifest = fs::read_to_string(&manifest)
            .with_context(|| format!("reading {}", manifest.display()))?;
        let missing = self.missing(&manifest);
        ensure!(
            missing.is_empty(),
            ".env lacks {}: add it, or move .env away and have `cargo xtask env` write a new one",
            missing.join(" and "),
        );
        Ok(())
    }

    fn missing(&self, manifest: &str) -> Vec<String> {
        required(manifest)
            .filter(|name| self.get(name).is_none())
            .collect()
    }
}

/// The environment's names of the variables that a Spin manifest requires.
///
/// They are written `name = { required = true, ... }`: an inline table, and so on one line.
fn required(manifest: &str) -> impl Iterator<Item = String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[variables]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| line.contains("required = true"))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim())
        .filter(|name| !name.starts_with('#'))
        .map(|name| format!("SPIN_VARIABLE_{}", name.to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(file: impl Into<String>) -> Variables {
        Variables {
            file: file.into(),
            environment: |_| None,
        }
    }

    const MANIFEST: &str = r#"
[application]
name = "latch"

[variables]
redis_url = { default = "", secret = true }
otp_secret = { required = true, secret = true }
token_key = { secret = true, required = true, description = "a seed" }
# token_seed = { required = true }

otp_delivery = { required = true }

[component.elsewhere]
other = { required = true }
"#;

    #[test]
    fn a_fresh_file_has_all_that_is_required() {
        let variables = variables(fresh().unwrap());
        assert!(variables.missing(MANIFEST).is_empty());
        assert!(variables.get("SPIN_VARIABLE_SERVICE_TOKEN").is_some());
    }

    #[test]
    fn secrets_are_32_bytes_and_no_two_alike() {
        let variables = variables(fresh().unwrap());
        let secret = variables.get("SPIN_VARIABLE_OTP_SECRET").unwrap();
        let key = variables.get("SPIN_VARIABLE_TOKEN_KEY").unwrap();
        for value in [&secret, &key] {
            assert_eq!(value.len(), 64);
            assert!(value.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
        assert_ne!(secret, key);
    }

    #[test]
    fn what_is_missing_is_named_and_nothing_else() {
        let file = "SPIN_VARIABLE_OTP_DELIVERY=log\n\
                    SPIN_VARIABLE_OTP_SECRET=\n\
                    # SPIN_VARIABLE_TOKEN_KEY=0123\n";
        assert_eq!(
            variables(file).missing(MANIFEST),
            ["SPIN_VARIABLE_OTP_SECRET", "SPIN_VARIABLE_TOKEN_KEY"]
        );
    }

    #[test]
    fn lines_are_read_as_people_write_them() {
        let variables = variables("A = \"one\"\nexport B='two=2'\n");
        assert_eq!(variables.get("A").as_deref(), Some("one"));
        assert_eq!(variables.get("B").as_deref(), Some("two=2"));
        assert_eq!(variables.get("C"), None);
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let variables = Variables {
            environment: |name| (name == "A").then(|| "environment".to_owned()),
            ..variables("A=file\nB=file\n")
        };
        assert_eq!(variables.get("A").as_deref(), Some("environment"));
        assert_eq!(variables.get("B").as_deref(), Some("file"));
    }
}
