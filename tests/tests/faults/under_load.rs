//! What goes wrong with a Redis, while every endpoint is in use: nothing but what is documented is
//! answered, in bounded time, no decision is a wrong one, and all is well again without a restart.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Cut, long};
use tokio::time::sleep;

use crate::{
    load::{self, Seen},
    world::World,
};

/// What a script may take.
const BUDGET: Duration = Duration::from_millis(500);
/// The same where a fault is to go unnoticed: a busy machine is none.
const PATIENT: Duration = Duration::from_secs(5);
/// The most budgets that one answer may take: request-otp decides, decides again where the code
/// cannot be made again, and takes back.
const BUDGETS: u32 = 4;
/// What a busy machine adds to that.
const SLACK: Duration = Duration::from_secs(5);
/// In what time all is well again, on such a machine.
const RECOVERY: Duration = Duration::from_secs(20);

/// How long the load goes on when all is well again: long enough for what was on its way to have
/// been carried out, so that every answer can be told for sure.
const AFTERWARDS: Duration = Duration::from_millis(2500);

/// How long a fault lasts.
fn span() -> Duration {
    Duration::from_millis(if long() { 10_000 } else { 1500 })
}

/// Repeats `blow` for as long as a fault lasts.
async fn again_and_again(mut blow: impl FnMut()) {
    let begin = Instant::now();
    while begin.elapsed() < span() {
        blow();
        sleep(Duration::from_millis(100)).await;
    }
}

/// What Redis has of its data once the fault is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Data {
    Kept,
    Lost,
}

/// Lets `fault` happen to a Redis under load. It returns when it is over.
async fn survives(name: &str, data: Data, fault: impl AsyncFnOnce(&World)) -> Seen {
    survives_within(BUDGET, name, data, fault).await
}

/// The same where a script may take `budget`.
async fn survives_within(
    budget: Duration,
    name: &str,
    data: Data,
    fault: impl AsyncFnOnce(&World),
) -> Seen {
    let clients = if long() { 16 } else { 4 };
    let timeout = u64::try_from(budget.as_millis()).unwrap();
    let world = World::with(&load::vars(timeout)).await;
    load::is_well(&world).await.expect("a world that is well");
    trip(&world, "tripped").await;

    let seen = Seen::default();
    let recovery = load::during(&world, &seen, clients, data == Data::Kept, async {
        sleep(Duration::from_millis(300)).await;
        fault(&world).await;
        let over = Instant::now();
        while let Err(answer) = load::is_well(&world).await {
            assert!(over.elapsed() < RECOVERY, "{name}: {answer:?}");
        }
        let recovery = over.elapsed();
        sleep(AFTERWARDS).await;
        recovery
    })
    .await;

    println!(
        "{name:24} | longest {:5} ms | well after {:5} ms |{seen}",
        seen.longest().as_millis(),
        recovery.as_millis()
    );
    seen.assert_sound(&world).await;
    assert!(seen.longest() < budget * BUDGETS + SLACK, "{name}");
    closes(&world, "tripped").await;
    let verified = world.verify_all().await;
    assert_eq!(verified.status, 200, "{name}: {verified:?}");
    seen
}

/// Some answers told of the fault: it was one.
fn assert_noticed(seen: &Seen) {
    assert!(seen.count("503") > 0, "nobody noticed:{seen}");
}

fn assert_not_noticed(seen: &Seen) {
    assert_eq!(seen.count("503") + seen.count("degraded"), 0, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_restarted() {
    let seen = survives("killed and restarted", Data::Lost, async |world| {
        world.redis.kill();
        sleep(span()).await;
        world.redis.restart().await;
    });
    assert_noticed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn frozen_and_thawed() {
    let seen = survives("frozen and thawed", Data::Kept, async |world| {
        world.redis.freeze();
        sleep(span()).await;
        world.redis.thaw();
    });
    assert_noticed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn black_holed() {
    let seen = survives("black-holed", Data::Kept, async |world| {
        world.proxy.black_hole();
        sleep(span()).await;
        world.proxy.pass();
    });
    assert_noticed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_within_the_budget() {
    let fault = async |world: &World| {
        world.proxy.delay(BUDGET / 10);
        sleep(span()).await;
        world.proxy.pass();
    };
    survives("slow within the budget", Data::Kept, fault).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_beyond_the_budget() {
    let seen = survives("slow beyond the budget", Data::Kept, async |world| {
        world.proxy.delay(BUDGET * 2);
        sleep(span()).await;
        world.proxy.pass();
    });
    assert_noticed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_cut_in_the_middle() {
    let seen = survives("replies cut in two", Data::Kept, async |world| {
        world.proxy.lose(usize::MAX, "EVALSHA", Cut::MidReply);
        sleep(span()).await;
        world.proxy.pass();
    });
    assert_noticed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_lost() {
    let seen = survives("replies lost", Data::Kept, async |world| {
        let mut more = 0;
        again_and_again(|| {
            more += 1;
            world.proxy.lose(1 + more % 3, "EVALSHA", Cut::BeforeReply);
        })
        .await;
        world.proxy.pass();
    });
    assert_noticed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_cut() {
    let fault = async |world: &World| again_and_again(|| world.proxy.cut_all()).await;
    survives("connections cut", Data::Kept, fault).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_killed_by_redis() {
    let fault = async |world: &World| {
        again_and_again(|| {
            let _: u64 = world.redis.run("CLIENT KILL TYPE normal");
        })
        .await;
    };
    survives("CLIENT KILL", Data::Kept, fault).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restarted_with_another_password() {
    let seen = survives("another password", Data::Lost, async |world| {
        world.redis.kill();
        world.redis.restart().await;
        let mut operator = world.redis.connect();
        let mut set = |password: &str| {
            let mut config = redis::cmd("CONFIG");
            config.arg("SET").arg("requirepass").arg(password);
            let () = config.query(&mut operator).unwrap();
        };
        set("another");
        // Those that came before the password did.
        world.proxy.cut_all();
        sleep(span()).await;
        set("");
    });
    assert_noticed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn turned_read_only_and_back() {
    let seen = survives("a replica for a while", Data::Kept, async |world| {
        let _: () = world.redis.run("REPLICAOF 127.0.0.1 1");
        sleep(span()).await;
        let _: () = world.redis.run("REPLICAOF NO ONE");
    });
    assert_noticed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn out_of_memory() {
    let seen = survives("out of memory", Data::Kept, async |world| {
        let _: () = world.redis.run("CONFIG SET maxmemory 1");
        sleep(span()).await;
        let _: () = world.redis.run("CONFIG SET maxmemory 0");
    });
    assert_noticed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_flushed() {
    let seen = survives_within(PATIENT, "SCRIPT FLUSH", Data::Kept, async |world| {
        again_and_again(|| {
            let _: () = world.redis.run("SCRIPT FLUSH SYNC");
        })
        .await;
    });
    assert_not_noticed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_deleted_by_an_operator() {
    let seen = survives_within(PATIENT, "FLUSHALL", Data::Lost, async |world| {
        again_and_again(|| {
            let _: () = world.redis.run("FLUSHALL");
        })
        .await;
    });
    assert_not_noticed(&seen.await);
}

/// Opens a circuit.
async fn trip(world: &World, circuit: &str) {
    let failures = json!({ "successes": 0, "failures": 5, "slow": 0 });
    let tripped = world.report(circuit, &failures).await.ok();
    assert_eq!(tripped["state"], "open", "{tripped}");
}

/// Uses a circuit as its callers do, until it is closed.
async fn closes(world: &World, circuit: &str) {
    let begin = Instant::now();
    while world.status(circuit).await.ok()["state"] != "closed" {
        assert!(begin.elapsed() < RECOVERY, "{circuit} is stuck");
        let lent = world.acquire(circuit).await.ok();
        if lent["permit"].is_string() {
            let success = json!({ "outcome": "success", "permit": lent["permit"] });
            world.report(circuit, &success).await.ok();
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Every permit is lent, and no answer arrives.
#[tokio::test(flavor = "multi_thread")]
async fn no_circuit_is_stuck_by_permits_that_nobody_got() {
    let world = World::with(&load::vars(500)).await;
    trip(&world, "stuck").await;
    sleep(Duration::from_millis(300)).await;
    world.proxy.lose(usize::MAX, "EVALSHA", Cut::BeforeReply);
    for _ in 0..4 {
        world.acquire("stuck").await.ok();
    }
    world.proxy.pass();

    closes(&world, "stuck").await;
}
