//! One more wall round each command: it does not write below `/sys`, where the limits are that it is under.

use std::fs;
use std::io;

use ::landlock::{
    AccessFs, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus,
};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::landlock::{NEWEST, allow_at};

/// A layer of Landlock, ready to be entered: made once, so that to enter it costs a command next to nothing.
///
/// The files of a command's cgroup belong to the user whose command it is, so it could raise its own limits. Its
/// workspace has to write there, and so cannot give that up for all of them.
#[derive(Debug)]
pub struct CommandWall(RulesetCreated);

impl CommandWall {
    /// Prepares it, in a process that forks those which enter it; none where it cannot be entered, as the kernel has no
    /// Landlock or `no_new_privs` is not set.
    pub fn prepare() -> Option<Self> {
        if !rustix::thread::no_new_privs().unwrap_or(false) {
            return None;
        }
        Self::rules().ok().map(Self)
    }

    /// What it could write before it can write still, but for `/sys` and for entries of `/` itself, which are root's.
    fn rules() -> Result<RulesetCreated, RulesetError> {
        // Without `Refer`, a layer forbids all moves between directories.
        let write = AccessFs::from_write(NEWEST) & !AccessFs::IoctlDev;
        let mut rules = Ruleset::default()
            .handle_access(write)?
            .create()?
            .no_new_privs(false);
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        for entry in fs::read_dir("/").into_iter().flatten().flatten() {
            if entry.file_name() == "sys" {
                continue;
            }
            if let Ok(place) = open(&entry.path(), flags, Mode::empty()) {
                rules = allow_at(rules, place, write)?;
            }
        }
        Ok(rules)
    }

    /// Puts this process, which has one thread, behind it, for good.
    pub fn enter(&self) -> io::Result<()> {
        let status = self
            .0
            .try_clone()?
            .restrict_self()
            .map_err(|_| io::Error::from(io::ErrorKind::PermissionDenied))?;
        match status.ruleset {
            RulesetStatus::NotEnforced => Err(io::ErrorKind::Unsupported.into()),
            _ => Ok(()),
        }
    }
}
