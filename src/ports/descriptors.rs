//! Descriptors: the sockets a process holds, as the links in `/proc/PID/fd` tell (proc(5)).

use std::mem::MaybeUninit;

use rustix::fs::{CWD, Mode, OFlags, RawDir, openat, readlinkat_raw};

/// Room for the names of some hundred descriptors.
const NAMES: usize = 8192;
/// A link to a socket is far shorter: `socket:[…]`.
const LINK: usize = 48;

/// What the entries of a directory are read into, again and again.
pub(super) struct Names(Box<[MaybeUninit<u8>; NAMES]>);

impl Default for Names {
    fn default() -> Self {
        Self(Box::new([MaybeUninit::uninit(); NAMES]))
    }
}

impl Names {
    /// Shows the inode of each socket that the process holds. It may have ended, or be another user's: then there are
    /// none.
    pub(super) fn sockets(&mut self, pid: i32, mut show: impl FnMut(u64)) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Ok(directory) = openat(CWD, format!("/proc/{pid}/fd"), flags, Mode::empty()) else {
            return;
        };
        let mut link = [0; LINK];
        let mut entries = RawDir::new(&directory, &mut self.0[..]);
        while let Some(Ok(entry)) = entries.next() {
            let Ok(length) = readlinkat_raw(&directory, entry.file_name(), &mut link[..]) else {
                continue;
            };
            if let Some(inode) = inode(&link[..length]) {
                show(inode);
            }
        }
    }
}

fn inode(link: &[u8]) -> Option<u64> {
    let number = link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets_of(pid: i32) -> Vec<u64> {
        let mut found = Vec::new();
        Names::default().sockets(pid, |inode| found.push(inode));
        found
    }

    #[test]
    fn links_to_sockets_have_an_inode() {
        assert_eq!(inode(b"socket:[4711]"), Some(4711));
        for other in [
            &b"pipe:[4711]"[..],
            b"socket:[4711",
            b"socket:[]",
            b"/tmp/socket:[1]",
            b"",
        ] {
            assert_eq!(inode(other), None);
        }
    }

    #[test]
    fn all_sockets_of_a_process_are_found_and_none_of_one_that_is_gone() {
        let open: Vec<_> = (0..400)
            .map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let own = std::process::id().cast_signed();
        assert!(sockets_of(own).len() >= open.len());
        assert!(sockets_of(i32::MAX).is_empty());
    }
}
