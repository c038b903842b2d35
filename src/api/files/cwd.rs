//! The directory a session is at, and the home directory it starts from.

use axum::extract::State as Use;
use serde_json::{Map, Value, json};

use crate::api::Error;
use crate::api::blocking::blocking;
use crate::api::extract::{Caller, Input};
use crate::api::json::Json;
use crate::api::validate::{AnyText, Fields, Noted, Read};
use crate::workspace::{Root, Workspace, shown};

/// Where the caller's session is, its home directory, and the top of the file browser.
pub(in crate::api) async fn get_cwd(
    Use(workspace): Use<Workspace>,
    Caller(owner): Caller,
) -> Json<Value> {
    let cwd = workspace.directory(owner.session.as_deref());
    let mut body = Map::new();
    body.insert("cwd".to_owned(), shown(&cwd).into());
    body.insert("home".to_owned(), shown(workspace.home()).into());
    if let Some(Root { path, label }) = workspace.root() {
        body.insert(
            "root".to_owned(),
            json!({ "path": shown(path), "label": label }),
        );
    }
    Json(body.into())
}

/// A directory to go to.
pub(in crate::api) struct SetCwdRequest {
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
pub(in crate::api) async fn set_cwd(
    Use(workspace): Use<Workspace>,
    Caller(owner): Caller,
    Input((), request): Input<(), SetCwdRequest>,
) -> Result<Json<Value>, Error> {
    let path = blocking(move |_| workspace.enter(owner.session.as_deref(), &request.path)).await?;
    Ok(Json(json!({ "cwd": shown(&path) })))
}
