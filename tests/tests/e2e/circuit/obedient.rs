//! Clients that go by `cache_ms` and by nothing else, and take permits that come too late.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tests::Redis;
use tokio::time::{Instant, interval, sleep, timeout};

use super::Service;

/// Between two calls of a client: 66.7 a second.
const PAUSE: Duration = Duration::from_millis(15);

/// One circuit, as a client of it sees it.
struct Client<'a> {
    service: &'a Service,
    name: &'a str,
    /// The last answer, and until when the client goes by it.
    known: Option<(Instant, Value)>,
}

impl<'a> Client<'a> {
    fn new(service: &'a Service, name: &'a str) -> Self {
        Self {
            service,
            name,
            known: None,
        }
    }

    /// The answer by which a call passes or does not.
    async fn ask(&mut self) -> Value {
        if let Some((until, answer)) = &self.known
            && Instant::now() < *until
        {
            return answer.clone();
        }
        let answer = self.service.acquire(self.name).await;
        let cache = answer["cache_ms"].as_u64().unwrap();
        assert!(cache <= 1_000, "{answer}");
        self.known = Some((
            Instant::now() + Duration::from_millis(cache),
            answer.clone(),
        ));
        answer
    }
}

/// Answers in which a tenth of a second is as good as none: shares, to ten parts in a hundred.
#[tokio::test]
async fn in_each_second_of_a_ramp_the_share_passes_that_it_says() {
    let service = Service::start().await;
    service.trip("ramp").await;
    let mut client = Client::new(&service, "ramp");
    let mut clock = interval(PAUSE);
    // For each second of the ramp: calls, and those that passed.
    let mut seconds = [(0_u32, 0_u32); 10];
    let mut begin = None;
    loop {
        clock.tick().await;
        let answer = client.ask().await;
        if answer["permit"].is_string() {
            let success = json!({ "outcome": "success", "permit": answer["permit"], "generation": answer["generation"] });
            service.report("ramp", &success).await.ok();
        }
        match answer["state"].as_str().unwrap() {
            "recovering" => {
                let begin: &mut Instant = begin.get_or_insert_with(Instant::now);
                let second = begin.elapsed().as_secs().min(9);
                let (calls, passed) = &mut seconds[usize::try_from(second).unwrap()];
                *calls += 1;
                *passed += u32::from(answer["allowed"] == true);
            }
            "closed" => break,
            _ => {}
        }
    }
    for (second, (calls, passed)) in (0_u32..).zip(seconds) {
        let share = f64::from(passed) / f64::from(calls);
        let due = 0.1 + 0.9 * (f64::from(second) + 0.5) / 10.0;
        println!("second {second}: {passed} of {calls} passed, {share:.2} for {due:.2}");
        assert!((share - due).abs() <= 0.1, "{share} for {due} in {second}");
    }
}

/// An operator closes it, while a client keeps what it knows.
#[tokio::test]
async fn a_reset_and_a_lifted_override_are_seen_without_being_told() {
    let service = Service::start().await;
    for by in ["reset", "lift"] {
        let mut client = Client::new(&service, by);
        let forced =
            json!({ "mode": "forced_open", "ttl_s": 600, "reason": "why", "actor": "who" });
        let path = format!("/{by}/override");
        service.send(Method::PUT, &path, &forced).await.ok();
        let refused = client.ask().await;
        assert_eq!(refused["state"], "forced_open");
        let (until, _) = client.known.clone().unwrap();
        let path = if by == "reset" {
            "/reset"
        } else {
            "/lift/override"
        };
        let done = service.send(Method::DELETE, path, &Value::Null).await;
        assert!(done.status < 300, "{done:?}");
        let begin = Instant::now();
        while client.ask().await["allowed"] == false {
            // It asks when it has to, and is not told the old thing again.
            assert_eq!(client.known.as_ref().unwrap().0, until);
            sleep(PAUSE).await;
        }
        println!("{by}: seen after {} ms", begin.elapsed().as_millis());
    }
}

/// Redis stands still for longer than the client waits. The requests go on, and what comes late is
/// given back: so no permit is lent to nobody.
#[tokio::test]
async fn permits_that_came_too_late_are_given_back_and_lent_again() {
    let redis = Redis::start().await;
    let service = Service::on(&redis).await;
    service.trip("late").await;
    while service.status("late").await["state"] != "half_open" {
        sleep(PAUSE).await;
    }

    redis.freeze();
    let mut asked = pin!(join_all([(); 2].map(|()| service.acquire("late"))));
    let waited = timeout(Duration::from_millis(50), &mut asked).await;
    assert!(waited.is_err(), "Redis stands still");
    sleep(Duration::from_millis(200)).await;
    redis.thaw();

    for late in asked.await {
        assert!(late["permit"].is_string(), "{late}");
        let ignored = json!({
            "outcome": "ignored", "permit": late["permit"], "generation": late["generation"],
        });
        service.report("late", &ignored).await.ok();
    }
    let status = service.status("late").await;
    assert_eq!(status["half_open"]["in_flight"], 0, "{status}");
    for _ in 0..2 {
        let probe = service.acquire("late").await;
        assert!(probe["permit"].is_string(), "{probe}");
    }
}
