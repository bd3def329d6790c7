//! What the host itself has to say.

use std::{
    fmt,
    io::{self, Write as _},
};

/// Writes a line to stderr. Unlike `eprintln!`, it does not panic when nobody listens.
pub(crate) fn report(message: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "latch-host: {message}");
}
