//! A browser has many cookies, and may be made to have strange ones.

use tests::{App, raw};

use super::flow::{CONSUME, Flow};

#[tokio::test]
async fn two_tabs_of_one_browser_both_arrive() {
    let app = App::shared().await;
    let (one, other) = (Flow::begin(&app).await, Flow::begin(&app).await);
    let cookies = format!("theme=dark; {}; {}", one.cookie(), other.cookie());

    for tab in [&other, &one] {
        let callback = tab.callback().with_cookies(&cookies);
        let consumed = callback.consume(&app).await.ok();
        assert_eq!(consumed["nonce"], tab.issued("nonce"));
    }
}

#[tokio::test]
async fn one_tab_cannot_end_what_another_began() {
    let app = App::shared().await;
    let (one, other) = (Flow::begin(&app).await, Flow::begin(&app).await);

    for (tab, cookies) in [(&one, other.cookie()), (&other, one.cookie())] {
        let callback = tab.callback().with_cookies(cookies);
        callback
            .consume(&app)
            .await
            .problem(403, "state-binding-mismatch");
    }
}

#[tokio::test]
async fn thousands_of_other_cookies_do_not_matter() {
    let app = App::shared().await;
    for junk in [
        "a=b; ",
        ";;=;==; =x; ",
        "__Host-oauth-=x; ",
        "__Host-oauth-AAAAAAAAAAAAAAAA=x; ",
    ] {
        let flow = Flow::begin(&app).await;
        let cookies = format!("{}{}", junk.repeat(60_000 / junk.len()), flow.cookie());

        flow.callback()
            .with_cookies(cookies)
            .consume(&app)
            .await
            .ok();
    }
}

#[tokio::test]
async fn a_cookie_that_came_twice_counts_if_either_is_right() {
    let app = App::shared().await;
    for right_at in [0, 1] {
        let flow = Flow::begin(&app).await;
        let (name, secret) = flow.cookie().split_once('=').unwrap();
        let mut cookies = [format!("{name}=stale"), format!("{name}=stale")];
        cookies[right_at] = format!("{name}=\"{secret}\"");

        let callback = flow.callback().with_cookies(cookies.join("; "));

        callback.consume(&app).await.ok();
    }
}

#[tokio::test]
async fn a_flood_of_guesses_at_one_cookie_is_one_wrong_guess() {
    let app = App::shared().await;
    let flow = Flow::begin(&app).await;
    let (name, _) = flow.cookie().split_once('=').unwrap();
    let cookies = format!("{name}=x; ").repeat(1_000);

    let callback = flow.callback().with_cookies(cookies);

    callback
        .consume(&app)
        .await
        .problem(403, "state-binding-mismatch");
    flow.assert_burnt(&app).await;
}

/// As HTTP/2 may bring them.
#[tokio::test]
async fn cookies_in_several_fields_are_one_list() {
    let app = App::shared().await;
    let flow = Flow::begin(&app).await;
    let fields = format!(
        "cookie: a=b\r\ncookie: \r\ncookie: c; {}\r\n",
        flow.cookie()
    );

    let answer = by_hand(&app, &flow, fields.as_bytes()).await;

    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains(flow.issued("nonce")), "{answer}");
}

#[tokio::test]
async fn letters_of_every_script_beside_the_cookie_do_not_matter() {
    let app = App::shared().await;
    let flow = Flow::begin(&app).await;
    let cookies = format!("имя=значение;\t;=; ключ; {}; 名前=値", flow.cookie());

    flow.callback()
        .with_cookies(cookies)
        .consume(&app)
        .await
        .ok();
}

/// HTTP allows them. Spin does not let them through to a component, nor does the local host.
#[tokio::test]
async fn bytes_that_are_no_text_burn_nothing() {
    let app = App::shared().await;
    let flow = Flow::begin(&app).await;
    let fields = [
        b"cookie: \xff\xfe=\x80; ",
        flow.cookie().as_bytes(),
        b"\r\n",
    ]
    .concat();

    let answer = by_hand(&app, &flow, &fields).await;

    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    flow.consume(&app).await.ok();
}

/// Consumes with these header fields, which no well-behaved client can be made to send.
async fn by_hand(app: &App, flow: &Flow, fields: &[u8]) -> String {
    let body = flow.callback().body().to_string();
    let head = format!(
        "POST {CONSUME} HTTP/1.1\r\nhost: latch\r\nconnection: close\r\n\
         authorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        app.service_token(),
        body.len(),
    );
    let request = [head.as_bytes(), fields, b"\r\n", body.as_bytes()].concat();
    raw::exchange(app.url(), &request).await
}
