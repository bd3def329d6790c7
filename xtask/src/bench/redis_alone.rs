//! Redis without the app: the same calls of the same scripts, by `redis-benchmark`.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::bench::load::Load;
use crate::bench::store::{self, Store};
use crate::bench::subject::Subject;
use crate::bench::workload::Workload;
use crate::process;

/// Decisions of one script that may be asked again and again.
const DECISIONS: [Workload; 3] = [Workload::IssueState, Workload::Acquire, Workload::Take];

/// Calls a second at 32 connections, for each decision.
pub(crate) fn measure(host: &Subject, seconds: u32) -> anyhow::Result<Vec<(Workload, f64)>> {
    let each = |&workload| {
        let store = Store::start()?;
        let call = capture(host, workload, &store)?;
        let calls = (seconds * 40_000).to_string();
        let mut benchmark = Command::new(store::tool("benchmark")?);
        benchmark
            .args(["-p", &store.port().to_string(), "-c", "32"])
            .args(["-n", &calls, "--csv"])
            .args(call);
        let rate = rate(&process::output(&mut benchmark)?)?;
        Ok((workload, rate))
    };
    DECISIONS.iter().map(each).collect()
}

/// The arguments of a script's call, as the app sends it.
fn capture(host: &Subject, workload: Workload, store: &Store) -> anyhow::Result<Vec<String>> {
    let server = host.start(workload.component(), store)?;
    let mut monitor = Command::new(store::tool("cli")?)
        .args(["-p", &store.port().to_string(), "MONITOR"])
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = monitor.stdout.take().context("MONITOR has no output")?;
    let mut lines = BufReader::new(lines).lines();
    let started = lines.next().transpose()?;
    ensure!(started.as_deref() == Some("OK"), "MONITOR did not start");
    let load = Load {
        script: workload.script(),
        url: &server.url(),
        connections: 1,
        seconds: 1,
        from: 0,
        count: 0,
    };
    // MONITOR waits while its pipe is full, and Redis drops it then: so both at once.
    let found = std::thread::scope(|scope| {
        scope.spawn(|| load.run());
        lines
            .by_ref()
            .map_while(Result::ok)
            .filter(|line| line.contains("\"EVALSHA\""))
            .nth(1)
    });
    let _ = monitor.kill();
    let _ = monitor.wait();
    let line = found.context("the app called no script")?;
    Ok(arguments(&line))
}

/// The quoted words of a line of MONITOR. Of its escapes Latch's calls need only those of the quote
/// and the backslash.
fn arguments(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, &mut word) {
            ('"', None) => word = Some(String::new()),
            ('"', Some(_)) => words.extend(word.take()),
            ('\\', Some(word)) => word.extend(characters.next()),
            (other, Some(word)) => word.push(other),
            (_, None) => {}
        }
    }
    words
}

/// Of `"test","rps",...` and a line of numbers below it.
fn rate(csv: &str) -> anyhow::Result<f64> {
    // The name of the test is the call itself, quotes and all.
    let numbers = csv.lines().last().unwrap_or_default();
    let rate = numbers.rsplit("\",\"").nth(6);
    rate.and_then(|rate| rate.parse().ok())
        .with_context(|| format!("redis-benchmark printed:\n{csv}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_from_monitor() {
        let line = r#"1700000000.123456 [0 127.0.0.1:4000] "EVALSHA" "ab12" "1" "{\"a\":1}""#;
        assert_eq!(arguments(line), ["EVALSHA", "ab12", "1", r#"{"a":1}"#]);
    }

    #[test]
    fn the_rate_is_read_from_csv() {
        let csv = "\"test\",\"rps\",\"avg_latency_ms\"\n\
                   \"EVALSHA a,b\",\"51282.05\",\"0.3\",\"0.1\",\"0.3\",\"0.5\",\"0.6\",\"1.0\"";
        assert_eq!(rate(csv).unwrap(), 51282.05);
    }
}
