//! An application, ready to answer: its variables resolved, its components compiled and linked.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{
    args::Args,
    loader::Loader,
    manifest::{Answer, HttpTrigger, Manifest},
    report::report,
    reuse::Handler,
    routes::{Router, WELL_KNOWN},
    runtime_config::RuntimeConfig,
    static_response::StaticResponse,
    variables::Variables,
};

/// An application that is ready to answer.
pub struct App {
    pub(crate) router: Router<Target>,
}

/// What answers the requests of a route.
pub(crate) enum Target {
    /// Instances of a component.
    Component {
        /// Its id.
        id: String,
        /// Its instances.
        handler: Handler,
    },
    /// Always the same response.
    Static(StaticResponse),
}

// === impl App ===

impl App {
    /// Loads the application that the command line names.
    ///
    /// # Errors
    /// Anything in the manifest, the runtime configuration, the variables or the components that
    /// would not work.
    pub fn load(args: &Args) -> Result<Self> {
        let path = manifest_path(&args.manifest);
        let manifest = Manifest::load(&path)?;
        let dir = directory(&path)?;
        let config = RuntimeConfig::load(args.runtime_config.as_deref(), &dir)?;
        let variables = Variables::resolve(&manifest.variables, &config.providers()?)?;

        let loader = Loader::new(dir, variables, &config, args.reuse)?;
        let handlers = loader.load_all(&manifest.components)?;
        let router = route(manifest.triggers(), &handlers)?;
        Ok(Self { router })
    }
}

fn route(triggers: &[HttpTrigger], handlers: &BTreeMap<&str, Handler>) -> Result<Router<Target>> {
    let mut routes = Vec::new();
    for trigger in triggers {
        let route = &trigger.route;
        let target = target(&trigger.answer, handlers);
        let target = target.with_context(|| format!("route {route:?}"))?;
        if route.starts_with(WELL_KNOWN) {
            report(format_args!(
                "{route} is never reached: the host keeps {WELL_KNOWN}"
            ));
        }
        routes.push((route.clone(), target));
    }
    let (router, duplicates) = Router::new(routes)?;
    for route in duplicates {
        report(format_args!(
            "of the triggers for {route} only the last one counts"
        ));
    }
    Ok(router)
}

fn target(answer: &Answer, handlers: &BTreeMap<&str, Handler>) -> Result<Target> {
    Ok(match answer {
        Answer::Component(id) => {
            let handler = handlers.get(id.as_str());
            Target::Component {
                handler: handler
                    .with_context(|| format!("there is no [component.{id}]"))?
                    .clone(),
                id: id.clone(),
            }
        }
        Answer::Static(response) => Target::Static(StaticResponse::new(response)?),
    })
}

/// A directory stands for the spin.toml in it, as for `spin up`.
fn manifest_path(named: &Path) -> PathBuf {
    if named.is_dir() {
        named.join("spin.toml")
    } else {
        named.to_owned()
    }
}

fn directory(manifest: &Path) -> Result<PathBuf> {
    let path = manifest
        .canonicalize()
        .with_context(|| format!("cannot find {}", manifest.display()))?;
    Ok(path.parent().unwrap_or(Path::new("/")).to_owned())
}
