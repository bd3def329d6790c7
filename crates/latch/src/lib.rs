//! What every Latch component stands on.
//!
//! A component is a [`Component`]: its configuration, the routes it answers, and a handler for
//! each. [`App`] takes a request through what all of them share (route, method, CORS,
//! authentication, size) to the handler, and its answer back. Handlers see a [`Context`]: Redis,
//! by [`Script`]s, and the [`Platform`].

mod app;
mod auth;
mod body;
mod call;
mod client;
mod config;
mod connection;
mod cors;
mod exchange;
mod export;
mod head;
mod idempotency;
mod json;
mod log;
pub mod platform;
mod problem;
mod quota;
pub mod request_limit;
mod response;
mod route;
mod script;
mod store;
mod timer;

pub use app::{App, Component, Context};
pub use body::{Body, BodyBroken};
pub use call::Call;
pub use client::ClientAddress;
pub use config::{Misconfigured, Variables};
pub use cors::parse_origin;
pub use head::{Head, Headers};
pub use idempotency::idempotency_key;
pub use json::parse_json;
pub use log::{Event, mask_phone};
pub use platform::{Argument, Platform};
pub use problem::{Kind, Problem};
pub use quota::{Quota, whole_seconds, with_quotas};
pub use request_limit::{Counted, RequestLimit, Subject};
pub use response::{Response, json};
pub use route::{Access, Route};
pub use script::{Replies, Returned, Script};
pub use store::StoreError;
