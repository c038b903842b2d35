//! The isolation of workspaces as the settings say it: where they run, and which walls are asked for.

use serde::{Deserialize, Serialize};

use super::reading::Reading;
use super::{ConfigError, Demand};

/// The words of the setting `isolation`.
pub(super) const ISOLATIONS: &[&str] = &["none", "process"];

/// Where workspaces run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// In the server's own process: there is one for all.
    #[default]
    None,
    /// Each in a process of its own, under the account of its user.
    Process,
}

impl Isolation {
    /// As set, else what goes with `multi_user`, which needs an account for each user.
    pub(super) fn of(word: Option<&str>, multi_user: bool) -> Result<Self, ConfigError> {
        match (word, multi_user) {
            (Some("none"), true) => Err(ConfigError::SharedWorkspace),
            (Some("process"), _) | (None, true) => Ok(Self::Process),
            _ => Ok(Self::None),
        }
    }

    /// The word for it in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Process => "process",
        }
    }
}

/// The walls round a workspace that may be asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WallDemands {
    /// Temporary directories of its own, and the server's files hidden.
    pub mount_namespace: Demand,
    /// No processes seen but its own.
    pub pid_namespace: Demand,
    /// Files and signals kept to what is its own.
    pub landlock: Demand,
    /// No rights by programs that are set-user-ID.
    pub no_new_privs: Demand,
    /// System calls that no shell needs are refused.
    pub seccomp: Demand,
}

impl WallDemands {
    /// Takes the settings of these names.
    pub(super) fn take(read: &mut Reading) -> Self {
        let mut demand = |name| {
            let word = read.text(name);
            word.map_or_else(Demand::default, |word| Demand::of_word(&word))
        };
        Self {
            mount_namespace: demand("mount_namespace"),
            pid_namespace: demand("pid_namespace"),
            landlock: demand("landlock"),
            no_new_privs: demand("no_new_privs"),
            seccomp: demand("seccomp"),
        }
    }
}

impl WallDemands {
    /// From now on, the wall of this name is required.
    pub fn require(&mut self, name: &str) {
        match name {
            "mount_namespace" => self.mount_namespace = Demand::Required,
            "pid_namespace" => self.pid_namespace = Demand::Required,
            "landlock" => self.landlock = Demand::Required,
            "no_new_privs" => self.no_new_privs = Demand::Required,
            "seccomp" => self.seccomp = Demand::Required,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_of_their_own_need_processes_of_their_own() {
        let of = |word, multi_user| Isolation::of(word, multi_user).ok();
        assert_eq!(of(None, false), Some(Isolation::None));
        assert_eq!(of(None, true), Some(Isolation::Process));
        assert_eq!(of(Some("process"), false), Some(Isolation::Process));
        assert_eq!(of(Some("none"), false), Some(Isolation::None));
        assert_eq!(of(Some("none"), true), None);
    }
}
