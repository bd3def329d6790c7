//! Which trigger answers a path.
//!
//! Mirrors Spin's `http-routes` crate, on the same matcher: an exact route beats `:name`, which
//! beats `/...`, segment by segment from the left, and one slash at the end of a path is ignored.
//! Nothing is percent-decoded.

use anyhow::{Result, anyhow};
use routefinder::Captures;

/// The prefix that the host keeps for itself.
pub(crate) const WELL_KNOWN: &str = "/.well-known/spin/";

/// All routes of an application, each with what it leads to.
#[derive(Debug)]
pub(crate) struct Router<T> {
    finder: routefinder::Router<Route<T>>,
}

/// A route of the manifest.
#[derive(Debug)]
pub(crate) struct Route<T> {
    /// The pattern as the manifest has it.
    pub(crate) raw: String,
    /// The pattern with a slash at its start and none at its end.
    pub(crate) based: String,
    /// What it leads to.
    pub(crate) target: T,
}

/// The route that answers a path, with what its wildcards stand for.
#[derive(Debug)]
pub(crate) struct Match<'router, 'path, T> {
    /// The route.
    pub(crate) route: &'router Route<T>,
    captures: Captures<'router, 'path>,
    path: &'path str,
}

// === impl Router ===

impl<T> Router<T> {
    /// A router for `routes`, pairs of a pattern and its target. Of two equal patterns the last
    /// one counts, and the pattern is returned beside the router.
    ///
    /// # Errors
    /// A pattern that does not parse.
    pub(crate) fn new(
        routes: impl IntoIterator<Item = (String, T)>,
    ) -> Result<(Self, Vec<String>)> {
        let mut kept: Vec<Route<T>> = Vec::new();
        let mut duplicates = Vec::new();
        for (raw, target) in routes {
            let route = Route::new(raw, target);
            match kept.iter_mut().find(|other| other.raw == route.raw) {
                Some(other) => {
                    duplicates.push(route.raw.clone());
                    *other = route;
                }
                None => kept.push(route),
            }
        }
        let mut finder = routefinder::Router::new();
        for route in kept {
            let (raw, spec) = (route.raw.clone(), route.spec());
            finder
                .add(spec, route)
                .map_err(|error| anyhow!("route {raw:?} does not parse: {error}"))?;
        }
        Ok((Self { finder }, duplicates))
    }

    /// The route that answers `path`.
    pub(crate) fn route<'path>(&self, path: &'path str) -> Option<Match<'_, 'path, T>> {
        let best = self.finder.best_match(path)?;
        Some(Match {
            route: best.handler(),
            captures: best.captures(),
            path,
        })
    }

    /// Every route, in the order in which they are tried.
    pub(crate) fn routes(&self) -> impl Iterator<Item = &Route<T>> {
        self.finder.iter().map(|(_, route)| route)
    }
}

// === impl Route ===

impl<T> Route<T> {
    fn new(raw: String, target: T) -> Self {
        let slash = if raw.starts_with('/') { "" } else { "/" };
        let based = format!("{slash}{}", raw.strip_suffix('/').unwrap_or(&raw));
        let based = if based == "/" { String::new() } else { based };
        Self { raw, based, target }
    }

    /// The pattern in the matcher's own notation.
    fn spec(&self) -> String {
        match self.based.strip_suffix("/...") {
            Some(prefix) => format!("{prefix}/*"),
            None => self.based.clone(),
        }
    }

    /// The pattern as the manifest has it, without `/...`.
    pub(crate) fn raw_prefix(&self) -> &str {
        self.raw.strip_suffix("/...").unwrap_or(&self.raw)
    }
}

// === impl Match ===

impl<T> Match<'_, '_, T> {
    /// What `/...` stands for: with a slash at its start, and one at its end if the path has one.
    /// Empty without `/...`, or when it stands for nothing.
    pub(crate) fn path_info(&self) -> String {
        let Some(rest) = self.captures.wildcard() else {
            return String::new();
        };
        let start = if rest.is_empty() { "" } else { "/" };
        let end = if self.path.ends_with('/') { "/" } else { "" };
        format!("{start}{rest}{end}")
    }

    /// What each `:name` stands for.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, &str)> {
        self.captures.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(routes: &[&'static str]) -> Router<&'static str> {
        let pairs = routes.iter().map(|route| ((*route).to_owned(), *route));
        Router::new(pairs).expect("routes parse").0
    }

    fn answers(router: &Router<&'static str>, path: &str) -> Option<&'static str> {
        router.route(path).map(|found| found.route.target)
    }

    #[test]
    fn the_most_literal_route_wins_whatever_the_order() {
        let mut routes = [
            "/...",
            "/api/...",
            "/api/circuit",
            "/api/circuit/:name",
            "/api/circuit/:name/acquire",
            "/api/circuit/all",
            "/:any/circuit",
        ];
        for _ in 0..2 {
            let router = router(&routes);
            for (path, route) in [
                ("/", "/..."),
                ("/other/x", "/..."),
                ("/api", "/api/..."),
                ("/api/none", "/api/..."),
                ("/api/circuit", "/api/circuit"),
                ("/api/circuit/", "/api/circuit"),
                ("/api/circuit/gmail", "/api/circuit/:name"),
                ("/api/circuit/all", "/api/circuit/all"),
                ("/api/circuit/gmail/acquire", "/api/circuit/:name/acquire"),
                ("/api/circuit/gmail/acquire/x", "/api/..."),
                ("/x/circuit", "/:any/circuit"),
            ] {
                assert_eq!(answers(&router, path), Some(route), "{path}");
            }
            routes.reverse();
        }
    }

    #[test]
    fn a_path_without_a_route_has_no_answer() {
        let router = router(&["/api/circuit/:name", "/"]);
        assert_eq!(answers(&router, "/"), Some("/"));
        for path in [
            "/api",
            "/api/circuit",
            "/api/circuit/",
            "/api/circuit/a/b",
            "/API/circuit/a",
        ] {
            assert_eq!(answers(&router, path), None, "{path}");
        }
    }

    #[test]
    fn wildcards_are_captured_and_not_decoded() {
        let router = router(&["/a/:first/:second-part/...", "/b/..."]);
        let found = router.route("/a/x%2Fy/2/rest/of%20it/").expect("matches");
        let named: Vec<_> = found.named().collect();
        assert_eq!(named, [("first", "x%2Fy"), ("second-part", "2")]);
        assert_eq!(found.path_info(), "/rest/of%20it/");
        assert_eq!(found.route.raw_prefix(), "/a/:first/:second-part");

        for (path, info) in [("/b", ""), ("/b/", "/"), ("/b/c", "/c"), ("/b/c/", "/c/")] {
            assert_eq!(
                router.route(path).expect("matches").path_info(),
                info,
                "{path}"
            );
        }
    }

    #[test]
    fn of_equal_routes_the_last_counts() {
        let pairs = [("/a", 1), ("/b", 2), ("/a", 3)].map(|(raw, n)| (raw.to_owned(), n));
        let (router, duplicates) = Router::new(pairs).expect("routes parse");
        assert_eq!(duplicates, ["/a"]);
        assert_eq!(router.route("/a").expect("matches").route.target, 3);
        assert_eq!(router.routes().count(), 2);
    }

    #[test]
    fn patterns_are_tidied() {
        let router = router(&["no-slash", "/with-slash/"]);
        assert_eq!(
            router.route("/no-slash").expect("matches").route.based,
            "/no-slash"
        );
        assert_eq!(
            router.route("/with-slash").expect("matches").route.based,
            "/with-slash"
        );
    }
}
