//! What stands in the message.

use std::collections::HashMap;
use std::time::Duration;

use latch::{Misconfigured, Platform, Problem, Variables, whole_seconds};
use otp::{Code, Purpose};

/// The language of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Locale {
    En,
    Ru,
    Kk,
}

impl Locale {
    const ALL: [Self; 3] = [Self::En, Self::Ru, Self::Kk];

    /// From a language tag (RFC 5646) such as a browser's `navigator.language`; the language
    /// alone counts, and one that we do not have becomes English.
    pub(crate) fn parse(tag: Option<&str>) -> Result<Self, Problem> {
        let tag = tag.unwrap_or("en");
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if tag.is_empty() || tag.len() > 35 || !tag.bytes().all(plain) {
            return Err(Problem::field(
                "locale",
                "must be a language tag such as `en` or `kk-KZ`.",
            ));
        }
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        Ok(Self::ALL
            .into_iter()
            .find(|locale| locale.tag().eq_ignore_ascii_case(language))
            .unwrap_or(Self::En))
    }

    /// The language tag.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
            Self::Kk => "kk",
        }
    }

    /// Short enough to leave room for the WebOTP line: the first is GSM-7 (160 characters a
    /// message), the others are UCS-2 (70).
    const fn default_template(self) -> &'static str {
        match self {
            Self::En => {
                "{code} is your code for {purpose}, valid for {minutes} min. Do not share it."
            }
            Self::Ru => "{code} - код ({purpose}), действует {minutes} мин. Никому не сообщайте.",
            Self::Kk => "{code} - код ({purpose}), {minutes} мин жарамды. Ешкімге айтпаңыз.",
        }
    }

    /// What a code is for, in this language where that is known: a person who is asked for a code
    /// over the phone shall see what it opens.
    fn name_of(self, purpose: &Purpose) -> &str {
        match (purpose.as_str(), self) {
            ("login", Self::En) => "sign-in",
            ("login", Self::Ru) => "вход",
            ("login", Self::Kk) => "кіру",
            (other, _) => other,
        }
    }
}

/// How messages are worded.
pub(crate) struct Message {
    template: Template,
    domain: Option<String>,
}

enum Template {
    Default,
    ForAll(String),
    /// By language tag; English stands in for a missing one.
    ByLocale(HashMap<String, String>),
}

impl Message {
    /// Reads `otp_message` and `otp_webotp_domain`.
    pub(crate) async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        let template = Template::parse(&variables.text("otp_message").await?).ok_or_else(|| {
            Misconfigured::new(
                "otp_message",
                "must be a text with `{code}` and, if wanted, `{minutes}` and `{purpose}`, or a JSON \
                 object of such texts by locale: en, ru, kk",
            )
        })?;
        let domain = variables.text("otp_webotp_domain").await?;
        if !domain.is_empty() && !is_domain(&domain) {
            return Err(Misconfigured::new(
                "otp_webotp_domain",
                "must be a domain such as `example.com`, without scheme and port",
            ));
        }
        Ok(Self {
            template,
            domain: (!domain.is_empty()).then_some(domain),
        })
    }

    /// The text for one code. With a domain, its last line is what WebOTP and iOS look for:
    /// `@example.com #123456`, and nothing after it.
    pub(crate) fn text(
        &self,
        locale: Locale,
        code: &Code,
        purpose: &Purpose,
        life: Duration,
    ) -> String {
        let minutes = whole_seconds(life).div_ceil(60);
        let text = self
            .template
            .text(locale)
            .replace("{code}", code.as_str())
            .replace("{minutes}", &minutes.to_string())
            .replace("{purpose}", locale.name_of(purpose));
        match &self.domain {
            Some(domain) => format!("{text}\n@{domain} #{}", code.as_str()),
            None => text,
        }
    }
}

impl Template {
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::Default);
        }
        if let Ok(texts) = serde_json::from_str::<HashMap<String, String>>(text) {
            let known = |tag: &String| Locale::ALL.iter().any(|locale| locale.tag() == tag);
            let valid = !texts.is_empty()
                && texts.keys().all(known)
                && texts.values().all(|text| is_template(text));
            return valid.then_some(Self::ByLocale(texts));
        }
        is_template(text).then(|| Self::ForAll(text.to_owned()))
    }

    fn text(&self, locale: Locale) -> &str {
        match self {
            Self::Default => locale.default_template(),
            Self::ForAll(text) => text,
            Self::ByLocale(texts) => texts
                .get(locale.tag())
                .map_or(locale.default_template(), String::as_str),
        }
    }
}

/// `{code}`, perhaps `{minutes}` and `{purpose}`, and no other braces. It does not end in a line feed, which would
/// hide the last line from WebOTP.
fn is_template(text: &str) -> bool {
    let rest = ["{code}", "{minutes}", "{purpose}"]
        .iter()
        .fold(text.to_owned(), |rest, place| rest.replace(place, ""));
    text.contains("{code}") && !rest.contains(['{', '}']) && !text.ends_with('\n')
}

fn is_domain(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            (1..=63).contains(&label.len()) && label.bytes().all(plain)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    const FIVE_MINUTES: Duration = Duration::from_secs(300);

    fn message(template: &str, domain: Option<&str>) -> Message {
        Message {
            template: Template::parse(template).unwrap(),
            domain: domain.map(str::to_owned),
        }
    }

    fn code() -> Code {
        Code::try_new("123456").unwrap()
    }

    fn login() -> Purpose {
        Purpose::default()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn every_locale_has_its_words() {
        let message = message("", None);
        let text = |tag| message.text(Locale::parse(tag).unwrap(), &code(), &login(), FIVE_MINUTES);
        assert!(text(None).contains("is your code"));
        assert!(text(Some("ru-RU")).contains("действует"));
        assert!(text(Some("KK_kz")).contains("жарамды"));
        assert_eq!(text(Some("de")), text(Some("en-US")));
        for tag in ["en", "ru", "kk"] {
            let text = text(Some(tag));
            assert!(text.contains("123456") && text.contains('5'), "{text}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_default_message_fits_into_one_sms() {
        let message = message("", None);
        for (locale, room) in [(Locale::En, 160), (Locale::Ru, 70), (Locale::Kk, 70)] {
            let text = message.text(locale, &code(), &login(), FIVE_MINUTES);
            assert!(text.chars().count() <= room, "{text}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_message_says_what_its_code_is_for() {
        let message = message("", None);
        let transfer = Purpose::parse(Some("transfer")).unwrap();
        for (locale, login_is) in [
            (Locale::En, "sign-in"),
            (Locale::Ru, "вход"),
            (Locale::Kk, "кіру"),
        ] {
            let text = |purpose: &Purpose| message.text(locale, &code(), purpose, FIVE_MINUTES);
            assert!(text(&login()).contains(login_is));
            assert!(text(&transfer).contains("transfer"));
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn the_webotp_line_is_the_last_and_nothing_follows() {
        let text = message("Code {code}", Some("example.com")).text(
            Locale::En,
            &code(),
            &login(),
            FIVE_MINUTES,
        );
        assert_eq!(text, "Code 123456\n@example.com #123456");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_template_may_be_one_for_all_or_one_for_each() {
        let one = message("{code}! {minutes}", None);
        assert_eq!(
            one.text(Locale::Ru, &code(), &login(), Duration::from_secs(61)),
            "123456! 2"
        );
        let each = message(r#"{"en":"E {code}","ru":"R {code}"}"#, None);
        assert_eq!(
            each.text(Locale::Ru, &code(), &login(), FIVE_MINUTES),
            "R 123456"
        );
        assert!(
            each.text(Locale::Kk, &code(), &login(), FIVE_MINUTES)
                .contains("жарамды")
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_template_that_cannot_work_is_refused() {
        for text in [
            "no code",
            "{code} {hours}",
            "{code",
            "{code}\n",
            r#"{"de":"{code}"}"#,
            r#"{"en":"none"}"#,
            "{}",
        ] {
            assert!(Template::parse(text).is_none(), "{text}");
        }
        for domain in [
            "",
            "https://a.example",
            "a.example:80",
            "a b",
            "a..b",
            "a/b",
        ] {
            assert!(!is_domain(domain), "{domain}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_locale_that_is_no_language_tag_is_refused() {
        let long = "x".repeat(36);
        for tag in ["", "e n", "ру", "en;q=1", long.as_str()] {
            assert!(Locale::parse(Some(tag)).is_err(), "{tag}");
        }
    }
}
