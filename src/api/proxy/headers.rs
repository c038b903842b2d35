//! The headers of a passed-on message: those of the connection are made anew, the rest stays (RFC 9110, 7.6.1).

use std::net::IpAddr;

use axum::http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use axum::response::Response;
use hyper::body::Body;

use super::mount::Mount;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const UPGRADING: HeaderValue = HeaderValue::from_static("upgrade");

/// The protocol that a request asks to change to. HTTP/2 over plain text is asked for in passing by some clients, and
/// passes no proxy.
pub(super) fn upgrade(headers: &HeaderMap) -> Option<&HeaderValue> {
    let protocol = headers.get(UPGRADE)?;
    let http = protocol.as_bytes().to_ascii_lowercase().starts_with(b"h2c");
    (!http && mentions(headers, &CONNECTION, "upgrade")).then_some(protocol)
}

/// The path under which a front before us shows us, without a slash at its end. One that would lead to another host is
/// none.
pub(super) fn prefix(headers: &HeaderMap) -> Option<&str> {
    let prefix = headers.get(FORWARDED_PREFIX)?.to_str().ok()?.trim();
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let elsewhere = prefix.starts_with("//") || prefix.contains('\\');
    (prefix.starts_with('/') && !elsewhere).then_some(prefix)
}

/// Makes of a client's headers those for the server behind the port.
pub(super) fn to_upstream(
    headers: &mut HeaderMap,
    mount: &Mount,
    client: IpAddr,
    body: &impl Body,
    upgrading: bool,
) {
    let protocol = headers.get(UPGRADE).cloned().filter(|_| upgrading);
    let trailers = mentions(headers, &TE, "trailers");
    let chunked = headers.contains_key(TRANSFER_ENCODING);
    let host = headers.get(HOST).cloned();
    without_hops(headers);
    // The key is for us, and we have asked for the body ourselves.
    for name in [AUTHORIZATION, PROXY_AUTHORIZATION, EXPECT] {
        headers.remove(name);
    }
    if chunked || !(body.is_end_stream() || headers.contains_key(CONTENT_LENGTH)) {
        headers.remove(CONTENT_LENGTH);
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    let own = format!("localhost:{}", mount.port);
    headers.insert(HOST, value(&own));
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, UPGRADING);
        headers.insert(UPGRADE, protocol);
    } else if trailers {
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    forwarded(headers, mount, client, host);
}

/// Says for whom and under which address the request is passed on. What a front before us said of itself stays: the
/// client knows that name, not ours.
fn forwarded(headers: &mut HeaderMap, mount: &Mount, client: IpAddr, host: Option<HeaderValue>) {
    let client = client.to_canonical().to_string();
    let all: Vec<&[u8]> = (headers.get_all(FORWARDED_FOR).iter())
        .map(HeaderValue::as_bytes)
        .chain([client.as_bytes()])
        .collect();
    headers.insert(FORWARDED_FOR, joined(&all, b", "));
    if let Some(host) = host {
        headers.entry(FORWARDED_HOST).or_insert(host);
    }
    headers
        .entry(FORWARDED_PROTO)
        .or_insert(HeaderValue::from_static("http"));
    let before = headers.get(FORWARDED_PREFIX).map(HeaderValue::as_bytes);
    let before = before.unwrap_or_default().trim_ascii();
    let before = before.strip_suffix(b"/").unwrap_or(before);
    let prefix = joined(&[before, mount.prefix.as_bytes()], b"");
    headers.insert(FORWARDED_PREFIX, prefix);
}

/// Makes of the server's head that for the client, and adds what the settings say.
pub(super) fn to_client<B>(response: &mut Response<B>, added: &[(HeaderName, HeaderValue)]) {
    // The version is of the connection, too: what we speak does not become less because the server speaks HTTP/1.0.
    *response.version_mut() = Version::HTTP_11;
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
    for (name, _) in added {
        headers.remove(name);
    }
    for (name, value) in added {
        headers.append(name, value.clone());
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

fn joined(parts: &[&[u8]], between: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(&parts.join(between)).expect("parts of headers make a header")
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a port makes a header")
}

#[cfg(test)]
mod tests;
