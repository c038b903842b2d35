//! A file read: its text with the lines asked for, or the bytes of an image.

use std::io::{Read as _, Write as _};

use axum::extract::State as Use;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use serde::Serialize;
use utoipa::IntoParams;

use super::{MAX_BYTES, budget};
use crate::api::blocking::streamed;
use crate::api::extract::{Caller, Query};
use crate::api::json::{JSON, to_json};
use crate::api::validate::{AnyText, Fields, Integer, Noted, Read};
use crate::api::{Error, State};
use crate::files::{self, ReadRequest, Readable, TextFile};
use crate::workspace::shown;

const LINE: Integer = Integer { min: 1 };

/// Which file to read, and which part of it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct ReadQuery {
    /// The file; a relative path starts from the session's current directory.
    path: String,
    /// First line to return, counted from 1.
    #[param(minimum = 1, nullable = false)]
    start_line: Option<u64>,
    /// Last line to return; that line is included.
    #[param(minimum = 1, nullable = false)]
    end_line: Option<u64>,
    /// Most bytes of text to return. Set it when the file may be large; the answer then ends at a line and says which one to go on with. 0 is no bound.
    #[param(minimum = 0, nullable = false)]
    max_bytes: Option<u64>,
}

impl Read for ReadQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let path = fields.required("path", AnyText);
        let start_line = fields.optional("start_line", LINE);
        let end_line = fields.optional("end_line", LINE);
        let max_bytes = fields.optional("max_bytes", MAX_BYTES);
        Ok(Self {
            path: path?,
            start_line: start_line?,
            end_line: end_line?,
            max_bytes: max_bytes?,
        })
    }
}

/// All of the answer before the content.
#[derive(Serialize)]
struct Head<'a> {
    path: &'a str,
    total_lines: u64,
    content_hash: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    missing: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// Read a file
///
/// Returns the text of a file, all of it or the lines from `start_line` to `end_line`, and how many lines there are. Line breaks are
/// given as `\n`. Images come as an image. Of documents (pdf, docx, xlsx, pptx, rtf, xls, odt, ods, odp, epub, eml) the text is
/// given: rows of tables with tabs between the cells, sheets and slides under headings such as `--- Sheet1 ---`; `missing` says
/// what could not be had, such as pages that are pictures. Other binary files are refused; look into them with a command.
///
/// `content_hash` identifies this state of the file: give it as `expected_hash` to `write_file` or `replace_file_content` to change
/// the file only if nobody else did meanwhile. When the answer says `truncated`, go on with `start_line` set to its `next_line`.
#[utoipa::path(
    get,
    path = "/files/read",
    params(ReadQuery),
    responses(
        (status = 200, description = "An object with `path`, `content`, `total_lines` and `content_hash`; the bytes themselves for an image."),
        (status = 401, description = "The API key is missing or wrong."),
        (status = 404, description = "There is no such file."),
        (status = 415, description = "The file is neither text in UTF-8 nor an image nor a document."),
        (status = 422, description = "The document is damaged or encrypted, or takes too much time or memory to be read."),
    ),
    security(("HTTPBearer" = []))
)]
pub(in crate::api) async fn read_file(
    Use(state): Use<State>,
    Caller(owner): Caller,
    Query(query): Query<ReadQuery>,
) -> Result<Response, Error> {
    let session = owner.session.as_deref();
    let request = ReadRequest {
        path: state.workspace().resolve(session, &query.path)?,
        start_line: query.start_line,
        end_line: query.end_line,
        max_bytes: budget(&state, query.max_bytes),
        binary_prefixes: state.config().binary_mime_prefixes.clone(),
    };
    let turn = state.turn_to_read(&request.path).await?;
    streamed(JSON, move |stop, out| {
        let _turn = turn;
        let gone = |_| Error::from(files::Error::Stopped);
        match files::read(&request, stop)? {
            Readable::Bytes {
                file,
                size,
                media_type,
            } => {
                out.declare(as_bytes(&media_type, size));
                std::io::copy(&mut file.take(size), out).map_err(gone)?;
            }
            Readable::Text(text) => {
                out.write_all(&head(&shown(&request.path), &text))
                    .map_err(gone)?;
                text.content_json(stop, &mut |piece| out.give(piece))?;
                out.write_all(b"\"}").map_err(gone)?;
            }
        }
        Ok(())
    })
    .await
}

/// The headers of an answer that is the file itself.
fn as_bytes(media_type: &str, size: u64) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let kind = HeaderValue::from_str(media_type).ok();
    let kind = kind.map(|kind| (CONTENT_TYPE, kind));
    kind.into_iter().chain([(CONTENT_LENGTH, size.into())])
}

/// The JSON up to and into the text of the content.
fn head(path: &str, text: &TextFile) -> Vec<u8> {
    let cut = text.cut();
    let mut head = to_json(&Head {
        path,
        total_lines: text.total_lines(),
        content_hash: text.content_hash(),
        missing: text.gaps(),
        truncated: cut.map(|_| true),
        next_line: cut.and_then(|cut| cut.next_line),
        hint: cut.map(hint),
    });
    head.pop();
    head.extend_from_slice(b",\"content\":\"");
    head
}

fn hint(cut: &files::Cut) -> String {
    let more = cut.next_line.map_or_else(String::new, |next| {
        format!("there is more: go on with start_line={next}")
    });
    let clipped = match cut.clipped {
        0 => String::new(),
        count => {
            format!(
                "{count} long lines are cut: max_bytes=0 with start_line and end_line gives such a line whole"
            )
        }
    };
    let words = [more, clipped];
    let said: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    said.join("; ")
}
