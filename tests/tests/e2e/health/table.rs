//! `cargo xtask verify`, besides what it says of Redis.

use tests::{App, Vars};

use super::verification::{Checks, Table};

#[tokio::test]
async fn a_healthy_app_is_a_row_of_ticks() {
    let app = App::shared().await;
    let checks = Checks::passed(&app).await;

    let table = Table::of(&app);

    assert_eq!(table.code, 0, "{}{}", table.stdout, table.stderr);
    let ticked = |name: &str| {
        let begin = format!("✓ {name} ");
        assert!(
            table.stdout.lines().any(|line| line.starts_with(&begin)),
            "{name} in\n{}",
            table.stdout
        );
    };
    checks.names("ok").into_iter().for_each(ticked);
    for component in [
        "otp-request",
        "otp-verify",
        "oauth-state",
        "circuit",
        "rate-limit",
    ] {
        ticked(&format!("variables of {component}"));
    }
    let last = table.stdout.lines().last().unwrap();
    assert!(last.ends_with("0 to look at, 0 failed"), "{last}");
}

#[tokio::test]
async fn a_variable_that_a_component_cannot_use_is_named() {
    for (variable, value, component) in [
        ("otp_length", "six", "otp-request"),
        ("token_ttl_s", "long", "otp-verify"),
        ("oauth_return_to_origins", "app.example", "oauth-state"),
        ("oauth_providers", "[", "oauth-state"),
        ("circuit_policies", "[", "circuit"),
        ("ratelimit_policies", "[", "rate-limit"),
        ("trusted_proxy_hops", "one", "health"),
    ] {
        let app = App::own(Vars::new().with(variable, value)).await;

        let table = Table::of(&app);

        assert_eq!(table.code, 1, "{}", table.stdout);
        table.assert_fix('✗', &format!("variables of {component}"), variable);
    }
}

#[tokio::test]
async fn an_app_that_is_not_there_is_said_so() {
    let table = Table::with(&["--url", "http://127.0.0.1:1", "--token", "t"]);

    assert_eq!(table.code, 1);
    assert_eq!(table.stdout, "");
    let expected = "nothing answers at http://127.0.0.1:1 (is the app up?)";
    assert!(table.stderr.contains(expected), "{}", table.stderr);
}

#[tokio::test]
async fn a_token_that_is_wrong_is_said_so_and_not_shown() {
    let app = App::shared().await;

    let table = Table::with(&["--url", app.url(), "--token", "wrong-3c9d"]);

    assert_eq!(table.code, 1);
    let expected = "does not take this service token";
    assert!(table.stderr.contains(expected), "{}", table.stderr);
    assert!(!table.stderr.contains("3c9d"), "{}", table.stderr);
}

#[tokio::test]
async fn an_app_without_a_token_is_said_so() {
    let app = App::own(Vars::new().with("service_token", "")).await;

    let table = Table::with(&["--url", app.url(), "--token", "t"]);

    assert_eq!(table.code, 1);
    let expected = "has no service token: set service_token there";
    assert!(table.stderr.contains(expected), "{}", table.stderr);
}
