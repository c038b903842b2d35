//! Files on the wire: look at them, read, write, replace, move and compare them.

mod compare;
mod contents;
mod cwd;
#[cfg(fuzzing)]
pub(super) mod fuzz;
mod list;
mod ranges;
mod read;
mod tree;
mod view;
mod write;

pub(super) use compare::compare_files;
pub(super) use cwd::{get_cwd, set_cwd};
pub(super) use list::{__path_display_file, __path_list_files};
pub(super) use list::{display_file, list_files, stat_file};
pub(super) use read::{__path_read_file, read_file};
pub(super) use tree::{delete_path, make_directory, move_path};
pub(super) use view::{nothing_to_serve, serve_file, to_serve, view_file};
pub(super) use write::{__path_replace_file_content, __path_write_file};
pub(super) use write::{replace_file_content, write_file};

use super::State;
use super::validate::Integer;

/// How a bound on the text of an answer is asked for.
pub(super) const MAX_BYTES: Integer = Integer { min: 0 };

/// The bound on the text of an answer: the one asked for, else the setting's; none is no bound.
pub(super) fn budget(state: &State, asked: Option<u64>) -> Option<usize> {
    let bound = state.output_budget(asked)?;
    Some(usize::try_from(bound).unwrap_or(usize::MAX))
}
