//! The scripts of circuit, against a model and on their own.

mod events;
mod foreign;
mod model;
mod pages;
mod race;
mod scripts;
mod sequences;
mod size;

/// The one circuit of a test.
const KEY: &str = "rollout:circuit:gmail";
