//! The table, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::bench::cell::{Cell, Measured};
use crate::bench::growth::{Growth, Step};
use crate::bench::memory::KEYS;
use crate::bench::startup::Starts;
use crate::bench::workload::Workload;
use crate::progress::print;

/// Requests a second that are prepared for where no ceiling is known.
const UNKNOWN_CEILING: f64 = 30_000.0;

/// All that was seen.
pub(crate) struct Results {
    seconds: u32,
    rounds: u32,
    /// In the order in which they were first measured.
    order: Vec<Key>,
    cells: BTreeMap<Key, Vec<Measured>>,
    pub(crate) redis_alone: Vec<(Workload, f64)>,
    pub(crate) sizes: Vec<(String, u64)>,
    pub(crate) starts: Option<Starts>,
    pub(crate) memory: Option<Vec<(&'static str, f64)>>,
    pub(crate) growth: Option<Growth>,
}

type Key = (u32, &'static str, Workload);

// === impl Results ===

impl Results {
    pub(crate) fn new(seconds: u32, rounds: u32) -> Self {
        Self {
            seconds,
            rounds,
            order: Vec::new(),
            cells: BTreeMap::new(),
            redis_alone: Vec::new(),
            sizes: Vec::new(),
            starts: None,
            memory: None,
            growth: None,
        }
    }

    pub(crate) fn add(&mut self, cell: &Cell<'_>, measured: Measured) {
        let key = key(cell);
        if !self.order.contains(&key) {
            self.order.push(key);
        }
        self.cells.entry(key).or_default().push(measured);
    }

    /// What the subject of `cell` did at most so far, at as many connections.
    pub(crate) fn ceiling(&self, cell: &Cell<'_>) -> f64 {
        let (connections, subject, _) = key(cell);
        let ceiling = self.median((connections, subject, Workload::Static), |seen| seen.rate);
        ceiling.unwrap_or(UNKNOWN_CEILING)
    }

    fn median(&self, key: Key, of: impl Fn(&Measured) -> f64) -> Option<f64> {
        let mut values: Vec<_> = self.cells.get(&key)?.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }

    /// How a rate compares with the static answer of the same subject, and with FastAPI: its
    /// otp-verify, where it has no such endpoint.
    fn ratios(&self, key: Key) -> (Option<f64>, Option<f64>) {
        let (connections, subject, workload) = key;
        let rate = self.median(key, |seen| seen.rate);
        let to = |other| Some(rate? / self.median(other, |seen| seen.rate)?);
        let same = (connections, "fastapi", workload);
        let verify = (connections, "fastapi", Workload::VerifyOtp);
        let fastapi = to(same).or_else(|| to(verify));
        (to((connections, subject, Workload::Static)), fastapi)
    }

    /// Prints the table and leaves it in `folder`, with everything as JSON beside it.
    pub(crate) fn publish(&self, folder: &Path) -> anyhow::Result<()> {
        let text = self.text();
        fs::create_dir_all(folder)?;
        fs::write(folder.join("results.txt"), &text)?;
        let json = serde_json::to_string_pretty(&self.json())?;
        fs::write(folder.join("results.json"), json)?;
        print(text);
        print(format_args!(
            "Also in {}, and as results.json beside it",
            folder.join("results.txt").display()
        ));
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = format!(
            "Medians of {} rounds of {} s; CPU is microseconds of the server and of Redis a request\n\n\
             {:>4}  {:10}  {:15} {:>8} {:>7} {:>8} {:>5} {:>5} {:>7} {:>7} {:>6} {:>7}\n",
            self.rounds,
            self.seconds,
            "conn",
            "subject",
            "call",
            "req/s",
            "p50 us",
            "p99 us",
            "cpu",
            "redis",
            "static",
            "fastapi",
            "script",
            "conn/1k",
        );
        for &key in &self.order {
            let (connections, subject, workload) = key;
            let of = |of: fn(&Measured) -> f64| self.median(key, of).unwrap_or_default();
            let (ceiling, fastapi) = self.ratios(key);
            let ratio = |ratio: Option<f64>| ratio.map_or("-".to_owned(), |x| format!("{x:.2}"));
            let _ = writeln!(
                text,
                "{connections:4}  {subject:10}  {:15} {:8.0} {:7.0} {:8.0} {:5.0} {:5.0} {:>7} {:>7} {:6.2} {:7.1}",
                workload.name(),
                of(|seen| seen.rate),
                of(|seen| seen.p50_us),
                of(|seen| seen.p99_us),
                of(|seen| seen.cpu_us),
                of(|seen| seen.redis_cpu_us),
                ratio(ceiling),
                ratio(fastapi),
                of(|seen| seen.scripts),
                of(|seen| seen.connections),
            );
        }
        let _ = writeln!(
            text,
            "\nRedis alone, 32 connections, the same call again and again:"
        );
        for (workload, rate) in &self.redis_alone {
            let _ = writeln!(text, "  {:15} {rate:8.0} req/s", workload.name());
        }
        let _ = writeln!(text, "\nBytes of wasm:");
        for (name, bytes) in &self.sizes {
            let _ = writeln!(text, "  {name:15} {bytes:8}");
        }
        if let Some(starts) = &self.starts {
            let _ = writeln!(
                text,
                "\nThe local host's first answer: {:.0} ms with nothing compiled, {:.0} ms with its \
                 cache; a new instance adds {:.0} us to a request",
                starts.cold_ms, starts.warm_ms, starts.instance_us
            );
        }
        if let Some(memory) = &self.memory {
            let _ = writeln!(text, "\nBytes of used_memory for each of {KEYS}:");
            for (kind, bytes) in memory {
                let _ = writeln!(text, "  {kind:17} {bytes:6.0}");
            }
        }
        if let Some(growth) = &self.growth {
            steps(
                &mut text,
                "Takes with so many other keys in Redis",
                &growth.keys,
            );
            steps(
                &mut text,
                "Takes with so many requests at once in an instance",
                &growth.at_once,
            );
        }
        text
    }

    fn json(&self) -> Value {
        let cells: Vec<_> = self
            .order
            .iter()
            .map(|&key| {
                let (connections, subject, workload) = key;
                let of = |of: fn(&Measured) -> f64| self.median(key, of);
                let (ceiling, fastapi) = self.ratios(key);
                json!({
                    "connections": connections,
                    "subject": subject,
                    "call": workload.name(),
                    "requests_per_s": of(|seen| seen.rate),
                    "p50_us": of(|seen| seen.p50_us),
                    "p99_us": of(|seen| seen.p99_us),
                    "cpu_us_per_request": of(|seen| seen.cpu_us),
                    "redis_cpu_us_per_request": of(|seen| seen.redis_cpu_us),
                    "script_us": of(|seen| seen.script_us),
                    "scripts_per_request": of(|seen| seen.scripts),
                    "connections_opened_per_1000": of(|seen| seen.connections),
                    "refused": of(|seen| seen.refused),
                    "to_static": ceiling,
                    "to_fastapi": fastapi,
                })
            })
            .collect();
        let named = |pairs: &[(&str, f64)]| -> Value {
            pairs
                .iter()
                .map(|(name, value)| (*name, json!(value)))
                .collect()
        };
        let steps = |steps: &[Step]| -> Value {
            let step = |step: &Step| {
                json!({
                    "at": step.at,
                    "requests_per_s": step.rate,
                    "script_us": step.script_us,
                    "connected": step.connected,
                })
            };
            steps.iter().map(step).collect()
        };
        let alone: Vec<_> = self
            .redis_alone
            .iter()
            .map(|(call, rate)| (call.name(), *rate))
            .collect();
        json!({
            "seconds": self.seconds,
            "rounds": self.rounds,
            "cells": cells,
            "redis_alone_requests_per_s": named(&alone),
            "wasm_bytes": self.sizes.iter().cloned().collect::<BTreeMap<_, _>>(),
            "first_answer_ms": self.starts.map(|starts| json!({
                "cold": starts.cold_ms, "cached": starts.warm_ms,
            })),
            "new_instance_us": self.starts.map(|starts| starts.instance_us),
            "memory_bytes_per_key": self.memory.as_deref().map(named),
            "growth_with_keys": self.growth.as_ref().map(|growth| steps(&growth.keys)),
            "growth_with_requests_at_once": self.growth.as_ref().map(|growth| steps(&growth.at_once)),
        })
    }
}

const fn key(cell: &Cell<'_>) -> Key {
    (cell.connections, cell.subject.name(), cell.workload)
}

fn steps(text: &mut String, title: &str, steps: &[Step]) {
    let _ = writeln!(text, "\n{title}:");
    for step in steps {
        let _ = writeln!(
            text,
            "  {:8} {:8.0} req/s  {:5.1} us a script  {:3} connections",
            step.at, step.rate, step.script_us, step.connected
        );
    }
}
