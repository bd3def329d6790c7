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
/// Wrong guesses that are compared with one code.
const GUESSES: usize = 3;
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
    /// Makes a call. It may be answered with one of these statuses, and otherwise only with the 503
    /// of a Redis that is away.
    async fn of(
        &self,
        endpoint: &'static str,
        may: &[u16],
        call: impl Future<Output = Answer>,
    ) -> Answer {
        let begin = Instant::now();
        let answer = call.await;
        let away = answer.status == 503 && answer.code().as_deref() == Some("store-unavailable");
        if !away && !may.contains(&answer.status) {
            self.wrong(format!("{endpoint}: none of {may:?}, but {answer:?}"));
        }
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

    /// Fails if any answer was none that the endpoint might give then, or any decision was wrong:
    /// what each call may be answered is said where it is made.
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
/// meanwhile, without which no limit holds and everything may be gone.
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
        let mut client = Client::new(world, seen, id, keeps);
        while !over.load(Ordering::Relaxed) {
            client.round().await;
        }
        let most = CAPACITY + REFILL_A_SECOND * begin.elapsed().as_secs_f64();
        if keeps && client.taken > most {
            seen.wrong(format!("{} tokens of a bucket of {most}", client.taken));
        }
        if client.successes > client.requests {
            let Client {
                successes,
                requests,
                ..
            } = client;
            seen.wrong(format!("{successes} successes with {requests} codes"));
        }
    }));
    let (_, done) = tokio::join!(all, async {
        let done = work.await;
        over.store(true, Ordering::Relaxed);
        done
    });
    done
}

/// How long Redis may yet carry out what it has not answered.
const CARRIED_OUT: Duration = Duration::from_secs(2);

/// One user of every endpoint.
struct Client<'a> {
    world: &'a World,
    seen: &'a Seen,
    keeps: bool,
    /// The phone whose code is known.
    own: String,
    /// The bucket.
    key: String,
    requests: usize,
    successes: usize,
    taken: f64,
    /// When a call about the own phone was last not answered.
    unanswered: Option<Instant>,
}

impl<'a> Client<'a> {
    fn new(world: &'a World, seen: &'a Seen, id: usize, keeps: bool) -> Self {
        Self {
            world,
            seen,
            keeps,
            own: number(id),
            key: format!("{id}-{}", phone()),
            requests: 0,
            successes: 0,
            taken: 0.0,
            unanswered: None,
        }
    }

    /// One call or more of each endpoint.
    async fn round(&mut self) {
        self.own_code().await;
        self.delivered_code().await;
        self.state().await;
        self.circuit().await;
        self.bucket().await;
        let health = self.world.app.get("/api/health");
        self.seen.of("health", &[200], health).await;
    }

    /// Fails the load unless `statuses` are these, where all calls were answered and nothing was
    /// lost.
    fn expect(&self, what: &str, statuses: &[u16], expected: &[u16]) {
        if self.keeps && !statuses.contains(&503) && statuses != expected {
            let what = format!("{what}: {statuses:?} and not {expected:?}");
            self.seen.wrong(what);
        }
    }

    /// The client's own phone: a code, and one success with it.
    async fn own_code(&mut self) {
        let (seen, app) = (self.seen, &self.world.app);
        self.requests += 1;
        let request = seen.of("request", &[200], app.request(&self.own)).await;
        let mut statuses = vec![request.status];
        for _ in 0..3 {
            let verify = app.verify(&self.own, CODE);
            statuses.push(seen.of("verify", &[200, 410], verify).await.status);
        }
        let guesses = &statuses[1..];
        self.successes += guesses.iter().filter(|status| **status == 200).count();
        if statuses.contains(&503) {
            self.unanswered = Some(Instant::now());
        }
        if self
            .unanswered
            .is_none_or(|moment| moment.elapsed() > CARRIED_OUT)
        {
            self.expect("a code and its guesses", &statuses, &[200, 200, 410, 410]);
        }
    }

    /// A phone whose code is delivered: wrong guesses, as many as are compared and one more.
    async fn delivered_code(&self) {
        let (seen, app) = (self.seen, &self.world.app);
        let other = phone();
        let status = seen.of("request", &[200], app.request(&other)).await.status;
        seen.0.lock().unwrap().asked.push((other.clone(), status));
        let mut statuses = vec![status];
        for _ in 0..=GUESSES {
            let verify = app.verify(&other, WRONG);
            let answer = seen.of("verify", &[400, 410, 429], verify).await;
            statuses.push(answer.status);
        }
        let mismatches = statuses.iter().filter(|status| **status == 400).count();
        if mismatches >= GUESSES {
            seen.wrong(format!(
                "{mismatches} guesses were not the last: {statuses:?}"
            ));
        }
        self.expect(
            "a code and wrong guesses",
            &statuses,
            &[200, 400, 400, 429, 429],
        );
    }

    /// A state, which is consumed once.
    async fn state(&self) {
        let (seen, world) = (self.seen, self.world);
        let issued = seen.of("state", &[201], world.issue()).await;
        if issued.status != 201 {
            return;
        }
        let issued = issued.json();
        let state = issued["state"].as_str().unwrap();
        let may: &[u16] = match self.keeps {
            true => &[200, 409],
            false => &[200, 409, 410],
        };
        let mut statuses = Vec::new();
        for _ in 0..2 {
            let answer = seen.of("consume", may, world.consume(state)).await;
            statuses.push(answer.status);
        }
        if statuses == [200, 200] {
            seen.wrong("one state, two successes".to_owned());
        }
        self.expect("a state", &statuses, &[200, 409]);
    }

    /// A circuit without a failure, which nothing may open.
    async fn circuit(&self) {
        let (seen, world) = (self.seen, self.world);
        let lent = seen.of("acquire", &[200], world.acquire("load")).await;
        if lent.json()["allowed"] != true {
            seen.wrong(format!("a circuit without a failure refused: {lent:?}"));
        }
        let success = json!({ "outcome": "success" });
        seen.of("report", &[200], world.report("load", &success))
            .await;
    }

    async fn bucket(&mut self) {
        let take = self.world.take("quick", &self.key);
        let answer = self.seen.of("take", &[200, 429], take).await;
        if answer.status == 200 {
            self.taken += 1.0;
        }
    }
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

fn answer(status: u16, body: &'static str) -> Answer {
    Answer {
        status,
        headers: http::HeaderMap::new(),
        body: body.into(),
    }
}

/// What a load makes of an answer to a call that may be answered with 200.
async fn found_wrong(answer: Answer) -> bool {
    let seen = Seen::default();
    seen.of("some", &[200], async { answer }).await;
    let wrong = &seen.0.lock().unwrap().wrong;
    !wrong.is_empty()
}

#[tokio::test]
async fn an_answer_that_may_not_be_is_seen() {
    assert!(!found_wrong(answer(200, "{}")).await);
    let away = r#"{"code": "store-unavailable"}"#;
    assert!(!found_wrong(answer(503, away)).await);

    assert!(found_wrong(answer(500, "")).await);
    assert!(found_wrong(answer(410, "{}")).await);
    let misconfigured = r#"{"code": "misconfigured"}"#;
    assert!(found_wrong(answer(503, misconfigured)).await);
}
