//! What becomes of each wall, and what that means for the start.

use serde::{Deserialize, Serialize};

use crate::config::Demand;

/// A wall, as it came out.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Wall {
    /// `identity`, `capabilities`, or the setting it has.
    pub name: String,
    /// Whether it was asked for: its setting is not `off`.
    pub asked: bool,
    /// Whether it stands.
    pub active: bool,
    /// What it keeps in and where it is weak; where it does not stand: why, and how to get it.
    pub detail: String,
}

/// The walls so far.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Wall>);

impl Report {
    /// A wall stands.
    pub(super) fn stands(&mut self, name: &str, detail: impl Into<String>) {
        self.add(name, true, true, detail.into());
    }

    /// A wall was not asked for; `detail` says what that leaves open.
    pub(super) fn is_off(&mut self, name: &str, detail: &str) {
        self.add(name, false, false, format!("off by its setting: {detail}"));
    }

    /// A wall cannot be had: `why`, and how to get it. Fails when it is required.
    pub(super) fn fails(&mut self, name: &str, demand: Demand, why: String) -> Result<(), String> {
        if demand == Demand::Required {
            return Err(format!("{name} is required and cannot be had: {why}"));
        }
        self.add(name, true, false, why);
        Ok(())
    }

    fn add(&mut self, name: &str, asked: bool, active: bool, detail: String) {
        let name = name.to_owned();
        self.0.retain(|wall| wall.name != name);
        self.0.push(Wall {
            name,
            asked,
            active,
            detail,
        });
    }

    /// Whether a wall stands.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|wall| wall.name == name && wall.active)
    }

    /// All walls.
    pub(super) fn walls(self) -> Vec<Wall> {
        self.0
    }
}
