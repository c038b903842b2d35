//! The map from ids to accounts: a file that is replaced as a whole and never begun anew over a broken one.

use std::collections::{BTreeMap, HashSet};
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::libc;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lock::{Lock, PATIENCE};
use super::{Error, names};

/// The map's file in the state directory.
const FILE: &str = "users.json";

/// Where the homes are locked, each while it is made or removed.
const HOMES: &str = "homes.lock";

/// The layout that is written.
const VERSION: u32 = 1;

/// Numbers that accounts of users may have; below are the system's, above are nobody and those of containers.
pub(super) const ORDINARY: std::ops::Range<u32> = 1_000..60_000;

/// Members that a later version wrote; they are kept.
type Other = serde_json::Map<String, Value>;

/// The account of an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    #[serde(flatten)]
    pub(super) other: Other,
}

/// A user that was removed: the number is not given to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tombstone {
    pub(super) id: String,
    /// Whether the home is still there, so that name and number wait for the id.
    pub(super) home_kept: bool,
    #[serde(flatten)]
    pub(super) record: Record,
}

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Map {
    version: u32,
    pub(super) users: BTreeMap<String, Record>,
    #[serde(default)]
    pub(super) removed: Vec<Tombstone>,
    #[serde(flatten)]
    other: Other,
}

impl Default for Map {
    fn default() -> Self {
        Self {
            version: VERSION,
            users: BTreeMap::new(),
            removed: Vec::new(),
            other: Other::new(),
        }
    }
}

impl Map {
    fn parse(text: &[u8]) -> Result<Self, String> {
        let map: Self = serde_json::from_slice(text).map_err(|problem| problem.to_string())?;
        map.check()?;
        Ok(map)
    }

    /// Refuses what would give two users one account, or a user one of the system.
    fn check(&self) -> Result<(), String> {
        if self.version != VERSION {
            return Err(format!(
                "it has version {}, and this server knows version {VERSION}",
                self.version
            ));
        }
        let (mut uids, mut taken) = (HashSet::new(), HashSet::new());
        for record in self.records() {
            let Record { name, uid, gid, .. } = record;
            if !names::is_legal(name) || names::is_reserved(name) {
                return Err(format!("{name:?} is no name for an account"));
            }
            if !ORDINARY.contains(uid) || !ORDINARY.contains(gid) {
                return Err(format!(
                    "{name:?} has uid {uid} and gid {gid}, which are not both from {} to {}",
                    ORDINARY.start,
                    ORDINARY.end - 1
                ));
            }
            if !uids.insert(*uid) {
                return Err(format!("uid {uid} is there twice"));
            }
        }
        match self.names().find(|name| !taken.insert(*name)) {
            Some(name) => Err(format!("the name {name:?} is there twice")),
            None => Ok(()),
        }
    }

    /// All that is on record, tombstones too.
    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        let removed = self.removed.iter().map(|tombstone| &tombstone.record);
        self.users.values().chain(removed)
    }

    /// The names that are not free.
    fn names(&self) -> impl Iterator<Item = &str> {
        let kept = self.kept().map(|tombstone| &tombstone.record);
        self.users
            .values()
            .chain(kept)
            .map(|record| record.name.as_str())
    }

    /// Removed users whose homes are still there.
    pub(super) fn kept(&self) -> impl Iterator<Item = &Tombstone> {
        self.removed.iter().filter(|tombstone| tombstone.home_kept)
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.names().any(|taken| taken == name)
    }

    pub(super) fn has_uid(&self, uid: u32) -> bool {
        self.records().any(|record| record.uid == uid)
    }

    pub(super) fn has_gid(&self, gid: u32) -> bool {
        self.records().any(|record| record.gid == gid)
    }

    /// Takes a removed user back whose home was kept.
    pub(super) fn revive(&mut self, id: &str) -> Option<Record> {
        let mine = |tombstone: &Tombstone| tombstone.home_kept && tombstone.id == id;
        let index = self.removed.iter().position(mine)?;
        let record = self.removed.remove(index).record;
        self.users.insert(id.to_owned(), record.clone());
        Some(record)
    }
}

/// By which a file is told from what replaced it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp([i128; 5]);

impl Stamp {
    fn of(found: &Metadata) -> Self {
        Self([
            found.dev().into(),
            found.ino().into(),
            found.len().into(),
            found.mtime().into(),
            found.mtime_nsec().into(),
        ])
    }
}

/// The directory of the map.
#[derive(Debug)]
pub(super) struct State(PathBuf);

/// The map while nobody else can change it.
#[derive(Debug)]
pub(super) struct Held<'a> {
    state: &'a State,
    pub(super) map: Map,
    pub(super) stamp: Option<Stamp>,
    _lock: Lock,
}

impl State {
    /// Takes the directory, made where it is missing, when nobody else can write to it.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let refused = |problem: String| Error::State {
            path: path.to_owned(),
            problem,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|problem| refused(problem.to_string()))?;
        let found = path
            .metadata()
            .map_err(|problem| refused(problem.to_string()))?;
        let own = nix::unistd::geteuid().as_raw();
        if found.uid() != own {
            let owner = found.uid();
            return Err(refused(format!(
                "it belongs to uid {owner}; make it that of uid {own} (chown)"
            )));
        }
        if found.mode() & 0o022 != 0 {
            return Err(refused(
                "others may write to it; take that from them (chmod go-w)".to_owned(),
            ));
        }
        Ok(Self(path.to_owned()))
    }

    fn file(&self) -> PathBuf {
        self.0.join(FILE)
    }

    /// What tells whether the map has been replaced; none when there is no file.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let found = self.file().symlink_metadata().ok()?;
        Some(Stamp::of(&found))
    }

    /// Reads the map; an absent one is empty.
    pub(super) fn read(&self) -> Result<(Map, Option<Stamp>), Error> {
        let path = self.file();
        let refused = |problem: String| Error::Map {
            path: path.clone(),
            problem,
        };
        let mut file = match OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(&path)
        {
            Ok(file) => file,
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
                return Ok((Map::default(), None));
            }
            Err(problem) => return Err(refused(problem.to_string())),
        };
        let mut text = Vec::new();
        let found = file
            .read_to_end(&mut text)
            .and_then(|_| file.metadata())
            .map_err(|problem| refused(problem.to_string()))?;
        Ok((Map::parse(&text).map_err(refused)?, Some(Stamp::of(&found))))
    }

    /// Reads the map and keeps others, in this process and elsewhere, from changing it.
    pub(super) fn hold(&self) -> Result<Held<'_>, Error> {
        // Another may hold the lock while it waits for that of the accounts.
        let lock = Lock::of_file(&self.0.join("users.lock"), 2 * PATIENCE)?;
        let (map, stamp) = self.read()?;
        Ok(Held {
            state: self,
            map,
            stamp,
            _lock: lock,
        })
    }

    /// Keeps others, in this process and elsewhere, from making or removing the home of a number.
    pub(super) fn hold_home(&self, uid: u32) -> Result<Lock, Error> {
        Lock::of_home(&self.0.join(HOMES), uid, PATIENCE)
    }

    fn write(&self, map: &Map) -> io::Result<Stamp> {
        let mut text = serde_json::to_vec_pretty(map)?;
        text.push(b'\n');
        let new = self.0.join(format!("{FILE}.new"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&new)?;
        file.write_all(&text)?;
        file.sync_all()?;
        let stamp = Stamp::of(&file.metadata()?);
        std::fs::rename(&new, self.file())?;
        File::open(&self.0)?.sync_all()?;
        Ok(stamp)
    }
}

impl Held<'_> {
    /// Replaces the file by what the map is now.
    pub(super) fn save(&mut self) -> Result<(), Error> {
        let failed = |problem: String| Error::State {
            path: self.state.file(),
            problem,
        };
        // What could not be read again must not be written.
        self.map.check().map_err(failed)?;
        let stamp = self.state.write(&self.map);
        self.stamp = Some(stamp.map_err(|problem| failed(problem.to_string()))?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_version_adds_survives() {
        let text =
            br#"{"version":1,"x":[1],"users":{"a":{"name":"a","uid":1000,"gid":1000,"y":{"z":2}}},
            "removed":[{"id":"b","name":"b","uid":1001,"gid":1001,"home_kept":false,"w":null}]}"#;
        let map = Map::parse(text).unwrap();
        let again: Value = serde_json::to_value(&map).unwrap();
        assert_eq!(again, serde_json::from_slice::<Value>(text).unwrap());
    }

    #[test]
    fn a_map_that_would_share_or_promote_is_refused() {
        for (users, word) in [
            (r#""a":{"name":"a","uid":0,"gid":1000}"#, "uid 0"),
            (r#""a":{"name":"a","uid":1000,"gid":27}"#, "gid 27"),
            (r#""a":{"name":"../a","uid":1000,"gid":1000}"#, "../a"),
            (r#""a":{"name":"root","uid":1000,"gid":1000}"#, "root"),
            (
                r#""a":{"name":"a","uid":1000,"gid":1000},"b":{"name":"b","uid":1000,"gid":1001}"#,
                "uid 1000 is there twice",
            ),
            (
                r#""a":{"name":"a","uid":1000,"gid":1000},"b":{"name":"a","uid":1001,"gid":1001}"#,
                "name \"a\" is there twice",
            ),
        ] {
            let text = format!("{{\"version\":1,\"users\":{{{users}}}}}");
            let problem = Map::parse(text.as_bytes()).unwrap_err();
            assert!(problem.contains(word), "{problem}");
        }
        let newer = Map::parse(br#"{"version":2,"users":{}}"#).unwrap_err();
        assert!(newer.contains("version 2"), "{newer}");
    }

    #[test]
    fn the_directory_is_made_for_us_alone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/b");
        let state = State::open(&path).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o700);
        state.hold().unwrap().save().unwrap();
        let file = path.join(FILE).metadata().unwrap();
        assert_eq!(file.mode() & 0o777, 0o600);
        assert_eq!(state.stamp(), Some(Stamp::of(&file)));
        let loose = std::os::unix::fs::PermissionsExt::from_mode(0o770);
        std::fs::set_permissions(&path, loose).unwrap();
        let error = State::open(&path).unwrap_err().to_string();
        assert!(error.contains("chmod go-w"), "{error}");
    }
}
