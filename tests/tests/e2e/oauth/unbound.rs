//! Flows that are bound to nobody: begun by services alone, and ended only by back ends that say so.

use serde_json::{Value, json};
use tests::{App, Vars};

use super::flow::{Callback, Flow, ISSUE, ask, ask_as_service};

fn unbound() -> Value {
    json!({ "provider": "example", "binding": "none" })
}

#[tokio::test]
async fn a_stranger_begins_no_flow_that_is_bound_to_nobody() {
    let app = App::own(Vars::new()).await;
    let wrong = format!("Bearer {}x", app.service_token());
    for authorization in ["", "Bearer", "Basic eDp5", &wrong] {
        let headers = [("authorization", authorization)];
        let answer = app.post_with(ISSUE, &headers, &unbound()).await;
        answer.problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    ask(&app, &unbound()).await.problem(401, "unauthorized");

    assert_eq!(app.redis().keys("*"), [""; 0]);
}

#[tokio::test]
async fn without_a_service_token_configured_nobody_begins_one() {
    let app = App::own(Vars::new().with("service_token", "")).await;

    let answer = ask(&app, &unbound()).await;

    let problem = answer.problem(503, "not-configured");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("service_token"), "{detail}");
    // The other bindings do not need it.
    Flow::begin(&app).await;
}

#[tokio::test]
async fn a_flow_without_a_binding_has_neither_cookie_nor_token() {
    let app = App::shared().await;

    let answer = ask_as_service(&app, &unbound()).await;

    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json()["binding_token"], Value::Null);
    assert_eq!(answer.header("set-cookie"), None);
}

#[tokio::test]
async fn it_ends_where_a_back_end_says_that_nothing_binds_it() {
    let app = App::shared().await;
    let flow = Flow::begin_unbound(&app).await;

    let callback = Callback::of(flow.state()).demanding("none");
    let consumed = callback.consume(&app).await.ok();

    assert_eq!(consumed["binding"], "none");
    assert_eq!(consumed["clear_cookie"], Value::Null);
}

/// Else somebody could be signed in as another by following a link.
#[tokio::test]
async fn elsewhere_it_is_refused_and_burnt() {
    let app = App::shared().await;
    let mine = Flow::begin(&app).await;
    for demanded in [None, Some("cookie"), Some("token")] {
        let flow = Flow::begin_unbound(&app).await;
        // A victim who has cookies and a session, of other flows.
        let callback = Callback {
            binding_token: Some("of-another-session".to_owned()),
            binding: demanded,
            ..Callback::of(flow.state()).with_cookies(mine.cookie())
        };

        let answer = callback.consume(&app).await;

        let problem = answer.problem(403, "state-binding-mismatch");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("bound to nobody"), "{detail}");
        let again = Callback::of(flow.state()).demanding("none");
        again.consume(&app).await.problem(409, "state-replayed");
    }
}
