//! What a caller gives when a flow begins.

use latch::{Kind, Problem};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::binding::Binding;
use crate::provider::Provider;
use crate::return_to;
use crate::settings::Settings;
use crate::uri::{is_issuer, is_provider, is_redirect_uri};

/// The most bytes of a context.
const MAX_CONTEXT: usize = 2048;
/// The most bytes of all that a caller gives, as they are kept in Redis for ten minutes.
const MAX_TOGETHER: usize = 4096;

/// The body of a request that begins a flow.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    provider: String,
    redirect_uri: Option<String>,
    return_to: Option<String>,
    issuer: Option<String>,
    context: Option<Box<RawValue>>,
    binding: Option<Binding>,
}

/// What Redis keeps for the back end: nothing that ends a flow without its state.
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

impl Ask {
    /// How the flow is to be bound.
    pub(crate) fn binding(&self) -> Binding {
        self.binding.unwrap_or_default()
    }

    /// Checks each field, and all of them together. Returns the provider that is configured.
    pub(crate) fn check<'a>(
        &self,
        settings: &'a Settings,
    ) -> Result<Option<&'a Provider>, Problem> {
        if !is_provider(&self.provider) {
            return Err(Problem::field(
                "provider",
                "must be 1 to 64 letters, digits, dots, dashes and underscores.",
            ));
        }
        if self
            .redirect_uri
            .as_ref()
            .is_some_and(|uri| !is_redirect_uri(uri))
        {
            return Err(Problem::field(
                "redirect_uri",
                "must be an absolute URI without a fragment, at most 2048 characters.",
            ));
        }
        if self.issuer.as_ref().is_some_and(|text| !is_issuer(text)) {
            return Err(Problem::field(
                "issuer",
                "must be an issuer identifier such as `https://accounts.example`.",
            ));
        }
        let context = self.context.as_ref().map(|context| context.get());
        if context.is_some_and(|json| json.len() > MAX_CONTEXT) {
            return Err(Problem::field("context", "must be at most 2 KiB of JSON."));
        }
        if let Some(return_to) = &self.return_to {
            return_to::check(return_to, &settings.return_to_origins)?;
        }
        self.check_size()?;
        let provider = settings.providers.find(&self.provider)?;
        if let Some(provider) = provider {
            must_be_configured("redirect_uri", &self.redirect_uri, &provider.redirect_uri)?;
            must_be_configured("issuer", &self.issuer, &provider.issuer)?;
        }
        Ok(provider)
    }

    fn check_size(&self) -> Result<(), Problem> {
        let context = self.context.as_ref().map(|context| context.get().len());
        let together = [&self.redirect_uri, &self.return_to, &self.issuer]
            .into_iter()
            .flatten()
            .map(|text| length_in_json(text))
            .chain(context)
            .fold(self.provider.len(), usize::saturating_add);
        if together <= MAX_TOGETHER {
            return Ok(());
        }
        Err(Kind::INVALID_REQUEST.because(format!(
            "All fields together hold {together} bytes and may hold {MAX_TOGETHER}: keep what is \
             long in a place of your own, and give the key to it in `context`."
        )))
    }

    /// What is to be kept of it. Where a provider is configured, its own issuer and redirect URI.
    pub(crate) fn payload(self, provider: Option<&Provider>, salt: String) -> Payload {
        let configured = |own: fn(&Provider) -> &String| provider.map(own).cloned();
        Payload {
            provider: self.provider,
            redirect_uri: configured(|provider| &provider.redirect_uri).or(self.redirect_uri),
            return_to: self.return_to,
            issuer: configured(|provider| &provider.issuer).or(self.issuer),
            context: self.context,
            salt,
        }
    }
}

/// How many bytes a text of visible ASCII takes in JSON, without the quotes around it.
fn length_in_json(text: &str) -> usize {
    let escaped = text.matches(['"', '\\']).count();
    text.len().saturating_add(escaped)
}

fn must_be_configured(
    field: &'static str,
    given: &Option<String>,
    configured: &str,
) -> Result<(), Problem> {
    match given {
        Some(given) if given != configured => Err(Problem::field(
            field,
            "is not the one that `oauth_providers` has for this provider: leave it out.",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_text_is_counted_as_it_is_kept() {
        for text in ["", "/account", r#"/a?b="\""#, r"\\\\"] {
            let kept = serde_json::to_string(text).unwrap();
            assert_eq!(length_in_json(text), kept.len() - 2, "{text}");
        }
    }
}
