//! Identifiers and addresses of OAuth, as far as they are checked.

use http::Uri;

/// The most bytes of an address.
pub(crate) const MAX_URI: usize = 2048;

/// RFC 6749, section 3.1.2: absolute and without a fragment; of any scheme, for native apps.
pub(crate) fn is_redirect_uri(text: &str) -> bool {
    let graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
    let scheme = text.split_once(':').is_some_and(|(scheme, rest)| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte);
        scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme.bytes().all(plain)
            && !rest.is_empty()
    });
    let web = text.starts_with("http:") || text.starts_with("https:");
    let whole = !web || has_host(text);
    text.len() <= MAX_URI && graphic && scheme && whole && !text.contains('#')
}

/// RFC 6749, section 3.1: a page that a browser can be sent to, without a fragment.
pub(crate) fn is_endpoint(text: &str) -> bool {
    let web = text.starts_with("http://") || text.starts_with("https://");
    web && is_redirect_uri(text)
}

/// RFC 8414, section 2, without its demand for https, so that a provider can run on one's own machine.
pub(crate) fn is_issuer(text: &str) -> bool {
    (1..=512).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What the caller and the configuration call a provider.
pub(crate) fn is_provider(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

fn has_host(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| uri.host().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_redirect_uri_is_absolute_and_has_no_fragment() {
        for text in [
            "https://app.example/callback?x=1",
            "http://127.0.0.1:8080/cb",
            "com.example.app:/callback",
        ] {
            assert!(is_redirect_uri(text), "{text}");
        }
        for text in [
            "",
            "/callback",
            "//app.example/callback",
            "https://app.example/cb#x",
            "https:",
            "https:///cb",
            "https://app.example/c b",
            "1x:/cb",
            "https://app.example/\u{0}",
        ] {
            assert!(!is_redirect_uri(text), "{text}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_endpoint_is_a_page_of_the_web() {
        assert!(is_endpoint("https://accounts.example/auth?tenant=a"));
        assert!(is_endpoint("http://localhost:4000/auth"));
        for text in [
            "com.example:/auth",
            "https:/auth",
            "https://a/#b",
            "https://",
            "/auth",
        ] {
            assert!(!is_endpoint(text), "{text}");
        }
    }
}
