//! A door for fuzzing: queries and bodies read, whatever a client sends.

use serde_json::json;

use super::validate::{Fields, Problems, Read};
use super::{exec, query};

pub use super::files::fuzz::range;

/// Reads a query; answers with its parameters.
pub fn query(text: &str) -> Vec<(String, String)> {
    let parameters = query::parameters(text);
    drop(query::without_null(text));
    drop(query::decode_path(text));
    let mut problems = Problems::default();
    let mut fields = Fields::of_query(&parameters, &mut problems);
    drop(exec::StatusQuery::read(&mut fields));
    drop(exec::KillQuery::read(&mut fields));
    drop(json!(problems).to_string());
    parameters
}

/// Reads a body that is JSON.
pub fn body(text: &str) {
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
        return;
    }
    let mut problems = Problems::default();
    if let Some(mut fields) = Fields::of_body(text.trim(), &mut problems) {
        drop(exec::ExecRequest::read(&mut fields));
        drop(exec::InputRequest::read(&mut fields));
    }
    drop(json!(problems).to_string());
}
