//! Directories and single paths looked at: entries, facts, and what to show a person.

use axum::extract::State as Use;
use axum::response::Response;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::{MAX_BYTES, budget};
use crate::api::blocking::{blocking, streamed};
use crate::api::extract::{Caller, Query};
use crate::api::json::{JSON, Json};
use crate::api::validate::{AnyText, Fields, Integer, Noted, Read};
use crate::api::{Error, State};
use crate::files::{Facts, Listing, Page, stat};
use crate::workspace::{Workspace, shown};

/// Which directory to list, and how much of it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct ListQuery {
    /// The directory; a relative one starts from the session's current directory, which is also the default.
    #[param(default = ".", required = false)]
    directory: String,
    /// Number of entries to leave out: give the `next_offset` of the answer before to see more of a long directory.
    #[param(minimum = 0, default = 0, required = false)]
    offset: u64,
    /// Most entries to return; leave it out for all.
    #[param(minimum = 1, nullable = false)]
    limit: Option<u64>,
    /// Most bytes of text to return. Set it when the directory may be very large; the answer then says where to go on. 0 is no bound.
    #[param(minimum = 0, nullable = false)]
    max_bytes: Option<u64>,
}

impl Read for ListQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let directory = fields.defaulted("directory", AnyText, ".".to_owned());
        let offset = fields.defaulted("offset", Integer { min: 0 }, 0);
        let limit = fields.optional("limit", Integer { min: 1 });
        let max_bytes = fields.optional("max_bytes", MAX_BYTES);
        Ok(Self {
            directory: directory?,
            offset: offset?,
            limit: limit?,
            max_bytes: max_bytes?,
        })
    }
}

/// List a directory
///
/// Returns the entries of a directory in order of their names, hidden ones included, each with its `type` (`file` or `directory`), `size` in bytes
/// and time of change. It does not go into subdirectories: use `glob_search` to find files in a tree. When the answer says
/// `truncated`, go on with its `next_offset`.
#[utoipa::path(
    get,
    path = "/files/list",
    params(ListQuery),
    responses(
        (status = 200, description = "An object with `dir` and `entries`, an array of objects with `name`, `type`, `size`, `modified` and `writable`."),
        (status = 401, description = "The API key is missing or wrong."),
        (status = 404, description = "There is no such directory."),
    ),
    security(("HTTPBearer" = []))
)]
pub(in crate::api) async fn list_files(
    Use(state): Use<State>,
    Caller(owner): Caller,
    Query(query): Query<ListQuery>,
) -> Result<Response, Error> {
    let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let page = Page {
        offset: whole(query.offset),
        limit: query.limit.map_or(usize::MAX, whole),
        max_bytes: budget(&state, query.max_bytes).unwrap_or(usize::MAX),
    };
    let session = owner.session.as_deref();
    let path = state.workspace().resolve(session, &query.directory)?;
    streamed(JSON, move |stop, out| {
        let listing = Listing::open(&path, stop)?;
        Ok(listing.write_json(page, out, stop)?)
    })
    .await
}

/// A path to look at.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct PathQuery {
    /// The file; a relative path starts from the session's current directory.
    path: String,
}

impl Read for PathQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let path = fields.required("path", AnyText);
        Ok(Self { path: path? })
    }
}

/// Show a file to the user
///
/// Opens a file in the user's view of this computer, such as an image, a PDF or a web page you made. It returns no contents to you:
/// use `read_file` to see them yourself. `exists` says whether there is such a file.
#[utoipa::path(
    get,
    path = "/files/display",
    params(PathQuery),
    responses(
        (status = 200, description = "An object with the full `path` and whether it `exists` as a file."),
        (status = 401, description = "The API key is missing or wrong."),
    ),
    security(("HTTPBearer" = []))
)]
pub(in crate::api) async fn display_file(
    Use(workspace): Use<Workspace>,
    Caller(owner): Caller,
    Query(query): Query<PathQuery>,
) -> Result<Json<Value>, Error> {
    let path = workspace.resolve(owner.session.as_deref(), &query.path)?;
    let found = blocking(move |_| Ok::<_, Error>((path.is_file(), path))).await?;
    let (exists, path) = found;
    Ok(Json(json!({ "path": shown(&path), "exists": exists })))
}

/// Everything the system knows of one path.
pub(in crate::api) async fn stat_file(
    Use(workspace): Use<Workspace>,
    Caller(owner): Caller,
    Query(query): Query<PathQuery>,
) -> Result<Json<Facts>, Error> {
    let path = workspace.resolve(owner.session.as_deref(), &query.path)?;
    Ok(Json(blocking(move |_| stat(&path)).await?))
}
