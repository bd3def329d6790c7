//! Flows are ended by the backend alone.

use tests::{App, Vars};

use super::flow::{CONSUME, Flow};

#[tokio::test]
async fn without_the_service_token_nothing_is_consumed_and_nothing_burnt() {
    let app = App::shared().await;
    let flow = Flow::begin(&app).await;
    let wrong = format!("Bearer {}x", app.service_token());
    for authorization in ["", "Bearer", "Basic eDp5", &wrong] {
        let headers = [("authorization", authorization), ("cookie", flow.cookie())];
        let answer = app
            .post_with(CONSUME, &headers, &flow.callback().body())
            .await;
        answer.problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    app.post(CONSUME, &flow.callback().body())
        .await
        .problem(401, "unauthorized");

    flow.consume(&app).await.ok();
}

#[tokio::test]
async fn without_a_service_token_configured_no_flow_ends() {
    let app = App::own(Vars::new().with("service_token", "")).await;
    let flow = Flow::begin(&app).await;

    flow.consume(&app).await.problem(503, "not-configured");
}
