//! One component as a native program: `latch-native <component> <address>`.
//!
//! The same handlers on Tokio, hyper and redis-rs, a thread for each core, each with an app and a
//! connection to Redis of its own. For the benchmark: the distance from here to the same component
//! on a host is what WebAssembly costs. Its variables are spin.toml's, from the current folder, and
//! those of `SPIN_VARIABLE_*`.

mod variables;

use std::env;
use std::net::TcpListener;
use std::thread;

use anyhow::{Context as _, Result, bail};
use latch::platform::native::{Native, serve};
use latch::{App, Component};

fn main() -> Result<()> {
    let component = env::args().nth(1).context("which component?")?;
    match component.as_str() {
        "circuit" => run::<circuit::Circuits>(),
        "oauth-state" => run::<oauth_state::OauthState>(),
        "otp-request" => run::<otp_request::OtpRequest>(),
        "otp-verify" => run::<otp_verify::OtpVerify>(),
        "rate-limit" => run::<rate_limit::RateLimit>(),
        other => bail!("no component {other} to serve"),
    }
}

fn run<C: Component>() -> Result<()> {
    let variables = variables::read()?;
    let address = env::args().nth(2).context("at which address?")?;
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;

    let cores = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cores)
            .map(|_| scope.spawn(|| on_this_thread::<C>(&listener, &variables)))
            .collect();
        for thread in threads {
            match thread.join() {
                Ok(ended) => ended?,
                Err(_) => bail!("a thread panicked"),
            }
        }
        Ok(())
    })
}

fn on_this_thread<C: Component>(
    listener: &TcpListener,
    variables: &[(String, String)],
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener.try_clone()?)?;
        let app = App::<_, C>::new(Native::new(variables.iter().cloned()));
        serve(app, listener).await;
        Ok(())
    })
}
