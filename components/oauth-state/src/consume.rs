//! Ending a flow.

use http::{StatusCode, header};
use latch::{
    Argument, Call, Context, Event, Kind, Platform, Problem, Response, Script, StoreError, json,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::binding::cookie_name;
use crate::cookie;
use crate::flow::{Flow, Secrets, digest};
use crate::issue::{Payload, life_ms};

/// Checks a state and uses it up.
pub static CONSUME: Script = Script::new(&[Script::KEY, include_str!("consume.lua")]);

const EXPIRED: Kind = Kind::new(StatusCode::GONE, "state-expired", "State expired");
const REPLAYED: Kind = Kind::new(StatusCode::CONFLICT, "state-replayed", "State replayed");
const BINDING_MISMATCH: Kind = Kind::new(
    StatusCode::FORBIDDEN,
    "state-binding-mismatch",
    "State binding mismatch",
);
const ISSUER_MISMATCH: Kind = Kind::new(
    StatusCode::FORBIDDEN,
    "state-issuer-mismatch",
    "State issuer mismatch",
);

const MAX_STATE: usize = 512;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    state: String,
    issuer: Option<String>,
    binding_token: Option<String>,
}

#[derive(Serialize)]
struct Consumed {
    provider: String,
    redirect_uri: Option<String>,
    return_to: Option<String>,
    issuer: Option<String>,
    context: Option<Box<RawValue>>,
    code_verifier: String,
    nonce: String,
    /// Seconds since 1970, by Redis's clock.
    created_at: u64,
}

/// `POST /api/oauth/state/consume`.
pub(crate) async fn consume<P: Platform>(
    context: &Context<'_, P>,
    call: &Call,
) -> Result<Response, Problem> {
    let body: Body = call.json()?;
    if !(1..=MAX_STATE).contains(&body.state.len()) {
        return Err(Problem::field(
            "state",
            "must be a state, as it was issued.",
        ));
    }
    let flow = Flow::known_by(body.state);
    let brought = secrets_brought(&flow, call, body.binding_token.as_deref());
    let issuer = body
        .issuer
        .map_or("-".to_owned(), |issuer| digest(issuer.as_bytes()));
    let arguments: [Argument<'_>; 3] = [
        brought.as_str().into(),
        issuer.as_str().into(),
        life_ms().into(),
    ];
    let returned = context.run(&CONSUME, &[&flow.key()], &arguments).await?;

    let mut reply = returned.reader();
    let refusal = match reply.text()? {
        "consumed" => {
            let created_at = reply.number()?;
            let consumed = Consumed::new(&flow, &reply.text_lossy()?, created_at);
            return consumed
                .map(|consumed| json(StatusCode::OK, &consumed))
                .ok_or_else(expired);
        }
        "expired" => return Err(expired()),
        "replayed" => REPLAYED.because("This state has been used before: begin the flow again."),
        "binding" => BINDING_MISMATCH.because(
            "The flow was begun in another browser: neither its cookie nor its token came with \
             this state, which is now used up.",
        ),
        "issuer" => ISSUER_MISMATCH.because(
            "The flow was begun with another issuer. The state is now used up; do not redeem the \
             authorization code.",
        ),
        other => return Err(StoreError::Unavailable(format!("an outcome `{other}`")).into()),
    };
    Event::new("oauth.state-refused")
        .with("code", refusal.kind().code())
        .with("flow", flow.id())
        .log(context.platform());
    Err(refusal)
}

fn expired() -> Problem {
    EXPIRED.because("This state is unknown or older than ten minutes: begin the flow again.")
}

/// Digests of what the caller brings of the browser's: its cookies of this flow, or a token.
fn secrets_brought(flow: &Flow, call: &Call, token: Option<&str>) -> String {
    let name = cookie_name(flow);
    let cookies = call.headers().all(&header::COOKIE);
    cookie::values(&cookies, &name)
        .into_iter()
        .chain(token.map(str::as_bytes))
        .map(digest)
        .collect::<Vec<_>>()
        .join(" ")
}

impl Consumed {
    /// `None` if something else wrote what Redis has: then it is not a state.
    fn new(flow: &Flow, payload: &str, created_at: u64) -> Option<Self> {
        let payload: Payload = serde_json::from_str(payload).ok()?;
        let Secrets {
            code_verifier,
            nonce,
        } = flow.secrets(&payload.salt);
        Some(Self {
            provider: payload.provider,
            redirect_uri: payload.redirect_uri,
            return_to: payload.return_to,
            issuer: payload.issuer,
            context: payload.context,
            code_verifier,
            nonce,
            created_at,
        })
    }
}
