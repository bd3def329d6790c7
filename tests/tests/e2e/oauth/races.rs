//! Requests that really run at once: a state is good once all the same.

use futures_util::future::join_all;
use tests::{App, Vars};

use super::flow::{Callback, Flow};

/// An app that is patient with its Redis: a machine with little to spare serves hundreds of
/// requests at once slowly, and that is not what these tests are about.
async fn patient_app() -> App {
    App::own(Vars::new().with("redis_timeout_ms", 20_000)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_consumes_at_once_are_one_success() {
    let app = patient_app().await;
    let flow = Flow::begin(&app).await;

    let answers = join_all((0..500).map(|_| flow.consume(&app))).await;

    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    for answer in &lost {
        answer.problem(409, "state-replayed");
    }
    assert_eq!((won.len(), lost.len()), (1, 499));
}

/// Whoever comes first decides; a stranger's try is never a second chance for the browser.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_comes_at_the_same_time_has_one_try_too() {
    let app = patient_app().await;
    for _ in 0..20 {
        let flow = Flow::begin(&app).await;
        let stranger = Callback::of(flow.state());

        let (browser, stranger) = tokio::join!(flow.consume(&app), stranger.consume(&app));

        match browser.status {
            200 => stranger.problem(409, "state-replayed"),
            _ => {
                browser.problem(409, "state-replayed");
                stranger.problem(403, "state-binding-mismatch")
            }
        };
    }
}
