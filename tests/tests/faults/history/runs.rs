//! The runs: a few callers, a few faults, and the history of both.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::Mutex,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Cut, long, phone, wrong};
use tokio::time::sleep;

use super::{
    check::{Event, Specification, fits},
    plan::{Dice, Fault, Step},
    specifications::{
        Ask, Bucket, Circuit, Code, Consumed, Flow, GUESSES, Got, Guess, Lent, TOKENS, Verdict,
        Want,
    },
};
use crate::world::{World, vars};

const CALLERS: usize = 4;
const STEPS: usize = 7;
/// No shorter than the proxy's longest delay needs on a busy machine.
const TIMEOUT_MS: u64 = 400;
/// Half-open a millisecond after the first failure, with leases that outlast a run.
const CIRCUITS: &str = r#"{"default": {"minimum_calls": 1, "open_ms": 1, "open_max_ms": 1,
    "half_open_permits": 2, "permit_lease_ms": 60000}}"#;
const IDEMPOTENCY_KEY: [(&str, &str); 1] = [("idempotency-key", "\"once\"")];

/// A history of one thing.
type History<S> = Mutex<Vec<Event<<S as Specification>::Call, <S as Specification>::Answer>>>;

/// What the callers of a run share, and what they saw of it.
struct Run<'a> {
    world: &'a World,
    begin: Instant,
    phone: String,
    code: String,
    state: String,
    key: String,
    /// The phone that is asked for with an idempotency key.
    once: String,
    guesses: History<Code>,
    consumes: History<Flow>,
    takes: History<Bucket>,
    probes: History<Circuit>,
    permits: Mutex<Vec<String>>,
    sends: Mutex<Vec<u16>>,
}

impl<'a> Run<'a> {
    async fn prepare(world: &'a World) -> Self {
        let (phone, key) = (phone(), tests::phone());
        let issued = world.issue().await.json();
        // Whatever failed before, this phone's circuit is half-open now.
        let failure = json!({ "outcome": "failure" });
        let tripped = world.report(&circuit(&key), &failure).await.ok();
        assert_eq!(tripped["state"], "open", "{tripped}");
        sleep(Duration::from_millis(5)).await;
        Self {
            world,
            code: world.app.sent_code(&phone).await,
            phone,
            state: issued["state"].as_str().unwrap().to_owned(),
            key,
            once: tests::phone(),
            begin: Instant::now(),
            guesses: Mutex::default(),
            consumes: Mutex::default(),
            takes: Mutex::default(),
            probes: Mutex::default(),
            permits: Mutex::default(),
            sends: Mutex::default(),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_micros()).unwrap()
    }

    /// Makes a call and records it; `read` says what an answer means, none if it leaves open what
    /// has happened.
    async fn record<C, A>(
        &self,
        history: &Mutex<Vec<Event<C, A>>>,
        call: C,
        asked: impl Future<Output = Answer>,
        read: impl FnOnce(&Answer) -> Option<A>,
    ) -> Answer {
        let began = self.now();
        let answer = asked.await;
        let over = self.now();
        history.lock().unwrap().push(Event {
            call,
            began,
            answered: read(&answer).map(|answer| (over, answer)),
        });
        answer
    }

    async fn step(&self, step: Step, n: u8) {
        let world = self.world;
        match step {
            Step::Guess(guess) => {
                let code = match guess {
                    Guess::Right => self.code.clone(),
                    Guess::Wrong => wrong(&self.code, n),
                };
                let asked = world.app.verify(&self.phone, &code);
                self.record(&self.guesses, guess, asked, verdict).await;
            }
            Step::Consume => {
                let asked = world.consume(&self.state);
                self.record(&self.consumes, (), asked, consumed).await;
            }
            Step::Bucket(want) => match want {
                Want::Take => {
                    let asked = world.take("login", &self.key);
                    self.record(&self.takes, want, asked, got).await;
                }
                Want::Refund => {
                    let asked = world.refund("login", &self.key);
                    self.record(&self.takes, want, asked, got).await;
                }
            },
            Step::Acquire => {
                self.acquire().await;
            }
            Step::Probe => {
                if let Some(permit) = self.acquire().await {
                    let ignored = json!({ "outcome": "ignored", "permit": permit });
                    let circuit = circuit(&self.key);
                    let asked = world.report(&circuit, &ignored);
                    let read = |answer: &Answer| known(answer).then_some(Lent::Returned);
                    self.record(&self.probes, Ask::GiveBack, asked, read).await;
                }
            }
            Step::Send => {
                let ask = json!({ "phone": self.once });
                let answer = world.app.request_with(&IDEMPOTENCY_KEY, &ask).await;
                self.sends.lock().unwrap().push(answer.status);
            }
        }
    }

    async fn acquire(&self) -> Option<String> {
        let circuit = circuit(&self.key);
        let asked = self.world.acquire(&circuit);
        let answer = self
            .record(&self.probes, Ask::Acquire, asked, lent)
            .await
            .json();
        let permit = answer["permit"].as_str()?.to_owned();
        self.permits.lock().unwrap().push(permit.clone());
        Some(permit)
    }

    /// Fails unless all of it is as the specifications say.
    async fn check(&self, seed: u64) {
        check(seed, &Code::Alive { guesses: GUESSES }, &self.guesses);
        check(seed, &Flow { used: false }, &self.consumes);
        check(seed, &Bucket(TOKENS), &self.takes);
        check(seed, &Circuit { out: 0 }, &self.probes);

        let permits = self.permits.lock().unwrap().clone();
        let different: BTreeSet<_> = permits.iter().collect();
        assert_eq!(different.len(), permits.len(), "seed {seed}: {permits:?}");

        let sends = self.sends.lock().unwrap().clone();
        if sends.contains(&200) {
            // What was answered with 200 has been sent, and is seen soon.
            let what = format!("seed {seed}: the message of {sends:?}");
            let sent = |lines: &[String]| {
                let found = lines.iter().any(|line| line.contains(&self.once));
                found.then_some(())
            };
            self.world.app.stdout().find(&what, sent).await;
        }
        let messages = self.world.app.delivered(&self.once).len();
        assert!(messages <= 1, "seed {seed}: {messages} messages, {sends:?}");
    }

    fn tally(&self, tally: &mut BTreeMap<String, usize>) {
        fn count<C: Debug, A: Debug>(
            tally: &mut BTreeMap<String, usize>,
            history: &Mutex<Vec<Event<C, A>>>,
        ) {
            for event in &*history.lock().unwrap() {
                let what = match &event.answered {
                    Some((_, answer)) => format!("{answer:?}"),
                    None => "no answer".to_owned(),
                };
                *tally.entry(what).or_default() += 1;
            }
        }
        count(tally, &self.guesses);
        count(tally, &self.consumes);
        count(tally, &self.takes);
        count(tally, &self.probes);
        for status in &*self.sends.lock().unwrap() {
            *tally.entry(format!("send {status}")).or_default() += 1;
        }
    }
}

fn check<S>(seed: u64, initial: &S, history: &History<S>)
where
    S: Specification + Debug,
    S::Call: Debug,
    S::Answer: Debug,
{
    let mut events = history.lock().unwrap();
    events.sort_by_key(|event| event.began);
    assert!(
        fits(initial, &events),
        "LATCH_SEED={seed}: from {initial:?}, no order explains {events:#?}"
    );
}

fn circuit(key: &str) -> String {
    format!("probe.{}", key.trim_start_matches('+'))
}

/// Whether an answer says what has happened. Fails if it is none that there may be.
fn known(answer: &Answer) -> bool {
    match answer.status {
        503 => {
            answer.problem(503, "store-unavailable");
            false
        }
        status => {
            assert!(status < 500, "{answer:?}");
            true
        }
    }
}

fn verdict(answer: &Answer) -> Option<Verdict> {
    let left = |answer: &Answer| u8::try_from(answer.json()["attempts_remaining"].as_u64()?).ok();
    known(answer).then(|| match answer.code().as_deref() {
        None => Verdict::Verified,
        Some("otp-mismatch") => Verdict::Mismatch {
            left: left(answer).unwrap(),
        },
        Some("otp-attempts-exhausted") => Verdict::Exhausted,
        Some("otp-expired") => Verdict::Gone,
        Some(_) => panic!("{answer:?}"),
    })
}

fn consumed(answer: &Answer) -> Option<Consumed> {
    known(answer).then(|| match answer.code().as_deref() {
        None => Consumed::Once,
        Some("state-replayed") => Consumed::Replayed,
        Some(_) => panic!("{answer:?}"),
    })
}

fn got(answer: &Answer) -> Option<Got> {
    known(answer).then(|| match answer.status {
        200 => Got::Left(u8::try_from(answer.json()["remaining"].as_u64().unwrap()).unwrap()),
        429 => Got::Refused,
        _ => panic!("{answer:?}"),
    })
}

fn lent(answer: &Answer) -> Option<Lent> {
    let answer = answer.ok();
    (answer["degraded"] == false).then(|| match (&answer["allowed"], &answer["permit"]) {
        (Value::Bool(true), Value::String(_)) => Lent::Permit,
        (Value::Bool(false), Value::Null) => Lent::Refused,
        _ => panic!("{answer}"),
    })
}

/// Lets a fault happen.
async fn strike(world: &World, fault: Fault) {
    match fault {
        Fault::Cut => world.proxy.cut_all(),
        Fault::LoseReplies(times) => world.proxy.lose(times, "EVALSHA", Cut::BeforeReply),
        Fault::HalveReplies(times) => world.proxy.lose(times, "EVALSHA", Cut::MidReply),
        Fault::Delay(ms) => world.proxy.delay(Duration::from_millis(ms)),
        Fault::BlackHole => {
            world.proxy.black_hole();
            sleep(Duration::from_millis(20)).await;
            world.proxy.pass();
        }
        Fault::ForgetScripts => {
            let _: () = world.redis.run("SCRIPT FLUSH SYNC");
        }
        Fault::KillClients => {
            let _: u64 = world.redis.run("CLIENT KILL TYPE normal");
        }
        Fault::Nothing => world.proxy.pass(),
    }
}

/// Runs once, and adds the answers up.
async fn run(world: &World, seed: u64, tally: &mut BTreeMap<String, usize>) {
    let run = Run::prepare(world).await;
    let mut dice = Dice(seed);
    let plans: Vec<Vec<Step>> = (0..CALLERS)
        .map(|_| (0..STEPS).map(|_| dice.step()).collect())
        .collect();
    let callers = join_all(plans.iter().map(async |plan| {
        for (n, step) in (0..).zip(plan) {
            run.step(*step, n).await;
        }
    }));
    let faults = async {
        for _ in 0..4 {
            sleep(Duration::from_millis(dice.below(12))).await;
            strike(world, dice.fault()).await;
        }
    };
    tokio::join!(callers, faults);
    world.proxy.pass();
    // What was cut last is noticed before the next run prepares.
    world.proxy.cut_all();
    sleep(Duration::from_millis(20)).await;
    while world.app.get("/api/health").await.status != 200 {}
    run.check(seed).await;
    run.tally(tally);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_history_of_concurrent_callers_and_faults_needs_a_wrong_decision() {
    let runs = if long() { 1000 } else { 10 };
    let seed = match std::env::var("LATCH_SEED") {
        Ok(seed) => seed.parse().expect("LATCH_SEED is a number"),
        Err(_) => rand::random::<u32>().into(),
    };
    println!("LATCH_SEED={seed}, {runs} runs");
    let vars = vars()
        .with("redis_timeout_ms", TIMEOUT_MS)
        .with("circuit_policies", CIRCUITS);
    let world = World::with(&vars).await;
    let mut tally = BTreeMap::new();
    let begin = Instant::now();
    for run_seed in seed..seed + runs {
        run(&world, run_seed, &mut tally).await;
    }
    println!(
        "{runs} runs in {:.1} s, {} replies lost; answers: {tally:?}",
        begin.elapsed().as_secs_f64(),
        world.proxy.lost()
    );
}
