//! All circuits, by pages.

use http::StatusCode;
use latch::{Argument, Call, Context, Platform, Problem, Response, Script, StoreError, json};
use serde::Serialize;

use crate::circuit::{Circuit, SHARED};
use crate::name::Name;
use crate::policy::Policies;
use crate::status::Status;

/// Shows a page of the circuits that are stored.
pub static LIST: Script =
    Script::new(&[Script::CLOCK, Script::KEY, SHARED, include_str!("list.lua")]);

const MAX_LIMIT: u64 = 100;
const DEFAULT_LIMIT: u64 = 50;

#[derive(Serialize)]
struct Page<'a> {
    circuits: Vec<Status<'a>>,
    /// Where the next page begins; `None` after the last.
    cursor: Option<String>,
}

/// The query: `?cursor=&limit=`, either left out or empty to begin and for the default.
#[derive(Debug, PartialEq, Eq)]
struct Query {
    cursor: u64,
    limit: u64,
}

/// `GET /api/circuit`.
pub(crate) async fn list<P: Platform>(
    policies: &Policies,
    context: &Context<'_, P>,
    call: &Call,
) -> Result<Response, Problem> {
    let query = Query::parse(call.uri().query().unwrap_or_default())?;
    let arguments = [
        Argument::from(policies.json.as_str()),
        query.cursor.into(),
        query.limit.into(),
    ];
    let returned = context.run(&LIST, &[], &arguments).await?;

    let mut reply = returned.reader();
    let cursor = Some(reply.text()?.to_owned()).filter(|cursor| cursor != "0");
    let mut circuits = Vec::new();
    for _ in 0..reply.number()? {
        let name = Name::try_new(reply.text()?)
            .ok_or_else(|| StoreError::Unavailable("a name is none of a circuit".to_owned()))?;
        let circuit = Circuit::new(name, policies);
        circuit.log_transition(context, &mut reply)?;
        circuits.push(Status::read(&circuit, &mut reply)?);
    }
    Ok(json(StatusCode::OK, &Page { circuits, cursor }))
}

impl Query {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut parsed = Self {
            cursor: 0,
            limit: DEFAULT_LIMIT,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let number = value.parse().ok();
            match (name, number) {
                ("cursor" | "limit", _) if value.is_empty() => {}
                ("cursor", Some(cursor)) => parsed.cursor = cursor,
                ("limit", Some(limit)) if (1..=MAX_LIMIT).contains(&limit) => parsed.limit = limit,
                ("cursor", _) => {
                    return Err(Problem::field("cursor", "must be that of the page before."));
                }
                ("limit", _) => return Err(Problem::field("limit", "must be from 1 to 100.")),
                _ => return Err(Problem::field(name, "is not known here.")),
            }
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_query_says_where_to_go_on_and_how_far() {
        for (query, cursor, limit) in [
            ("", 0, 50),
            ("cursor=&limit=", 0, 50),
            ("limit=7", 0, 7),
            ("cursor=18446744073709551615&limit=100", u64::MAX, 100),
        ] {
            assert_eq!(Query::parse(query).unwrap(), Query { cursor, limit });
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn another_query_is_refused() {
        for query in [
            "limit=0",
            "limit=101",
            "limit=x",
            "cursor=-1",
            "page=2",
            "cursor=0x1",
        ] {
            assert!(Query::parse(query).is_err(), "{query}");
        }
    }
}
