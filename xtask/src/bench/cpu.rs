//! Time that processes spent on a processor.

use std::fs;

/// Microseconds of user and system time of every process in a group, and of children that it has
/// waited for.
pub(crate) fn of_group(group: i32) -> u64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read_to_string(process.path().join("stat")).ok())
        .filter_map(|stat| ticks(&stat, group))
        .sum::<u64>()
        * MICROS_IN_TICK
}

/// Linux counts in hundredths of a second (`USER_HZ`) on every platform that Latch runs on.
const MICROS_IN_TICK: u64 = 10_000;

/// `/proc/PID/stat`, see proc(5): the name in parentheses may hold anything.
fn ticks(stat: &str, group: i32) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<_> = fields.split_whitespace().collect();
    if fields.get(2)?.parse() != Ok(group) {
        return None;
    }
    let spent = fields.get(11..15)?;
    Some(
        spent
            .iter()
            .filter_map(|time| time.parse::<u64>().ok())
            .sum(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_group_counts() {
        let stat = "7 (a) b) S 1 42 1 0 -1 0 0 0 0 0 10 20 3 4 20 0 1 0";
        assert_eq!(ticks(stat, 42), Some(37));
        assert_eq!(ticks(stat, 43), None);
    }
}
