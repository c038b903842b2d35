//! Which account an id gets that has none: one that it had, one that its home tells of, or a new one.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::database::Database;
use super::map::{Map, ORDINARY, Record};
use super::{Error, Settings, names};

/// The first number of accounts that are made here, above those that people make.
const FIRST: u32 = 10_000;

/// The first number that is no account's of users (nobody is 65,534).
const NOBODY: u32 = 65_534;

/// An entry of the directory of homes.
pub(super) struct Home {
    name: String,
    uid: u32,
    gid: u32,
    /// Whether it is a directory, and no link to one.
    is_directory: bool,
}

/// Chooses for an id that the map does not have. The homes are looked at when they are needed, once for all ids.
pub(super) fn choose(
    id: &str,
    settings: &Settings,
    map: &Map,
    database: &Database,
    seen: &mut Option<Vec<Home>>,
) -> Result<Record, Error> {
    let base = names::name_for(id, &settings.prefix);
    if is_reserved(&base, database) {
        return Err(Error::Reserved(base));
    }
    if let Some(record) = marked(id, &base, map, database) {
        return Ok(record);
    }
    let homes = match seen {
        Some(homes) => homes,
        None => seen.insert(homes(&settings.homes)?),
    };
    for name in names::candidates(&base) {
        let taken = database.knows_name(&name)
            || database.group(&name).is_some()
            || database.is_member(&name)
            || map.has_name(&name)
            || names::is_reserved(&name);
        if taken {
            continue;
        }
        let Some(home) = homes.iter().find(|home| home.name == name) else {
            return fresh(name, map, database, homes);
        };
        if let Some(record) = adopted(home, map, database, homes) {
            let Record { name, uid, gid, .. } = &record;
            tracing::info!(name, uid, gid, "an existing home directory was adopted");
            return Ok(record);
        }
    }
    Err(Error::Exhausted("name"))
}

/// Whether a name is that of an account or a group of the system.
fn is_reserved(name: &str, database: &Database) -> bool {
    let system = |number: u32| !(ORDINARY.start..NOBODY).contains(&number);
    let account = database.account(name);
    let group = database.group(name);
    names::is_reserved(name)
        || account.is_some_and(|account| system(account.uid))
        || group.is_some_and(|group| system(group.gid))
}

/// The account that carries the id's mark. Only root can have set it, but another user may have been allowed to
/// change comments, so that the name has to fit as well.
fn marked(id: &str, base: &str, map: &Map, database: &Database) -> Option<Record> {
    let mark = names::mark(id);
    let fits = |name: &str| {
        let rest = name.strip_prefix(base);
        rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
    };
    let ours = database.accounts.iter().find(|account| {
        account.comment == mark
            && fits(&account.name)
            && ORDINARY.contains(&account.uid)
            && ORDINARY.contains(&account.gid)
            && !map.has_uid(account.uid)
            && !map.has_name(&account.name)
    })?;
    Some(record(ours.name.clone(), ours.uid, ours.gid))
}

/// The owner of a home, when it can be nobody else.
fn adopted(home: &Home, map: &Map, database: &Database, homes: &[Home]) -> Option<Record> {
    let &Home { uid, gid, .. } = home;
    let owned = homes.iter().filter(|other| other.uid == uid).count();
    let free = home.is_directory
        && ORDINARY.contains(&uid)
        && ORDINARY.contains(&gid)
        // Who owned two homes would see into another's.
        && owned == 1
        && !map.has_uid(uid)
        && !map.has_gid(gid)
        && !database.knows_uid(uid)
        && !database.knows_gid(gid);
    free.then(|| record(home.name.clone(), uid, gid))
}

/// A number that nobody has had: not even the owner of a home whose account is unknown.
fn fresh(name: String, map: &Map, database: &Database, homes: &[Home]) -> Result<Record, Error> {
    let mut uids: HashSet<u32> = map.records().map(|record| record.uid).collect();
    uids.extend(database.accounts.iter().map(|account| account.uid));
    uids.extend(homes.iter().map(|home| home.uid));
    let mut gids: HashSet<u32> = map.records().map(|record| record.gid).collect();
    gids.extend(database.groups.iter().map(|group| group.gid));
    gids.extend(database.accounts.iter().map(|account| account.gid));
    gids.extend(homes.iter().map(|home| home.gid));
    let uid = loop {
        let uid = above(&uids).ok_or(Error::Exhausted("uid"))?;
        if !database.knows_uid(uid) {
            break uid;
        }
        uids.insert(uid);
    };
    let gid = if gids.contains(&uid) {
        above(&gids).ok_or(Error::Exhausted("gid"))?
    } else {
        uid
    };
    Ok(record(name, uid, gid))
}

/// The number after the highest, else the lowest that is free.
fn above(taken: &HashSet<u32>) -> Option<u32> {
    let ours = FIRST..ORDINARY.end;
    let highest = taken.iter().filter(|number| ours.contains(number)).max();
    let next = highest.map_or(FIRST, |highest| highest + 1);
    if ours.contains(&next) {
        return Some(next);
    }
    ours.into_iter().find(|number| !taken.contains(number))
}

fn record(name: String, uid: u32, gid: u32) -> Record {
    Record {
        name,
        uid,
        gid,
        other: serde_json::Map::new(),
    }
}

/// What is in the directory of homes; nothing when that is yet to be made.
fn homes(path: &Path) -> Result<Vec<Home>, Error> {
    let failed = |problem: std::io::Error| Error::Home {
        path: path.to_owned(),
        problem: problem.to_string(),
    };
    let entries = match std::fs::read_dir(path) {
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut homes = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let found = match entry.metadata() {
            // It was renamed or removed just now.
            Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => continue,
            found => found.map_err(failed)?,
        };
        homes.push(Home {
            name: entry.file_name().to_string_lossy().into_owned(),
            uid: found.uid(),
            gid: found.gid(),
            is_directory: found.is_dir(),
        });
    }
    Ok(homes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_up_and_then_fill_holes() {
        let of = |taken: &[u32]| above(&taken.iter().copied().collect());
        assert_eq!(of(&[]), Some(10_000));
        assert_eq!(of(&[0, 1_000, 9_999, 65_534]), Some(10_000));
        assert_eq!(of(&[10_000, 10_007]), Some(10_008));
        assert_eq!(of(&[10_000, 59_999]), Some(10_001));
        let all: HashSet<u32> = (10_000..60_000).collect();
        assert_eq!(above(&all), None);
    }
}
