//! What the emulator tells of its state, made fit for other terminals.
//!
//! The emulator writes its state as escape sequences: the lines of the primary screen, tab stops,
//! saved cursors, the alternate screen with its lines, margins, cursor and modes. The lines are
//! painted by us; the rest is taken from there, in sequences that more terminals know.

use std::borrow::Cow;

use avt::Parser;
use avt::parser::{CtcOp, DecMode, DecModes, Function};

use super::clusters::Clusters;

/// The state of a terminal without its lines.
#[derive(Debug, Default)]
pub(super) struct Dump {
    /// What comes between the lines of the primary screen and those of the alternate one.
    pub(super) before: String,
    /// What comes after those of the alternate screen; all of it when the primary one is shown.
    pub(super) after: String,
}

/// Where in the dump the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    PrimaryLines,
    Before,
    /// The alternate screen has been switched to; its lines come after the cursor goes home.
    Switched,
    AlternateLines,
    After,
}

/// Reads a dump.
struct Reader<'a> {
    at: At,
    alternate: bool,
    clusters: &'a Clusters,
    dump: Dump,
    /// Where the cursor was put last.
    cursor: (u16, u16),
    /// Where the primary screen's saved cursor is; none if there is more to it than its place.
    saved: Option<(u16, u16)>,
}

impl Dump {
    /// Reads what the emulator writes, with the alternate screen shown or not.
    pub(super) fn read(written: &str, alternate: bool, clusters: &Clusters) -> Self {
        let mut reader = Reader {
            at: At::PrimaryLines,
            alternate,
            clusters,
            dump: Self::default(),
            cursor: (1, 1),
            saved: Some((1, 1)),
        };
        let mut parser = Parser::new();
        let mut start = 0;
        for (at, c) in written.char_indices() {
            if let Some(function) = parser.feed(c) {
                let end = at + c.len_utf8();
                reader.take(&function, &written[start..end]);
                start = end;
            }
        }
        reader.dump
    }
}

impl Reader<'_> {
    fn take(&mut self, function: &Function, text: &str) {
        let draws = matches!(
            function,
            Function::Print(_) | Function::Rep(_) | Function::Sgr(_) | Function::Cr | Function::Lf
        );
        self.at = match self.at {
            At::PrimaryLines | At::AlternateLines if draws => return,
            At::PrimaryLines if self.alternate => At::Before,
            At::PrimaryLines | At::AlternateLines => At::After,
            // The cursor goes home, where it is.
            At::Switched => {
                self.at = At::AlternateLines;
                return;
            }
            at => at,
        };
        let switch = Function::Decset(DecModes::from(vec![DecMode::AltScreenBuffer]));
        if self.at == At::Before && *function == switch {
            let text = self.switch();
            self.dump.before.push_str(text);
            self.at = At::Switched;
            return;
        }
        if self.at == At::Before {
            self.note(function);
        }
        let text = self.translate(function, text);
        match self.at {
            At::Before => self.dump.before.push_str(&text),
            _ => self.dump.after.push_str(&text),
        }
    }

    /// Notes where the primary screen's cursors are.
    fn note(&mut self, function: &Function) {
        match function {
            Function::Cup(row, column) => self.cursor = (*row, *column),
            Function::Decsc => self.saved = self.saved.map(|_| self.cursor),
            Function::Decset(_) | Function::Decrst(_) => self.saved = None,
            _ => {}
        }
    }

    /// Switches to the alternate screen, which is left blank. More terminals know the switch that
    /// also saves the cursor; it fits where the saved cursor is where the cursor is.
    fn switch(&self) -> &'static str {
        if self.saved == Some(self.cursor) {
            "\x1b8\x1b[?1049h\x1b[0m\x1b[2J"
        } else {
            "\x1b[?47h"
        }
    }

    fn translate<'t>(&self, function: &Function, text: &'t str) -> Cow<'t, str> {
        match function {
            Function::Print(drawn) => match self.clusters.meaning(*drawn) {
                Some(meaning) => meaning.to_owned().into(),
                None => text.into(),
            },
            Function::Sgr(_) => text.replace(':', ";").into(),
            Function::Ctc(CtcOp::Set) => "\x1bH".into(),
            Function::Ctc(CtcOp::ClearAll) => "\x1b[3g".into(),
            Function::Decset(modes) if is_switch(modes) => "\x1b[?47h".into(),
            Function::Decrst(modes) if is_switch(modes) => "\x1b[?47l".into(),
            _ => text.into(),
        }
    }
}

fn is_switch(modes: &DecModes) -> bool {
    modes.as_slice() == [DecMode::AltScreenBuffer]
}
