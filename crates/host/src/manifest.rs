//! spin.toml, version 2: what of it this host honours, and a refusal for the rest.
//!
//! Mirrors Spin's `manifest` crate. Keys that only `spin build` and tools read are accepted and
//! left alone; a key that would change how a component runs, and cannot here, is an error.

mod component;
mod trigger;

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, de::IgnoredAny};

pub(crate) use self::{
    component::Component,
    trigger::{Answer, HttpTrigger, StaticResponse},
};
use self::{component::check_id, trigger::Triggers};
use crate::variables::name;

/// A whole spin.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    spin_manifest_version: u32,
    #[serde(rename = "application")]
    _application: Application,
    /// The application's variables, by name.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Variable>,
    trigger: Triggers,
    /// The components, by id.
    #[serde(default, rename = "component")]
    pub(crate) components: BTreeMap<String, Component>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Application {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "version")]
    _version: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "authors")]
    _authors: Option<Vec<String>>,
    #[serde(rename = "targets")]
    _targets: Option<IgnoredAny>,
    #[serde(rename = "tool")]
    _tool: Option<IgnoredAny>,
}

/// One entry of `[variables]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variable {
    /// Its value when no provider has one.
    pub(crate) default: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(default, rename = "secret")]
    _secret: bool,
    #[serde(rename = "description")]
    _description: Option<String>,
}

// === impl Manifest ===

impl Manifest {
    /// Reads the manifest at `path`.
    ///
    /// # Errors
    /// A file that cannot be read, is not a manifest, or asks for what this host does not do.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            let path = path.display();
            format!("cannot read the manifest {path}: name it with --manifest")
        })?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let manifest: Self = toml::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The HTTP triggers, in the order of the file.
    pub(crate) fn triggers(&self) -> &[HttpTrigger] {
        &self.trigger.http
    }

    /// What a manifest must be beside well-formed.
    fn check(&self) -> Result<()> {
        let version = self.spin_manifest_version;
        ensure!(
            version == 2,
            "spin_manifest_version is {version}: this host reads version 2"
        );
        for (name, variable) in &self.variables {
            let checked = variable.check(name);
            checked.with_context(|| format!("variable {name:?}"))?;
        }
        for (id, component) in &self.components {
            check_id(id)?;
            let checked = component.check();
            checked.with_context(|| format!("component {id:?}"))?;
        }
        for HttpTrigger { route, answer } in self.triggers() {
            if let Answer::Component(id) = answer {
                let known = self.components.contains_key(id);
                ensure!(known, "route {route:?}: there is no [component.{id}]");
            }
        }
        Ok(())
    }
}

// === impl Variable ===

impl Variable {
    fn check(&self, called: &str) -> Result<()> {
        name::check(called).map_err(anyhow::Error::msg)?;
        ensure!(
            self.required != self.default.is_some(),
            "must either be `required = true` or have a `default`"
        );
        Ok(())
    }

    /// A variable with this default, or else a required one.
    #[cfg(test)]
    pub(crate) fn with_default(default: Option<&str>) -> Self {
        Self {
            default: default.map(str::to_owned),
            required: default.is_none(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "spin_manifest_version = 2\n[application]\nname = \"app\"\n";

    fn parse(rest: &str) -> Result<Manifest> {
        Manifest::parse(&format!("{HEAD}{rest}"))
    }

    fn refusal(rest: &str) -> String {
        format!("{:#}", parse(rest).expect_err("refused"))
    }

    #[test]
    fn a_whole_manifest() {
        let manifest = parse(
            r#"
            version = "0.1.0"
            authors = ["A"]
            [variables]
            redis_url = { default = "", secret = true, description = "where Redis is" }
            token_key = { required = true }
            [[trigger.http]]
            id = "acquire"
            route = "/api/circuit/:name/acquire"
            component = "circuit"
            executor = { type = "http" }
            [[trigger.http]]
            route = "/"
            static_response = { status_code = 308, headers = { location = "/api" }, body = "" }
            [component.circuit]
            source = "target/circuit.wasm"
            description = "breakers"
            allowed_outbound_hosts = ["redis://{{ redis_url }}:*"]
            environment = { RUST_BACKTRACE = "1" }
            key_value_stores = []
            [component.circuit.variables]
            redis_url = "{{ redis_url }}"
            [component.circuit.build]
            command = ["cargo fetch", "cargo build"]
            workdir = "."
            watch = ["src/**"]
            [component.circuit.tool.anything]
            goes = true
            [component.circuit.profile.debug]
            source = "target/debug/circuit.wasm"
            "#,
        )
        .expect("a manifest");
        assert_eq!(manifest.triggers().len(), 2);
        let circuit = &manifest.components["circuit"];
        assert_eq!(circuit.environment["RUST_BACKTRACE"], "1");
        let build = circuit.build.as_ref().expect("how to build");
        assert_eq!(build.command.to_string(), "cargo fetch && cargo build");
    }

    #[test]
    fn a_typo_is_named_with_its_line() {
        let error = refusal("[[trigger.http]]\nrout = \"/\"\ncomponent = \"a\"\n");
        assert!(
            error.contains("rout") && error.contains("line 5"),
            "{error}"
        );
    }

    #[test]
    fn a_variable_is_required_or_has_a_default() {
        for (variable, named) in [
            ("x = {}", "required"),
            ("x = { required = true, default = \"\" }", "required"),
            ("X = { default = \"\" }", "lower-case"),
            ("x = { default = 5 }", "default"),
            ("x = { default = \"\", secrt = true }", "secrt"),
        ] {
            let error = refusal(&format!("[trigger]\n[variables]\n{variable}\n"));
            assert!(error.contains(named), "{variable}: {error}");
        }
    }

    #[test]
    fn a_trigger_is_http_and_leads_somewhere() {
        for (trigger, named) in [
            ("[[trigger.redis]]\nchannel = \"c\"", "redis"),
            ("[[trigger.http]]\nroute = \"/\"", "static_response"),
            (
                "[[trigger.http]]\nroute = \"/\"\ncomponent = \"gone\"",
                "gone",
            ),
            ("[[trigger.http]]\nroute = { private = true }", "route"),
            (
                "[[trigger.http]]\nroute = \"/\"\nstatic_response = {}\nexecutor.type = \"wagi\"",
                "wagi",
            ),
        ] {
            let error = refusal(trigger);
            assert!(error.contains(named), "{trigger}: {error}");
        }
    }

    #[test]
    fn what_a_component_cannot_have_is_refused() {
        for (component, named) in [
            (
                "[component.a]\nsource = \"a\"\nallowed_hosts = []",
                "allowed_hosts",
            ),
            ("[component.a]\nsource = \"a\"\nfiles = [\"x\"]", "files"),
            (
                "[component.a]\nsource = \"a\"\nai_models = [\"x\"]",
                "ai_models",
            ),
            (
                "[component.a]\nsource = \"a\"\nkey_value_stores = [\"default\"]",
                "key_value_stores",
            ),
            (
                "[component.a]\nsource = \"a\"\ndependencies.\"a:b\" = \"1\"",
                "dependencies",
            ),
            (
                "[component.a]\nsource = { url = \"u\", digest = \"d\" }",
                "source",
            ),
            ("[component.a_b]\nsource = \"a\"", "a_b"),
        ] {
            let error = refusal(&format!("[trigger]\n{component}\n"));
            assert!(error.contains(named), "{component}: {error}");
        }
    }

    #[test]
    fn only_version_2() {
        let text = "spin_manifest_version = 1\ntrigger = {}\n[application]\nname = \"a\"\n";
        assert!(Manifest::parse(text).is_err());
    }
}
