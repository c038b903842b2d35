//! Cgroups stub.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::{Bounds, Present, Scope, Strike, Ticket, Usage};

/// Bounds of each level.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Levels {
    pub(super) command: Bounds,
    pub(super) user: Bounds,
    pub(super) total: Bounds,
}

/// Which resources cgroups bound here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each resource")]
pub(super) struct Holds {
    pub(super) memory: bool,
    pub(super) swap: bool,
    pub(super) cpu: bool,
    pub(super) pids: bool,
    pub(super) io_weight: bool,
}

#[derive(Debug)]
pub(super) struct Cgroups;
#[derive(Debug)]
pub(super) struct Leaf;

impl Cgroups {
    pub(super) fn set_up(_: &Levels) -> Result<Self, String> {
        Err("not yet".to_owned())
    }
    pub(super) fn holds(&self) -> Holds {
        Holds::default()
    }
    pub(super) fn describe(&self) -> String {
        String::new()
    }
    pub(super) fn lacks(&self) -> Vec<String> {
        Vec::new()
    }
    pub(super) fn leaf(&self, _: &Bounds) -> io::Result<Leaf> {
        Ok(Leaf)
    }
    pub(super) fn present(&self, _: Scope) -> Present {
        Present::default()
    }
    pub(super) fn close(&self, _: Duration) {}
}

impl Leaf {
    pub(super) fn narrow(&self, _: &Bounds) -> io::Result<()> {
        Ok(())
    }
    pub(super) fn die_whole(&self, _: bool) -> io::Result<()> {
        Ok(())
    }
    pub(super) fn usage(&self) -> Usage {
        Usage::default()
    }
    pub(super) fn strikes(&self) -> Vec<Strike> {
        Vec::new()
    }
    pub(super) fn ticket(&self) -> Ticket {
        Ticket::default()
    }
}

pub(super) fn kill_all(_: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn memory_here() -> u64 {
    0
}
