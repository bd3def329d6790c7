//! The verification is for operators; whether the app is healthy is for everyone.

use serde_json::json;
use tests::{App, Vars};

use super::verification::{PATH, ask};

#[tokio::test]
async fn without_the_service_token_nothing_is_verified() {
    let app = App::shared().await;
    let wrong = format!("Bearer {}x", app.service_token());
    for authorization in ["", "Bearer", "Basic eDp5", &wrong] {
        let answer = app
            .post_with(PATH, &[("authorization", authorization)], &json!({}))
            .await;
        answer.problem(401, "unauthorized");
    }

    app.get("/api/health").await.ok();
}

#[tokio::test]
async fn without_a_service_token_configured_nobody_verifies() {
    let app = App::own(Vars::new().with("service_token", "")).await;

    ask(&app).await.problem(503, "not-configured");
    app.get("/api/health").await.ok();
}

#[tokio::test]
async fn verifying_is_a_post() {
    let app = App::shared().await;

    let answer = app.get(PATH).await;

    answer.problem(405, "method-not-allowed");
    assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
}
