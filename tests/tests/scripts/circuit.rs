//! The scripts of circuit, against a model and on their own.

mod clock;
mod events;
mod foreign;
mod generation;
mod model;
mod pages;
mod race;
mod ramp;
mod refused;
mod scripts;
mod sequences;
mod size;

/// The one circuit of a test.
const KEY: &str = "rollout:circuit:gmail";
