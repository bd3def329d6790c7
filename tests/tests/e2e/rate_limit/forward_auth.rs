//! A reverse proxy that asks Latch before it lets a call through: nginx, as the README sets it up.

use std::fs;

use serde_json::json;
use tests::{App, Nginx, Vars, Webhook, workspace};

/// The README's configuration, with this test's addresses and token in it.
fn readme_locations(app: &str, latch: &App) -> String {
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    let (_, block) = readme.split_once("```nginx\n").unwrap();
    let (locations, _) = block.split_once("```").unwrap();
    let settings = [
        ("http://app", app),
        ("http://127.0.0.1:3000", latch.url()),
        ("Bearer ...", &format!("Bearer {}", latch.service_token())),
    ];
    settings
        .into_iter()
        .fold(locations.to_owned(), |text, (stands, wanted)| {
            assert!(text.contains(stands), "the README has no {stands}");
            text.replace(stands, wanted)
        })
}

#[tokio::test]
async fn a_call_over_the_limit_never_reaches_the_application() {
    let policies = json!({ "login": { "capacity": 3, "refill": 1, "per_s": 600 } });
    let latch = App::own(Vars::new().with("ratelimit_policies", policies.to_string())).await;
    let application = Webhook::start().await;
    let nginx = Nginx::start(&readme_locations(application.url(), &latch)).await;

    let mut statuses = Vec::new();
    for n in 0..5 {
        statuses.push(nginx.status(&format!("/page/{n}")).await);
    }

    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    assert_eq!(application.deliveries().len(), 3);
}
