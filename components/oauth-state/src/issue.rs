//! Beginning a flow.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderName, HeaderValue, StatusCode, header};
use latch::{
    Argument, Call, Context, Kind, Platform, Problem, Response, Script, StoreError, json,
    with_quotas,
};
use serde::Serialize;

use crate::ask::{Ask, Payload};
use crate::authorization;
use crate::binding::Binding;
use crate::cookie::{self, SameSite};
use crate::cookie_header::surplus;
use crate::flow::{Flow, digest};
use crate::provider::Provider;
use crate::settings::Settings;

/// Stores a new state.
pub static ISSUE: Script =
    Script::new(&[Script::CLOCK, Script::KEY, include_str!("issue.lua")]).repeatable();

/// How long a flow may take.
pub(crate) const LIFE: Duration = Duration::from_secs(600);

/// From where a browser says that a request comes (Fetch Metadata Request Headers).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

const CROSS_SITE_COOKIE: Kind = Kind::new(
    StatusCode::BAD_REQUEST,
    "cross-site-cookie",
    "Cookie of another site",
);

#[derive(Serialize)]
struct Issued<'a> {
    state: &'a str,
    /// Seconds.
    expires_in: u64,
    code_challenge: String,
    code_challenge_method: &'static str,
    nonce: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_token: Option<&'a str>,
}

/// `POST /api/oauth/state`.
///
/// What can be refused by itself is, and counts for nothing. Then the limits are asked, and only a flow
/// that they let pass is stored.
pub(crate) async fn issue<P: Platform>(
    settings: &Settings,
    context: &Context<'_, P>,
    call: &Call,
) -> Result<Response, Problem> {
    let ask: Ask = call.json()?;
    let binding = ask.binding();
    match binding {
        Binding::None => context.require_service(call)?,
        Binding::Cookie => refuse_cross_site(call)?,
        Binding::Token => {}
    }
    let provider = ask.check(settings)?;
    let quotas = settings.limits.count(context, call).await?;

    let flow = Flow::new(context.random());
    let secret = URL_SAFE_NO_PAD.encode(context.random::<32>());
    let salt = URL_SAFE_NO_PAD.encode(context.random::<16>());
    let secrets = flow.secrets(&salt);
    let payload = ask.payload(provider, salt);
    store(context, &flow, binding, &secret, &payload).await?;

    let issued = Issued {
        state: flow.state(),
        expires_in: LIFE.as_secs(),
        code_challenge: secrets.code_challenge(),
        code_challenge_method: "S256",
        nonce: &secrets.nonce,
        authorization_url: provider.map(|provider| authorization::url(provider, &flow, &secrets)),
        binding_token: (binding == Binding::Token).then_some(&secret),
    };
    let mut response = with_quotas(json(StatusCode::CREATED, &issued), &quotas);
    if binding == Binding::Cookie {
        let same_site = provider.map_or_else(SameSite::default, Provider::same_site);
        give_cookie(&mut response, call, &flow, &secret, same_site);
    }
    Ok(response)
}

/// A browser drops the cookie of an answer to another site's page, and the flow would fail at its end.
fn refuse_cross_site(call: &Call) -> Result<(), Problem> {
    let cross_site = |value: &HeaderValue| value.as_bytes().trim_ascii() == b"cross-site";
    if call.headers().all(&SEC_FETCH_SITE).iter().any(cross_site) {
        return Err(CROSS_SITE_COOKIE.because(
            "The page is of another site than Latch, so the browser would not keep the cookie that \
             binds the flow. Let the page's own origin pass `/api/oauth/state` on to Latch (a proxy), \
             serve both under one site (for development: `localhost` for both), or have your back end \
             begin the flow with `\"binding\": \"token\"`.",
        ));
    }
    Ok(())
}

/// Gives the browser the flow's cookie, and ends those that are too many.
fn give_cookie(
    response: &mut Response,
    call: &Call,
    flow: &Flow,
    secret: &str,
    same_site: SameSite,
) {
    let headers = response.headers_mut();
    headers.extend(
        cookie::set(flow, secret, LIFE.as_secs(), same_site)
            .map(|cookie| (header::SET_COOKIE, cookie)),
    );
    let cookies = call.headers().all(&header::COOKIE);
    for name in surplus(&cookies) {
        if let Ok(end) = HeaderValue::try_from(cookie::end(name, same_site)) {
            headers.append(header::SET_COOKIE, end);
        }
    }
}

async fn store<P: Platform>(
    context: &Context<'_, P>,
    flow: &Flow,
    binding: Binding,
    secret: &str,
    payload: &Payload,
) -> Result<(), Problem> {
    let secret = match binding {
        Binding::None => "-".to_owned(),
        Binding::Cookie | Binding::Token => digest(secret.as_bytes()),
    };
    let issuer = payload
        .issuer
        .as_ref()
        .map_or("-".to_owned(), |issuer| digest(issuer.as_bytes()));
    let payload = serde_json::to_string(payload)
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let arguments: [Argument<'_>; 5] = [
        binding.name().into(),
        secret.as_str().into(),
        issuer.as_str().into(),
        payload.as_str().into(),
        life_ms().into(),
    ];
    context.run(&ISSUE, &[&flow.key()], &arguments).await?;
    Ok(())
}

/// [`LIFE`] as the scripts take it.
pub(crate) fn life_ms() -> u64 {
    LIFE.as_secs().saturating_mul(1000)
}
