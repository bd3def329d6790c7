//! What an operator decides for the fleet, for a time.

use http::Method;
use serde_json::{Value, json};

use super::Service;

fn forced(ttl_s: u64) -> Value {
    json!({ "mode": "forced_open", "ttl_s": ttl_s, "reason": "incident 12", "actor": "olga" })
}

#[tokio::test]
async fn an_override_decides_until_it_is_lifted() {
    let service = Service::start().await;
    let status = service
        .send(Method::PUT, "/gmail/override", &forced(600))
        .await
        .ok();
    assert_eq!(status["state"], "forced_open");
    assert_eq!(status["override"]["actor"], "olga");
    assert_eq!(service.acquire("gmail").await["allowed"], false);
    service.0.redis().assert_every_key_expires();

    let lifted = service
        .send(Method::DELETE, "/gmail/override", &Value::Null)
        .await
        .ok();
    assert_eq!(lifted["state"], "closed");
    assert_eq!(service.acquire("gmail").await["allowed"], true);
}

#[tokio::test]
async fn a_disabled_circuit_lets_everything_pass_and_metrics_only_trips_nothing() {
    let service = Service::start().await;
    for mode in ["disabled", "metrics_only"] {
        let mut override_ = forced(60);
        override_["mode"] = mode.into();
        service
            .send(Method::PUT, "/gmail/override", &override_)
            .await
            .ok();
        let failures = json!({ "successes": 0, "failures": 50, "slow": 0 });
        let status = service.report("gmail", &failures).await.ok();
        assert_eq!(status["state"], mode);
        assert_eq!(status["trips"], 0);
        assert_eq!(service.acquire("gmail").await["allowed"], true);
    }
}

#[tokio::test]
async fn an_override_has_an_end_a_reason_and_somebody_who_answers_for_it() {
    let service = Service::start().await;
    for (field, value) in [
        ("ttl_s", Value::Null),
        ("ttl_s", json!(0)),
        ("ttl_s", json!(604_801)),
        ("reason", Value::Null),
        ("reason", json!("")),
        ("actor", Value::Null),
        ("actor", json!("x".repeat(65))),
        ("mode", json!("open")),
    ] {
        let mut body = forced(60);
        match &value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(field)),
            _ => body[field] = value.clone(),
        }
        let answer = service.send(Method::PUT, "/gmail/override", &body).await;
        assert_eq!(
            answer.problem(400, "invalid-request")["field"],
            field,
            "{body}"
        );
    }
    assert!(service.0.redis().keys("rollout:*").is_empty());
}
