//! Notebooks on the wire: open and close them, run their cells, interrupt and restart their kernels.

mod stream;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State as Use};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::Error;
use super::extract::{Caller, Input};
use super::json::Json;
use super::validate::{AnyText, Fields, Flag, Noted, Number, Read, SignedInteger, Text};
use crate::notebooks::{Ask, Notebooks, Status, Summary};
use crate::workspace::{Workspace, shown};

/// The longest timeout that means anything, in seconds.
const LONGEST: f64 = 1e9;

/// An open notebook as clients see it, in the order of the wire.
#[derive(Serialize)]
pub(super) struct Notebook {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    kernel: String,
    status: &'static str,
}

impl Notebook {
    fn new(summary: Summary, with_path: bool) -> Self {
        Self {
            path: with_path.then(|| shown(&summary.path).into_owned()),
            id: summary.id,
            kernel: summary.kernel,
            status: match summary.status {
                Status::Ready => "ready",
                Status::Busy => "busy",
                Status::Dead => "dead",
            },
        }
    }
}

/// The id of a notebook in the path.
pub(super) struct NotebookId(String);

impl<S: Send + Sync> FromRequestParts<S> for NotebookId {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(PathRejection::FailedToDeserializePathParams(_)) => Err(Error::NotFound(
                "the notebook's id in the path is no valid text".to_owned(),
            )),
            Err(other) => Err(Error::Internal(other.body_text())),
        }
    }
}

/// Which notebook is to be opened.
pub(super) struct OpenRequest {
    path: String,
}

impl Read for OpenRequest {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        Ok(Self {
            path: fields.required("path", Text)?,
        })
    }
}

/// What is to be run.
pub(super) struct ExecuteRequest {
    ask: Ask,
    stream: bool,
}

impl Read for ExecuteRequest {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let index = fields.required("cell_index", SignedInteger);
        let source = fields.optional("source", AnyText);
        let timeout = Number {
            above: Some(0.0),
            max: Some(LONGEST),
            ..Number::default()
        };
        let timeout = fields.optional("timeout", timeout);
        let stream = fields.optional("stream", Flag);
        let ask = Ask {
            index: index?,
            source: source?,
            timeout: timeout?.map(std::time::Duration::from_secs_f64),
        };
        Ok(Self {
            ask,
            stream: stream?.unwrap_or(false),
        })
    }
}

/// Opens a notebook: reads the file and starts its kernel.
pub(super) async fn open_notebook(
    Use(notebooks): Use<Notebooks>,
    Use(workspace): Use<Workspace>,
    Caller(owner): Caller,
    Input((), request): Input<(), OpenRequest>,
) -> Result<Json<Notebook>, Error> {
    let path = workspace.resolve(owner.session.as_deref(), &request.path)?;
    let summary = notebooks.open(owner.user, path).await?;
    Ok(Json(Notebook::new(summary, false)))
}

/// One of the caller's open notebooks.
pub(super) async fn get_notebook(
    Use(notebooks): Use<Notebooks>,
    Caller(owner): Caller,
    NotebookId(id): NotebookId,
) -> Result<Json<Notebook>, Error> {
    let summary = notebooks.get(owner.user.as_deref(), &id)?;
    Ok(Json(Notebook::new(summary, true)))
}

/// Closes a notebook and ends its kernel.
pub(super) async fn close_notebook(
    Use(notebooks): Use<Notebooks>,
    Caller(owner): Caller,
    NotebookId(id): NotebookId,
) -> Result<Json<Value>, Error> {
    notebooks.close(owner.user.as_deref(), &id).await?;
    Ok(Json(json!({ "status": "stopped" })))
}

/// Runs a cell and saves its outputs; answers when it is done, or as a stream of events while it runs.
pub(super) async fn execute_cell(
    Use(notebooks): Use<Notebooks>,
    Caller(owner): Caller,
    NotebookId(id): NotebookId,
    headers: HeaderMap,
    Input((), request): Input<(), ExecuteRequest>,
) -> Result<Response, Error> {
    let ExecuteRequest { ask, stream } = request;
    if stream || accepts_events(&headers) {
        return stream::execute(notebooks, owner.user, id, ask).await;
    }
    let answer = notebooks.execute(owner.user.as_deref(), &id, ask).await?;
    Ok(Json(answer).into_response())
}

fn accepts_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/event-stream"))
}

/// Interrupts the cell that runs.
pub(super) async fn interrupt_notebook(
    Use(notebooks): Use<Notebooks>,
    Caller(owner): Caller,
    NotebookId(id): NotebookId,
) -> Result<Json<Value>, Error> {
    let running = notebooks.interrupt(owner.user.as_deref(), &id).await?;
    let status = if running { "interrupted" } else { "ready" };
    Ok(Json(json!({ "status": status })))
}

/// Ends a notebook's kernel and starts another.
pub(super) async fn restart_notebook(
    Use(notebooks): Use<Notebooks>,
    Caller(owner): Caller,
    NotebookId(id): NotebookId,
) -> Result<Json<Notebook>, Error> {
    let summary = notebooks.restart(owner.user.as_deref(), &id).await?;
    Ok(Json(Notebook::new(summary, false)))
}
