//! Configuration: a component's variables, checked once for each instance.

use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::platform::Platform;
use crate::problem::{Kind, Problem};

/// A variable without a usable value. The reason never holds the value: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misconfigured {
    variable: &'static str,
    reason: String,
}

impl Misconfigured {
    /// `variable` cannot be used, because of `reason`: "must be ...".
    pub fn new(variable: &'static str, reason: impl Into<String>) -> Self {
        Self {
            variable,
            reason: reason.into(),
        }
    }
}

impl From<Misconfigured> for Problem {
    fn from(error: Misconfigured) -> Self {
        Kind::MISCONFIGURED
            .because(format!(
                "The variable `{}` {}.",
                error.variable, error.reason
            ))
            .with("variable", error.variable)
    }
}

/// Reads variables. Defaults are in spin.toml and nowhere else.
#[derive(Debug)]
pub struct Variables<'a, P> {
    platform: &'a P,
}

impl<'a, P: Platform> Variables<'a, P> {
    pub(crate) fn new(platform: &'a P) -> Self {
        Self { platform }
    }

    /// The text of a variable without white space around it; empty if it is not set.
    pub async fn text(&self, name: &'static str) -> Result<String, Misconfigured> {
        match self.platform.variable(name).await {
            Ok(value) => Ok(value.unwrap_or_default().trim().to_owned()),
            Err(_) => Err(Misconfigured::new(
                name,
                "cannot be read: its provider does not answer",
            )),
        }
    }

    /// A variable that must have a value.
    pub async fn required(&self, name: &'static str) -> Result<String, Misconfigured> {
        let text = self.text(name).await?;
        if text.is_empty() {
            return Err(Misconfigured::new(name, "is required and not set"));
        }
        Ok(text)
    }

    /// A whole number within `range`.
    pub async fn number<T>(
        &self,
        name: &'static str,
        range: RangeInclusive<T>,
    ) -> Result<T, Misconfigured>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        let text = self.text(name).await?;
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(Misconfigured::new(
                name,
                format!(
                    "must be a whole number from {} to {}",
                    range.start(),
                    range.end()
                ),
            )),
        }
    }

    /// The entries of a list separated by commas, each parsed by `parse`; empty entries are none.
    pub async fn list<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Result<Vec<T>, Misconfigured> {
        let text = self.text(name).await?;
        text.split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(|entry| parse(entry).ok_or_else(|| Misconfigured::new(name, expected)))
            .collect()
    }
}
