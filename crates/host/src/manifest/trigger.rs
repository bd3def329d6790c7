//! `[[trigger.http]]`.

use std::collections::BTreeMap;

use anyhow::{Error, Result, bail, ensure};
use serde::Deserialize;

/// All triggers, which must be HTTP triggers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Triggers {
    #[serde(default)]
    pub(super) http: Vec<HttpTrigger>,
}

/// A route and what answers it.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct HttpTrigger {
    /// The pattern of the paths that it answers.
    pub(crate) route: String,
    /// What answers them.
    pub(crate) answer: Answer,
}

/// What answers the requests of a route.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The component of that id.
    Component(String),
    /// Always the same response.
    Static(StaticResponse),
}

/// A response that takes no component.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaticResponse {
    /// The status, 200 if not given.
    pub(crate) status_code: Option<u16>,
    /// The headers.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The body, empty if not given.
    pub(crate) body: Option<String>,
}

/// A trigger as the manifest has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "id")]
    _id: Option<String>,
    route: String,
    component: Option<String>,
    static_response: Option<StaticResponse>,
    executor: Option<Executor>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Executor {
    r#type: String,
}

// === impl HttpTrigger ===

impl TryFrom<Written> for HttpTrigger {
    type Error = Error;

    fn try_from(written: Written) -> Result<Self> {
        if let Some(Executor { r#type }) = written.executor {
            ensure!(
                matches!(r#type.as_str(), "http" | "spin"),
                "this host has no executor {type:?}: run it with `spin up`"
            );
        }
        let answer = match (written.component, written.static_response) {
            (Some(id), None) => Answer::Component(id),
            (None, Some(response)) => Answer::Static(response),
            _ => bail!("a trigger has either a `component` or a `static_response`"),
        };
        Ok(Self {
            route: written.route,
            answer,
        })
    }
}
