//! What the caller wants to know again when the flow is over.

use tests::{Answer, App};

use super::flow::{Callback, ISSUE, authorization};

/// Begins a flow with this text as its context, to the byte.
async fn begin(app: &App, context: &str) -> Answer {
    let body = format!(r#"{{"provider":"example","binding":"none","context":{context}}}"#);
    let authorization = authorization(app);
    app.post_text(ISSUE, &[("authorization", &authorization)], &body)
        .await
}

#[tokio::test]
async fn a_context_comes_back_byte_for_byte() {
    let app = App::shared().await;
    let nested = format!("{}7{}", "[".repeat(100), "]".repeat(100));
    let largest = format!("\"{}\"", "x".repeat(2046));
    for context in [
        "2.50",
        "1e400",
        "12345678901234567890123456789",
        "-0",
        "\"\"",
        r#""\u0441 / \/ \ud83d\ude00 с😀 100% %s""#,
        "\"\u{2028}\"",
        "{ \"b\" : [ 1 ,\n\t2.0 ], \"a\" : {} }",
        r#"{"same":1,"same":2}"#,
        "[true, false, null]",
        &nested,
        &largest,
    ] {
        let issued = begin(&app, context).await.json();
        let state = issued["state"].as_str().unwrap();

        let answer = Callback::of(state).demanding("none").consume(&app).await;

        assert_eq!(answer.status, 200, "{answer:?}");
        let body = std::str::from_utf8(&answer.body).unwrap();
        let member = format!("\"context\":{context},\"code_verifier\":");
        assert!(body.contains(&member), "{context} came back in {body}");
    }
}

#[tokio::test]
async fn a_context_has_at_most_2_kib() {
    let app = App::shared().await;
    let texts = [
        format!("\"{}\"", "x".repeat(2047)),
        format!("\"{}\"", "ж".repeat(1024)),
        format!("[{}1]", " ".repeat(2046)),
    ];
    for context in texts {
        let problem = begin(&app, &context).await.problem(400, "invalid-request");
        assert_eq!(problem["field"], "context");
    }
}

#[tokio::test]
async fn a_context_that_is_no_json_is_an_invalid_request() {
    let app = App::shared().await;
    for context in ["{", "1.", "'x'", "undefined", "\"\u{0}\"", "\"\\x\""] {
        begin(&app, context).await.problem(400, "invalid-request");
    }
}
