//! The project's commands: `cargo xtask up`, `test`, `bench`, `verify` and `env`.
//!
//! Each works on a fresh machine that has rustup: what is missing is installed, and said.
#![forbid(unsafe_code)]
#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of tests and spans of seconds: nothing here comes near an overflow"
)]

mod bench;
mod cargo;
mod dotenv;
mod install;
mod lockfile;
mod node;
mod other_redis;
mod process;
mod progress;
mod redis;
mod tally;
mod test;
mod up;
mod verify;
mod workspace;

use std::process::ExitCode;

use lexopt::Arg;

use crate::progress::{print, say};

const USAGE: &str = "\
Usage: cargo xtask <command>

Commands:
  up    Build the components and the local host, and serve the app
          --listen ADDR   where to listen [127.0.0.1:3000]
        Redis is the one that REDIS_URL names, or a private one for the run.
  test  Run every test, on a real Redis
          --level LEVEL   unit, wasm, script or e2e; may be repeated [all]
          --long          longer faults and fuzzing, a thousand checked histories, and a soak
          ARG...          passed on to the test programs: names to filter by, or,
                          after --, options such as --nocapture
  verify
        Ask a running app whether everything works, and what to do if not
          --url URL       where it is [http://127.0.0.1:3000]
          --token TOKEN   its service token [that of .env]
  bench Measure the app beside its host's ceiling, native programs and FastAPI
          --quick         two minutes: one round, 32 connections, the table only
          --spin PATH     measure on this Spin too [the one on the PATH]
  env   Write .env with fresh development secrets, unless there is one";

/// How a shell reports a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let outcome = process::end_children_on_signals().and_then(|()| run(lexopt::Parser::from_env()));
    if process::interrupted() {
        return ExitCode::from(INTERRUPTED);
    }
    outcome.unwrap_or_else(|error| {
        say(format_args!("error: {error:#}"));
        ExitCode::FAILURE
    })
}

/// Finds the command; its arguments are its own affair.
fn run(mut args: lexopt::Parser) -> anyhow::Result<ExitCode> {
    let command = match args.next()? {
        Some(Arg::Value(command)) => command,
        None | Some(Arg::Short('h') | Arg::Long("help")) => return Ok(help()),
        Some(other) => return Err(other.unexpected().into()),
    };
    if next_asks_for_help(&mut args) {
        return Ok(help());
    }
    match command.to_str() {
        Some("up") => up::run(&up::Options::parse(args)?),
        Some("bench") => bench::run(&bench::Options::parse(args)?),
        Some("test") => test::run(&test::Options::parse(args)?),
        Some("verify") => verify::run(&verify::Options::parse(args)?),
        Some("env") => dotenv::run(args),
        _ => anyhow::bail!("no such command: {}\n\n{USAGE}", command.display()),
    }
}

fn help() -> ExitCode {
    print(USAGE);
    ExitCode::SUCCESS
}

fn next_asks_for_help(args: &mut lexopt::Parser) -> bool {
    args.try_raw_args()
        .and_then(|args| args.peek().map(|next| next == "--help" || next == "-h"))
        .unwrap_or(false)
}
