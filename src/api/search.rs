//! Search on the wire: contents by pattern, paths by glob, names and matches by words.

mod content;
mod names;

pub(super) use content::{__path_grep_search, __path_match_files};
pub(super) use content::{grep_search, match_files};
pub(super) use names::{__path_glob_search, __path_search_files};
pub(super) use names::{glob_search, search_files};

use super::validate::{OneOf, Within};
use crate::search::Wanted;

/// The kinds of entries one may ask for.
const KINDS: OneOf = OneOf(&["file", "directory", "any"]);
/// How many results one may ask for.
const RESULTS: Within = Within { min: 1, max: 500 };
/// How many results one may ask for at once where there are pages.
const PAGE: Within = Within { min: 1, max: 100 };

fn wanted(word: &str) -> Wanted {
    match word {
        "file" => Wanted::Files,
        "directory" => Wanted::Directories,
        _ => Wanted::All,
    }
}

fn type_of(directory: bool) -> &'static str {
    if directory { "directory" } else { "file" }
}

/// A number that is known to be small.
fn small(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
