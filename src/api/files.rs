//! Files: the directory a session is at, and the home directory it starts from.

use axum::extract::State as Use;
use serde_json::{Map, Value, json};

use super::Error;
use super::extract::{Caller, Input};
use super::json::Json;
use super::validate::{AnyText, Fields, Noted, Read};
use crate::workspace::{Root, Workspace};

/// Where the caller's session is, its home directory, and the top of the file browser.
pub(super) async fn get_cwd(Use(workspace): Use<Workspace>, Caller(owner): Caller) -> Json<Value> {
    let cwd = workspace.directory(owner.session.as_deref());
    let mut body = Map::new();
    body.insert("cwd".to_owned(), cwd.to_string_lossy().into());
    body.insert("home".to_owned(), workspace.home().to_string_lossy().into());
    if let Some(Root { path, label }) = workspace.root() {
        body.insert(
            "root".to_owned(),
            json!({ "path": path.to_string_lossy(), "label": label }),
        );
    }
    Json(body.into())
}

/// A directory to go to.
pub(super) struct SetCwdRequest {
    path: String,
}

impl Read for SetCwdRequest {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        // A path that the system cannot have, one with NUL, is one that is not there.
        let path = fields.required("path", AnyText);
        Ok(Self { path: path? })
    }
}

/// Moves the caller's session to another directory.
pub(super) async fn set_cwd(
    Use(workspace): Use<Workspace>,
    Caller(owner): Caller,
    Input((), request): Input<(), SetCwdRequest>,
) -> Result<Json<Value>, Error> {
    let entering = tokio::task::spawn_blocking(move || {
        workspace.enter(owner.session.as_deref(), &request.path)
    });
    let path = entering
        .await
        .map_err(|error| Error::Internal(error.to_string()))??;
    Ok(Json(json!({ "cwd": path.to_string_lossy() })))
}
