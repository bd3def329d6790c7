//! What passes as `return_to` leads to an allowed origin under every reading: Node's URL parser is that
//! of the browsers (WHATWG), and others decode a path before they read it.

use std::{
    env,
    io::Write as _,
    process::{Command, Stdio},
};

use futures_util::future::join_all;
use rand::{RngExt as _, seq::IndexedRandom as _};
use serde_json::{Value, json};
use tests::{App, Vars, corpus, workspace};

use super::flow::ask;

const OWN: &str = "https://site.example";
const ALLOWED: [&str; 4] = [
    "https://app.example",
    "http://localhost",
    "http://localhost:5173",
    "myapp://callback",
];

/// How URLs begin, and what may follow.
const BEGINS: [&str; 8] = [
    "/",
    "/a",
    "",
    "https://app.example",
    "http://localhost",
    "http://localhost:5173",
    "myapp://callback",
    "https://app.example/a",
];
const PIECES: [&str; 38] = [
    "/",
    "//",
    "\\",
    ".",
    "..",
    "...",
    "%2f",
    "%2F",
    "%5c",
    "%2e",
    "%2E%2e",
    "%252f",
    "%252e",
    "%255c",
    "%25",
    "%",
    "%%32%66",
    "%09",
    "%0a",
    "%00",
    "%20",
    "\t",
    " ",
    "@",
    ":",
    "?",
    "#",
    "&",
    ";",
    "=",
    "evil.example",
    "a",
    "5173",
    "https:",
    "%c0%af",
    "%ef%bc%8f",
    "ж",
    "\u{2215}",
];

fn nasty() -> Vec<String> {
    let mut dice = rand::rng();
    let mut urls = corpus::return_tos();
    for _ in 0..4_000 {
        let mut url = (*BEGINS.choose(&mut dice).unwrap()).to_owned();
        for _ in 0..dice.random_range(0..6) {
            url.push_str(PIECES.choose(&mut dice).unwrap());
        }
        urls.push(url);
    }
    urls
}

/// Where each reading of each URL leads.
fn read(urls: &[String]) -> Vec<Vec<Value>> {
    let node = env::var_os("LATCH_NODE").unwrap_or_else(|| "node".into());
    let mut child = Command::new(node)
        .arg(workspace().join("tests/urls/read.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node.js, which `cargo xtask test` installs");
    let question = json!({ "base": format!("{OWN}/from/here"), "urls": urls });
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(question.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_leads_to_an_allowed_origin_however_it_is_read() {
    let app = App::own(Vars::new().with("oauth_return_to_origins", ALLOWED.join(","))).await;
    let mut passed = Vec::new();
    for urls in nasty().chunks(50) {
        let asked = urls.iter().map(async |url| {
            let answer = ask(&app, &json!({ "provider": "a", "return_to": url })).await;
            (url.clone(), answer.status)
        });
        let answers = join_all(asked).await;
        passed.extend(answers.into_iter().filter(|(_, status)| *status == 201));
    }
    let passed: Vec<String> = passed.into_iter().map(|(url, _)| url).collect();
    assert!(passed.len() > 300, "{} passed", passed.len());

    for (url, readings) in passed.iter().zip(read(&passed)) {
        let origin = url.split(['?', '#']).next().unwrap();
        let (home, path) = match ALLOWED.iter().filter(|it| origin.starts_with(**it)).max() {
            Some(allowed) => (*allowed, &origin[allowed.len()..]),
            None => (OWN, origin),
        };
        for (number, reading) in readings.into_iter().enumerate() {
            // What has been parsed already has no host any more.
            let home = if number == 5 { OWN } else { home };
            assert_eq!(reading["origin"], home, "{url:?}, reading {number}");
            // An empty path is `/` to the parser. What was decoded to `?` ends the path.
            let slashes = path.matches('/').count().max(1);
            let (least, most) = match number {
                0 => (slashes, slashes),
                _ => (0, slashes),
            };
            let found = reading["slashes"].as_u64().unwrap() as usize;
            let bare = path.is_empty();
            assert!(
                (least..=most).contains(&found) || bare,
                "{url:?}, reading {number}: {found} slashes"
            );
        }
    }
}
