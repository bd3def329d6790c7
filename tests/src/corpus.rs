//! Nasty inputs, by what they pretend to be.
//!
//! The hostile tests send them to the running app, and the fuzzer starts from them. Whatever once broke
//! something belongs here.

/// Texts that no field is for: control characters, other scripts, other languages' syntax.
pub fn texts() -> Vec<String> {
    let mut texts = owned(&[
        "",
        " ",
        "\0",
        "a\0b",
        "a\r\nset-cookie: a=b\r\n\r\n",
        "a\nb",
        "a\tb",
        "a\u{1b}[2Jb",
        "a\u{7f}b",
        "a\u{85}b",
        "\u{2028}",
        "\u{202e}evil",
        "\u{feff}a",
        "\u{0}\u{1}\u{2}",
        "🙂",
        "Å\u{30a}\u{30a}\u{30a}",
        "..",
        "../../etc/passwd",
        "%00",
        "%0d%0a",
        "{a}",
        "{}",
        "*",
        "a b",
        "a:b:c",
        "'; DROP TABLE codes; --",
        "\"",
        "\\",
        "redis.call('FLUSHALL')",
        "${jndi:ldap://x}",
        "{{7*7}}",
        "$(reboot)",
        "<script>alert(1)</script>",
        "null",
        "true",
        "NaN",
        "-0",
        "1e999",
        "18446744073709551616",
    ]);
    texts.extend([
        "a".repeat(65),
        "a".repeat(257),
        "a".repeat(15_000),
        "ж".repeat(5_000),
        "\0".repeat(300),
    ]);
    texts
}

/// What is no phone number, or one written in a way that looks like another.
pub fn phones() -> Vec<String> {
    let mut phones = owned(&[
        "+",
        "++77011234567",
        "+07011234567",
        "77011234567",
        "+7701123456\u{661}",
        "+\u{ff17}7011234567",
        "+77011234567\0",
        "+77011234567\r\nx: y",
        "+7701\u{200b}1234567",
        "+7701\u{a0}1234567",
        "+77011234567;ext=1",
        "+77011234567,+77011234568",
        "tel:+77011234567",
        "+1e10",
        "(((((((",
    ]);
    phones.push(format!("+{}", "7".repeat(15_000)));
    phones.push(format!("+7701{}1234567", " ".repeat(15_000)));
    phones
}

/// What is no code.
pub fn codes() -> Vec<String> {
    let mut codes = owned(&[
        "123",
        "12345678901",
        "-12345",
        "+12345",
        "12345\0",
        "12345\n",
        "0x1234",
        "1e5000",
        "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
        "\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}",
        "123456 OR 1=1",
        "------",
    ]);
    codes.push("1".repeat(15_000));
    codes.push(format!("1{}23", "-".repeat(15_000)));
    codes
}

/// What leads, or may be read to lead, to another site.
pub fn return_tos() -> Vec<String> {
    let mut urls = owned(&[
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/%2fevil.example",
        "/%5cevil.example",
        "/%2e%2f%2fevil.example",
        "/.%2f/evil.example",
        "/.%5cevil.example",
        "/a/%2e%2e/b",
        "/a%252f%252fevil.example",
        "/%252e%252e/",
        "/.//evil.example",
        "/%2e%2e//evil.example",
        "/a/../..//evil.example",
        "/a\r\nlocation: //evil.example",
        "/a%0d%0alocation:x",
        "/\0",
        "https://app.example@evil.example/",
        "https://app.example.evil.example/",
        "https://app.example\\@evil.example/",
        "https://app.example%2eevil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://[::1",
        "/\u{2215}evil.example",
    ]);
    urls.push(format!("/{}", "a".repeat(15_000)));
    urls.push("/..".repeat(4_000));
    urls
}

/// Path segments in the place of `:name`, as they stand in a request line.
pub fn segments() -> Vec<String> {
    let mut segments = owned(&[
        "%2F",
        "a%2Fb",
        "%2e%2e",
        "%2e%2e%2f%2e%2e",
        "..",
        ".",
        "%00",
        "a%00",
        "%0d%0a",
        "a%0d%0aset-cookie:a=b",
        "%c0%ae%c0%ae",
        "%c0%af",
        "%e0%80%af",
        "%ed%a0%80",
        "%f4%90%80%80",
        "%ff",
        "%",
        "%zz",
        "%u0041",
        "%25%32%46",
        "a;b=c",
        ";",
        "a%3Fb",
        "%7Ba%7D",
        "*",
        "a%20b",
        "%D0%B6",
        "~",
        "$",
        "@",
        "constructor",
        "__proto__",
    ]);
    segments.push("a".repeat(129));
    segments.push("a".repeat(10_000));
    segments.push("%41".repeat(3_000));
    segments
}

/// JSON in the place of a number, as it stands in a body.
pub fn numbers() -> Vec<String> {
    let mut numbers = owned(&[
        "-1",
        "-0",
        "-0.0",
        "0",
        "0.5",
        "1.5",
        "1e999",
        "-1e999",
        "1e-999",
        "1E5",
        "18446744073709551615",
        "18446744073709551616",
        "9223372036854775808",
        "9007199254740993",
        "4294967296",
        "01",
        "+1",
        "1.",
        ".5",
        "0x10",
        "1_000",
        "NaN",
        "Infinity",
        "\"1\"",
        "[1]",
        "{\"1\":1}",
        "true",
        "null",
    ]);
    numbers.push("9".repeat(5_000));
    numbers.push(format!("0.{}1", "0".repeat(5_000)));
    numbers.push(format!("1e{}", "9".repeat(5_000)));
    numbers
}

/// JSON in the place of any value, as deep as a body lets it be.
pub fn deep() -> Vec<String> {
    [("[", "]"), ("{\"a\":", "}"), ("[[[{\"\":", "}]]]")]
        .into_iter()
        .flat_map(|(open, close)| {
            let depth = 15_000 / (open.len() + close.len());
            let closed = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            [closed, open.repeat(15_000 / open.len())]
        })
        .collect()
}

/// Whole bodies that are no JSON object, or one that nobody should trust.
pub fn bodies() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 27] = [
        b"",
        b"\0",
        b"{",
        b"}",
        b"[]",
        b"null",
        b"\"\"",
        b"0",
        b"{}{}",
        b"{} x",
        b"\xef\xbb\xbf{}",
        b"{\"phone\":\"\xff\xfe\"}",
        b"{\"\xc0\xaf\":1}",
        b"{\"phone\":\"\xed\xa0\x80\"}",
        b"{\"phone\":\"\\ud800\"}",
        b"{\"phone\":\"\\u0000\"}",
        b"{\"phone\":\"\\x41\"}",
        b"{\"phone\":\"a\nb\"}",
        b"{\"phone\":1,\"phone\":2}",
        b"{\"phone\":\"+77011234567\",\"phone\":\"+77011234568\"}",
        b"{\"state\":\"a\",\"state\":\"b\"}",
        b"{\"__proto__\":{\"admin\":true}}",
        b"{\"\":\"\"}",
        b"{\"a`b\":1}",
        b"{\"phone\":\"+77011234567\",}",
        b"{'phone':'+77011234567'}",
        b"{/**/}",
    ];
    let mut bodies: Vec<Vec<u8>> = texts.into_iter().map(<[u8]>::to_vec).collect();
    bodies.push(b"\xff".repeat(16_384));
    bodies.push(b"{\"a\":1,".repeat(2_000));
    bodies.push(format!("{{\"{}\":1}}", "k".repeat(16_000)).into_bytes());
    bodies.extend(deep().into_iter().map(String::into_bytes));
    bodies
}

/// What a client may send as its own address, or as that of those before it.
pub fn addresses() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 17] = [
        b"9.9.9.9",
        b"9.9.9.9:80",
        b"127.0.0.1",
        b"::1",
        b"[::1]:80",
        b"::ffff:9.9.9.9",
        b"unknown",
        b"_hidden",
        b"",
        b",",
        b",,,,",
        b"9.9.9.9, 9.9.9.8",
        b"for=9.9.9.9",
        b"999.999.999.999",
        b"\xc3\xa9",
        b"9.9.9.9\t",
        b"\"9.9.9.9\"",
    ];
    let mut addresses: Vec<Vec<u8>> = texts.into_iter().map(<[u8]>::to_vec).collect();
    addresses.push(b"9.9.9.9, ".repeat(1_000));
    addresses
}

/// Values of `Idempotency-Key`: structured fields, nearly all of them broken.
pub fn idempotency_keys() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 20] = [
        b"\"8e03978e\"",
        b"8e03978e",
        b"",
        b"\"",
        b"\"\"",
        b"\"open",
        b"\"a\\\"b\"",
        b"\"a\\b\"",
        b"\"a\" \"b\"",
        b"\"a\", \"b\"",
        b"\"a\";b=c",
        b"\"a\";;",
        b"(\"a\" \"b\")",
        b":YWJj:",
        b"@1659578233",
        b"%\"a%c3%a9\"",
        b"?1",
        b"99999999999999999999",
        b"\"\xc3\xa9\"",
        b"two words",
    ];
    let mut keys: Vec<Vec<u8>> = texts.into_iter().map(<[u8]>::to_vec).collect();
    keys.push(format!("\"{}\"", "a".repeat(256)).into_bytes());
    keys.push(b"a".repeat(10_000));
    keys.push(b"\"a\";b".repeat(1_000));
    keys
}

/// Values of `Cookie`.
pub fn cookies() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 11] = [
        b"",
        b";;;;",
        b"=",
        b"; = ;",
        b"__Host-oauth-=x",
        b"__Host-oauth-x",
        b"__Host-oauth-aaaaaaaaaaaaaaaa=",
        b"__Host-oauth-aaaaaaaaaaaaaaaa=\"",
        b"__Host-oauth-aaaaaaaaaaaaaaaa=\"\"\"",
        b"a=\xc3\xa9; b=c",
        b"$Version=1; a=b",
    ];
    let mut cookies: Vec<Vec<u8>> = texts.into_iter().map(<[u8]>::to_vec).collect();
    cookies.push(b"a=b; ".repeat(2_000));
    cookies.push(b"__Host-oauth-aaaaaaaaaaaaaaaa=x; ".repeat(300));
    cookies
}

/// What may stand at a circuit's key.
pub fn circuits() -> Vec<Vec<u8>> {
    let mut values: Vec<Vec<u8>> = [
        r#"{"state":"closed","since":null,"reason":"Nothing has tripped it.","trips":0,"window":[],"reporters":[]}"#,
        r#"{"state":"open","since":1795318047066,"reason":"why","ends":99999999999999,"trips":1,"window":[[1795318044000,20,12,1]],"reporters":[["api-7",1795318047066]]}"#,
        r#"{"state":"half_open","since":1795318047066,"reason":"why","probes":{"successes":1,"slow":0,"issued":2,"leases":[[1,99999999999999],[2,0]]},"trips":1,"window":[],"reporters":[]}"#,
        r#"{"state":"half_open","since":1795318047066,"generation":999999999999999,"reason":"why","probes":{"generation":2,"successes":0,"slow":0,"issued":2,"leases":[[1,99999999999999]]},"trips":1,"window":[],"reporters":[],"at":99999999999999}"#,
        r#"{"state":"recovering","since":1795318047066,"reason":"why","credit":500,"trips":1,"window":[],"reporters":[]}"#,
        r#"{"state":"closed","reason":"why","trips":0,"window":[],"reporters":[],"override":{"mode":"forced_open","since":1795318047066,"ends":99999999999999,"reason":"why","actor":"who"}}"#,
        r#"{"state":"half_open","since":-1,"reason":"\ud800","probes":{},"trips":1e308,"window":{},"reporters":[[[]]]}"#,
        r#"{"state":{"state":"open"}}"#,
        r#"{"state":"open","ends":"soon"}"#,
        "OPEN",
        "1",
        "[]",
        "null",
        "",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    values.push(b"\xff\xfe\x00".to_vec());
    values.push(b"[".repeat(5_000));
    values.push(b"{\"a\":".repeat(1_000));
    values.push(b"x".repeat(100_000));
    values
}

/// What may stand at the keys of codes, states, limits and buckets: near what is ours, and far from it.
pub fn records() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 24] = [
        b"",
        b"something else",
        b"\xff\xfe",
        b"3 1 nonce digest",
        b"3 1 no\xffnce digest",
        b"3 1 nonce dig\xffest",
        b"99999999999999999999 1 nonce digest",
        b"3 99999999999999999999 nonce digest",
        b"3 1 nonce digest digest",
        b"used",
        b"1795318047 - - {}",
        b"1795318047 - - {\"provider\":\"a\",\"salt\":\"b\"}",
        b"1795318047 - - {\"provider\":\"\xff\",\"salt\":\"b\"}",
        b"99999999999999999999 - - {\"provider\":\"a\",\"salt\":\"b\"}",
        b"1795318047 - - [[[[",
        b"0 0",
        b"99999999999999999999 99999999999999999999",
        b"-1 -1",
        b"1795318047066000",
        b"99999999999999999999",
        b"9e99",
        b"inf",
        b"nan",
        b"-1",
    ];
    let mut records: Vec<Vec<u8>> = texts.into_iter().map(<[u8]>::to_vec).collect();
    records.push(format!("{0} {0}", "9".repeat(400)).into_bytes());
    records
}

/// Values of the variables `circuit_policies` and `ratelimit_policies`.
pub fn policies() -> Vec<String> {
    let mut texts = owned(&[
        "{}",
        "[]",
        "null",
        "{",
        r#"{"default":{}}"#,
        r#"{"default":null}"#,
        r#"{"default":{"open_ms":1,"open_max_ms":0}}"#,
        r#"{"gmail":{"open_ms":18446744073709551615}}"#,
        r#"{"gmail":{"window_s":3600,"minimum_calls":1,"half_open_permits":32,"recovery_ms":3600000}}"#,
        r#"{"gmail":{"window_s":1e3}}"#,
        r#"{"gmail":{"window_s":-0}}"#,
        r#"{"gmail":{"on_store_failure":"perhaps"}}"#,
        r#"{"g mail":{}}"#,
        r#"{"":{}}"#,
        r#"{"login":{"capacity":10,"refill":10,"per_s":60}}"#,
        r#"{"login":{"capacity":1000000000,"refill":1,"per_s":9}}"#,
        r#"{"login":{"capacity":1,"refill":1000000000,"per_s":31536000}}"#,
        r#"{"login":{"capacity":18446744073709551615,"refill":1,"per_s":2}}"#,
        r#"{"login":{"capacity":0,"refill":0,"per_s":0}}"#,
        r#"{"login":{"capacity":1.5,"refill":1,"per_s":1}}"#,
        r#"{"a\u0000b":{"capacity":1,"refill":1,"per_s":1}}"#,
    ]);
    texts.extend(deep());
    texts
}

/// Values of the variable `oauth_providers`.
pub fn providers() -> Vec<String> {
    let whole = |endpoint: &str, more: &str| {
        format!(
            r#"{{"idp":{{"issuer":"https://idp.example","authorization_endpoint":"{endpoint}","client_id":"app","redirect_uri":"https://app.example/cb"{more}}}}}"#
        )
    };
    let mut texts = owned(&[
        "{}",
        "[]",
        "null",
        "{",
        r#"{"idp":{}}"#,
        r#"{"idp":null}"#,
        r#"{"i p":{}}"#,
        r#"{"":{}}"#,
    ]);
    for endpoint in [
        "https://idp.example/auth",
        "https://idp.example/auth?tenant=a",
        "https://idp.example/auth?",
        "https://idp.example/auth?state=mine",
        "https://idp.example/auth#",
        "https://",
        "javascript:alert(1)",
        r"https://idp.example/\u0000",
    ] {
        texts.push(whole(endpoint, ""));
    }
    for more in [
        r#","scope":"""#,
        r#","scope":"openid  email""#,
        r#","response_mode":"form_post""#,
        r#","response_mode":7"#,
        r#","params":{"prompt":"select account","x":1e999}"#,
        r#","params":{"a&b=c#":"ж\r\nset-cookie: a=b","":""}"#,
        r#","params":{"state":"mine"}"#,
        r#","client_secret":"hunter2""#,
    ] {
        texts.push(whole("https://idp.example/auth", more));
    }
    texts.extend(deep());
    texts
}

/// Values of the variable `redis_url`. `hunter2` stands where a password does.
pub fn redis_urls() -> Vec<String> {
    owned(&[
        "",
        "redis://",
        "redis:///0",
        "redis://:hunter2@127.0.0.1:1",
        "redis://user:hunter2@127.0.0.1:1/0",
        "redis://user:hunter2%@127.0.0.1:1",
        "redis://user:hunter2%zz@127.0.0.1:1",
        "redis://user:hunter2@[::1]:1",
        "redis://user:hunter2@[::1:1",
        "redis://user:hunter2@[:z1]:1",
        "redis://user:hunter2@[::]:1",
        "redis://user:hunter2@C[::]:1",
        "redis://user:hunter2@0.0.0.0:1",
        "redis://user:hunter2%ff@127.0.0.1:1",
        "redis://user:hunter2@127.0.0.1:99999",
        "redis://user:hunter2@127.0.0.1:1/99999999999",
        "redis://user:hunter2@127.0.0.1:1/-1",
        "redis://user:hunter2@127.0.0.1:1?protocol=resp9",
        "redis://user:hunter2@127.0.0.1:1#hunter2",
        "redis://user:hunter2@@127.0.0.1:1",
        "redis://user:hunter2@a..b:1",
        "redis://user:hunter2@%31%32%37:1",
        "redis://user:hunter2@1.2.3.4.5:1",
        "redis://user:hunter2@0x7f.1:1",
        "redis://user:hunter2@256.256.256.256:1",
        "redis://hunter2@*:1",
        "rediss://user:hunter2@127.0.0.1:1",
        "rediss://user:hunter2@127.0.0.1:1/#insecure",
        "unix:///tmp/hunter2",
        "http://user:hunter2@127.0.0.1:1",
        "user:hunter2@127.0.0.1:1",
    ])
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
