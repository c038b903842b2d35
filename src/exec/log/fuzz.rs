//! A door for fuzzing: records and windows of logs that are in memory.

use super::records;

/// Reads lines as records, whatever is in them.
pub(in crate::exec) fn records(bytes: &[u8]) {
    let mut element = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let text = records::text(line);
        let length = records::text_length(line);
        if let Some(text) = text {
            assert_eq!(length, text.len() as u64, "the length of {text:?}");
            assert_eq!(records::ends_line(line), text.ends_with('\n'), "{text:?}");
        }
        records::push_element(line, &mut element);
    }
}

/// The elements of a window that has to be cut; none when it has not.
pub(in crate::exec) fn window(texts: &[&str], offset: u64, most: u64) -> Option<Vec<u8>> {
    let mut lines = records::rotated_line(0);
    for text in texts {
        records::push_output(&mut lines, text);
    }
    super::budget::in_memory(lines, offset, most)
}
