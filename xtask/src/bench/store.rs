//! The Redis of one measurement, seen through `redis-cli`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use crate::bench::cpu;
use crate::redis::Private;
use crate::{install, process};

/// A private Redis and what it has counted.
pub(crate) struct Store(Private);

/// What a Redis has counted so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// `EVALSHA` and `EVAL`: decisions.
    pub(crate) scripts: u64,
    /// Their time, in microseconds.
    pub(crate) script_us: u64,
    pub(crate) connections: u64,
    pub(crate) cpu_us: u64,
}

/// Makes sure that `redis-cli` and `redis-benchmark` are there: they come with the server.
pub(crate) fn find() -> anyhow::Result<()> {
    crate::redis::program()?;
    tool("cli")?;
    tool("benchmark").map(drop)
}

/// `redis-NAME` or `valkey-NAME`.
pub(crate) fn tool(name: &str) -> anyhow::Result<PathBuf> {
    let names = [format!("redis-{name}"), format!("valkey-{name}")];
    install::find(&names.each_ref().map(String::as_str))
        .with_context(|| format!("redis-{name} is not on the PATH"))
}

// === impl Store ===

impl Store {
    pub(crate) fn start() -> anyhow::Result<Self> {
        Private::start().map(Self)
    }

    pub(crate) fn url(&self) -> String {
        self.0.url()
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port()
    }

    /// Runs one command.
    pub(crate) fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut cli = Command::new(tool("cli")?);
        cli.args(["-p", &self.port().to_string()]).args(arguments);
        process::output(&mut cli)
    }

    /// A number of `INFO`: `used_memory`.
    pub(crate) fn info(&self, name: &str) -> anyhow::Result<u64> {
        let info = self.run(&["INFO", "everything"])?;
        number(&info, name).with_context(|| format!("INFO lacks {name}"))
    }

    pub(crate) fn counts(&self) -> anyhow::Result<Counts> {
        let info = self.run(&["INFO", "everything"])?;
        let (mut scripts, mut script_us) = (0, 0);
        for line in info.lines() {
            if line.starts_with("cmdstat_evalsha:") || line.starts_with("cmdstat_eval:") {
                scripts += field(line, "calls");
                script_us += field(line, "usec");
            }
        }
        Ok(Counts {
            scripts,
            script_us,
            connections: number(&info, "total_connections_received").unwrap_or_default(),
            cpu_us: cpu::of_group(self.0.group()),
        })
    }
}

// === impl Counts ===

impl Counts {
    /// What came between `before` and this, less the one connection of the look itself.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            scripts: self.scripts - before.scripts,
            script_us: self.script_us - before.script_us,
            connections: (self.connections - before.connections).saturating_sub(1),
            cpu_us: self.cpu_us - before.cpu_us,
        }
    }
}

/// `name:value` on a line of its own.
fn number(info: &str, name: &str) -> Option<u64> {
    let lines = info.lines().filter_map(|line| line.trim().split_once(':'));
    lines
        .into_iter()
        .find_map(|(known, value)| (known == name).then(|| value.parse().ok())?)
}

/// `cmdstat_evalsha:calls=3,usec=40,...`
fn field(line: &str, name: &str) -> u64 {
    let (_, fields) = line.split_once(':').unwrap_or_default();
    fields
        .split(',')
        .filter_map(|field| field.split_once('='))
        .find_map(|(known, value)| (known == name).then(|| value.parse().ok())?)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn info_is_read() {
        let info = "# Memory\r\nused_memory:1024\r\nused_memory_human:1K\r\n";
        assert_eq!(number(info, "used_memory"), Some(1024));
        assert_eq!(number(info, "used"), None);
        let line = "cmdstat_evalsha:calls=3,usec=40,usec_per_call=13.33";
        assert_eq!((field(line, "calls"), field(line, "usec")), (3, 40));
    }
}
