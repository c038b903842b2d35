//! Skills on the wire: which there are, and what one says.

use std::fmt::Write as _;

use axum::extract::State as Use;
use serde::Serialize;

use super::blocking::blocking;
use super::extract::Query;
use super::json::Json;
use super::validate::{AnyText, Fields, Noted, Read};
use super::{Error, State};
use crate::skills::{Reading, Skill};
use crate::workspace::shown;

/// Which skill to read.
pub(super) struct SkillQuery {
    name: String,
}

impl Read for SkillQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let name = fields.required("name", AnyText)?;
        Ok(Self { name })
    }
}

/// What is told of a skill.
#[derive(Serialize)]
pub(super) struct SkillSummary {
    id: String,
    name: String,
    description: String,
    location: String,
    /// Clients know skills of other scopes and sources; those here are for everybody and come from this server.
    scope: &'static str,
    source: &'static str,
}

/// A skill in full.
#[derive(Serialize)]
pub(super) struct SkillContent {
    #[serde(flatten)]
    summary: SkillSummary,
    content: String,
    resources: Vec<String>,
}

impl From<Skill> for SkillSummary {
    fn from(skill: Skill) -> Self {
        Self {
            id: id(&skill.name),
            location: shown(&skill.location).into_owned(),
            name: skill.name,
            description: skill.description,
            scope: "global",
            source: "terminal",
        }
    }
}

impl From<Reading> for SkillContent {
    fn from(reading: Reading) -> Self {
        let resources = reading.resources.iter();
        Self {
            content: reading.content,
            resources: resources.map(|path| shown(path).into_owned()).collect(),
            summary: reading.skill.into(),
        }
    }
}

/// The skills there are.
pub(super) async fn list_skills(Use(state): Use<State>) -> Result<Json<Vec<SkillSummary>>, Error> {
    let listed = blocking(move |stop| state.skills().list(state.workspace().home(), stop)).await?;
    Ok(Json(listed.into_iter().map(Into::into).collect()))
}

/// One skill, with its text.
pub(super) async fn read_skill(
    Use(state): Use<State>,
    Query(query): Query<SkillQuery>,
) -> Result<Json<SkillContent>, Error> {
    let read = move |stop: &_| {
        let home = state.workspace().home();
        state.skills().read(home, &query.name, stop)
    };
    Ok(Json(blocking(read).await?.into()))
}

/// A skill's id: where it comes from, and its name as in a URL.
fn id(name: &str) -> String {
    let mut id = "terminal:".to_owned();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            id.push(char::from(byte));
        } else {
            write!(id, "%{byte:02X}").expect("a string takes all");
        }
    }
    id
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_id_can_be_part_of_a_url() {
        assert_eq!(super::id("a b/ü~."), "terminal:a%20b%2F%C3%BC~.");
    }
}
