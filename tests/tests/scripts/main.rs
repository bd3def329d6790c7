//! Each Lua script against a plain Rust model of what it should do, on a real Redis: random
//! sequences of everything that can happen to a key, and the same answers throughout.
//!
//! Time is driven: the scripts' clock is a key that the test sets, and what expires is made to
//! expire. `PROPTEST_CASES` sets how many sequences are tried.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic here is a failed test"
)]

mod attack;
mod circuit;
mod driven;
mod oauth;
mod oauth_model;
mod otp_model;
mod otp_overlaps;
mod otp_sequences;
mod rate_limit;
mod request_limit;
mod reserve;
mod settle;
mod verify;
