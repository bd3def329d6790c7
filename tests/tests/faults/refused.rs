//! What Redis refuses has not happened: it shows nothing, and changes nothing.
//!
//! Redis can refuse any command that a script needs: an ACL forbids it, memory is used up, the server
//! has become a replica. Each decision is asked for under each of these. It may go through, where the
//! command is not needed. Where it is refused, Redis holds what it held before, every answer is the
//! same (for a right guess and a wrong one), and afterwards the decision is what it would have been.

use std::collections::BTreeSet;

use http::Method;
use latch::Script;
use serde_json::{Value, json};
use tests::{Answer, App, Redis, phone, wrong};

use crate::world::vars;

/// The Redis user of the app, which may do anything until something is taken from it.
const USER: &str = "latch";
const PASSWORD: &str = "refusing";

/// Every script there is.
fn scripts() -> [&'static Script; 16] {
    [
        &latch::request_limit::COUNT,
        &otp::RESERVE,
        &otp::COMMIT,
        &otp::CANCEL,
        &otp::VERIFY,
        &otp::FORGET,
        &oauth_state::ISSUE,
        &oauth_state::CONSUME,
        &circuit::ACQUIRE,
        &circuit::REPORT,
        &circuit::STATUS,
        &circuit::LIST,
        &circuit::OVERRIDE,
        &circuit::RESET,
        &rate_limit::TAKE,
        &rate_limit::REFUND,
    ]
}

/// The commands that scripts call, by their texts.
fn commands() -> BTreeSet<String> {
    let mut commands = BTreeSet::new();
    for script in scripts() {
        for call in script.text().split("call('").skip(1) {
            let (command, _) = call.split_once('\'').unwrap();
            commands.insert(command.to_owned());
        }
    }
    commands
}

/// What Redis refuses.
#[derive(Clone, Debug)]
enum Refusal {
    Command(String),
    /// Any write.
    Memory,
    /// Any write.
    Replica,
}

impl Refusal {
    fn all() -> Vec<Self> {
        let commands = commands().into_iter().map(Self::Command);
        commands.chain([Self::Memory, Self::Replica]).collect()
    }

    fn begin(&self, redis: &Redis) {
        self.apply(
            redis,
            "-",
            "CONFIG SET maxmemory 1",
            "REPLICAOF 127.0.0.1 1",
        );
    }

    fn end(&self, redis: &Redis) {
        self.apply(redis, "+", "CONFIG SET maxmemory 0", "REPLICAOF NO ONE");
    }

    fn apply(&self, redis: &Redis, sign: &str, memory: &str, replica: &str) {
        let _: () = match self {
            Self::Command(command) => {
                let command = command.to_lowercase();
                redis.run(&format!("ACL SETUSER {USER} {sign}{command}"))
            }
            Self::Memory => redis.run(memory),
            Self::Replica => redis.run(replica),
        };
    }
}

/// An app whose Redis can refuse.
struct World {
    app: App,
    redis: Redis,
}

impl World {
    async fn start() -> Self {
        let redis = Redis::start().await;
        let _: () = redis.run(&format!("ACL SETUSER {USER} on >{PASSWORD} ~* &* +@all"));
        let url = redis
            .url()
            .replace("redis://", &format!("redis://{USER}:{PASSWORD}@"));
        let app = App::at(&url, &vars()).await;
        Self { app, redis }
    }

    /// All that Redis holds of decisions that are under test: what was counted for the client before
    /// is a decision of its own, and has been made.
    fn held(&self) -> Vec<(String, Vec<u8>)> {
        let of_clients = [
            "otp:client:",
            "oauth:client:",
            "otp:{total}",
            "oauth:{total}",
        ];
        let mut held = self.redis.dump();
        held.retain(|(key, _)| !of_clients.iter().any(|prefix| key.starts_with(prefix)));
        held
    }
}

/// A decision, and how it is told that it was made or not.
trait Decision {
    /// What there is before it.
    type Before;

    async fn prepare(&self, world: &World) -> Self::Before;

    /// Asks for it, in each of the ways that must not be told apart.
    async fn ask(&self, world: &World, before: &Self::Before) -> Vec<Answer>;

    /// Holds what it is after it was refused.
    async fn after(&self, world: &World, before: &Self::Before);
}

/// Whether Redis has refused, and not somebody's limit.
fn is_refused(answer: &Answer) -> bool {
    let degraded = answer.status == 200 && answer.json()["degraded"] == true;
    answer.status == 503 || degraded
}

/// How often the decision was refused, of all refusals that there are.
async fn hold(name: &str, decision: impl Decision) -> usize {
    let world = World::start().await;
    let mut refused = 0;
    for refusal in Refusal::all() {
        let what = format!("{name}, {refusal:?} refused");
        let before = decision.prepare(&world).await;
        let held = world.held();
        refusal.begin(&world.redis);
        let answers = decision.ask(&world, &before).await;
        refusal.end(&world.redis);
        if !answers.iter().any(is_refused) {
            continue;
        }
        refused += 1;
        for answer in &answers {
            assert_eq!(answer.status, answers[0].status, "{what}: {answers:?}");
            assert_eq!(answer.body, answers[0].body, "{what}: {answers:?}");
        }
        assert_eq!(texts(world.held()), texts(held), "{what}");
        decision.after(&world, &before).await;
    }
    println!(
        "{name}: refused {refused} of {} times",
        Refusal::all().len()
    );
    // By an ACL at least once, by memory and as a replica.
    assert!(refused >= 3, "{name}: refused only {refused} times");
    world.redis.assert_every_key_expires();
    refused
}

fn texts(held: Vec<(String, Vec<u8>)>) -> Vec<(String, String)> {
    let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
    held.into_iter()
        .map(|(key, value)| (key, text(value)))
        .collect()
}

#[test]
fn scripts_write_by_one_command_alone() {
    let reads = ["EXISTS", "GET", "GETRANGE", "PTTL", "SCAN", "TIME"];
    let writes: Vec<_> = commands()
        .into_iter()
        .filter(|command| !reads.contains(&command.as_str()))
        .collect();
    // PUBLISH is an extra, and lost alone.
    assert_eq!(writes, ["PUBLISH", "SET"]);
}

struct Guess;

impl Decision for Guess {
    /// A phone and its code.
    type Before = (String, String);

    async fn prepare(&self, world: &World) -> Self::Before {
        let phone = phone();
        let code = world.app.sent_code(&phone).await;
        // There is a log of wrong guesses too.
        world.app.verify(&phone, &wrong(&code, 0)).await;
        (phone, code)
    }

    async fn ask(&self, world: &World, (phone, code): &Self::Before) -> Vec<Answer> {
        vec![
            world.app.verify(phone, &wrong(code, 1)).await,
            world.app.verify(phone, code).await,
            world.app.verify(phone, &wrong(code, 2)).await,
        ]
    }

    async fn after(&self, world: &World, (phone, code): &Self::Before) {
        let answer = world.app.verify(phone, &wrong(code, 3)).await;
        let problem = answer.problem(400, "otp-mismatch");
        assert_eq!(problem["attempts_remaining"], 1, "two of three were made");
        world.app.verify(phone, code).await.ok();
    }
}

#[tokio::test]
async fn a_guess_that_is_refused_is_neither_right_nor_wrong() {
    hold("verify-otp", Guess).await;
}

struct Request;

impl Decision for Request {
    type Before = String;

    async fn prepare(&self, world: &World) -> Self::Before {
        let phone = phone();
        world.app.request(&phone).await.ok();
        phone
    }

    async fn ask(&self, world: &World, phone: &Self::Before) -> Vec<Answer> {
        vec![
            world.app.request(phone).await,
            world.app.request(phone).await,
        ]
    }

    async fn after(&self, world: &World, phone: &Self::Before) {
        let answer = world.app.request(phone).await;
        answer.ok();
        let fields = answer.header("ratelimit").unwrap();
        assert!(fields.starts_with("\"phone\";r=8;"), "{fields}");
        world.app.settle().await;
        assert_eq!(world.app.delivered(phone).len(), 2);
    }
}

#[tokio::test]
async fn a_request_that_is_refused_sends_and_counts_nothing() {
    hold("request-otp", Request).await;
}

struct Take;

impl Decision for Take {
    type Before = String;

    async fn prepare(&self, world: &World) -> Self::Before {
        let key = phone();
        take(world, &key, 1).await.ok();
        key
    }

    async fn ask(&self, world: &World, key: &Self::Before) -> Vec<Answer> {
        vec![take(world, key, 1).await, take(world, key, 9).await]
    }

    async fn after(&self, world: &World, key: &Self::Before) {
        assert_eq!(take(world, key, 1).await.ok()["remaining"], 8);
    }
}

async fn take(world: &World, key: &str, cost: u64) -> Answer {
    let body = json!({ "key": key, "cost": cost });
    let path = "/api/ratelimit/login";
    world.app.service(Method::POST, path, &body).await
}

#[tokio::test]
async fn a_take_that_is_refused_costs_nothing() {
    hold("rate-limit take", Take).await;
}

struct Refund;

impl Decision for Refund {
    type Before = String;

    async fn prepare(&self, world: &World) -> Self::Before {
        let key = phone();
        take(world, &key, 5).await.ok();
        key
    }

    async fn ask(&self, world: &World, key: &Self::Before) -> Vec<Answer> {
        let body = json!({ "key": key, "cost": 1 });
        let path = "/api/ratelimit/login/refund";
        vec![world.app.service(Method::POST, path, &body).await]
    }

    async fn after(&self, world: &World, key: &Self::Before) {
        assert_eq!(take(world, key, 1).await.ok()["remaining"], 4);
    }
}

#[tokio::test]
async fn a_refund_that_is_refused_gives_nothing() {
    hold("rate-limit refund", Refund).await;
}

struct Consume;

impl Decision for Consume {
    /// A state and its token.
    type Before = (String, String);

    async fn prepare(&self, world: &World) -> Self::Before {
        let ask = json!({ "provider": "example", "binding": "token" });
        let answer = world.app.post("/api/oauth/state", &ask).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let begun = answer.json();
        let text = |member: &str| begun[member].as_str().unwrap().to_owned();
        (text("state"), text("binding_token"))
    }

    async fn ask(&self, world: &World, (state, token): &Self::Before) -> Vec<Answer> {
        vec![
            consume(world, state, "another").await,
            consume(world, state, token).await,
        ]
    }

    async fn after(&self, world: &World, (state, token): &Self::Before) {
        consume(world, state, token).await.ok();
        consume(world, state, token)
            .await
            .problem(409, "state-replayed");
    }
}

async fn consume(world: &World, state: &str, token: &str) -> Answer {
    let body = json!({ "state": state, "binding_token": token });
    let path = "/api/oauth/state/consume";
    world.app.service(Method::POST, path, &body).await
}

#[tokio::test]
async fn a_consume_that_is_refused_burns_nothing() {
    hold("oauth consume", Consume).await;
}

struct Begin;

impl Decision for Begin {
    type Before = ();

    async fn prepare(&self, _: &World) -> Self::Before {}

    async fn ask(&self, world: &World, (): &Self::Before) -> Vec<Answer> {
        let ask = json!({ "provider": "example", "binding": "token" });
        vec![world.app.post("/api/oauth/state", &ask).await]
    }

    async fn after(&self, _: &World, (): &Self::Before) {}
}

#[tokio::test]
async fn a_flow_that_is_refused_leaves_no_state() {
    hold("oauth begin", Begin).await;
}

/// A circuit that lends two permits, of which one is out.
struct Acquire;

impl Decision for Acquire {
    type Before = String;

    async fn prepare(&self, world: &World) -> Self::Before {
        let name = format!("probed-{}", rand::random::<u32>());
        trip(world, &name).await;
        loop {
            let acquired = call(world, &name, "acquire", Value::Null).await.ok();
            if acquired["allowed"] == true {
                assert_eq!(acquired["state"], "half_open", "{acquired}");
                return name;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    async fn ask(&self, world: &World, name: &Self::Before) -> Vec<Answer> {
        vec![call(world, name, "acquire", Value::Null).await]
    }

    async fn after(&self, world: &World, name: &Self::Before) {
        let acquired = call(world, name, "acquire", Value::Null).await.ok();
        assert!(
            acquired["permit"].is_string(),
            "no permit is lost: {acquired}"
        );
    }
}

async fn call(world: &World, name: &str, what: &str, body: Value) -> Answer {
    let path = format!("/api/circuit/{name}/{what}");
    world.app.service(Method::POST, &path, &body).await
}

async fn trip(world: &World, name: &str) {
    let failures = json!({ "successes": 0, "failures": 5, "slow": 0 });
    let tripped = call(world, name, "report", failures).await.ok();
    assert_eq!(tripped["state"], "open", "{tripped}");
}

#[tokio::test]
async fn an_acquire_that_is_refused_lends_no_permit() {
    hold("circuit acquire", Acquire).await;
}

struct Report;

impl Decision for Report {
    type Before = String;

    async fn prepare(&self, world: &World) -> Self::Before {
        let name = format!("reported-{}", rand::random::<u32>());
        let failures = json!({ "successes": 0, "failures": 4, "slow": 0 });
        call(world, &name, "report", failures).await.ok();
        name
    }

    async fn ask(&self, world: &World, name: &Self::Before) -> Vec<Answer> {
        vec![call(world, name, "report", json!({ "outcome": "failure" })).await]
    }

    async fn after(&self, world: &World, name: &Self::Before) {
        let path = format!("/api/circuit/{name}");
        let status = world
            .app
            .service(Method::GET, &path, &Value::Null)
            .await
            .ok();
        assert_eq!(status["window"]["failures"], 4, "{status}");
        assert_eq!(status["state"], "closed", "{status}");
    }
}

#[tokio::test]
async fn a_report_that_is_refused_counts_nothing() {
    hold("circuit report", Report).await;
}

/// An override, and the reset of a circuit.
struct Operate(Method, &'static str, Value);

impl Decision for Operate {
    type Before = String;

    async fn prepare(&self, world: &World) -> Self::Before {
        let name = format!("operated-{}", rand::random::<u32>());
        trip(world, &name).await;
        name
    }

    async fn ask(&self, world: &World, name: &Self::Before) -> Vec<Answer> {
        let Self(method, what, body) = self;
        let path = format!("/api/circuit/{name}{what}");
        vec![world.app.service(method.clone(), &path, body).await]
    }

    async fn after(&self, _: &World, _: &Self::Before) {}
}

#[tokio::test]
async fn an_operator_who_is_refused_has_changed_nothing() {
    let body = json!({ "mode": "forced_open", "ttl_s": 60, "reason": "test", "actor": "test" });
    hold("circuit override", Operate(Method::PUT, "/override", body)).await;
    hold("circuit reset", Operate(Method::DELETE, "", Value::Null)).await;
}
