//! Reading flow cookies from a browser's `Cookie` headers (RFC 6265bis, section 4.2.1).

use http::HeaderValue;

use crate::cookie::PREFIX;

/// How many cookies of one name are looked at: a browser sends one, or two after an upgrade.
const AT_MOST: usize = 4;
/// How many flow cookies a browser keeps beside the one that it is about to be given.
const KEPT: usize = 7;
/// How many an answer ends at most. A line is at most 95 bytes, so that the answer's head stays within
/// the 4 KiB that proxies have for it. Whoever has more left loses those with the next flows.
const ENDED_AT_MOST: usize = 32;
/// The length of a flow's public name (`Flow::id`).
const ID_LENGTH: usize = 16;

/// The values of the cookies called `name` in `lines`, which are `Cookie` headers, in order.
/// Everything else in them, however much and however broken, is passed over.
pub(crate) fn values<'a>(lines: &'a [HeaderValue], name: &'a str) -> Vec<&'a [u8]> {
    pairs(lines)
        .filter_map(|pair| {
            let rest = pair.strip_prefix(name.as_bytes())?;
            Some(unquoted(rest.strip_prefix(b"=")?))
        })
        .take(AT_MOST)
        .collect()
}

/// The names of the flow cookies in `lines` that have to go when the browser is given another one.
///
/// Those that stay are the last in the header. A browser does not say how old a cookie is, but it
/// sends cookies of the same path in the order in which it got them (RFC 6265, section 5.4, step 2),
/// and all flow cookies have the path `/`.
pub(crate) fn surplus(lines: &[HeaderValue]) -> Vec<&str> {
    let names: Vec<_> = pairs(lines).filter_map(flow_name).collect();
    let older = names.len().saturating_sub(KEPT);
    let (older, kept) = names.split_at_checked(older).unwrap_or_default();
    let mut ended = Vec::new();
    for name in older {
        if ended.len() < ENDED_AT_MOST && !kept.contains(name) && !ended.contains(name) {
            ended.push(*name);
        }
    }
    ended
}

fn pairs(lines: &[HeaderValue]) -> impl Iterator<Item = &[u8]> {
    lines
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .map(<[u8]>::trim_ascii)
}

/// The name of a pair that may be a flow's cookie. Only such a name is ever written into an answer.
fn flow_name(pair: &[u8]) -> Option<&str> {
    let name = pair.split(|byte| *byte == b'=').next()?;
    let id = name.strip_prefix(PREFIX.as_bytes())?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let is_id = (1..=ID_LENGTH).contains(&id.len()) && id.iter().all(plain);
    (is_id && name.len() < pair.len())
        .then(|| std::str::from_utf8(name).ok())
        .flatten()
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

    fn header(lines: &[&[u8]]) -> Vec<HeaderValue> {
        let line = |line: &&[u8]| HeaderValue::from_bytes(line).unwrap();
        lines.iter().map(line).collect()
    }

    fn found(lines: &[&[u8]]) -> Vec<String> {
        values(&header(lines), NAME)
            .into_iter()
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    fn flows(ids: impl Iterator<Item = usize>) -> String {
        ids.map(|id| format!("__Host-oauth-flow{id}=secret; "))
            .collect()
    }

    fn ended(line: &str) -> Vec<String> {
        let lines = header(&[line.as_bytes()]);
        surplus(&lines).into_iter().map(str::to_owned).collect()
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

    #[wasm_bindgen_test(unsupported = test)]
    fn seven_flow_cookies_stay_and_the_oldest_go() {
        assert!(ended("").is_empty());
        assert!(ended(&flows(0..7)).is_empty());
        assert_eq!(ended(&flows(0..8)), ["__Host-oauth-flow0"]);
        let line = format!("a=b; {} theme=dark; {}", flows(0..5), flows(5..10));
        assert_eq!(
            ended(&line),
            [
                "__Host-oauth-flow0",
                "__Host-oauth-flow1",
                "__Host-oauth-flow2"
            ]
        );
        let (first, last) = (flows(0..4), flows(4..8));
        let lines = header(&[first.as_bytes(), last.as_bytes()]);
        assert_eq!(surplus(&lines), ["__Host-oauth-flow0"]);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn cookies_that_are_no_flows_are_left_alone() {
        let others: String = (0..20)
            .map(|n| format!("other{n}=x; __Host-other{n}=x; __Host-oauth={n}; "))
            .collect();
        assert!(ended(&others).is_empty());
        for odd in [
            "__Host-oauth-",
            "__Host-oauth-a b",
            "__Host-oauth-a\u{e9}",
            "__Host-oauth-a\"",
            "__Host-oauth-aaaaaaaaaaaaaaaaa",
        ] {
            assert!(ended(&format!("{odd}=x; ").repeat(20)).is_empty(), "{odd}");
        }
        assert!(ended(&"__Host-oauth-novalue; ".repeat(20)).is_empty());
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_hostile_header_ends_a_bounded_number_and_none_that_stays() {
        let ids = |line: &str| ended(line).len();
        assert_eq!(ids(&flows(0..39)), ENDED_AT_MOST);
        assert_eq!(ids(&flows(0..2_000)), ENDED_AT_MOST);
        assert!(ended(&flows(0..1).repeat(2_000)).is_empty());
        let line = flows(0..7).repeat(300) + &flows(0..8);
        assert_eq!(ended(&line), ["__Host-oauth-flow0"]);
    }
}
