//! The handshake: a request to attach becomes a WebSocket. It asks for no key; the first message does.

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State as Use};
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::json;
use tower::ServiceExt;

use super::visit::Visit;
use super::{TerminalId, access, line, socket};
use crate::api::extract::Caller;
use crate::api::json::json_response;
use crate::api::{Error as ApiError, Refusal, State, Unproven};
use crate::config::Config;
use crate::terminal::{Error, Terminals};

/// The one version of the protocol there is.
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// Attaches who asks for a WebSocket; every other request goes on its way.
pub(in crate::api) async fn or_attach(
    Use(state): Use<State>,
    Use(terminals): Use<Terminals>,
    Use(config): Use<Arc<Config>>,
    TerminalId(id): TerminalId,
    Caller(owner): Caller,
    request: Request,
    next: Next,
) -> Response {
    if *request.method() != Method::GET || !asks_for_websocket(request.headers()) {
        return next.run(request).await;
    }
    if let Some(refusal) = flaw(request.headers()) {
        return refusal;
    }
    if let Some(elsewhere) = state.elsewhere() {
        // The key in its first message is looked at on the way.
        let mut request = request;
        request.extensions_mut().insert(Unproven);
        let served = elsewhere.service.clone().oneshot(request).await;
        return served.unwrap_or_else(|why| match why {
            Refusal::Who(why) | Refusal::Reserved(why) => refused(StatusCode::FORBIDDEN, &why),
            lacking @ Refusal::Unavailable { .. } => ApiError::from(lacking).response("error"),
        });
    }
    let (mut parts, _) = request.into_parts();
    // With many users, a terminal of another's looks like none: both are told after the first message.
    if !terminals.exists(&id) && !config.multi_user {
        return refused(StatusCode::FORBIDDEN, &Error::NotFound { id }.to_string());
    }
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return refused(StatusCode::BAD_REQUEST, &rejection.body_text()),
    };
    let visit = Visit {
        id,
        owner: access::visitor(owner, &parts.uri),
        terminals,
        config,
    };
    line::bounded(upgrade).on_upgrade(|socket| socket::serve(socket, visit))
}

/// Whether a request asks for a WebSocket.
pub(in crate::api) fn asks_for_websocket(headers: &HeaderMap) -> bool {
    lists(headers, &CONNECTION, "upgrade") && lists(headers, &UPGRADE, "websocket")
}

/// Whether a header's comma-separated list has this word, in any case.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).into_iter();
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|each| each.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

/// What is wrong with a request for a WebSocket.
fn flaw(headers: &HeaderMap) -> Option<Response> {
    if headers.get(SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        let why = "the WebSocket must be of version 13: send the header Sec-WebSocket-Version: 13";
        let mut response = refused(StatusCode::UPGRADE_REQUIRED, why);
        response
            .headers_mut()
            .insert(SEC_WEBSOCKET_VERSION, VERSION);
        return Some(response);
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    if !key.is_some_and(is_key) {
        let why = "the header Sec-WebSocket-Key must be 16 random bytes in base64";
        return Some(refused(StatusCode::BAD_REQUEST, why));
    }
    None
}

/// Whether this is 16 bytes in base64.
fn is_key(key: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.strip_suffix(b"==")
        .is_some_and(|digits| digits.len() == 22 && digits.iter().all(digit))
}

fn refused(status: StatusCode, why: &str) -> Response {
    json_response(status, json!({ "error": why }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = headers.iter();
        pairs
            .map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn browsers_and_proxies_ask_in_their_own_words() {
        for (connection, upgrade) in [
            ("Upgrade", "websocket"),
            ("keep-alive, Upgrade", "WebSocket"),
            ("upgrade,keep-alive", "websocket"),
        ] {
            let headers = request(&[("connection", connection), ("upgrade", upgrade)]);
            assert!(asks_for_websocket(&headers), "{connection}, {upgrade}");
        }
        for (connection, upgrade) in [
            ("keep-alive", "websocket"),
            ("Upgrade", "h2c"),
            ("upgraded", "websocket"),
        ] {
            let headers = request(&[("connection", connection), ("upgrade", upgrade)]);
            assert!(!asks_for_websocket(&headers), "{connection}, {upgrade}");
        }
        assert!(!asks_for_websocket(&HeaderMap::new()));
    }

    #[test]
    fn a_broken_handshake_is_refused_and_told_what_is_right() {
        let status = |headers: &[_]| flaw(&request(headers)).map(|response| response.status());
        let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let version = ("sec-websocket-version", "13");
        assert_eq!(status(&[key, version]), None);
        assert_eq!(status(&[version]), Some(StatusCode::BAD_REQUEST));
        for wrong in [
            "",
            "x",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZ?==",
        ] {
            let found = status(&[("sec-websocket-key", wrong), version]);
            assert_eq!(found, Some(StatusCode::BAD_REQUEST), "{wrong}");
        }
        assert_eq!(status(&[key]), Some(StatusCode::UPGRADE_REQUIRED));
        let old = flaw(&request(&[key, ("sec-websocket-version", "8")])).unwrap();
        assert_eq!(old.status(), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(old.headers()[SEC_WEBSOCKET_VERSION], "13");
    }
}
