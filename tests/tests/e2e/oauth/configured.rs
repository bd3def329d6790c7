//! Providers that the operator has configured: where a flow leads is not for the caller to say.

use serde_json::{Value, json};
use tests::{App, Vars};

use super::flow::{Callback, ask};

const GOOGLE: &str = "https://accounts.google.com";
const GOOGLE_CALLBACK: &str = "https://app.example/callback/google?x=1&y=a b";

fn providers() -> Value {
    json!({
        "google": {
            "issuer": GOOGLE,
            "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth?hd=app.example",
            "client_id": "app.apps.googleusercontent.com",
            "redirect_uri": GOOGLE_CALLBACK.replace(' ', "%20"),
            "scope": "openid email",
            "params": { "prompt": "select_account", "ui&x": "ж=#" },
        },
        "apple": {
            "issuer": "https://appleid.apple.com",
            "authorization_endpoint": "https://appleid.apple.com/auth/authorize",
            "client_id": "example.app",
            "redirect_uri": "https://app.example/callback/apple",
            "scope": "name email",
            "response_mode": "form_post",
        },
        "plain": {
            "issuer": "https://plain.example",
            "authorization_endpoint": "https://plain.example/auth",
            "client_id": "app",
            "redirect_uri": "com.example.app:/callback",
        },
    })
}

async fn app() -> App {
    App::own(Vars::new().with("oauth_providers", providers())).await
}

/// The pairs of a URL's query, decoded as forms are.
fn query(url: &str) -> Vec<(String, String)> {
    let (_, query) = url.split_once('?').unwrap();
    let decode = |text: &str| {
        let bytes = text.replace('+', " ");
        percent_encoding::percent_decode_str(&bytes)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    query
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (decode(name), decode(value))
        })
        .collect()
}

#[tokio::test]
async fn the_answer_has_the_whole_address_at_which_the_browser_goes_on() {
    let app = app().await;

    let issued = ask(&app, &json!({ "provider": "google", "return_to": "/a" }))
        .await
        .json();

    let url = issued["authorization_url"].as_str().unwrap();
    let begin = "https://accounts.google.com/o/oauth2/v2/auth?hd=app.example&";
    assert!(url.starts_with(begin), "{url}");
    assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
    let text = |member: &str| issued[member].as_str().unwrap();
    let redirect_uri = GOOGLE_CALLBACK.replace(' ', "%20");
    let expected = [
        ("hd", "app.example"),
        ("response_type", "code"),
        ("client_id", "app.apps.googleusercontent.com"),
        ("redirect_uri", &redirect_uri),
        ("scope", "openid email"),
        ("state", text("state")),
        ("nonce", text("nonce")),
        ("code_challenge", text("code_challenge")),
        ("code_challenge_method", "S256"),
        ("prompt", "select_account"),
        ("ui&x", "ж=#"),
    ];
    let pairs = query(url);
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(pairs, expected);
}

#[tokio::test]
async fn without_a_scope_openid_is_asked_for() {
    let app = app().await;

    let issued = ask(&app, &json!({ "provider": "plain" })).await.json();

    let pairs = query(issued["authorization_url"].as_str().unwrap());
    assert!(pairs.contains(&("scope".to_owned(), "openid".to_owned())));
    assert!(pairs.iter().all(|(name, _)| name != "response_mode"));
}

#[tokio::test]
async fn a_flow_ends_with_what_is_configured() {
    let app = app().await;
    for given in [
        json!({}),
        json!({ "issuer": "https://plain.example" }),
        json!({ "redirect_uri": "com.example.app:/callback" }),
    ] {
        let mut body = given;
        body["provider"] = "plain".into();
        let answer = ask(&app, &body).await;
        let cookie = answer.header("set-cookie").unwrap();
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        assert!(attributes.contains("SameSite=Lax"), "{cookie}");
        let issued = answer.json();
        let state = issued["state"].as_str().unwrap();
        let callback = Callback {
            issuer: Some("https://plain.example".to_owned()),
            ..Callback::of(state).with_cookies(pair)
        };

        let consumed = callback.consume(&app).await.ok();

        assert_eq!(consumed["issuer"], "https://plain.example");
        assert_eq!(consumed["redirect_uri"], "com.example.app:/callback");
    }
}

/// Though the caller gave none: it is the operator who says who the callback must come from.
#[tokio::test]
async fn the_issuer_is_demanded_in_the_end() {
    let app = app().await;
    for issuer in [None, Some(GOOGLE)] {
        let body = json!({ "provider": "plain", "binding": "token" });
        let issued = ask(&app, &body).await.json();
        let callback = Callback {
            binding_token: issued["binding_token"].as_str().map(str::to_owned),
            issuer: issuer.map(str::to_owned),
            ..Callback::of(issued["state"].as_str().unwrap())
        };

        let answer = callback.consume(&app).await;

        answer.problem(403, "state-issuer-mismatch");
    }
}

#[tokio::test]
async fn another_issuer_or_redirect_uri_is_refused() {
    let app = app().await;
    for (field, value) in [
        ("issuer", "https://evil.example"),
        ("issuer", "https://plain.example/"),
        ("redirect_uri", "https://evil.example/callback"),
        ("redirect_uri", "com.example.app:/callback2"),
    ] {
        let answer = ask(&app, &json!({ "provider": "plain", field: value })).await;
        let problem = answer.problem(400, "invalid-request");
        assert_eq!(problem["field"], field, "{value}");
    }
    assert_eq!(app.redis().keys("*"), [""; 0]);
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_unknown() {
    let app = app().await;
    for provider in ["Google", "github", "g"] {
        let answer = ask(&app, &json!({ "provider": provider })).await;
        answer.problem(404, "unknown-provider");
    }
    assert_eq!(app.redis().keys("*"), [""; 0]);
}

/// Sign in with Apple: the browser posts a form from there, and sends no cookie that is `Lax`.
#[tokio::test]
async fn a_provider_that_posts_a_form_gets_a_cookie_that_comes_with_it() {
    let app = app().await;

    let answer = ask(&app, &json!({ "provider": "apple" })).await;

    let cookie = answer.header("set-cookie").unwrap().to_owned();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(
        attributes,
        "Path=/; Secure; HttpOnly; SameSite=None; Max-Age=600"
    );
    let issued = answer.json();
    let pairs = query(issued["authorization_url"].as_str().unwrap());
    let mode = ("response_mode".to_owned(), "form_post".to_owned());
    assert!(pairs.contains(&mode), "{pairs:?}");
    let callback = Callback {
        issuer: Some("https://appleid.apple.com".to_owned()),
        ..Callback::of(issued["state"].as_str().unwrap()).with_cookies(pair)
    };
    let consumed = callback.consume(&app).await.ok();
    let (name, _) = pair.split_once('=').unwrap();
    let clear = format!("{name}=; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=0");
    assert_eq!(consumed["clear_cookie"], clear);
}

#[tokio::test]
async fn without_providers_there_is_no_address() {
    let app = App::shared().await;

    let issued = ask(&app, &json!({ "provider": "anything" })).await.json();

    assert_eq!(issued.get("authorization_url"), None);
}
