//! Whether the time of an answer tells a right secret from a wrong one, or one wrong one from another.
//!
//! ```sh
//! cargo run --profile host -p tests --example timing
//! ```
//!
//! The handlers run natively on a Redis that is started for it, one call at a time, in one thread, with
//! the kinds that are compared taking turns in an order drawn for each round. `TIMING_SAMPLES` sets how
//! many calls there are of each kind. What is measured is printed and held against nothing: a busy
//! machine says anything. Each table has a control, which is one kind measured twice.

// The future of a measurement is a deep type.
#![recursion_limit = "256"]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic here is a measurement that went wrong"
)]

mod codes;
mod numbers;
mod race;
mod rank;
mod subject;
mod tokens;

use tests::{Redis, Webhook};

use crate::subject::Subject;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let samples = std::env::var("TIMING_SAMPLES").map_or(2000, |samples| samples.parse().unwrap());
    let (redis, webhook) = (Redis::start().await, Webhook::start().await);
    let subject = Subject::new(&redis, &webhook);

    println!("\nThe service token, up to the first look at the body\n");
    println!("{}", tokens::compare(&subject, samples).await);
    println!("\nA guess at a code that is alive\n");
    println!("{}", codes::compare(&subject, samples).await);
    println!("\nA request for a code, delivered to a webhook on this machine\n");
    println!(
        "{}",
        numbers::compare(&subject, &webhook, samples.min(500)).await
    );
}
