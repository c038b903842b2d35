//! The tail of what a kernel prints to its terminal: its last words.

use std::collections::VecDeque;

/// Bytes kept.
const KEPT: usize = 4096;
/// Lines told.
const LINES: usize = 12;

/// The newest bytes.
#[derive(Debug, Default)]
pub(super) struct Tail(VecDeque<u8>);

impl Tail {
    /// Adds what was printed.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
        let over = self.0.len().saturating_sub(KEPT);
        self.0.drain(..over);
    }

    /// The last lines, as the end of a sentence; nothing when nothing was printed.
    pub(super) fn words(&self) -> String {
        let (one, two) = self.0.as_slices();
        let text = String::from_utf8_lossy(&[one, two].concat()).replace('\r', "");
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        if lines.is_empty() {
            return String::new();
        }
        let last = &lines[lines.len().saturating_sub(LINES)..];
        format!("; it printed:\n{}", last.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_told_and_memory_is_bounded() {
        let mut tail = Tail::default();
        assert_eq!(tail.words(), "");
        for line in 0..10_000 {
            tail.push(format!("line {line}\r\n\r\n").as_bytes());
        }
        assert_eq!(tail.0.len(), KEPT);
        let words = tail.words();
        assert!(words.ends_with("line 9998\nline 9999"), "{words}");
        assert_eq!(words.lines().count(), LINES + 1);
    }
}
