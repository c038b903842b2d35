//! Two files compared, as the file browser shows it.

use axum::extract::State as Use;
use axum::response::Response;

use crate::api::blocking::streamed;
use crate::api::extract::{Caller, Input};
use crate::api::json::JSON;
use crate::api::validate::{Fields, Flag, Noted, Read, SomeText};
use crate::api::{Error, State};
use crate::files;

/// Which files to compare.
pub(in crate::api) struct CompareRequest {
    original: String,
    revised: String,
    ignore_whitespace: bool,
}

impl Read for CompareRequest {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let original = fields.required("original", SomeText);
        let revised = fields.required("revised", SomeText);
        let ignore_whitespace = fields.defaulted("ignore_whitespace", Flag, false);
        Ok(Self {
            original: original?,
            revised: revised?,
            ignore_whitespace: ignore_whitespace?,
        })
    }
}

/// Where two files differ. The answer can be many times as long as what differs, so it is sent while it is written.
pub(in crate::api) async fn compare_files(
    Use(state): Use<State>,
    Caller(owner): Caller,
    Input((), request): Input<(), CompareRequest>,
) -> Result<Response, Error> {
    let session = owner.session.as_deref();
    let workspace = state.workspace();
    let original = workspace.resolve(session, &request.original)?;
    let revised = workspace.resolve(session, &request.revised)?;
    let turn = state.turn_to_compare([&original, &revised]).await?;
    streamed(JSON, move |stop, out| {
        let _turn = turn;
        let compared = files::compare(&original, &revised, request.ignore_whitespace, stop)?;
        serde_json::to_writer(out, &compared).map_err(|_| files::Error::Stopped.into())
    })
    .await
}
