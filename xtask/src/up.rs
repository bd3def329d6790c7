//! `cargo xtask up`: the app on the local host.

use std::env;
use std::net::TcpListener;
use std::process::ExitCode;

use anyhow::Context as _;
use lexopt::{Arg, ValueExt as _};

use crate::dotenv::{self, Variables};
use crate::process::{self, Running};
use crate::progress::{print, say};
use crate::redis::Private;
use crate::{cargo, workspace};

/// What `cargo xtask up` was asked.
#[derive(Debug)]
pub(crate) struct Options {
    listen: String,
}

// === impl Options ===

impl Options {
    pub(crate) fn parse(mut args: lexopt::Parser) -> anyhow::Result<Self> {
        let mut listen = "127.0.0.1:3000".to_owned();
        while let Some(arg) = args.next()? {
            match arg {
                Arg::Long("listen") => listen = args.value()?.string()?,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Self { listen })
    }
}

/// Builds what there is to build and serves until it is interrupted or the host ends.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    check_address(&options.listen)?;
    dotenv::write_if_absent()?;
    let variables = Variables::read()?;
    variables.check()?;

    let redis = private_redis(&variables)?;

    cargo::build_components()?;
    let host = cargo::build_host()?;

    let mut command = process::server(host);
    command
        .current_dir(workspace::root())
        .args(["--manifest", "spin.toml"])
        .args(["--runtime-config-file", "runtime-config.toml"])
        .args(["--listen", &options.listen]);
    if let Some(redis) = &redis {
        command.env("REDIS_URL", redis.url());
    }
    print_service_token(&variables);
    let status = Running::start(&mut command)?.wait()?;
    Ok(process::exit_code(status))
}

/// Fails now, not after minutes of building, if the host cannot listen there.
fn check_address(address: &str) -> anyhow::Result<()> {
    TcpListener::bind(address)
        .map(drop)
        .with_context(|| format!("listening on {address} (--listen takes another address)"))
}

/// A Redis for the run, unless one is named.
fn private_redis(variables: &Variables) -> anyhow::Result<Option<Private>> {
    let variable = variables.get("SPIN_VARIABLE_REDIS_URL").is_some();
    // Not a variable of the app, so not one that `.env` can hold.
    let environment = env::var_os("REDIS_URL").is_some_and(|url| !url.is_empty());
    if variable || environment {
        say("Using the Redis that is configured");
        return Ok(None);
    }
    let redis = Private::start().context("REDIS_URL names none")?;
    say(format_args!(
        "Started a private Redis for this run: {}",
        redis.url()
    ));
    Ok(Some(redis))
}

fn print_service_token(variables: &Variables) {
    match variables.get("SPIN_VARIABLE_SERVICE_TOKEN") {
        // One of several will do.
        Some(tokens) => print(format_args!(
            "Service token: {}",
            tokens.split(',').next().unwrap_or_default()
        )),
        None => say("No SPIN_VARIABLE_SERVICE_TOKEN: service endpoints will refuse every call"),
    }
}
