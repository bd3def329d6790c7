//! A Redis for the run.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::process::{self, Running};
use crate::{install, workspace};

const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];

/// How long a server may take to answer its first PING.
const START: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// The server program, installed if need be and possible.
pub(crate) fn program() -> anyhow::Result<PathBuf> {
    if let Some(program) = install::find(&PROGRAMS) {
        return Ok(program);
    }
    if install::can_install_packages() {
        install::package("redis-server")?;
    }
    install::find(&PROGRAMS).context(
        "neither redis-server nor valkey-server is on the PATH. To get one:\n  \
         Debian, Ubuntu: sudo apt-get install --no-install-recommends redis-server\n  \
         Fedora: sudo dnf install valkey\n  \
         Arch: sudo pacman -S valkey\n  \
         Alpine: apk add redis\n  \
         macOS: brew install redis",
    )
}

/// A server of our own, on a free port of the loopback; it ends when this is dropped.
pub(crate) struct Private {
    // Before `folder`: fields are dropped in order, and the server still writes there.
    server: Running,
    port: u16,
    folder: Folder,
}

/// A folder that goes with what it is for.
struct Folder(PathBuf);

// === impl Private ===

impl Private {
    /// Starts a server, empty and keeping nothing.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let program = program()?;
        // Somebody else may take the port after it was found free: another one, then.
        Self::try_start(&program)
            .or_else(|_| Self::try_start(&program))
            .context("starting a private Redis")
    }

    fn try_start(program: &Path) -> anyhow::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let folder = Folder(workspace::target().join("redis").join(port.to_string()));
        fs::create_dir_all(&folder.0)?;
        let mut command = process::server(program);
        command
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(&folder.0)
            .stdout(File::create(folder.log())?);
        let mut private = Self {
            server: Running::start(&mut command)?,
            port,
            folder,
        };
        private.wait_until_ready()?;
        Ok(private)
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START;
        loop {
            let answers = self.answers();
            // Asked afterwards: an answer counts only if it came from our server, not from
            // another one that has the port.
            if self.server.has_ended()? {
                bail!("it ended at once, saying:\n{}", self.folder.read_log());
            }
            if answers {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("no answer to PING; it says:\n{}", self.folder.read_log());
            }
            thread::sleep(POLL);
        }
    }

    fn answers(&self) -> bool {
        const PONG: &[u8; 7] = b"+PONG\r\n";
        let ping = || {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
            let mut connection = TcpStream::connect_timeout(&address, START)?;
            connection.set_read_timeout(Some(START))?;
            connection.write_all(b"PING\r\n")?;
            let mut answer = [0; PONG.len()];
            connection.read_exact(&mut answer).map(|()| answer)
        };
        ping().is_ok_and(|answer| answer == *PONG)
    }

    /// Its port on the loopback.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its process group.
    pub(crate) fn group(&self) -> i32 {
        self.server.group()
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

// === impl Folder ===

impl Folder {
    fn log(&self) -> PathBuf {
        self.0.join("redis.log")
    }

    fn read_log(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
