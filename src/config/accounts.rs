//! Accounts and groups of the system: passwd(5) and group(5), read leniently from their files.
//!
//! The C library is asked for what is not there (a directory service may know it), but not by a program that is linked
//! statically: that one would load the library's parts of another version.

use std::ffi::CString;
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User, getgrouplist};

/// Where the system's own files are.
const ETC: &str = "/etc";
/// Whether the C library can be asked.
const LIBRARY: bool = !cfg!(target_feature = "crt-static");

/// An account: a line of passwd(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passwd {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// The number of its primary group.
    pub gid: u32,
    /// The comment (GECOS).
    pub comment: String,
    /// Its home directory.
    pub home: PathBuf,
    /// Its login shell; empty for the usual one.
    pub shell: PathBuf,
}

/// A group: a line of group(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its number.
    pub gid: u32,
    /// Names of the accounts that have it besides their primary group.
    pub members: Vec<String>,
}

impl Passwd {
    /// All accounts in a directory's `passwd`. Blocks.
    pub fn all(etc: &Path) -> io::Result<Vec<Self>> {
        Ok(lines(&etc.join("passwd"))?
            .lines()
            .filter_map(Self::parse)
            .collect())
    }

    /// The account of a name. Blocks.
    pub fn of_name(name: &str) -> Option<Self> {
        let known = Self::all(Path::new(ETC)).unwrap_or_default();
        let known = known.into_iter().find(|account| account.name == name);
        known.or_else(|| library(|| User::from_name(name)).map(Self::of_library))
    }

    /// The account of a number; of several the first. Blocks.
    pub fn of_uid(uid: u32) -> Option<Self> {
        let known = Self::all(Path::new(ETC)).unwrap_or_default();
        let known = known.into_iter().find(|account| account.uid == uid);
        known.or_else(|| library(|| User::from_uid(Uid::from_raw(uid))).map(Self::of_library))
    }

    /// The numbers of all groups of an account, the primary one first. Blocks.
    pub fn groups(&self) -> Vec<u32> {
        let known = Group::all(Path::new(ETC)).unwrap_or_default();
        let mut groups = groups_among(&known, &self.name, self.gid);
        let name = CString::new(self.name.as_bytes()).ok();
        let gid = Gid::from_raw(self.gid);
        let more = name.and_then(|name| library(|| getgrouplist(&name, gid).map(Some)));
        for group in more.into_iter().flatten() {
            if !groups.contains(&group.as_raw()) {
                groups.push(group.as_raw());
            }
        }
        groups
    }

    fn of_library(user: User) -> Self {
        Self {
            name: user.name,
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
            comment: user.gecos.to_string_lossy().into_owned(),
            home: user.dir,
            shell: user.shell,
        }
    }

    fn parse(line: &str) -> Option<Self> {
        let [name, _, uid, gid, comment, home, shell] = fields(line)?;
        Some(Self {
            name: name.to_owned(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            comment: comment.to_owned(),
            home: PathBuf::from(home),
            shell: PathBuf::from(shell),
        })
    }
}

impl Group {
    /// All groups in a directory's `group`. Blocks.
    pub fn all(etc: &Path) -> io::Result<Vec<Self>> {
        Ok(lines(&etc.join("group"))?
            .lines()
            .filter_map(Self::parse)
            .collect())
    }

    /// The group of a number. Blocks.
    pub fn of_gid(gid: u32) -> Option<Self> {
        let known = Self::all(Path::new(ETC)).unwrap_or_default();
        let known = known.into_iter().find(|group| group.gid == gid);
        known.or_else(|| {
            let group = library(|| nix::unistd::Group::from_gid(Gid::from_raw(gid)))?;
            Some(Self {
                name: group.name,
                gid,
                members: group.mem,
            })
        })
    }

    fn parse(line: &str) -> Option<Self> {
        let [name, _, gid, members] = fields(line)?;
        let members = members.split(',').filter(|member| !member.is_empty());
        Some(Self {
            name: name.to_owned(),
            gid: gid.parse().ok()?,
            members: members.map(str::to_owned).collect(),
        })
    }
}

/// The numbers of all groups of an account among these, the primary one first.
pub fn groups_among(groups: &[Group], name: &str, gid: u32) -> Vec<u32> {
    let mut found = vec![gid];
    for group in groups {
        if group.members.iter().any(|member| member == name) && !found.contains(&group.gid) {
            found.push(group.gid);
        }
    }
    found
}

/// What the C library knows, where it can be asked.
fn library<T>(ask: impl FnOnce() -> nix::Result<Option<T>>) -> Option<T> {
    if LIBRARY { ask().ok().flatten() } else { None }
}

fn lines(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned())
}

/// The fields of a line when it has as many, and is no comment and no reference to NIS.
fn fields<const N: usize>(line: &str) -> Option<[&str; N]> {
    if line.starts_with(['#', '+', '-']) {
        return None;
    }
    let fields: Vec<&str> = line.split(':').collect();
    fields.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_lines_are_passed_over() {
        let etc = tempfile::tempdir().unwrap();
        let passwd = b"root:x:0:0::/root:/bin/sh\n\n#x\n+::::::\n-nis\nbad:x:y:0:::\na:x:1000:1001:\xff:/h:\n";
        std::fs::write(etc.path().join("passwd"), passwd).unwrap();
        let groups = "g:x:5:a,b\nh:x:6:\nshort:x\ni:x:7:a";
        std::fs::write(etc.path().join("group"), groups).unwrap();
        let accounts = Passwd::all(etc.path()).unwrap();
        let [_, a] = accounts.as_slice() else {
            panic!("{accounts:?}")
        };
        assert_eq!(
            (a.uid, a.gid, a.home.as_path()),
            (1000, 1001, Path::new("/h"))
        );
        let groups = Group::all(etc.path()).unwrap();
        assert_eq!(groups.len(), 3);
        assert_eq!(groups_among(&groups, "a", 1001), [1001, 5, 7]);
    }

    #[test]
    fn the_system_s_own_are_found() {
        let root = Passwd::of_name("root").unwrap();
        assert_eq!((root.uid, root.gid), (0, 0));
        assert_eq!(Passwd::of_uid(0), Some(root.clone()));
        assert_eq!(root.groups()[0], 0);
        assert_eq!(Group::of_gid(0).unwrap().name, "root");
        assert_eq!(Passwd::of_name("no-such-account"), None);
        assert_eq!(Passwd::of_name("a\0b"), None);
        assert_eq!(Passwd::of_uid(u32::MAX - 1), None);
    }
}
