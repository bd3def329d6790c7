//! A Redis that strangers have filled: no guess is free.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::json;
use tests::{App, Redis, Vars, long, phone};

/// How many phones there are to take.
const PHONES: usize = 10;
/// How many guesses are under way at once, for each of them.
const AT_ONCE: usize = 4;

/// For how long the attack goes on.
fn span() -> Duration {
    Duration::from_secs(if long() { 60 } else { 5 })
}

/// Lets Redis have `room` bytes more than it has now, and forgets nothing.
fn leave_room(redis: &Redis, room: u64) {
    let info: String = redis.run("INFO memory");
    let used = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    let used: u64 = used.unwrap().trim().parse().unwrap();
    let _: () = redis.run("CONFIG SET maxmemory-policy noeviction");
    let _: () = redis.run(&format!("CONFIG SET maxmemory {}", used + room));
}

/// Begins flows, as large as they may be, until Redis takes no more.
async fn fill(app: &App) -> u64 {
    let context = "x".repeat(2_000);
    let body = json!({ "provider": "example", "binding": "token", "context": context });
    let mut begun = 0;
    loop {
        let flows = (0..32).map(|_| app.post("/api/oauth/state", &body));
        let answers = join_all(flows).await;
        begun += answers.iter().filter(|answer| answer.status == 201).count() as u64;
        if answers.iter().all(|answer| answer.status == 503) {
            return begun;
        }
    }
}

/// An attacker who has filled Redis guesses at phones that were sent a code of four digits, while
/// somebody goes on to fill it. A wrong guess would be free if it were compared before it is paid for.
#[tokio::test(flavor = "multi_thread")]
async fn no_guess_is_free_while_redis_is_full() {
    let redis = Redis::start().await;
    let vars = Vars::new()
        .with("otp_length", 4)
        .with("otp_test_numbers", "")
        .with("oauth_states_per_minute_per_client", 1_000_000)
        .with("redis_timeout_ms", 20_000);
    let app = App::start(&redis, &vars).await;
    let phones: Vec<_> = (0..PHONES).map(|_| phone()).collect();
    let mut codes = Vec::new();
    for phone in &phones {
        codes.push(app.sent_code(phone).await);
    }
    leave_room(&redis, 4_000_000);
    let flows = fill(&app).await;

    let (guesses, refused, taken) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let end = Instant::now() + span();
    let attack = |phone: &'static str, first: usize| {
        let (app, guesses, refused, taken) = (&app, &guesses, &refused, &taken);
        async move {
            let mut guess = first;
            while Instant::now() < end {
                let answer = app.verify(phone, &format!("{:04}", guess % 10_000)).await;
                guesses.fetch_add(1, Ordering::Relaxed);
                if answer.status == 503 {
                    refused.fetch_add(1, Ordering::Relaxed);
                }
                if answer.status == 200 {
                    taken.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                guess += AT_ONCE;
            }
        }
    };
    let stay_full = async {
        while Instant::now() < end {
            fill(&app).await;
        }
    };
    let attacks = phones.iter().flat_map(|phone| {
        let phone: &'static str = phone.clone().leak();
        (0..AT_ONCE).map(move |first| (phone, first))
    });
    let attacks = join_all(attacks.map(|(phone, first)| attack(phone, first)));
    tokio::join!(attacks, stay_full);

    let (guesses, refused) = (guesses.into_inner(), refused.into_inner());
    let taken = taken.into_inner();
    println!(
        "{flows} flows filled Redis; {guesses} guesses in {:?}, {refused} refused; {taken} of {PHONES} taken",
        span()
    );
    assert!(refused > 0, "Redis was never full");
    // Three guesses at each of ten codes are right once in 333 attacks, and twice in 200,000.
    assert!(taken <= 1, "{taken} phones taken");
    // What was refused has changed nothing; what was compared while a little room came back is paid.
    let _: () = redis.run("CONFIG SET maxmemory 0");
    for (phone, code) in phones.iter().zip(&codes) {
        let answer = app.verify(phone, code).await;
        let expected = [
            (200, None),
            (429, Some("otp-attempts-exhausted".to_owned())),
        ];
        assert!(
            expected.contains(&(answer.status, answer.code())),
            "{answer:?}"
        );
    }
}
