//! An answer of another provider than the one that was asked ends no flow (RFC 9207, RFC 9700
//! section 4.4).

use serde_json::json;
use tests::App;

use super::flow::{Callback, Flow};

const ISSUER: &str = "https://accounts.example";

async fn bound_to_issuer(app: &App) -> Flow {
    Flow::begin_with(app, json!({ "issuer": ISSUER })).await
}

#[tokio::test]
async fn another_issuer_or_none_is_refused_and_burns_the_state() {
    let app = App::shared().await;
    for issuer in [
        None,
        Some(""),
        Some("-"),
        Some("https://accounts.example/"),
        Some("https://ACCOUNTS.example"),
        Some("https://accounts.example.evil.example"),
    ] {
        let flow = bound_to_issuer(&app).await;
        let callback = Callback {
            issuer: issuer.map(str::to_owned),
            ..flow.callback()
        };

        callback
            .consume(&app)
            .await
            .problem(403, "state-issuer-mismatch");
        flow.assert_burnt(&app).await;
    }
}

#[tokio::test]
async fn the_issuer_that_was_asked_passes() {
    let app = App::shared().await;

    let consumed = bound_to_issuer(&app).await.consume(&app).await.ok();

    assert_eq!(consumed["issuer"], ISSUER);
}

#[tokio::test]
async fn an_issuer_passes_where_none_was_asked() {
    let app = App::shared().await;
    let flow = Flow::begin(&app).await;

    let callback = Callback {
        issuer: Some(ISSUER.to_owned()),
        ..flow.callback()
    };

    callback.consume(&app).await.ok();
}

/// Who is not the browser learns nothing about the provider.
#[tokio::test]
async fn the_browser_is_looked_at_before_the_issuer() {
    let app = App::shared().await;
    let flow = bound_to_issuer(&app).await;

    let stranger = Callback::of(flow.state());

    stranger
        .consume(&app)
        .await
        .problem(403, "state-binding-mismatch");
}
