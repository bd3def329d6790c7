//! What cannot be asked of a circuit.

use http::Method;
use serde_json::{Value, json};
use tests::{App, Vars};

use super::{Service, vars};

#[tokio::test]
async fn circuits_are_for_holders_of_the_service_token() {
    let app = App::own(vars()).await;
    for (method, path) in [
        (Method::GET, "/api/circuit"),
        (Method::GET, "/api/circuit/gmail"),
        (Method::DELETE, "/api/circuit/gmail"),
        (Method::POST, "/api/circuit/gmail/acquire"),
        (Method::POST, "/api/circuit/gmail/report"),
        (Method::PUT, "/api/circuit/gmail/override"),
        (Method::DELETE, "/api/circuit/gmail/override"),
    ] {
        app.send(method, path, &[], "")
            .await
            .problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn a_report_that_makes_no_sense_is_refused_and_counts_for_nothing() {
    let service = Service::start().await;
    for body in [
        json!({}),
        json!({ "outcome": "meh" }),
        json!({ "outcome": "success", "duration_ms": -1 }),
        json!({ "outcome": "success", "surprise": 1 }),
        json!({ "successes": 1 }),
        json!({ "successes": 1, "failures": -1, "slow": 0 }),
        json!({ "outcome": "success", "successes": 1, "failures": 0, "slow": 0 }),
    ] {
        service
            .report("gmail", &body)
            .await
            .problem(400, "invalid-request");
    }
    assert!(service.0.redis().keys("rollout:*").is_empty());
}

#[tokio::test]
async fn a_name_is_plain() {
    let service = Service::start().await;
    for name in ["a%20b", "a%00", "%7Bx%7D", &"x".repeat(129)] {
        let answer = service
            .send(Method::GET, &format!("/{name}"), &Value::Null)
            .await;
        assert_eq!(
            answer.problem(400, "invalid-request")["field"],
            "name",
            "{name}"
        );
    }
}

#[tokio::test]
async fn policies_that_cannot_be_read_are_named() {
    for policies in ["", "[]", r#"{"a":{"open_ms":0}}"#, r#"{"a":{"opn_ms":1}}"#] {
        let service = Service(App::own(Vars::new().with("circuit_policies", policies)).await);
        let answer = service.send(Method::GET, "/a", &Value::Null).await;
        let problem = answer.problem(503, "misconfigured");
        assert_eq!(problem["variable"], "circuit_policies");
    }
}
