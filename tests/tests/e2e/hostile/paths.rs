//! Paths and methods: encoded, empty, far too long, and not of this server.

use hyper::Method;
use tests::{corpus, raw};

use super::Siege;

/// Segments that are names after all.
const NAMES: [&str; 5] = ["constructor", "__proto__", ".", "..", "%2e%2e"];

/// Everything that has a `:name`.
const NAMED: [(&str, &str); 7] = [
    ("GET", "/api/circuit/:name"),
    ("DELETE", "/api/circuit/:name"),
    ("POST", "/api/circuit/:name/acquire"),
    ("PUT", "/api/circuit/:name/override"),
    ("DELETE", "/api/circuit/:name/override"),
    ("POST", "/api/ratelimit/:name"),
    ("POST", "/api/ratelimit/:name/refund"),
];

impl Siege {
    async fn line(&self, line: &str, headers: &str) -> String {
        let token = self.0.service_token();
        let request = format!(
            "{line}\r\n{headers}authorization: Bearer {token}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        self.raw(request.as_bytes()).await
    }
}

#[tokio::test]
async fn what_is_no_name_names_nothing() {
    let siege = Siege::start().await;
    for (method, path) in NAMED {
        for segment in corpus::segments() {
            if NAMES.contains(&segment.as_str()) {
                continue;
            }
            let path = path.replace(":name", &segment);
            let answer = siege
                .line(&format!("{method} {path} HTTP/1.1"), "host: latch\r\n")
                .await;
            let refused = ["HTTP/1.1 400 ", "HTTP/1.1 404 ", "HTTP/1.1 414 "];
            let refused = refused.iter().any(|start| answer.starts_with(start));
            assert!(refused, "{method} {path}: {answer}");
            assert!(!answer.contains("\r\nset-cookie"), "{answer}");
        }
    }
}

/// To JavaScript, or to a file system.
#[tokio::test]
async fn a_name_that_means_something_elsewhere_is_a_name() {
    let siege = Siege::start().await;
    for segment in NAMES {
        let line = format!("GET /api/circuit/{segment} HTTP/1.1");
        let answer = siege.line(&line, "host: latch\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{segment}: {answer}");
        let name = format!("\"name\":\"{}\"", segment.replace("%2e", "."));
        assert!(answer.contains(&name), "{answer}");
    }
}

#[tokio::test]
async fn a_path_that_is_almost_right_is_not_there() {
    let siege = Siege::start().await;
    for path in [
        "//api/auth/request-otp",
        "/api//auth/request-otp",
        "/api/auth/request-otp/",
        "/api/auth/./request-otp",
        "/api/auth/../auth/request-otp",
        "/api/auth/request%2Dotp",
        "/api/auth/request-otp%00",
        "/api/auth/request-otp;a=b",
        "/API/auth/request-otp",
        "/api/circuit//acquire",
        "/api/circuit/a/b/acquire",
        "/api/ratelimit//refund",
        "/.well-known/spin/../jwks.json",
    ] {
        let line = format!("POST {path} HTTP/1.1");
        let answer = siege.line(&line, "host: latch\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_query_is_refused_where_it_means_something_and_else_passed_over() {
    let siege = Siege::start().await;
    for (query, status) in [
        ("?limit=1&cursor=0", 200),
        ("?&&&", 200),
        ("?limit=1e9", 400),
        ("?limit=-1", 400),
        ("?limit=99999999999999999999", 400),
        ("?cursor=%00", 400),
        ("?a%0d%0ab", 400),
        ("?%ff=1", 400),
    ] {
        let path = format!("/api/circuit{query}");
        let answer = siege.send(&Method::GET, &path, &[], "").await;
        assert_eq!(answer.status, status, "{query}: {answer:?}");
    }
    let path = "/api/auth/request-otp?phone=%2B77010000001";
    siege
        .is_refused(&Method::POST, path, &[], "{}")
        .await
        .problem(400, "invalid-request");
}

#[tokio::test]
async fn a_request_line_of_another_kind_is_answered_or_closed() {
    let siege = Siege::start().await;
    let host = "host: latch\r\n";
    for (line, headers, status) in [
        ("GET /api/health HTTP/1.0", host, "200"),
        ("GET http://latch/api/health HTTP/1.1", host, "200"),
        ("GET http://evil.example/api/health HTTP/1.1", host, ""),
        ("GET /api/health HTTP/1.1", "", ""),
        ("GET /api/health HTTP/1.1", "host: a\r\nhost: b\r\n", "200"),
        ("GET /api/health HTTP/1.1", "host: a b\r\n", ""),
        ("GET /api/health HTTP/2.0", host, "400"),
        ("OPTIONS * HTTP/1.1", host, "404"),
        ("CONNECT latch:80 HTTP/1.1", host, "404"),
        ("TRACE /api/health HTTP/1.1", host, "405"),
        ("BREW /api/health HTTP/1.1", host, "405"),
        ("get /api/health HTTP/1.1", host, "405"),
        ("GET  /api/health HTTP/1.1", host, "400"),
        ("GET /api/health", host, "400"),
        ("GET /api/health\0 HTTP/1.1", host, "400"),
        ("GET /api/\u{435} HTTP/1.1", host, "404"),
        ("/api/health HTTP/1.1", host, "400"),
    ] {
        let request = format!("{line}\r\n{headers}connection: close\r\n\r\n");
        let answer = raw::exchange(siege.0.url(), request.as_bytes()).await;
        let got = answer.get(9..12).unwrap_or_default();
        assert_eq!(got, status, "{line} {headers:?}: {answer}");
        siege.holds();
    }
}
