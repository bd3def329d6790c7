//! OAuth states: how flows begin and end, and everything that keeps them from ending elsewhere.

mod binding;
mod config;
mod configured;
mod consume;
mod context;
mod cookies;
mod cross_site;
mod eight_cookies;
mod fields;
mod flow;
mod http;
mod issue;
mod issuer;
mod keys;
mod limit;
mod provider;
mod races;
mod return_to;
mod return_to_readings;
mod secrecy;
mod service;
mod size;
mod store;
mod total;
mod unbound;
