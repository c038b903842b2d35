//! Elsewhere: requests that this process lets in and another serves, the one that is the caller's workspace.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State as Use};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

use super::extract::Caller;
use super::{Error, State};

/// Who serves requests that this process only lets in.
#[derive(Clone)]
pub struct Elsewhere {
    /// Passes a request on to its caller's workspace, and the answer back.
    pub service: BoxCloneSyncService<Request, Response, Refusal>,
    /// Whether each user has a workspace, so that a request must say whose it is.
    pub per_user: bool,
    /// Why no workspace can be had, if so. Blocks.
    pub problem: Arc<dyn Fn() -> Option<String> + Send + Sync>,
}

/// Marks a request whose key has not been seen yet: it may reach what runs, and starts nothing.
#[derive(Clone, Copy, Debug)]
pub struct Unproven;

/// Why a request is not passed on.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// Whose it is, it says in a way that is not taken.
    #[error("{0}")]
    Who(String),
    /// Nobody may be that user.
    #[error("{0}")]
    Reserved(String),
    /// There is no workspace now, or it has ended.
    #[error("{inner}")]
    Unavailable {
        /// For the client.
        shown: &'static str,
        /// For the log.
        inner: String,
    },
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Who(why) => Self::BadRequest(why),
            Refusal::Reserved(why) => Self::Refused(why),
            Refusal::Unavailable { shown, inner } => Self::Unavailable { shown, inner },
        }
    }
}

/// What answers without a user too: with what nobody has, which is nothing.
const FOR_NOBODY: &[(&[Method], &str)] = &[
    (&[Method::GET], "/execute"),
    (&[Method::DELETE], "/execute/{process_id}"),
    (&[Method::GET], "/execute/{process_id}/status"),
    (&[Method::POST], "/execute/{process_id}/input"),
    (&[Method::GET], "/api/terminals"),
    (&[Method::GET, Method::DELETE], "/api/terminals/{id}"),
    (&[Method::GET], "/api/terminals/user/output"),
    (&[Method::POST], "/api/terminals/user/input"),
    (&[Method::GET], "/ports"),
    (&[Method::GET], "/system"),
    (&[Method::GET], "/info"),
    (&[Method::GET], "/api/limits"),
];

/// Has a request served in its caller's workspace, if that is elsewhere; else here.
pub(super) async fn or_here(
    Use(state): Use<State>,
    Caller(owner): Caller,
    request: Request,
    next: Next,
) -> Response {
    let Some(elsewhere) = state.elsewhere() else {
        return next.run(request).await;
    };
    let nobody = elsewhere.per_user && owner.user.is_none();
    if nobody && is_for_nobody(&request) {
        return next.run(request).await;
    }
    let of_terminals = request.uri().path().starts_with("/api/terminals");
    match elsewhere.service.clone().oneshot(request).await {
        Ok(response) => response,
        // Clients of terminals read there what goes wrong with these.
        Err(lacking @ Refusal::Unavailable { .. }) if of_terminals => {
            Error::from(lacking).response("error")
        }
        Err(refusal) => Error::from(refusal).into_response(),
    }
}

fn is_for_nobody(request: &Request) -> bool {
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map_or("", MatchedPath::as_str);
    FOR_NOBODY
        .iter()
        .any(|(methods, route)| *route == path && methods.contains(request.method()))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Error::from(self).into_response()
    }
}
