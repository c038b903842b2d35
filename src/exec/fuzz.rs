//! A door for fuzzing: the parts of commands that take any bytes, without the rest.

use std::fmt::Write;

use super::log;

/// Reads lines as a log's records, whatever is in them.
pub fn records(bytes: &[u8]) {
    log::fuzz::records(bytes);
}

/// What a log of these texts gives of its records from `offset` on within `most` bytes: a JSON array.
///
/// None when they fit and nothing had to be left out.
pub fn window(texts: &[&str], offset: u64, most: u64) -> Option<String> {
    let elements = log::fuzz::window(texts, offset, most)?;
    let mut array = String::new();
    write!(array, "[{}]", String::from_utf8_lossy(&elements)).ok()?;
    Some(array)
}

/// The text of a terminal's bytes that come in pieces.
pub fn decoded(pieces: &[&[u8]]) -> String {
    let mut decoder = log::Decoder::default();
    let mut text = String::new();
    for piece in pieces {
        text.push_str(&decoder.decode(piece));
    }
    text.push_str(decoder.finish().unwrap_or_default());
    text
}
