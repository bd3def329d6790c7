//! A browser drops the cookie of an answer to another site's page: such a flow is refused where it
//! begins, and not where it ends.

use serde_json::json;
use tests::{App, Vars};

use super::flow::ISSUE;

#[tokio::test]
async fn a_page_of_another_site_is_told_at_once_what_to_do() {
    let app = App::own(Vars::new()).await;
    for fields in [json!({}), json!({ "binding": "cookie" })] {
        let mut body = fields;
        body["provider"] = "example".into();
        let headers = [
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://127.0.0.1:5173"),
        ];

        let answer = app.post_with(ISSUE, &headers, &body).await;

        let problem = answer.problem(400, "cross-site-cookie");
        let detail = problem["detail"].as_str().unwrap();
        for way_out in ["proxy", "one site", "\"binding\": \"token\""] {
            assert!(detail.contains(way_out), "{way_out}: {detail}");
        }
        assert_eq!(answer.header("set-cookie"), None);
    }
    assert_eq!(
        app.redis().keys("*"),
        [""; 0],
        "nothing is stored or counted"
    );
}

#[tokio::test]
async fn a_token_needs_no_cookie() {
    let app = App::shared().await;
    let body = json!({ "provider": "example", "binding": "token" });

    let answer = app
        .post_with(ISSUE, &[("sec-fetch-site", "cross-site")], &body)
        .await;

    assert_eq!(answer.status, 201, "{answer:?}");
}

#[tokio::test]
async fn pages_of_the_same_site_and_other_programs_are_given_the_cookie() {
    let app = App::shared().await;
    for site in ["same-origin", "same-site", "none", "", "cross-sites"] {
        let body = json!({ "provider": "example" });
        let answer = app
            .post_with(ISSUE, &[("sec-fetch-site", site)], &body)
            .await;
        assert_eq!(answer.status, 201, "{site}: {answer:?}");
        assert!(answer.header("set-cookie").is_some(), "{site}");
    }
}
