//! The text that reaches a person.

use serde_json::json;
use tests::{App, Vars, Webhook, phone};

async fn text(app: &App, webhook: &Webhook, phone: &str, locale: &str) -> String {
    app.request_with(&[], &json!({ "phone": phone, "locale": locale }))
        .await
        .ok();
    webhook.last().text()
}

#[tokio::test]
async fn it_speaks_english_russian_and_kazakh() {
    let webhook = Webhook::start().await;
    let app = App::own(webhook.configure(Vars::new())).await;
    let mut texts = Vec::new();
    for locale in ["en", "ru", "kk"] {
        let text = text(&app, &webhook, &phone(), locale).await;
        let delivery = webhook.last();
        assert!(text.contains(&delivery.code()), "{text}");
        assert!(!text.contains(['{', '}', '@']), "{text}");
        assert!(!text.ends_with('\n'), "{text}");
        assert_eq!(delivery.json()["data"]["locale"], locale);
        texts.push(text.replace(&delivery.code(), ""));
    }

    assert!(texts[0].is_ascii(), "{texts:?}");
    let cyrillic = |text: &str| text.chars().any(|c| matches!(c, 'а'..='я'));
    assert!(cyrillic(&texts[1]) && cyrillic(&texts[2]), "{texts:?}");
    assert_ne!(texts[1], texts[2]);
}

#[tokio::test]
async fn an_unknown_locale_is_english() {
    let webhook = Webhook::start().await;
    let app = App::own(webhook.configure(Vars::new())).await;
    let phone = phone();
    let english = text(&app, &webhook, &phone, "en").await;

    for locale in ["de", "xx-YY", "zh-Hant-TW", "en-GB"] {
        assert_eq!(text(&app, &webhook, &phone, locale).await, english);
    }
    app.request(&phone).await.ok();
    assert_eq!(webhook.last().text(), english, "as is none at all");
}

#[tokio::test]
async fn a_region_does_not_change_the_language() {
    let webhook = Webhook::start().await;
    let app = App::own(webhook.configure(Vars::new())).await;
    for (tag, language) in [("kk-KZ", "kk"), ("RU", "ru"), ("ru_RU", "ru")] {
        text(&app, &webhook, &phone(), tag).await;
        assert_eq!(webhook.last().json()["data"]["locale"], language);
    }
}

#[tokio::test]
async fn a_message_says_what_its_code_is_for() {
    let webhook = Webhook::start().await;
    let app = App::own(webhook.configure(Vars::new())).await;
    let ask = json!({ "phone": phone(), "purpose": "transfer" });
    app.request_with(&[], &ask).await.ok();

    let text = webhook.last().text();

    assert!(text.contains("for transfer"), "{text}");
}

#[tokio::test]
async fn a_template_fills_in_code_minutes_and_purpose() {
    let vars = Vars::new()
        .with("otp_message", "{code} / {minutes} / {code} / {purpose}")
        .with("otp_ttl_s", 120);
    let webhook = Webhook::start().await;
    let app = App::own(webhook.configure(vars)).await;
    app.request(&phone()).await.ok();

    let delivery = webhook.last();

    let code = delivery.code();
    assert_eq!(delivery.text(), format!("{code} / 2 / {code} / sign-in"));
}

/// WebOTP and Apple's domain-bound codes: the last line is exactly this, with no newline after it.
#[tokio::test]
async fn a_domain_adds_the_line_that_browsers_read() {
    let webhook = Webhook::start().await;
    let vars = Vars::new().with("otp_webotp_domain", "shop.example");
    let app = App::own(webhook.configure(vars)).await;
    for locale in ["en", "ru", "kk"] {
        let text = text(&app, &webhook, &phone(), locale).await;
        let (message, last) = text.rsplit_once('\n').unwrap();
        assert_eq!(last, format!("@shop.example #{}", webhook.last().code()));
        assert!(!message.trim().is_empty());
    }
}
