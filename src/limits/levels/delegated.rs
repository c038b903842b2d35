//! Limits that are handed over: to a workspace that runs in a process of its own, under the uid of its account.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Limits, Settings, Shared, Status};
use crate::limits::cgroup::{Cgroups, Handed, Holds, Levels};
use crate::limits::watchdog::Watchdog;

/// What a workspace's process has to know to keep limits in the place that the server has made for it. To be sent to it
/// by a way that commands cannot write to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delegated {
    settings: Settings,
    status: Status,
    holds: Holds,
    /// None where the watchdog keeps them.
    cgroups: Option<Handed>,
}

impl Limits {
    /// In the server: makes a workspace's own place with the `user_*` bounds, and gives its account (uid and gid) what it
    /// takes to run commands there; with none, it stays this process's own.
    ///
    /// `name` is the account's. When there is a place already, what is still in it is killed, and the place is taken up
    /// again. Fails when the kernel refuses it, and for names that no account has. Blocks, up to 2 s when something
    /// is left that does not die.
    pub fn delegate(&self, name: &str, owner: Option<(u32, u32)>) -> io::Result<Delegated> {
        let shared = &*self.0;
        let cgroups = shared.cgroups.as_ref();
        Ok(Delegated {
            settings: shared.settings,
            status: shared.status.clone(),
            holds: shared.holds,
            cgroups: cgroups
                .map(|cgroups| cgroups.delegate(name, owner))
                .transpose()?,
        })
    }

    /// In the server: kills what is left in a workspace's place and removes it, waiting at most this long; what does not
    /// die by then is removed when it does. Blocks.
    pub fn reclaim(&self, name: &str, most: Duration) {
        if let Some(cgroups) = &self.0.cgroups {
            cgroups.reclaim(name, most);
        }
    }

    /// In the workspace's process: the limits as they were handed over. Fails when there can be no watchdog.
    ///
    /// Where the watchdog keeps limits, each workspace has its own, that sees only what this workspace runs: the `total_*`
    /// bounds then hold for each workspace by itself.
    pub fn join(delegated: Delegated) -> Result<Self, String> {
        let Delegated {
            settings,
            status,
            holds,
            cgroups,
        } = delegated;
        let levels = Levels {
            command: settings.command,
            user: settings.user,
            total: settings.total,
        };
        let watchdog = Watchdog::start(holds.leave(&settings.user), holds.leave(&settings.total))
            .map_err(|error| {
            format!("the watchdog of the limits cannot be started: {error}")
        })?;
        Ok(Self(Arc::new(Shared {
            cgroups: cgroups.map(|handed| Cgroups::join(handed, levels)),
            settings,
            holds,
            watchdog,
            status,
        })))
    }
}

impl Delegated {
    /// Puts the calling process, which has one thread and is still the server's user, where the workspace's own process
    /// belongs: beside its commands. To be called before a cgroup namespace is made, if one is.
    pub fn enter(&self) -> io::Result<()> {
        self.cgroups.as_ref().map_or(Ok(()), Handed::enter)
    }

    /// The directories in which the workspace makes, writes and removes things, for walls that allow by path. It also
    /// reads in those two levels above them.
    pub fn directories(&self) -> Vec<PathBuf> {
        self.cgroups
            .as_ref()
            .map_or_else(Vec::new, |handed| handed.directories().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::config::Demand;
    use crate::limits::{Bounds, Scope};

    fn sent(delegated: &Delegated) -> Delegated {
        let text = serde_json::to_string(delegated).unwrap();
        let back = serde_json::from_str(&text).unwrap();
        assert_eq!(*delegated, back, "{text}");
        back
    }

    #[test]
    fn limits_that_are_off_stay_so() {
        let limits = Limits::off();
        let delegated = limits.delegate("a", Some((12345, 12345))).unwrap();
        assert_eq!(delegated.directories(), Vec::<PathBuf>::new());
        delegated.enter().unwrap();
        let joined = Limits::join(sent(&delegated)).unwrap();
        assert_eq!(joined.status(), limits.status());
        assert_eq!(joined.settings(), limits.settings());
        limits.reclaim("a", Duration::ZERO);
    }

    #[test]
    fn without_cgroups_a_workspace_has_a_watchdog_of_its_own() {
        let user = Bounds {
            memory: Some(1 << 30),
            cpu: Some(0.1),
            pids: Some(100),
            ..Bounds::default()
        };
        let delegated = Delegated {
            settings: Settings {
                demand: Demand::Optional,
                user,
                ..Settings::default()
            },
            status: Limits::off().status().clone(),
            holds: Holds::default(),
            cgroups: None,
        };
        let limits = Limits::join(sent(&delegated)).unwrap();
        assert_eq!(limits.settings().user, user);
        let mut leaf = limits.leaf().unwrap();
        assert_eq!(leaf.ticket().join, Vec::<PathBuf>::new());
        // For a supervisor: what is below it counts, and nothing of other tests is.
        let mut shell = std::process::Command::new("sh")
            .args(["-c", "sleep 60 & wait"])
            .spawn()
            .unwrap();
        leaf.begin(shell.id().cast_signed());
        // It looks without being asked, for there are bounds at the level above.
        assert!(!leaf.is_slow_to_ask());
        let end = Instant::now() + Duration::from_secs(10);
        while limits.present(Scope::User).pids != Some(1) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(limits.present(Scope::User).pids, Some(1));
        for one in crate::sys::tree::processes(shell.id().cast_signed(), u64::MAX) {
            let pid = nix::unistd::Pid::from_raw(one.pid);
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).ok();
        }
        drop(leaf);
        shell.kill().ok();
        shell.wait().unwrap();
    }
}
