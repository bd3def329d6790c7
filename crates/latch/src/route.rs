//! Which handler a request is for.

use http::{HeaderValue, Method, header};
use percent_encoding::percent_decode_str;

use crate::problem::{Kind, Problem};

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone; a limit for each client is the endpoint's own business.
    Public,
    /// Whoever holds the service token.
    Service,
}

/// One method on one path. `E` names the handler, in the component's own words.
#[derive(Clone, Debug)]
pub struct Route<E: 'static> {
    method: Method,
    path: &'static str,
    access: Access,
    /// What the component calls this endpoint.
    pub(crate) endpoint: E,
}

impl<E> Route<E> {
    /// An endpoint for everyone. In `path`, `:name` stands for one segment.
    pub const fn public(method: Method, path: &'static str, endpoint: E) -> Self {
        Self {
            method,
            path,
            access: Access::Public,
            endpoint,
        }
    }

    /// An endpoint for holders of the service token only.
    pub const fn service(method: Method, path: &'static str, endpoint: E) -> Self {
        Self {
            method,
            path,
            access: Access::Service,
            endpoint,
        }
    }

    pub(crate) fn access(&self) -> Access {
        self.access
    }

    /// A `GET` endpoint answers `HEAD` too; the host leaves the body out.
    fn answers(&self, method: &Method) -> bool {
        self.method == *method || (self.method == Method::GET && *method == Method::HEAD)
    }
}

/// The path segments that stood where the route has `:name`, percent-decoded.
pub(crate) type Parameters = Vec<(&'static str, String)>;

/// What a path and a method lead to.
pub(crate) enum Found<'a, E: 'static> {
    /// An endpoint.
    Endpoint(&'a Route<E>, Parameters),
    /// `OPTIONS`, with the methods that the path has.
    Preflight(HeaderValue),
}

/// Finds the route, or says 404 or 405.
pub(crate) fn find<'a, E>(
    routes: &'a [Route<E>],
    method: &Method,
    path: &str,
) -> Result<Found<'a, E>, Problem> {
    let mut here = Vec::new();
    for route in routes {
        if let Some(parameters) = capture(route.path, path)? {
            if route.answers(method) {
                return Ok(Found::Endpoint(route, parameters));
            }
            here.push(route);
        }
    }
    if here.is_empty() {
        return Err(Kind::NOT_FOUND.because("There is nothing at this path."));
    }
    let allow = allow(&here);
    if *method == Method::OPTIONS {
        return Ok(Found::Preflight(allow));
    }
    Err(Kind::METHOD_NOT_ALLOWED
        .because("This path has other methods; `Allow` lists them.")
        .header(header::ALLOW, allow))
}

/// The value of `Allow`: the methods of `routes`, `HEAD` where there is `GET`, and `OPTIONS`.
fn allow<E>(routes: &[&Route<E>]) -> HeaderValue {
    let mut methods: Vec<&str> = Vec::new();
    for route in routes {
        methods.push(route.method.as_str());
        if route.method == Method::GET {
            methods.push("HEAD");
        }
    }
    methods.push("OPTIONS");
    HeaderValue::try_from(methods.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"))
}

/// Holds `path` against a route's pattern, segment by segment.
fn capture(pattern: &'static str, path: &str) -> Result<Option<Parameters>, Problem> {
    let mut parameters = Vec::new();
    let mut wanted = pattern.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Ok(Some(parameters)),
            (Some(want), Some(got)) => match want.strip_prefix(':') {
                Some(name) if !got.is_empty() => parameters.push((name, decode(name, got)?)),
                None if want == got => {}
                _ => return Ok(None),
            },
            _ => return Ok(None),
        }
    }
}

fn decode(name: &str, segment: &str) -> Result<String, Problem> {
    percent_decode_str(segment)
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| Problem::field(name, "is not UTF-8."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn routes() -> [Route<&'static str>; 4] {
        [
            Route::public(Method::GET, "/things", "list"),
            Route::public(Method::GET, "/things/:name", "show"),
            Route::public(Method::DELETE, "/things/:name", "remove"),
            Route::public(Method::POST, "/things/:name/turn", "turn"),
        ]
    }

    fn lookup(method: Method, path: &str) -> Result<(&'static str, Vec<String>), Problem> {
        match find(&routes(), &method, path)? {
            Found::Endpoint(route, parameters) => Ok((
                route.endpoint,
                parameters.into_iter().map(|(_, value)| value).collect(),
            )),
            Found::Preflight(_) => Ok(("preflight", vec![])),
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_path_and_a_method_lead_to_one_endpoint() {
        assert_eq!(lookup(Method::GET, "/things").unwrap().0, "list");
        assert_eq!(
            lookup(Method::DELETE, "/things/a").unwrap(),
            ("remove", vec!["a".to_owned()])
        );
        assert_eq!(
            lookup(Method::POST, "/things/a%20b%2Fc/turn").unwrap(),
            ("turn", vec!["a b/c".to_owned()])
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn head_is_get_and_options_is_a_preflight() {
        assert_eq!(lookup(Method::HEAD, "/things").unwrap().0, "list");
        assert_eq!(lookup(Method::OPTIONS, "/things/a").unwrap().0, "preflight");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn another_method_is_405_and_allow_lists_those_there_are() {
        let problem = lookup(Method::PUT, "/things/a").unwrap_err();
        assert_eq!(problem.kind(), Kind::METHOD_NOT_ALLOWED);
        let response = problem.into_response();
        assert_eq!(
            response.headers()[header::ALLOW],
            "GET, HEAD, DELETE, OPTIONS"
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn another_path_is_404() {
        for path in ["/", "/thing", "/things/", "/things/a/b", "/things//turn"] {
            let problem = lookup(Method::GET, path).unwrap_err();
            assert_eq!(problem.kind(), Kind::NOT_FOUND, "{path}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_segment_that_is_not_utf8_names_its_parameter() {
        let problem = lookup(Method::GET, "/things/%ff").unwrap_err();
        assert_eq!(problem.kind(), Kind::INVALID_REQUEST);
    }
}
