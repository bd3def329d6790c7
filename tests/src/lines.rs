//! What another process writes, line by line, as it comes.

use std::{
    io::{BufRead, BufReader, Read},
    thread,
    time::Duration,
};

use tokio::{sync::watch, time::timeout};

/// How long an expected line may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The lines that a source has written so far. Clones see the same lines.
#[derive(Clone)]
pub struct Lines(watch::Receiver<Vec<String>>);

impl Lines {
    /// Reads `source` to its end on a thread of its own.
    pub(crate) fn of(source: impl Read + Send + 'static) -> Self {
        let (lines, receiver) = watch::channel(Vec::new());
        thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n') {
                let Ok(line) = line else { break };
                let line = String::from_utf8_lossy(&line).into_owned();
                lines.send_modify(|lines| lines.push(line));
            }
        });
        Self(receiver)
    }

    /// What has been read until now.
    pub fn so_far(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// Waits until `find` finds what it looks for in the lines read so far.
    ///
    /// # Panics
    /// If the source ends, or half a minute passes, without it. `what` says what was expected.
    pub async fn find<T>(&self, what: &str, mut find: impl FnMut(&[String]) -> Option<T>) -> T {
        let mut lines = self.0.clone();
        let mut found = None;
        let wait = lines.wait_for(|lines| {
            found = find(lines);
            found.is_some()
        });
        let end = match timeout(PATIENCE, wait).await {
            Ok(Ok(_)) => None,
            Ok(Err(_)) => Some("the output ended"),
            Err(_) => Some("time ran out"),
        };
        match (end, found) {
            (None, Some(found)) => found,
            (end, _) => panic!(
                "{} before {what}; it reads:\n{}",
                end.unwrap_or_default(),
                self.so_far().join("\n")
            ),
        }
    }
}
