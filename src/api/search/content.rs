//! Contents searched: lines by pattern, and names and lines together by a text.

use axum::extract::State as Use;
use serde::Serialize;
use utoipa::IntoParams;

use super::{PAGE, RESULTS, small, type_of};
use crate::api::extract::{Caller, Query};
use crate::api::files::{MAX_BYTES, budget};
use crate::api::json::Json;
use crate::api::validate::{AnyText, Fields, Flag, Integer, Noted, Read, Within};
use crate::api::{Error, State};
use crate::search::{self, GrepLine, GrepMatch, GrepRequest, Match, MatchesRequest};
use crate::workspace::{shown, shown_name};

/// What to do when a grep has filled its bytes.
const BYTES_USED_UP: &str = "max_bytes was reached: narrow path, include or query, or ask for match_per_line=false to see the files first";
/// What to do when matches have filled their bytes.
const GO_ON: &str = "max_bytes was reached: go on with offset set to next_offset";
/// Most lines round a match.
const CONTEXT: Within = Within { min: 0, max: 20 };

/// What to look for in contents, and where.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one for each switch of the request"
)]
pub(in crate::api) struct GrepQuery {
    /// The pattern: a regular expression as in Python, or plain text with `regex=false`.
    query: String,
    /// The directory to search with all below it, or one file; a relative one starts from the session's current directory, which is also the default.
    #[param(required = false, default = ".")]
    path: String,
    /// Take `query` as a regular expression. Set it to false for text with special characters such as `foo(`.
    #[param(required = false, default = true)]
    regex: bool,
    /// Ignore upper and lower case.
    #[param(required = false, default = false)]
    case_insensitive: bool,
    /// Search only in files with such names, as in `*.py`.
    #[param(required = false, nullable = false, value_type = Option<Vec<String>>)]
    include: Vec<String>,
    /// Return every line that matches; with false only the files that have one.
    #[param(required = false, default = true)]
    match_per_line: bool,
    /// Most results to return.
    #[param(required = false, minimum = 1, maximum = 500, default = 50)]
    max_results: u64,
    /// Leave out files that git ignores.
    #[param(required = false, default = false)]
    respect_gitignore: bool,
    /// Number of lines to return before and after each match.
    #[param(required = false, minimum = 0, maximum = 20, default = 0)]
    context: u64,
    /// Most bytes of text to return; long lines are then cut. 0 is no bound.
    #[param(minimum = 0, nullable = false)]
    max_bytes: Option<u64>,
}

impl Read for GrepQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let query = fields.required("query", AnyText);
        let path = fields.defaulted("path", AnyText, ".".to_owned());
        let regex = fields.defaulted("regex", Flag, true);
        let case_insensitive = fields.defaulted("case_insensitive", Flag, false);
        let include = fields.repeated("include", AnyText);
        let match_per_line = fields.defaulted("match_per_line", Flag, true);
        let max_results = fields.defaulted("max_results", RESULTS, 50);
        let respect_gitignore = fields.defaulted("respect_gitignore", Flag, false);
        let context = fields.defaulted("context", CONTEXT, 0);
        let max_bytes = fields.optional("max_bytes", MAX_BYTES);
        Ok(Self {
            query: query?,
            path: path?,
            regex: regex?,
            case_insensitive: case_insensitive?,
            include: include?,
            match_per_line: match_per_line?,
            max_results: max_results?,
            respect_gitignore: respect_gitignore?,
            context: context?,
            max_bytes: max_bytes?,
        })
    }
}

#[derive(Serialize)]
pub(in crate::api) struct Grepped {
    query: String,
    path: String,
    matches: Vec<Hit>,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct Hit {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Vec<String>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    clipped: bool,
}

impl Hit {
    fn of(found: GrepMatch, context: bool) -> Self {
        let file = shown(&found.file).into_owned();
        match found.line {
            None => Self {
                file,
                line: None,
                content: None,
                before: None,
                after: None,
                clipped: false,
            },
            Some(GrepLine {
                number,
                content,
                before,
                after,
                clipped,
            }) => Self {
                file,
                line: Some(number),
                content: Some(content),
                before: context.then_some(before),
                after: context.then_some(after),
                clipped,
            },
        }
    }
}

/// Search in file contents
///
/// Searches files for lines that match a pattern, in order of their paths, hidden and ignored files included. Returns the file, the number and the text of each line.
/// When `truncated` is true there may be more: give a narrower `path`, `include` or `query`, or a larger `max_results`.
#[utoipa::path(
    get,
    path = "/files/grep",
    params(GrepQuery),
    responses(
        (status = 200, description = "An object with `matches`, an array of objects with `file`, `line` and `content`, and `truncated`."),
        (status = 400, description = "The pattern cannot be used; the answer says why."),
        (status = 401, description = "The API key is missing or wrong."),
        (status = 404, description = "There is no such file or directory."),
    ),
    security(("HTTPBearer" = []))
)]
pub(in crate::api) async fn grep_search(
    Use(state): Use<State>,
    Caller(owner): Caller,
    Query(query): Query<GrepQuery>,
) -> Result<Json<Grepped>, Error> {
    let request = GrepRequest {
        query: query.query.clone(),
        path: state
            .workspace()
            .resolve(owner.session.as_deref(), &query.path)?,
        regex: query.regex,
        ignore_case: query.case_insensitive,
        include: query.include,
        per_line: query.match_per_line,
        max_results: small(query.max_results),
        respect_gitignore: query.respect_gitignore,
        context: small(query.context),
        max_bytes: budget(&state, query.max_bytes),
    };
    let path = shown(&request.path).into_owned();
    let (found, hint) = state
        .searching(move |stop| search::grep(&request, stop))
        .await?;
    let context = query.context > 0;
    let matches = found.matches.into_iter();
    Ok(Json(Grepped {
        query: query.query,
        path,
        matches: matches.map(|found| Hit::of(found, context)).collect(),
        truncated: found.truncated,
        hint: hint.or(found.cut_by_bytes.then(|| BYTES_USED_UP.to_owned())),
    }))
}

/// What to look for in names and contents, and where.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct MatchesQuery {
    /// The text to find, in any case; it is no pattern.
    query: String,
    /// The directory to look in, with all below it; a relative one starts from the session's current directory, which is also the default.
    #[param(required = false, default = ".")]
    path: String,
    /// Look into hidden files too.
    #[param(required = false, default = false)]
    show_hidden: bool,
    /// Number of results to leave out: give the `next_offset` of the answer before to see more.
    #[param(required = false, minimum = 0, default = 0)]
    offset: u64,
    /// Most results to return.
    #[param(required = false, minimum = 1, maximum = 100, default = 100)]
    limit: u64,
    /// Most bytes of text to return; long lines are then cut. 0 is no bound.
    #[param(minimum = 0, nullable = false)]
    max_bytes: Option<u64>,
}

impl Read for MatchesQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let query = fields.required("query", AnyText);
        let path = fields.defaulted("path", AnyText, ".".to_owned());
        let show_hidden = fields.defaulted("show_hidden", Flag, false);
        let offset = fields.defaulted("offset", Integer { min: 0 }, 0);
        let limit = fields.defaulted("limit", PAGE, 100);
        let max_bytes = fields.optional("max_bytes", MAX_BYTES);
        Ok(Self {
            query: query?,
            path: path?,
            show_hidden: show_hidden?,
            offset: offset?,
            limit: limit?,
            max_bytes: max_bytes?,
        })
    }
}

#[derive(Serialize)]
pub(in crate::api) struct Matched {
    results: Vec<MatchedPath>,
    next_offset: Option<usize>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct MatchedPath {
    path: String,
    relative_path: String,
    name: String,
    r#type: &'static str,
    name_match: bool,
    content_matches: Vec<ContentMatch>,
}

#[derive(Serialize)]
struct ContentMatch {
    line: u64,
    column: u64,
    text: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    clipped: bool,
}

impl From<Match> for MatchedPath {
    fn from(found: Match) -> Self {
        let lines = found.content_matches.into_iter();
        Self {
            path: shown(&found.path).into_owned(),
            relative_path: shown(&found.relative_path).into_owned(),
            name: shown_name(found.path.file_name().unwrap_or_default()).into_owned(),
            r#type: type_of(found.directory),
            name_match: found.name_match,
            content_matches: lines
                .map(|found| ContentMatch {
                    line: found.line,
                    column: found.column,
                    text: found.text,
                    clipped: found.clipped,
                })
                .collect(),
        }
    }
}

/// Find files by name or content
///
/// Finds files and directories whose name or path contains a text, or that contain it, best matches first, each with the first lines that have it. Ignored files are left
/// out in a git repository. Use it when you do not know yet where something is; use `grep_search` for patterns and for all lines.
#[utoipa::path(
    get,
    path = "/files/matches",
    params(MatchesQuery),
    responses(
        (status = 200, description = "An object with `results`, an array of objects with `path`, `type`, `name_match` and `content_matches`, and `next_offset` when there are more."),
        (status = 400, description = "The text is empty."),
        (status = 401, description = "The API key is missing or wrong."),
        (status = 404, description = "There is no such directory."),
    ),
    security(("HTTPBearer" = []))
)]
pub(in crate::api) async fn match_files(
    Use(state): Use<State>,
    Caller(owner): Caller,
    Query(query): Query<MatchesQuery>,
) -> Result<Json<Matched>, Error> {
    let request = MatchesRequest {
        query: query.query,
        path: state
            .workspace()
            .resolve(owner.session.as_deref(), &query.path)
            .map_err(|error| Error::of_place(error, Error::NotFound))?,
        limit: small(query.limit),
        offset: small(query.offset),
        show_hidden: query.show_hidden,
        max_bytes: budget(&state, query.max_bytes),
    };
    let (found, hint) = state
        .searching(move |stop| search::find_matches(&request, stop))
        .await?;
    Ok(Json(Matched {
        results: found.results.into_iter().map(MatchedPath::from).collect(),
        next_offset: found.next_offset,
        truncated: found.truncated,
        hint: hint.or(found.truncated.then(|| GO_ON.to_owned())),
    }))
}
