//! A browser that begins flows and drops them keeps eight of their cookies, and not so many that its
//! site refuses its requests.

use serde_json::json;
use tests::{Answer, App};

use super::flow::{Callback, ISSUE};

/// The cookies of a browser, oldest first, as it sends them.
#[derive(Default)]
struct Browser(Vec<(String, String)>);

impl Browser {
    fn header(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, answer: &Answer) {
        for line in set_cookies(answer) {
            let (pair, attributes) = line.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.0.retain(|(known, _)| known != name);
            if !attributes.ends_with("Max-Age=0") {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Begins a flow and returns its state.
    async fn begin(&mut self, app: &App) -> String {
        let answer = begin_with(app, &self.header()).await;
        self.keep(&answer);
        answer.json()["state"].as_str().unwrap().to_owned()
    }
}

async fn begin_with(app: &App, cookies: &str) -> Answer {
    let body = json!({ "provider": "example" });
    let answer = app.post_with(ISSUE, &[("cookie", cookies)], &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer
}

fn set_cookies(answer: &Answer) -> Vec<String> {
    let lines = answer.headers.get_all("set-cookie").iter();
    lines
        .map(|line| line.to_str().unwrap().to_owned())
        .collect()
}

fn ended(answer: &Answer) -> Vec<String> {
    let end = "=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0";
    set_cookies(answer)
        .iter()
        .filter_map(|line| line.strip_suffix(end).map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn after_110_flows_a_browser_has_the_last_eight() {
    let app = App::shared().await;
    let mut browser = Browser(vec![("theme".to_owned(), "dark".to_owned())]);
    let mut states = Vec::new();
    for _ in 0..110 {
        states.push(browser.begin(&app).await);
        assert!(browser.0.len() <= 9, "{}", browser.header());
    }

    assert_eq!(browser.0.len(), 9, "{}", browser.header());
    assert_eq!(browser.0[0].0, "theme");
    let cookies = browser.header();
    for state in &states[102..] {
        let callback = Callback::of(state).with_cookies(&cookies);
        callback.consume(&app).await.ok();
    }
    let dropped = Callback::of(&states[101]).with_cookies(&cookies);
    dropped
        .consume(&app)
        .await
        .problem(403, "state-binding-mismatch");
}

#[tokio::test]
async fn the_older_ones_are_ended_in_the_same_answer() {
    let app = App::shared().await;
    for (cookies, gone) in [(7, 0), (8, 1), (20, 13), (39, 32)] {
        let header: String = (0..cookies)
            .map(|n| format!("__Host-oauth-{n:016}=secret; "))
            .collect();

        let answer = begin_with(&app, &header).await;

        let oldest: Vec<_> = (0..gone).map(|n| format!("__Host-oauth-{n:016}")).collect();
        assert_eq!(ended(&answer), oldest, "{cookies}");
        assert_eq!(set_cookies(&answer).len(), gone + 1, "{cookies}");
    }
}

/// A head of an answer that a proxy would refuse helps nobody.
#[tokio::test]
async fn thousands_of_cookies_are_ended_a_few_at_a_time() {
    let app = App::shared().await;
    let header: String = (0..2_000)
        .map(|n| format!("__Host-oauth-{n:016}=; "))
        .collect();

    let answer = begin_with(&app, &header).await;

    assert_eq!(ended(&answer).len(), 32);
    let head: usize = answer
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    assert!(head < 4_000, "{head} bytes");
}

/// Only names that a flow's cookie can have are written into an answer.
#[tokio::test]
async fn what_is_no_flow_cookie_is_not_written_back() {
    let app = App::shared().await;
    for name in [
        "__Host-oauth-",
        "__Host-oauth-\"a",
        "__Host-oauth-a b",
        "__Host-oauth-aaaaaaaaaaaaaaaaa",
        "__host-oauth-a",
        "session",
    ] {
        let answer = begin_with(&app, &format!("{name}=x; ").repeat(20)).await;
        assert_eq!(set_cookies(&answer).len(), 1, "{name}");
    }
}

/// A back end that keeps a session has nothing to do with the browser's cookies.
#[tokio::test]
async fn a_flow_without_a_cookie_ends_none() {
    let app = App::shared().await;
    let header = "__Host-oauth-a=x; ".repeat(20);
    let body = json!({ "provider": "example", "binding": "token" });

    let answer = app.post_with(ISSUE, &[("cookie", &header)], &body).await;

    assert_eq!(answer.header("set-cookie"), None);
}
