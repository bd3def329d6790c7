//! What the scripts of circuit should do, in plain Rust. Times are milliseconds.
//!
//! Redis's clock goes back now and then. A circuit has a time of its own, which does not: when the
//! clock stands before the moment at which the circuit was last written, its time stood still since
//! then, and goes on with the clock from there. What is remembered here are moments of that time.

/// A policy, in the component's own words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) window_s: u64,
    pub(crate) minimum_calls: u64,
    pub(crate) failure_rate_threshold: u64,
    pub(crate) slow_call_rate_threshold: u64,
    pub(crate) open_ms: u64,
    pub(crate) open_max_ms: u64,
    pub(crate) half_open_permits: u64,
    pub(crate) permit_lease_ms: u64,
    pub(crate) recovery_ms: u64,
    pub(crate) minimum_reporters: u64,
}

/// How calls went.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) successes: u64,
    pub(crate) failures: u64,
    pub(crate) slow: u64,
    pub(crate) reporter: String,
    pub(crate) permit: String,
    pub(crate) duration_ms: u64,
    pub(crate) generation: Option<u64>,
}

/// May a call pass?
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Acquired {
    pub(crate) allowed: bool,
    pub(crate) state: String,
    pub(crate) since: u64,
    pub(crate) generation: u64,
    pub(crate) permit: String,
    pub(crate) retry_after_ms: u64,
    pub(crate) cache_ms: u64,
}

/// How a circuit is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Status {
    pub(crate) state: String,
    pub(crate) since: u64,
    pub(crate) generation: u64,
    pub(crate) retry_after_ms: u64,
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    pub(crate) slow: u64,
    pub(crate) in_flight: u64,
    pub(crate) successes: u64,
    pub(crate) trips: u64,
    /// The override's mode, and when it ends.
    pub(crate) overriding: (String, u64),
}

/// From which state to which, if to another.
pub(crate) type Transition = Option<(&'static str, &'static str)>;

pub(crate) const MODES: [&str; 3] = ["forced_open", "disabled", "metrics_only"];

#[derive(Clone, Debug, PartialEq)]
enum State {
    Closed,
    Open { ends: u64 },
    HalfOpen(Probes),
    Recovering { credit: u64 },
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Probes {
    generation: u64,
    successes: u64,
    slow: u64,
    issued: u64,
    /// Number and end.
    leases: Vec<(u64, u64)>,
}

#[derive(Clone, Debug)]
struct Override {
    mode: &'static str,
    since: u64,
    ends: u64,
}

/// A report that counts, when it came, and when the bucket began in which it is.
#[derive(Clone, Debug)]
struct Counted {
    at: u64,
    bucket: u64,
    report: Report,
}

#[derive(Clone, Debug)]
struct Circuit {
    state: State,
    since: Option<u64>,
    generation: u64,
    trips: u64,
    counted: Vec<Counted>,
    overriding: Option<Override>,
}

/// Until when the key exists, by the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stored {
    Not,
    Until(u64),
    ForEver,
}

/// How often a circuit is written in which something has still to end.
const WRITE_AGAIN: u64 = 1_000;

#[derive(Clone, Debug)]
pub(crate) struct Model {
    policy: Policy,
    circuit: Circuit,
    stored: Stored,
    /// How far the circuit's time is ahead of the clock.
    ahead: u64,
    /// When it was last written, by its own time.
    written: u64,
    changed: bool,
    was: &'static str,
}

impl Model {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            circuit: Circuit::new(),
            stored: Stored::Not,
            ahead: 0,
            written: 0,
            changed: false,
            was: "closed",
        }
    }

    pub(crate) fn acquire(&mut self, clock: u64) -> (Acquired, Transition) {
        let now = self.begin(clock);
        let policy = self.policy;
        let state = self.state();
        let at_most = |most: u64, wait: u64| (false, wait, wait.min(most), None);
        let (well, tenth) = (self.is_well(now), policy.open_ms / 10);
        // allowed, retry_after_ms, cache_ms and a permit
        let (allowed, retry_after_ms, cache_ms, permit) =
            match (&self.circuit.overriding, &mut self.circuit.state) {
                (Some(it), _) if it.mode == "forced_open" => at_most(1_000, it.ends - now),
                (Some(it), _) => (true, 0, (it.ends - now).min(1_000), None),
                (_, State::Closed) => (true, 0, if well { 500.min(tenth) } else { 0 }, None),
                (_, State::Open { ends }) => at_most(1_000, *ends - now),
                (_, State::HalfOpen(probes))
                    if (probes.leases.len() as u64) < policy.half_open_permits =>
                {
                    probes.issued += 1;
                    probes
                        .leases
                        .push((probes.issued, now + policy.permit_lease_ms));
                    self.changed = true;
                    let permit = format!("{}-{}", probes.generation, probes.issued);
                    (true, 0, 0, Some(permit))
                }
                (_, State::HalfOpen(_)) => at_most(50, self.retry_after(now)),
                (_, State::Recovering { credit }) => {
                    let passed = now - self.circuit.since.unwrap();
                    *credit += 100 + 900 * passed / policy.recovery_ms;
                    let passes = *credit >= 1000;
                    *credit %= 1000;
                    self.changed = true;
                    let wait = (policy.recovery_ms - passed).min(1000);
                    (passes, if passes { 0 } else { wait }, 0, None)
                }
            };
        let acquired = Acquired {
            allowed,
            state: state.to_owned(),
            since: self.since(),
            generation: self.circuit.generation,
            permit: permit.unwrap_or_default(),
            retry_after_ms,
            cache_ms,
        };
        (acquired, self.end(now))
    }

    pub(crate) fn report(&mut self, clock: u64, report: &Report) -> (Status, Transition) {
        let now = self.begin(clock);
        let since = self.circuit.since;
        let late = since.is_some_and(|since| now - report.duration_ms < since);
        let permit_is_back = self.take_back(&report.permit);
        let news = match report.generation {
            Some(generation) => generation == self.circuit.generation,
            None if report.permit.is_empty() => !late,
            None => permit_is_back,
        };
        match self.state() {
            "metrics_only" if news => self.count(now, report),
            "closed" | "recovering" if report.permit.is_empty() && news => {
                self.count(now, report);
                if self.is_in_trouble(now) {
                    self.trip(now);
                }
            }
            "half_open" if permit_is_back && news => self.report_probe(now, report),
            _ => {}
        }
        let transition = self.end(now);
        (self.show(now), transition)
    }

    /// Frees a permit's place. False if it is not out.
    fn take_back(&mut self, permit: &str) -> bool {
        let State::HalfOpen(probes) = &mut self.circuit.state else {
            return false;
        };
        let called = |lease: &(u64, u64)| format!("{}-{}", probes.generation, lease.0);
        let out = probes.leases.iter().position(|it| called(it) == permit);
        if let Some(out) = out {
            probes.leases.remove(out);
            self.changed = true;
        }
        out.is_some()
    }

    fn report_probe(&mut self, now: u64, report: &Report) {
        let State::HalfOpen(probes) = &mut self.circuit.state else {
            return;
        };
        probes.successes += report.successes;
        probes.slow += report.slow;
        self.changed = true;
        if report.failures > 0 {
            self.trip(now);
        } else if probes.successes >= self.policy.half_open_permits {
            if probes.slow * 100 >= self.policy.slow_call_rate_threshold * probes.successes {
                return self.trip(now);
            }
            self.circuit.counted.clear();
            if self.policy.recovery_ms > 0 {
                self.enter(now, State::Recovering { credit: 900 });
            } else {
                self.close(now);
            }
        }
    }

    pub(crate) fn status(&mut self, clock: u64) -> (Status, Transition) {
        let now = self.begin(clock);
        let transition = self.end(now);
        (self.show(now), transition)
    }

    /// Lays an override over the circuit, or lifts it.
    pub(crate) fn lay(
        &mut self,
        clock: u64,
        overriding: Option<(&'static str, u64)>,
    ) -> (Status, Transition) {
        let now = self.begin(clock);
        if overriding.is_some() || self.circuit.overriding.is_some() {
            self.move_on();
        }
        self.circuit.overriding = overriding.map(|(mode, ttl_ms)| Override {
            mode,
            since: now,
            ends: now + ttl_ms,
        });
        let transition = self.end(now);
        (self.show(now), transition)
    }

    pub(crate) fn reset(&mut self, clock: u64) -> Transition {
        let now = self.begin(clock);
        if self.stored != Stored::Not {
            self.circuit.overriding = None;
            self.circuit.counted.clear();
            self.close(now);
        }
        self.end(now)
    }

    /// Somebody removed the key.
    pub(crate) fn forget(&mut self) {
        self.circuit = Circuit::new();
        self.ahead = 0;
        self.written = 0;
        self.stored = Stored::Not;
    }

    /// Somebody wrote something else in the circuit's place, which is a closed one that never expires.
    pub(crate) fn replace(&mut self) {
        self.forget();
        self.stored = Stored::ForEver;
    }

    /// Somebody took the TTL away.
    pub(crate) fn persist(&mut self, clock: u64) {
        self.expire(clock);
        if self.stored != Stored::Not {
            self.stored = Stored::ForEver;
        }
    }

    /// The clock is set back by `span`, and no TTL changes.
    pub(crate) fn set_back(&mut self, span: u64) {
        if let Stored::Until(end) = &mut self.stored {
            *end -= span;
        }
    }

    /// Until when the key exists; 0 if it does not, `None` if it always will.
    pub(crate) fn stored_until(&self) -> Option<u64> {
        match self.stored {
            Stored::Not => Some(0),
            Stored::Until(end) => Some(end),
            Stored::ForEver => None,
        }
    }

    fn expire(&mut self, clock: u64) {
        if matches!(self.stored, Stored::Until(end) if end <= clock) {
            self.forget();
        }
    }

    /// What time alone brings about. Returns what the circuit's own time is.
    fn begin(&mut self, clock: u64) -> u64 {
        self.expire(clock);
        self.was = self.state();
        self.changed = self.stored == Stored::ForEver;
        if clock + self.ahead < self.written {
            self.ahead = self.written - clock;
            self.changed = true;
        }
        let now = clock + self.ahead;
        let over = |it: &Override| it.ends <= now;
        if self.circuit.overriding.as_ref().is_some_and(over) {
            self.circuit.overriding = None;
            self.move_on();
        }
        match &mut self.circuit.state {
            State::Open { ends } if *ends <= now => {
                self.enter(now, State::HalfOpen(Probes::default()));
                let generation = self.circuit.generation;
                if let State::HalfOpen(probes) = &mut self.circuit.state {
                    probes.generation = generation;
                }
            }
            State::HalfOpen(probes) => {
                let out = probes.leases.len();
                probes.leases.retain(|(_, ends)| *ends > now);
                self.changed |= probes.leases.len() < out;
            }
            State::Recovering { .. }
                if self.circuit.since.unwrap() + self.policy.recovery_ms <= now =>
            {
                self.close(now);
            }
            _ => {}
        }
        let waits = self.circuit.overriding.is_some()
            || match &self.circuit.state {
                State::Open { .. } => true,
                State::HalfOpen(probes) => !probes.leases.is_empty(),
                State::Closed | State::Recovering { .. } => false,
            };
        self.changed |= waits && self.written + WRITE_AGAIN <= now;
        now
    }

    fn end(&mut self, now: u64) -> Transition {
        if self.changed {
            let policy = self.policy;
            let overriding = self.circuit.overriding.as_ref();
            self.written = now;
            self.stored = Stored::Until(
                now - self.ahead
                    + policy.window_s * 1000
                    + policy.open_max_ms
                    + policy.permit_lease_ms
                    + policy.recovery_ms
                    + overriding.map_or(0, |it| it.ends - now),
            );
        }
        let is = self.state();
        (self.was != is).then_some((self.was, is))
    }

    fn state(&self) -> &'static str {
        match (&self.circuit.overriding, &self.circuit.state) {
            (Some(it), _) => it.mode,
            (None, State::Closed) => "closed",
            (None, State::Open { .. }) => "open",
            (None, State::HalfOpen(_)) => "half_open",
            (None, State::Recovering { .. }) => "recovering",
        }
    }

    fn enter(&mut self, now: u64, state: State) {
        self.circuit.state = state;
        self.circuit.since = Some(now);
        self.move_on();
    }

    fn move_on(&mut self) {
        self.circuit.generation += 1;
        self.changed = true;
    }

    fn trip(&mut self, now: u64) {
        let mut open = self.policy.open_ms;
        for _ in 0..self.circuit.trips {
            open = (open * 2).min(self.policy.open_max_ms);
        }
        self.circuit.trips += 1;
        self.enter(now, State::Open { ends: now + open });
    }

    fn close(&mut self, now: u64) {
        self.circuit.trips = 0;
        self.enter(now, State::Closed);
    }

    fn count(&mut self, now: u64, report: &Report) {
        if report.successes + report.failures > 0 {
            self.changed = true;
            let newest = self.circuit.counted.last().map(|it| it.bucket);
            let is_young = |bucket: &u64| bucket + self.policy.window_s * 100 > now;
            self.circuit.counted.push(Counted {
                at: now,
                bucket: newest.filter(is_young).unwrap_or(now),
                report: report.clone(),
            });
        }
    }

    /// Calls, failures and slow calls: those since the first bucket that is whole.
    fn sum(&self, now: u64) -> (u64, u64, u64) {
        let window = self.policy.window_s * 1000;
        let mut sum = (0, 0, 0);
        for Counted { bucket, report, .. } in &self.circuit.counted {
            if bucket + window > now {
                sum.0 += report.successes + report.failures;
                sum.1 += report.failures;
                sum.2 += report.slow;
            }
        }
        sum
    }

    fn is_in_trouble(&self, now: u64) -> bool {
        let policy = self.policy;
        let (calls, failures, slow) = self.sum(now);
        let mut reporters: Vec<&str> = self
            .circuit
            .counted
            .iter()
            .filter(|it| it.at + policy.window_s * 1000 > now)
            .filter(|it| it.report.failures + it.report.slow > 0)
            .map(|it| it.report.reporter.as_str())
            .collect();
        reporters.sort_unstable();
        reporters.dedup();
        calls >= policy.minimum_calls
            && reporters.len() as u64 >= policy.minimum_reporters
            && (failures * 100 >= policy.failure_rate_threshold * calls
                || slow * 100 >= policy.slow_call_rate_threshold * calls)
    }

    fn is_well(&self, now: u64) -> bool {
        let policy = self.policy;
        let (calls, failures, slow) = self.sum(now);
        let calls = calls.max(policy.minimum_calls);
        failures * 200 < policy.failure_rate_threshold * calls
            && slow * 200 < policy.slow_call_rate_threshold * calls
    }

    fn retry_after(&self, now: u64) -> u64 {
        match (&self.circuit.overriding, &self.circuit.state) {
            (Some(it), _) if it.mode == "forced_open" => it.ends - now,
            (None, State::Open { ends }) => ends - now,
            (None, State::HalfOpen(probes))
                if probes.leases.len() as u64 >= self.policy.half_open_permits =>
            {
                let first = probes.leases.iter().map(|(_, ends)| ends - now).min();
                first.unwrap().min(1000)
            }
            _ => 0,
        }
    }

    fn show(&self, now: u64) -> Status {
        let (calls, failures, slow) = self.sum(now);
        let probes = match &self.circuit.state {
            State::HalfOpen(probes) => probes.clone(),
            _ => Probes::default(),
        };
        let overriding = self.circuit.overriding.as_ref();
        Status {
            state: self.state().to_owned(),
            since: self.since(),
            generation: self.circuit.generation,
            retry_after_ms: self.retry_after(now),
            calls,
            failures,
            slow,
            in_flight: probes.leases.len() as u64,
            successes: probes.successes,
            trips: self.circuit.trips,
            overriding: overriding.map_or(Default::default(), |it| {
                (it.mode.to_owned(), it.ends - self.ahead)
            }),
        }
    }

    /// When the state began, by the clock; 0 if it was never another.
    fn since(&self) -> u64 {
        let overriding = self.circuit.overriding.as_ref();
        let since = overriding.map_or(self.circuit.since, |it| Some(it.since));
        since.map_or(0, |since| since - self.ahead)
    }
}

impl Circuit {
    fn new() -> Self {
        Self {
            state: State::Closed,
            since: None,
            generation: 0,
            trips: 0,
            counted: Vec::new(),
            overriding: None,
        }
    }
}

/// The table of the component's documentation: whether anything but a reset leads from one state to
/// another.
pub(crate) fn is_in_table(from: &str, to: &str) -> bool {
    let overridden = MODES.contains(&from) || MODES.contains(&to);
    overridden
        || matches!(
            (from, to),
            ("closed", "open")
                | ("open", "half_open")
                | ("half_open", "open" | "recovering" | "closed")
                | ("recovering", "open" | "closed")
        )
}
