//! The graphics state, as far as text needs it (ISO 32000-2, 8.4 and 9.3).

use hayro_syntax::content::Instruction;

use super::super::font::Shown;
use super::super::matrix::Matrix;
use super::numbers;

/// Where and how text is shown next.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// From what is being drawn to the page.
    pub(super) page: Matrix,
    /// The font's number.
    pub(super) font: Option<usize>,
    /// The font's size.
    pub(super) size: f64,
    /// What is added to each character's width.
    pub(super) character_spacing: f64,
    /// What is added to each space's width.
    pub(super) word_spacing: f64,
    scale: f64,
    leading: f64,
    rise: f64,
    text: Matrix,
    line: Matrix,
}

impl State {
    /// That at the start of a page.
    pub(super) fn new() -> Self {
        Self {
            page: Matrix::IDENTITY,
            font: None,
            size: 0.0,
            character_spacing: 0.0,
            word_spacing: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
        }
    }

    /// Does what an operator says that only sets or moves something.
    pub(super) fn step(&mut self, operator: &[u8], step: &Instruction<'_, '_>) {
        match operator {
            b"BT" => self.place(Matrix::IDENTITY),
            b"Tm" => self.place(Matrix(numbers(step))),
            b"Td" => {
                let [x, y] = numbers(step);
                self.move_line(x, y);
            }
            b"TD" => {
                let [x, y] = numbers(step);
                self.leading = -y;
                self.move_line(x, y);
            }
            b"T*" => self.next_line(),
            b"cm" => self.page = Matrix(numbers(step)).then(self.page),
            b"Tc" => [self.character_spacing] = numbers(step),
            b"Tw" => [self.word_spacing] = numbers(step),
            b"TL" => [self.leading] = numbers(step),
            b"Ts" => [self.rise] = numbers(step),
            b"Tz" => {
                let [percent] = numbers::<1>(step);
                self.scale = percent / 100.0;
            }
            _ => {}
        }
    }

    /// Goes to the beginning of the next line.
    pub(super) fn next_line(&mut self) {
        self.move_line(0.0, -self.leading);
    }

    /// Goes on by a length in the text's own system, before it is stretched.
    pub(super) fn advance(&mut self, length: f64, vertical: bool) {
        self.text = if vertical {
            self.text.shifted(0.0, -length)
        } else {
            self.text.shifted(length * self.scale, 0.0)
        };
    }

    /// How long a string is in the text's own system, before it is stretched.
    pub(super) fn length(&self, shown: &Shown) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "no string has so many codes")]
        let (codes, spaces) = (shown.codes as f64, shown.spaces as f64);
        shown.advance / 1000.0 * self.size
            + codes * self.character_spacing
            + spaces * self.word_spacing
    }

    /// From the text's own system to the page.
    pub(super) fn rendering(&self) -> Matrix {
        let scaled = Matrix([self.scale, 0.0, 0.0, 1.0, 0.0, self.rise]);
        scaled.then(self.text).then(self.page)
    }

    /// Takes over where text is from a later state: `q` and `Q` do not save it.
    pub(super) fn keep_text_position(&mut self, later: &Self) {
        (self.text, self.line) = (later.text, later.line);
    }

    fn place(&mut self, matrix: Matrix) {
        (self.text, self.line) = (matrix, matrix);
    }

    fn move_line(&mut self, x: f64, y: f64) {
        self.place(self.line.shifted(x, y));
    }
}
