//! A fleet of a hundred clients through an outage of what they call: with one circuit breaker for all
//! of them, and with one each.
//!
//! ```sh
//! cargo run -p tests --example circuit_fleet
//! ```
//!
//! Both run the component's own scripts on a Redis that is started for it, with driven time. Chance is
//! seeded, so the figures are the same each time. They go to standard output, and the plot into
//! `docs/circuit-fleet.svg`; docs/circuit.md says what they mean.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic here is a simulation that went wrong"
)]

mod breakers;
mod chance;
mod fleet;
mod plot;
mod scenario;
mod seen;

use std::fs;

use tests::{Redis, workspace};

use crate::breakers::Breakers;
use crate::scenario::{Manner, Scenario};

#[tokio::main]
async fn main() {
    let redis = Redis::start().await;
    let mut panels = Vec::new();
    for scenario in Scenario::ALL {
        let runs = Manner::BOTH.map(|manner| {
            let mut breakers = Breakers::new(&redis, &scenario.policy());
            (manner, fleet::run(scenario, manner, &mut breakers))
        });
        println!("\n{}\n\n{}", scenario.title(), seen::table(&runs));
        panels.push((scenario, runs));
    }
    let path = workspace().join("docs/circuit-fleet.svg");
    fs::write(&path, plot::svg(&panels)).expect("the plot can be written");
    println!("\nThe plot is in {}.", path.display());
}
