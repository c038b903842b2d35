//! What a person sees: a terminal emulator fed with output, and the comparison of two.

use std::fmt::Write as _;
use std::num::NonZeroU16;

use vt100::{Cell, Parser};

/// A terminal emulator; an implementation that the server does not use, so that it can judge.
pub(crate) struct Screen(Parser);

/// All that is to be seen on a screen, and the modes that decide what keys and pastes send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// The text of each row.
    pub(crate) rows: Vec<String>,
    cells: Vec<Seen>,
    /// Row and column of the cursor, from 0.
    pub(crate) cursor: (u16, u16),
    /// The modes, by name.
    pub(crate) modes: String,
}

/// What is to be seen of one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    text: String,
    style: String,
}

impl Seen {
    fn of(cell: &Cell) -> Self {
        let text = match cell.contents() {
            "" => " ",
            text => text,
        };
        // Of a blank only what fills it can be seen.
        let blank = text == " " && !cell.inverse();
        let ink = (cell.fgcolor(), cell.bold(), cell.dim(), cell.italic());
        let ink = (!blank).then_some(ink);
        let fill = (cell.bgcolor(), cell.underline(), cell.inverse());
        let width = (cell.is_wide(), cell.is_wide_continuation());
        Self {
            text: text.to_owned(),
            style: format!("{ink:?} {fill:?} {width:?}"),
        }
    }
}

impl Screen {
    /// An empty one.
    pub(crate) fn new(cols: u16, rows: u16) -> Self {
        let size = |n| NonZeroU16::new(n).expect("a screen is not empty");
        Self(Parser::new(size(rows), size(cols), 0))
    }

    /// Feeds it.
    pub(crate) fn feed(&mut self, output: &[u8]) {
        self.0.process(output);
    }

    /// What is to be seen.
    pub(crate) fn look(&self) -> Look {
        let screen = self.0.screen();
        let (rows, cols) = screen.size();
        let cells = (0..rows.get())
            .flat_map(|row| (0..cols.get()).map(move |col| (row, col)))
            .map(|(row, col)| Seen::of(screen.cell(row, col).expect("it is on the screen")))
            .collect();
        Look {
            rows: screen.rows(0, cols.get()).collect(),
            cells,
            cursor: screen.cursor_position(),
            modes: format!(
                "alternate {}, hidden cursor {}, keypad {}, cursor keys {}, paste {}, mouse {:?} {:?}",
                screen.alternate_screen(),
                screen.hide_cursor(),
                screen.application_keypad(),
                screen.application_cursor(),
                screen.bracketed_paste(),
                screen.mouse_protocol_mode(),
                screen.mouse_protocol_encoding()
            ),
        }
    }
}

impl Look {
    /// Whether a row contains this.
    pub(crate) fn has(&self, text: &str) -> bool {
        self.rows.iter().any(|row| row.contains(text))
    }

    /// In what it differs from another, in words; empty when in nothing.
    pub(crate) fn differences(&self, other: &Self) -> String {
        let mut said = String::new();
        if self.cursor != other.cursor {
            write!(said, "cursor {:?} and {:?}; ", self.cursor, other.cursor).ok();
        }
        if self.modes != other.modes {
            write!(said, "modes {} and {}; ", self.modes, other.modes).ok();
        }
        if self.cells.len() != other.cells.len() {
            write!(said, "sizes").ok();
        }
        let cols = self.cells.len() / self.rows.len();
        let pairs = self.cells.iter().zip(&other.cells).enumerate();
        for (at, (one, two)) in pairs.filter(|(_, (one, two))| one != two).take(5) {
            let (row, col) = (at / cols, at % cols);
            write!(said, "row {row} column {col}: {one:?} and {two:?}; ").ok();
        }
        if !said.is_empty() {
            let (one, two) = (self.rows.join("\n"), other.rows.join("\n"));
            write!(said, "\n{one}\n---- and ----\n{two}\n").ok();
        }
        said
    }
}
