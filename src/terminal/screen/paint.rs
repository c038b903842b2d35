//! Lines written as text and escape sequences that every terminal understands.

use std::io::Write as _;

use avt::{Cell, Color, Line, Pen, Screen};

use super::Size;
use super::clusters::Clusters;

/// What a repaint starts with: full reset, and the cursor shown, which not every reset does.
pub(super) const RESET: &[u8] = b"\x1bc\x1b[?25h";

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
    let mut lines = screen.visible_lines().enumerate().peekable();
    let mut joined = false;
    while let Some((row, line)) = lines.next() {
        let certain = painter.is_certain(line);
        let next = lines
            .peek()
            .is_some_and(|(_, next)| painter.is_certain(next));
        let wraps = line.is_wrapped() && certain && next;
        let length = length(line, joined, wraps);
        if length > 0 && !joined {
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

/// Paints the lines above a screen and pushes them off it, so that it is left blank; nothing if there
/// are none. When the last one wrapped into the screen, the first cell there stays, so that it wraps.
pub(super) fn scrollback(screen: Screen<'_>, size: Size, clusters: &Clusters) -> Vec<u8> {
    let [columns, rows] = [size.cols, size.rows].map(usize::from);
    let above = screen.all_lines().count() - rows;
    let mut painter = Painter::new(clusters);
    let mut wrapped = false;
    for line in screen.all_lines().take(above) {
        let joined = wrapped;
        wrapped = line.is_wrapped();
        let length = length(line, joined, wrapped);
        painter.cells(&line.cells()[..length]);
        if !wrapped {
            painter.end_row(joined.then_some(line), columns - length);
            painter.write(format_args!("\r\n"));
        }
    }
    if let Some(line) = screen.line(0).filter(|_| wrapped) {
        let first = &line.cells()[..1];
        painter.cells(first);
        painter.end_row(Some(line), columns - usize::from(first[0].width()));
    }
    if above > 0 {
        let end = painter.out.len() + rows - 1;
        painter.out.resize(end, b'\n');
        painter.write(format_args!("\x1b[H"));
    }
    painter.out
}

/// How many cells of a line are written: those that show something, and what makes it wrap.
fn length(line: &Line, joined: bool, wraps: bool) -> usize {
    if wraps {
        return line.cells().len();
    }
    let blank = Cell::default();
    let last = line.cells().iter().rposition(|cell| *cell != blank);
    last.map_or(usize::from(joined), |last| last + 1)
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

    /// Takes up the plain pen. A row that came up when text wrapped into it has the colour of its
    /// first cell; the cells that are left in it lose that.
    fn end_row(&mut self, wrapped_into: Option<&Line>, left: usize) {
        self.pen(&Pen::default());
        let colored = |line: &Line| *line.cells()[0].pen() != Pen::default();
        if left > 0 && wrapped_into.is_some_and(colored) {
            self.write(format_args!("\x1b[K"));
        }
    }

    /// Whether terminals agree on how wide the characters of a line are.
    fn is_certain(&self, line: &Line) -> bool {
        line.cells().iter().all(|cell| self.is_sure(cell))
    }

    fn is_sure(&self, cell: &Cell) -> bool {
        cell.char().is_ascii() || self.clusters.is_certain(cell.char())
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
            doubtful = !self.is_sure(cell);
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
