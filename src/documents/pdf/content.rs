//! The content of pages: operators that draw, of which those matter that move and show text.

mod state;

use std::collections::HashMap;

use hayro_syntax::content::{Instruction, UntypedIter};
use hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use hayro_syntax::page::{Page, Resources};

use self::state::State;
use super::super::Problem;
use super::font::{Fonts, Shown};
use super::lines::{Lines, Place};
use super::matrix::{Matrix, Point};
use super::stream::Budget;

/// How deep content may be in content.
const DEEPEST: usize = 16;

/// How many graphics states may be kept at once.
const MOST_STATES: usize = 10_000;

/// What reads the content of a document's pages, one after the other.
pub(super) struct Content<'a> {
    fonts: Fonts<'a>,
    budget: Budget,
    lines: Lines,
    shown: Shown,
    state: State,
    kept: Vec<State>,
    /// What stands for the content that is being read, by how deeply it is marked.
    marks: Vec<Option<Mark>>,
}

/// What stands for a piece of content (`ActualText`), until it is shown.
type Mark = Option<String>;

/// Where names in content come from.
struct Scope<'r, 'a> {
    resources: &'r Resources<'a>,
    fonts: HashMap<Vec<u8>, Option<usize>>,
    depth: usize,
}

impl<'a> Content<'a> {
    /// Without anything read yet.
    pub(super) fn new() -> Self {
        Self {
            fonts: Fonts::new(),
            budget: Budget::new(),
            lines: Lines::default(),
            shown: Shown::default(),
            state: State::new(),
            kept: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// The text of a page.
    pub(super) fn text(&mut self, page: &Page<'a>) -> Result<&str, Problem> {
        self.lines.clear();
        self.state = State::new();
        self.kept.clear();
        self.marks.clear();
        let bytes = self.bytes(page)?;
        self.run(&bytes, page.resources(), 0)?;
        Ok(self.lines.text())
    }

    fn bytes(&mut self, page: &Page<'a>) -> Result<Vec<u8>, Problem> {
        if let Some(stream) = page.raw().get::<Stream<'_>>("Contents") {
            return self.budget.unpack(&stream);
        }
        let mut bytes = Vec::new();
        if let Some(streams) = page.raw().get::<Array<'_>>("Contents") {
            for stream in streams.iter::<Stream<'_>>() {
                bytes.extend(self.budget.unpack(&stream)?);
                bytes.push(b'\n');
            }
        }
        Ok(bytes)
    }

    fn run(
        &mut self,
        bytes: &[u8],
        resources: &Resources<'a>,
        depth: usize,
    ) -> Result<(), Problem> {
        let mut scope = Scope {
            resources,
            fonts: HashMap::new(),
            depth,
        };
        let mut operators = UntypedIter::new(bytes);
        while let Some(instruction) = operators.next() {
            self.step(&instruction, &mut scope)?;
        }
        Ok(())
    }

    fn step(
        &mut self,
        step: &Instruction<'_, '_>,
        scope: &mut Scope<'_, 'a>,
    ) -> Result<(), Problem> {
        match &**step.operator {
            b"Tj" => self.show_first(step),
            b"TJ" => self.show_all(step),
            b"'" => {
                self.state.next_line();
                self.show_first(step);
            }
            b"\"" => {
                let [word, character] = numbers(step);
                (self.state.word_spacing, self.state.character_spacing) = (word, character);
                self.state.next_line();
                self.show_first(step);
            }
            b"Tf" => self.set_font(step, scope),
            b"Do" => self.draw(step, scope)?,
            b"q" if self.kept.len() < MOST_STATES => self.kept.push(self.state.clone()),
            b"Q" => {
                if let Some(mut kept) = self.kept.pop() {
                    kept.keep_text_position(&self.state);
                    self.state = kept;
                }
            }
            b"BMC" => self.marks.push(None),
            b"BDC" => self.mark(step, scope),
            b"EMC" => drop(self.marks.pop()),
            operator => self.state.step(operator, step),
        }
        Ok(())
    }

    fn set_font(&mut self, step: &Instruction<'_, '_>, scope: &mut Scope<'_, 'a>) {
        let mut operands = step.operands();
        let Some(Object::Name(name)) = operands.next() else {
            return;
        };
        let Some(Object::Number(size)) = operands.next() else {
            return;
        };
        self.state.size = size.as_f64();
        self.state.font = if let Some(known) = scope.fonts.get(&**name) {
            *known
        } else {
            let dict = scope.resources.get_font(name);
            let found = dict.map(|dict| self.fonts.find(&dict));
            scope.fonts.insert(name.to_vec(), found);
            found
        };
    }

    fn show_first(&mut self, step: &Instruction<'_, '_>) {
        let string = step.operands().find_map(|operand| match operand {
            Object::String(string) => Some(string),
            _ => None,
        });
        if let Some(string) = string {
            self.show(string.as_bytes());
        }
    }

    fn show_all(&mut self, step: &Instruction<'_, '_>) {
        let Some(Object::Array(array)) = step.operands().next() else {
            return;
        };
        for item in array.iter::<Object<'_>>() {
            match item {
                Object::String(string) => self.show(string.as_bytes()),
                Object::Number(back) => self.shift(back.as_f64()),
                _ => {}
            }
        }
    }

    /// Moves back by thousandths of the size.
    fn shift(&mut self, back: f64) {
        let vertical = self
            .state
            .font
            .and_then(|font| self.fonts.face(font))
            .is_some_and(|face| face.vertical());
        self.state
            .advance(-back / 1000.0 * self.state.size, vertical);
    }

    fn show(&mut self, string: &[u8]) {
        let Some(face) = self.state.font.and_then(|font| self.fonts.face(font)) else {
            return;
        };
        face.show(string, &mut self.shown);
        let (gap, vertical) = (face.half_space(), face.vertical());
        let start = self.state.rendering();
        let advance = self.state.length(&self.shown);
        self.state.advance(advance, vertical);
        let end = self.state.rendering();
        let right = if vertical {
            let up = start.up();
            Point { x: -up.x, y: -up.y }
        } else {
            start.right()
        };
        let size = self.state.size.abs();
        let place = Place {
            start: start.origin(),
            end: end.origin(),
            direction: right.unit(),
            size: start.up().length() * size,
            gap: gap / 1000.0 * right.length() * size,
        };
        match self.marks.iter_mut().find_map(|mark| mark.as_mut()) {
            Some(instead) => match instead.take() {
                Some(text) => self.lines.add(&text, place),
                None => self.lines.extend(place.end),
            },
            None => self.lines.add(&self.shown.text, place),
        }
    }

    fn mark(&mut self, step: &Instruction<'_, '_>, scope: &Scope<'_, 'a>) {
        let actual = |dict: &Dict<'_>| {
            let string = dict.get::<hayro_syntax::object::String<'_>>("ActualText")?;
            Some(Some(string_of(string.as_bytes())))
        };
        let mark = match step.operands().nth(1) {
            Some(Object::Dict(dict)) => actual(dict),
            Some(Object::Name(name)) => scope
                .resources
                .properties
                .get::<Dict<'_>>(&**name)
                .and_then(|dict| actual(&dict)),
            _ => None,
        };
        self.marks.push(mark);
    }

    fn draw(&mut self, step: &Instruction<'_, '_>, scope: &Scope<'_, 'a>) -> Result<(), Problem> {
        let Some(Object::Name(name)) = step.operands().next() else {
            return Ok(());
        };
        let Some(form) = scope.resources.get_x_object(name) else {
            return Ok(());
        };
        let dict = form.dict();
        let is_form = dict
            .get::<Name<'_>>("Subtype")
            .is_some_and(|kind| &*kind == b"Form");
        if !is_form || scope.depth >= DEEPEST {
            return Ok(());
        }
        let bytes = self.budget.unpack(&form)?;
        let before = self.state.clone();
        let kept = std::mem::take(&mut self.kept);
        if let Some(matrix) = dict.get::<[f64; 6]>("Matrix") {
            self.state.page = Matrix(matrix).then(self.state.page);
        }
        let marks = self.marks.len();
        let own = dict.get::<Dict<'_>>("Resources").map(Resources::new);
        self.run(
            &bytes,
            own.as_ref().unwrap_or(scope.resources),
            scope.depth + 1,
        )?;
        self.marks.truncate(marks);
        self.kept = kept;
        self.state = before;
        Ok(())
    }
}

/// The first operands, with 0 for what is no number.
fn numbers<const N: usize>(step: &Instruction<'_, '_>) -> [f64; N] {
    let mut operands = step.operands();
    std::array::from_fn(|_| match operands.next() {
        Some(Object::Number(number)) => number.as_f64(),
        _ => 0.0,
    })
}

/// A text string (ISO 32000-2, 7.9.2.2).
fn string_of(bytes: &[u8]) -> String {
    if let Some(utf8) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return String::from_utf8_lossy(utf8).into_owned();
    }
    match bytes.strip_prefix(b"\xfe\xff") {
        Some(utf16) => encoding_rs::UTF_16BE
            .decode_without_bom_handling(utf16)
            .0
            .into_owned(),
        None => encoding_rs::WINDOWS_1252
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    }
}
