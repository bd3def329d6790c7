//! How many tests ran, read from what the test programs print.

use std::ops::{Add, AddAssign};

/// Tests, by how they ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) ignored: u32,
}

// === impl Tally ===

impl Tally {
    /// Reads a test program's last line:
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; ...`.
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut tally = Self::default();
        for count in counts.split("; ") {
            match count.split_once(' ') {
                Some((number, "passed")) => tally.passed = number.parse().ok()?,
                Some((number, "failed")) => tally.failed = number.parse().ok()?,
                Some((number, "ignored")) => tally.ignored = number.parse().ok()?,
                _ => {}
            }
        }
        Some(tally)
    }

    /// How many were run to their end.
    pub(crate) const fn ran(self) -> u32 {
        self.passed + self.failed
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn tally(passed: u32, failed: u32, ignored: u32) -> Tally {
        Tally {
            passed,
            failed,
            ignored,
        }
    }

    #[test]
    fn a_native_result_is_read() {
        let line = "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 5 filtered out; \
                    finished in 0.01s\n";
        assert_eq!(Tally::from_line(line), Some(tally(12, 0, 3)));
    }

    #[test]
    fn a_failed_result_is_read() {
        let line = "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; \
                    0 filtered out; finished in 3.50s";
        assert_eq!(Tally::from_line(line), Some(tally(1, 2, 0)));
    }

    #[test]
    fn a_result_on_wasm_is_read() {
        let line = "test result: ok. 2 passed; 0 failed; 1 ignored; 0 filtered out; \
                    finished in 0.01s";
        assert_eq!(Tally::from_line(line), Some(tally(2, 0, 1)));
    }

    #[test]
    fn a_coloured_result_is_read() {
        let line = "test result: \u{1b}[32mok\u{1b}(B\u{1b}[m. 4 passed; 0 failed; 0 ignored; \
                    0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(Tally::from_line(line), Some(tally(4, 0, 0)));
    }

    #[test]
    fn other_lines_are_not_results() {
        for line in [
            "test result_is_kept ... ok",
            "running 3 tests",
            "assertion failed: test result: ok. 1 passed; 0 failed",
            "",
        ] {
            assert_eq!(Tally::from_line(line), None, "{line}");
        }
    }

    #[test]
    fn tallies_add_up() {
        assert_eq!(tally(1, 2, 3) + tally(10, 20, 30), tally(11, 22, 33));
        assert_eq!(tally(1, 2, 3).ran(), 3);
    }
}
