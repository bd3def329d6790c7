//! A name that moves from a server that is of no use any more to another one, while connections to
//! the old one stand: the first request after the move is answered by the new one.

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
                // Twenty seconds of it. Redis looks at its clients after each 2 MB, or half a second.
                let fill = "local value = string.rep('x', 100000)
                            for i = 1, 800 do redis.call('SET', 'filler:' .. i, value, 'EX', 600) end";
                let _: () = redis::cmd("EVAL")
                    .arg(fill)
                    .arg(0)
                    .query(&mut new.connect())
                    .unwrap();
                set(new, "rdbcompression no");
                set(new, "repl-diskless-sync-delay 0");
                set(old, "key-load-delay 25000");
                follow(new.port());
                old.until("it loads", |old| info(old, "loading:") == 1)
                    .await;
            }
            Self::CutOff => set(old, "min-replicas-to-write 1"),
        }
    }
}

/// The sum of what INFO says behind `name`, wherever that stands.
fn info(redis: &Redis, name: &str) -> u64 {
    let info: String = redis.run("INFO all");
    let values = info.split(name).skip(1).map(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest[..digits].parse::<u64>().unwrap()
    });
    values.sum()
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

/// One request of each kind that writes, and what came of it.
async fn one_of_each(world: &World) -> Vec<(&'static str, u16)> {
    let (phone, code) = world.app.test_number();
    let answers: [(&'static str, Answer); 5] = [
        ("request-otp", world.app.request(phone).await),
        ("verify-otp", world.app.verify(phone, code).await),
        ("begin", world.issue().await),
        ("acquire", world.acquire("strict").await),
        ("take", world.take("login", phone).await),
    ];
    answers
        .into_iter()
        .map(|(name, answer)| {
            if answer.status == 200 && ["acquire", "take"].contains(&name) {
                assert_eq!(answer.json()["degraded"], false, "{answer:?}");
            }
            (name, answer.status)
        })
        .collect()
}

const WELL: [(&str, u16); 5] = [
    ("request-otp", 200),
    ("verify-otp", 200),
    ("begin", 201),
    ("acquire", 200),
    ("take", 200),
];

async fn survives(fate: Fate) {
    for version in Server::ALL {
        let (Some(old), Some(new)) = (Redis::of(version).await, Redis::of(version).await) else {
            println!("{version:?} is not here: skipped");
            continue;
        };
        let world = World::kept(old).await;
        let (old, name) = (&world.redis, &world.proxy);
        assert_eq!(one_of_each(&world).await, WELL, "{version:?}, {fate:?}");

        fate.befall(old, &new).await;
        let before = asked(old);
        name.lead_to(&new);
        let first = one_of_each(&world).await;
        let asked = asked(old) - before;
        let second = one_of_each(&world).await;

        println!("{version:?}, {fate:?}: first {first:?}, second {second:?}");
        assert!(
            asked >= 5,
            "{version:?}, {fate:?}: {asked} reached the old server"
        );
        assert_eq!(first, WELL, "{version:?}, {fate:?}");
        assert_eq!(second, WELL, "{version:?}, {fate:?}");
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
