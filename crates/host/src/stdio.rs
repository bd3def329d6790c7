//! The guests' stdout and stderr, whole lines at a time.
//!
//! Many instances write to one terminal, and a guest's `eprintln!` arrives in pieces: each
//! instance's output waits for its end of line, so that lines of two instances never mix.

use std::{
    io::{self, Write as _},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    async_trait,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

/// A line longer than this is written in pieces.
const LONGEST_LINE: usize = 64 << 10;

/// Where the lines go.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sink {
    /// The host's stdout.
    Stdout,
    /// The host's stderr.
    Stderr,
}

/// One output of one instance; clones share their unfinished line.
#[derive(Clone, Debug)]
pub(crate) struct Lines(Arc<Mutex<Unfinished>>);

#[derive(Debug)]
struct Unfinished {
    sink: Sink,
    line: Vec<u8>,
}

// === impl Sink ===

impl Sink {
    /// Writes it all, or not: nobody listening is no reason to fail a guest.
    fn write(self, bytes: &[u8]) {
        let _ = match self {
            Self::Stdout => io::stdout().lock().write_all(bytes),
            Self::Stderr => io::stderr().lock().write_all(bytes),
        };
    }
}

// === impl Lines ===

impl Lines {
    /// An output that has written nothing yet.
    pub(crate) fn new(sink: Sink) -> Self {
        let line = Vec::new();
        Self(Arc::new(Mutex::new(Unfinished { sink, line })))
    }

    fn unfinished(&self) -> MutexGuard<'_, Unfinished> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.unfinished().push(&bytes);
        Ok(())
    }

    /// A flush in the middle of a line is not worth a mixed line.
    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(LONGEST_LINE)
    }
}

#[async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Lines {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.unfinished().push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

// === impl Unfinished ===

impl Unfinished {
    fn push(&mut self, bytes: &[u8]) {
        if let Some(whole) = self.complete(bytes) {
            self.sink.write(&whole);
        }
    }

    /// Adds `bytes`, and takes what ends with the last end of line.
    fn complete(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.line.extend_from_slice(bytes);
        let end = match self.line.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => last.saturating_add(1),
            None if self.line.len() > LONGEST_LINE => self.line.len(),
            None => return None,
        };
        let rest = self.line.split_off(end);
        Some(std::mem::replace(&mut self.line, rest))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            self.line.push(b'\n');
            self.sink.write(&self.line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_wait_for_their_line() {
        let mut output = Unfinished {
            sink: Sink::Stderr,
            line: Vec::new(),
        };
        assert_eq!(output.complete(b"one "), None);
        assert_eq!(
            output.complete(b"line\ntwo").as_deref(),
            Some(&b"one line\n"[..])
        );
        assert_eq!(
            output.complete(b"\nthree\nfo").as_deref(),
            Some(&b"two\nthree\n"[..])
        );
        assert_eq!(
            output
                .complete(&[b'x'; LONGEST_LINE])
                .map(|line| line.len()),
            Some(LONGEST_LINE + 2)
        );
        assert_eq!(output.complete(b""), None);
    }
}
