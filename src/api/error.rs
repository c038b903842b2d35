//! An error as clients see it: a status, and a body `{"detail": …}` that says what would be right.
//!
//! What went wrong inside the server is not shown. It travels with the response as [`Inner`], so
//! that the log has it beside the request it belongs to.

mod services;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::json::json_response;
use super::validate::Problems;

/// Why a request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// No key, or not ours.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// Nobody may have that.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The system does not let the server's account do it.
    #[error("{0}")]
    Refused(String),
    /// Members of the query or the body are wrong.
    #[error("the request has mistakes in it")]
    Invalid(Problems),
    /// It cannot be done as asked.
    #[error("{0}")]
    BadRequest(String),
    /// What it names is not there.
    #[error("{0}")]
    NotFound(String),
    /// It cannot be done now, because of what it names; the same request may work later.
    #[error("{0}")]
    Conflict(String),
    /// It cannot be done because of how things are, which the member `member` of the answer tells.
    #[error("{shown}")]
    Outdated {
        /// For the client.
        shown: String,
        /// The member's name.
        member: &'static str,
        /// How things are.
        value: Value,
    },
    /// It is of a kind that is not handed out.
    #[error("{0}")]
    Unsupported(String),
    /// What it is about is of a kind that nothing can be done with.
    #[error("{0}")]
    Unprocessable(String),
    /// No room is left for it.
    #[error("{0}")]
    Full(String),
    /// The body, or a part of it, is too large.
    #[error("{0}")]
    TooLarge(String),
    /// There are as many of them as there may be.
    #[error("{0}")]
    TooMany(String),
    /// What it needs on this machine is missing or broken: not the server itself, so clients are told.
    #[error("{0}")]
    Failed(String),
    /// The server does as much of that as it may, and did so for as long as was waited.
    #[error("{0}")]
    Busy(String),
    /// The server cannot do it now. Clients see `shown`, the log sees `inner`.
    #[error("{inner}")]
    Unavailable {
        /// For the client.
        shown: &'static str,
        /// For the log.
        inner: String,
    },
    /// A server that the request is passed on to cannot be reached or gives no valid answer.
    #[error("{0}")]
    BadGateway(String),
    /// A server that the request is passed on to takes too long.
    #[error("{0}")]
    GatewayTimeout(String),
    /// The server failed. Only the log sees why.
    #[error("{0}")]
    Internal(String),
}

/// What went wrong inside, on its way to the log.
#[derive(Clone, Debug)]
pub(super) struct Inner(pub(super) Arc<str>);

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::Refused(_) => StatusCode::FORBIDDEN,
            Self::Invalid(_) | Self::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) | Self::Outdated { .. } => StatusCode::CONFLICT,
            Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(_) | Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::BadGateway(_) => StatusCode::BAD_GATEWAY,
            Self::GatewayTimeout(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Failed(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What clients are told.
    pub(super) fn detail(&self) -> Value {
        match self {
            Self::Unauthorized(_)
            | Self::Forbidden(_)
            | Self::Refused(_)
            | Self::BadRequest(_)
            | Self::NotFound(_)
            | Self::Conflict(_)
            | Self::Outdated { .. }
            | Self::Unsupported(_)
            | Self::Unprocessable(_)
            | Self::Full(_)
            | Self::TooLarge(_)
            | Self::TooMany(_)
            | Self::Failed(_)
            | Self::Busy(_)
            | Self::BadGateway(_)
            | Self::GatewayTimeout(_) => self.to_string().into(),
            Self::Invalid(problems) => json!(problems),
            Self::Unavailable { shown, .. } => (*shown).into(),
            Self::Internal(_) => {
                "the server failed to do this; its log says why, under the x-request-id of this response".into()
            }
        }
    }

    /// The response, with what clients are told in the member `told_in`.
    pub(super) fn response(self, told_in: &str) -> Response {
        let mut told = json!({ told_in: self.detail() });
        if let Self::Outdated { member, value, .. } = &self {
            told[*member] = value.clone();
        }
        let mut response = json_response(self.status(), told.to_string());
        if let Self::Unavailable { inner, .. } | Self::Internal(inner) = self {
            response.extensions_mut().insert(Inner(inner.into()));
        }
        response
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.response("detail")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec;

    #[test]
    fn what_failed_inside_is_not_shown_but_kept_for_the_log() {
        let response = Error::from(exec::Error::Start {
            problem: "fork: EAGAIN".into(),
        })
        .into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let inner = response.extensions().get::<Inner>().expect("kept");
        assert!(inner.0.contains("EAGAIN"));
        assert!(
            !Error::from(exec::Error::Start {
                problem: "EAGAIN".into()
            })
            .detail()
            .to_string()
            .contains("EAGAIN")
        );
    }
}
