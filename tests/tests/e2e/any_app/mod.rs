//! What holds however the app is configured. These tests run against the app at `LATCH_BASE_URL`
//! too: `cargo test -p tests --test e2e any_app`.

mod bodies;
mod fields;
mod http;
mod jwks;
mod sign_in;
