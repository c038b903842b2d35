//! A running cell as server-sent events.
//!
//! `output` for each output (of what is printed, each piece), `update` when something shown changes, `clear` when
//! the outputs are cleared, `missed` where some were left out because the client reads too slowly, and at the end `done` with the plain answer, or `error` with a `detail`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::Error;
use super::super::json::Json;
use crate::notebooks::{self, Answer, Ask, Listener, Notebooks, Piece, Pieces};

/// A connection over which nothing else comes gets a comment this often, so that nobody takes it for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

type Run = JoinHandle<Result<Answer, notebooks::Error>>;

/// Where a stream of events is.
enum Stage {
    /// The cell runs.
    Open(Pieces, Run),
    /// The last event is sent.
    Ended,
}

/// Runs a cell and answers with events. What keeps it from beginning, such as another cell that runs, is an
/// error with its usual status.
pub(super) async fn execute(
    notebooks: Notebooks,
    user: Option<Arc<str>>,
    id: String,
    ask: Ask,
) -> Result<Response, Error> {
    let (sender, pieces) = notebooks::telling();
    let (tell, begun) = oneshot::channel();
    let run: Run = tokio::spawn(async move {
        let listener = Listener {
            begun: Some(tell),
            pieces: Some(sender),
        };
        notebooks
            .execute_telling(user.as_deref(), &id, ask, listener)
            .await
    });
    if begun.await.is_err() {
        // It has ended already, and not well.
        return Ok(Json(ended(run).await?).into_response());
    }
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache"),
    ];
    let events = stream::unfold(Stage::Open(pieces, run), next);
    Ok((headers, Body::from_stream(events)).into_response())
}

async fn next(stage: Stage) -> Option<(Result<Bytes, Infallible>, Stage)> {
    let Stage::Open(mut pieces, run) = stage else {
        return None;
    };
    let (bytes, stage) = match timeout(HEARTBEAT, pieces.next()).await {
        Err(_) => (Bytes::from_static(b":\n\n"), Stage::Open(pieces, run)),
        Ok(Some(piece)) => (told(&piece), Stage::Open(pieces, run)),
        Ok(None) => (last(run).await, Stage::Ended),
    };
    Some((Ok(bytes), stage))
}

async fn ended(run: Run) -> Result<Answer, Error> {
    let ended = run
        .await
        .map_err(|error| Error::Internal(error.to_string()))?;
    Ok(ended?)
}

async fn last(run: Run) -> Bytes {
    match ended(run).await {
        Ok(answer) => event("done", &answer),
        Err(error) => event("error", &json!({ "detail": error.detail() })),
    }
}

fn told(piece: &Piece) -> Bytes {
    match piece {
        Piece::Output(output) => event("output", output),
        Piece::Update(id, output) => {
            event("update", &json!({ "display_id": id, "output": output }))
        }
        Piece::Clear(wait) => event("clear", &json!({ "wait": wait })),
        Piece::Missed => event("missed", &json!({})),
    }
}

/// One event. JSON has no line breaks outside its texts, and escapes those within.
fn event(name: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).expect("texts, numbers and JSON can be written");
    // What a kernel sent as raw JSON may be laid out in lines.
    let data = data.replace(['\r', '\n'], " ");
    format!("event: {name}\ndata: {data}\n\n").into()
}
