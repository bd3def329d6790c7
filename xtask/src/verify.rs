//! `cargo xtask verify`: does a running app work, and what is to be done if not?

mod app;
mod table;

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use lexopt::{Arg, ValueExt as _};

use crate::dotenv::Variables;
use crate::process;
use crate::progress::print;
use app::App;
use table::{Mark, Table};

/// How often a wait looks whether it has been interrupted.
const POLL: Duration = Duration::from_millis(50);

/// What `cargo xtask verify` was asked.
#[derive(Debug)]
pub(crate) struct Options {
    url: String,
    token: Option<String>,
}

// === impl Options ===

impl Options {
    pub(crate) fn parse(mut args: lexopt::Parser) -> anyhow::Result<Self> {
        let mut options = Self {
            url: "http://127.0.0.1:3000".to_owned(),
            token: None,
        };
        while let Some(arg) = args.next()? {
            match arg {
                Arg::Long("url") => options.url = args.value()?.string()?,
                Arg::Long("token") => options.token = Some(args.value()?.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }

    /// The token that was given, or the first one that this machine's app takes.
    fn token(&self) -> anyhow::Result<String> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        let tokens = Variables::read()?.get("SPIN_VARIABLE_SERVICE_TOKEN");
        tokens
            .as_deref()
            .and_then(|tokens| tokens.split(',').map(str::trim).find(|it| !it.is_empty()))
            .map(str::to_owned)
            .context(
                "no service token: give one with --token, or SPIN_VARIABLE_SERVICE_TOKEN in .env",
            )
    }
}

/// Prints a table of all checks. Fails if one of them did.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let app = App::new(&options.url, &options.token()?)?;
    let rows = interruptible(move || app.verify())?;
    let table = Table(rows);
    print(&table);
    Ok(match table.worst() {
        Mark::Fail => ExitCode::FAILURE,
        Mark::Ok | Mark::Warn => ExitCode::SUCCESS,
    })
}

/// Does `work` on a thread of its own, and leaves it there when Ctrl-C comes.
fn interruptible<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(done) => return done,
            Err(RecvTimeoutError::Timeout) => ensure!(!process::interrupted(), "interrupted"),
            Err(RecvTimeoutError::Disconnected) => bail!("the verification broke off"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(args: &[&str]) -> anyhow::Result<Options> {
        Options::parse(lexopt::Parser::from_args(args))
    }

    #[test]
    fn the_app_of_this_machine_is_asked_unless_another_is_named() {
        assert_eq!(options(&[]).unwrap().url, "http://127.0.0.1:3000");
        let other = options(&["--url", "http://latch:80", "--token=t"]).unwrap();
        assert_eq!(other.url, "http://latch:80");
        assert_eq!(other.token().unwrap(), "t");
        assert!(options(&["--port", "80"]).is_err());
    }
}
