//! Where the browser may be sent when the flow is over: nowhere else than to us.

use http::StatusCode;
use latch::{Kind, Problem};
use percent_encoding::percent_decode;

const INVALID_RETURN_TO: Kind = Kind::new(
    StatusCode::BAD_REQUEST,
    "invalid-return-to",
    "Invalid return_to",
);

const MAX_LENGTH: usize = 2048;
/// How many times over a path may be percent-encoded. Nobody needs it more than twice.
const MOST_TIMES: usize = 8;

/// Lets pass a path of our own origin, or a URL of one of `origins`.
///
/// Browsers read URLs generously (WHATWG URL): they drop tabs and line feeds, take `\` for `/`, and
/// resolve dots. Proxies and frameworks decode a path, some of them twice. So a path passes only if it
/// stays the same path however often it is decoded. An origin must stand there to the letter. In the
/// query and the fragment nothing leads anywhere, so everything printable passes.
pub(crate) fn check(return_to: &str, origins: &[String]) -> Result<(), Problem> {
    let printable = |byte| matches!(byte, b' '..=b'~');
    let plain = return_to.len() <= MAX_LENGTH && return_to.bytes().all(printable);
    let leads_to = |origin: &String| {
        return_to
            .strip_prefix(origin.as_str())
            .is_some_and(is_of_origin)
    };
    if plain && (is_own_path(return_to) || origins.iter().any(leads_to)) {
        return Ok(());
    }
    Err(INVALID_RETURN_TO
        .because(
            "`return_to`: must be a path such as `/account?tab=1`, or begin with an origin of \
             `oauth_return_to_origins`. The path must have no dot segments, backslashes or control \
             characters, and no encoded slashes.",
        )
        .with("field", "return_to"))
}

/// What may stand behind an origin: nothing, a path, or at once a query or a fragment.
fn is_of_origin(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['?', '#']) || is_own_path(rest)
}

/// A path, and whatever follows it, that is the same path however often it is decoded.
fn is_own_path(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    // `//host` is another host.
    if !path.starts_with('/') || path.starts_with("//") || path.contains(' ') {
        return false;
    }
    let slashes = count_slashes(path.as_bytes());
    let mut path = path.as_bytes().to_vec();
    for _ in 0..=MOST_TIMES {
        if count_slashes(&path) != slashes || is_misleading(&path) {
            return false;
        }
        let decoded: Vec<u8> = percent_decode(&path).collect();
        if decoded == path {
            return true;
        }
        path = decoded;
    }
    false
}

fn count_slashes(path: &[u8]) -> usize {
    path.iter().filter(|byte| **byte == b'/').count()
}

/// A backslash, a control character or a dot segment, decoded by now. What has been decoded to `?` or
/// `#` may end a segment for whoever reads it again.
fn is_misleading(path: &[u8]) -> bool {
    let text = String::from_utf8_lossy(path);
    let hidden = text
        .chars()
        .any(|letter| letter == '\\' || letter.is_control());
    let dotted = text
        .split(['/', '?', '#'])
        .any(|segment| matches!(segment, "." | ".."));
    hidden || dotted
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn passes(return_to: &str) -> bool {
        let origins = [
            "https://app.example".to_owned(),
            "http://localhost".to_owned(),
            "http://localhost:5173".to_owned(),
            "capacitor://localhost".to_owned(),
            "myapp://callback".to_owned(),
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
            "/...",
            "/.well-known/x",
            "/a.b%2ec",
            "/100%25",
            "/100%",
            "/%E9",
            "/%25%20",
            "/a:b;c=d,e",
            "/a?b=\\c",
            "/a?b=c d",
            "/a#\\\\x y",
            "/?%2f%2fevil.example%5c%0d%0a",
            "/#/../%2e%2e//x",
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
            "http://localhost/x",
            "http://localhost?x",
            "http://localhost:5173",
            "https://app.example?a=\\b",
            "capacitor://localhost/account",
            "myapp://callback",
            "myapp://callback/a?b",
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
            "/?ж",
            "/?\t",
            "/?\u{7f}",
            "/%2e%2f%2fevil.example",
            "/.%2f/evil.example",
            "/.%5cevil.example",
            "/a/%2e%2e/b",
            "/a/%2E./b",
            "/a/.%2e",
            "/%2e",
            "/a%2fb",
            "/a%5cb",
            "/a%5Cb",
            "/a%252fb",
            "/a%25252fb",
            "/a%25%32%66b",
            "/a%%32%66b",
            "/a%255cb",
            "/%252e%252e/b",
            "/%252e/b",
            "/..%3f",
            "/a/..%23b",
            "/a%09b",
            "/a%7fb",
            "/a%C2%85b",
            "/a%250ab",
            "/a\\b?c",
            "https://app.example/%2e%2e/a",
            "https://app.example/%252fevil.example",
            "https://app.example%2fevil.example",
            "http://localhost:5173@evil.example",
            "http://localhost:517",
            "http://localhost@evil.example",
            "http://localhost.evil.example",
            "capacitor://localhost.evil.example",
            "capacitor:/localhost",
            "myapp://callback2",
            "myapp:callback",
        ] {
            assert!(!passes(return_to), "{return_to:?}");
        }
        assert!(!passes(&format!("/{}", "a".repeat(2048))));
        // Encoded so often that nobody will decode it all.
        assert!(!passes(&format!("/%{}2f", "25".repeat(600))));
    }
}
