//! CORS: which pages in browsers may use the server from another origin.

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};

/// The header by which a browser asks for a private network from a public page.
const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const METHODS: &[&str] = &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
const METHODS_LIST: HeaderValue =
    HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");
const PREFLIGHT_VARIES: HeaderValue = HeaderValue::from_static(
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network",
);
const TRUE: HeaderValue = HeaderValue::from_static("true");

/// The origins that are allowed: all, or a list.
#[derive(Clone, Debug)]
pub(in crate::api) struct Cors {
    /// None allows all.
    allowed: Option<Vec<String>>,
}

impl Cors {
    /// Allows these origins; `*` among them allows all.
    pub(in crate::api) fn new(origins: &[String]) -> Self {
        let plain = |origin: &String| origin.trim_end_matches('/').to_owned();
        let all = origins.iter().any(|origin| origin == "*");
        Self {
            allowed: (!all).then(|| origins.iter().map(plain).collect()),
        }
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        let Some(allowed) = &self.allowed else {
            return true;
        };
        allowed
            .iter()
            .any(|each| each.as_bytes() == origin.as_bytes())
    }

    /// The answer to a preflight, if the request is one: a browser asking what it may ask, on any path.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response<Body>> {
        if *method != Method::OPTIONS {
            return None;
        }
        let origin = headers.get(ORIGIN)?;
        let wanted = headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        let refused = self.refusals(origin, wanted, headers);
        let mut response = Response::new(Body::from(verdict(&refused)));
        if !refused.is_empty() {
            *response.status_mut() = StatusCode::BAD_REQUEST;
        }
        self.promise(origin, headers, response.headers_mut());
        Some(response)
    }

    /// What of a preflight cannot be granted.
    fn refusals(
        &self,
        origin: &HeaderValue,
        wanted: &HeaderValue,
        headers: &HeaderMap,
    ) -> Vec<&'static str> {
        let methods = METHODS
            .iter()
            .any(|method| method.as_bytes() == wanted.as_bytes());
        let checks = [
            ("origin", self.allows(origin)),
            ("method", methods),
            (
                "private-network",
                !headers.contains_key(REQUEST_PRIVATE_NETWORK),
            ),
        ];
        checks
            .into_iter()
            .filter(|(_, granted)| !granted)
            .map(|(what, _)| what)
            .collect()
    }

    /// The headers of a preflight's answer.
    fn promise(&self, origin: &HeaderValue, asked: &HeaderMap, headers: &mut HeaderMap) {
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        headers.insert(VARY, PREFLIGHT_VARIES);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS_LIST);
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        if self.allows(origin) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
        if let Some(wanted) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
    }

    /// Adds to a response what a page at `origin` needs to read it.
    pub(super) fn grant(&self, origin: Option<HeaderValue>, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = origin else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        if self.allows(&origin) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        } else {
            // What a server behind a port allows is not its to allow: pages would read it with the front's cookies.
            headers.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
        }
    }
}

fn verdict(refused: &[&str]) -> String {
    if refused.is_empty() {
        return "OK".to_owned();
    }
    format!(
        "This server does not allow the {} of this cross-origin request",
        refused.join(" and the ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str]) -> Cors {
        Cors::new(
            &origins
                .iter()
                .map(|&origin| origin.to_owned())
                .collect::<Vec<_>>(),
        )
    }

    fn preflight(cors: &Cors, headers: &[(&'static str, &str)]) -> Option<Response<Body>> {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        cors.preflight(&Method::OPTIONS, &headers.collect())
    }

    fn granted(cors: &Cors, origin: &str) -> (Option<HeaderValue>, Option<HeaderValue>) {
        let mut headers = HeaderMap::new();
        cors.grant(Some(HeaderValue::from_str(origin).unwrap()), &mut headers);
        assert_eq!(headers[VARY], "Origin");
        (
            headers.remove(ACCESS_CONTROL_ALLOW_ORIGIN),
            headers.remove(ACCESS_CONTROL_ALLOW_CREDENTIALS),
        )
    }

    #[test]
    fn a_star_allows_every_origin_by_name() {
        let (origin, credentials) = granted(&cors(&["*"]), "https://a.example");
        assert_eq!(origin.unwrap(), "https://a.example");
        assert_eq!(credentials.unwrap(), "true");
    }

    #[test]
    fn a_list_allows_what_is_on_it() {
        let list = cors(&["https://a.example", "https://b.example:8443/"]);
        assert!(granted(&list, "https://a.example").0.is_some());
        assert!(granted(&list, "https://b.example:8443").0.is_some());
        for other in ["https://b.example", "http://a.example", "null"] {
            let (origin, credentials) = granted(&list, other);
            assert!(origin.is_none() && credentials.is_some(), "{other}");
        }
    }

    #[test]
    fn a_list_holds_for_what_a_server_behind_allows_too() {
        let list = cors(&["https://a.example"]);
        for (origin, expected) in [
            ("https://a.example", Some("https://a.example")),
            ("https://evil.example", None),
        ] {
            for allowed in ["*", "https://evil.example"] {
                let mut headers = HeaderMap::new();
                headers.append(
                    ACCESS_CONTROL_ALLOW_ORIGIN,
                    HeaderValue::from_static(allowed),
                );
                list.grant(Some(HeaderValue::from_static(origin)), &mut headers);
                let granted = headers.get(ACCESS_CONTROL_ALLOW_ORIGIN);
                assert_eq!(
                    granted.map(HeaderValue::as_bytes),
                    expected.map(str::as_bytes)
                );
            }
        }
    }

    #[test]
    fn a_preflight_is_an_options_request_with_both_headers() {
        let all = cors(&["*"]);
        assert!(preflight(&all, &[("origin", "https://a")]).is_none());
        assert!(preflight(&all, &[("access-control-request-method", "GET")]).is_none());
        assert!(all.preflight(&Method::GET, &HeaderMap::new()).is_none());
        let answer = preflight(
            &all,
            &[
                ("origin", "https://a"),
                ("access-control-request-method", "PUT"),
                ("access-control-request-headers", "x-a, x-b"),
            ],
        );
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_HEADERS], "x-a, x-b");
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://a");
    }

    #[test]
    fn a_preflight_that_cannot_be_granted_is_refused() {
        let list = cors(&["https://a"]);
        let get = ("access-control-request-method", "GET");
        let answer = preflight(&list, &[("origin", "https://evil"), get]).unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert!(!answer.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        let foo = ("access-control-request-method", "FOO");
        assert_eq!(
            preflight(&list, &[("origin", "https://a"), foo])
                .unwrap()
                .status(),
            StatusCode::BAD_REQUEST
        );
        let private = ("access-control-request-private-network", "true");
        assert_eq!(
            preflight(&list, &[("origin", "https://a"), get, private])
                .unwrap()
                .status(),
            StatusCode::BAD_REQUEST
        );
    }
}
