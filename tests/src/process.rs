//! Child processes that never outlive the tests.

use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A child process that ends with its owner: when this is dropped, and also when the test process
/// ends in a way that drops nothing (a static, an abort, a SIGKILL).
///
/// The second is the work of a *leash*: a shell that waits for the end of a pipe whose other end
/// only this process holds, and then kills the child.
pub(crate) struct Process {
    child: Child,
    leash: Child,
}

impl Process {
    /// Starts `command`, its stdin empty, its output piped for the caller to take.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
        let leash = Command::new("sh")
            .arg("-c")
            .arg("trap '' HUP INT TERM; read -r _; kill -KILL \"$0\"")
            .arg(child.id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a leash for a child process");
        Self { child, leash }
    }

    /// The child's standard output and error, once.
    pub(crate) fn take_output(&mut self) -> (std::process::ChildStdout, std::process::ChildStderr) {
        (
            self.child.stdout.take().expect("stdout is taken once"),
            self.child.stderr.take().expect("stderr is taken once"),
        )
    }

    /// The child's process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends `signal` to the child.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the child is there");
    }

    /// Waits until the child has ended.
    pub(crate) fn wait(&mut self) {
        self.child.wait().expect("the child can be waited for");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The leash first: it must not act on an id that is no longer the child's.
        for process in [&mut self.leash, &mut self.child] {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
