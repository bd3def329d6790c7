//! What strangers may have stored is bounded.

use serde_json::{Value, json};
use tests::{App, Vars};

use super::flow::{Flow, ISSUE, ask};

/// Fields that hold `together` bytes: `return_to` takes what the others leave.
fn fields(together: usize) -> Value {
    let context = "x".repeat(1_700);
    let redirect_uri = format!("https://app.example/{}", "a".repeat(300));
    let rest = "example".len() + context.len() + 2 + redirect_uri.len();
    json!({
        "provider": "example",
        "redirect_uri": redirect_uri,
        "return_to": format!("/{}", "b".repeat(together - rest - 1)),
        "context": context,
    })
}

#[tokio::test]
async fn all_that_a_caller_gives_is_at_most_4_kib() {
    let app = App::own(Vars::new()).await;
    let with_issuer = |together: usize| {
        let mut all = fields(together - 512);
        all["issuer"] = "i".repeat(512).into();
        all
    };
    assert_eq!(ask(&app, &with_issuer(4_096)).await.status, 201);

    let answer = ask(&app, &with_issuer(4_097)).await;

    let problem = answer.problem(400, "invalid-request");
    let detail = problem["detail"].as_str().unwrap();
    for told in ["4097", "4096", "`context`"] {
        assert!(detail.contains(told), "{told}: {detail}");
    }
    assert_eq!(app.redis().keys("oauth:state:*").len(), 1);
}

/// A text is counted as it is kept, where these two characters take two bytes.
#[tokio::test]
async fn what_is_escaped_counts_as_what_it_takes() {
    let app = App::shared().await;
    for letter in ["\\", "\""] {
        let half = |bytes: usize| {
            let path = format!("/?{}", letter.repeat(bytes));
            json!({ "provider": "example", "return_to": path, "context": "x".repeat(1_000) })
        };
        assert_eq!(ask(&app, &half(1_540)).await.status, 201, "{letter}");
        ask(&app, &half(1_545))
            .await
            .problem(400, "invalid-request");
    }
}

/// The figure that README.md gives to operators.
#[tokio::test]
async fn the_largest_state_costs_at_most_5_kib() {
    let app = App::own(Vars::new()).await;
    let largest = json!({
        "provider": "p".repeat(64),
        "redirect_uri": format!("app:{}", "\\".repeat(700)),
        "return_to": format!("/?{}", "\"".repeat(200)),
        "issuer": "\"".repeat(80),
        "context": "x".repeat(2_040),
    });
    let room = 4_096 - (64 + 4 + 1_400 + 2 + 400 + 160 + 2_042);
    let mut body = largest.clone();
    body["issuer"] = format!("{}{}", "\"".repeat(80), "i".repeat(room)).into();
    let answer = app.post(ISSUE, &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");

    let key = app.redis().keys("oauth:state:*").remove(0);
    let bytes = app.redis().memory_usage(&key);

    println!("{bytes} bytes for the largest state that a stranger can have stored");
    assert!(bytes <= 5_248, "{bytes} bytes");
    Flow::begin(&app).await;
}
