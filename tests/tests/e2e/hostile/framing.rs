//! Where one request ends and the next begins: nobody reads two where another reads one.

use super::Siege;

/// A complete request in the place of a body's rest: answered, it would show as a second status.
const SMUGGLED: &str = "GET /api/health HTTP/1.1\r\nhost: latch\r\n\r\n";

fn post(headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /api/auth/request-otp HTTP/1.1\r\nhost: latch\r\nconnection: close\r\n\
         content-type: application/json\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

fn answers(text: &str) -> usize {
    text.matches("HTTP/1.1 ").count()
}

#[tokio::test]
async fn a_length_that_is_none_is_a_400_and_ends_the_connection() {
    let siege = Siege::start().await;
    for headers in [
        "content-length: -1\r\n",
        "content-length: +2\r\n",
        "content-length: 2 2\r\n",
        "content-length: 0x2\r\n",
        "content-length: 2.0\r\n",
        "content-length: \r\n",
        "content-length: 99999999999999999999\r\n",
        "content-length: 2\r\ncontent-length: 3\r\n",
        "content-length: 2, 3\r\n",
        "content-length : 2\r\n",
        "transfer-encoding: gzip\r\n",
        "transfer-encoding: chunked, gzip\r\n",
        "transfer-encoding: xchunked\r\n",
    ] {
        let answer = siege.raw(&post(headers, &format!("{{}}{SMUGGLED}"))).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{headers:?}: {answer}");
        assert_eq!(answers(&answer), 1, "{headers:?}: {answer}");
    }
}

#[tokio::test]
async fn a_chunk_that_is_none_is_a_400_and_ends_the_connection() {
    let siege = Siege::start().await;
    for body in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}x\r\n0\r\n\r\n",
        "2\n{}\n0\n\n",
        "2;\0\r\n{}\r\n0\r\n\r\n",
    ] {
        let request = post(
            "transfer-encoding: chunked\r\n",
            &format!("{body}{SMUGGLED}"),
        );
        let answer = siege.abandoned(&request).await;
        assert!(answers(&answer) <= 1, "{body:?}: {answer}");
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 400 ");
        assert!(refused, "{body:?}: {answer}");
    }
}

/// Of two lengths the chunks' counts (RFC 9112, section 6.3): a part of the body is not the body.
#[tokio::test]
async fn a_length_beside_chunks_does_not_cut_a_body_short() {
    let siege = Siege::start().await;
    let whole = "{\"phone\":\"+77010000001\"}";
    let body = format!("{:x}\r\n{whole} x\r\n0\r\n\r\n", whole.len() + 2);
    for headers in [
        format!(
            "content-length: {}\r\ntransfer-encoding: chunked\r\n",
            whole.len()
        ),
        format!(
            "transfer-encoding: chunked\r\ncontent-length: {}\r\n",
            whole.len()
        ),
    ] {
        let answer = siege.raw(&post(&headers, &body)).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{headers:?}: {answer}");
    }
}

#[tokio::test]
async fn a_body_that_ends_early_is_refused() {
    let siege = Siege::start().await;
    let whole = "{\"phone\":\"+77010000001\"}";
    for request in [
        post(&format!("content-length: {}\r\n", whole.len() + 1), whole),
        post(
            "transfer-encoding: chunked\r\n",
            &format!("{:x}\r\n{whole}\r\n", whole.len()),
        ),
        post(
            "transfer-encoding: chunked\r\n",
            &format!("{:x}\r\n{whole}", whole.len() + 1),
        ),
    ] {
        let answer = siege.abandoned(&request).await;
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 400 ");
        assert!(refused, "{answer}");
    }
}

#[tokio::test]
async fn a_body_without_a_length_has_none() {
    let siege = Siege::start().await;
    let answer = siege.raw(&post("", "{\"phone\":\"+77010000001\"}")).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}
