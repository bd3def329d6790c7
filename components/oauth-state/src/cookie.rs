//! Reading one cookie from a browser's `Cookie` headers (RFC 6265bis, section 4.2.1).

use http::HeaderValue;

/// How many cookies of one name are looked at: a browser sends one, or two after an upgrade.
const AT_MOST: usize = 4;

/// The values of the cookies called `name` in `lines`, which are `Cookie` headers, in order.
/// Everything else in them, however much and however broken, is passed over.
pub(crate) fn values<'a>(lines: &'a [HeaderValue], name: &'a str) -> Vec<&'a [u8]> {
    lines
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let rest = pair.trim_ascii().strip_prefix(name.as_bytes())?;
            Some(unquoted(rest.strip_prefix(b"=")?))
        })
        .take(AT_MOST)
        .collect()
}

fn unquoted(value: &[u8]) -> &[u8] {
    value
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    const NAME: &str = "__Host-oauth-abc";

    fn found(lines: &[&[u8]]) -> Vec<String> {
        let line = |line: &&[u8]| HeaderValue::from_bytes(line).unwrap();
        let lines: Vec<_> = lines.iter().map(line).collect();
        values(&lines, NAME)
            .into_iter()
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn the_flows_own_cookie_is_found_among_others() {
        assert_eq!(
            found(&[b"a=1; __Host-oauth-abc=x; __Host-oauth-abd=y"]),
            ["x"]
        );
        assert_eq!(found(&[b"a=1", b"__Host-oauth-abc=\"x\""]), ["x"]);
        assert_eq!(found(&[b"__Host-oauth-abc=a=b"]), ["a=b"]);
        assert_eq!(found(&[b"__Host-oauth-abc="]), [""]);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn names_are_told_apart_to_the_last_letter() {
        for line in [
            b"__host-oauth-abc=x".as_slice(),
            b"__Host-oauth-ab=x",
            b"__Host-oauth-abcd=x",
            b"x__Host-oauth-abc=x",
            b"__Host-oauth-abc",
            b"__Host-oauth-abc =x",
        ] {
            assert!(
                found(&[line]).is_empty(),
                "{}",
                String::from_utf8_lossy(line)
            );
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_hostile_header_is_passed_over() {
        let mut line = b";;=;==; =x;\xff\xfe=\x80; ".repeat(2_000);
        line.extend(b"__Host-oauth-abc=x");
        assert_eq!(found(&[&line]), ["x"]);
        let many = b"__Host-oauth-abc=x;".repeat(5_000);
        assert_eq!(found(&[&many]).len(), AT_MOST);
    }
}
