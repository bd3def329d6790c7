//! The load: wrk, with a script for each kind of call.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::bench::settings::{GUESSES, NUMBERS, TOKEN};
use crate::progress::say;
use crate::{install, process, workspace};

/// What wrk saw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    /// Answers with a status above 399.
    pub(crate) refused: u64,
}

/// A run of wrk that is being put together.
pub(crate) struct Load<'a> {
    pub(crate) script: &'a str,
    pub(crate) url: &'a str,
    pub(crate) connections: u32,
    pub(crate) seconds: u32,
    /// The number of the first call.
    pub(crate) from: u64,
    /// For a preparation: how many calls. It ends when they are answered.
    pub(crate) count: u64,
}

/// wrk, installed if need be and possible.
pub(crate) fn find() -> anyhow::Result<PathBuf> {
    if install::find(&["wrk"]).is_none() && install::can_install_packages() {
        install::package("wrk")?;
    }
    install::find(&["wrk"]).context("wrk, which makes the load, is not on the PATH")
}

/// Where a preparation puts the states that it was given.
fn states() -> PathBuf {
    workspace::target().join("bench").join("states")
}

// === impl Load ===

impl Load<'_> {
    /// Sends so many calls that are not measured. The script ends wrk when they are answered.
    pub(crate) fn prepare(&self) -> anyhow::Result<()> {
        process::output(&mut self.wrk()?).map(drop)
    }

    /// wrk on one thread: its bodies are numbered.
    fn wrk(&self) -> anyhow::Result<Command> {
        let scripts = workspace::root().join("xtask/bench/wrk");
        std::fs::create_dir_all(workspace::target().join("bench"))?;
        let mut wrk = Command::new(find()?);
        wrk.args(["--threads", "1", "--timeout", "30s"])
            .args(["--connections", &self.connections.to_string()])
            .args(["--duration", &format!("{}s", self.seconds)])
            .arg("--script")
            .arg(scripts.join(self.script))
            .arg(self.url)
            .env("LATCH_BENCH_LUA", &scripts)
            .env("LATCH_BENCH_TOKEN", TOKEN)
            .env("LATCH_BENCH_FROM", self.from.to_string())
            .env("LATCH_BENCH_NUMBERS", NUMBERS.to_string())
            .env("LATCH_BENCH_GUESSES", GUESSES.to_string())
            .env("LATCH_BENCH_COUNT", self.count.to_string())
            .env("LATCH_BENCH_STATES", states());
        Ok(wrk)
    }

    /// Lets wrk run for its time.
    pub(crate) fn run(&self) -> anyhow::Result<Seen> {
        let mut wrk = self.wrk()?;
        let output = process::output(&mut wrk)?;
        let report = output.lines().last().unwrap_or_default();
        let report: Value = serde_json::from_str(report)
            .with_context(|| format!("wrk printed no report:\n{output}"))?;
        let number = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
        ensure!(number("requests") > 0, "no answer to {}", self.script);
        let (broken, how) = (number("broken"), report.get("how"));
        if broken > 0 {
            say(format_args!("{broken} connections broke: {how:?}"));
        }
        ensure!(
            broken * 1_000 <= number("requests"),
            "{broken} connections broke or hung under {}",
            self.script
        );
        Ok(Seen {
            requests: number("requests"),
            seconds: number("duration_us") as f64 / 1e6,
            p50_us: number("p50_us"),
            p99_us: number("p99_us"),
            refused: number("non2xx"),
        })
    }
}
