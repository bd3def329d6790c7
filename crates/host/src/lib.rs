//! A small local host: runs the HTTP components of a `spin.toml` on wasmtime for development,
//! tests and CI, where the Spin CLI is not installed. It is not for production; Spin is.
//!
//! What a component can observe is as on Spin 4.1: variables, Redis, outbound HTTP, routes, request
//! headers, the reuse and the end of instances. Each module names the part of Spin that it mirrors.
//! What this host does not offer it refuses at the start, by name.
//!
//! ```text
//! args, runtime_config, manifest ──> variables ──> app ──> server ──> answer ──> reuse
//!                                                   │                  │           │
//!                                    engine, component     routes, headers      instance
//!                                                                                  │
//!               stdio, redis, inbound_http, outbound_http, variables::host ────────┘
//! ```
//!
//! # What differs from Spin
//! - The listener sets TCP_NODELAY, so that a response in two segments does not wait 40 ms.
//! - A `runtime-config.toml` beside the manifest is read without being named.
//! - An entry of `allowed_outbound_hosts` that can never match stops the start; on Spin it fails
//!   each request to anywhere.
//! - Outbound HTTP opens a connection for each request and speaks HTTP/1.1.
//! - Components have no files, sockets, key-value or SQL stores, and cannot call each other.
//! - Nothing is exported to OpenTelemetry, and `/.well-known/spin/info` is 404.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "a panic here ends a development server, not an instance in production"
)]

mod allowed_hosts;
mod answer;
pub mod app;
pub mod args;
mod bindings;
mod component;
mod engine;
mod headers;
mod inbound_http;
mod instance;
mod loader;
mod manifest;
mod outbound_http;
pub mod range;
mod redis;
mod report;
mod reuse;
mod routes;
mod runtime_config;
pub mod server;
mod static_response;
mod stdio;
mod variables;
