//! What the scripts of circuit should do, in plain Rust. Times are milliseconds.

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
}

/// May a call pass?
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Acquired {
    pub(crate) allowed: bool,
    pub(crate) state: String,
    pub(crate) permit: String,
    pub(crate) retry_after_ms: u64,
    pub(crate) cache_ms: u64,
}

/// How a circuit is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Status {
    pub(crate) state: String,
    pub(crate) since: u64,
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

/// A report that counts, and when it came.
#[derive(Clone, Debug)]
struct Counted {
    at: u64,
    report: Report,
}

#[derive(Clone, Debug)]
struct Circuit {
    state: State,
    since: Option<u64>,
    trips: u64,
    counted: Vec<Counted>,
    overriding: Option<Override>,
}

/// Until when the key exists.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stored {
    Not,
    Until(u64),
    ForEver,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    policy: Policy,
    circuit: Circuit,
    stored: Stored,
    changed: bool,
    was: &'static str,
}

impl Model {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            circuit: Circuit::new(),
            stored: Stored::Not,
            changed: false,
            was: "closed",
        }
    }

    pub(crate) fn acquire(&mut self, now: u64) -> (Acquired, Transition) {
        self.begin(now);
        let policy = self.policy;
        let state = self.state();
        let cache = (policy.open_ms / 10).min(500);
        // allowed, retry_after_ms, cache_ms and the number of a permit
        let (allowed, retry_after_ms, cache_ms, number) = match (state, &mut self.circuit.state) {
            ("disabled" | "metrics_only", _) => (true, 0, cache, None),
            ("forced_open", _) => (false, self.retry_after(now), 0, None),
            (_, State::Closed) => (true, 0, if self.is_well(now) { cache } else { 0 }, None),
            (_, State::HalfOpen(probes))
                if (probes.leases.len() as u64) < policy.half_open_permits =>
            {
                probes.issued += 1;
                probes
                    .leases
                    .push((probes.issued, now + policy.permit_lease_ms));
                self.changed = true;
                (true, 0, 0, Some(probes.issued))
            }
            (_, State::Recovering { credit }) => {
                let passed = now - self.circuit.since.unwrap();
                *credit += 100 + 900 * passed / policy.recovery_ms;
                let passes = *credit >= 1000;
                *credit %= 1000;
                self.changed = true;
                let wait = (policy.recovery_ms - passed).min(1000);
                (passes, if passes { 0 } else { wait }, 0, None)
            }
            _ => (false, self.retry_after(now), 0, None),
        };
        let permit = number.map(|number| format!("{}-{number}", self.circuit.since.unwrap()));
        let acquired = Acquired {
            allowed,
            state: state.to_owned(),
            permit: permit.unwrap_or_default(),
            retry_after_ms,
            cache_ms,
        };
        (acquired, self.end(now))
    }

    pub(crate) fn report(&mut self, now: u64, report: &Report) -> (Status, Transition) {
        self.begin(now);
        let since = self.circuit.since;
        let late = since.is_some_and(|since| now - report.duration_ms < since);
        match self.state() {
            "metrics_only" => self.count(now, report),
            "closed" | "recovering" if report.permit.is_empty() && !late => {
                self.count(now, report);
                if self.is_in_trouble(now) {
                    self.trip(now);
                }
            }
            "half_open" => self.report_probe(now, report),
            _ => {}
        }
        let transition = self.end(now);
        (self.show(now), transition)
    }

    fn report_probe(&mut self, now: u64, report: &Report) {
        let since = self.circuit.since.unwrap();
        let State::HalfOpen(probes) = &mut self.circuit.state else {
            return;
        };
        let permit = |lease: &(u64, u64)| format!("{since}-{}", lease.0);
        let lease = probes
            .leases
            .iter()
            .position(|lease| permit(lease) == report.permit);
        let Some(lease) = lease else {
            return;
        };
        probes.leases.remove(lease);
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

    pub(crate) fn status(&mut self, now: u64) -> (Status, Transition) {
        self.begin(now);
        let transition = self.end(now);
        (self.show(now), transition)
    }

    /// Lays an override over the circuit, or lifts it.
    pub(crate) fn lay(
        &mut self,
        now: u64,
        overriding: Option<(&'static str, u64)>,
    ) -> (Status, Transition) {
        self.begin(now);
        self.changed |= overriding.is_some() || self.circuit.overriding.is_some();
        self.circuit.overriding = overriding.map(|(mode, ttl_ms)| Override {
            mode,
            since: now,
            ends: now + ttl_ms,
        });
        let transition = self.end(now);
        (self.show(now), transition)
    }

    pub(crate) fn reset(&mut self, now: u64) -> Transition {
        self.begin(now);
        let was = self.was;
        self.forget();
        (was != "closed").then_some((was, "closed"))
    }

    /// Somebody removed the key, or wrote something else in its place.
    pub(crate) fn forget(&mut self) {
        self.circuit = Circuit::new();
        self.stored = Stored::Not;
    }

    /// Somebody took the TTL away.
    pub(crate) fn persist(&mut self, now: u64) {
        self.expire(now);
        if self.stored != Stored::Not {
            self.stored = Stored::ForEver;
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

    fn expire(&mut self, now: u64) {
        if matches!(self.stored, Stored::Until(end) if end <= now) {
            self.forget();
        }
    }

    /// What time alone brings about.
    fn begin(&mut self, now: u64) {
        self.expire(now);
        self.was = self.state();
        self.changed = self.stored == Stored::ForEver;
        let over = |it: &Override| it.ends <= now;
        if self.circuit.overriding.as_ref().is_some_and(over) {
            self.circuit.overriding = None;
            self.changed = true;
        }
        match &mut self.circuit.state {
            State::Open { ends } if *ends <= now => {
                self.enter(now, State::HalfOpen(Probes::default()));
            }
            State::HalfOpen(probes) => probes.leases.retain(|(_, ends)| *ends > now),
            State::Recovering { .. }
                if self.circuit.since.unwrap() + self.policy.recovery_ms <= now =>
            {
                self.close(now);
            }
            _ => {}
        }
    }

    fn end(&mut self, now: u64) -> Transition {
        if self.changed {
            let policy = self.policy;
            let overriding = self.circuit.overriding.as_ref();
            self.stored = Stored::Until(
                now + policy.window_s * 1000
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
            self.circuit.counted.push(Counted {
                at: now,
                report: report.clone(),
            });
        }
    }

    /// Calls, failures and slow calls: those since the first bucket that is whole.
    fn sum(&self, now: u64) -> (u64, u64, u64) {
        let window = self.policy.window_s * 1000;
        let bucket = window / 10;
        let mut sum = (0, 0, 0);
        for Counted { at, report } in &self.circuit.counted {
            if at - at % bucket + window > now {
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
        let since = overriding.map_or(self.circuit.since, |it| Some(it.since));
        Status {
            state: self.state().to_owned(),
            since: since.unwrap_or(0),
            retry_after_ms: self.retry_after(now),
            calls,
            failures,
            slow,
            in_flight: probes.leases.len() as u64,
            successes: probes.successes,
            trips: self.circuit.trips,
            overriding: overriding.map_or(Default::default(), |it| (it.mode.to_owned(), it.ends)),
        }
    }
}

impl Circuit {
    fn new() -> Self {
        Self {
            state: State::Closed,
            since: None,
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
