//! The app from outside: HTTP in, HTTP out, a real Redis behind it. One module for each topic; the
//! names of the tests are the rules.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic here is a failed test"
)]

mod any_app;
mod circuit;
mod client_address;
mod clock;
mod config;
mod cors;
mod delivery;
mod events;
mod failures;
mod flood;
mod health;
mod hostile;
mod idempotency;
mod keys;
mod limits;
mod messages;
mod oauth;
mod races;
mod rate_limit;
mod request;
mod resend;
mod rotation;
mod said_back;
mod secrecy;
mod sign_in;
mod store;
mod test_numbers;
mod token;
mod verify;
