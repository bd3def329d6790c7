//! Every endpoint: what it takes, and what README.md says that it answers.

use tests::corpus;

use crate::world::Which;

/// One method on one path.
pub(crate) struct Endpoint {
    pub(crate) which: Which,
    pub(crate) method: &'static str,
    /// `:name` stands for a segment that the caller chooses.
    pub(crate) path: &'static str,
    pub(crate) fields: &'static [Field],
    /// What it answers besides what all do: status, and `code` of a problem.
    pub(crate) answers: &'static [(u16, &'static str)],
}

/// A field of a body.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// Values that it is for, as JSON.
    pub(crate) good: &'static [&'static str],
    /// What an attacker would try.
    pub(crate) bad: Bad,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bad {
    Phones,
    Codes,
    ReturnTos,
    Numbers,
    Texts,
    /// Texts that nobody else may see.
    Secrets,
}

impl Bad {
    pub(crate) const ALL: [Self; 6] = [
        Self::Phones,
        Self::Codes,
        Self::ReturnTos,
        Self::Numbers,
        Self::Texts,
        Self::Secrets,
    ];

    /// As JSON, or what looks like it.
    pub(crate) fn values(self) -> Vec<String> {
        let quoted = |texts: Vec<String>| -> Vec<String> {
            let quote = |text| serde_json::Value::String(text).to_string();
            texts.into_iter().map(quote).collect()
        };
        match self {
            Self::Phones => quoted(corpus::phones()),
            Self::Codes => [quoted(corpus::codes()), corpus::numbers()].concat(),
            Self::ReturnTos => quoted(corpus::return_tos()),
            Self::Numbers => corpus::numbers(),
            Self::Texts | Self::Secrets => quoted(corpus::texts()),
        }
    }
}

/// What any endpoint may answer.
pub(crate) const COMMON: [(u16, &str); 6] = [
    (400, "invalid-request"),
    (401, "unauthorized"),
    (404, "not-found"),
    (405, "method-not-allowed"),
    (413, "content-too-large"),
    (415, "unsupported-media-type"),
];

const fn field(name: &'static str, good: &'static [&'static str], bad: Bad) -> Field {
    Field { name, good, bad }
}

const PHONE: Field = field(
    "phone",
    &[
        "\"+79161230009\"",
        "\"+7 (701) 123-45-67\"",
        "\"+12025550123\"",
    ],
    Bad::Phones,
);
const PURPOSE: Field = field("purpose", &["\"login\"", "\"pay_1\"", "null"], Bad::Texts);
const KEY: Field = field("key", &["\"user:42\"", "\"ж\""], Bad::Texts);
const COST: Field = field("cost", &["1", "2", "10", "11"], Bad::Numbers);
const ISSUER: Field = field(
    "issuer",
    &["\"https://accounts.example\"", "null"],
    Bad::Texts,
);

/// Endpoints of one circuit.
const fn circuit(
    method: &'static str,
    path: &'static str,
    fields: &'static [Field],
    answers: &'static [(u16, &'static str)],
) -> Endpoint {
    Endpoint {
        which: Which::Circuit,
        method,
        path,
        fields,
        answers,
    }
}

pub(crate) const ENDPOINTS: [Endpoint; 17] = [
    Endpoint {
        which: Which::Request,
        method: "POST",
        path: "/api/auth/request-otp",
        fields: &[
            PHONE,
            PURPOSE,
            field("locale", &["\"ru\"", "\"kk-KZ\"", "null"], Bad::Texts),
        ],
        answers: &[
            (200, ""),
            (400, "invalid-phone"),
            (403, "phone-not-allowed"),
            (409, "request-in-flight"),
            (422, "idempotency-key-reused"),
            (429, "quota-exceeded"),
        ],
    },
    Endpoint {
        which: Which::Verify,
        method: "POST",
        path: "/api/auth/verify-otp",
        fields: &[
            PHONE,
            field("otp_code", &["\"918273\"", "\"918 274\""], Bad::Codes),
            PURPOSE,
        ],
        answers: &[
            (200, ""),
            (400, "invalid-phone"),
            (400, "otp-mismatch"),
            (410, "otp-expired"),
            (429, "otp-attempts-exhausted"),
            (429, "quota-exceeded"),
        ],
    },
    Endpoint {
        which: Which::Verify,
        method: "GET",
        path: "/.well-known/jwks.json",
        fields: &[],
        answers: &[(200, "")],
    },
    Endpoint {
        which: Which::OauthState,
        method: "POST",
        path: "/api/oauth/state",
        fields: &[
            field("provider", &["\"example\""], Bad::Texts),
            field(
                "redirect_uri",
                &["\"https://app.example/cb\"", "null"],
                Bad::ReturnTos,
            ),
            field("return_to", &["\"/account?a=b\"", "null"], Bad::ReturnTos),
            ISSUER,
            field(
                "context",
                &["{\"a\":[1]}", "null", "[[[[[[]]]]]]"],
                Bad::Numbers,
            ),
            field(
                "binding",
                &["\"cookie\"", "\"token\"", "\"none\""],
                Bad::Texts,
            ),
        ],
        answers: &[
            (201, ""),
            (400, "invalid-return-to"),
            (400, "cross-site-cookie"),
            (429, "quota-exceeded"),
        ],
    },
    Endpoint {
        which: Which::OauthState,
        method: "POST",
        path: "/api/oauth/state/consume",
        fields: &[
            field(
                "state",
                &["\"a-state-that-was-never-issued\""],
                Bad::Secrets,
            ),
            ISSUER,
            field(
                "binding_token",
                &["\"a-token-of-somebody\"", "null"],
                Bad::Secrets,
            ),
            field(
                "binding",
                &["\"cookie\"", "\"token\"", "\"none\"", "null"],
                Bad::Texts,
            ),
        ],
        answers: &[
            (200, ""),
            (403, "state-binding-mismatch"),
            (403, "state-issuer-mismatch"),
            (409, "state-replayed"),
            (410, "state-expired"),
        ],
    },
    circuit("GET", "/api/circuit", &[], &[(200, "")]),
    circuit("GET", "/api/circuit/:name", &[], &[(200, "")]),
    circuit("DELETE", "/api/circuit/:name", &[], &[(204, "")]),
    circuit("POST", "/api/circuit/:name/acquire", &[], &[(200, "")]),
    circuit(
        "POST",
        "/api/circuit/:name/report",
        &[
            field(
                "outcome",
                &["\"success\"", "\"failure\"", "\"ignored\""],
                Bad::Texts,
            ),
            field("duration_ms", &["0", "6000", "null"], Bad::Numbers),
            field("permit", &["\"2-1\"", "null"], Bad::Texts),
            field("generation", &["0", "7", "null"], Bad::Numbers),
            field("reporter", &["\"api-7\"", "null"], Bad::Texts),
        ],
        &[(200, "")],
    ),
    circuit(
        "POST",
        "/api/circuit/:name/report",
        &[
            field("successes", &["0", "7"], Bad::Numbers),
            field("failures", &["0", "9"], Bad::Numbers),
            field("slow", &["0"], Bad::Numbers),
            field("generation", &["0", "7", "null"], Bad::Numbers),
            field("reporter", &["\"api-7\"", "null"], Bad::Texts),
        ],
        &[(200, "")],
    ),
    circuit(
        "PUT",
        "/api/circuit/:name/override",
        &[
            field("mode", &["\"forced_open\"", "\"metrics_only\""], Bad::Texts),
            field("ttl_s", &["1", "604800"], Bad::Numbers),
            field("reason", &["\"incident 12\"", "\"ж🙂\""], Bad::Texts),
            field("actor", &["\"olga\""], Bad::Texts),
        ],
        &[(200, "")],
    ),
    circuit("DELETE", "/api/circuit/:name/override", &[], &[(200, "")]),
    Endpoint {
        which: Which::RateLimit,
        method: "POST",
        path: "/api/ratelimit/:name",
        fields: &[KEY, COST, field("peek", &["true", "false"], Bad::Numbers)],
        answers: &[
            (200, ""),
            (404, "unknown-policy"),
            (422, "cost-exceeds-capacity"),
            (429, "quota-exceeded"),
        ],
    },
    Endpoint {
        which: Which::RateLimit,
        method: "POST",
        path: "/api/ratelimit",
        fields: &[field(
            "checks",
            &[
                r#"[{"policy":"login","key":"a"}]"#,
                r#"[{"policy":"login","key":"a"},{"policy":"login","key":"a","cost":2}]"#,
                r#"[{"policy":"login","key":""}]"#,
                r#"[{"policy":"login","key":"a","cost":1e2}]"#,
                "[]",
            ],
            Bad::Numbers,
        )],
        answers: &[
            (200, ""),
            (404, "unknown-policy"),
            (422, "cost-exceeds-capacity"),
            (429, "quota-exceeded"),
        ],
    },
    Endpoint {
        which: Which::RateLimit,
        method: "POST",
        path: "/api/ratelimit/:name/refund",
        fields: &[KEY, COST],
        answers: &[
            (200, ""),
            (404, "unknown-policy"),
            (422, "cost-exceeds-capacity"),
        ],
    },
    Endpoint {
        which: Which::Health,
        method: "GET",
        path: "/api/health",
        fields: &[],
        answers: &[(200, "")],
    },
];
