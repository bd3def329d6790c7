//! Where a component may connect to.
//!
//! Mirrors Spin's `outbound-networking-config`: entries are `scheme://host:port`, with `*` for any
//! of the three, `*.example.com`, CIDR blocks, port ranges `8000..9000` (end excluded) and the
//! default ports of well-known schemes. `self` and `*.spin.internal` are not offered here.

mod entry;
mod target;

use anyhow::{Context as _, Result};

use self::entry::Entry;
pub(crate) use self::target::Target;
use crate::{
    report::report,
    variables::{Variables, template::Template},
};

/// The `allowed_outbound_hosts` of one component.
#[derive(Debug, Default)]
pub(crate) struct AllowedHosts {
    entries: Vec<Entry>,
}

// === impl AllowedHosts ===

impl AllowedHosts {
    /// Reads the entries of a manifest. An entry that names a variable and expands to nothing is
    /// left out, so that an address can be optional.
    ///
    /// # Errors
    /// An entry of another form: one with user info or a path, for example.
    pub(crate) fn new(entries: &[String], variables: &Variables) -> Result<Self> {
        let mut allowed = Vec::new();
        for text in entries {
            let expanded = variables.expand(text)?;
            let optional = !Template::parse(text)?.is_literal();
            if optional && matches!(expanded.as_str(), "" | "http://" | "https://") {
                continue;
            }
            let entry = Entry::parse(&expanded)
                .with_context(|| format!("allowed_outbound_hosts entry {text:?}"))?;
            allowed.push(entry);
        }
        Ok(Self { entries: allowed })
    }

    /// Whether the component may connect to `url`, which counts as one of `scheme` if it names
    /// none. What cannot be parsed is not allowed. The refusal is explained on stderr.
    pub(crate) fn allow(&self, url: &str, scheme: &str, component: &str) -> bool {
        let Some(target) = Target::parse(url, scheme) else {
            report(format_args!(
                "component {component:?} tried to reach a malformed {scheme} URL"
            ));
            return false;
        };
        let allowed = self.entries.iter().any(|entry| entry.allows(&target));
        if !allowed {
            report(format_args!(
                "component {component:?} may not reach {target}: to let it, add that \
                 to its allowed_outbound_hosts"
            ));
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::manifest::Variable;

    fn variables() -> Variables {
        let declared = [
            ("host", "cache.internal"),
            ("none", ""),
            ("url", "redis://u:p@h:1/0"),
        ]
        .map(|(name, value)| (name.to_owned(), Variable::with_default(Some(value))));
        Variables::resolve(&BTreeMap::from(declared), &[]).expect("resolves")
    }

    fn hosts(entries: &[&str]) -> Result<AllowedHosts> {
        let entries: Vec<String> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        AllowedHosts::new(&entries, &variables())
    }

    fn allows(entries: &[&str], url: &str) -> bool {
        hosts(entries)
            .expect("entries parse")
            .allow(url, "http", "test")
    }

    #[test]
    fn variables_are_expanded_and_an_empty_entry_is_left_out() {
        let entries = ["redis://{{ host }}:*", "{{ none }}", "https://{{ none }}"];
        assert!(allows(&entries, "redis://cache.internal:6380/0"));
        assert!(allows(&entries, "redis://user:p%40ss@cache.internal"));
        assert!(!allows(&entries, "redis://other:6380"));
        assert_eq!(hosts(&entries).expect("parses").entries.len(), 1);
    }

    #[test]
    fn a_literal_empty_entry_and_a_whole_url_are_errors() {
        for entry in ["", "https://", "{{ url }}", "{{ unknown }}"] {
            assert!(hosts(&[entry]).is_err(), "{entry}");
        }
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        assert!(!allows(&[], "http://localhost"));
        assert!(!allows(&["*://*:*"], "not a url"));
    }
}
