//! What is told to the person who waits.
//!
//! Not `println!`, which panics when the terminal is gone: the children still have to be ended.

use std::fmt::Display;
use std::io::{self, Write as _};

/// A line about what is being done, on stderr.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A line of the result, on stdout.
pub(crate) fn print(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}
