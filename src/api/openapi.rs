//! The OpenAPI document: the operations a model may use as tools, each described for one that acts on it.
//!
//! It is made from the handlers' own attributes. Types are plain (`number`, never `anyOf` with
//! `null`), because that is all that some clients read.

mod validation;

use axum::extract::State as Use;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, PathItem};

use super::json::json_response;
use super::{State, exec, prompt};
use crate::config::Config;
use validation::{HTTPValidationError, Key, Responses, ValidationError};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Open Terminal", description = "A real computer to run commands on.", license(identifier = "MIT")),
    paths(
        exec::list_processes,
        exec::run_command,
        exec::get_process_status,
        exec::send_process_input,
        exec::kill_process,
        prompt::get_info,
    ),
    components(schemas(HTTPValidationError, ValidationError)),
    modifiers(&Responses, &Key)
)]
struct Document;

/// The document as JSON.
pub(super) async fn openapi(Use(state): Use<State>) -> Response {
    json_response(StatusCode::OK, state.document(document))
}

/// The document for a server with these settings.
fn document(config: &Config) -> String {
    let mut document = Document::openapi();
    if config.info.is_empty() {
        document.paths.paths.remove("/info");
    }
    each_operation(&mut document, plain_lines);
    if !config.execute_description.is_empty()
        && let Some(run) = document
            .paths
            .paths
            .get_mut("/execute")
            .and_then(|path| path.post.as_mut())
    {
        let description = run.description.get_or_insert_default();
        description.push_str("\n\n");
        description.push_str(&config.execute_description);
    }
    document.to_json().expect("the document is plain data")
}

/// Does `change` to every operation.
fn each_operation(document: &mut OpenApi, change: impl Fn(&mut Operation)) {
    for path in document.paths.paths.values_mut() {
        let PathItem {
            get,
            put,
            post,
            delete,
            patch,
            ..
        } = path;
        [get, put, post, delete, patch]
            .into_iter()
            .flatten()
            .for_each(&change);
    }
}

/// Descriptions come from wrapped comments: joins the lines of each paragraph.
fn plain_lines(operation: &mut Operation) {
    if let Some(description) = &mut operation.description {
        let paragraphs = description
            .split("\n\n")
            .map(|paragraph| paragraph.trim().replace('\n', " "));
        *description = paragraphs.collect::<Vec<_>>().join("\n\n");
    }
}
