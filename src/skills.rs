//! Skills: instructions for models that lie in the home directory, one directory with a `SKILL.md` for each.

mod front;
#[cfg(fuzzing)]
pub mod fuzz;
mod resources;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::workspace::{open_regular, shown_name};
use front::Front;

/// Where skills are, seen from the home directory; the first of two with one name wins.
const PLACES: [&str; 4] = [
    ".agents/skills",
    ".cptr/skills",
    ".claude/skills",
    ".codex/skills",
];

/// The file that makes a directory a skill.
const FILE: &str = "SKILL.md";

/// The most directories that are looked into in one place.
const MOST: usize = 5_000;

/// The most skills that are told, those included that another hides by its name: all that is told of them is held.
const SKILLS: usize = 1_000;

/// The largest `SKILL.md` that is handed out, in bytes.
const LARGEST: u64 = 4 << 20;

/// How old a file's times must be before it is taken for unchanged by them, which tick every few milliseconds.
const SETTLED: Duration = Duration::from_millis(100);

/// Why a skill cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none of that name.
    #[error("there is no skill named {0:?}; GET /skills lists the names")]
    NotFound(String),
    /// Its file is too long.
    #[error("the skill's file {} has more than {} MiB; read it in parts, as any other file", .0.display(), LARGEST >> 20)]
    TooLarge(PathBuf),
    /// Its file could not be read.
    #[error("the skill's file {} could not be read: {problem}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// The caller has gone; nobody reads this.
    #[error("stopped")]
    Stopped,
}

/// What is told of a skill before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skill {
    /// What it is called by, in 256 characters at most.
    pub name: String,
    /// What it is for, in 1,024 characters at most.
    pub description: String,
    /// Its file, in full.
    pub location: PathBuf,
}

/// A skill, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What is told of it.
    pub skill: Skill,
    /// The text below the front matter, without blank lines around it.
    pub content: String,
    /// The files beside it, as paths seen from its directory; 50 at most.
    pub resources: Vec<PathBuf>,
}

/// Finds skills, and remembers what it read of files that have not changed since. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Skills(Arc<Mutex<Arc<Memory>>>);

/// What was read of each file.
type Memory = HashMap<PathBuf, Known>;

#[derive(Clone, Debug)]
struct Known {
    stamp: Stamp,
    /// None when it makes no skill.
    front: Option<Arc<Front>>,
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(found: &Metadata) -> Self {
        Self {
            file: (found.dev(), found.ino()),
            size: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }

    /// Whether a later change will show.
    fn is_settled(self, now: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let changed = u64::try_from(seconds).ok().and_then(|seconds| {
            let since = Duration::new(seconds, u32::try_from(nanoseconds).ok()?);
            SystemTime::UNIX_EPOCH.checked_add(since)
        });
        changed.is_some_and(|changed| now.duration_since(changed).is_ok_and(|age| age > SETTLED))
    }
}

impl Skills {
    /// The skills below `home`, in the order of the places and then of their directories' names. Blocks.
    pub fn list(&self, home: &Path, stop: &AtomicBool) -> Result<Vec<Skill>, Error> {
        let before = Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut memory = Memory::new();
        let mut skills = Vec::new();
        let mut names = HashSet::new();
        let mut left = SKILLS;
        'all: for place in PLACES {
            let place = home.join(place);
            for directory in directories(&place) {
                if left == 0 {
                    break 'all;
                }
                if stop.load(Ordering::Relaxed) {
                    return Err(Error::Stopped);
                }
                let location = place.join(&directory).join(FILE);
                let Some(known) = look(&location, &before) else {
                    continue;
                };
                if let Some(front) = &known.front {
                    left -= 1;
                    let skill = skill(front, &directory, &location);
                    if names.insert(skill.name.clone()) {
                        skills.push(skill);
                    }
                }
                memory.insert(location, known);
            }
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(memory);
        Ok(skills)
    }

    /// Reads the skill of that name below `home`. Blocks.
    pub fn read(&self, home: &Path, name: &str, stop: &AtomicBool) -> Result<Reading, Error> {
        let skills = self.list(home, stop)?;
        let missing = || Error::NotFound(name.to_owned());
        let skill = skills.into_iter().find(|skill| skill.name == name);
        let skill = skill.ok_or_else(missing)?;
        let bytes = whole(&skill.location)?;
        // It may have been changed into something else just now.
        let (_, content) = front::split(&bytes).ok_or_else(missing)?;
        let content = String::from_utf8_lossy(&content).trim().to_owned();
        let directory = skill.location.parent().unwrap_or(home);
        Ok(Reading {
            content,
            resources: resources::beside(directory, stop),
            skill,
        })
    }
}

/// The directories of a place that may be skills, in the order of their names; none when it cannot be looked into.
fn directories(place: &Path) -> Vec<OsString> {
    let Ok(entries) = std::fs::read_dir(place) else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut names: Vec<OsString> = names
        .filter(|name| !name.as_bytes().starts_with(b"."))
        .take(MOST)
        .collect();
    names.sort();
    names
}

/// What a file says of its skill, from memory where that holds; none when there is no file.
fn look(location: &Path, before: &Memory) -> Option<Known> {
    let stamp = Stamp::of(&std::fs::metadata(location).ok()?);
    if let Some(known) = before.get(location)
        && known.stamp == stamp
        && stamp.is_settled(SystemTime::now())
    {
        return Some(known.clone());
    }
    let (file, found) = open_regular(location).ok()?;
    let front = beginning(&file)
        .ok()
        .and_then(|bytes| front::read(&bytes))
        .map(Arc::new);
    let mut known = Known {
        stamp: Stamp::of(&found),
        front,
    };
    if !known.stamp.is_settled(SystemTime::now()) {
        // No file has this stamp, so it is read again next time.
        known.stamp.size = u64::MAX;
    }
    Some(known)
}

fn beginning(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(front::LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn skill(front: &Front, directory: &OsStr, location: &Path) -> Skill {
    let name = front.name.clone();
    Skill {
        name: name.unwrap_or_else(|| shown_name(directory).into_owned()),
        description: front.description.clone(),
        location: location.to_owned(),
    }
}

fn whole(location: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |problem| Error::Unreadable {
        path: location.to_owned(),
        problem,
    };
    let (file, _) =
        open_regular(location).map_err(|_| unreadable(io::ErrorKind::NotFound.into()))?;
    let mut bytes = Vec::new();
    let mut file = file.take(LARGEST + 1);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::TooLarge(location.to_owned()));
    }
    Ok(bytes)
}
