//! Headers: too many, too long, twice, and structured fields that are none.

use hyper::Method;
use serde_json::json;
use tests::{corpus, phone, raw};

use super::Siege;

const REQUEST: &str = "/api/auth/request-otp";

/// A whole request for a code, with header lines of one's own.
fn request(lines: &[u8]) -> Vec<u8> {
    let body = json!({ "phone": phone() }).to_string();
    let head = format!(
        "POST {REQUEST} HTTP/1.1\r\nhost: latch\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    [head.as_bytes(), lines, b"\r\n", body.as_bytes()].concat()
}

#[tokio::test]
async fn more_headers_than_a_host_reads_are_a_431() {
    let siege = Siege::start().await;
    for lines in [
        (0..200)
            .map(|n| format!("x-{n}: a\r\n"))
            .collect::<String>(),
        format!("x-long: {}\r\n", "a".repeat(1_000_000)),
    ] {
        let answer = raw::abandon(siege.0.url(), &request(lines.as_bytes())).await;
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 431 ");
        assert!(refused, "{answer}");
        siege.holds();
    }
}

#[tokio::test]
async fn as_many_headers_as_a_host_reads_are_passed_over() {
    let siege = Siege::start().await;
    for lines in [
        (0..90).map(|n| format!("x-{n}: a\r\n")).collect::<String>(),
        format!("x-long: {}\r\n", "a".repeat(100_000)),
        "x-same: a\r\n".repeat(90),
        format!("cookie: {}\r\n", "a=b; ".repeat(20_000)),
    ] {
        let answer = siege.raw(&request(lines.as_bytes())).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}

#[tokio::test]
async fn what_is_no_header_is_refused_before_it_comes_in() {
    let siege = Siege::start().await;
    for lines in [
        b"x-nul: a\0b\r\n".as_slice(),
        b"x-cr: a\rb\r\n",
        b"x-ctl: a\x01b\r\n",
        b"x y: a\r\n",
        b"x-no-colon\r\n",
        b": a\r\n",
        b"x\0y: a\r\n",
        b" folded: a\r\n",
        b"x-\xff: a\r\n",
    ] {
        let answer = siege.raw(&request(lines)).await;
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 400 ");
        assert!(refused, "{}: {answer}", lines.escape_ascii());
    }
}

#[tokio::test]
async fn an_idempotency_key_is_one_string_or_refused() {
    let siege = Siege::start().await;
    for key in corpus::idempotency_keys() {
        let Ok(key) = std::str::from_utf8(&key) else {
            continue;
        };
        let phone = phone();
        let body = json!({ "phone": phone }).to_string();
        let answer = siege
            .send(
                &Method::POST,
                REQUEST,
                &[("idempotency-key", key)],
                body.clone(),
            )
            .await;
        assert!(matches!(answer.status, 200 | 400), "{key}: {answer:?}");
        let twice = [("idempotency-key", key), ("idempotency-key", key)];
        siege
            .is_refused(&Method::POST, REQUEST, &twice, body)
            .await
            .problem(400, "invalid-request");
    }
}

#[tokio::test]
async fn no_cookie_is_too_strange_to_be_passed_over() {
    let siege = Siege::start().await;
    for cookie in corpus::cookies() {
        let Ok(cookie) = std::str::from_utf8(&cookie) else {
            continue;
        };
        let twice = [("cookie", cookie), ("cookie", cookie)];
        siege
            .is_refused(
                &Method::POST,
                "/api/oauth/state/consume",
                &twice,
                r#"{"state":"unknown"}"#,
            )
            .await
            .problem(410, "state-expired");
    }
}

#[tokio::test]
async fn no_other_authorization_opens_a_service_endpoint() {
    let siege = Siege::start().await;
    let token = siege.0.service_token();
    for value in [
        String::new(),
        "Bearer".to_owned(),
        format!("Bearer {token}x"),
        format!("Bearer {}", &token[1..]),
        format!("Bearer {token}, {token}"),
        format!("Bearer\t{token}"),
        format!("Basic {token}"),
        format!("Bearer \u{e9}{token}"),
        format!("Bearer {}", "a".repeat(50_000)),
    ] {
        let answer = siege
            .0
            .send(
                Method::GET,
                "/api/circuit/gmail",
                &[("authorization", value.as_str())],
                "",
            )
            .await;
        answer.problem(401, "unauthorized");
        assert!(!String::from_utf8_lossy(&answer.body).contains(token));
        siege.holds();
    }
}
