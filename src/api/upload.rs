//! Uploads: a file from a browser's form, streamed to the disk, or one that comes in parts.

mod parts;

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State as Use};
use axum::http::header::CONTENT_TYPE;
use futures_util::{Stream, StreamExt};
use http_body_util::{BodyExt, Collected, Limited};
use multer::{Field, Multipart};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

pub(super) use parts::{delete_part, get_part, put_part};

use super::blocking::blocking;
use super::extract::{Caller, Query};
use super::json::Json;
use super::validate::{Fields, Noted, Problem, Read, Text};
use super::{Error, State, query};
use crate::files::{self, Staged};
use crate::workspace::shown;

/// Pieces on their way to the disk at once.
const UNDER_WAY: usize = 8;
/// Bytes that are still taken in of a request that is refused.
const DISCARDED: usize = 256 << 20;
/// How long they are.
const DISCARDING: Duration = Duration::from_secs(10);
/// Bytes of a form that cannot hold a file, of which only the mistake is told.
const LONGEST_PLAIN_FORM: usize = 64 << 10;

/// Where to put what comes.
pub(super) struct UploadQuery {
    directory: String,
}

impl Read for UploadQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let directory = fields.required("directory", Text);
        Ok(Self {
            directory: directory?,
        })
    }
}

/// Takes the file in the form's field `file`; of several the last counts. Nothing is there under its name before all of
/// it has come.
pub(super) async fn upload_file(
    Use(state): Use<State>,
    Caller(_): Caller,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<Json<Value>, Error> {
    let directory = state.workspace().resolve(None, &query.directory)?;
    let durable = state.config().fsync_writes;
    let Some(mut form) = form(request).await? else {
        return Err(Error::Invalid(Problem::no_file().into()));
    };
    let mut taken = Taken::None;
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        if field.name() == Some("file") {
            // What came before is dropped with its temporary file.
            taken = take(field, &directory, durable).await?;
        }
    }
    match taken {
        Taken::None => Err(Error::Invalid(Problem::no_file().into())),
        Taken::Text => Err(Error::Invalid(Problem::text_for_file().into())),
        Taken::File(path, staged) => {
            let written = blocking(move |_| staged.commit().map_err(Error::of_change)).await?;
            Ok(Json(json!({
                "path": shown(&path),
                "size": written.size,
                "content_hash": written.content_hash,
            })))
        }
    }
}

/// What the form's field `file` held.
enum Taken {
    None,
    Text,
    File(PathBuf, Box<Staged>),
}

/// The form in a request's body; none when there is no form.
async fn form(request: Request) -> Result<Option<Multipart<'static>>, Error> {
    let declared = request.headers().get(CONTENT_TYPE);
    let declared = declared.and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = declared.split(';').next().unwrap_or("").trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        refuse_plain_form(request.into_body()).await?;
        return Ok(None);
    }
    if !kind.eq_ignore_ascii_case("multipart/form-data") {
        return Ok(None);
    }
    let boundary = multer::parse_boundary(declared).map_err(|error| broken(&error))?;
    if request.body().is_end_stream() {
        return Ok(None);
    }
    let body = request.into_body().into_data_stream();
    Ok(Some(Multipart::new(body, boundary)))
}

/// A form of another kind can hold no file: an error when it has text where the file should be.
async fn refuse_plain_form(body: Body) -> Result<(), Error> {
    let body = Limited::new(body, LONGEST_PLAIN_FORM).collect().await;
    let body = body.map(Collected::to_bytes).unwrap_or_default();
    let fields = query::parameters(&String::from_utf8_lossy(&body));
    let file = fields.iter().rfind(|(name, _)| name == "file");
    match file {
        Some((_, value)) if !value.is_empty() => {
            Err(Error::Invalid(Problem::text_for_file().into()))
        }
        _ => Ok(()),
    }
}

fn broken(error: &multer::Error) -> Error {
    Error::BadRequest(format!(
        "the form could not be read: {error}; send multipart/form-data with the file in the field \"file\""
    ))
}

/// Streams a field into a temporary file in `directory`.
async fn take(mut field: Field<'static>, directory: &Path, durable: bool) -> Result<Taken, Error> {
    let Some(name) = field.file_name().map(str::to_owned) else {
        return Ok(Taken::Text);
    };
    let directory = directory.to_owned();
    let (sender, mut pieces) = mpsc::channel::<Bytes>(UNDER_WAY);
    let writing = spawn_blocking(move || {
        files::mkdir(&directory).map_err(Error::of_change)?;
        let path = directory.join(base_name(&name)?);
        let mut staged = Staged::create(&path, durable).map_err(not_permitted)?;
        while let Some(piece) = pieces.blocking_recv() {
            staged.write_all(&piece).map_err(Error::of_change)?;
        }
        Ok::<_, Error>((path, staged))
    });
    let received = pass_on(&mut field, &sender).await;
    drop(sender);
    let written = writing
        .await
        .map_err(|error| Error::Internal(error.to_string()))?;
    let (path, staged) = written?;
    received?;
    Ok(Taken::File(path, Box::new(staged)))
}

/// Passes the field on, until it ends or the writer has stopped, whose error then says why.
async fn pass_on(field: &mut Field<'static>, sender: &mpsc::Sender<Bytes>) -> Result<(), Error> {
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
        if sender.send(piece).await.is_err() {
            discard(field).await;
            break;
        }
    }
    Ok(())
}

/// Takes in what a client goes on sending though its answer is decided, within bounds: one that finds the
/// connection closed does not come to read the answer.
async fn discard<E>(rest: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin)) {
    let mut left = DISCARDED;
    let reading = async {
        while left > 0
            && let Some(Ok(piece)) = rest.next().await
        {
            left = left.saturating_sub(piece.len());
        }
    };
    tokio::time::timeout(DISCARDING, reading).await.ok();
}

/// Where nothing may be put, an upload is forbidden, other than a write.
fn not_permitted(error: files::Error) -> Error {
    match &error {
        files::Error::Refused { problem, .. }
            if problem.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            Error::Refused(error.to_string())
        }
        _ => Error::of_change(error),
    }
}

/// The name that a file gets in its directory.
fn base_name(filename: &str) -> Result<PathBuf, Error> {
    files::base_name(filename).ok_or_else(|| {
        Error::BadRequest(format!(
            "{filename:?} names no file; give a name such as report.txt"
        ))
    })
}
