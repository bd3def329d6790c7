//! Beginning a flow.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join;
use http::{StatusCode, Uri, header};
use latch::{
    Argument, Call, ClientAddress, Context, Event, Platform, Problem, Response, Script, StoreError,
    json, with_quotas,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::binding::{self, Binding};
use crate::flow::{Flow, digest};
use crate::return_to;
use crate::settings::Settings;

/// Stores a new state.
pub static ISSUE: Script = Script::new(&[Script::CLOCK, include_str!("issue.lua")]).repeatable();
/// Takes back a state that nobody has been told of.
pub static DISCARD: Script = Script::new(&[include_str!("discard.lua")]).repeatable();

/// How long a flow may take.
pub(crate) const LIFE: Duration = Duration::from_secs(600);

const MAX_CONTEXT: usize = 2048;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    provider: String,
    redirect_uri: Option<String>,
    return_to: Option<String>,
    issuer: Option<String>,
    context: Option<Box<RawValue>>,
    binding: Option<Binding>,
}

/// What Redis keeps for the backend: nothing that ends a flow without its state.
#[derive(Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) provider: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) return_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) context: Option<Box<RawValue>>,
    pub(crate) salt: String,
}

#[derive(Serialize)]
struct Issued<'a> {
    state: &'a str,
    /// Seconds.
    expires_in: u64,
    code_challenge: String,
    code_challenge_method: &'static str,
    nonce: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_token: Option<&'a str>,
}

/// `POST /api/oauth/state`.
pub(crate) async fn issue<P: Platform>(
    settings: &Settings,
    context: &Context<'_, P>,
    call: &Call,
) -> Result<Response, Problem> {
    let body: Body = call.json()?;
    body.check(settings)?;
    let binding = body.binding.unwrap_or_default();

    let flow = Flow::new(context.random());
    let secret = URL_SAFE_NO_PAD.encode(context.random::<32>());
    let salt = URL_SAFE_NO_PAD.encode(context.random::<16>());
    let secrets = flow.secrets(&salt);
    let client_key = client_key(&context.client(call));
    let (stored, client) = join(
        store(context, &flow, binding, &secret, body.payload(salt)),
        settings.per_client.take(context, &client_key),
    )
    .await;
    let client = client?;
    stored?;
    if !client.allowed {
        // If Redis fails now, a state that nobody knows expires by itself; the log says so.
        let _ = context.run(&DISCARD, &[&flow.key()], &[]).await;
        Event::new("oauth.creation-refused")
            .with("violated", client.quota.policy)
            .log(context.platform());
        return Err(Problem::quota_exceeded(
            &[client.quota],
            &[client.quota.policy],
        ));
    }

    let issued = Issued {
        state: flow.state(),
        expires_in: LIFE.as_secs(),
        code_challenge: secrets.code_challenge(),
        code_challenge_method: "S256",
        binding_token: (binding == Binding::Token).then_some(&secret),
        nonce: secrets.nonce,
    };
    let mut response = with_quotas(json(StatusCode::CREATED, &issued), &[client.quota]);
    if binding == Binding::Cookie
        && let Some(cookie) = binding::set_cookie(&flow, &secret, LIFE.as_secs())
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The limit of one client. An address is no secret of ours, but it need not stand there in clear.
fn client_key(client: &ClientAddress) -> String {
    let digest = digest(client.to_string().as_bytes());
    format!("oauth:client:{{{}}}", digest.get(..22).unwrap_or_default())
}

async fn store<P: Platform>(
    context: &Context<'_, P>,
    flow: &Flow,
    binding: Binding,
    secret: &str,
    payload: Payload,
) -> Result<(), Problem> {
    let bound_to = match binding {
        Binding::None => "-".to_owned(),
        Binding::Cookie | Binding::Token => digest(secret.as_bytes()),
    };
    let issuer = payload
        .issuer
        .as_ref()
        .map_or("-".to_owned(), |issuer| digest(issuer.as_bytes()));
    let payload = serde_json::to_string(&payload)
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let arguments: [Argument<'_>; 4] = [
        bound_to.as_str().into(),
        issuer.as_str().into(),
        payload.as_str().into(),
        life_ms().into(),
    ];
    context.run(&ISSUE, &[&flow.key()], &arguments).await?;
    Ok(())
}

pub(crate) fn life_ms() -> u64 {
    LIFE.as_secs().saturating_mul(1000)
}

impl Body {
    fn check(&self, settings: &Settings) -> Result<(), Problem> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !(1..=64).contains(&self.provider.len()) || !self.provider.bytes().all(plain) {
            return Err(Problem::field(
                "provider",
                "must be 1 to 64 letters, digits, dots, dashes and underscores.",
            ));
        }
        if let Some(redirect_uri) = &self.redirect_uri
            && !is_redirect_uri(redirect_uri)
        {
            return Err(Problem::field(
                "redirect_uri",
                "must be an absolute URI without a fragment, at most 2048 characters.",
            ));
        }
        if let Some(issuer) = &self.issuer
            && !((1..=512).contains(&issuer.len())
                && issuer.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return Err(Problem::field(
                "issuer",
                "must be an issuer identifier such as `https://accounts.example`.",
            ));
        }
        if self
            .context
            .as_ref()
            .is_some_and(|context| context.get().len() > MAX_CONTEXT)
        {
            return Err(Problem::field("context", "must be at most 2 KiB of JSON."));
        }
        match &self.return_to {
            Some(return_to) => return_to::check(return_to, &settings.return_to_origins),
            None => Ok(()),
        }
    }

    fn payload(self, salt: String) -> Payload {
        Payload {
            provider: self.provider,
            redirect_uri: self.redirect_uri,
            return_to: self.return_to,
            issuer: self.issuer,
            context: self.context,
            salt,
        }
    }
}

/// RFC 6749, section 3.1.2: absolute and without a fragment; of any scheme, for native apps.
fn is_redirect_uri(text: &str) -> bool {
    let graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
    let scheme = text.split_once(':').is_some_and(|(scheme, rest)| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte);
        scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme.bytes().all(plain)
            && !rest.is_empty()
    });
    let web = text.starts_with("http:") || text.starts_with("https:");
    let whole = !web || text.parse::<Uri>().is_ok_and(|uri| uri.host().is_some());
    text.len() <= 2048 && graphic && scheme && whole && !text.contains('#')
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_redirect_uri_is_absolute_and_has_no_fragment() {
        for text in [
            "https://app.example/callback?x=1",
            "http://127.0.0.1:8080/cb",
            "com.example.app:/callback",
        ] {
            assert!(is_redirect_uri(text), "{text}");
        }
        for text in [
            "",
            "/callback",
            "//app.example/callback",
            "https://app.example/cb#x",
            "https:",
            "https:///cb",
            "https://app.example/c b",
            "1x:/cb",
            "https://app.example/\u{0}",
        ] {
            assert!(!is_redirect_uri(text), "{text}");
        }
    }
}
