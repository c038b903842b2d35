//! An error as clients see it: a status, and a body `{"detail": …}` that says what would be right.
//!
//! What went wrong inside the server is not shown. It travels with the response as [`Inner`], so
//! that the log has it beside the request it belongs to.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::json::json_response;
use super::validate::Problems;
use crate::{exec, terminal, workspace};

/// Why a request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// No key, or not ours.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// Nobody may have that.
    #[error("{0}")]
    Forbidden(&'static str),
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
    /// The body, or a part of it, is too large.
    #[error("{0}")]
    TooLarge(String),
    /// There are as many of them as there may be.
    #[error("{0}")]
    TooMany(String),
    /// The server cannot do it now. Clients see `shown`, the log sees `inner`.
    #[error("{inner}")]
    Unavailable {
        /// For the client.
        shown: &'static str,
        /// For the log.
        inner: String,
    },
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
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn detail(&self) -> Value {
        match self {
            Self::Unauthorized(_)
            | Self::Forbidden(_)
            | Self::BadRequest(_)
            | Self::NotFound(_)
            | Self::Conflict(_)
            | Self::TooLarge(_)
            | Self::TooMany(_) => self.to_string().into(),
            Self::Invalid(problems) => json!(problems),
            Self::Unavailable { shown, .. } => (*shown).into(),
            Self::Internal(_) => {
                "the server failed to do this; its log says why, under the x-request-id of this response".into()
            }
        }
    }

    /// The response, with what clients are told in the member `told_in`.
    pub(super) fn response(self, told_in: &str) -> Response {
        let mut response =
            json_response(self.status(), json!({ told_in: self.detail() }).to_string());
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

impl From<exec::Error> for Error {
    fn from(error: exec::Error) -> Self {
        let shown = error.to_string();
        match error {
            exec::Error::NotFound { .. } => Self::NotFound(shown),
            exec::Error::Ended { .. } | exec::Error::Cwd { .. } | exec::Error::Command { .. } => {
                Self::BadRequest(shown)
            }
            exec::Error::InputStuck { .. } => Self::Conflict(shown),
            exec::Error::NoPty { .. } => Self::Unavailable {
                shown: "no pseudo-terminal is free: end commands that are no longer needed, or have the setting max_processes (or the system's kernel.pty.max and its limit on open files) raised",
                inner: shown,
            },
            exec::Error::Start { .. } => Self::Unavailable {
                shown: "the command could not be started; the server's log says why; try again later",
                inner: shown,
            },
            exec::Error::ShuttingDown => Self::Unavailable {
                shown: "the server is shutting down and starts nothing new; try again in a moment",
                inner: shown,
            },
        }
    }
}

impl From<terminal::Error> for Error {
    fn from(error: terminal::Error) -> Self {
        let shown = error.to_string();
        match error {
            terminal::Error::NotFound { .. } | terminal::Error::NoneConnected => {
                Self::NotFound(shown)
            }
            terminal::Error::Taken { .. } | terminal::Error::InputFull { .. } => {
                Self::Conflict(shown)
            }
            terminal::Error::TooMany { .. } => Self::TooMany(shown),
            terminal::Error::NoPty { .. } => Self::Unavailable {
                shown: "no pseudo-terminal is free: end terminals and commands that are no longer needed, or have the setting max_processes (or the system's kernel.pty.max and its limit on open files) raised",
                inner: shown,
            },
            terminal::Error::Start { .. } => Self::Unavailable {
                shown: "the terminal's shell could not be started; the server's log says why; try again later",
                inner: shown,
            },
            terminal::Error::ShuttingDown => Self::Unavailable {
                shown: "the server is shutting down and opens no more terminals; try again in a moment",
                inner: shown,
            },
        }
    }
}

impl From<workspace::Error> for Error {
    fn from(error: workspace::Error) -> Self {
        let shown = error.to_string();
        match error {
            workspace::Error::NoDirectory(_) => Self::NotFound(shown),
            workspace::Error::Unusable { .. } => Self::BadRequest(shown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
