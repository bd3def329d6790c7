//! A name that moves from a server that is of no use any more to another one, while connections to
//! the old one stand: the first request after the move is answered by the new one.

use serde_json::json;
use tests::{Answer, Redis, Server};

use crate::world::World;

/// What becomes of the old server.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// A replica of the new one, which answers READONLY.
    Demoted,
    /// A replica that has lost its primary and serves no old data: MASTERDOWN.
    Orphaned,
    /// A replica that is reading the new one's data: LOADING.
    Loading,
    /// A primary that has lost its replicas: NOREPLICAS.
    CutOff,
}

impl Fate {
    async fn befall(self, old: &Redis, new: &Redis) {
        let set = |server: &Redis, setting: &str| {
            let _: () = server.run(&format!("CONFIG SET {setting}"));
        };
        let follow = |port: u16| {
            let _: () = old.run(&format!("REPLICAOF 127.0.0.1 {port}"));
        };
        match self {
            Self::Demoted => follow(new.port()),
            Self::Orphaned => {
                set(old, "replica-serve-stale-data no");
                // Nobody listens there.
                follow(1);
            }
            Self::Loading => {
                // Eight seconds of it. Redis looks at its clients after each 2 MB, five times a second.
                let fill = "local value = string.rep('x', 100000)
                            for i = 1, 800 do redis.call('SET', 'filler:' .. i, value, 'EX', 600) end";
                let _: () = redis::cmd("EVAL")
                    .arg(fill)
                    .arg(0)
                    .query(&mut new.connect())
                    .unwrap();
                set(new, "rdbcompression no");
                set(new, "repl-diskless-sync-delay 0");
                set(old, "key-load-delay 10000");
                follow(new.port());
                old.until("it loads", |old| says(old, "loading:1")).await;
            }
            Self::CutOff => set(old, "min-replicas-to-write 1"),
        }
    }
}

/// Whether INFO says that.
fn says(redis: &Redis, line: &str) -> bool {
    let info: String = redis.run("INFO all");
    info.lines().any(|said| said == line)
}

/// How many scripts a server has been asked to run, whatever it made of them.
fn asked(redis: &Redis) -> u64 {
    let info: String = redis.run("INFO commandstats");
    let count = |line: &str, name: &str| {
        let value = line.split([':', ',']).find_map(|it| it.strip_prefix(name));
        value.map_or(0, |value| value.parse::<u64>().unwrap())
    };
    let of_scripts = info.lines().filter(|line| line.starts_with("cmdstat_eval"));
    of_scripts
        .map(|line| count(line, "calls=") + count(line, "rejected_calls="))
        .sum()
}

/// What came of one request after another, each the first of its component.
type Statuses = Vec<(&'static str, u16)>;

fn statuses<const N: usize>(answers: [(&'static str, Answer); N]) -> Statuses {
    let status = |(name, answer): (_, Answer)| {
        if ["acquire", "take", "peek"].contains(&name) && answer.status == 200 {
            assert_eq!(answer.json()["degraded"], false, "{name}: {answer:?}");
        }
        (name, answer.status)
    };
    answers.map(status).into()
}

/// What begins something.
async fn begin(world: &World) -> (Statuses, String) {
    let (phone, code) = world.app.test_number();
    let issued = world.issue().await;
    let state = issued.json()["state"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let answers = [
        ("begin", issued),
        ("request-otp", world.app.request(phone).await),
        ("verify-otp", world.app.verify(phone, code).await),
        ("acquire", world.acquire("strict").await),
        ("take", world.take("login", "key").await),
    ];
    (statuses(answers), state)
}

const BEGUN: [(&str, u16); 5] = [
    ("begin", 201),
    ("request-otp", 200),
    ("verify-otp", 200),
    ("acquire", 200),
    ("take", 200),
];

/// What ends or only looks at something that was begun before the move.
async fn finish(world: &World, state: &str) -> Statuses {
    let (phone, code) = world.app.test_number();
    let peek = json!({ "key": "key", "peek": true });
    statuses([
        ("consume", world.consume(state).await),
        ("verify-otp", world.app.verify(phone, code).await),
        ("status", world.status("strict").await),
        ("peek", world.take_with("login", &peek).await),
    ])
}

const FINISHED: [(&str, u16); 4] = [
    ("consume", 200),
    ("verify-otp", 200),
    ("status", 200),
    ("peek", 200),
];

/// Two servers of each version that is here: the one that a name leads to, and its replica, which is to
/// be the primary.
async fn pairs() -> Vec<(Server, World, Redis)> {
    let mut pairs = Vec::new();
    for version in Server::ALL {
        let (Some(old), Some(new)) = (Redis::of(version).await, Redis::of(version).await) else {
            println!("{version:?} is not here: skipped");
            continue;
        };
        let _: () = old.run("CONFIG SET repl-diskless-sync-delay 0");
        let _: () = new.run(&format!("REPLICAOF 127.0.0.1 {}", old.port()));
        new.until("it follows", |new| says(new, "master_link_status:up"))
            .await;
        pairs.push((version, World::kept(old).await, new));
    }
    pairs
}

/// Lets the fate befall the old server, and the name move to the new one.
async fn fail_over(fate: Fate, world: &World, new: &Redis) {
    // WAIT is about the writes of its own connection, and so about all that came before.
    let mut connection = world.redis.connect();
    let mark = ["SET", "mark", "1", "EX", "600"];
    let _: () = redis::cmd(mark[0])
        .arg(&mark[1..])
        .query(&mut connection)
        .unwrap();
    let replicas: u64 = redis::cmd("WAIT")
        .arg(&[1, 30_000])
        .query(&mut connection)
        .unwrap();
    assert_eq!(replicas, 1, "the new server knows all");
    let _: () = new.run("REPLICAOF NO ONE");
    fate.befall(&world.redis, new).await;
    world.proxy.lead_to(new);
}

async fn survives(fate: Fate) {
    for (version, world, new) in pairs().await {
        assert_eq!(begin(&world).await.0, BEGUN, "{version:?}, {fate:?}");
        fail_over(fate, &world, &new).await;
        let before = asked(&world.redis);

        let (first, _) = begin(&world).await;

        let asked = asked(&world.redis) - before;
        println!("{version:?}, {fate:?}: {first:?}");
        assert_eq!(first, BEGUN, "{version:?}, {fate:?}");
        assert!(
            asked >= 5,
            "{version:?}, {fate:?}: {asked} reached the old server"
        );
    }
    for (version, world, new) in pairs().await {
        let (begun, state) = begin(&world).await;
        assert_eq!(begun, BEGUN, "{version:?}, {fate:?}");
        world.app.request(world.app.test_number().0).await.ok();
        fail_over(fate, &world, &new).await;

        let first = finish(&world, &state).await;

        println!("{version:?}, {fate:?}: {first:?}");
        assert_eq!(first, FINISHED, "{version:?}, {fate:?}");
    }
}

#[tokio::test]
async fn a_server_that_has_become_a_replica_is_left_at_once() {
    survives(Fate::Demoted).await;
}

#[tokio::test]
async fn a_replica_without_its_primary_is_left_at_once() {
    survives(Fate::Orphaned).await;
}

#[tokio::test]
async fn a_server_that_is_loading_is_left_at_once() {
    survives(Fate::Loading).await;
}

#[tokio::test]
async fn a_primary_without_replicas_is_left_at_once() {
    survives(Fate::CutOff).await;
}
