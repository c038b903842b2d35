//! Search by name: the best of the files and directories whose name has a text in it.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use memchr::memmem::Finder;

use super::best::Best;
use super::candidates::{Candidate, Candidates};
use super::walk::{Kind, modified};
use super::{Error, Wanted};
use crate::workspace::{shown, shown_name};

/// What to look for, and where.
#[derive(Debug)]
pub struct NamesRequest {
    /// Text that the name has in it, in whatever case; all names have the empty one.
    pub query: String,
    /// The directory to look in, at any depth.
    pub path: PathBuf,
    /// What is wanted.
    pub wanted: Wanted,
    /// How many entries are given, at most.
    pub limit: usize,
    /// Whether those count that have a name on their path that begins with a dot.
    pub show_hidden: bool,
}

/// A file or directory that was found.
#[derive(Debug, PartialEq)]
pub struct Named {
    /// Its path.
    pub path: PathBuf,
    /// Whether it is a directory. In a git work tree a link to one is none.
    pub directory: bool,
    /// Bytes.
    pub size: u64,
    /// When its content was last changed: seconds since 1970.
    pub modified: f64,
}

/// Looks for files and directories by a part of their name, the best first.
///
/// In a git work tree those count that git would list, else all there are. What is gone, and a link
/// to nothing, is not found.
pub fn find_names(request: &NamesRequest, stop: &AtomicBool) -> Result<Vec<Named>, Error> {
    let query = request.query.to_lowercase();
    let finder = Finder::new(&query);
    let best = Best::new(request.limit);
    let candidates = Candidates {
        root: &request.path,
        hidden: request.show_hidden,
        stop,
    };
    candidates.each(String::new, |lowered, candidate| {
        if !could_be(candidate, request.wanted) {
            return Ok(());
        }
        let name = shown_name(candidate.entry.name());
        let Some(closeness) = Closeness::of(&finder, lower(&name, lowered)) else {
            return Ok(());
        };
        let length = name.chars().count();
        if best.is_full_before(|last: &Place| (last.closeness, last.length) < (closeness, length)) {
            return Ok(());
        }
        let place = Place::new(closeness, length, candidate.entry.relative());
        if best.takes(&place)
            && let Some(found) = named(candidate)
            && request.wanted.takes(found.directory)
        {
            best.add(place, found);
        }
        Ok(())
    })?;
    Ok(best.into_sorted().into_values().collect())
}

/// Whether it may be what is wanted, as far as is known without asking the system.
fn could_be(candidate: &Candidate<'_>, wanted: Wanted) -> bool {
    let directory = match candidate.entry.kind() {
        _ if candidate.git_says_directory.is_some() => candidate.git_says_directory,
        Kind::Directory => Some(true),
        Kind::File | Kind::Special => Some(false),
        Kind::Link => None,
    };
    directory.is_none_or(|directory| wanted.takes(directory))
}

fn named(candidate: &Candidate<'_>) -> Option<Named> {
    let metadata = candidate.entry.metadata()?;
    Some(Named {
        path: candidate.entry.path().to_owned(),
        directory: candidate.git_says_directory.unwrap_or(metadata.is_dir()),
        size: metadata.len(),
        modified: modified(&metadata),
    })
}

/// How well a name fits a query; less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closeness {
    /// It is the query.
    Same,
    /// It begins with it.
    Start,
    /// It has it in it.
    Inside,
    /// Only the path has it in it.
    Path,
    /// Only the content has.
    Content,
}

impl Closeness {
    /// How well a name fits, query and name in lower case.
    pub(super) fn of(query: &Finder<'_>, name: &str) -> Option<Self> {
        match query.find(name.as_bytes())? {
            0 if name.len() == query.needle().len() => Some(Self::Same),
            0 => Some(Self::Start),
            _ => Some(Self::Inside),
        }
    }
}

/// A place in the order of results: by closeness, then length, then path in lower case.
///
/// The path as it is comes last, so that no two places are the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) closeness: Closeness,
    /// Characters of the name or of the path, whichever the ranking goes by.
    pub(super) length: usize,
    lowered: String,
    path: PathBuf,
}

impl Place {
    pub(super) fn new(closeness: Closeness, length: usize, relative: &Path) -> Self {
        Self {
            closeness,
            length,
            lowered: shown(relative).to_lowercase(),
            path: relative.to_owned(),
        }
    }

    pub(super) fn into_path(self) -> PathBuf {
        self.path
    }
}

/// The text in lower case, as Python's `str.lower` and Rust agree on it; in `buffer` if it is short work.
pub(super) fn lower<'a>(text: &str, buffer: &'a mut String) -> &'a str {
    buffer.clear();
    if text.is_ascii() {
        buffer.push_str(text);
        buffer.make_ascii_lowercase();
    } else {
        *buffer = text.to_lowercase();
    }
    buffer
}
