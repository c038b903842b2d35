//! The edge: the routes, who may use them, and what is the same for all of them.
//!
//! A handler turns a request into a call on a service and its answer into a response; it decides
//! nothing. To add an endpoint: wire structs and a handler in `api/<resource>.rs`, and a line here.

mod archive;
mod auth;
mod blocking;
mod docs;
mod elsewhere;
mod error;
mod exec;
mod extract;
mod files;
#[cfg(fuzzing)]
pub mod fuzz;
mod health;
mod hops;
mod json;
mod layers;
mod limits;
mod notebooks;
mod openapi;
mod ports;
mod prompt;
mod proxy;
mod query;
mod search;
mod skills;
mod state;
mod terminals;
mod turns;
mod upload;
mod validate;
mod watch;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{any, delete, get, post, put};

pub use elsewhere::{Elsewhere, Refusal, Unproven};
pub use health::Protection;
pub use hops::{back, onward, upgrade};
pub use layers::RequestId;
pub use query::values;
pub use state::{Services, State};

use error::Error;
use json::json_response;
use layers::{Cors, Layers};

/// All routes of the server, with the layers round them.
pub fn router(state: State) -> Router {
    let cors = Cors::new(&state.config().cors_allowed_origins);
    Router::new().fallback_service(Layers::new(routes(state), Some(cors)))
}

/// All routes of a workspace behind a server that has let its requests in: pages of other origins are that one's
/// matter, and so is the access log.
pub fn inner_router(state: State) -> Router {
    Router::new().fallback_service(Layers::new(routes(state), None))
}

fn routes(state: State) -> Router {
    open()
        .merge(guarded(&state))
        .merge(terminals(&state))
        .merge(notebooks(&state))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .with_state(state)
}

/// What anybody may ask.
fn open() -> Router<State> {
    Router::new()
        .route("/health", get(health::health))
        .route("/readyz", get(health::readyz))
        .route("/api/config", get(health::features))
        .route("/openapi.json", get(openapi::openapi))
        .route("/docs", get(docs::page))
        .route("/redoc", get(docs::page))
        .route("/proxy/{port}", any(proxy::to_slash))
        .route("/absproxy/{port}", any(proxy::to_slash))
}

/// What only the holder of the key may ask.
fn guarded(state: &State) -> Router<State> {
    let config = state.config();
    let mut routes = files()
        .route(
            "/execute",
            get(exec::list_processes).post(exec::run_command),
        )
        .route("/execute/{process_id}", delete(exec::kill_process))
        .route(
            "/execute/{process_id}/status",
            get(exec::get_process_status),
        )
        .route(
            "/execute/{process_id}/input",
            post(exec::send_process_input),
        )
        .route("/api/limits", get(limits::get_limits))
        .route("/skills", get(skills::list_skills))
        .route("/skills/read", get(skills::read_skill))
        .route("/ports", get(ports::list_ports));
    for path in proxy::PATHS {
        routes = routes.route(path, any(proxy::forward));
    }
    if config.enable_system_prompt {
        routes = routes.route("/system", get(prompt::get_system_prompt));
    }
    if !config.info.is_empty() {
        routes = routes.route("/info", get(prompt::get_info));
    }
    behind_the_key(routes, state)
}

/// Asks for the key first; then the request is served where its workspace is.
fn behind_the_key(routes: Router<State>, state: &State) -> Router<State> {
    routes
        .route_layer(from_fn_with_state(state.clone(), elsewhere::or_here))
        .route_layer(from_fn_with_state(state.clone(), auth::require_key))
}

/// Files and search.
fn files() -> Router<State> {
    Router::new()
        .route("/files/cwd", get(files::get_cwd).post(files::set_cwd))
        .route("/files/list", get(files::list_files))
        .route("/files/read", get(files::read_file))
        .route("/files/display", get(files::display_file))
        .route("/files/stat", get(files::stat_file))
        .route("/files/watch", get(watch::watch))
        .route("/files/view", get(files::view_file))
        .route("/files/serve", get(files::to_serve))
        .route("/files/serve/", get(files::nothing_to_serve))
        .route("/files/serve/{*path}", get(files::serve_file))
        .route("/files/write", post(files::write_file))
        .route("/files/replace", post(files::replace_file_content))
        .route("/files/mkdir", post(files::make_directory))
        .route("/files/delete", delete(files::delete_path))
        .route("/files/move", post(files::move_path))
        .route("/files/compare", post(files::compare_files))
        .route("/files/archive", post(archive::download_archive))
        .route("/files/upload", post(upload::upload_file))
        .route(
            "/files/upload/{id}",
            put(upload::put_part)
                .get(upload::get_part)
                .delete(upload::delete_part),
        )
        .route("/files/grep", get(search::grep_search))
        .route("/files/glob", get(search::glob_search))
        .route("/files/search", get(search::search_files))
        .route("/files/matches", get(search::match_files))
}

/// Terminals, where they are on. Who attaches shows the key in another way.
fn terminals(state: &State) -> Router<State> {
    if !state.config().enable_terminal {
        return Router::new();
    }
    let attach = from_fn_with_state(state.clone(), terminals::or_attach);
    let lists = Router::new()
        .route(
            "/api/terminals",
            get(terminals::list_terminals).post(terminals::create_terminal),
        )
        .route(
            "/api/terminals/user/output",
            get(terminals::read_user_terminal),
        )
        .route(
            "/api/terminals/user/input",
            post(terminals::send_user_terminal_input),
        );
    let one = Router::new().route(
        "/api/terminals/{id}",
        get(terminals::get_terminal).delete(terminals::delete_terminal),
    );
    behind_the_key(lists, state).merge(behind_the_key(one, state).route_layer(attach))
}

/// Notebooks, where they are on.
fn notebooks(state: &State) -> Router<State> {
    if !state.config().enable_notebooks {
        return Router::new();
    }
    let routes = Router::new()
        .route("/notebooks", post(notebooks::open_notebook))
        .route(
            "/notebooks/{id}",
            get(notebooks::get_notebook).delete(notebooks::close_notebook),
        )
        .route("/notebooks/{id}/execute", post(notebooks::execute_cell))
        .route(
            "/notebooks/{id}/interrupt",
            post(notebooks::interrupt_notebook),
        )
        .route("/notebooks/{id}/restart", post(notebooks::restart_notebook));
    behind_the_key(routes, state)
}

/// Clients take exactly these words for "this server does not have that", and 403 for a WebSocket.
async fn not_found(headers: HeaderMap) -> Error {
    if terminals::asks_for_websocket(&headers) {
        return Error::Forbidden("there is no WebSocket here");
    }
    Error::NotFound("Not Found".to_owned())
}

async fn wrong_method() -> Response {
    json_response(
        StatusCode::METHOD_NOT_ALLOWED,
        r#"{"detail":"Method Not Allowed"}"#,
    )
}

#[cfg(test)]
mod tests;
