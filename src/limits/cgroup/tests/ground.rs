//! The ground of a test: a cgroup of its own in every hierarchy of this machine.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::mounts::{self, Version};
use super::super::*;

/// A cgroup for one test in every hierarchy.
pub(super) struct Ground {
    pub(super) system: System,
    pub(super) directories: Vec<PathBuf>,
    pub(super) version: Version,
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

impl Ground {
    /// None, saying so, where there are none that can be written.
    pub(super) fn new() -> Option<Self> {
        let mut system = System::here().unwrap();
        let all = mounts::find(&system.cgroup, &system.mountinfo);
        let one = all
            .iter()
            .any(|one| one.version == Version::One && one.place.is_ok());
        let version = if one { Version::One } else { Version::Two };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ot-test-{}-{number}", std::process::id());
        let mut ground = String::new();
        for line in system.cgroup.lines() {
            let line = line.trim_end_matches('/');
            match version {
                Version::One if !line.starts_with("0:") => writeln!(ground, "{line}/{name}"),
                // Other tests move this process about, so from the root.
                Version::Two if line.starts_with("0:") => writeln!(ground, "0::/{name}"),
                _ => Ok(()),
            }
            .unwrap();
        }
        system.cgroup = ground;
        let mut directories = Vec::new();
        for hierarchy in mounts::find(&system.cgroup, &system.mountinfo) {
            if let Ok(place) = hierarchy.place {
                for controller in ["cpu", "memory", "pids", "io"] {
                    let control = "cgroup.subtree_control";
                    files::write(&place.mount, control, &format!("+{controller}")).ok();
                }
                if std::fs::create_dir(&place.own).is_ok() {
                    directories.push(place.own);
                }
            }
        }
        let least = if one { 5 } else { 1 };
        if directories.len() < least {
            eprintln!("not tried: there are no cgroups to write to");
            return None;
        }
        Some(Self {
            system,
            directories,
            version,
        })
    }

    pub(super) fn set_up(&self, levels: &Levels) -> Cgroups {
        let cgroups = Cgroups::set_up_in(&self.system, levels).unwrap();
        let expected = match self.version {
            Version::One => "cgroup v1",
            Version::Two => "cgroup v2",
        };
        assert_eq!(cgroups.describe(), expected);
        cgroups
    }

    /// The directories that are left of servers.
    pub(super) fn left(&self) -> Vec<PathBuf> {
        let children = self.directories.iter().map(|at| broom::children(at));
        children.flatten().collect()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for directory in &self.directories {
            if self.version == Version::Two
                && let Some(root) = directory.parent()
            {
                // Servers move back to where they were: this process is here.
                files::write(root, "cgroup.procs", "0").ok();
            }
            let removed = broom::is_removed_soon(directory);
            assert!(
                removed || std::thread::panicking(),
                "{} is busy",
                directory.display()
            );
        }
    }
}
