//! `cargo xtask test`: every test there is, level by level.

use std::ffi::OsString;
use std::fmt;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};
use lexopt::{Arg, ValueExt as _};

use crate::cargo::{self, cargo};
use crate::lockfile::Lockfile;
use crate::progress::{print, say};
use crate::tally::Tally;
use crate::{install, node, other_redis, process, redis};

/// What `cargo xtask test` was asked.
#[derive(Debug, Default)]
pub(crate) struct Options {
    levels: Vec<Level>,
    /// As much as time allows: see tests/src/lib.rs.
    long: bool,
    /// For the test programs: names to filter by, and options.
    harness: Vec<OsString>,
}

// === impl Options ===

impl Options {
    pub(crate) fn parse(mut args: lexopt::Parser) -> anyhow::Result<Self> {
        let mut options = Self::default();
        while let Some(arg) = args.next()? {
            match arg {
                Arg::Long("level") => options.levels.push(Level::parse(&args.value()?.string()?)?),
                Arg::Long("long") => options.long = true,
                Arg::Value(arg) => options.harness.push(arg),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }

    /// The levels that were asked for; all, if none was named.
    fn levels(&self) -> impl Iterator<Item = Level> {
        Level::ALL
            .into_iter()
            .filter(|level| self.levels.is_empty() || self.levels.contains(level))
    }
}

/// One kind of tests, by what they need to run. In the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Natively, nothing else needed.
    Unit,
    /// The same pure code as wasm, in Node.
    Wasm,
    /// Every Lua script, in a real Redis.
    Script,
    /// The handlers on the native platform, and HTTP against the running app, over a real Redis.
    EndToEnd,
}

// === impl Level ===

impl Level {
    const ALL: [Self; 4] = [Self::Unit, Self::Wasm, Self::Script, Self::EndToEnd];

    const fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Wasm => "wasm",
            Self::Script => "script",
            Self::EndToEnd => "e2e",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Unit => "Unit tests",
            Self::Wasm => "Unit tests on wasm32-unknown-unknown",
            Self::Script => "Script tests",
            Self::EndToEnd => "End-to-end tests",
        }
    }

    fn parse(name: &str) -> anyhow::Result<Self> {
        Self::ALL
            .into_iter()
            .find(|level| level.name() == name)
            .with_context(|| format!("no such level: {name} (unit, wasm, script or e2e)"))
    }

    /// Installs and builds what the level needs, and says by what commands it is run.
    fn prepare(self) -> anyhow::Result<Vec<Command>> {
        let mut command = cargo();
        command.args(["test", "--no-fail-fast"]);
        match self {
            Self::Unit => {
                command.args(["--workspace", "--exclude", "tests", "--exclude", "host"]);
                // In the profile in which it is built to run: wasmtime is compiled once, not twice.
                let mut host = cargo();
                host.args(["test", "--no-fail-fast", "--profile", "host", "-p", "host"]);
                return Ok(vec![command, host]);
            }
            Self::Wasm => prepare_wasm(&mut command)?,
            Self::Script => {
                command
                    .args(["-p", "tests", "--test", "scripts"])
                    .env("LATCH_REDIS_SERVER", redis::program()?);
            }
            Self::EndToEnd => {
                let redis = redis::program()?;
                let node = node::for_tests()?;
                let nginx = install::nginx()?;
                cargo::build_components()?;
                command
                    .args(["-p", "tests", "--test", "dependencies"])
                    .args(["--test", "native", "--test", "fuzz"])
                    .args(["--test", "e2e", "--test", "faults"])
                    .env("LATCH_REDIS_SERVER", redis)
                    .envs(other_redis::for_tests())
                    .env("LATCH_NODE", node)
                    .env("LATCH_NGINX", nginx)
                    .env("LATCH_HOST_BIN", cargo::build_host()?);
            }
        }
        Ok(vec![command])
    }

    /// Runs the level's tests as `options` say.
    fn run(self, options: &Options) -> Outcome {
        let harness = options.harness.as_slice();
        print(format_args!("\n=== {} ===", self.title()));
        let mut tally = Tally::default();
        let ended = self.prepare().and_then(|commands| {
            let mut unsuccessful = None;
            for mut command in commands {
                command.arg("--").args(harness);
                if options.long {
                    command.env("LATCH_LONG", "1");
                }
                let status = process::run_watched(&mut command, |line| {
                    tally += Tally::from_line(line).unwrap_or_default();
                })?;
                if !status.success() {
                    unsuccessful = Some(status);
                }
            }
            Ok(unsuccessful)
        });
        let trouble = match ended {
            Err(error) => {
                say(format_args!("error: {error:#}"));
                Some("could not be run".to_owned())
            }
            // Its failed tests are reason enough.
            Ok(_) if tally.failed > 0 => None,
            Ok(Some(status)) => Some(format!("cargo test ended with {status}")),
            Ok(_) if tally.ran() == 0 && harness.is_empty() => Some("no test was run".to_owned()),
            Ok(_) => None,
        };
        Outcome {
            level: self,
            tally,
            trouble,
        }
    }
}

/// The packages with tests for wasm are those that use wasm-bindgen's test attribute.
fn prepare_wasm(command: &mut Command) -> anyhow::Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let lock = Lockfile::read()?;
    let packages = lock.dependents("wasm-bindgen-test");
    ensure!(!packages.is_empty(), "no package uses wasm-bindgen-test");
    let version = lock
        .version("wasm-bindgen")
        .context("Cargo.lock lacks wasm-bindgen")?;
    install::target(TARGET)?;
    install::node()?;
    let runner = install::wasm_test_runner(version)?;
    command
        .args(["--lib", "--target", TARGET])
        .args(packages.iter().flat_map(|package| ["-p", package]))
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)
        // The runner reads all debug information and makes no use of it.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_DEV_STRIP", "debuginfo");
    Ok(())
}

/// How a level went.
struct Outcome {
    level: Level,
    tally: Tally,
    /// Why it failed, if not for its failed tests.
    trouble: Option<String>,
}

// === impl Outcome ===

impl Outcome {
    /// The tests, and one failure more for a level that failed otherwise.
    fn counted(&self) -> Tally {
        let failed = u32::from(self.trouble.is_some());
        self.tally
            + Tally {
                failed,
                ..Tally::default()
            }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            passed,
            failed,
            ignored,
        } = self.tally;
        let name = self.level.name();
        write!(
            f,
            "{name:8}{passed:5} passed{failed:5} failed{ignored:5} ignored"
        )?;
        match &self.trouble {
            Some(trouble) => write!(f, "  FAILED: {trouble}"),
            None => Ok(()),
        }
    }
}

/// Runs the levels one after the other, whatever the ones before came to, and sums up.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut outcomes = Vec::new();
    for level in options.levels() {
        let outcome = level.run(options);
        ensure!(!process::interrupted(), "interrupted");
        print(format_args!("\n{outcome}"));
        outcomes.push(outcome);
    }
    print("\n=== Summary ===");
    let mut total = Tally::default();
    for outcome in &outcomes {
        print(outcome);
        total += outcome.counted();
    }
    if total.ran() == 0 {
        say("No test has that name");
    }
    print(format_args!(
        "{} passed, {} failed",
        total.passed, total.failed
    ));
    Ok(if total.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(args: &[&str]) -> anyhow::Result<Options> {
        Options::parse(lexopt::Parser::from_args(args))
    }

    #[test]
    fn all_levels_run_unless_some_are_named() {
        let levels = |args| options(args).unwrap().levels().collect::<Vec<_>>();
        assert_eq!(levels(&[]), Level::ALL);
        assert_eq!(
            levels(&["--level", "e2e", "--level=unit"]),
            [Level::Unit, Level::EndToEnd]
        );
        assert!(options(&["--level", "integration"]).is_err());
    }

    #[test]
    fn other_words_are_for_the_test_programs() {
        let options = options(&["verify_", "--level", "unit", "--", "--nocapture"]).unwrap();
        assert_eq!(options.harness, ["verify_", "--nocapture"]);
        assert_eq!(options.levels, [Level::Unit]);
        assert!(!options.long);
    }

    #[test]
    fn a_long_run_is_asked_for() {
        assert!(options(&["--long", "--level", "e2e"]).unwrap().long);
    }

    #[test]
    fn a_level_that_could_not_run_counts_as_a_failure() {
        let outcome = Outcome {
            level: Level::Wasm,
            tally: Tally::default(),
            trouble: Some("no test was run".to_owned()),
        };
        assert_eq!(outcome.counted().failed, 1);
        assert!(outcome.to_string().ends_with("FAILED: no test was run"));
    }
}
