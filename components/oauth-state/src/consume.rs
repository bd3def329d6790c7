//! Ending a flow.

use http::{StatusCode, header};
use latch::{
    Argument, Call, Context, Event, Kind, Platform, Problem, Response, Script, StoreError, json,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::ask::Payload;
use crate::binding::Binding;
use crate::cookie::{self, SameSite};
use crate::cookie_header;
use crate::flow::{Flow, Secrets, digest};
use crate::issue::life_ms;
use crate::settings::Settings;

/// Checks a state and uses it up.
pub static CONSUME: Script =
    Script::new(&[Script::CLOCK, Script::KEY, include_str!("consume.lua")]);

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
    binding: Option<Binding>,
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
    binding: Binding,
    /// The value of `Set-Cookie` that ends the flow's cookie.
    clear_cookie: Option<String>,
}

/// `POST /api/oauth/state/consume`.
pub(crate) async fn consume<P: Platform>(
    settings: &Settings,
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
    let digest_or_none =
        |text: Option<String>| text.map_or("-".to_owned(), |text| digest(text.as_bytes()));
    let flow = Flow::known_by(body.state);
    let cookies = cookies_brought(&flow, call);
    let token = digest_or_none(body.binding_token);
    let issuer = digest_or_none(body.issuer);
    let arguments: [Argument<'_>; 5] = [
        cookies.as_str().into(),
        token.as_str().into(),
        body.binding.map_or("-", Binding::name).into(),
        issuer.as_str().into(),
        life_ms().into(),
    ];
    let returned = context.run(&CONSUME, &[&flow.key()], &arguments).await?;

    let mut reply = returned.reader();
    let refusal = match reply.text()? {
        "consumed" => {
            let created_at = reply.number()?;
            let binding = Binding::named(reply.text()?);
            let payload = serde_json::from_str(&reply.text_lossy()?);
            // If it is otherwise, something else wrote what Redis has: then it is not a state.
            let (Some(binding), Ok(payload)) = (binding, payload) else {
                return Err(expired());
            };
            let consumed = Consumed::new(settings, &flow, created_at, binding, payload);
            return Ok(json(StatusCode::OK, &consumed));
        }
        "expired" => return Err(expired()),
        "replayed" => REPLAYED.because("This state has been used before: begin the flow again."),
        "unbound" => BINDING_MISMATCH.because(
            "The flow is bound to nobody, so anybody may have begun it. The state is now used up. \
             A flow that is meant to be so is consumed with `\"binding\": \"none\"`.",
        ),
        "otherwise" => BINDING_MISMATCH.because(
            "The flow is not bound in the way that `binding` demands. The state is now used up.",
        ),
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

/// Digests of the browser's cookies of this flow.
fn cookies_brought(flow: &Flow, call: &Call) -> String {
    let name = cookie::name(flow);
    let lines = call.headers().all(&header::COOKIE);
    cookie_header::values(&lines, &name)
        .into_iter()
        .map(digest)
        .collect::<Vec<_>>()
        .join(" ")
}

impl Consumed {
    fn new(
        settings: &Settings,
        flow: &Flow,
        created_at: u64,
        binding: Binding,
        payload: Payload,
    ) -> Self {
        let Secrets {
            code_verifier,
            nonce,
        } = flow.secrets(&payload.salt);
        let same_site: SameSite = settings.providers.same_site(&payload.provider);
        Self {
            clear_cookie: (binding == Binding::Cookie)
                .then(|| cookie::end(&cookie::name(flow), same_site)),
            provider: payload.provider,
            redirect_uri: payload.redirect_uri,
            return_to: payload.return_to,
            issuer: payload.issuer,
            context: payload.context,
            code_verifier,
            nonce,
            created_at,
            binding,
        }
    }
}
