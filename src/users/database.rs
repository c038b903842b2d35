//! The accounts and groups that are there: passwd(5) and group(5), read leniently.

use std::path::Path;

use nix::unistd::{Uid, User};

use super::{Error, is_system};

/// A line of passwd(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Passwd {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// The comment (GECOS).
    pub(super) comment: String,
    pub(super) shell: String,
}

/// A line of group(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) gid: u32,
    pub(super) members: Vec<String>,
}

/// Both files, as they were when they were read.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) accounts: Vec<Passwd>,
    pub(super) groups: Vec<Group>,
    /// Whether the C library may know of accounts that are not in the files (nsswitch.conf(5)).
    system: bool,
}

impl Database {
    /// Reads both files in `etc`.
    pub(super) fn read(etc: &Path) -> Result<Self, Error> {
        let lines = |name: &str| {
            let path = etc.join(name);
            let bytes = std::fs::read(&path).map_err(|problem| Error::Database {
                path,
                problem: problem.to_string(),
            })?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        Ok(Self {
            accounts: lines("passwd")?.lines().filter_map(passwd).collect(),
            groups: lines("group")?.lines().filter_map(group).collect(),
            system: is_system(etc),
        })
    }

    /// The account of a name.
    pub(super) fn account(&self, name: &str) -> Option<&Passwd> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The group of a name.
    pub(super) fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// The groups that have a number.
    pub(super) fn group_of(&self, gid: u32) -> Option<&Group> {
        self.groups.iter().find(|group| group.gid == gid)
    }

    /// Whether a group lists an account of that name, which would have the group's rights when it is made.
    pub(super) fn is_member(&self, name: &str) -> bool {
        let mut members = self.groups.iter().flat_map(|group| &group.members);
        members.any(|member| member == name)
    }

    /// Whether there is an account of that name, in the files or elsewhere.
    pub(super) fn knows_name(&self, name: &str) -> bool {
        self.account(name).is_some()
            || (self.system && matches!(User::from_name(name), Ok(Some(_))))
    }

    /// Whether there is an account of that number, in the files or elsewhere.
    pub(super) fn knows_uid(&self, uid: u32) -> bool {
        self.accounts.iter().any(|account| account.uid == uid)
            || (self.system && matches!(User::from_uid(Uid::from_raw(uid)), Ok(Some(_))))
    }

    /// Whether an account or a group has that number for a group.
    pub(super) fn knows_gid(&self, gid: u32) -> bool {
        self.group_of(gid).is_some() || self.accounts.iter().any(|account| account.gid == gid)
    }

    /// All groups of an account, the primary one first.
    pub(super) fn groups_of(&self, name: &str, gid: u32) -> Vec<u32> {
        let mut found = vec![gid];
        for group in &self.groups {
            if group.members.iter().any(|member| member == name) && !found.contains(&group.gid) {
                found.push(group.gid);
            }
        }
        found
    }
}

fn passwd(line: &str) -> Option<Passwd> {
    let [name, _, uid, gid, comment, _, shell] = fields(line)?;
    Some(Passwd {
        name: name.to_owned(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        comment: comment.to_owned(),
        shell: shell.to_owned(),
    })
}

fn group(line: &str) -> Option<Group> {
    let [name, _, gid, members] = fields(line)?;
    let members = members.split(',').filter(|member| !member.is_empty());
    Some(Group {
        name: name.to_owned(),
        gid: gid.parse().ok()?,
        members: members.map(str::to_owned).collect(),
    })
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
        std::fs::write(
            etc.path().join("group"),
            "g:x:5:a,b\nh:x:6:\nshort:x\ni:x:7:a",
        )
        .unwrap();
        let database = Database::read(etc.path()).unwrap();
        assert_eq!(database.accounts.len(), 2);
        assert_eq!(database.groups.len(), 3);
        assert_eq!(database.groups_of("a", 1001), [1001, 5, 7]);
        assert!(database.is_member("b") && !database.is_member("root"));
        assert!(database.knows_gid(1001) && database.knows_uid(1000) && !database.knows_uid(1001));
    }

    #[test]
    fn a_missing_file_is_told() {
        let etc = tempfile::tempdir().unwrap();
        let error = Database::read(etc.path()).unwrap_err().to_string();
        assert!(
            error.contains("/passwd") && error.contains("No such file"),
            "{error}"
        );
    }
}
