//! The sweep: cgroups that a server has left behind that did not end well, and whose they are.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::broom;
use super::kill::kill_tree;
use super::mounts::SERVER;

/// The file name of what a server runs begins so.
pub(super) const BRANCH: &str = "open-terminal.";

/// Who a server is, as long as the machine runs: several may share a cgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id {
    /// The inode of its pid namespace, in which its process id counts.
    namespace: u64,
    pid: i32,
    /// When it was started, in ticks since boot.
    start: u64,
}

impl Id {
    /// This process.
    pub(super) fn own() -> io::Result<Self> {
        let (pid, start) = stat("self").ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self {
            namespace: fs::metadata("/proc/self/ns/pid")?.ino(),
            pid,
            start,
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let id = Self {
            namespace: parts.next()?.parse().ok()?,
            pid: parts.next()?.parse().ok()?,
            start: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(id)
    }

    fn lives(&self) -> bool {
        stat(&self.pid.to_string()).is_some_and(|(_, start)| start == self.start)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}.{}.{}", self.namespace, self.pid, self.start)
    }
}

/// Process id and start of a process that has not ended (proc(5), `stat`).
fn stat(process: &str) -> Option<(i32, u64)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let pid = stat.split(' ').next()?.parse().ok()?;
    // The name in parentheses may hold anything, so read from its end: the state is field 3, the start field 22.
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_ascii_whitespace().collect();
    let ended = matches!(*fields.first()?, "Z" | "X");
    (!ended).then_some((pid, fields.get(19)?.parse().ok()?))
}

/// Removes in this cgroup what belongs to servers that are gone; gives what is still busy.
///
/// Only processes in the branches are killed. In a server's own leaf are also those it found and had to move.
pub(super) fn sweep(own: &Path, me: Id) -> Vec<PathBuf> {
    let mut busy = Vec::new();
    for directory in broom::children(own) {
        let name = directory.file_name().unwrap_or_default().to_string_lossy();
        let (branch, server) = (name.strip_prefix(BRANCH), name.strip_prefix(SERVER));
        let Some(id) = branch.or(server).and_then(Id::parse) else {
            continue;
        };
        if id.namespace != me.namespace || id.lives() {
            continue;
        }
        if branch.is_some() {
            kill_tree(&directory);
        }
        if !broom::is_removed(&directory) {
            busy.push(directory);
        }
    }
    busy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_as_it_was_written() {
        let own = Id::own().unwrap();
        assert_eq!(Id::parse(&own.to_string()), Some(own));
        assert!(own.lives());
        for bad in ["", "1", "1.2", "1.2.x", "1.2.3.4", "a.2.3"] {
            assert_eq!(Id::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_process_of_the_same_number_that_began_at_another_time_is_another() {
        let own = Id::own().unwrap();
        let other = Id {
            start: own.start + 1,
            ..own
        };
        assert!(!other.lives());
    }

    #[test]
    fn only_what_belongs_to_dead_servers_here_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let me = Id::own().unwrap();
        let dead = Id {
            start: me.start + 1,
            ..me
        };
        let foreign = Id {
            namespace: me.namespace + 1,
            ..dead
        };
        let names = |id: Id| [format!("{BRANCH}{id}"), format!("{SERVER}{id}")];
        for name in names(me)
            .iter()
            .chain(&names(dead))
            .chain(&names(foreign))
            .chain(&["open-terminal.x".to_owned(), "user.slice".to_owned()])
        {
            fs::create_dir_all(place.path().join(name).join("workspace/1")).unwrap();
        }
        assert_eq!(sweep(place.path(), me), Vec::<PathBuf>::new());
        assert!(names(dead).iter().all(|n| !place.path().join(n).exists()));
        assert_eq!(broom::children(place.path()).len(), 6);
    }
}
