//! The accounts and groups that there are, looked at together.

use std::path::Path;

use super::{Error, is_system};
use crate::config::{Group, Passwd, groups_among};

/// Both files, as they were when they were read.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) accounts: Vec<Passwd>,
    pub(super) groups: Vec<Group>,
    /// Whether there may be accounts that are not in the files (nsswitch.conf(5)).
    system: bool,
}

impl Database {
    /// Reads both files in `etc`.
    pub(super) fn read(etc: &Path) -> Result<Self, Error> {
        let failed = |name: &str, problem: std::io::Error| Error::Database {
            path: etc.join(name),
            problem: problem.to_string(),
        };
        Ok(Self {
            accounts: Passwd::all(etc).map_err(|problem| failed("passwd", problem))?,
            groups: Group::all(etc).map_err(|problem| failed("group", problem))?,
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
        self.account(name).is_some() || (self.system && Passwd::of_name(name).is_some())
    }

    /// Whether there is an account of that number, in the files or elsewhere.
    pub(super) fn knows_uid(&self, uid: u32) -> bool {
        self.accounts.iter().any(|account| account.uid == uid)
            || (self.system && Passwd::of_uid(uid).is_some())
    }

    /// Whether an account or a group has that number for a group.
    pub(super) fn knows_gid(&self, gid: u32) -> bool {
        self.group_of(gid).is_some() || self.accounts.iter().any(|account| account.gid == gid)
    }

    /// All groups of an account, the primary one first.
    pub(super) fn groups_of(&self, name: &str, gid: u32) -> Vec<u32> {
        groups_among(&self.groups, name, gid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_known_by_all_who_have_them() {
        let etc = tempfile::tempdir().unwrap();
        std::fs::write(etc.path().join("passwd"), "a:x:1000:1001::/h:\n").unwrap();
        std::fs::write(etc.path().join("group"), "g:x:5:a,b\n").unwrap();
        let database = Database::read(etc.path()).unwrap();
        assert_eq!(database.groups_of("a", 1001), [1001, 5]);
        assert!(database.is_member("b") && !database.is_member("root"));
        assert!(database.knows_gid(1001) && database.knows_gid(5));
        assert!(database.knows_uid(1000) && !database.knows_uid(1001));
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
