//! Bytes of a file, as a browser takes them: in whole or in part, and only when it has not got them yet.

use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use axum::body::{Body, Bytes};
use axum::extract::State as Use;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};

use super::contents::Contents;
use super::ranges::{self, Validators, Wanted};
use crate::api::blocking::blocking;
use crate::api::extract::Query;
use crate::api::json::json_response;
use crate::api::validate::{AnyText, Fields, Flag, Noted, Read};
use crate::api::{Error, State, query};
use crate::files;
use crate::workspace::{Workspace, meant, open_regular};

/// Files up to so many bytes are read at once. Only then is their size sure: those of /sys tell another one.
const AT_ONCE: u64 = 64 << 10;
/// Most of a file of unknown size, such as one in /proc, that is sent.
const UNSIZED: u64 = 4 << 20;
/// What comes before the path in the target of [`serve_file`].
const SERVE: &str = "/files/serve/";

/// A file to send.
pub(in crate::api) struct ViewQuery {
    path: String,
    /// Whether it may come as PDF, where that can be made of it.
    preview: bool,
}

impl Read for ViewQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let path = fields.required("path", AnyText);
        let preview = fields.defaulted("preview", Flag, false);
        Ok(Self {
            path: path?,
            preview: preview?,
        })
    }
}

/// Sends the file that the query names.
pub(in crate::api) async fn view_file(
    Use(state): Use<State>,
    headers: HeaderMap,
    Query(query): Query<ViewQuery>,
) -> Result<Response, Error> {
    let path = state.workspace().resolve(None, &query.path)?;
    if query.preview
        && let Some(pdf) = state.previews().pdf(&path).await
    {
        let opened = blocking(move |_| preview(pdf, &path)).await?;
        return Ok(answer(opened, &headers));
    }
    send(path, headers).await
}

/// Sends the file that the rest of the target names, seen from the top of the file system.
pub(in crate::api) async fn serve_file(
    Use(workspace): Use<Workspace>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Error> {
    let rest = uri.path().strip_prefix(SERVE).unwrap_or_default();
    let bytes = query::decode_path(rest);
    let path = match str::from_utf8(&bytes) {
        Ok(text) => meant(text).into_owned(),
        Err(_) => PathBuf::from(std::ffi::OsStr::from_bytes(&bytes)),
    };
    send(workspace.from_top(&path)?, headers).await
}

/// Where pages that name no file are sent.
pub(in crate::api) async fn to_serve() -> Redirect {
    Redirect::temporary(SERVE)
}

/// There is no file without a name.
pub(in crate::api) async fn nothing_to_serve() -> Error {
    Error::NotFound("name a file after /files/serve/, with its full path".to_owned())
}

async fn send(path: PathBuf, headers: HeaderMap) -> Result<Response, Error> {
    let opened = blocking(move |_| open(&path)).await?;
    Ok(answer(opened, &headers))
}

/// A file that is open for sending.
struct Opened {
    file: File,
    size: u64,
    content_type: String,
    validators: Validators,
    /// All of it, when it was read at once.
    whole: Option<Bytes>,
}

fn open(path: &Path) -> Result<Opened, files::Error> {
    let (file, found) = open_regular(path).map_err(|why| files::Error::unopened(path, why))?;
    ready(path, file, &found, files::content_type(path))
}

/// The preview of the file at `path`.
fn preview(pdf: File, path: &Path) -> Result<Opened, files::Error> {
    let found = pdf.metadata();
    let found = found.map_err(|problem| files::Error::reading(path, problem))?;
    ready(path, pdf, &found, "application/pdf".to_owned())
}

fn ready(
    path: &Path,
    file: File,
    found: &Metadata,
    content_type: String,
) -> Result<Opened, files::Error> {
    let whole = match found.len() {
        0 => Some(UNSIZED),
        size if size <= AT_ONCE => Some(size),
        _ => None,
    };
    let whole = whole
        .map(|most| up_to(most, &file))
        .transpose()
        .map_err(|problem| files::Error::reading(path, problem))?;
    let size = whole
        .as_ref()
        .map_or(found.len(), |whole| whole.len() as u64);
    Ok(Opened {
        size,
        content_type,
        validators: validators(found),
        file,
        whole,
    })
}

/// The contents of a file as far as `most` bytes; what would have to be waited for is left out.
fn up_to(most: u64, file: &File) -> io::Result<Bytes> {
    let mut whole = Vec::new();
    match io::Read::read_to_end(&mut io::Read::take(file, most), &mut whole) {
        Err(problem) if problem.kind() != io::ErrorKind::WouldBlock => Err(problem),
        _ => Ok(whole.into()),
    }
}

fn validators(found: &Metadata) -> Validators {
    Validators {
        // As long as these are the same, so are the contents.
        etag: format!(
            "\"{:x}-{:x}-{:x}{:08x}\"",
            found.ino(),
            found.len(),
            found.mtime(),
            found.mtime_nsec()
        ),
        modified: found.mtime(),
    }
}

fn answer(opened: Opened, headers: &HeaderMap) -> Response {
    let Opened {
        file,
        size,
        content_type,
        validators,
        whole,
    } = opened;
    let wanted = ranges::wanted(headers, &validators, size);
    let mut response = match wanted {
        Wanted::Nothing => StatusCode::NOT_MODIFIED.into_response(),
        Wanted::Outside => outside(size),
        Wanted::All => body(file, whole, 0..size),
        Wanted::Part(range) => {
            let shown = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            let mut response = body(file, whole, range);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            set(&mut response, CONTENT_RANGE, &shown);
            response
        }
    };
    if response.status() != StatusCode::RANGE_NOT_SATISFIABLE {
        set(&mut response, CONTENT_TYPE, &content_type);
    }
    set(&mut response, ETAG, &validators.etag);
    if let Some(date) = validators.date() {
        set(&mut response, LAST_MODIFIED, &date);
    }
    set(&mut response, ACCEPT_RANGES, "bytes");
    set(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

/// The refusal of a range that the file has not got.
fn outside(size: u64) -> Response {
    let detail = format!("the file has {size} bytes, and the range asked for is outside them");
    let mut response = json_response(
        StatusCode::RANGE_NOT_SATISFIABLE,
        serde_json::json!({ "detail": detail }).to_string(),
    );
    set(&mut response, CONTENT_RANGE, &format!("bytes */{size}"));
    response
}

fn set(response: &mut Response, name: axum::http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn body(file: File, whole: Option<Bytes>, range: Range<u64>) -> Response {
    let length = range.end - range.start;
    let body = match whole {
        Some(whole) => {
            let within = |at: u64| usize::try_from(at).unwrap_or(whole.len());
            Body::from(whole.slice(within(range.start)..within(range.end)))
        }
        None => Body::from_stream(Contents::new(file, range).stream()),
    };
    ([(CONTENT_LENGTH, length)], body).into_response()
}
