//! What was seen, and the figures that come of it.

use crate::scenario::{END, Manner, SICK, is_sick};

/// Milliseconds.
const SECOND: u64 = 1_000;
const TENTH: u64 = 100;

/// Counts by time.
pub(crate) struct Seen {
    /// Calls that clients wished to make, by second.
    wishes: Vec<u64>,
    /// Calls that reached the dependency, by second.
    pub(crate) hits: Vec<u64>,
    /// Calls that reached it while it was sick.
    sick: u64,
    /// Calls that reached it while it was sick, later than ten seconds after it fell ill.
    sick_later: u64,
    /// Scripts that ran, by second.
    commands: Vec<u64>,
    /// Successes by tenth of a second.
    successes: Vec<u64>,
    /// The first success after it was well again.
    first_success: Option<u64>,
}

impl Seen {
    pub(crate) fn new() -> Self {
        let by = |span: u64| vec![0; (END / span) as usize];
        Self {
            wishes: by(SECOND),
            hits: by(SECOND),
            sick: 0,
            sick_later: 0,
            commands: by(SECOND),
            successes: by(TENTH),
            first_success: None,
        }
    }

    pub(crate) fn wish(&mut self, now: u64) {
        self.wishes[(now / SECOND) as usize] += 1;
    }

    pub(crate) fn hit(&mut self, now: u64) {
        self.hits[(now / SECOND) as usize] += 1;
        self.sick += u64::from(is_sick(now));
        self.sick_later += u64::from(is_sick(now) && now >= SICK.start + 10 * SECOND);
    }

    pub(crate) fn command(&mut self, now: u64) {
        self.commands[(now / SECOND) as usize] += 1;
    }

    pub(crate) fn success(&mut self, now: u64) {
        self.successes[(now / TENTH) as usize] += 1;
        if now >= SICK.end && self.first_success.is_none() {
            self.first_success = Some(now - SICK.end);
        }
    }

    /// The second in which most calls reached it while it was sick, later than ten seconds after it
    /// fell ill.
    fn sick_peak(&self) -> u64 {
        let later = (SICK.start / SECOND) as usize + 10..(SICK.end / SECOND) as usize;
        self.hits[later].iter().copied().max().unwrap_or(0)
    }

    /// When the first second begins that has nine tenths of the successes of a normal one.
    fn back(&self) -> Option<u64> {
        let well = (SICK.end / TENTH) as usize;
        // From when the first calls have ended.
        let normal = &self.successes[(SECOND / TENTH) as usize..(SICK.start / TENTH) as usize];
        let normal = normal.iter().sum::<u64>() * 10 / normal.len() as u64;
        let is_back = |second: &[u64]| second.iter().sum::<u64>() * 10 >= normal * 9;
        let tenths = self.successes[well..].windows(10).position(is_back)?;
        Some(tenths as u64 * TENTH)
    }

    /// Redis commands for each call that a client wished to make, from one second to another.
    fn commands_per_call(&self, from: u64, to: u64) -> f64 {
        let sum = |counts: &[u64]| counts[from as usize..to as usize].iter().sum::<u64>() as f64;
        sum(&self.commands) / sum(&self.wishes)
    }
}

/// The figures of a scenario, in Markdown.
pub(crate) fn table(runs: &[(Manner, Seen); 2]) -> String {
    let mut lines = vec![
        format!("| |{}", cells(runs, |manner, _| manner.title().to_owned())),
        "|---|---:|---:|".to_owned(),
    ];
    let mut row = |title: &str, figure: &dyn Fn(&Seen) -> String| {
        lines.push(format!(
            "| {title} |{}",
            cells(runs, |_, seen| figure(seen))
        ));
    };
    row("calls that clients wished to make", &|seen| {
        seen.wishes.iter().sum::<u64>().to_string()
    });
    row("calls that hit the sick dependency", &|seen| {
        seen.sick.to_string()
    });
    row("of these, in its first 10 s", &|seen| {
        (seen.sick - seen.sick_later).to_string()
    });
    row("of these, later", &|seen| seen.sick_later.to_string());
    row("the most in one second, later", &|seen| {
        seen.sick_peak().to_string()
    });
    row("well again until the first success", &|seen| {
        seconds(seen.first_success)
    });
    row("well again until 90 % of normal traffic", &|seen| {
        seconds(seen.back())
    });
    let (begin, end) = (SICK.start / SECOND, SICK.end / SECOND);
    for (title, from, to) in [
        ("Redis commands per call, before", 0, begin),
        ("while it was sick", begin, end),
        ("afterwards", end, END / SECOND),
        ("in all", 0, END / SECOND),
    ] {
        let figure = |manner: Manner, seen: &Seen| match manner {
            Manner::Shared => format!("{:.2}", seen.commands_per_call(from, to)),
            Manner::Local => "none".to_owned(),
        };
        lines.push(format!("| {title} |{}", cells(runs, figure)));
    }
    lines.join("\n")
}

fn cells(runs: &[(Manner, Seen); 2], figure: impl Fn(Manner, &Seen) -> String) -> String {
    runs.iter()
        .map(|(manner, seen)| format!(" {} |", figure(*manner, seen)))
        .collect()
}

fn seconds(milliseconds: Option<u64>) -> String {
    milliseconds.map_or("never".to_owned(), |span| {
        format!("{:.1} s", span as f64 / 1_000.0)
    })
}
