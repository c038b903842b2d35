//! The shape of the branch: which hierarchy does what, and the directories of a place in all of them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::mounts::Version;

/// What a hierarchy does for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Memory,
    Cpu,
    /// Counts processor time.
    Accounting,
    Pids,
    /// Stops or kills all at once.
    Freezer,
    Io,
}

impl Role {
    pub(super) const ALL: [Self; 6] = [
        Self::Memory,
        Self::Cpu,
        Self::Accounting,
        Self::Pids,
        Self::Freezer,
        Self::Io,
    ];

    /// The controller; version 2 counts and kills without one.
    pub(super) fn controller(self, version: Version) -> Option<&'static str> {
        match (self, version) {
            (Self::Memory, _) => Some("memory"),
            (Self::Cpu, _) => Some("cpu"),
            (Self::Pids, _) => Some("pids"),
            (Self::Io, Version::Two) => Some("io"),
            (Self::Io, Version::One) => Some("blkio"),
            (Self::Accounting, Version::One) => Some("cpuacct"),
            (Self::Freezer, Version::One) => Some("freezer"),
            (Self::Accounting | Self::Freezer, Version::Two) => None,
        }
    }
}

/// Which hierarchies are used, and for what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Shape {
    versions: Vec<Version>,
    /// The hierarchy of each role, in the order of `Role::ALL`.
    roles: [Option<usize>; 6],
}

/// The directories of one place in the tree, one for each hierarchy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Spot(pub(super) Vec<PathBuf>);

impl Shape {
    /// Adds a hierarchy, for what no other does yet.
    pub(super) fn add(&mut self, version: Version, roles: &[Role]) {
        for role in roles {
            self.roles[*role as usize].get_or_insert(self.versions.len());
        }
        self.versions.push(version);
    }

    pub(super) fn has(&self, role: Role) -> bool {
        self.roles[role as usize].is_some()
    }

    pub(super) fn uses(&self, version: Version) -> bool {
        self.versions.contains(&version)
    }

    /// The directories of a place, with their versions.
    pub(super) fn parts<'a>(&self, spot: &'a Spot) -> impl Iterator<Item = (Version, &'a Path)> {
        let parts = spot.0.iter().map(PathBuf::as_path);
        self.versions.clone().into_iter().zip(parts)
    }

    /// The directory of a place that serves this, and its version.
    pub(super) fn at<'a>(&self, spot: &'a Spot, role: Role) -> Option<(Version, &'a Path)> {
        let part = self.roles[role as usize]?;
        Some((*self.versions.get(part)?, spot.0.get(part)?))
    }
}

impl Spot {
    /// The place of that name in this one.
    pub(super) fn child(&self, name: &str) -> Self {
        Self(self.0.iter().map(|part| part.join(name)).collect())
    }
}
