//! The last lines of a stream without anything but text, for when the emulator fails.

use super::paint;

/// Bytes of the stream that are looked at.
const LENGTH: usize = 16 * 1024;

/// The last lines as text on a terminal that is reset first.
pub(super) fn last_lines(stream: &[u8]) -> Vec<u8> {
    let end = &stream[stream.len().saturating_sub(LENGTH)..];
    let begin = memchr::memchr(b'\n', end).map_or(0, |at| at + 1);
    let text = String::from_utf8_lossy(&end[begin..]);
    let mut out = paint::RESET.to_vec();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\n' => out.extend_from_slice(b"\r\n"),
            '\x1b' => leave_out(&mut chars),
            c if c.is_control() => {}
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// Passes over the rest of an escape sequence.
fn leave_out(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('[') => {
            chars.find(|c| ('@'..='~').contains(c));
        }
        Some(']') => {
            chars.find(|c| matches!(c, '\x07' | '\\'));
        }
        Some(' '..='/') => {
            chars.find(|c| !(' '..='/').contains(c));
        }
        _ => {}
    }
}
