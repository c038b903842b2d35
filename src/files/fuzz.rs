//! A door for fuzzing: what is done to a text before any file is touched.

use super::replace;
use super::{Chunk, ReplaceError};

/// `text` with every chunk replaced.
pub fn replaced(text: &str, chunks: &[Chunk]) -> Result<String, ReplaceError> {
    replace::replaced(text, chunks)
}
