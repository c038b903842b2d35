//! The `OpenAPI` document: the operations a model may use as tools, each described for one that acts on it.
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
use super::{State, exec, files, prompt, search, terminals};
use crate::config::Config;
use validation::{HTTPValidationError, Key, Responses, ValidationError};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Open Terminal", description = "A real computer to run commands on.", license(name = "MIT", identifier = "MIT")),
    paths(
        exec::list_processes,
        exec::run_command,
        exec::get_process_status,
        exec::send_process_input,
        exec::kill_process,
        files::list_files,
        files::read_file,
        files::display_file,
        files::write_file,
        files::replace_file_content,
        search::grep_search,
        search::match_files,
        search::search_files,
        search::glob_search,
        terminals::read_user_terminal,
        terminals::send_user_terminal_input,
        prompt::get_info,
    ),
    components(schemas(HTTPValidationError, ValidationError)),
    modifiers(&Responses, &Key)
)]
struct Document;

/// The document as JSON.
pub(super) async fn openapi(Use(state): Use<State>) -> Response {
    json_response(
        StatusCode::OK,
        state.document(|config| document(&Choices::of(config))),
    )
}

/// What the document depends on.
#[derive(Clone, Copy)]
struct Choices<'a> {
    /// The operator's notes.
    info: &'a str,
    /// Added to what is said of commands.
    execute_description: &'a str,
    /// Whether there are terminals.
    terminals: bool,
}

impl<'a> Choices<'a> {
    fn of(config: &'a Config) -> Self {
        Self {
            info: &config.info,
            execute_description: &config.execute_description,
            terminals: config.enable_terminal,
        }
    }
}

/// The document for a server with these settings.
fn document(choices: &Choices<'_>) -> String {
    let mut document = Document::openapi();
    let paths = &mut document.paths.paths;
    if choices.info.is_empty() {
        paths.remove("/info");
    }
    if !choices.terminals {
        paths.retain(|path, _| !path.starts_with("/api/terminals/"));
        if let Some(components) = &mut document.components {
            components.schemas.remove("UserInputRequest");
        }
    }
    each_operation(&mut document, for_clients);
    if !choices.execute_description.is_empty()
        && let Some(run) = document
            .paths
            .paths
            .get_mut("/execute")
            .and_then(|path| path.post.as_mut())
    {
        let description = run.description.get_or_insert_default();
        description.push_str("\n\n");
        description.push_str(choices.execute_description);
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
fn for_clients(operation: &mut Operation) {
    // The tags are the names of our modules, which tell a client nothing.
    operation.tags = None;
    if let Some(description) = &mut operation.description {
        let paragraphs = description
            .split("\n\n")
            .map(|paragraph| paragraph.trim().replace('\n', " "));
        *description = paragraphs.collect::<Vec<_>>().join("\n\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const CHOICES: Choices<'_> = Choices {
        info: "",
        execute_description: "",
        terminals: true,
    };

    fn made(choices: Choices<'_>) -> Value {
        serde_json::from_str(&document(&choices)).expect("JSON")
    }

    fn with_info() -> Value {
        made(Choices {
            info: "notes",
            ..CHOICES
        })
    }

    #[test]
    fn every_operation_and_member_is_told_in_plain_types() {
        let document = with_info();
        let text = document.to_string();
        for word in ["anyOf", "oneOf", "\"null\""] {
            assert!(!text.contains(word), "{word}");
        }
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                for member in ["operationId", "summary", "description", "security"] {
                    assert!(
                        operation.get(member).is_some(),
                        "{member} of {method} {path}"
                    );
                }
                assert!(
                    !operation["description"].as_str().unwrap().contains(". \n"),
                    "{method} {path}"
                );
            }
        }
    }

    #[test]
    fn the_operations_are_those_that_clients_know() {
        let ids = |document: &Value| {
            let paths = document["paths"].as_object().unwrap().values();
            let operations = paths.flat_map(|path| path.as_object().unwrap().values().cloned());
            operations
                .map(|operation| operation["operationId"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let mut found = ids(&made(CHOICES));
        found.sort();
        let expected = [
            "display_file",
            "get_process_status",
            "glob_search",
            "grep_search",
            "kill_process",
            "list_files",
            "list_processes",
            "match_files",
            "read_file",
            "read_user_terminal",
            "replace_file_content",
            "run_command",
            "search_files",
            "send_process_input",
            "send_user_terminal_input",
            "write_file",
        ];
        assert_eq!(found, expected);
        assert!(ids(&with_info()).contains(&"get_info".to_owned()));
    }

    #[test]
    fn the_operator_may_add_to_what_is_said_of_commands() {
        let document = made(Choices {
            execute_description: "Use sudo.",
            ..CHOICES
        });
        let description = document["paths"]["/execute"]["post"]["description"].clone();
        assert!(description.as_str().unwrap().ends_with("\n\nUse sudo."));
    }

    #[test]
    fn terminals_that_are_off_are_not_told_of() {
        let off = made(Choices {
            terminals: false,
            ..CHOICES
        });
        assert!(!off.to_string().contains("/api/terminals"), "{off}");
        assert_eq!(off["components"]["schemas"].get("UserInputRequest"), None);
    }
}
