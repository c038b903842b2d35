//! `/ports`: what commands and terminals listen on.

use axum::extract::State as Use;
use serde::Serialize;
use serde_json::{Value, json};

use super::extract::Query;
use super::json::Json;
use super::validate::{Fields, Flag, Noted, Read};
use super::{Error, State};
use crate::ports::Port;

/// Which ports to list.
#[derive(Debug)]
pub(super) struct PortsQuery {
    /// Those of processes, too, that have left the command that started them.
    detached: bool,
}

impl Read for PortsQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let detached = fields.defaulted("detached", Flag, false);
        Ok(Self {
            detached: detached?,
        })
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    port: u16,
    pid: i32,
    process: &'a str,
}

impl<'a> Entry<'a> {
    fn of(port: &'a Port) -> Self {
        Self {
            port: port.port,
            pid: port.pid,
            process: &port.process,
        }
    }
}

/// The ports, in order of their numbers.
pub(super) async fn list_ports(
    Use(state): Use<State>,
    Query(query): Query<PortsQuery>,
) -> Result<Json<Value>, Error> {
    let found = state.ports().list().await?;
    let all = found.ports().iter();
    let listed = all.filter(|port| query.detached || !port.detached);
    let entries: Vec<Entry<'_>> = listed.map(Entry::of).collect();
    Ok(Json(json!({ "ports": entries })))
}
