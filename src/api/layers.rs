//! The layers: what happens to every request before and after its handler, in one pass.
//!
//! In: a preflight is answered, `null` parameters go, a request id is found. Out: CORS headers and
//! the id are added, a path with a slash too many is redirected, a panic is made an answer, and one
//! line goes to the access log.

mod cors;
mod request_id;

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ALLOW, LOCATION, ORIGIN};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};
use tower_http::catch_panic::{CatchPanic, CatchPanicLayer, ResponseForPanic};

pub(super) use cors::Cors;
pub use request_id::RequestId;

use super::error::{Error, Inner};
use super::query;

/// Paths that answer `HEAD`. On others it is refused like any method without a handler.
const PAGES: &[&str] = &["/docs", "/redoc", "/openapi.json"];

/// Below these a path is the client's own, and a slash at its end a part of it.
const OPEN_ENDED: &[&str] = &["/files/serve/", "/proxy/", "/absproxy/"];

/// Below these a request is another server's, and so is what its method and its query mean.
const PASSED_ON: &[&str] = &["/proxy/", "/absproxy/"];

/// The routes, which answer also when a handler panics.
type Routes = CatchPanic<Router, Panicked>;

/// The routes with the layers round them.
#[derive(Clone)]
pub(super) struct Layers {
    routes: Routes,
    /// None behind another server of ours, which sees to that and keeps the access log.
    cors: Option<Arc<Cors>>,
}

impl Layers {
    /// Puts the layers round `routes`.
    pub(super) fn new(routes: Router, cors: Option<Cors>) -> Self {
        let routes = CatchPanicLayer::custom(Panicked).layer(routes);
        Self {
            routes,
            cors: cors.map(Arc::new),
        }
    }
}

impl Service<Request> for Layers {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A Router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(pass(self.routes.clone(), self.cors.clone(), request))
    }
}

/// One request's way in and its response's way out.
async fn pass(
    routes: Routes,
    cors: Option<Arc<Cors>>,
    mut request: Request,
) -> Result<Response, Infallible> {
    let start = Instant::now();
    let given = request.extensions_mut().remove();
    let RequestId(id) = given.unwrap_or_else(|| RequestId::of(request.headers()));
    // Wherever it is served, it is known by the same id.
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), request.uri().clone());
    let origin = request.headers().get(ORIGIN).cloned();
    let preflight = cors
        .as_ref()
        .and_then(|cors| cors.preflight(&method, request.headers()));
    let mut response = if let Some(answer) = preflight {
        answer
    } else {
        let mut response = route(routes, request).await;
        if let Some(cors) = &cors {
            cors.grant(origin, response.headers_mut());
        }
        response
    };
    record(&method, path.path(), &id, start, &response, cors.is_some());
    response.headers_mut().insert(request_id::HEADER, id);
    Ok(response)
}

/// Lets the routes answer. A handler answers only what it is for: `HEAD` is refused where there is
/// no page, and `Allow` says so.
async fn route(routes: Routes, mut request: Request) -> Response {
    if is_below(PASSED_ON, request.uri().path()) {
        let Ok(response) = routes.oneshot(request).await;
        return response.map(Body::new);
    }
    drop_null_parameters(&mut request);
    let page = PAGES.contains(&request.uri().path());
    if !page && *request.method() == Method::HEAD {
        // No route takes OPTIONS, so that the refusal is the one any wrong method gets.
        *request.method_mut() = Method::OPTIONS;
    }
    let redirect = without_slash(request.uri());
    let again = redirect.is_some().then(|| routes.clone());
    let Ok(response) = routes.oneshot(request).await;
    let mut response = response.map(Body::new);
    if let (StatusCode::NOT_FOUND, Some(target), Some(routes)) =
        (response.status(), redirect, again)
        && exists(routes, &target).await
    {
        return redirect_to(&target);
    }
    if !page && let Some(allow) = response.headers_mut().get_mut(ALLOW) {
        *allow = without_head(allow);
    }
    response
}

/// Replaces the query by one without `null` values, which some clients send for what they leave out.
fn drop_null_parameters(request: &mut Request) {
    let uri = request.uri();
    let Some(kept) = uri.query().and_then(query::without_null) else {
        return;
    };
    if let Some(uri) = with_query(uri.path(), &kept) {
        *request.uri_mut() = uri;
    }
}

fn is_below(tops: &[&str], path: &str) -> bool {
    tops.iter().any(|top| path.starts_with(top))
}

fn with_query(path: &str, query: &str) -> Option<Uri> {
    let question = if query.is_empty() { "" } else { "?" };
    format!("{path}{question}{query}").parse().ok()
}

/// The same target without slashes at its end; none when it has none or would leave this host.
fn without_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let plain = path.strip_suffix('/')?.trim_end_matches('/');
    if plain.is_empty() || path.starts_with("//") || is_below(OPEN_ENDED, path) {
        return None;
    }
    with_query(plain, uri.query().unwrap_or(""))
}

/// Whether some route is there, whatever its methods.
async fn exists(routes: Routes, target: &Uri) -> bool {
    let mut probe = Request::new(Body::empty());
    *probe.method_mut() = Method::OPTIONS;
    *probe.uri_mut() = target.clone();
    let Ok(response) = routes.oneshot(probe).await;
    response.status() != StatusCode::NOT_FOUND
}

fn redirect_to(target: &Uri) -> Response {
    let target = target.to_string();
    match HeaderValue::from_str(&target) {
        Ok(location) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response(),
        Err(_) => Error::NotFound("Not Found".to_owned()).into_response(),
    }
}

/// A list of methods without `HEAD`, which axum adds to every `GET`.
fn without_head(allow: &HeaderValue) -> HeaderValue {
    let methods = allow.to_str().unwrap_or_default().split(',').map(str::trim);
    let kept: Vec<&str> = methods
        .filter(|method| *method != "HEAD" && !method.is_empty())
        .collect();
    HeaderValue::from_str(&kept.join(", ")).expect("methods make a header")
}

/// The answer when a handler panics: the request fails, the server goes on.
#[derive(Clone, Copy)]
struct Panicked;

/// What tokio panics with when `spawn_blocking` gets no thread.
const NO_THREAD: &str = "OS can't spawn worker thread";

impl ResponseForPanic for Panicked {
    type ResponseBody = Body;

    fn response_for_panic(&mut self, panic: Box<dyn Any + Send>) -> Response {
        let text = panic.downcast_ref::<&str>().copied();
        let words = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let words = words.unwrap_or("without words");
        // The one panic that is the machine's fault: tokio has no other way to say it.
        if words.contains(NO_THREAD) {
            return Error::Unavailable {
                shown: "the machine has no thread left for this: too many processes run; end some, or try again in a moment",
                inner: words.to_owned(),
            }
            .into_response();
        }
        Error::Internal(format!("a handler panicked: {words}")).into_response()
    }
}

/// The request's line in the access log. The query stays out of it: it may hold what is private.
fn record(
    method: &Method,
    path: &str,
    id: &HeaderValue,
    start: Instant,
    response: &Response,
    access: bool,
) {
    let status = response.status().as_u16();
    let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    let request_id = id.to_str().unwrap_or_default();
    if let Some(Inner(inner)) = response.extensions().get() {
        tracing::error!(%method, path, status, micros, request_id, error = %inner, "request failed");
    } else if access {
        tracing::info!(%method, path, status, micros, request_id, "request");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str) -> Option<String> {
        without_slash(&uri.parse().unwrap()).map(|uri| uri.to_string())
    }

    #[test]
    fn slashes_at_the_end_go_and_the_query_stays() {
        assert_eq!(target("/health/").as_deref(), Some("/health"));
        assert_eq!(target("/health//?a=b").as_deref(), Some("/health?a=b"));
        assert_eq!(target("/health"), None);
        assert_eq!(target("/"), None);
        assert_eq!(target("/files/serve/"), None);
        assert_eq!(target("/files/serve/etc/"), None);
        assert_eq!(target("/proxy/80/x/"), None);
        assert_eq!(target("//evil.example/"), None);
    }

    #[test]
    fn head_is_not_offered() {
        let list = |allow| without_head(&HeaderValue::from_static(allow));
        assert_eq!(list("GET,HEAD,POST"), "GET, POST");
        assert_eq!(list("DELETE"), "DELETE");
    }

    #[test]
    fn null_parameters_are_dropped_from_the_request() {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = "/x?a=null&b=1".parse().unwrap();
        drop_null_parameters(&mut request);
        assert_eq!(request.uri(), "/x?b=1");
    }
}
