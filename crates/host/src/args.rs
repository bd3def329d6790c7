//! The command line: the flags of `spin up` that mean something here, under the same names.

use std::{
    net::{SocketAddr, ToSocketAddrs as _},
    path::PathBuf,
    time::Duration,
};

use lexopt::{Arg, Parser, ValueExt as _};

use crate::range::Range;

/// What `--help` prints.
pub const HELP: &str = "\
Runs the HTTP components of a spin.toml on wasmtime, for development, tests and CI.
In production, run the same spin.toml on Spin.

Usage: latch-host [OPTIONS]

  --manifest FILE, -f, --from FILE   the application [spin.toml]
  --runtime-config-file FILE         providers and limits [runtime-config.toml beside the
                                     manifest, if there is one]
  --listen ADDRESS                   where to serve; port 0 picks a free one [127.0.0.1:3000]
  --max-instance-reuse-count N|A..B             requests that one instance serves [128]
  --max-instance-concurrent-reuse-count N|A..B  of them at once [16]
  --idle-instance-timeout TIME|A..B             how long an idle instance is kept [1s]
  --request-timeout TIME|A..B                   when an unanswered request gets 500 [never]
  --help, -h
  --version, -V
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve an application.
    Serve(Args),
    /// Print [`HELP`].
    Help,
    /// Print the version.
    Version,
}

/// How to serve an application.
#[derive(Debug, PartialEq, Eq)]
pub struct Args {
    /// The spin.toml, or the directory that holds it.
    pub manifest: PathBuf,
    /// The runtime-config.toml, if named.
    pub runtime_config: Option<PathBuf>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How long instances live.
    pub reuse: Reuse,
}

/// How often, how concurrently and how long one instance is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reuse {
    /// Requests that one instance serves before it is dropped.
    pub total: Range<usize>,
    /// Requests that one instance serves at the same time.
    pub concurrent: Range<usize>,
    /// How long an instance without requests is kept.
    pub idle: Range<Duration>,
    /// How long a request may take to be answered; `None` is for ever.
    pub request: Option<Range<Duration>>,
}

// === impl Command ===

impl Command {
    /// Reads the command line.
    ///
    /// # Errors
    /// An unknown flag, or a value that does not parse, is named.
    pub fn parse(mut parser: Parser) -> Result<Self, lexopt::Error> {
        let mut args = Args::default();
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("manifest" | "from") | Arg::Short('f') => {
                    args.manifest = parser.value()?.into();
                }
                Arg::Long("runtime-config-file") => {
                    args.runtime_config = Some(parser.value()?.into());
                }
                Arg::Long("listen") => args.listen = parser.value()?.parse_with(address)?,
                Arg::Long("max-instance-reuse-count") => {
                    args.reuse.total = parser.value()?.parse()?;
                }
                Arg::Long("max-instance-concurrent-reuse-count") => {
                    args.reuse.concurrent = parser.value()?.parse()?;
                }
                Arg::Long("idle-instance-timeout") => args.reuse.idle = parser.value()?.parse()?,
                Arg::Long("request-timeout") => {
                    args.reuse.request = Some(parser.value()?.parse()?);
                }
                Arg::Long("help") | Arg::Short('h') => return Ok(Self::Help),
                Arg::Long("version") | Arg::Short('V') => return Ok(Self::Version),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Self::Serve(args))
    }
}

// === impl Args ===

impl Default for Args {
    fn default() -> Self {
        Self {
            manifest: "spin.toml".into(),
            runtime_config: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            reuse: Reuse::default(),
        }
    }
}

// === impl Reuse ===

impl Default for Reuse {
    /// Spin's defaults for components that export `wasi:http/handler@0.3.0`.
    fn default() -> Self {
        Self {
            total: Range::Fixed(128),
            concurrent: Range::Fixed(16),
            idle: Range::Fixed(Duration::from_secs(1)),
            request: None,
        }
    }
}

/// `localhost:3000` is as good as `127.0.0.1:3000`, and means IPv4 if it can.
fn address(text: &str) -> Result<SocketAddr, String> {
    let found: Vec<SocketAddr> = text
        .to_socket_addrs()
        .map_err(|error| format!("expected HOST:PORT: {error}"))?
        .collect();
    found
        .iter()
        .find(|address| address.is_ipv4())
        .or(found.first())
        .copied()
        .ok_or_else(|| format!("{text} has no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Command, lexopt::Error> {
        Command::parse(Parser::from_args(args))
    }

    #[test]
    fn without_flags_it_serves_as_spin_would() {
        let Ok(Command::Serve(args)) = parse(&[]) else {
            panic!("not served");
        };
        assert_eq!(args, Args::default());
        assert_eq!(args.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(args.reuse.total, Range::Fixed(128));
        assert_eq!(args.reuse.concurrent, Range::Fixed(16));
        assert_eq!(args.reuse.idle, Range::Fixed(Duration::from_secs(1)));
        assert_eq!(args.reuse.request, None);
    }

    #[test]
    fn every_flag_lands_where_it_belongs() {
        let Ok(Command::Serve(args)) = parse(&[
            "--manifest=app/spin.toml",
            "--runtime-config-file",
            "rc.toml",
            "--listen",
            "127.0.0.1:0",
            "--max-instance-reuse-count=1..8",
            "--max-instance-concurrent-reuse-count=1",
            "--idle-instance-timeout=50ms",
            "--request-timeout=2",
        ]) else {
            panic!("not served");
        };
        assert_eq!(args.manifest, PathBuf::from("app/spin.toml"));
        assert_eq!(args.runtime_config, Some("rc.toml".into()));
        assert_eq!(args.listen, SocketAddr::from(([127, 0, 0, 1], 0)));
        assert_eq!(
            args.reuse,
            Reuse {
                total: Range::Within(1, 8),
                concurrent: Range::Fixed(1),
                idle: Range::Fixed(Duration::from_millis(50)),
                request: Some(Range::Fixed(Duration::from_secs(2))),
            }
        );
    }

    #[test]
    fn what_it_does_not_know_is_named() {
        for (args, named) in [
            (&["--lisen", "127.0.0.1:0"][..], "--lisen"),
            (&["--listen", "3000"], "3000"),
            (&["--max-instance-reuse-count", "few"], "few"),
            (&["spin.toml"], "spin.toml"),
        ] {
            let error = parse(args).expect_err("refused").to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn help_and_version() {
        assert_eq!(parse(&["-h"]).ok(), Some(Command::Help));
        assert_eq!(parse(&["--version"]).ok(), Some(Command::Version));
    }
}
