//! What callers see while the network and Redis fail, and that no decision is a wrong one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic here is a failed test"
)]

mod failover;
mod full;
mod history;
mod load;
mod lost_answers;
mod refused;
mod soak;
mod under_load;
mod world;
