//! A budget of bytes for lines: whole lines while there is room, long ones cut short.

use crate::text::{CLIP, clip_begun, measured_lines};

/// About as many bytes as the mark on a line that was cut has.
const MARK: usize = 48;

/// However small the budget, so many bytes of the first line are given.
const FIRST: usize = 80;

/// Takes text piece by piece and gives its lines, until the next one has no room.
pub(super) struct Budget {
    left: usize,
    /// The first bytes of the line that has begun, as many as may be given.
    head: String,
    /// How many bytes that line has so far.
    length: u64,
    /// How many lines were given.
    pub(super) lines: u64,
    /// How many of them were cut short.
    pub(super) clipped: u64,
    /// Whether a line had no room.
    pub(super) ended: bool,
}

impl Budget {
    /// Room for `bytes` bytes, but always for one line, cut short when it has to be.
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            left: bytes,
            head: String::new(),
            length: 0,
            lines: 0,
            clipped: 0,
            ended: false,
        }
    }

    /// Takes the next piece, gives `give` the lines that end in it.
    pub(super) fn push(&mut self, piece: &str, give: &mut dyn FnMut(&str)) {
        for (line, bare) in measured_lines(piece) {
            if self.ended {
                return;
            }
            let (text, end) = line.split_at(bare);
            let room = CLIP.saturating_sub(self.head.len()).min(text.len());
            self.head.push_str(&text[..text.ceil_char_boundary(room)]);
            self.length += text.len() as u64;
            if !end.is_empty() {
                self.line(if end.starts_with('\r') { "\n" } else { end }, give);
            }
        }
    }

    /// Gives the last line, when it has no break.
    pub(super) fn finish(&mut self, give: &mut dyn FnMut(&str)) {
        if self.length > 0 && !self.ended {
            self.line("", give);
        }
    }

    /// Gives the line that has come to its end.
    fn line(&mut self, end: &str, give: &mut dyn FnMut(&str)) {
        let head = std::mem::take(&mut self.head);
        let whole = std::mem::take(&mut self.length);
        let mut cut = clip_begun(&head, whole, CLIP);
        let size = |cut: &Option<String>| cut.as_ref().unwrap_or(&head).len() + end.len();
        if size(&cut) > self.left {
            if self.lines > 0 {
                self.ended = true;
                return;
            }
            let bound = self.left.saturating_sub(MARK).clamp(FIRST, CLIP);
            // What is hardly longer than what would be left of it stays whole.
            if whole > (bound + MARK) as u64 {
                cut = clip_begun(&head, whole, bound);
            }
        }
        self.left = self.left.saturating_sub(size(&cut));
        self.lines += 1;
        self.clipped += u64::from(cut.is_some());
        give(cut.as_ref().unwrap_or(&head));
        give(end);
    }
}
