//! One request: well formed at heart, and then not.

use std::sync::LazyLock;

use http::{HeaderName, HeaderValue, Method, Request, Uri, request::Parts};
use rand::RngExt as _;
use tests::corpus;

use crate::{
    endpoints::{Bad, ENDPOINTS, Endpoint},
    mutation::{mutate, mutate_text, pick},
    run::Dice,
    world::TOKEN,
};

const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get",
];

const SUFFIXES: [&str; 8] = [
    "?",
    "?cursor=0&limit=1",
    "?limit=1e9",
    "?cursor=-1",
    "?%00",
    "/",
    "//",
    "?a`b",
];

/// The corpus, made once.
struct Known {
    segments: Vec<String>,
    bodies: Vec<Vec<u8>>,
    /// JSON in the place of any value.
    anywhere: [Vec<String>; 2],
    /// JSON by what the field is for.
    fields: Vec<(Bad, Vec<String>)>,
    /// A header, how seldom it is sent, and its values.
    headers: [(&'static str, u32, Vec<Vec<u8>>); 8],
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let lengths = vec![b"-1".to_vec(), b"99999999999999999999".to_vec()];
    Known {
        segments: corpus::segments(),
        bodies: corpus::bodies(),
        anywhere: [corpus::numbers(), corpus::deep()],
        fields: Bad::ALL.map(|bad| (bad, bad.values())).into(),
        headers: [
            ("idempotency-key", 4, corpus::idempotency_keys()),
            ("x-forwarded-for", 25, corpus::addresses()),
            ("spin-client-addr", 25, corpus::addresses()),
            ("cookie", 25, corpus::cookies()),
            ("authorization", 25, corpus::cookies()),
            ("content-type", 25, corpus::cookies()),
            ("origin", 25, corpus::cookies()),
            ("content-length", 25, lengths),
        ],
    }
});

/// A request, as a host would hand it to the endpoint's component.
pub(crate) struct Input {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// Values of the body that nobody else may see.
    pub(crate) secrets: Vec<String>,
}

impl Input {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let endpoint = pick(dice, &ENDPOINTS);
        let (body, secrets) = body(dice, endpoint);
        Self {
            endpoint,
            method: if dice.random_ratio(1, 30) {
                (*pick(dice, &METHODS)).to_owned()
            } else {
                endpoint.method.to_owned()
            },
            path: path(dice, endpoint),
            headers: headers(dice),
            body,
            secrets,
        }
    }

    /// The head, unless it is none that a host would let pass.
    pub(crate) fn head(&self) -> Option<Parts> {
        let (mut head, ()) = Request::new(()).into_parts();
        head.method = Method::from_bytes(self.method.as_bytes()).ok()?;
        head.uri = Uri::try_from(&self.path).ok()?;
        for (name, value) in &self.headers {
            let name = HeaderName::from_static(name);
            head.headers
                .append(name, HeaderValue::from_bytes(value).ok()?);
        }
        let peer = HeaderValue::from_static("127.0.0.1:4711");
        head.headers.append("spin-client-addr", peer);
        Some(head)
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} {:?}", self.method, self.path)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {}", value.escape_ascii())?;
        }
        write!(f, "{}", self.body.escape_ascii())
    }
}

fn path(dice: &mut Dice, endpoint: &Endpoint) -> String {
    let name = match dice.random_range(0..10) {
        0 => pick(dice, &KNOWN.segments).clone(),
        1 => mutate_text(dice, "gmail", &KNOWN.segments),
        2..6 => "gmail".to_owned(),
        _ => "login".to_owned(),
    };
    let mut path = endpoint.path.replace(":name", &name);
    match dice.random_range(0..30) {
        0 => path = mutate_text(dice, &path, &["//../%2e%2e/;a?b#c"]),
        1 => path.push_str(pick::<&str>(dice, &SUFFIXES)),
        _ => {}
    }
    path
}

fn headers(dice: &mut Dice) -> Vec<(&'static str, Vec<u8>)> {
    let mut headers = Vec::new();
    let mut add = |name, value: &[u8]| headers.push((name, value.to_vec()));
    if !dice.random_ratio(1, 40) {
        add("content-type", b"application/json");
    }
    if !dice.random_ratio(1, 40) {
        add("authorization", format!("Bearer {TOKEN}").as_bytes());
    }
    // Mostly somebody new, so that limits do not end it.
    let client = format!("10.{}.{}.7", dice.random::<u8>(), dice.random::<u8>());
    add("x-forwarded-for", client.as_bytes());
    for (name, seldom, values) in &KNOWN.headers {
        if dice.random_ratio(1, *seldom) {
            let mut value = pick(dice, values).clone();
            if dice.random() {
                mutate(dice, &mut value, values);
            }
            headers.push((*name, value));
        }
    }
    headers
}

/// A JSON object of the endpoint's fields, and those of its values that are secrets.
fn body(dice: &mut Dice, endpoint: &Endpoint) -> (Vec<u8>, Vec<String>) {
    let bodies = &KNOWN.bodies;
    if dice.random_ratio(1, 20) {
        return (pick(dice, bodies).clone(), Vec::new());
    }
    // One field or two are wrong, so that the others lead to where they are used.
    let wrong = [
        dice.random_range(0..endpoint.fields.len() + 2),
        dice.random_range(0..endpoint.fields.len() + 4),
    ];
    let mut members = Vec::new();
    let mut secrets = Vec::new();
    for (index, field) in endpoint.fields.iter().enumerate() {
        let mut value = (*pick(dice, field.good)).to_owned();
        if wrong.contains(&index) {
            let mut fields = KNOWN.fields.iter();
            let own = fields
                .find(|(bad, _)| *bad == field.bad)
                .map(|(_, values)| values);
            let values = KNOWN
                .anywhere
                .get(dice.random_range(0..12))
                .or(own)
                .unwrap();
            value = match dice.random_range(0..3) {
                0 => mutate_text(dice, &value, values),
                _ => pick(dice, values).clone(),
            };
        }
        if matches!(field.bad, Bad::Codes | Bad::Secrets) {
            secrets.push(value.trim_matches('"').to_owned());
        }
        let left_out = dice.random_ratio(1, 20);
        for _ in 0..if left_out {
            0
        } else {
            1 + u8::from(dice.random_ratio(1, 60))
        } {
            members.push(format!("\"{}\":{value}", field.name));
        }
    }
    let mut body = format!("{{{}}}", members.join(",")).into_bytes();
    if dice.random_ratio(1, 5) {
        mutate(dice, &mut body, bodies);
        secrets.clear();
    }
    (body, secrets)
}
