//! The prompt and the operator's info, as models fetch them.

use axum::extract::State as Use;
use serde_json::{Value, json};

use super::json::Json;
use crate::prompt::Prompt;

/// The system prompt for this machine.
pub(super) async fn get_system_prompt(Use(prompt): Use<Prompt>) -> Json<Value> {
    Json(json!({ "prompt": prompt.text().await }))
}

/// Get the operator's notes
///
/// Returns what the operator of this computer wrote about it for you: what it is for, what is installed
/// and which rules apply. Read it once, before the first other action.
#[utoipa::path(
    get,
    path = "/info",
    responses((status = 200, description = "An object with the notes as text in `info`.")),
    security(("HTTPBearer" = []))
)]
pub(super) async fn get_info(Use(prompt): Use<Prompt>) -> Json<Value> {
    Json(json!({ "info": prompt.info() }))
}
