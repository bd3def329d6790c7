//! A mixed load on every endpoint, and what came of it.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::json;
use tests::{Answer, Vars, phone};

use crate::world::{self, World};

/// The fixed code of the load's own phones.
const CODE: &str = "123456";
/// A guess that is no code: there is none of that length.
const WRONG: &str = "0000000000";
/// The most clients that a load may have.
const CLIENTS: usize = 32;
/// The bucket `quick`.
const CAPACITY: f64 = 20.0;
const REFILL_A_SECOND: f64 = 10.0;

/// The variables of a world under load: Redis has `timeout_ms`, and nothing but `quick` limits.
pub(crate) fn vars(timeout_ms: u64) -> Vars {
    let numbers: Vec<_> = (0..CLIENTS)
        .map(|client| format!("{}={CODE}", number(client)))
        .collect();
    world::vars()
        .with("redis_timeout_ms", timeout_ms)
        .with("otp_test_numbers", numbers.join(","))
        .with("otp_requests_per_minute", 10_000)
        .with("otp_requests_per_minute_per_client", 1_000_000)
        .with("oauth_states_per_minute_per_client", 1_000_000)
}

fn number(client: usize) -> String {
    format!("+777700{client:05}")
}

/// What the clients of a load have seen so far.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Figures>);

#[derive(Default)]
struct Figures {
    /// How often each endpoint answered what.
    answers: BTreeMap<&'static str, BTreeMap<String, usize>>,
    longest: Duration,
    /// Decisions that no order of events explains.
    wrong: Vec<String>,
    /// Phones whose codes are delivered, each asked for once, and the answer.
    asked: Vec<(String, u16)>,
}

impl Seen {
    async fn of(&self, endpoint: &'static str, call: impl Future<Output = Answer>) -> Answer {
        let begin = Instant::now();
        let answer = call.await;
        let mut seen = self.0.lock().unwrap();
        seen.longest = seen.longest.max(begin.elapsed());
        let degraded = answer.status == 200 && answer.json()["degraded"] == true;
        let what = match degraded {
            true => "degraded".to_owned(),
            false => answer.status.to_string(),
        };
        let counts = seen.answers.entry(endpoint).or_default();
        *counts.entry(what).or_default() += 1;
        answer
    }

    fn wrong(&self, what: String) {
        self.0.lock().unwrap().wrong.push(what);
    }

    pub(crate) fn longest(&self) -> Duration {
        self.0.lock().unwrap().longest
    }

    /// How many answers had this status.
    pub(crate) fn count(&self, status: &str) -> usize {
        let seen = self.0.lock().unwrap();
        seen.answers
            .values()
            .filter_map(|counts| counts.get(status))
            .sum()
    }

    /// How many answers there were.
    pub(crate) fn total(&self) -> usize {
        let seen = self.0.lock().unwrap();
        seen.answers.values().flat_map(BTreeMap::values).sum()
    }

    /// Fails if any answer was none that the endpoint may give, or any decision was wrong.
    pub(crate) async fn assert_sound(&self, world: &World) {
        world.app.settle().await;
        let mut messages: BTreeMap<String, usize> = BTreeMap::new();
        for line in world.app.stdout().so_far() {
            let (_, to) = line.split_once("\"to\":\"").unwrap_or_default();
            let (to, _) = to.split_once('"').unwrap_or_default();
            *messages.entry(to.to_owned()).or_default() += 1;
        }
        let seen = self.0.lock().unwrap();
        assert!(seen.wrong.is_empty(), "{:#?}", seen.wrong);
        for (endpoint, counts) in &seen.answers {
            for status in counts.keys() {
                let known = ["200", "201", "400", "409", "410", "429", "503", "degraded"];
                assert!(known.contains(&status.as_str()), "{endpoint}: {status}");
            }
        }
        for (phone, status) in &seen.asked {
            let messages = messages.get(phone).copied().unwrap_or(0);
            let right = match status {
                200 => messages == 1,
                _ => messages == 0,
            };
            assert!(right, "{messages} messages and a {status} for one request");
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.0.lock().unwrap();
        for (endpoint, counts) in &seen.answers {
            write!(f, " {endpoint}")?;
            for (status, count) in counts {
                write!(f, " {status}:{count}")?;
            }
            write!(f, ";")?;
        }
        Ok(())
    }
}

/// Runs `clients` at once until `work` is done. `keeps` says whether Redis keeps its data
/// meanwhile, without which no limit holds.
pub(crate) async fn during<T>(
    world: &World,
    seen: &Seen,
    clients: usize,
    keeps: bool,
    work: impl Future<Output = T>,
) -> T {
    assert!(clients <= CLIENTS);
    let over = AtomicBool::new(false);
    let all = join_all((0..clients).map(async |id| {
        let begin = Instant::now();
        let key = format!("{id}-{}", phone());
        let mut taken = 0.0;
        while !over.load(Ordering::Relaxed) {
            round(world, seen, id, &key, &mut taken).await;
        }
        let most = CAPACITY + REFILL_A_SECOND * begin.elapsed().as_secs_f64();
        if keeps && taken > most {
            seen.wrong(format!("{taken} tokens of a bucket that had {most}"));
        }
    }));
    let (_, done) = tokio::join!(all, async {
        let done = work.await;
        over.store(true, Ordering::Relaxed);
        done
    });
    done
}

/// One call or two of each endpoint.
async fn round(world: &World, seen: &Seen, id: usize, key: &str, taken: &mut f64) {
    let app = &world.app;

    // The client's own phone: one code, and at most one success with it.
    let own = number(id);
    seen.of("request", app.request(&own)).await;
    let mut successes = 0;
    for _ in 0..3 {
        let answer = seen.of("verify", app.verify(&own, CODE)).await;
        successes += usize::from(answer.status == 200);
    }
    if successes > 1 {
        seen.wrong(format!("one code, {successes} successes"));
    }

    // A phone whose code is delivered.
    let other = phone();
    let status = seen.of("request", app.request(&other)).await.status;
    seen.0.lock().unwrap().asked.push((other.clone(), status));
    let answer = seen.of("verify", app.verify(&other, WRONG)).await;
    if answer.status == 200 {
        seen.wrong("a wrong code succeeded".to_owned());
    }

    let issued = seen.of("state", world.issue()).await;
    if issued.status == 201 {
        let issued = issued.json();
        let state = issued["state"].as_str().unwrap();
        let mut successes = 0;
        for _ in 0..2 {
            let answer = seen.of("consume", world.consume(state)).await;
            successes += usize::from(answer.status == 200);
        }
        if successes > 1 {
            seen.wrong("one state, two successes".to_owned());
        }
    }

    let lent = seen.of("acquire", world.acquire("load")).await;
    if lent.json()["allowed"] != true {
        seen.wrong(format!("a circuit without a failure refused: {lent:?}"));
    }
    let success = json!({ "outcome": "success" });
    seen.of("report", world.report("load", &success)).await;

    if seen.of("take", world.take("quick", key)).await.status == 200 {
        *taken += 1.0;
    }
    seen.of("health", app.get("/api/health")).await;
}

/// Whether every endpoint does what it is for; if not, what it said instead.
pub(crate) async fn is_well(world: &World) -> Result<(), Box<Answer>> {
    let expect = |status: u16, answer: Answer| match answer.status == status {
        true => Ok(answer),
        false => Err(Box::new(answer)),
    };
    let app = &world.app;
    let phone = number(CLIENTS - 1);
    expect(200, app.request(&phone).await)?;
    expect(200, app.verify(&phone, CODE).await)?;
    let issued = expect(201, world.issue().await)?.json();
    let state = issued["state"].as_str().unwrap();
    expect(200, world.consume(state).await)?;
    let lent = world.acquire("well").await;
    if lent.json()["allowed"] != true || lent.json()["degraded"] != false {
        return Err(lent.into());
    }
    let success = json!({ "outcome": "success" });
    expect(200, world.report("well", &success).await)?;
    expect(200, world.take("login", &tests::phone()).await)?;
    expect(200, app.get("/api/health").await)?;
    Ok(())
}
