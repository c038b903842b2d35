//! The emulator that a stream is run through.

use avt::parser::{Function, State};
use avt::{Parser, ScreenKind};

use super::canvas::Canvas;
use super::clusters::{self, Clusters};
use super::colors;
use super::modes::Modes;
use super::skip::Front;
use super::state::Dump;
use super::{Scrolls, Size, paint};

/// The largest window that is drawn, in columns and in rows.
const LARGEST: u16 = 1000;

/// Bytes of an unfinished sequence that are kept. What goes on after more is not made sense of.
const SEQUENCE_LIMIT: usize = 4096;

/// Bytes that must be saved for it to pay to leave out what scrolls off. Few in tests, so that their
/// short streams do it.
const WORTHWHILE: usize = if cfg!(test) { 16 } else { 8 * 1024 };

/// A terminal: what it shows, and what it has not made sense of yet.
pub(super) struct Emulation {
    size: Size,
    scrollback: usize,
    canvas: Canvas,
    parser: Parser,
    modes: Modes,
    clusters: Clusters,
    /// The last character with its marks; drawn when what comes next is not one more mark.
    held: String,
    /// The sequence that the parser is in.
    sequence: String,
    /// The start of a character whose end has not come yet.
    partial: Vec<u8>,
}

/// What brings a fresh terminal to the same state, in this order.
pub(super) struct Parts {
    /// The primary screen.
    pub(super) rows: Vec<u8>,
    /// Modes, margins, the alternate screen, the cursor.
    pub(super) state: Vec<u8>,
    /// The end of the output, as it came.
    pub(super) rest: Vec<u8>,
}

/// Line feeds after which nothing is left on the screen of what was there before: those that bring
/// the cursor to the last row, and those that push off the rest.
pub(super) fn washed_after(size: Size) -> usize {
    2 * usize::from(size.rows.clamp(1, LARGEST)) + 2
}

fn bounded(size: Size) -> Size {
    Size {
        cols: size.cols.clamp(1, LARGEST),
        rows: size.rows.clamp(1, LARGEST),
    }
}

impl Emulation {
    /// A fresh terminal that keeps so many lines of scrollback.
    pub(super) fn new(size: Size, scrollback: usize) -> Self {
        let size = bounded(size);
        Self {
            size,
            scrollback,
            canvas: Canvas::new(size, scrollback),
            parser: Parser::new(),
            modes: Modes::default(),
            clusters: Clusters::default(),
            held: String::new(),
            sequence: String::new(),
            partial: Vec::new(),
        }
    }

    /// The window's size, as it is drawn.
    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// Changes the window; all but the last change may be left out when there are very many.
    pub(super) fn resize(&mut self, size: Size, last: bool) {
        let work = self.canvas.work_to_resize();
        if !self.canvas.affords(work) && !last {
            return;
        }
        self.flush();
        self.size = bounded(size);
        self.canvas.resize(self.size);
    }

    /// Takes output. Where lines only scroll, those that end above the scrollback are left out.
    pub(super) fn feed_lines(&mut self, mut output: &[u8]) {
        let lines = washed_after(self.size) + self.scrollback;
        while !output.is_empty() {
            if self.parser.state == State::Ground && self.partial.is_empty() {
                let front = Front::of(output, lines);
                let wash = front.wash.filter(|wash| wash.start >= WORTHWHILE);
                match wash {
                    Some(wash) if self.scrolls() != Scrolls::Part => {
                        self.feed(&wash.kept);
                        self.feed(&output[wash.start..front.end]);
                    }
                    _ => self.feed(&output[..front.end]),
                }
                output = &output[front.end..];
            }
            let next = memchr::memchr(b'\n', output).map_or(output.len(), |at| at + 1);
            self.feed(&output[..next]);
            output = &output[next..];
        }
    }

    /// Takes output.
    pub(super) fn feed(&mut self, output: &[u8]) {
        if self.partial.is_empty() {
            self.decode(output);
        } else if !output.is_empty() {
            let mut joined = std::mem::take(&mut self.partial);
            joined.extend_from_slice(output);
            self.decode(&joined);
        }
    }

    fn decode(&mut self, output: &[u8]) {
        let end = output.len();
        let mut done = 0;
        for chunk in output.utf8_chunks() {
            self.text(chunk.valid());
            let broken = chunk.invalid();
            done += chunk.valid().len() + broken.len();
            if done == end && is_start(broken) {
                self.partial.extend_from_slice(broken);
            } else if !broken.is_empty() {
                self.character(char::REPLACEMENT_CHARACTER);
            }
        }
    }

    fn text(&mut self, mut text: &str) {
        while let Some(first) = text.chars().next() {
            let mut run = 0;
            if self.parser.state == State::Ground {
                let printable = |byte: &u8| (0x20..0x7f).contains(byte);
                run = text.bytes().take_while(printable).count();
            }
            if run > 0 {
                self.flush();
                self.canvas.print_text(&text.as_bytes()[..run - 1]);
                self.held.push_str(&text[run - 1..run]);
                text = &text[run..];
            } else {
                self.character(first);
                text = &text[first.len_utf8()..];
            }
        }
    }

    fn character(&mut self, c: char) {
        let was = self.parser.state;
        match c {
            // Terminals pay no attention to DEL; the parser would draw it.
            '\u{7f}' if was == State::Ground => {}
            '\u{a0}'.. | ' '..'\u{7f}' if was == State::Ground => self.print(c),
            _ => self.control(c, was),
        }
    }

    fn print(&mut self, c: char) {
        if clusters::is_mark(c) {
            if !self.held.is_empty() && clusters::has_room(&self.held) {
                self.held.push(c);
            }
        } else {
            self.flush();
            self.held.push(c);
        }
    }

    /// A control, or a character within a sequence.
    fn control(&mut self, c: char, was: State) {
        let function = self.parser.feed(c);
        let now = self.parser.state;
        let cancelled = matches!(c, '\u{18}' | '\u{1a}');
        let restarted = c == '\u{1b}' || ('\u{80}'..'\u{a0}').contains(&c);
        if was == State::OscString && (restarted || now == State::Ground) && !cancelled {
            self.modes.set_title(&self.sequence);
        }
        if restarted {
            self.sequence.clear();
        }
        // A control within a sequence was obeyed at once; repeated, it would be obeyed twice.
        let data = matches!(was, State::DcsPassthrough);
        if self.sequence.len() < SEQUENCE_LIMIT && (c >= ' ' || c == '\u{1b}' || data) {
            self.sequence.push(c);
        }
        let function = function.and_then(|function| self.with_known_looks(function));
        if now == State::Ground {
            if was != State::OscString && !cancelled {
                self.modes.apply(&self.sequence);
            }
            self.sequence.clear();
        }
        match function {
            Some(Function::Rep(times)) => self.repeat(times),
            Some(function) => {
                self.flush();
                self.canvas.run(function);
            }
            // Nothing else may come between a character and what repeats it.
            None if now == State::Ground => self.flush(),
            None => {}
        }
    }

    /// The function of the present sequence, with looks that the emulator knows.
    fn with_known_looks(&self, function: Function) -> Option<Function> {
        let Function::Sgr(_) = function else {
            return Some(function);
        };
        let body = self.sequence.strip_prefix("\x1b[");
        let parameters = body.and_then(|body| body.strip_suffix('m'));
        let Some(known) = parameters.and_then(colors::plain) else {
            return Some(function);
        };
        let sequence = (!known.is_empty()).then(|| format!("\x1b[{known}m"))?;
        let mut parser = Parser::new();
        sequence.chars().find_map(|c| parser.feed(c))
    }

    /// Draws the character that was held back.
    fn flush(&mut self) {
        if !self.held.is_empty() {
            if let Some(drawn) = self.clusters.draw(&self.held) {
                self.canvas.print(drawn);
            }
            self.held.clear();
        }
    }

    /// Draws the last character again; nothing if there is something between.
    fn repeat(&mut self, times: u16) {
        let Some(drawn) = self.clusters.draw(&self.held) else {
            return;
        };
        let cells = usize::from(self.size.cols) * usize::from(self.size.rows);
        let times = usize::from(times.max(1)).min(cells);
        if self.canvas.affords(16 * times) {
            for _ in 0..times {
                self.canvas.print(drawn);
            }
        }
    }

    /// What line feeds at the bottom do now.
    pub(super) fn scrolls(&self) -> Scrolls {
        self.canvas.scrolls()
    }

    /// The lines above the primary screen; empty if there are none.
    pub(super) fn scrollback(&self) -> Vec<u8> {
        let screen = self.canvas.terminal().primary_screen();
        paint::scrollback(screen, self.size, &self.clusters)
    }

    /// What brings a fresh terminal to this state.
    pub(super) fn parts(&self) -> Parts {
        let terminal = self.canvas.terminal();
        let alternate = terminal.active_screen_kind() == ScreenKind::Alternate;
        let dump = Dump::read(&terminal.dump(), alternate, &self.clusters);
        let paint = |lines| paint::screen(lines, &self.clusters);
        let rows = paint(terminal.primary_screen());
        let mut state = self.modes.restore();
        state.extend_from_slice(dump.before.as_bytes());
        if alternate {
            state.extend(paint(terminal.screen()));
        }
        state.extend_from_slice(dump.after.as_bytes());
        let rest = [
            self.held.as_bytes(),
            self.unfinished().as_bytes(),
            &self.partial,
        ]
        .concat();
        Parts { rows, state, rest }
    }

    /// The sequence that the output ends in. One that was too long to keep becomes one of its kind
    /// that is ignored up to its end.
    fn unfinished(&self) -> &str {
        if self.sequence.len() < SEQUENCE_LIMIT {
            return &self.sequence;
        }
        match self.parser.state {
            State::OscString => "\x1b]x",
            State::SosPmApcString => "\x1bX",
            State::DcsEntry
            | State::DcsParam
            | State::DcsIntermediate
            | State::DcsPassthrough
            | State::DcsIgnore => "\x1bP:",
            _ => "\x1b[:",
        }
    }
}

/// Whether more bytes could make this a character.
fn is_start(broken: &[u8]) -> bool {
    !broken.is_empty()
        && std::str::from_utf8(broken).is_err_and(|error| error.error_len().is_none())
}
