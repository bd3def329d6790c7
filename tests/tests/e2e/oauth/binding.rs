//! A flow ends in the browser that began it, and nowhere else. Whoever brings a state without what
//! binds it has used it up.

use serde_json::{Value, json};
use tests::App;

use super::flow::{Callback, Flow};

/// A cookie or token with its last letter changed.
fn altered(secret: &str) -> String {
    let (head, last) = secret.split_at(secret.len() - 1);
    format!("{head}{}", if last == "A" { "B" } else { "A" })
}

async fn assert_refused_and_burnt(app: &App, flow: &Flow, callback: Callback) {
    callback
        .consume(app)
        .await
        .problem(403, "state-binding-mismatch");
    flow.assert_burnt(app).await;
}

fn by_token() -> Value {
    json!({ "binding": "token" })
}

#[tokio::test]
async fn a_browser_without_the_cookie_is_another_browser() {
    let app = App::shared().await;
    let flow = Flow::begin(&app).await;

    assert_refused_and_burnt(&app, &flow, Callback::of(flow.state())).await;
}

#[tokio::test]
async fn the_cookie_of_another_flow_is_not_the_cookie() {
    let app = App::shared().await;
    let (flow, other) = (Flow::begin(&app).await, Flow::begin(&app).await);

    let callback = flow.callback().with_cookies(other.cookie());

    assert_refused_and_burnt(&app, &flow, callback).await;
    other.consume(&app).await.ok();
}

#[tokio::test]
async fn the_secret_of_another_flow_is_not_the_secret() {
    let app = App::shared().await;
    let (flow, other) = (Flow::begin(&app).await, Flow::begin(&app).await);
    let (name, _) = flow.cookie().split_once('=').unwrap();
    let (_, secret) = other.cookie().split_once('=').unwrap();

    let callback = flow.callback().with_cookies(format!("{name}={secret}"));

    assert_refused_and_burnt(&app, &flow, callback).await;
}

#[tokio::test]
async fn an_altered_cookie_is_not_the_cookie() {
    let app = App::shared().await;
    let alterations: [fn(&str) -> String; 5] = [
        altered,
        |cookie| format!("{cookie}A"),
        |cookie| cookie[..cookie.len() - 1].to_owned(),
        |cookie| cookie.split_inclusive('=').next().unwrap().to_owned(),
        |cookie| cookie.to_lowercase(),
    ];
    for alter in alterations {
        let flow = Flow::begin(&app).await;
        let callback = flow.callback().with_cookies(alter(flow.cookie()));
        assert_refused_and_burnt(&app, &flow, callback).await;
    }
}

#[tokio::test]
async fn a_token_binds_as_a_cookie_does() {
    let app = App::shared().await;

    Flow::begin_with(&app, by_token())
        .await
        .consume(&app)
        .await
        .ok();

    let token = |alter: fn(&str) -> Option<String>| {
        move |flow: &Flow| Callback {
            binding_token: alter(flow.issued("binding_token")),
            ..flow.callback()
        }
    };
    for wrong in [
        token(|_| None),
        token(|_| Some(String::new())),
        token(|token| Some(altered(token))),
        token(|token| Some(format!("{token} {token}"))),
    ] {
        let flow = Flow::begin_with(&app, by_token()).await;
        assert_refused_and_burnt(&app, &flow, wrong(&flow)).await;
    }
}

#[tokio::test]
async fn the_token_of_another_flow_is_not_the_token() {
    let app = App::shared().await;
    let flow = Flow::begin_with(&app, by_token()).await;
    let other = Flow::begin_with(&app, by_token()).await;

    let callback = Callback {
        binding_token: other.callback().binding_token,
        ..flow.callback()
    };

    assert_refused_and_burnt(&app, &flow, callback).await;
}

/// What a browser brings as a cookie is no token of a session's, and the reverse.
#[tokio::test]
async fn a_secret_in_the_wrong_place_is_not_the_secret() {
    let app = App::shared().await;
    let flow = Flow::begin(&app).await;
    let (name, secret) = flow.cookie().split_once('=').unwrap();
    let callback = Callback {
        binding_token: Some(secret.to_owned()),
        ..Callback::of(flow.state())
    };
    assert_refused_and_burnt(&app, &flow, callback).await;

    let name = name.to_owned();
    let flow = Flow::begin_with(&app, by_token()).await;
    let id = &flow.key()["oauth:state:".len()..][..16];
    assert_eq!(name.len(), format!("__Host-oauth-{id}").len());
    let cookie = format!("__Host-oauth-{id}={}", flow.issued("binding_token"));
    let callback = Callback::of(flow.state()).with_cookies(cookie);
    assert_refused_and_burnt(&app, &flow, callback).await;
}

#[tokio::test]
async fn a_back_end_may_demand_how_a_flow_is_bound() {
    let app = App::shared().await;
    for (fields, bound, other) in [
        (json!({}), "cookie", "token"),
        (by_token(), "token", "cookie"),
    ] {
        let flow = Flow::begin_with(&app, fields.clone()).await;
        let consumed = flow.callback().demanding(bound).consume(&app).await.ok();
        assert_eq!(consumed["binding"], bound);

        let flow = Flow::begin_with(&app, fields.clone()).await;
        assert_refused_and_burnt(&app, &flow, flow.callback().demanding(other)).await;

        // `none` lets an unbound flow pass, and takes nothing from one that is bound.
        let flow = Flow::begin_with(&app, fields.clone()).await;
        let consumed = flow.callback().demanding("none").consume(&app).await.ok();
        assert_eq!(consumed["binding"], bound);
        let flow = Flow::begin_with(&app, fields).await;
        let stranger = Callback::of(flow.state()).demanding("none");
        assert_refused_and_burnt(&app, &flow, stranger).await;
    }
}
