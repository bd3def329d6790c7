//! Text with `{{ name }}` in it.

use anyhow::{Result, bail};

/// A text whose `{{ name }}` stand for the values of application variables.
///
/// There is no way to write a literal `{{`, as there is none in Spin.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Variable(&'a str),
}

// === impl Template ===

impl<'a> Template<'a> {
    /// Splits `text` into its parts.
    ///
    /// # Errors
    /// An opening `{{` without its `}}`.
    pub(crate) fn parse(text: &'a str) -> Result<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, opened)) = rest.split_once("{{") {
            let Some((name, after)) = opened.split_once("}}") else {
                bail!("{text:?} opens a variable with {{{{ and does not close it with }}}}");
            };
            if !before.is_empty() {
                parts.push(Part::Text(before));
            }
            parts.push(Part::Variable(name.trim()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest));
        }
        Ok(Self { parts })
    }

    /// Whether no variable is named.
    pub(crate) fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// Puts in what `value` gives for each name.
    ///
    /// # Errors
    /// The first error of `value`.
    pub(crate) fn expand<'v>(&self, value: impl Fn(&str) -> Result<&'v str>) -> Result<String> {
        let mut out = String::new();
        for part in &self.parts {
            out.push_str(match part {
                Part::Text(text) => text,
                Part::Variable(name) => value(name)?,
            });
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> Result<String> {
        Template::parse(text)?.expand(|name| match name {
            "host" => Ok("redis.internal"),
            "port" => Ok("6379"),
            "empty" => Ok(""),
            other => bail!("unknown variable {other:?}"),
        })
    }

    #[test]
    fn variables_are_put_in() {
        for (text, expanded) in [
            ("", ""),
            ("plain", "plain"),
            ("{{ host }}", "redis.internal"),
            ("{{host}}", "redis.internal"),
            (
                "redis://{{ host }}:{{ port }}",
                "redis://redis.internal:6379",
            ),
            ("{{ empty }}", ""),
            ("{ not } one }}", "{ not } one }}"),
        ] {
            assert_eq!(expand(text).expect(text), expanded);
        }
    }

    #[test]
    fn what_is_not_closed_or_not_known_is_an_error() {
        assert!(expand("redis://{{ host").is_err());
        assert!(expand("{{ hots }}").is_err());
        assert!(expand("{{ }}").is_err());
    }

    #[test]
    fn literals() {
        assert!(Template::parse("redis://*:*").expect("parses").is_literal());
        assert!(!Template::parse("{{ host }}").expect("parses").is_literal());
    }
}
