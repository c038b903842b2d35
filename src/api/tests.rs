//! The layers seen from outside, round routes made for the purpose.

use axum::Router;
use axum::body::Body;
use axum::http::header::{ALLOW, LOCATION, VARY};
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::layers::{Cors, Layers};
use super::{not_found, wrong_method};

fn routes() -> Router {
    let routes = Router::new()
        .route("/thing", get(async || "thing").post(async || "made"))
        .route("/thing/{id}", post(async || "one"))
        .route("/docs", get(async || "page"))
        .route(
            "/echo",
            get(async |request: Request<Body>| request.uri().to_string()),
        )
        .route("/panic", get(panicking))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method);
    let cors = Cors::new(&["*".to_owned()]);
    Router::new().fallback_service(Layers::new(routes, Some(cors)))
}

async fn panicking() -> &'static str {
    panic!("on purpose, with a secret")
}

async fn ask(method: Method, uri: &str) -> Response {
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header("origin", "https://a.example");
    let Ok(response) = routes().oneshot(request.body(Body::empty()).unwrap()).await;
    assert!(response.headers().contains_key("x-request-id"), "{uri}");
    assert_eq!(
        response.headers()["access-control-allow-origin"],
        "https://a.example",
        "{uri}"
    );
    assert!(response.headers().contains_key(VARY), "{uri}");
    response
}

async fn body(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_words_clients_know() {
    let response = ask(Method::GET, "/nothing").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(body(response).await, r#"{"detail":"Not Found"}"#);
}

#[tokio::test]
async fn other_methods_are_refused_and_told_which_are_there() {
    for method in [Method::PUT, Method::HEAD, Method::OPTIONS] {
        let response = ask(method.clone(), "/thing").await;
        assert_eq!(
            response.status(),
            StatusCode::METHOD_NOT_ALLOWED,
            "{method}"
        );
        assert_eq!(response.headers()[ALLOW], "GET, POST", "{method}");
    }
    assert_eq!(
        ask(Method::HEAD, "/nothing").await.status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn pages_answer_head() {
    assert_eq!(ask(Method::HEAD, "/docs").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_slash_too_many_redirects_to_what_is_there() {
    for (method, uri, target) in [
        (Method::GET, "/thing/?a=b&c=null", Some("/thing?a=b")),
        (Method::POST, "/thing/", Some("/thing")),
        (Method::GET, "/thing/x/", Some("/thing/x")),
        (Method::GET, "/nothing/", None),
        (Method::GET, "//thing/", None),
        (Method::GET, "/", None),
    ] {
        let response = ask(method, uri).await;
        let expected = if target.is_some() {
            StatusCode::TEMPORARY_REDIRECT
        } else {
            StatusCode::NOT_FOUND
        };
        assert_eq!(response.status(), expected, "{uri}");
        assert_eq!(
            response
                .headers()
                .get(LOCATION)
                .map(|location| location.to_str().unwrap()),
            target
        );
    }
}

#[tokio::test]
async fn handlers_do_not_see_null_parameters() {
    assert_eq!(
        body(ask(Method::GET, "/echo?a=null&b=2&c=NULL").await).await,
        "/echo?b=2"
    );
}

#[tokio::test]
async fn a_panic_is_a_failed_request_that_tells_nothing() {
    let response = ask(Method::GET, "/panic").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let told: Value = serde_json::from_str(&body(response).await).unwrap();
    assert!(
        told["detail"].is_string() && !told.to_string().contains("secret"),
        "{told}"
    );
    assert_ne!(told, json!({}));
}
