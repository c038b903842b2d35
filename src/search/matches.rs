//! Matches: files and directories whose path has a text in it, and files whose content has.

mod content;
mod sieve;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use memchr::memmem::Finder;

use super::Error;
use super::best::Best;
use super::candidates::{Candidate, Candidates};
use super::names::{Closeness, Place, lower};
use super::walk::{Entry, Kind};
use crate::workspace::{open_regular, shown, shown_name};
use content::Content;
pub use content::LineMatch;
use sieve::Sieve;

/// Lines given of one file, at most.
const MOST_LINES: usize = 3;

/// What to look for, and where.
#[derive(Debug)]
pub struct MatchesRequest {
    /// Text to look for, in whatever case; spaces around it do not count.
    pub query: String,
    /// The directory to look in, at any depth.
    pub path: PathBuf,
    /// How many results are given, at most.
    pub limit: usize,
    /// How many results are passed over before.
    pub offset: usize,
    /// Whether those count that have a name on their path that begins with a dot.
    pub show_hidden: bool,
    /// How many bytes of names and lines are given, at most, save that one result always is.
    pub max_bytes: Option<usize>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Matched {
    /// The results, the best first: by name, then by path, then by content.
    pub results: Vec<Match>,
    /// The offset of the result after the last one given; none when that is the last of all.
    pub next_offset: Option<usize>,
    /// Whether `max_bytes` has cut the results short.
    pub truncated: bool,
}

/// A file or directory that was found.
#[derive(Debug)]
pub struct Match {
    /// Its path.
    pub path: PathBuf,
    /// Its path below the directory that was looked in.
    pub relative_path: PathBuf,
    /// Whether it is a directory or a link to one.
    pub directory: bool,
    /// Whether the path below has the text in it.
    pub name_match: bool,
    /// The first lines that have it.
    pub content_matches: Vec<LineMatch>,
}

/// Looks for a text in paths and contents.
///
/// In a git work tree those files count that git would list, and the directories above them, else
/// all there is. Content counts of files up to 1 MiB with no NUL near their beginning; links have none.
pub fn find_matches(request: &MatchesRequest, stop: &AtomicBool) -> Result<Matched, Error> {
    let query = request.query.trim().to_lowercase();
    if query.is_empty() {
        let text = "the query is empty; name a text to look for in names and contents";
        return Err(Error::Pattern(text.into()));
    }
    let wanted = request.offset.saturating_add(request.limit);
    let best = Best::new(wanted.saturating_add(1));
    let sieve = Sieve::new(&query);
    let search = Search {
        finder: Finder::new(&query),
        sieve: &sieve,
        best: &best,
    };
    let candidates = Candidates {
        root: &request.path,
        hidden: request.show_hidden,
        stop,
    };
    candidates.each(
        || (String::new(), Content::new()),
        |(lowered, content), candidate| {
            search.look_at(candidate, lowered, content);
            Ok(())
        },
    )?;
    let places = best.into_sorted();
    let more = places.len() > wanted;
    let page = places.into_keys().skip(request.offset).take(request.limit);
    fill(request, &query, page.collect(), more, stop)
}

/// What the threads of one search share.
struct Search<'a> {
    finder: Finder<'a>,
    sieve: &'a Sieve,
    best: &'a Best<Place, ()>,
}

impl Search<'_> {
    fn look_at(&self, candidate: &Candidate<'_>, lowered: &mut String, content: &mut Content) {
        let entry = candidate.entry;
        let relative = shown(entry.relative());
        let mut fits = None;
        if self
            .finder
            .find(lower(&relative, lowered).as_bytes())
            .is_some()
        {
            let name = shown_name(entry.name());
            let close = Closeness::of(&self.finder, lower(&name, lowered));
            fits = Some(close.unwrap_or(Closeness::Path));
        }
        let closeness = fits.unwrap_or(Closeness::Content);
        let length = relative.chars().count();
        let behind = |last: &Place| (last.closeness, last.length) < (closeness, length);
        if self.best.is_full_before(behind) {
            return;
        }
        // What is found by its path is read when it is known to be among the results.
        let found = fits.is_some() || (entry.kind() == Kind::File && self.has_line(entry, content));
        if found {
            self.best
                .add(Place::new(closeness, length, entry.relative()), ());
        }
    }

    fn has_line(&self, entry: &Entry<'_>, content: &mut Content) -> bool {
        entry.open().is_some_and(|file| content.read(&file))
            && self.sieve.passes(content.bytes())
            && !content.lines_with(&self.finder, 1).is_empty()
    }
}

/// Looks up the lines of the results of one page.
fn fill(
    request: &MatchesRequest,
    query: &str,
    page: Vec<Place>,
    more: bool,
    stop: &AtomicBool,
) -> Result<Matched, Error> {
    let finder = Finder::new(query);
    let (mut content, mut room) = (Content::new(), request.max_bytes);
    let count = page.len();
    let mut results = Vec::with_capacity(count);
    for place in page {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        let mut found = result(&request.path, place, &finder, &mut content);
        if let Some(room) = &mut room {
            for line in &mut found.content_matches {
                line.clip();
            }
            let size = found.size();
            if size > *room && !results.is_empty() {
                break;
            }
            *room = room.saturating_sub(size);
        }
        results.push(found);
    }
    let truncated = results.len() < count;
    let next = request.offset.saturating_add(results.len());
    Ok(Matched {
        next_offset: (more || truncated).then_some(next),
        truncated,
        results,
    })
}

fn result(root: &Path, place: Place, finder: &Finder<'_>, content: &mut Content) -> Match {
    let name_match = place.closeness != Closeness::Content;
    let relative_path = place.into_path();
    let path = root.join(&relative_path);
    // A link has the content of another file, which is a result of its own.
    let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file());
    let content_matches = match is_file.then(|| open_regular(&path)) {
        Some(Ok((file, _))) if content.read(&file) => content.lines_with(finder, MOST_LINES),
        _ => Vec::new(),
    };
    Match {
        directory: path.is_dir(),
        path,
        relative_path,
        name_match,
        content_matches,
    }
}

impl Match {
    /// What it takes of a budget of bytes.
    fn size(&self) -> usize {
        let lines: usize = self
            .content_matches
            .iter()
            .map(|line| line.text.len())
            .sum();
        self.relative_path.as_os_str().len() + lines
    }
}
