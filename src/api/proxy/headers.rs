//! The headers of a passed-on message: those of the connection are made anew, the rest stays (RFC 9110, 7.6.1).

use std::net::IpAddr;

use axum::http::header::{AUTHORIZATION, HOST, PROXY_AUTHORIZATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Version};
use axum::response::Response;
use hyper::body::Body;

use super::mount::Mount;
use crate::api::hops;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

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
    let host = headers.get(HOST).cloned();
    hops::onward(headers, body, upgrading);
    // The key is for us.
    for name in [AUTHORIZATION, PROXY_AUTHORIZATION] {
        headers.remove(name);
    }
    let own = format!("localhost:{}", mount.port);
    headers.insert(HOST, value(&own));
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
    hops::back(response);
    let headers = response.headers_mut();
    for (name, _) in added {
        headers.remove(name);
    }
    for (name, value) in added {
        headers.append(name, value.clone());
    }
}

fn joined(parts: &[&[u8]], between: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(&parts.join(between)).expect("parts of headers make a header")
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a port makes a header")
}

#[cfg(test)]
mod tests;
