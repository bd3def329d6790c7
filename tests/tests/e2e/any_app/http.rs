//! Methods, media types, sizes, and what is no HTTP at all.

use hyper::Method;
use tests::{Answer, App, raw};

fn allowed(answer: &Answer) -> Vec<String> {
    answer
        .header("allow")
        .unwrap_or_else(|| panic!("405 without Allow: {answer:?}"))
        .split(',')
        .map(|method| method.trim().to_owned())
        .collect()
}

/// A JSON body of exactly `size` bytes that is read in full and then refused for its phone.
fn padded(size: usize) -> String {
    let body = "{\"phone\":\"?\"";
    format!("{body}{}}}", " ".repeat(size - body.len() - 1))
}

/// The head of a `POST` that does not use its connection again.
fn head(path: &str, fields: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: latch\r\nconnection: close\r\n\
         content-type: application/json\r\n{fields}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_path_that_is_not_there_is_a_404() {
    let app = App::any().await;
    for path in [
        "/",
        "/api/auth",
        "/api/auth/request-otp/x",
        "/.well-known/jwks",
    ] {
        assert_eq!(
            app.send_unruled(Method::GET, path, &[], "").await.status,
            404,
            "{path}"
        );
    }
}

#[tokio::test]
async fn another_method_is_told_which_are_allowed() {
    let app = App::any().await;
    for path in App::ENDPOINTS {
        for method in [
            Method::GET,
            Method::HEAD,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
        ] {
            let answer = app.send(method, path, &[], "").await;
            assert_eq!(answer.status, 405, "{answer:?}");
            assert!(allowed(&answer).contains(&"POST".into()), "{answer:?}");
        }
    }
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let answer = app.send(method, App::JWKS, &[], "").await;
        answer.problem(405, "method-not-allowed");
        assert!(allowed(&answer).contains(&"GET".into()), "{answer:?}");
    }
}

#[tokio::test]
async fn only_json_is_taken() {
    let app = App::any().await;
    for path in App::ENDPOINTS {
        for kind in [
            &[][..],
            &[("content-type", "")],
            &[("content-type", "text/plain")],
            &[("content-type", "application/x-www-form-urlencoded")],
            &[("content-type", "application/json-patch+json")],
            &[("content-type", "text/plain; application/json")],
        ] {
            let answer = app.send(Method::POST, path, kind, "{}").await;
            answer.problem(415, "unsupported-media-type");
        }
    }
}

#[tokio::test]
async fn json_may_be_written_with_a_charset_and_in_capitals() {
    let app = App::any().await;
    for kind in [
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
    ] {
        let answer = app
            .send(
                Method::POST,
                App::ENDPOINTS[0],
                &[("content-type", kind)],
                "{}",
            )
            .await;
        answer.problem(400, "invalid-request");
    }
}

#[tokio::test]
async fn a_body_has_at_most_16_kib() {
    let app = App::any().await;
    let post = async |size| app.post_text(App::ENDPOINTS[0], &[], &padded(size)).await;

    post(16 * 1024).await.problem(400, "invalid-phone");
    post(16 * 1024 + 1).await.problem(413, "content-too-large");
    post(100 * 1024).await.problem(413, "content-too-large");
}

#[tokio::test]
async fn a_body_without_a_length_has_at_most_16_kib() {
    let app = App::any().await;
    for (size, status) in [
        (16 * 1024, "400"),
        (16 * 1024 + 1, "413"),
        (100 * 1024, "413"),
    ] {
        let body = padded(size);
        let (start, end) = body.split_at(10_000);
        let request = raw::chunked_post(App::ENDPOINTS[0], &[start, end]);
        let answer = raw::exchange(app.url(), &request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{size}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_a_413_before_it_comes() {
    let app = App::any().await;
    let request = head(App::ENDPOINTS[0], "content-length: 16385");

    let answer = raw::exchange(app.url(), request.as_bytes()).await;

    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_never_comes_is_a_408_in_bounded_time() {
    let app = App::any().await;
    let request = head(App::ENDPOINTS[0], "content-length: 100") + "{\"phone\"";

    let answer = raw::exchange(app.url(), request.as_bytes()).await;

    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(
        answer.contains("urn:problem-type:latch:request-timeout"),
        "{answer}"
    );
}

#[tokio::test]
async fn what_is_no_http_disturbs_nobody() {
    let app = App::any().await;
    let path = App::ENDPOINTS[0];
    let broken = [
        "\r\n\r\n".to_owned(),
        "GARBAGE\r\n\r\n".to_owned(),
        "\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        head(path, "content-length: x"),
        head(path, "content-length: 100") + "{\"phone\"",
        head(path, "transfer-encoding: chunked") + "zz\r\n{}\r\n0\r\n\r\n",
    ];
    for bytes in broken {
        let answer = raw::abandon(app.url(), bytes.as_bytes()).await;
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
        assert!(refused, "{bytes:?}: {answer}");
        app.get(App::JWKS).await.ok();
    }
}
