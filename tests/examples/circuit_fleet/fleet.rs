//! The clients, and the order in which things happen to them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::breakers::{Breakers, Report};
use crate::chance::Chance;
use crate::scenario::{self, CLIENTS, END, Manner, Scenario};
use crate::seen::Seen;

/// How often a client reports a batch: as often as it asks at most.
const BATCH: u64 = 500;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A client wishes to call.
    Wish(usize),
    /// A call has ended.
    End {
        client: usize,
        began: u64,
        failed: bool,
        pass: Pass,
    },
    /// A client's batch is due.
    Batch(usize),
}

/// What lets a call through, and comes back with its report.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Pass {
    /// Empty if there is none.
    permit: String,
    generation: u64,
}

/// What a client knows.
#[derive(Clone, Default)]
struct Client {
    /// The last answer, until when it holds, and what it was: none is a refusal.
    until: u64,
    known: Option<Pass>,
    /// What is to be reported, by generation.
    batches: BTreeMap<u64, Report>,
}

struct Fleet<'a> {
    scenario: Scenario,
    manner: Manner,
    breakers: &'a mut Breakers,
    chance: Chance,
    clients: Vec<Client>,
    now: u64,
    /// By time, and then in the order in which they were put there.
    agenda: BinaryHeap<Reverse<(u64, u64, Event)>>,
    planned: u64,
    seen: Seen,
}

/// Lets the scenario pass, and tells what was seen.
pub(crate) fn run(scenario: Scenario, manner: Manner, breakers: &mut Breakers) -> Seen {
    let mut fleet = Fleet {
        scenario,
        manner,
        breakers,
        chance: Chance(1),
        clients: vec![Client::default(); CLIENTS],
        now: 0,
        agenda: BinaryHeap::new(),
        planned: 0,
        seen: Seen::new(),
    };
    for client in 0..CLIENTS {
        let (wish, batch) = (
            fleet.chance.between(0, 1_000 / scenario.rate),
            fleet.chance.between(0, BATCH),
        );
        fleet.plan(wish, Event::Wish(client));
        if manner == Manner::Shared {
            fleet.plan(batch, Event::Batch(client));
        }
    }
    while let Some(Reverse((now, _, event))) = fleet.agenda.pop() {
        if now >= END {
            break;
        }
        fleet.now = now;
        match event {
            Event::Wish(client) => fleet.wish(client),
            Event::End {
                client,
                began,
                failed,
                pass,
            } => fleet.end(client, began, failed, pass),
            Event::Batch(client) => fleet.batch(client),
        }
    }
    fleet.seen
}

impl Fleet<'_> {
    fn plan(&mut self, wait: u64, event: Event) {
        self.planned += 1;
        let entry = (self.now + wait, self.planned, event);
        self.agenda.push(Reverse(entry));
    }

    fn wish(&mut self, client: usize) {
        let pause = self.scenario.pause(&mut self.chance);
        self.plan(pause, Event::Wish(client));
        self.seen.wish(self.now);
        let Some(pass) = self.may_pass(client) else {
            return;
        };
        self.seen.hit(self.now);
        let (failed, duration) = scenario::call(self.now, &mut self.chance);
        let end = Event::End {
            client,
            began: self.now,
            failed,
            pass,
        };
        self.plan(duration, end);
    }

    /// What lets the call through, if it may pass.
    fn may_pass(&mut self, client: usize) -> Option<Pass> {
        let known = &self.clients[client];
        if self.now < known.until {
            return known.known.clone();
        }
        let key = self.manner.key(client);
        let acquired = self.breakers.acquire(&key, self.now);
        self.seen.command(self.now);
        let pass = acquired.allowed.then_some(Pass {
            permit: acquired.permit,
            generation: acquired.generation,
        });
        if self.manner == Manner::Shared {
            let known = &mut self.clients[client];
            known.until = self.now + acquired.cache_ms;
            known.known.clone_from(&pass);
        }
        pass
    }

    fn end(&mut self, client: usize, began: u64, failed: bool, pass: Pass) {
        let (successes, failures) = (u64::from(!failed), u64::from(failed));
        if !failed {
            self.seen.success(self.now);
        }
        let Pass { permit, generation } = pass;
        if self.manner == Manner::Shared && permit.is_empty() {
            let batches = &mut self.clients[client].batches;
            let batch = batches.entry(generation).or_default();
            batch.generation = generation;
            batch.successes += successes;
            batch.failures += failures;
            return;
        }
        let report = Report {
            successes,
            failures,
            permit,
            duration_ms: self.now - began,
            generation,
        };
        self.report(client, &report);
    }

    fn batch(&mut self, client: usize) {
        self.plan(BATCH, Event::Batch(client));
        for (_, batch) in std::mem::take(&mut self.clients[client].batches) {
            self.report(client, &batch);
        }
    }

    fn report(&mut self, client: usize, report: &Report) {
        let (key, reporter) = (self.manner.key(client), format!("client-{client}"));
        self.breakers.report(&key, report, &reporter, self.now);
        self.seen.command(self.now);
    }
}
