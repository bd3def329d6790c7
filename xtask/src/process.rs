//! Children that leave nothing behind.
//!
//! Each child leads a process group of its own, so whatever it starts can be ended with it. The
//! terminal's signals do not reach such a group; they come here, and go on to every group.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How long a child may take to end before it is killed.
const GRACE: Duration = Duration::from_millis(if cfg!(test) { 500 } else { 5_000 });
const POLL: Duration = Duration::from_millis(20);

/// The groups that are running. Once interrupted, no other is started.
struct Groups {
    interrupted: bool,
    leaders: Vec<Pid>,
}

static GROUPS: Mutex<Groups> = Mutex::new(Groups {
    interrupted: false,
    leaders: Vec::new(),
});

fn groups() -> MutexGuard<'static, Groups> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on Ctrl-C, SIGTERM and SIGHUP end the children, and so whatever waits for them.
pub(crate) fn end_children_on_signals() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        groups().interrupted = true;
        signal_all(Signal::SIGTERM);
        thread::sleep(GRACE);
        signal_all(Signal::SIGKILL);
    })
    .context("listening for signals")
}

fn signal_all(signal: Signal) {
    for leader in &groups().leaders {
        let _ = killpg(*leader, signal);
    }
}

/// Whether one of those signals has come.
pub(crate) fn interrupted() -> bool {
    groups().interrupted
}

/// A child and its process group. Dropping it ends both.
pub(crate) struct Running {
    child: Child,
    group: Pid,
}

// === impl Running ===

impl Running {
    /// Starts `command`, with nothing on its stdin.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut groups = groups();
        ensure!(!groups.interrupted, "interrupted");
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", command.get_program().display()))?;
        let group = Pid::from_raw(child.id().try_into()?);
        groups.leaders.push(group);
        Ok(Self { child, group })
    }

    /// The process group of the child and of whatever it starts.
    pub(crate) fn group(&self) -> i32 {
        self.group.as_raw()
    }

    /// Waits until the child has ended, and ends whatever it left in its group.
    pub(crate) fn wait(mut self) -> anyhow::Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// Whether the child has ended by itself.
    pub(crate) fn has_ended(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Whether a process of the group is left. The child counts until it has been waited for.
    fn is_alive(&mut self) -> bool {
        let _ = self.child.try_wait();
        killpg(self.group, None).is_ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let deadline = Instant::now() + GRACE;
        let _ = killpg(self.group, Signal::SIGTERM);
        while self.is_alive() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        let _ = killpg(self.group, Signal::SIGKILL);
        let _ = self.child.wait();
        groups().leaders.retain(|leader| *leader != self.group);
    }
}

/// Runs `command` to its end; a failure is an error.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = Running::start(command)?.wait()?;
    if !status.success() {
        bail!("{} ended with {status}", command.get_program().display());
    }
    Ok(())
}

/// Runs `command` to its end, shows each line of its stdout to `see` and passes it on.
pub(crate) fn run_watched(
    command: &mut Command,
    see: impl FnMut(&str) + Send,
) -> anyhow::Result<ExitStatus> {
    let mut running = Running::start(command.stdout(Stdio::piped()))?;
    let stdout = running.child.stdout.take();
    thread::scope(|scope| {
        // On a thread of its own: a process that outlives the child could hold the pipe open, and
        // is ended only after the child has been waited for.
        scope.spawn(move || stdout.map(|from| pass_on(from, io::stdout(), see)));
        running.wait()
    })
}

fn pass_on(from: impl Read, mut to: impl Write, mut see: impl FnMut(&str)) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        see(&String::from_utf8_lossy(&line));
        let _ = to.write_all(&line).and_then(|()| to.flush());
        line.clear();
    }
}

/// What `command` prints on stdout.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_owned();
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("starting {}", program.display()))?;
    let status = output.status;
    ensure!(
        status.success(),
        "{} ended with {status}",
        program.display()
    );
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// A command for a server: on Linux it ends with this process even if that is killed outright.
pub(crate) fn server(program: impl AsRef<OsStr>) -> Command {
    const TETHER: [&str; 3] = ["setpriv", "--pdeathsig", "TERM"];
    let [setpriv, args @ ..] = TETHER;
    let tethers = Command::new(setpriv)
        .args(args)
        .arg("true")
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !tethers {
        return Command::new(program);
    }
    let mut command = Command::new(setpriv);
    command.args(args).arg(program);
    command
}

/// The exit code that passes `status` on, as a shell would.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut sh = Command::new("sh");
        sh.args(["-c", script]);
        sh
    }

    #[test]
    fn lines_are_seen_and_passed_on() {
        let (mut seen, mut passed_on) = (Vec::new(), Vec::new());
        pass_on(&b"one\ntw\xffo"[..], &mut passed_on, |line| {
            seen.push(line.to_owned());
        });
        assert_eq!(seen, ["one\n", "tw\u{fffd}o"]);
        assert_eq!(passed_on, b"one\ntw\xffo");
    }

    #[test]
    fn the_status_of_a_watched_child_is_kept() {
        let status = run_watched(&mut sh("exit 3"), |_| ()).unwrap();
        assert_eq!(status.code(), Some(3));
    }

    #[test]
    fn what_a_child_leaves_behind_is_ended() {
        let begun = Instant::now();
        // The sleeper holds the pipe: reading it would not end while it lives.
        run_watched(&mut sh("sleep 60 & exit"), |_| ()).unwrap();
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_child_that_ignores_sigterm_is_killed() {
        let mut script = sh("trap '' TERM; echo ready; exec sleep 60");
        let mut running = Running::start(script.stdout(Stdio::piped())).unwrap();
        let mut stdout = running.child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 5]).unwrap();
        let group = running.group;
        drop(running);
        assert!(killpg(group, None).is_err());
    }

    #[test]
    fn a_failed_command_is_an_error() {
        assert!(run(&mut sh("exit 1")).is_err());
        assert!(run(&mut Command::new("/nowhere/at/all")).is_err());
    }

    #[test]
    fn exit_codes_are_a_shells() {
        assert_eq!(exit_code(ExitStatus::from_raw(3 << 8)), ExitCode::from(3));
        assert_eq!(exit_code(ExitStatus::from_raw(9)), ExitCode::from(137));
    }
}
