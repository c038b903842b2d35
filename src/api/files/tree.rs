//! Directories made, things deleted and moved, as the file browser does. Paths are seen from the home directory.

use axum::extract::State as Use;
use serde_json::{Value, json};

use crate::api::Error;
use crate::api::blocking::blocking;
use crate::api::extract::{Input, Query};
use crate::api::json::Json;
use crate::api::validate::{Fields, Noted, Read, Text};
use crate::files::{self, Removed};
use crate::workspace::{Workspace, shown};

/// A path to make or delete.
pub(in crate::api) struct Target {
    path: String,
}

impl Read for Target {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let path = fields.required("path", Text);
        Ok(Self { path: path? })
    }
}

/// What to move where.
pub(in crate::api) struct MoveRequest {
    source: String,
    destination: String,
}

impl Read for MoveRequest {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let source = fields.required("source", Text);
        let destination = fields.required("destination", Text);
        Ok(Self {
            source: source?,
            destination: destination?,
        })
    }
}

/// Makes a directory, and those on the way to it.
pub(in crate::api) async fn make_directory(
    Use(workspace): Use<Workspace>,
    Input((), target): Input<(), Target>,
) -> Result<Json<Value>, Error> {
    let path = workspace.resolve(None, &target.path);
    let path = path.map_err(|error| Error::of_place(error, Error::BadRequest))?;
    let shown = shown(&path).into_owned();
    blocking(move |_| files::mkdir(&path).map_err(Error::of_change)).await?;
    Ok(Json(json!({ "path": shown })))
}

/// Deletes a file, or a directory with all that is in it.
pub(in crate::api) async fn delete_path(
    Use(workspace): Use<Workspace>,
    Query(target): Query<Target>,
) -> Result<Json<Value>, Error> {
    if target.path.is_empty() {
        return Err(Error::BadRequest(
            "path is empty; name what is to be deleted".to_owned(),
        ));
    }
    let path = workspace.resolve(None, &target.path)?;
    let shown = shown(&path).into_owned();
    let removed =
        blocking(move |_| files::remove(&path, &[workspace.home()]).map_err(Error::of_change))
            .await?;
    let kind = match removed {
        Removed::File => "file",
        Removed::Directory => "directory",
    };
    Ok(Json(json!({ "path": shown, "type": kind })))
}

/// Moves a file or directory to a path where nothing is yet.
pub(in crate::api) async fn move_path(
    Use(workspace): Use<Workspace>,
    Input((), request): Input<(), MoveRequest>,
) -> Result<Json<Value>, Error> {
    let source = workspace.resolve(None, &request.source)?;
    let destination = workspace.resolve(None, &request.destination)?;
    let answer = json!({ "source": shown(&source), "destination": shown(&destination) });
    blocking(move |stop| {
        files::rename(&source, &destination, &[workspace.home()], stop).map_err(Error::of_change)
    })
    .await?;
    Ok(Json(answer))
}
