//! `cargo xtask bench`: how fast the app is, beside its host's ceiling, the same handlers as native
//! programs, and what people use today. One run, one table: only ratios within it mean anything.

mod cell;
mod cpu;
mod growth;
mod load;
mod memory;
mod redis_alone;
mod report;
mod settings;
mod sizes;
mod startup;
mod store;
mod subject;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use lexopt::Arg;

use crate::bench::cell::Cell;
use crate::bench::report::Results;
use crate::bench::subject::Subject;
use crate::progress::say;
use crate::{cargo, install, process, workspace};

/// What `cargo xtask bench` was asked.
#[derive(Debug)]
pub(crate) struct Options {
    spin: Option<PathBuf>,
    seconds: u32,
    rounds: u32,
    connections: Vec<u32>,
    /// Also what takes minutes beside the table: memory, growth, and starts.
    whole: bool,
}

// === impl Options ===

impl Options {
    pub(crate) fn parse(mut args: lexopt::Parser) -> anyhow::Result<Self> {
        let mut options = Self {
            spin: None,
            seconds: 3,
            rounds: 3,
            connections: vec![1, 32, 256],
            whole: true,
        };
        while let Some(arg) = args.next()? {
            match arg {
                Arg::Long("spin") => options.spin = Some(args.value()?.into()),
                Arg::Long("quick") => {
                    options.seconds = 1;
                    options.rounds = 1;
                    options.connections = vec![32];
                    options.whole = false;
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

/// Builds all subjects, puts each under each load in turn, and writes down what was seen.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    load::find()?;
    store::find()?;
    cargo::build_components()?;
    let host = &Subject::Host(cargo::build_host()?);
    let mut subjects = vec![host.clone()];
    if let Some(spin) = options.spin.clone().or_else(|| install::find(&["spin"])) {
        subjects.push(Subject::Spin(spin));
    }
    subjects.push(Subject::Native(cargo::build_native()?));
    subjects.push(Subject::FastApi(subject::install_fastapi()?));

    let mut results = Results::new(options.seconds, options.rounds);
    for round in 1..=options.rounds {
        for &connections in &options.connections {
            for subject in &subjects {
                for &workload in subject.workloads() {
                    ensure!(!process::interrupted(), "interrupted");
                    let cell = Cell::new(subject, workload, connections);
                    let measured = cell.measure(options.seconds, results.ceiling(&cell))?;
                    say(format_args!("round {round}  {cell}  {measured}"));
                    results.add(&cell, measured);
                }
            }
        }
    }
    results.redis_alone = redis_alone::measure(host, options.seconds)?;
    results.sizes = sizes::components()?;
    if options.whole {
        results.starts = Some(startup::measure(host)?);
        results.memory = Some(memory::measure(host)?);
        results.growth = Some(growth::measure(host, options.seconds)?);
    }
    let folder = workspace::target().join("bench");
    results.publish(&folder)?;
    Ok(ExitCode::SUCCESS)
}
