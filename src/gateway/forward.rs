//! A request's way to its workspace and back: streamed both ways, without what is between us and the client.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{AUTHORIZATION, PROXY_AUTHORIZATION};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, copy, copy_buf, sink, split};
use tokio::time::timeout;

use super::connections::{self, Failed, Served, Visit};
use super::first_message;
use super::running::Use;
use super::who;
use crate::api::{Refusal, RequestId, back, onward, upgrade};

/// Carries the client's address to the workspace.
pub const PEER: HeaderName = HeaderName::from_static("x-open-terminal-peer");
/// Carries the request's id to the workspace.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-open-terminal-request");
/// A terminal's client has a little longer for its first message than its workspace waits, so that that one says so.
const FIRST: Duration = Duration::from_secs(15);
/// Time for a terminal's client to close a connection on which no more will come.
const FAREWELL: Duration = Duration::from_secs(5);
/// Bytes under way in each direction of an upgraded connection.
const BUFFER: usize = 16 << 10;

/// Passes a request on and gives the answer. `key` is what a client shows in the first message of a terminal.
pub(super) async fn forward(
    visit: Use,
    request: Request,
    user: &str,
    key: &[u8],
) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let asked = upgrade(&parts.headers);
    let client = asked.and_then(|_| parts.extensions.remove::<OnUpgrade>());
    let terminal = parts.uri.path().starts_with("/api/terminals/");
    onward(&mut parts.headers, &body, client.is_some());
    // After the client has said which headers are of its connection only.
    who::speak_for(&mut parts.headers, user);
    parts.headers.remove(PROXY_AUTHORIZATION);
    let ours = format!("Bearer {}", visit.workspace().key);
    let mut shown = HeaderValue::from_str(&ours).expect("a key of ours makes a header");
    shown.set_sensitive(true);
    parts.headers.insert(AUTHORIZATION, shown);
    parts.headers.remove(PEER);
    if let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>()
        && let Ok(peer) = HeaderValue::from_str(&peer.to_string())
    {
        parts.headers.insert(PEER, peer);
    }
    parts.headers.remove(REQUEST_ID);
    if let Some(RequestId(id)) = parts.extensions.remove() {
        parts.headers.insert(REQUEST_ID, id);
    }
    let mut onward = hyper::Request::new(body);
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = origin_form(&parts.uri);
    *onward.headers_mut() = parts.headers;
    let running = Arc::clone(visit.workspace());
    let name = &running.name;
    let answer = tokio::select! {
        answer = connections::send(visit, onward) => answer,
        never = running.kept_awake() => match never {},
    };
    let mut response = answer.map_err(|failed| refusal(name, &failed))?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let Some(client) = client else {
            return Err(unusable(name, "it changed the protocol unasked"));
        };
        let keys = terminal.then(|| (key.to_vec(), running.key.clone()));
        carry(client, &mut response, keys);
    }
    back(&mut response);
    Ok(response.map(Body::new))
}

fn refusal(name: &str, failed: &Failed) -> Refusal {
    match failed {
        Failed::Connection(error) => Refusal::Unavailable {
            shown: "the workspace cannot be reached: it has just ended, or too much goes on at once; ask again",
            inner: format!("no connection to the workspace of {name}: {error}"),
        },
        Failed::Full => Refusal::Unavailable {
            shown: "this user has too many requests under way at once: wait for some of them",
            inner: format!("the workspace of {name} has too many requests"),
        },
        Failed::Request(error) if error.is_user() => Refusal::Who(
            "the request's body broke off: send it whole, and framed as its headers say".to_owned(),
        ),
        Failed::Request(error) if error.is_parse() => unusable(name, &error.to_string()),
        Failed::Request(error) => Refusal::Unavailable {
            shown: "the workspace ended while it had this request: it starts anew with the next one, and what its commands wrote until now can be read at their ids",
            inner: format!("the workspace of {name} broke off: {error}"),
        },
    }
}

fn unusable(name: &str, why: &str) -> Refusal {
    Refusal::Unavailable {
        shown: "the workspace gave no usable answer: ask again",
        inner: format!("the workspace of {name}: {why}"),
    }
}

/// The target in the form that servers expect, whatever a client wrote (RFC 9112, 3.2.1).
fn origin_form(uri: &Uri) -> Uri {
    let path = uri.path_and_query().cloned();
    path.map_or_else(|| Uri::from_static("/"), Uri::from)
}

/// Carries the bytes of an upgraded connection until both ends have said all or one breaks off. What a client shows in
/// the first message of a terminal, if it is `keys.0`, becomes `keys.1`.
fn carry(client: OnUpgrade, response: &mut Response<Served>, keys: Option<(Vec<u8>, String)>) {
    let Some(visit) = response.body().connection().map(Visit::hold) else {
        return;
    };
    let workspace = hyper::upgrade::on(response);
    tokio::spawn(async move {
        let (Ok(client), Ok(workspace)) = tokio::join!(client, workspace) else {
            return;
        };
        let (mut from_client, mut to_client) = split(TokioIo::new(client));
        let (mut from_workspace, mut to_workspace) = split(TokioIo::new(workspace));
        let of_terminal = keys.is_some();
        let there = async {
            if let Some((key, other)) = keys {
                let first =
                    first_message::exchange(&mut from_client, &mut to_workspace, &key, &other);
                if !timeout(FIRST, first).await?? {
                    // It is about to be sent away; what it still says is for nobody.
                    copy(&mut from_client, &mut sink()).await?;
                }
            }
            pipe(&mut from_client, &mut to_workspace).await
        };
        let back = pipe(&mut from_workspace, &mut to_client);
        tokio::select! {
            () = both(there, back, of_terminal) => {}
            () = visit.workspace().gone() => {}
        }
    });
}

/// Sees both ways to their end; one that breaks off ends the other. A terminal's client is not waited for when it has
/// been told all there is for it.
async fn both(
    there: impl Future<Output = io::Result<()>>,
    back: impl Future<Output = io::Result<()>>,
    of_terminal: bool,
) {
    let (mut there, mut back) = (pin!(there), pin!(back));
    tokio::select! {
        carried = &mut there => {
            if carried.is_ok() {
                back.await.ok();
            }
        }
        carried = &mut back => {
            let rest = if of_terminal { FAREWELL } else { Duration::MAX };
            if carried.is_ok() {
                timeout(rest, there).await.ok();
            }
        }
    }
}

/// Carries bytes one way until there are no more, which is told on.
async fn pipe(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    copy_buf(&mut BufReader::with_capacity(BUFFER, from), to).await?;
    to.shutdown().await
}
