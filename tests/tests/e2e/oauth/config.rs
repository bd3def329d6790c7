//! Variables that cannot be used.

use serde_json::json;
use tests::{App, Vars};

use super::flow::ask;

#[tokio::test]
async fn a_wrong_variable_is_named() {
    for (name, value) in [
        ("oauth_return_to_origins", "app.example"),
        ("oauth_return_to_origins", "https://app.example/"),
        ("oauth_return_to_origins", "https://app.example,*"),
        ("oauth_states_per_minute_per_client", "0"),
        ("oauth_states_per_minute_per_client", "many"),
    ] {
        let vars = Vars::new().with(name, value);
        let app = App::at("redis://127.0.0.1:1", &vars).await;

        let answer = ask(&app, &json!({ "provider": "example" })).await;

        let problem = answer.problem(503, "misconfigured");
        assert_eq!(problem["variable"], name, "{value}: {problem}");
    }
}
