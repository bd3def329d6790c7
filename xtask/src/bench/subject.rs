//! What is measured: the app on a host, and what it is compared with.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use crate::bench::cpu;
use crate::bench::settings;
use crate::bench::store::Store;
use crate::bench::workload::Workload;
use crate::process::{self, Running};
use crate::progress::say;
use crate::{install, workspace};

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(120);

/// A kind of server, by the program that makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The components on the local host.
    Host(PathBuf),
    /// The components on Spin.
    Spin(PathBuf),
    /// The same handlers as native programs, one for each component.
    Native(PathBuf),
    /// One-time codes as FastAPI and redis-py do them, two workers.
    FastApi(PathBuf),
}

/// A server that runs; it ends when this is dropped.
pub(crate) struct Server {
    running: Running,
    address: SocketAddr,
}

// === impl Subject ===

impl Subject {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Host(_) => "local host",
            Self::Spin(_) => "spin",
            Self::Native(_) => "native",
            Self::FastApi(_) => "fastapi",
        }
    }

    pub(crate) const fn workloads(&self) -> &'static [Workload] {
        match self {
            Self::FastApi(_) => &Workload::OTP,
            _ => &Workload::ALL,
        }
    }

    /// Starts the server that answers for `component`.
    pub(crate) fn start(&self, component: &str, store: &Store) -> anyhow::Result<Server> {
        self.start_with(component, store, &[])
    }

    /// The same with further arguments.
    pub(crate) fn start_with(
        &self,
        component: &str,
        store: &Store,
        arguments: &[&str],
    ) -> anyhow::Result<Server> {
        let address = free_address()?;
        let listen = address.to_string();
        let mut command = match self {
            Self::Host(program) | Self::Spin(program) => {
                let mut command = process::server(program);
                if matches!(self, Self::Spin(_)) {
                    command.arg("up");
                }
                command
                    .args(["--from", "spin.toml", "--listen", &listen])
                    .args(["--runtime-config-file", "runtime-config.toml"]);
                command
            }
            Self::Native(program) => {
                let mut command = process::server(program);
                command.args([component, &listen]);
                command
            }
            Self::FastApi(program) => {
                let mut command = process::server(program);
                command
                    .args(["app:app", "--workers", "2", "--log-level", "error"])
                    .args(["--app-dir", "xtask/bench/fastapi", "--no-access-log"])
                    .args(["--port", &address.port().to_string()]);
                command
            }
        };
        command
            .args(arguments)
            .current_dir(workspace::root())
            .envs(settings::environment(&store.url()))
            // What a shell may ask for while it debugs is not what is measured.
            .env_remove("RUST_BACKTRACE")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut server = Server {
            running: Running::start(&mut command)?,
            address,
        };
        server
            .wait_until_it_listens()
            .with_context(|| format!("starting {}", self.name()))?;
        Ok(server)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// === impl Server ===

impl Server {
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Processor time so far, in microseconds.
    pub(crate) fn cpu_us(&self) -> u64 {
        cpu::of_group(self.running.group())
    }

    fn wait_until_it_listens(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START;
        while TcpStream::connect(self.address).is_err() {
            ensure!(!self.running.has_ended()?, "it ended at once");
            if Instant::now() > deadline {
                bail!("it does not listen at {}", self.address);
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// FastAPI in a folder of its own; the program is its server, uvicorn.
pub(crate) fn install_fastapi() -> anyhow::Result<PathBuf> {
    let folder = workspace::target().join("bench").join("venv");
    let uvicorn = folder.join("bin").join("uvicorn");
    if uvicorn.exists() {
        return Ok(uvicorn);
    }
    let python = install::find(&["python3"]).context("python3 is not on the PATH")?;
    say("Installing FastAPI and redis-py");
    process::run(Command::new(python).args(["-m", "venv"]).arg(&folder))
        .context("making a virtual environment (Debian: apt-get install python3-venv)")?;
    let mut pip = Command::new(folder.join("bin").join("pip"));
    pip.args(["install", "--quiet", "--requirement"])
        .arg(workspace::root().join("xtask/bench/fastapi/requirements.txt"));
    process::run(&mut pip).context("installing FastAPI")?;
    Ok(uvicorn)
}
