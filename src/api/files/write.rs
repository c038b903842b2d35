//! Files changed: written whole, or some text in them replaced.

use axum::extract::State as Use;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::blocking::blocking;
use crate::api::extract::{Caller, Input};
use crate::api::json::Json;
use crate::api::validate::{AnyText, Fields, Flag, Integer, Items, Noted, Read, Text};
use crate::api::{Error, State};
use crate::files::{self, Chunk, Written};
use crate::workspace::shown;

const LINE: Integer = Integer { min: 1 };

/// A file to write.
#[derive(Debug, ToSchema)]
pub(in crate::api) struct WriteRequest {
    /// The file; a relative path starts from the session's current directory. Directories on the way are made.
    path: String,
    /// All of its new contents.
    content: String,
    /// The `content_hash` that the file must still have, as `read_file` or an earlier change told it. If somebody else changed the file
    /// meanwhile nothing is written and the answer is 409.
    #[schema(nullable = false)]
    expected_hash: Option<String>,
}

impl Read for WriteRequest {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let path = fields.required("path", Text);
        let content = fields.required("content", AnyText);
        let expected_hash = fields.optional("expected_hash", Text);
        Ok(Self {
            path: path?,
            content: content?,
            expected_hash: expected_hash?,
        })
    }
}

/// One piece of text to replace.
#[derive(Debug, ToSchema)]
pub(in crate::api) struct ReplacementChunk {
    /// The text to find, exactly as it is in the file, with its spaces and line breaks.
    target: String,
    /// The text to put in its place; empty to remove it.
    replacement: String,
    /// First line to look in, counted from 1.
    #[schema(nullable = false, minimum = 1)]
    start_line: Option<u64>,
    /// Last line to look in; that line is included.
    #[schema(nullable = false, minimum = 1)]
    end_line: Option<u64>,
    /// Replace every occurrence. Without it a text that occurs more than once is refused.
    #[schema(required = false, default = false)]
    allow_multiple: bool,
}

impl Read for ReplacementChunk {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let target = fields.required("target", AnyText);
        let replacement = fields.required("replacement", AnyText);
        let start_line = fields.optional("start_line", LINE);
        let end_line = fields.optional("end_line", LINE);
        let allow_multiple = fields.defaulted("allow_multiple", Flag, false);
        Ok(Self {
            target: target?,
            replacement: replacement?,
            start_line: start_line?,
            end_line: end_line?,
            allow_multiple: allow_multiple?,
        })
    }
}

impl From<ReplacementChunk> for Chunk {
    fn from(chunk: ReplacementChunk) -> Self {
        let ReplacementChunk {
            target,
            replacement,
            start_line,
            end_line,
            allow_multiple,
        } = chunk;
        Self {
            target,
            replacement,
            start_line,
            end_line,
            allow_multiple,
        }
    }
}

/// Text to replace in a file.
#[derive(Debug, ToSchema)]
pub(in crate::api) struct ReplaceRequest {
    /// The file; a relative path starts from the session's current directory.
    path: String,
    /// What to replace, one after the other; each sees what the ones before it made. If one cannot be done, nothing is changed.
    replacements: Vec<ReplacementChunk>,
    /// The `content_hash` that the file must still have, as `read_file` or an earlier change told it. If somebody else changed the file
    /// meanwhile nothing is written and the answer is 409.
    #[schema(nullable = false)]
    expected_hash: Option<String>,
}

impl Read for ReplaceRequest {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let path = fields.required("path", Text);
        let replacements = fields.required("replacements", Items::new());
        let expected_hash = fields.optional("expected_hash", Text);
        Ok(Self {
            path: path?,
            replacements: replacements?,
            expected_hash: expected_hash?,
        })
    }
}

/// A file as it was written.
#[derive(Serialize)]
pub(in crate::api) struct Changed {
    path: String,
    size: u64,
    content_hash: String,
}

/// Write a file
///
/// Makes a file with the given contents, or replaces all the contents of one that is there, at once: nobody ever sees half of it. To change a
/// part of a long file use `replace_file_content`.
#[utoipa::path(
    post,
    path = "/files/write",
    request_body = WriteRequest,
    responses(
        (status = 200, description = "The file was written: an object with `path`, `size` in bytes and `content_hash`."),
        (status = 400, description = "The file cannot be written there, such as when it is a directory or may not be changed."),
        (status = 401, description = "The API key is missing or wrong."),
        (status = 409, description = "The file is not in the state that `expected_hash` names; `content_hash` is the one it has."),
        (status = 507, description = "The disk is full; the file is as it was."),
    ),
    security(("HTTPBearer" = []))
)]
pub(in crate::api) async fn write_file(
    Use(state): Use<State>,
    Caller(owner): Caller,
    Input((), request): Input<(), WriteRequest>,
) -> Result<Json<Changed>, Error> {
    let session = owner.session.as_deref();
    let path = state.workspace().resolve(session, &request.path);
    let path = path.map_err(|error| Error::of_place(error, Error::BadRequest))?;
    let durable = state.config().fsync_writes;
    let shown = shown(&path).into_owned();
    let written = blocking(move |_| {
        let expected = request.expected_hash.as_deref();
        files::write(&path, request.content.as_bytes(), expected, durable).map_err(Error::of_change)
    })
    .await?;
    Ok(changed(shown, written))
}

/// Replace text in a file
///
/// Replaces pieces of text in a file, each given exactly as it is there. A text that is not found, or that occurs more than once without
/// `allow_multiple`, is an error, and then nothing is changed. Line endings of the file are kept.
#[utoipa::path(
    post,
    path = "/files/replace",
    request_body = ReplaceRequest,
    responses(
        (status = 200, description = "The text was replaced: an object with `path`, `size` in bytes and `content_hash`."),
        (status = 400, description = "A text was not found, or more than once; the answer says which and where."),
        (status = 401, description = "The API key is missing or wrong."),
        (status = 404, description = "There is no such file."),
        (status = 409, description = "The file is not in the state that `expected_hash` names; `content_hash` is the one it has."),
        (status = 415, description = "The file is no text in UTF-8."),
        (status = 507, description = "The disk is full; the file is as it was."),
    ),
    security(("HTTPBearer" = []))
)]
pub(in crate::api) async fn replace_file_content(
    Use(state): Use<State>,
    Caller(owner): Caller,
    Input((), request): Input<(), ReplaceRequest>,
) -> Result<Json<Changed>, Error> {
    let session = owner.session.as_deref();
    let path = state.workspace().resolve(session, &request.path)?;
    let durable = state.config().fsync_writes;
    let shown = shown(&path).into_owned();
    let chunks: Vec<Chunk> = request.replacements.into_iter().map(Into::into).collect();
    let expected = request.expected_hash;
    let written = blocking(move |_| {
        files::replace(&path, &chunks, expected.as_deref(), durable).map_err(|error| match error {
            files::Error::Denied { .. } => Error::BadRequest(error.to_string()),
            other => other.into(),
        })
    })
    .await?;
    Ok(changed(shown, written))
}

fn changed(path: String, written: Written) -> Json<Changed> {
    let Written { size, content_hash } = written;
    Json(Changed {
        path,
        size,
        content_hash,
    })
}
