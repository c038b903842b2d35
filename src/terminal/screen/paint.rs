//! Lines written as text and escape sequences that every terminal understands.

use std::io::Write as _;

use avt::{Cell, Color, Line, Pen, Screen};

use super::clusters::{self, Clusters};

/// Full reset: what a repaint starts with.
pub(super) const RESET: &[u8] = b"\x1bc";

/// What is written, and the pen it is written with.
struct Painter<'a> {
    out: Vec<u8>,
    pen: Pen,
    clusters: &'a Clusters,
}

/// Paints a screen onto one that is blank.
///
/// Each line goes to its place, so that a character that another terminal takes for wider does not
/// push away the lines below. A line that wrapped runs on into the next, so that it stays one line.
pub(super) fn screen(screen: Screen<'_>, clusters: &Clusters) -> Vec<u8> {
    let mut painter = Painter::new(clusters);
    let mut joined = false;
    for (row, line) in screen.visible_lines().enumerate() {
        let certain = line.cells().iter().all(is_certain);
        let wraps = line.is_wrapped() && certain;
        let full = line.cells().len();
        let mut length = if wraps { full } else { used(line) };
        if joined {
            length = length.max(1);
        } else if length > 0 {
            painter.write(format_args!("\x1b[{};1H", row + 1));
        }
        if !certain {
            painter.write(format_args!("\x1b[?7l"));
        }
        painter.cells(&line.cells()[..length]);
        if !certain {
            painter.write(format_args!("\x1b[?7h"));
        }
        joined = wraps;
    }
    painter.pen(&Pen::default());
    painter.out
}

/// Paints lines at the top and pushes them off a screen of so many rows, which is left blank; nothing
/// if there are no lines.
pub(super) fn scrollback<'l>(
    lines: impl Iterator<Item = &'l Line>,
    rows: u16,
    clusters: &Clusters,
) -> Vec<u8> {
    let mut painter = Painter::new(clusters);
    let mut wrapped = false;
    for line in lines {
        wrapped = line.is_wrapped();
        let length = if wrapped {
            line.cells().len()
        } else {
            used(line)
        };
        painter.cells(&line.cells()[..length]);
        if !wrapped {
            painter.end_line();
        }
    }
    if wrapped {
        painter.end_line();
    }
    if !painter.out.is_empty() {
        painter
            .out
            .resize(painter.out.len() + usize::from(rows) - 1, b'\n');
        painter.write(format_args!("\x1b[H"));
    }
    painter.out
}

/// Cells up to the last that shows something.
fn used(line: &Line) -> usize {
    let blank = Cell::default();
    let last = line.cells().iter().rposition(|cell| *cell != blank);
    last.map_or(0, |last| last + 1)
}

fn is_certain(cell: &Cell) -> bool {
    cell.char().is_ascii() || clusters::is_certain(cell.char(), cell.width())
}

impl<'a> Painter<'a> {
    fn new(clusters: &'a Clusters) -> Self {
        Self {
            out: Vec::new(),
            pen: Pen::default(),
            clusters,
        }
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.out.write_fmt(text).expect("memory takes all");
    }

    fn end_line(&mut self) {
        self.pen(&Pen::default());
        self.out.extend_from_slice(b"\r\n");
    }

    fn cells(&mut self, cells: &[Cell]) {
        let mut doubtful = false;
        for (column, cell) in cells.iter().enumerate() {
            if cell.width() == 0 {
                continue;
            }
            if doubtful {
                self.write(format_args!("\x1b[{}G", column + 1));
            }
            self.pen(cell.pen());
            let mut bytes = [0; 4];
            let drawn = cell.char();
            let text = self.clusters.meaning(drawn);
            let text = text.unwrap_or_else(|| drawn.encode_utf8(&mut bytes));
            self.out.extend_from_slice(text.as_bytes());
            doubtful = !is_certain(cell);
        }
    }

    /// Takes up a pen.
    fn pen(&mut self, pen: &Pen) {
        if *pen == self.pen {
            return;
        }
        self.pen = *pen;
        self.out.extend_from_slice(b"\x1b[0");
        let attributes = [
            (pen.is_bold(), "1"),
            (pen.is_faint(), "2"),
            (pen.is_italic(), "3"),
            (pen.is_underline(), "4"),
            (pen.is_blink(), "5"),
            (pen.is_inverse(), "7"),
            (pen.is_strikethrough(), "9"),
        ];
        for (_, code) in attributes.iter().filter(|(on, _)| *on) {
            self.write(format_args!(";{code}"));
        }
        self.color(pen.foreground(), 30);
        self.color(pen.background(), 40);
        self.out.push(b'm');
    }

    fn color(&mut self, color: Option<Color>, base: u8) {
        match color {
            None => {}
            Some(Color::Indexed(index @ ..8)) => self.write(format_args!(";{}", base + index)),
            Some(Color::Indexed(index @ ..16)) => {
                self.write(format_args!(";{}", base + 52 + index));
            }
            Some(Color::Indexed(index)) => self.write(format_args!(";{};5;{index}", base + 8)),
            Some(Color::RGB(rgb)) => {
                let (r, g, b) = (rgb.r, rgb.g, rgb.b);
                self.write(format_args!(";{};2;{r};{g};{b}", base + 8));
            }
        }
    }
}
