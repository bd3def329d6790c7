//! Where the browser may be sent when the flow is over: nowhere else than to us.

use http::StatusCode;
use latch::{Kind, Problem};
use percent_encoding::percent_decode_str;

const INVALID_RETURN_TO: Kind = Kind::new(
    StatusCode::BAD_REQUEST,
    "invalid-return-to",
    "Invalid return_to",
);

const MAX_LENGTH: usize = 2048;

/// Lets pass a path of our own origin, or a URL of one of `origins`.
///
/// Browsers read URLs generously (WHATWG URL): they drop tabs and line feeds, take `\` for `/`, and
/// resolve dots. So only visible ASCII passes, no backslash, and no path that is another one after
/// it has been resolved or decoded. An origin must stand there to the letter.
pub(crate) fn check(return_to: &str, origins: &[String]) -> Result<(), Problem> {
    let plain = return_to.len() <= MAX_LENGTH
        && return_to
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let path = origins
        .iter()
        .find_map(|origin| return_to.strip_prefix(origin.as_str()))
        .unwrap_or(return_to);
    let is_url = path.len() < return_to.len();
    let safe = match path.as_bytes().first() {
        Some(b'/') => is_safe_path(path),
        // An origin may stand alone, or be followed at once by a query or a fragment.
        None | Some(b'?' | b'#') => is_url,
        Some(_) => false,
    };
    if plain && safe {
        Ok(())
    } else {
        Err(INVALID_RETURN_TO
            .because(
                "`return_to`: must be a path such as `/account?tab=1`, percent-encoded and \
                 without dot segments, or begin with an origin of `oauth_return_to_origins`.",
            )
            .with("field", "return_to"))
    }
}

fn is_safe_path(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let mut segments = path.split('/').skip(1);
    // `//host`: an empty first segment with another behind it, also after decoding.
    let first = segments.next().map(decode).unwrap_or_default();
    let leads_away = first.starts_with(b"/")
        || first.starts_with(b"\\")
        || (first.is_empty() && segments.next().is_some());
    let dotted = path
        .split('/')
        .map(decode)
        .any(|segment| segment == b"." || segment == b"..");
    let hidden = path
        .split('/')
        .map(decode)
        .any(|segment| segment.iter().any(u8::is_ascii_control));
    !leads_away && !dotted && !hidden
}

fn decode(segment: &str) -> Vec<u8> {
    percent_decode_str(segment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn passes(return_to: &str) -> bool {
        let origins = [
            "https://app.example".to_owned(),
            "http://localhost:5173".to_owned(),
        ];
        check(return_to, &origins).is_ok()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn paths_of_our_own_pass() {
        for return_to in [
            "/",
            "/account",
            "/account?next=//evil.example#x",
            "/a//b",
            "/a/",
            "/?a=b",
            "/%D0%B6",
            "/a.b/..c",
            "/@me",
        ] {
            assert!(passes(return_to), "{return_to}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn allowed_origins_pass_to_the_letter() {
        for return_to in [
            "https://app.example",
            "https://app.example/",
            "https://app.example/a?b#c",
            "https://app.example?a",
            "http://localhost:5173/x",
        ] {
            assert!(passes(return_to), "{return_to}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn everything_that_may_lead_elsewhere_is_refused() {
        for return_to in [
            "",
            "account",
            "?a",
            "#a",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "\\\\evil.example",
            "/a\\b",
            "/%2fevil.example",
            "/%2Fevil.example",
            "/%2f..",
            "/%5cevil.example",
            "/%5C%5Cevil.example",
            "/./\\evil.example",
            "/.//evil.example",
            "/..//evil.example",
            "/%2e%2e//evil.example",
            "/a/../..//evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r\nset-cookie:x=y",
            "/%0d%0aset-cookie:x=y",
            "/%00",
            " /account",
            "/a b",
            "\u{0}/account",
            "https:evil.example",
            "https:/evil.example",
            "https:///evil.example",
            "https://evil.example",
            "https://app.example.evil.example",
            "https://app.example@evil.example",
            "https://user@app.example",
            "https://app.example:444/",
            "https://app.example\\@evil.example",
            "https://app.example//evil.example",
            "https://app.example/..//evil.example",
            "HTTPS://app.example/",
            "https://APP.example/",
            "https://app。example/",
            "https://app．example/",
            "http://app.example/",
            "http://localhost:51730/",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "/\u{2215}evil.example",
            "/ж",
        ] {
            assert!(!passes(return_to), "{return_to:?}");
        }
        assert!(!passes(&format!("/{}", "a".repeat(2048))));
    }
}
