//! Application variables: declared in spin.toml, given by providers, read by components.
//!
//! Mirrors Spin's `expressions`, `variables-env` and `variables-static`. Spin asks its providers
//! at each read; the two that this host has cannot change while it runs, so it asks them once.

pub(crate) mod host;
pub(crate) mod name;
pub(crate) mod provider;
pub(crate) mod template;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow, bail};

use self::{provider::Provider, template::Template};
use crate::manifest::Variable;

/// The values of an application's variables.
#[derive(Debug)]
pub(crate) struct Variables {
    values: BTreeMap<String, String>,
}

// === impl Variables ===

impl Variables {
    /// Gives each declared variable the value of the first provider that has one, or its default.
    ///
    /// # Errors
    /// Names every required variable that no provider has, and how to give it.
    pub(crate) fn resolve(
        declared: &BTreeMap<String, Variable>,
        providers: &[Provider],
    ) -> Result<Self> {
        let mut values = BTreeMap::new();
        let mut missing = Vec::new();
        for (name, variable) in declared {
            let given = ask(providers, name).with_context(|| format!("variable {name:?}"))?;
            match given.or_else(|| variable.default.clone()) {
                Some(value) => {
                    values.insert(name.clone(), value);
                }
                None => missing.push(name.as_str()),
            }
        }
        if missing.is_empty() {
            return Ok(Self { values });
        }
        let settings: Vec<String> = missing
            .iter()
            .map(|name| format!("{}_{}", provider::DEFAULT_PREFIX, name.to_ascii_uppercase()))
            .collect();
        bail!(
            "no value for the required variable(s) {}: set {} in the environment or in .env",
            missing.join(", "),
            settings.join(", "),
        )
    }

    /// Expands the `{{ name }}` in `text`.
    ///
    /// # Errors
    /// A variable that the application does not declare.
    pub(crate) fn expand(&self, text: &str) -> Result<String> {
        Template::parse(text)?.expand(|name| {
            self.values
                .get(name)
                .map(String::as_str)
                .with_context(|| format!("{text:?} names {name:?}, which [variables] lacks"))
        })
    }

    /// A component's own variables, expanded.
    ///
    /// # Errors
    /// A name that no variable can have, or whatever [`Self::expand`] refuses.
    pub(crate) fn expand_all(
        &self,
        wanted: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>> {
        let expand_one = |(name, text): (&String, &String)| {
            name::check(name).map_err(|broken| anyhow!("variable name {broken}"))?;
            Ok((name.clone(), self.expand(text)?))
        };
        wanted.iter().map(expand_one).collect()
    }
}

fn ask(providers: &[Provider], name: &str) -> Result<Option<String>> {
    for provider in providers {
        if let Some(value) = provider.get(name)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(names: &[(&str, Option<&str>)]) -> BTreeMap<String, Variable> {
        names
            .iter()
            .map(|(name, default)| ((*name).to_owned(), Variable::with_default(*default)))
            .collect()
    }

    fn fixed(values: &[(&str, &str)]) -> Provider {
        Provider::Static(
            values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn the_first_provider_wins_and_the_default_comes_last() {
        let variables = Variables::resolve(
            &declared(&[
                ("a", Some("default")),
                ("b", Some("default")),
                ("c", Some("default")),
            ]),
            &[
                fixed(&[("a", "first")]),
                fixed(&[("a", "second"), ("b", "second")]),
            ],
        )
        .expect("resolves");
        let text = variables
            .expand("{{ a }} {{ b }} {{ c }}")
            .expect("expands");
        assert_eq!(text, "first second default");
    }

    #[test]
    fn every_missing_variable_is_named_with_its_remedy() {
        let error = Variables::resolve(
            &declared(&[("otp_secret", None), ("token_key", None), ("given", None)]),
            &[fixed(&[("given", "")])],
        )
        .expect_err("two are missing")
        .to_string();
        assert!(error.contains("otp_secret, token_key"), "{error}");
        assert!(
            error.contains("SPIN_VARIABLE_OTP_SECRET, SPIN_VARIABLE_TOKEN_KEY"),
            "{error}"
        );
        assert!(!error.contains("given"), "{error}");
    }

    #[test]
    fn a_component_reads_what_it_asks_for() {
        let variables = Variables::resolve(
            &declared(&[("host", Some("cache")), ("port", Some("1"))]),
            &[],
        )
        .expect("resolves");
        let wanted = |name: &str, text: &str| BTreeMap::from([(name.to_owned(), text.to_owned())]);

        let read = variables.expand_all(&wanted("url", "redis://{{ host }}:{{ port }}"));
        assert_eq!(read.expect("expands")["url"], "redis://cache:1");

        let error = variables
            .expand_all(&wanted("url", "{{ hots }}"))
            .expect_err("unknown");
        assert!(error.to_string().contains("hots"), "{error}");
        assert!(variables.expand_all(&wanted("Bad-Name", "")).is_err());
    }
}
