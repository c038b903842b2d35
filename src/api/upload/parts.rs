//! Uploads in parts: each request brings the bytes from an offset on, and the last one completes the file.

use std::path::PathBuf;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State as Use};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::{UNDER_WAY, discard};
use crate::api::blocking::blocking;
use crate::api::extract::Query;
use crate::api::json::Json;
use crate::api::validate::{Fields, Integer, Noted, Read, Text};
use crate::api::{Error, State};
use crate::files::{self, Progress, UploadError, Written};
use crate::workspace::shown;

const COUNT: Integer = Integer { min: 0 };

/// Which upload, and for which file.
pub(in crate::api) struct PartQuery {
    directory: String,
    filename: String,
}

impl Read for PartQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let directory = fields.required("directory", Text);
        let filename = fields.required("filename", Text);
        Ok(Self {
            directory: directory?,
            filename: filename?,
        })
    }
}

impl PartQuery {
    /// The file that the upload is for.
    fn target(&self, state: &State) -> Result<PathBuf, Error> {
        let directory = state.workspace().resolve(None, &self.directory)?;
        Ok(directory.join(super::base_name(&self.filename)?))
    }
}

/// A part, and how long the file will be.
pub(in crate::api) struct PutQuery {
    part: PartQuery,
    offset: u64,
    size: u64,
}

impl Read for PutQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let part = PartQuery::read(fields);
        let offset = fields.required("offset", COUNT);
        let size = fields.required("size", COUNT);
        Ok(Self {
            part: part?,
            offset: offset?,
            size: size?,
        })
    }
}

/// The id in the target of a request; whether it is one is for the service to say.
type Id = Result<Path<String>, PathRejection>;

fn named(id: Id) -> Result<String, Error> {
    let id = id.map_err(|_| Error::BadRequest("the upload's id is no valid text".to_owned()))?;
    Ok(id.0)
}

/// Takes a part. What has arrived stays when the request breaks off; a part that completes the file gives it its name.
pub(in crate::api) async fn put_part(
    Use(state): Use<State>,
    id: Id,
    Query(query): Query<PutQuery>,
    request: Request,
) -> Result<Json<Value>, Error> {
    let id = named(id)?;
    let target = query.part.target(&state)?;
    let told = shown(&target).into_owned();
    let (sender, pieces) = mpsc::channel(UNDER_WAY);
    let writing = {
        let (parts, id) = (state.parts().clone(), id.clone());
        let durable = state.config().fsync_writes;
        spawn_blocking(move || {
            let part = parts.open(&id, &target, query.offset, query.size, durable)?;
            receive(part, pieces)
        })
    };
    let mut body = request.into_body().into_data_stream();
    let mut broken = None;
    while let Some(piece) = body.next().await {
        let piece = match piece {
            Ok(piece) => Piece::Bytes(piece),
            Err(error) => {
                broken = Some(error);
                break;
            }
        };
        if sender.send(piece).await.is_err() {
            discard(&mut body).await;
            break;
        }
    }
    if broken.is_none() {
        // Fails when the writer has stopped, whose error then says why.
        sender.send(Piece::End).await.ok();
    }
    drop(sender);
    let progress = writing
        .await
        .map_err(|error| Error::Internal(error.to_string()))??;
    if let Some(error) = broken {
        return Err(Error::BadRequest(format!(
            "the part broke off: {error}; ask for the offset and go on from there"
        )));
    }
    Ok(Json(match progress {
        Some(Progress::Complete(Written { size, content_hash })) => {
            json!({ "id": id, "offset": size, "complete": true, "path": told, "size": size, "content_hash": content_hash })
        }
        Some(Progress::Partial { offset }) => {
            json!({ "id": id, "offset": offset, "complete": false })
        }
        None => json!({ "id": id, "complete": false }),
    }))
}

/// What a request brings.
enum Piece {
    Bytes(Bytes),
    /// All of it is there.
    End,
}

/// Writes the pieces; gives nothing when they end without an end.
fn receive(
    mut part: files::Part,
    mut pieces: mpsc::Receiver<Piece>,
) -> Result<Option<Progress>, UploadError> {
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Bytes(bytes) => part.write_all(&bytes)?,
            Piece::End => return part.finish().map(Some),
        }
    }
    Ok(None)
}

/// How much of an upload is there.
pub(in crate::api) async fn get_part(
    Use(state): Use<State>,
    id: Id,
    Query(query): Query<PartQuery>,
) -> Result<Json<Value>, Error> {
    let id = named(id)?;
    let target = query.target(&state)?;
    let (parts, asked) = (state.parts().clone(), id.clone());
    let offset = blocking(move |_| parts.offset(&asked, &target)).await?;
    let offset = offset.ok_or_else(|| {
        Error::NotFound(format!(
            "there is no upload {id} for this file; begin it with offset=0"
        ))
    })?;
    Ok(Json(json!({ "id": id, "offset": offset })))
}

/// Gives an upload up.
pub(in crate::api) async fn delete_part(
    Use(state): Use<State>,
    id: Id,
    Query(query): Query<PartQuery>,
) -> Result<Json<Value>, Error> {
    let id = named(id)?;
    let target = query.target(&state)?;
    let (parts, asked) = (state.parts().clone(), id.clone());
    blocking(move |_| parts.remove(&asked, &target)).await?;
    Ok(Json(json!({ "id": id, "status": "removed" })))
}
