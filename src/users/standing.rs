//! Whether the account on record is there, is missing, or has become another's.

use super::database::Database;
use super::map::Record;
use super::{Error, names};
use crate::config::Passwd;

/// What has to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) account: bool,
    pub(super) group: bool,
}

impl Missing {
    pub(super) fn anything(self) -> bool {
        self.account || self.group
    }
}

/// Compares what is there with the record of an id.
pub(super) fn missing(id: &str, record: &Record, database: &Database) -> Result<Missing, Error> {
    let taken = |other: String| Error::Taken {
        id: id.to_owned(),
        name: record.name.clone(),
        uid: record.uid,
        gid: record.gid,
        other,
    };
    let Record { name, uid, gid, .. } = record;
    let others = |account: &&Passwd| account.uid == *uid && account.name != *name;
    if let Some(other) = database.accounts.iter().find(others) {
        let other = &other.name;
        return Err(taken(format!("uid {uid} is that of the account {other:?}")));
    }
    if let Some(account) = database.account(name) {
        if (account.uid, account.gid) != (*uid, *gid) {
            let (uid, gid) = (account.uid, account.gid);
            return Err(taken(format!(
                "an account {name:?} has uid {uid} and gid {gid}"
            )));
        }
        if names::is_mark(&account.comment) && account.comment != names::mark(id) {
            return Err(taken(format!(
                "an account {name:?} is marked as another user's"
            )));
        }
        // Whatever its group is called, it is the account's already.
        let group = database.group_of(*gid).is_none() && database.group(name).is_none();
        return Ok(Missing {
            account: false,
            group,
        });
    }
    let uses = |account: &&Passwd| account.gid == *gid;
    if let Some(other) = database.accounts.iter().find(uses) {
        let other = &other.name;
        return Err(taken(format!("gid {gid} is that of the account {other:?}")));
    }
    if let Some(other) = (database.groups.iter()).find(|g| g.gid == *gid && g.name != *name) {
        let other = &other.name;
        return Err(taken(format!("gid {gid} is that of the group {other:?}")));
    }
    match database.group(name) {
        Some(group) if group.gid != *gid => {
            let gid = group.gid;
            Err(taken(format!("a group {name:?} has gid {gid}")))
        }
        group => Ok(Missing {
            account: true,
            group: group.is_none(),
        }),
    }
}
