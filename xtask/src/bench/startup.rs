//! How long it takes until there is an instance.

use std::fs;
use std::time::Instant;

use anyhow::Context as _;

use crate::bench::load::Load;
use crate::bench::store::Store;
use crate::bench::subject::Subject;
use crate::workspace;

/// Times of the local host, in milliseconds, but for the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Starts {
    /// From the start of the program to an answer, every component compiled.
    pub(crate) cold_ms: f64,
    /// The same with what the last start compiled.
    pub(crate) warm_ms: f64,
    /// What a new instance adds to a request, in microseconds.
    pub(crate) instance_us: f64,
}

pub(crate) fn measure(host: &Subject) -> anyhow::Result<Starts> {
    // Where the local host keeps what it has compiled.
    let _ = fs::remove_dir_all(workspace::target().join("latch-host"));
    let cold_ms = first_answer(host)?;
    let warm_ms = first_answer(host)?;
    let reused = p50_us(host, &[])?;
    let new = p50_us(host, &["--max-instance-reuse-count", "1"])?;
    Ok(Starts {
        cold_ms,
        warm_ms,
        instance_us: new - reused,
    })
}

fn first_answer(host: &Subject) -> anyhow::Result<f64> {
    let store = Store::start()?;
    let begun = Instant::now();
    let server = host.start("otp-verify", &store)?;
    let url = format!("{}/.well-known/jwks.json", server.url());
    ureq::get(&url).call().context("the first answer")?;
    Ok(begun.elapsed().as_secs_f64() * 1_000.0)
}

fn p50_us(host: &Subject, arguments: &[&str]) -> anyhow::Result<f64> {
    let store = Store::start()?;
    let server = host.start_with("otp-verify", &store, arguments)?;
    let load = Load {
        script: "jwks.lua",
        url: &server.url(),
        connections: 1,
        seconds: 3,
        from: 0,
        count: 0,
    };
    load.run()?;
    Ok(load.run()?.p50_us as f64)
}
