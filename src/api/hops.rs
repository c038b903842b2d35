//! Headers on a hop: those that speak of the connection and not of the message are made anew (RFC 9110, 7.6.1).

use axum::http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, TE, TRANSFER_ENCODING, UPGRADE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use hyper::body::Body;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const UPGRADING: HeaderValue = HeaderValue::from_static("upgrade");

/// The protocol that a request asks to change to. HTTP/2 over plain text is asked for in passing by some clients, and
/// passes no proxy.
pub fn upgrade(headers: &HeaderMap) -> Option<&HeaderValue> {
    let protocol = headers.get(UPGRADE)?;
    let http = protocol.as_bytes().to_ascii_lowercase().starts_with(b"h2c");
    (!http && mentions(headers, &CONNECTION, "upgrade")).then_some(protocol)
}

/// Makes of a request's headers those for the next hop, for a body that is passed on as it comes; with `upgrading` it
/// asks to change the protocol there, too.
pub fn onward(headers: &mut HeaderMap, body: &impl Body, upgrading: bool) {
    let protocol = headers.get(UPGRADE).cloned().filter(|_| upgrading);
    let trailers = mentions(headers, &TE, "trailers");
    let chunked = headers.contains_key(TRANSFER_ENCODING);
    without_hops(headers);
    // We have asked for the body ourselves.
    headers.remove(EXPECT);
    if chunked || !(body.is_end_stream() || headers.contains_key(CONTENT_LENGTH)) {
        headers.remove(CONTENT_LENGTH);
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, UPGRADING);
        headers.insert(UPGRADE, protocol);
    } else if trailers {
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Makes of an answer's headers those for the hop it came from.
pub fn back<B>(response: &mut Response<B>) {
    let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    // Beside a transfer coding a length means nothing (RFC 9112, 6.3), but by itself it would cut the body.
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    let protocol = headers.get(UPGRADE).cloned().filter(|_| upgraded);
    without_hops(headers);
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, UPGRADING);
        headers.insert(UPGRADE, protocol);
    }
}

/// Takes out what speaks of the connection only.
fn without_hops(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = (headers.get_all(CONNECTION).iter())
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    let hops = [
        CONNECTION,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        TE,
        TRANSFER_ENCODING,
        UPGRADE,
    ];
    for name in named.into_iter().chain(hops) {
        headers.remove(name);
    }
}

/// Whether a header that is a list has this word in it.
fn mentions(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let items = (headers.get_all(name).iter())
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    items
        .map(|item| item.split(|byte| *byte == b';').next().unwrap_or_default())
        .any(|item| item.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}
