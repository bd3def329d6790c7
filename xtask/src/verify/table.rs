//! What a person sees of a verification.

use std::fmt;

use serde_json::Value;

/// How a check came out, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Ok,
    Warn,
    Fail,
}

/// One check.
pub(super) struct Row {
    pub(super) mark: Mark,
    pub(super) name: String,
    pub(super) ms: f64,
    /// What was seen, if there is something to say.
    pub(super) detail: String,
    /// What to do about it.
    pub(super) fix: String,
}

/// All checks: `mark name time detail` for each, with the fix in the line below where there is one.
pub(super) struct Table(pub(super) Vec<Row>);

impl Row {
    /// One of the app's own checks.
    pub(super) fn of_check(check: &Value) -> Self {
        let member = |name: &str| check.get(name);
        let text = |name| line(member(name).and_then(Value::as_str).unwrap_or_default());
        Self {
            mark: match member("status").and_then(Value::as_str) {
                Some("ok") => Mark::Ok,
                Some("warn") => Mark::Warn,
                _ => Mark::Fail,
            },
            name: text("name"),
            ms: member("ms").and_then(Value::as_f64).unwrap_or_default(),
            detail: text("detail"),
            fix: text("fix"),
        }
    }
}

/// A text of somebody else's, which must not move the cursor.
fn line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

impl Table {
    pub(super) fn worst(&self) -> Mark {
        self.0.iter().map(|row| row.mark).max().unwrap_or(Mark::Ok)
    }

    fn count(&self, mark: Mark) -> usize {
        self.0.iter().filter(|row| row.mark == mark).count()
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "✓",
            Self::Warn => "!",
            Self::Fail => "✗",
        })
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.0.iter().map(|row| row.name.len()).max().unwrap_or(0);
        for row in &self.0 {
            let Row {
                mark,
                name,
                ms,
                detail,
                fix,
            } = row;
            let begin = format!("{mark} {name:widest$} {ms:>8.1} ms  ");
            writeln!(f, "{}", format!("{begin}{detail}").trim_end())?;
            if !fix.is_empty() {
                let indent = begin.chars().count();
                writeln!(f, "{:indent$}fix: {fix}", "")?;
            }
        }
        let [ok, warn, fail] = [Mark::Ok, Mark::Warn, Mark::Fail].map(|mark| self.count(mark));
        write!(f, "\n{ok} ok, {warn} to look at, {fail} failed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_check_is_a_line_and_a_fix_stands_below_its_own() {
        let table = Table(
            [
                json!({"name": "PING", "status": "ok", "ms": 0.2}),
                json!({"name": "eviction", "status": "warn", "ms": 0.1, "detail": "lru", "fix": "Set it."}),
                json!({"name": "SETEX", "status": "fail", "ms": 12.34, "detail": "O\nOM", "fix": "Make room."}),
            ]
            .iter()
            .map(Row::of_check)
            .collect(),
        );
        assert_eq!(
            table.to_string(),
            "\
✓ PING          0.2 ms
! eviction      0.1 ms  lru
                        fix: Set it.
✗ SETEX        12.3 ms  O OM
                        fix: Make room.

1 ok, 1 to look at, 1 failed"
        );
        assert_eq!(table.worst(), Mark::Fail);
    }

    #[test]
    fn a_check_of_another_release_that_is_not_understood_has_failed() {
        assert_eq!(
            Row::of_check(&json!({"status": "splendid"})).mark,
            Mark::Fail
        );
    }
}
