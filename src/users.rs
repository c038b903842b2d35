//! Users: from a client's user id to an account of the operating system, the same one for ever.
//!
//! The map from ids to names and numbers is a file in the state directory, so that a new container on the old
//! volumes gives everyone the same account and home. What is missing in `/etc` is made again from it: the lines
//! of passwd(5), shadow(5), group(5) and gshadow(5), under the lock of lckpwdf(3), or by useradd(8) where these
//! files cannot be replaced. No uid is ever given to a second id, also after a removal.

mod accounts;
mod allocate;
mod database;
mod edit;
mod error;
mod existing;
mod home;
mod lock;
mod map;
mod names;
mod processes;
mod programs;
mod remove;
mod round;
mod settle;
mod skeleton;
mod standing;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::config::Config;

pub use accounts::Users;
pub use error::Error;
pub use existing::existing;
pub use settle::settle;

/// Where accounts are kept and what they are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What every name begins with; may be empty.
    pub prefix: String,
    /// Directory of the map.
    pub state_dir: PathBuf,
    /// Directory of `passwd` and its like: `/etc`.
    pub etc: PathBuf,
    /// Directory of the homes: `/home`.
    pub homes: PathBuf,
    /// What a new home holds: `/etc/skel`.
    pub skeleton: PathBuf,
    /// Directory of the directories for logs that accounts may have beside their homes.
    pub logs: PathBuf,
}

impl Settings {
    /// Those of the configuration, with the system's own directories.
    pub fn of(config: &Config) -> Self {
        Self {
            prefix: config.user_prefix.clone(),
            state_dir: config.state_dir.clone(),
            etc: PathBuf::from(ETC),
            homes: PathBuf::from("/home"),
            skeleton: PathBuf::from("/etc/skel"),
            logs: config.log_dir.clone(),
        }
    }
}

/// Where the system itself looks for accounts.
const ETC: &str = "/etc";

/// Whether these are the accounts that the C library knows.
fn is_system(etc: &Path) -> bool {
    etc == Path::new(ETC)
}

/// An account of the operating system (passwd(5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// The number of its primary group.
    pub gid: u32,
    /// The numbers of all its groups, the primary one first.
    pub groups: Vec<u32>,
    /// Its home directory.
    pub home: PathBuf,
    /// Its login shell.
    pub shell: PathBuf,
}

/// What is known of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The client's id.
    pub id: String,
    /// The account's name.
    pub name: String,
    /// The account's number.
    pub uid: u32,
    /// Its home directory.
    pub home: PathBuf,
    /// Whether there is an account of that name and number now.
    pub has_account: bool,
    /// Whether the home is there.
    pub has_home: bool,
    /// Whether the user was removed and only the home was kept.
    pub removed: bool,
}
