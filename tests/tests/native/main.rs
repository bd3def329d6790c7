//! The same handlers on the native platform, called without HTTP: what an instance keeps, and
//! what it does when Redis goes.

// The future of fifty requests at once is a deep type.
#![recursion_limit = "256"]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic here is a failed test"
)]

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, StatusCode};
use latch::platform::native::Native;
use latch::{App, Component};
use otp_request::OtpRequest;
use otp_verify::OtpVerify;
use tests::Redis;

const PHONE: &str = "+77770000001";

fn variables(redis: &Redis) -> Vec<(String, String)> {
    [
        ("redis_url", redis.url().as_str()),
        ("redis_timeout_ms", "2000"),
        ("trusted_proxy_hops", "0"),
        ("otp_secret", "a secret of at least 32 characters"),
        ("otp_length", "6"),
        ("otp_ttl_s", "300"),
        ("otp_max_attempts", "3"),
        ("otp_requests_per_minute", "10"),
        ("otp_requests_per_minute_per_client", "1000"),
        ("otp_requests_per_day_per_client", "1000"),
        ("otp_sends_per_hour", "20"),
        ("otp_sends_per_day", "60"),
        ("otp_sends_per_minute", "0"),
        ("otp_resend", "same"),
        ("otp_max_failures_per_day", "100"),
        ("otp_test_numbers", "+77770000001=123456"),
        ("otp_delivery", "log"),
        ("token_key", "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"),
        ("token_issuer", "latch"),
        ("token_ttl_s", "900"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn app<C: Component>(redis: &Redis) -> App<Native, C> {
    App::new(Native::new(variables(redis)))
}

async fn post<C: Component>(app: &App<Native, C>, path: &str, body: String) -> StatusCode {
    let (head, ()) = Request::post(path)
        .header("content-type", "application/json")
        .body(())
        .unwrap()
        .into_parts();
    app.respond(head, Bytes::from(body)).await.status()
}

async fn request(app: &App<Native, OtpRequest>) -> StatusCode {
    let body = format!(r#"{{"phone":"{PHONE}"}}"#);
    post(app, "/api/auth/request-otp", body).await
}

async fn verify(app: &App<Native, OtpVerify>, code: &str) -> StatusCode {
    let body = format!(r#"{{"phone":"{PHONE}","otp_code":"{code}"}}"#);
    post(app, "/api/auth/verify-otp", body).await
}

/// Connections that Redis had accepted before this look, which takes one more.
fn connections(redis: &Redis) -> u64 {
    let info: String = redis.run("INFO stats");
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("total_connections_received:"));
    line.unwrap().trim().parse::<u64>().unwrap() - 1
}

#[tokio::test]
async fn a_sign_in_works_without_a_host() {
    let redis = Redis::start().await;
    let (asking, checking) = (app(&redis), app(&redis));
    assert_eq!(request(&asking).await, StatusCode::OK);
    assert_eq!(verify(&checking, "654321").await, StatusCode::BAD_REQUEST);
    assert_eq!(verify(&checking, "123456").await, StatusCode::OK);
    assert_eq!(verify(&checking, "123456").await, StatusCode::GONE);
}

#[tokio::test]
async fn requests_that_arrive_together_open_one_connection() {
    let redis = Redis::start().await;
    let before = connections(&redis);
    let app = app(&redis);
    let statuses = join_all((0..50).map(|_| verify(&app, "000000"))).await;
    assert!(statuses.iter().all(|status| *status == StatusCode::GONE));
    // The app's, and the one by which the test looked before.
    assert_eq!(connections(&redis) - before, 2);
}

#[tokio::test]
async fn a_broken_connection_is_replaced_once_for_all_and_nobody_notices() {
    let redis = Redis::start().await;
    let app = app(&redis);
    assert_eq!(verify(&app, "000000").await, StatusCode::GONE);
    redis.drop_connections().await;
    let before = connections(&redis);
    let statuses = join_all((0..50).map(|_| verify(&app, "000000"))).await;
    assert!(statuses.iter().all(|status| *status == StatusCode::GONE));
    assert_eq!(connections(&redis) - before, 2);
}

#[tokio::test]
async fn a_redis_that_is_away_is_503_and_then_found_again() {
    let redis = Redis::start().await;
    let app = app(&redis);
    assert_eq!(verify(&app, "000000").await, StatusCode::GONE);
    redis.kill();
    for status in join_all((0..20).map(|_| verify(&app, "000000"))).await {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }
    redis.restart().await;
    assert_eq!(verify(&app, "000000").await, StatusCode::GONE);
}

#[tokio::test]
async fn a_redis_that_does_not_answer_is_503_for_everyone_who_waits() {
    let redis = Redis::start().await;
    let app = app(&redis);
    redis.freeze();
    for status in join_all((0..20).map(|_| verify(&app, "000000"))).await {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }
    redis.thaw();
    assert_eq!(verify(&app, "000000").await, StatusCode::GONE);
}

#[tokio::test]
async fn a_script_that_redis_forgot_is_sent_again() {
    let redis = Redis::start().await;
    let app = app(&redis);
    assert_eq!(verify(&app, "000000").await, StatusCode::GONE);
    let _: String = redis.run("SCRIPT FLUSH");
    assert_eq!(verify(&app, "000000").await, StatusCode::GONE);
    let info: String = redis.run("INFO commandstats");
    let evals = info.lines().find(|line| line.starts_with("cmdstat_eval:"));
    assert!(evals.unwrap().contains("calls=2,"), "{info}");
}
