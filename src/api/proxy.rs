//! `/proxy`: requests passed on to the servers that commands and terminals run.
//!
//! What a client sends reaches the server behind the port as it is, and so does the answer, piece by piece; only what
//! belongs to a connection and not to the message is made anew (RFC 9110, 7.6.1).

mod headers;
mod mount;
mod tunnel;
mod upload;

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State as Use};
use axum::http::header::{ALLOW, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio_util::sync::CancellationToken;

use super::{Error, State, hops, wrong_method};
use crate::config::Config;
use crate::ports::{Slot, Target, Upstreams};
use crate::relay::Answered;
use mount::Mount;
use upload::{Progress, Stand, Upload};

/// The routes that pass requests on.
pub(super) const PATHS: [&str; 4] = [
    "/proxy/{port}/",
    "/proxy/{port}/{*path}",
    "/absproxy/{port}/",
    "/absproxy/{port}/{*path}",
];

/// Every method but TRACE and CONNECT is passed on; these are known to everybody.
const ALLOWED: HeaderValue =
    HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");

/// What passes requests on.
pub(super) struct Proxy {
    upstreams: Upstreams<Upload>,
    /// None is for ever.
    timeout: Option<Duration>,
    added: Vec<(HeaderName, HeaderValue)>,
    stop: CancellationToken,
}

impl Proxy {
    /// Keeps to the settings; with `stop` its tunnels end.
    pub(super) fn new(config: &Config, stop: CancellationToken) -> Self {
        let timeout = Some(config.proxy_timeout).filter(|timeout| !timeout.is_zero());
        let header = |line: &String| {
            let (name, value) = line.split_once(':')?;
            Some((name.parse().ok()?, value.trim().parse().ok()?))
        };
        Self {
            upstreams: Upstreams::default(),
            timeout,
            added: (config.proxy_response_headers.iter())
                .filter_map(header)
                .collect(),
            stop,
        }
    }
}

/// Leads to the same port's top: what a page there names is found below it only with the slash at its end.
pub(super) async fn to_slash(uri: Uri, headers: HeaderMap) -> Response {
    let query = uri.query().map(|query| format!("?{query}"));
    let front = headers::prefix(&headers).unwrap_or_default();
    let target = format!("{front}{}/{}", uri.path(), query.unwrap_or_default());
    match HeaderValue::from_str(&target) {
        Ok(target) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, target)]).into_response(),
        Err(_) => Error::NotFound("Not Found".to_owned()).into_response(),
    }
}

/// Passes a request on to the server behind the port in its path.
pub(super) async fn forward(
    Use(state): Use<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Error> {
    if [Method::TRACE, Method::CONNECT].contains(request.method()) {
        return Ok(([(ALLOW, ALLOWED)], wrong_method().await).into_response());
    }
    let mount = Mount::of(request.uri())?;
    let target = state.ports().find(mount.port).await?;
    let (mut parts, body) = request.into_parts();
    let asked = hops::upgrade(&parts.headers);
    let client = asked.and_then(|_| parts.extensions.remove::<hyper::upgrade::OnUpgrade>());
    let (body, progress) = Upload::new(body);
    headers::to_upstream(
        &mut parts.headers,
        &mount,
        peer.ip(),
        &body,
        client.is_some(),
    );
    let mut onward = hyper::Request::new(body);
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = mount.target;
    *onward.headers_mut() = parts.headers;
    let proxy = state.proxy();
    let mut response = answer(proxy, &target, onward, progress).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let Some(client) = client else {
            return Err(Error::BadGateway(format!(
                "the server on port {} changed the protocol unasked: see what it is",
                target.port
            )));
        };
        let server = hyper::upgrade::on(&mut response);
        tokio::spawn(tunnel::run(client, server, proxy.stop.clone()));
    }
    headers::to_client(&mut response, &proxy.added);
    Ok(response.map(Body::new))
}

/// The head of the answer, if it comes in time. While the request's body moves, time does not count.
async fn answer(
    proxy: &Proxy,
    target: &Target,
    request: hyper::Request<Upload>,
    progress: Progress,
) -> Result<Response<Answered<Slot<Upload>>>, Error> {
    let answer = proxy.upstreams.send(target, request);
    let Some(limit) = proxy.timeout else {
        return Ok(answer.await?);
    };
    let late = async {
        loop {
            let before = progress.so_far();
            tokio::time::sleep(limit).await;
            if progress.so_far() == before {
                return;
            }
        }
    };
    tokio::select! {
        biased;
        answer = answer => Ok(answer?),
        () = late => Err(too_late(target.port, limit, &progress.stand())),
    }
}

/// What has stood still for too long: the server, or the request's body on its way to it.
fn too_late(port: u16, limit: Duration, stand: &Stand) -> Error {
    let seconds = limit.as_secs_f64();
    Error::GatewayTimeout(match stand {
        Stand::PassedOn => format!(
            "the server on port {port} has not begun to answer within {seconds} seconds: see what it is doing, or have proxy_timeout raised"
        ),
        Stand::Offered => format!(
            "the server on port {port} has neither taken the rest of the request's body nor begun to answer within {seconds} seconds: see what it is doing, or have proxy_timeout raised"
        ),
        Stand::Awaited => format!(
            "nothing more of the request's body has come within {seconds} seconds, and the server on port {port} has not answered what there is of it: send the body whole, of the length that its headers say, or have proxy_timeout raised"
        ),
    })
}
