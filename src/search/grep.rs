//! Grep: the lines of files that match a pattern, or the files that have one.

mod clip;
mod searcher;
mod source;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::Error;
use super::fnmatch::Fnmatch;
use super::pattern::Pattern;
use super::walk::{Entry, Kind, Walk};
use crate::workspace::{Unopened, open_regular, shown};
use searcher::{CLIPPED, Searcher, Task};

/// How long a search with a pattern that backtracks may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes that all lines of an answer may take before the longest are clipped, though nobody asked.
const LINES: usize = 8 << 20;

/// What is looked for, and where.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are the switches of the request, each on its own"
)]
pub struct GrepRequest {
    /// The pattern, in the syntax of Python's `re`, or the text.
    pub query: String,
    /// A file, or a directory with all below it.
    pub path: PathBuf,
    /// Whether the query is a regular expression.
    pub regex: bool,
    /// Whether upper and lower case are the same.
    pub ignore_case: bool,
    /// Shell patterns for the names of files, of which one has to match; none is all files. A file named
    /// by `path` itself is always searched.
    pub include: Vec<String>,
    /// Whether every line counts that matches, or only which files have one.
    pub per_line: bool,
    /// Results wanted, at most.
    pub max_results: usize,
    /// Whether what git ignores is left out.
    pub respect_gitignore: bool,
    /// Lines to be shown before and after each that matches.
    pub context: usize,
    /// Bytes of names and lines in the answer, at most; one result is always given.
    pub max_bytes: Option<usize>,
}

/// A line that matches, or a file with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrepMatch {
    /// The file.
    pub file: PathBuf,
    /// The line; none when only files are asked for.
    pub line: Option<GrepLine>,
}

/// A line that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrepLine {
    /// Its number, from 1.
    pub number: u64,
    /// What is in it, without its line break.
    pub content: String,
    /// The lines before it, as many as were asked for and are there.
    pub before: Vec<String>,
    /// The lines after it.
    pub after: Vec<String>,
    /// Whether only a part of the line is given, round what was found.
    pub clipped: bool,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grepped {
    /// Files in the order of their paths, lines in theirs.
    pub matches: Vec<GrepMatch>,
    /// Whether a limit was reached, so that there may be more.
    pub truncated: bool,
    /// Whether it was the limit of bytes.
    pub cut_by_bytes: bool,
}

/// Searches. Results are the first in a stable order, however many threads work on it.
///
/// Files that are not UTF-8 count up to the block in which that shows; what cannot be read is left out.
pub fn grep(request: &GrepRequest, stop: &AtomicBool) -> Result<Grepped, Error> {
    let at = |problem| Error::at(&request.path, problem);
    let found = std::fs::metadata(&request.path).map_err(at)?;
    let pattern = Pattern::new(&request.query, request.regex, request.ignore_case)?;
    let task = Task {
        per_line: request.per_line,
        context: if request.per_line { request.context } else { 0 },
        enough: enough(request),
        long: long(request),
        deadline: Instant::now() + PATIENCE,
        stop,
    };
    let matches = if found.is_dir() {
        below(request, task, &pattern)?
    } else if found.is_file() {
        match open_regular(&request.path) {
            Ok((file, _)) => Searcher::new(task, pattern).search(file, &request.path)?,
            Err(Unopened::Unseen(problem)) => return Err(at(problem)),
            Err(Unopened::Io(problem)) => {
                return Err(Error::unopened(&request.path, problem));
            }
            Err(_) => Vec::new(),
        }
    } else {
        Vec::new() // a FIFO or a device has no lines
    };
    Ok(within_budget(request, matches))
}

/// Searches the files below a directory.
fn below(
    request: &GrepRequest,
    task: Task<'_>,
    pattern: &Pattern,
) -> Result<Vec<GrepMatch>, Error> {
    let include: Vec<Fnmatch> = request
        .include
        .iter()
        .map(|name| Fnmatch::new(name))
        .collect();
    let walk = Walk {
        root: &request.path,
        hidden: true,
        gitignore: request.respect_gitignore,
        enough: task.enough,
        stop: task.stop,
    };
    let visit = |searcher: &mut Searcher<'_>, entry: &Entry<'_>| {
        if matches!(entry.kind(), Kind::File | Kind::Link)
            && is_included(&include, entry.name())
            && let Some(file) = entry.open()
        {
            searcher.search(file, entry.path())
        } else {
            Ok(Vec::new())
        }
    };
    let (matches, _) = walk.run(|| Searcher::new(task, pattern.clone()), visit)?;
    Ok(matches)
}

fn is_included(include: &[Fnmatch], name: &OsStr) -> bool {
    include.is_empty() || include.iter().any(|pattern| pattern.matches(name))
}

/// How many results can be of use: each takes a few bytes of the budget, and one more shows that it is cut.
fn enough(request: &GrepRequest) -> usize {
    let least = request.path.as_os_str().len().max(1);
    let affordable = request
        .max_bytes
        .map_or(usize::MAX, |bytes| (bytes / least).saturating_add(2));
    request.max_results.min(affordable).max(1)
}

/// From how many bytes a line is clipped.
fn long(request: &GrepRequest) -> usize {
    if request.max_bytes.is_some() {
        return CLIPPED;
    }
    let lines = request.max_results.max(1) * (1 + 2 * request.context);
    (LINES / lines).max(CLIPPED)
}

/// Cuts what was found to what was asked for.
fn within_budget(request: &GrepRequest, mut matches: Vec<GrepMatch>) -> Grepped {
    let found = matches.len();
    if let Some(most) = request.max_bytes {
        let sums = matches.iter().scan(0, |sum, found| {
            *sum += size(found);
            Some(*sum)
        });
        let kept = sums.take_while(|sum| *sum <= most).count();
        matches.truncate(kept.max(1));
    }
    let cut_by_bytes = matches.len() < found;
    Grepped {
        truncated: cut_by_bytes || matches.len() >= request.max_results,
        cut_by_bytes,
        matches,
    }
}

/// The bytes of a result that count.
fn size(found: &GrepMatch) -> usize {
    let lines = found.line.as_ref().map_or(0, |line| {
        let around = line.before.iter().chain(&line.after).map(String::len);
        line.content.len() + around.sum::<usize>()
    });
    shown(&found.file).len() + lines
}
