//! Health: whether the server runs, whether it can do its work, and what it offers.

use std::sync::Arc;

use axum::extract::State as Use;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use super::State;
use super::json::{Json, json_response, to_json};
use crate::packages::{Packages, Progress};

/// Something that keeps commands in, or keeps something from them.
#[derive(Clone, Debug, Serialize)]
pub struct Protection {
    /// Its name, such as `isolation`.
    pub name: String,
    /// Whether the settings ask for it.
    pub asked: bool,
    /// Whether it is in force.
    pub active: bool,
    /// How it is done, or what is missing, in words.
    pub detail: String,
}

/// The server runs.
pub(super) async fn health() -> Response {
    json_response(StatusCode::OK, r#"{"status":"ok"}"#)
}

/// Whether commands can be run now, their output kept, and what was asked for is in force.
pub(super) async fn readyz(Use(state): Use<State>) -> Response {
    let processes = state.processes().clone();
    let elsewhere = state.elsewhere().map(|all| Arc::clone(&all.problem));
    // Looking at the log directory may block.
    let asked = tokio::task::spawn_blocking(move || match elsewhere {
        Some(problem) => (problem(), None),
        None => (processes.ready().err(), processes.log_problem()),
    });
    let (commands, log) = match asked.await {
        Ok(found) => found,
        Err(error) => (Some(error.to_string()), None),
    };
    let lacking = state
        .protections()
        .iter()
        .any(|each| each.asked && !each.active);
    let packages = state.packages().map(Packages::progress);
    // What cannot be installed would never be there: that is told, and no reason to stay away.
    let installing = matches!(packages, Some(Progress::Underway(_)));
    let ready = commands.is_none() && log.is_none() && !lacking && !installing;
    let kept = if state.elsewhere().is_some() {
        "each workspace keeps what its commands print; the answer to a command tells if it cannot"
    } else {
        "command output is kept on disk"
    };
    let mut body = json!({
        "status": if ready { "ready" } else { "not ready" },
        "commands": check(commands, "a command can be started"),
        "log": check(log, kept),
        "protections": state.protections(),
    });
    if let Some(packages) = packages {
        let problem = match packages {
            Progress::Done => None,
            Progress::Underway(which) => Some(format!("being installed: {which}")),
            Progress::Failed(why) => Some(format!("not installed: {why}")),
        };
        body["packages"] = check(problem, "all are installed");
    }
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    json_response(status, to_json(&body))
}

fn check(problem: Option<String>, fine: &str) -> Value {
    json!({ "ok": problem.is_none(), "detail": problem.unwrap_or_else(|| fine.to_owned()) })
}

/// Which features are on, for a client that adapts to it.
pub(super) async fn features(Use(state): Use<State>) -> Json<Value> {
    let config = state.config();
    Json(json!({ "features": {
        "terminal": config.enable_terminal,
        "notebooks": config.enable_notebooks,
        "system": config.enable_system_prompt,
    }}))
}
