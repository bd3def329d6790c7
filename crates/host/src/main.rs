//! `latch-host`: serves a spin.toml until it is told to stop.

use std::process::{ExitCode, exit};

use anyhow::{Context as _, Result};
use host::{
    app::App,
    args::{Args, Command, HELP},
    server::Server,
};
use mimalloc::MiMalloc;
use tokio::{
    runtime::Runtime,
    select,
    signal::unix::{SignalKind, signal},
};

/// Not the system's: see Cargo.toml.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let args = match Command::parse(lexopt::Parser::from_env()) {
        Ok(Command::Serve(args)) => args,
        Ok(Command::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Command::Version) => {
            println!("latch-host {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("latch-host: {error}\nTry latch-host --help");
            return ExitCode::from(2);
        }
    };
    match run(&args) {
        // Returning would drop each instance with complaints about its unfinished work.
        Ok(()) => exit(0),
        Err(error) => {
            eprintln!("latch-host: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let runtime = Runtime::new().context("cannot start the async runtime")?;
    let app = App::load(args)?;
    runtime.block_on(async {
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        );
        let server = Server::bind(args.listen, app).await?;
        // Nobody reading stdout is no reason not to serve.
        let _ = server.announce();
        select! {
            () = server.serve() => {}
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}
