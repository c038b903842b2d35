//! The emulator, made to do as xterm and its like do where it does not.

use avt::parser::{CtcOp, DecMode, DecModes, EdScope, ElScope, Function, SgrOp, SgrOps};
use avt::{Pen, ScreenKind, Terminal};

use super::{Scrolls, Size};

/// Work for one screen, in cells that are cleared: a second or so. Programs need a hundredth of that;
/// one that clears a huge window without end finds no more of it done.
const BUDGET: usize = 1_000_000_000;

/// A terminal that functions of a stream are carried out on.
pub(super) struct Canvas {
    terminal: Terminal,
    scrollback: usize,
    margins: Margins,
    shadow: Shadow,
    /// Work that is left.
    budget: usize,
}

/// The rows that scroll, counted from zero, both included.
#[derive(Clone, Copy, Debug)]
struct Margins {
    top: usize,
    bottom: usize,
}

/// What the emulator does not tell, asked of a small one that takes part in all that changes it.
struct Shadow {
    terminal: Terminal,
    /// The pen has no more than a background.
    clear: bool,
    /// Rows count from the upper margin, and the cursor stays within the margins.
    origin: bool,
}

/// An emulator of that size that keeps so many lines above the screen.
fn terminal(cols: usize, rows: usize, scrollback: usize) -> Terminal {
    Terminal::with_scrollback(cols, rows, Some(scrollback)).expect("one by one at least")
}

impl Canvas {
    pub(super) fn new(size: Size, scrollback: usize) -> Self {
        Self {
            terminal: terminal(size.cols.into(), size.rows.into(), scrollback),
            scrollback,
            margins: Margins::none(size.rows.into()),
            shadow: Shadow::new(),
            budget: BUDGET,
        }
    }

    /// What it shows.
    pub(super) fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Work that a change of the window makes.
    pub(super) fn work_to_resize(&self) -> usize {
        let (cols, rows) = self.terminal.size();
        16 * cols * (rows + self.scrollback)
    }

    /// Changes the window.
    pub(super) fn resize(&mut self, size: Size) {
        let rows = usize::from(size.rows);
        if rows != self.terminal.size().1 {
            self.margins = Margins::none(rows);
        }
        let old = self.terminal.size().0;
        self.terminal.resize(size.cols.into(), rows);
        if old < size.cols.into() && old.is_multiple_of(8) {
            self.set_tab_stop(old);
        }
        self.stay_within();
    }

    /// The emulator that becomes wider leaves out the first tab stop of what is new.
    fn set_tab_stop(&mut self, column: usize) {
        let back = self.terminal.cursor_position().col;
        let to = |column: usize| Function::Cha(u16::try_from(column + 1).unwrap_or(u16::MAX));
        self.terminal
            .execute([to(column), Function::Ctc(CtcOp::Set), to(back)]);
    }

    /// What line feeds at the bottom do now.
    pub(super) fn scrolls(&self) -> Scrolls {
        let (_, rows) = self.terminal.size();
        if self.margins.top > 0 || self.margins.bottom + 1 < rows {
            return Scrolls::Part;
        }
        match self.terminal.active_screen_kind() {
            ScreenKind::Primary => Scrolls::Primary,
            ScreenKind::Alternate => Scrolls::Alternate,
        }
    }

    /// Whether there is still time for this much work, which is then taken as done.
    pub(super) fn affords(&mut self, work: usize) -> bool {
        let left = self.budget.checked_sub(work);
        self.budget = left.unwrap_or(self.budget);
        left.is_some()
    }

    /// Work that a function makes, beyond that of a character or a line.
    fn work(&self, function: &Function) -> usize {
        let (cols, rows) = self.terminal.size();
        let cells = cols * rows;
        match function {
            Function::Ris | Function::Decaln => 16 * cells,
            Function::Decset(modes) if modes.as_slice().iter().any(|mode| is_switch(*mode)) => {
                16 * cells
            }
            Function::Ed(EdScope::SavedLines) => 32 * cells,
            Function::Ed(_) => cells,
            Function::Il(_) | Function::Dl(_) | Function::Su(_) | Function::Sd(_) => {
                8 * (cells + self.scrollback)
            }
            Function::Ri => 8 * (cols + self.scrollback),
            _ => 0,
        }
    }

    /// Draws printable ASCII.
    pub(super) fn print_text(&mut self, mut text: &[u8]) {
        if self.shadow.clear {
            let prints = text.iter().map(|byte| Function::Print((*byte).into()));
            self.terminal.execute(prints);
            return;
        }
        let (cols, _) = self.terminal.size();
        while let Some((first, rest)) = text.split_first() {
            let room = cols.saturating_sub(self.terminal.cursor().col + 1);
            self.print((*first).into());
            let (row, rest) = rest.split_at(room.min(rest.len()));
            let prints = row.iter().map(|byte| Function::Print((*byte).into()));
            self.terminal.execute(prints);
            text = rest;
        }
    }

    /// Draws a character.
    pub(super) fn print(&mut self, c: char) {
        let before = self.terminal.cursor();
        self.terminal.execute(Function::Print(c));
        let after = self.terminal.cursor();
        let (cols, _) = self.terminal.size();
        // A line that came up because of it has got all of the pen's looks.
        let wrapped = before.col + 1 >= cols && after.col < 3 && cols > 3;
        let scrolled = before.row == after.row && before.row == self.margins.bottom;
        if wrapped && scrolled && !self.shadow.clear {
            self.clear([Function::El(ElScope::ToRight)]);
        }
    }

    /// Carries out any other function.
    pub(super) fn run(&mut self, function: Function) {
        let work = self.work(&function);
        if !self.affords(work) {
            return;
        }
        let row = self.terminal.cursor().row;
        let behind = self.terminal.cursor().col == self.terminal.size().0;
        match function {
            Function::Ris => {
                self.margins = Margins::none(self.terminal.size().1);
                self.execute(function);
            }
            Function::Decstr => {
                self.margins = Margins::none(self.terminal.size().1);
                self.execute(function);
                let off = DecModes::from(vec![DecMode::CursorKeys]);
                let on = DecModes::from(vec![DecMode::AutoWrap]);
                self.terminal
                    .execute([Function::Decrst(off), Function::Decset(on)]);
            }
            Function::Decstbm(top, bottom) => self.set_margins(top, bottom),
            // Outside of the margins they do nothing; else they go to the first column.
            Function::Il(_) | Function::Dl(_) => {
                if (self.margins.top..=self.margins.bottom).contains(&row) {
                    self.clear([function, Function::Cr]);
                }
            }
            // With margins, the emulator counts from the wrong row.
            Function::Ri if row != self.margins.top => self.terminal.execute(Function::Cuu(1)),
            // Behind the last column a tab goes nowhere; what erases goes back there first.
            Function::Ht | Function::Cht(_) if behind => {}
            Function::Ech(_) if behind => self.clear([Function::Cuf(1), function]),
            // The emulator moves what it clears to the lines above the screen.
            Function::Ed(EdScope::All) => self.clear_screen(),
            Function::Ed(EdScope::SavedLines) => self.forget_scrollback(),
            Function::Decaln => self.terminal.execute([function, Function::Cup(1, 1)]),
            Function::Ed(_)
            | Function::El(_)
            | Function::Ech(_)
            | Function::Ich(_)
            | Function::Dch(_)
            | Function::Su(_)
            | Function::Sd(_)
            | Function::Lf
            | Function::Nel
            | Function::Ri => self.clear([function]),
            Function::Decset(_) => {
                let before = self.terminal.active_screen_kind();
                self.execute(function);
                if self.terminal.active_screen_kind() != before && !self.shadow.clear {
                    self.clear_screen();
                }
            }
            Function::Decrc | Function::Scorc | Function::Decrst(_) => {
                self.execute(function);
                self.stay_within();
            }
            function => self.execute(function),
        }
    }

    fn execute(&mut self, function: Function) {
        self.shadow.note(&function);
        self.terminal.execute(function);
    }

    /// Carries out what clears cells: they get the background, but no other looks of the pen.
    fn clear<const N: usize>(&mut self, functions: [Function; N]) {
        if self.shadow.clear {
            self.terminal.execute(functions);
            return;
        }
        let pen = self.shadow.pen();
        let background = pen.background().map(SgrOp::SetBackgroundColor);
        let only: Vec<SgrOp> = [SgrOp::Reset].into_iter().chain(background).collect();
        self.terminal.execute(Function::Sgr(SgrOps::from(only)));
        self.terminal.execute(functions);
        self.terminal.execute(Function::Sgr(looks(&pen)));
    }

    /// Brings the cursor back to where it may be; what is saved may be from before the margins.
    fn stay_within(&mut self) {
        let cursor = self.terminal.cursor();
        let Margins { top, bottom } = self.margins;
        if self.shadow.origin && !(top..=bottom).contains(&cursor.row) {
            let row = cursor.row.clamp(top, bottom) - top + 1;
            let [row, col] = [row, cursor.col + 1].map(|at| u16::try_from(at).unwrap_or(u16::MAX));
            self.terminal.execute(Function::Cup(row, col));
        }
    }

    fn clear_screen(&mut self) {
        self.clear([EdScope::Above, EdScope::Below].map(Function::Ed));
    }

    fn forget_scrollback(&mut self) {
        let (cols, rows) = self.terminal.size();
        let screen = self.terminal.primary_screen();
        if screen.all_lines().nth(rows).is_some() {
            let mut fresh = terminal(cols, rows, self.scrollback);
            fresh.feed(self.terminal.dump());
            self.terminal = fresh;
        }
    }

    /// Margins below the screen are at its end; those that leave no two rows are not set.
    fn set_margins(&mut self, top: u16, bottom: u16) {
        let (_, rows) = self.terminal.size();
        let top = usize::from(top).max(1);
        let bottom = match usize::from(bottom) {
            0 => rows,
            bottom => bottom.min(rows),
        };
        if top < bottom {
            self.margins = Margins {
                top: top - 1,
                bottom: bottom - 1,
            };
            let [top, bottom] = [top, bottom].map(|row| u16::try_from(row).unwrap_or(u16::MAX));
            self.terminal.execute(Function::Decstbm(top, bottom));
        }
    }
}

fn is_switch(mode: DecMode) -> bool {
    matches!(
        mode,
        DecMode::AltScreenBuffer | DecMode::SaveCursorAltScreenBuffer
    )
}

impl Margins {
    /// None: all rows scroll.
    fn none(rows: usize) -> Self {
        Self {
            top: 0,
            bottom: rows - 1,
        }
    }
}

impl Shadow {
    fn new() -> Self {
        let mut shadow = Self {
            terminal: terminal(1, 3, 0),
            clear: true,
            origin: false,
        };
        shadow.terminal.execute(Function::Decstbm(2, 3));
        shadow
    }

    /// Takes part in what may change something.
    fn note(&mut self, function: &Function) {
        match function {
            Function::Ris => *self = Self::new(),
            Function::Sgr(_)
            | Function::Decsc
            | Function::Decrc
            | Function::Scosc
            | Function::Scorc
            | Function::Decset(_)
            | Function::Decrst(_)
            | Function::Decstr => {
                let margins = Function::Decstbm(2, 3);
                self.terminal.execute([function.clone(), margins]);
                self.origin = self.terminal.cursor().row > 0;
                let pen = self.pen();
                let background = usize::from(pen.background().is_some());
                self.clear = looks(&pen).as_slice().len() <= 1 + background;
            }
            _ => {}
        }
    }

    /// The pen: what is cleared is cleared with it.
    fn pen(&mut self) -> Pen {
        self.terminal.execute(Function::El(ElScope::All));
        let line = self.terminal.screen().line(self.terminal.cursor().row);
        line.map_or_else(Pen::default, |line| *line.cells()[0].pen())
    }
}

/// What makes any pen this one.
fn looks(pen: &Pen) -> SgrOps {
    let attributes = [
        (pen.is_bold(), SgrOp::SetBoldIntensity),
        (pen.is_faint(), SgrOp::SetFaintIntensity),
        (pen.is_italic(), SgrOp::SetItalic),
        (pen.is_underline(), SgrOp::SetUnderline),
        (pen.is_blink(), SgrOp::SetBlink),
        (pen.is_inverse(), SgrOp::SetInverse),
        (pen.is_strikethrough(), SgrOp::SetStrikethrough),
    ];
    let attributes = attributes.iter().filter_map(|(on, op)| on.then_some(*op));
    let colors = [
        pen.foreground().map(SgrOp::SetForegroundColor),
        pen.background().map(SgrOp::SetBackgroundColor),
    ];
    let ops = [SgrOp::Reset].into_iter().chain(attributes);
    SgrOps::from(ops.chain(colors.into_iter().flatten()).collect::<Vec<_>>())
}
