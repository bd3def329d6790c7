//! A problem names the field that is wrong and says what may stand there, and not what stood there: it
//! may have been a secret, and an answer ends up in more logs than one.

use hyper::Method;
use serde_json::{Value, json};
use tests::App;

const SECRET: &str = "302551-secret";

/// A body whose field at that path holds something else each time.
struct Case {
    method: Method,
    path: &'static str,
    field: &'static str,
    body: fn(Value) -> Value,
}

const CASES: &[Case] = &[
    Case {
        method: Method::POST,
        path: "/api/auth/request-otp",
        field: "phone",
        body: |value| json!({ "phone": value }),
    },
    Case {
        method: Method::POST,
        path: "/api/oauth/state",
        field: "binding",
        body: |value| json!({ "provider": "example", "binding": value }),
    },
    Case {
        method: Method::POST,
        path: "/api/circuit/gmail/report",
        field: "outcome",
        body: |value| json!({ "outcome": value }),
    },
    Case {
        method: Method::PUT,
        path: "/api/circuit/gmail/override",
        field: "mode",
        body: |value| json!({ "mode": value, "ttl_s": 60, "reason": "x", "actor": "x" }),
    },
    Case {
        method: Method::POST,
        path: "/api/ratelimit/login",
        field: "cost",
        body: |value| json!({ "key": "a", "cost": value }),
    },
    Case {
        method: Method::POST,
        path: "/api/ratelimit",
        field: "checks[0]",
        body: |value| json!({ "checks": [value] }),
    },
];

#[tokio::test]
async fn no_problem_says_back_what_stood_in_a_field() {
    let policies = r#"{"login":{"capacity":10,"refill":1,"per_s":60}}"#;
    let app = App::own(tests::Vars::new().with("ratelimit_policies", policies)).await;
    let authorization = format!("Bearer {}", app.service_token());
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
    ];
    for case in CASES {
        for value in [
            json!(SECRET),
            json!(format!("{SECRET}, expected `{SECRET}`")),
            json!([SECRET, SECRET, 1]),
            json!({ SECRET: null }),
            json!(302_551.5),
        ] {
            let body = (case.body)(value).to_string();
            let answer = app
                .send(case.method.clone(), case.path, &headers, body.clone())
                .await;
            let code = answer.code().unwrap_or_default();
            assert!(code.starts_with("invalid-"), "{body}: {answer:?}");
            let mut problem = answer.json();
            let field = problem["field"].as_str().unwrap_or_default().to_owned();
            assert!(field.starts_with(case.field), "{body}: {problem}");
            // The name of a field is said, whoever made it up.
            if body.contains(&format!(r#"{{"{SECRET}":null}}"#)) && field.contains(SECRET) {
                continue;
            }
            problem["field"] = Value::Null;
            assert!(!problem.to_string().contains("302551"), "{body}: {problem}");
        }
    }
}
