//! Terminals on the wire: make, list, end and attach to them; read and type into the one the user is at.

mod access;
mod frames;
mod handshake;
mod line;
mod pulse;
mod socket;
mod visit;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State as Use};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

pub(super) use handshake::{asks_for_websocket, or_attach};

use super::Error;
use super::extract::{Caller, Input};
use super::json::Json;
use super::validate::{AnyText, Fields, Noted, Read};
use crate::terminal::{self, Summary, Terminals};
use crate::workspace::Workspace;

/// A terminal as clients see it, in the order of the wire.
#[derive(Serialize)]
pub(super) struct Terminal {
    id: String,
    created_at: String,
    pid: i32,
    attached: usize,
    cols: u16,
    rows: u16,
    offset: u64,
}

impl From<Summary> for Terminal {
    fn from(summary: Summary) -> Self {
        Self {
            id: summary.id,
            created_at: format!("{:.6}", summary.created_at),
            pid: summary.pid,
            attached: summary.attached,
            cols: summary.size.cols,
            rows: summary.size.rows,
            offset: summary.offset,
        }
    }
}

/// An error of these routes, which clients read from `error` instead of `detail`.
pub(super) struct Refused(Error);

impl From<terminal::Error> for Refused {
    fn from(error: terminal::Error) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.0.response("error")
    }
}

/// The id of a terminal in the path.
pub(super) struct TerminalId(String);

impl<S: Send + Sync> FromRequestParts<S> for TerminalId {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(PathRejection::FailedToDeserializePathParams(_)) => Err(Refused(Error::NotFound(
                "the terminal's id in the path is no valid text".to_owned(),
            ))),
            Err(other) => Err(Refused(Error::Internal(other.body_text()))),
        }
    }
}

/// Makes a terminal, or takes up again the one the caller has left. The body is not looked at.
pub(super) async fn create_terminal(
    Use(terminals): Use<Terminals>,
    Use(workspace): Use<Workspace>,
    Caller(owner): Caller,
) -> Result<Json<Terminal>, Refused> {
    let directory = workspace.directory(owner.session.as_deref());
    let opened = terminals.open(owner, &directory, workspace.home()).await;
    Ok(Json(opened?.into()))
}

/// The caller's terminals.
pub(super) async fn list_terminals(
    Use(terminals): Use<Terminals>,
    Caller(owner): Caller,
) -> Json<Vec<Terminal>> {
    let summaries = terminals.list(&owner).into_iter();
    Json(summaries.map(Terminal::from).collect())
}

/// One of the caller's terminals.
pub(super) async fn get_terminal(
    Use(terminals): Use<Terminals>,
    Caller(owner): Caller,
    TerminalId(id): TerminalId,
) -> Result<Json<Terminal>, Refused> {
    Ok(Json(terminals.get(&owner, &id)?.into()))
}

/// Ends a terminal and all that runs in it.
pub(super) async fn delete_terminal(
    Use(terminals): Use<Terminals>,
    Caller(owner): Caller,
    TerminalId(id): TerminalId,
) -> Result<Json<Value>, Refused> {
    terminals.close(&owner, &id).await?;
    Ok(Json(json!({ "status": "deleted" })))
}

/// Read the user's terminal
///
/// Returns the newest output of the terminal that the user has open in this chat, up to 64 KiB: what the user sees on the screen and what
/// scrolled by before, with the control sequences that programs print. Use it when the user speaks of the terminal, and always
/// before you type into it with `send_user_terminal_input`, because a program may be running there.
///
/// To run commands of your own use `run_command`, which has a terminal to itself.
#[utoipa::path(
    get,
    path = "/api/terminals/user/output",
    responses(
        (status = 200, description = "An object with the newest output as text in `output`."),
        (status = 401, description = "The API key is missing or wrong."),
        (status = 404, description = "The user has no terminal open in this chat."),
    ),
    security(("HTTPBearer" = []))
)]
pub(super) async fn read_user_terminal(
    Use(terminals): Use<Terminals>,
    Caller(owner): Caller,
) -> Result<Json<Value>, Error> {
    Ok(Json(json!({ "output": terminals.output(&owner)? })))
}

/// Text to type into the user's terminal.
#[derive(Debug, ToSchema)]
pub(super) struct UserInputRequest {
    /// The text to type, taken as it is: there are no escapes. End it with a line break to press Enter; a control character is the key of that name, such as U+0003 for Ctrl-C.
    input: String,
}

impl Read for UserInputRequest {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let input = fields.required("input", AnyText);
        Ok(Self { input: input? })
    }
}

/// Type into the user's terminal
///
/// Types text into the terminal that the user has open in this chat, where the user sees it: a command line for its shell, or input for the
/// program that runs there. Read it with `read_user_terminal` first. Nothing is added, so end a command line with a line break.
///
/// It does not wait for what comes of it: call `read_user_terminal` again to see. To run commands of your own use `run_command`.
#[utoipa::path(
    post,
    path = "/api/terminals/user/input",
    request_body = UserInputRequest,
    responses(
        (status = 200, description = "The text was typed: `{\"status\": \"ok\"}`."),
        (status = 401, description = "The API key is missing or wrong."),
        (status = 404, description = "The user has no terminal open in this chat."),
        (status = 409, description = "The program in the terminal does not read its input; nothing was typed."),
    ),
    security(("HTTPBearer" = []))
)]
pub(super) async fn send_user_terminal_input(
    Use(terminals): Use<Terminals>,
    Caller(owner): Caller,
    Input((), request): Input<(), UserInputRequest>,
) -> Result<Json<Value>, Error> {
    terminals.input(&owner, &request.input)?;
    Ok(Json(json!({ "status": "ok" })))
}
