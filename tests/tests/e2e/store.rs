//! Redis going away, coming back, and misbehaving in between: a 503 in bounded time, and no
//! restart.

use std::{
    cell::Cell,
    net::TcpListener,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::Value;
use tests::{Answer, App, Redis, Vars, phone};

/// The app gives up on Redis after this time.
const TIMEOUT_MS: u64 = 1500;
/// No answer takes longer than this, on a machine however busy.
const BOUND: Duration = Duration::from_secs(15);

fn vars() -> Vars {
    Vars::new().with("redis_timeout_ms", TIMEOUT_MS)
}

/// The longest answer so far: shown, and held to the bound.
#[derive(Default)]
struct Longest(Cell<Duration>);

impl Longest {
    async fn of(&self, request: impl Future<Output = Answer>) -> Answer {
        let begin = Instant::now();
        let answer = request.await;
        self.0.set(self.0.get().max(begin.elapsed()));
        answer
    }
}

impl Drop for Longest {
    fn drop(&mut self) {
        let longest = self.0.get();
        println!("longest answer {longest:?}, with a timeout of {TIMEOUT_MS} ms");
        if !std::thread::panicking() {
            assert!(longest < BOUND, "{longest:?}");
        }
    }
}

/// Both endpoints say that the store is away, in bounded time.
async fn assert_unavailable(app: &App) {
    let longest = Longest::default();
    longest
        .of(app.request(&phone()))
        .await
        .problem(503, "store-unavailable");
    longest
        .of(app.verify(&phone(), "123456"))
        .await
        .problem(503, "store-unavailable");
}

/// A whole sign-in at the first try, and so often that no instance is left out.
async fn assert_well(app: &App) {
    join_all((0..20).map(async |_| {
        let phone = phone();
        app.request(&phone).await.ok();
        app.verify(&phone, "1234")
            .await
            .problem(400, "otp-mismatch");
    }))
    .await;
}

/// Sends requests until `until` ends; each is answered, and as it should be.
async fn traffic(app: &App, until: impl Future<Output = ()>) {
    let over = Cell::new(false);
    let longest = Longest::default();
    let client = async || {
        while !over.get() {
            let answer = longest.of(app.request(&phone())).await;
            if answer.status != 200 {
                answer.problem(503, "store-unavailable");
            }
        }
    };
    let clients = join_all((0..8).map(|_| client()));
    tokio::join!(clients, async {
        until.await;
        over.set(true);
    });
}

/// Waits until the app's answers have this status.
async fn answers(app: &App, status: u16) {
    let begin = Instant::now();
    while app.request(&phone()).await.status != status {
        assert!(begin.elapsed() < Duration::from_secs(30), "no {status}");
    }
}

#[tokio::test]
async fn a_crash_under_load_is_a_503_until_redis_is_back() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    traffic(&app, async {
        answers(&app, 200).await;
        redis.kill();
        answers(&app, 503).await;
        redis.restart().await;
        answers(&app, 200).await;
    })
    .await;

    assert_well(&app).await;
}

#[tokio::test]
async fn a_stop_is_a_503_and_the_next_request_after_it_succeeds() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    assert_well(&app).await;
    redis.stop();
    assert_unavailable(&app).await;
    redis.restart().await;

    assert_well(&app).await;
}

#[tokio::test]
async fn a_restart_that_nobody_saw_is_not_noticed() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    assert_well(&app).await;
    redis.stop();
    redis.restart().await;

    assert_well(&app).await;
}

#[tokio::test]
async fn a_redis_that_answers_nothing_is_a_503_in_bounded_time() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    assert_well(&app).await;
    redis.freeze();
    assert_unavailable(&app).await;
    let longest = Longest::default();
    for answer in join_all((0..20).map(|_| longest.of(app.request("+77011234567")))).await {
        answer.problem(503, "store-unavailable");
    }
    redis.thaw();

    assert_well(&app).await;
}

#[tokio::test]
async fn forgotten_scripts_are_loaded_again() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    for _ in 0..3 {
        assert_well(&app).await;
        let _: () = redis.run("SCRIPT FLUSH SYNC");
    }

    assert_well(&app).await;
}

#[tokio::test]
async fn lost_connections_are_opened_again() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    for _ in 0..3 {
        assert_well(&app).await;
        let killed = redis.drop_connections().await;
        assert!(killed >= 1, "the app kept no connection");
    }

    assert_well(&app).await;
}

#[tokio::test]
async fn a_password_is_used_and_never_shown() {
    let redis = Redis::start().await;
    let right = App::at(&redis.url_with_password("right-3c9d"), &vars()).await;
    let wrong = App::at(&redis.url_with_password("wrong-3c9d"), &vars()).await;
    let _: () = redis.run("CONFIG SET requirepass right-3c9d");

    assert_well(&right).await;
    let answer = wrong.request(&phone()).await;
    answer.problem(503, "store-unavailable");
    let shown = [
        answer.json().to_string(),
        wrong.stderr().so_far().join("\n"),
    ]
    .concat();
    assert!(!shown.contains("3c9d"), "{shown}");
}

#[tokio::test]
async fn a_redis_that_is_not_there_is_a_503() {
    let app = App::at("redis://127.0.0.1:1", &vars()).await;

    assert_unavailable(&app).await;
}

/// Something listens and never says a word, as behind a firewall that swallows packets.
#[tokio::test]
async fn a_port_that_swallows_everything_is_a_503_in_bounded_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let app = App::at(&url, &vars()).await;

    assert_unavailable(&app).await;
}

#[tokio::test]
async fn a_redis_without_memory_is_a_503() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    assert_well(&app).await;
    let _: () = redis.run("CONFIG SET maxmemory 1");

    app.request(&phone())
        .await
        .problem(503, "store-unavailable");

    let _: () = redis.run("CONFIG SET maxmemory 0");
    assert_well(&app).await;
}

/// Codes are sent where they can be checked: with Redis away nothing is sent.
#[tokio::test]
async fn nothing_is_sent_while_redis_is_away() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    let phone = phone();
    redis.stop();
    app.request(&phone).await.problem(503, "store-unavailable");
    redis.restart().await;

    app.settle().await;

    assert!(app.delivered(&phone).is_empty());
}

#[tokio::test]
async fn a_broken_store_is_logged_for_the_operator() {
    let app = App::at("redis://127.0.0.1:1", &vars()).await;
    app.request(&phone())
        .await
        .problem(503, "store-unavailable");

    app.stderr()
        .find("a line about the store", |lines| {
            lines.iter().find_map(|line| {
                let line: Value = serde_json::from_str(&line[line.find('{')?..]).ok()?;
                line["event"].as_str()?.starts_with("store").then_some(())
            })
        })
        .await;
}
