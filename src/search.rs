//! Search: by name and by content, in trees as they are found, in an order that stays the same.

mod best;
mod candidates;
mod error;
mod fnmatch;
mod git;
mod glob;
mod grep;
mod matches;
mod names;
mod pattern;
mod walk;
mod wanted;

pub use error::Error;
pub use fnmatch::Fnmatch;
pub use glob::{GlobMatch, GlobRequest, Globbed, glob};
pub use grep::{GrepLine, GrepMatch, GrepRequest, Grepped, grep};
pub use matches::{LineMatch, Match, Matched, MatchesRequest, find_matches};
pub use names::{Named, NamesRequest, find_names};
pub use pattern::Pattern;
pub use wanted::Wanted;
