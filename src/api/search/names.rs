//! Names searched for: by glob, and by a word as a person types it.

use axum::extract::State as Use;
use axum::response::Response;
use serde::Serialize;
use utoipa::IntoParams;

use super::{KINDS, PAGE, RESULTS, small, type_of, wanted};
use crate::api::extract::{Caller, Query};
use crate::api::json::{Json, json_response, to_json};
use crate::api::validate::{AnyText, Fields, Flag, Noted, Read};
use crate::api::{Error, State};
use crate::search::{self, GlobMatch, GlobRequest, NamesRequest};
use crate::workspace::{shown, shown_name};

/// Which paths to find.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct GlobQuery {
    /// The pattern: `*` for any text (slashes too), `?` for one character, `[abc]` for one of these. It is held against the name and against the path below `path`, as in `*.py` or `src/*.rs`.
    pattern: String,
    /// The directory to look in, with all below it; a relative one starts from the session's current directory, which is also the default.
    #[param(default = ".", required = false)]
    path: String,
    /// Patterns of names or paths to leave out.
    #[param(required = false, nullable = false, value_type = Option<Vec<String>>)]
    exclude: Vec<String>,
    /// What to find: `file`, `directory` or `any`.
    #[param(required = false, default = "any", nullable = false, pattern = "^(file|directory|any)$", value_type = Option<String>)]
    r#type: &'static str,
    /// Most paths to return.
    #[param(required = false, minimum = 1, maximum = 500, default = 50)]
    max_results: u64,
}

impl Read for GlobQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let pattern = fields.required("pattern", AnyText);
        let path = fields.defaulted("path", AnyText, ".".to_owned());
        let exclude = fields.repeated("exclude", AnyText);
        let kind = fields.defaulted("type", KINDS, "any");
        let max_results = fields.defaulted("max_results", RESULTS, 50);
        Ok(Self {
            pattern: pattern?,
            path: path?,
            exclude: exclude?,
            r#type: kind?,
            max_results: max_results?,
        })
    }
}

#[derive(Serialize)]
struct Globbed<'a> {
    pattern: &'a str,
    path: &'a str,
    matches: Vec<Found>,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct Found {
    path: String,
    r#type: &'static str,
    size: u64,
    modified: f64,
}

/// Find files by pattern
///
/// Finds files and directories below a directory whose name or path fits a pattern such as `*.py`, in order of their paths, hidden and ignored ones included.
/// Paths in the answer are seen from `path`. When `truncated` is true there are more: give a narrower pattern or a larger `max_results`.
#[utoipa::path(
    get,
    path = "/files/glob",
    params(GlobQuery),
    responses(
        (status = 200, description = "An object with `matches`, an array of objects with `path`, `type`, `size` and `modified`, and `truncated`."),
        (status = 401, description = "The API key is missing or wrong."),
        (status = 404, description = "There is no such directory."),
    ),
    security(("HTTPBearer" = []))
)]
pub(in crate::api) async fn glob_search(
    Use(state): Use<State>,
    Caller(owner): Caller,
    Query(query): Query<GlobQuery>,
) -> Result<Response, Error> {
    let request = GlobRequest {
        pattern: query.pattern.clone(),
        path: state
            .workspace()
            .resolve(owner.session.as_deref(), &query.path)?,
        exclude: query.exclude,
        wanted: wanted(query.r#type),
        max_results: small(query.max_results),
    };
    let path = shown(&request.path).into_owned();
    let (found, hint) = state
        .searching(move |stop| search::glob(&request, stop))
        .await?;
    let answer = Globbed {
        pattern: &query.pattern,
        path: &path,
        matches: found.matches.into_iter().map(Found::from).collect(),
        truncated: found.truncated,
        hint,
    };
    Ok(json_response(axum::http::StatusCode::OK, to_json(&answer)))
}

impl From<GlobMatch> for Found {
    fn from(entry: GlobMatch) -> Self {
        Self {
            path: shown(&entry.path).into_owned(),
            r#type: type_of(entry.directory),
            size: entry.size,
            modified: entry.modified,
        }
    }
}

/// Which names to find.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct NamesQuery {
    /// Text in the name, in any case; without it everything is listed.
    #[param(required = false, default = "")]
    query: String,
    /// The directory to look in, with all below it; a relative one starts from the session's current directory, which is also the default.
    #[param(required = false, default = ".")]
    path: String,
    /// Most results to return.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    limit: u64,
    /// What to find: `file`, `directory` or `any`.
    #[param(required = false, default = "any", nullable = false, pattern = "^(file|directory|any)$", value_type = Option<String>)]
    r#type: &'static str,
    /// Find hidden files too.
    #[param(required = false, default = false)]
    show_hidden: bool,
}

impl Read for NamesQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let query = fields.defaulted("query", AnyText, String::new());
        let path = fields.defaulted("path", AnyText, ".".to_owned());
        let limit = fields.defaulted("limit", PAGE, 20);
        let kind = fields.defaulted("type", KINDS, "any");
        let show_hidden = fields.defaulted("show_hidden", Flag, false);
        Ok(Self {
            query: query?,
            path: path?,
            limit: limit?,
            r#type: kind?,
            show_hidden: show_hidden?,
        })
    }
}

#[derive(Serialize)]
pub(in crate::api) struct NamesFound {
    results: Vec<Ranked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct Ranked {
    path: String,
    name: String,
    r#type: &'static str,
    size: u64,
    modified: f64,
}

/// Find files by name
///
/// Finds files and directories whose name contains a text, best matches first: use it when you know a part of the name. In a git repository ignored files are
/// left out. For patterns such as `*.py` use `glob_search`; to search in contents use `grep_search`.
#[utoipa::path(
    get,
    path = "/files/search",
    params(NamesQuery),
    responses(
        (status = 200, description = "An object with `results`, an array of objects with `path`, `name`, `type`, `size` and `modified`."),
        (status = 401, description = "The API key is missing or wrong."),
        (status = 404, description = "There is no such directory."),
    ),
    security(("HTTPBearer" = []))
)]
pub(in crate::api) async fn search_files(
    Use(state): Use<State>,
    Caller(owner): Caller,
    Query(query): Query<NamesQuery>,
) -> Result<Json<NamesFound>, Error> {
    let request = NamesRequest {
        query: query.query,
        path: state
            .workspace()
            .resolve(owner.session.as_deref(), &query.path)
            .map_err(|error| Error::of_place(error, Error::NotFound))?,
        wanted: wanted(query.r#type),
        limit: small(query.limit),
        show_hidden: query.show_hidden,
    };
    let (found, hint) = state
        .searching(move |stop| search::find_names(&request, stop))
        .await?;
    let results = found.into_iter().map(Ranked::from).collect();
    Ok(Json(NamesFound { results, hint }))
}

impl From<search::Named> for Ranked {
    fn from(entry: search::Named) -> Self {
        let name = entry.path.file_name().unwrap_or_default();
        Self {
            path: shown(&entry.path).into_owned(),
            name: shown_name(name).into_owned(),
            r#type: type_of(entry.directory),
            size: entry.size,
            modified: entry.modified,
        }
    }
}
