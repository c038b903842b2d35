//! The content of pages: operators that draw, of which those matter that move and show text.

mod state;

use std::collections::{HashMap, HashSet};

use hayro_syntax::content::{Instruction, UntypedIter};
use hayro_syntax::object::{self, Array, Dict, Name, Object, ObjectIdentifier, Stream};
use hayro_syntax::page::{Page, Resources};

use self::state::State;
use super::super::Problem;
use super::font::{Fonts, Shown};
use super::lines::{Lines, Place, as_drawn};
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
    /// How deeply the content is marked.
    marked: usize,
    instead: Option<Instead>,
    /// How many strings were shown.
    strings: usize,
    /// Forms that show none: they need not be drawn again.
    silent: HashSet<ObjectIdentifier>,
}

/// What stands for a piece of content (`ActualText`).
struct Instead {
    /// How deeply that piece is marked.
    marked: usize,
    /// The text, until it is shown.
    text: Option<String>,
}

/// Where names in content come from.
struct Scope<'r, 'a> {
    resources: &'r Resources<'a>,
    fonts: HashMap<Vec<u8>, Option<usize>>,
    depth: usize,
}

impl<'a> Content<'a> {
    /// Without anything read yet of a file of so many bytes.
    pub(super) fn new(file: usize) -> Self {
        Self {
            fonts: Fonts::new(),
            budget: Budget::new(file),
            lines: Lines::default(),
            shown: Shown::default(),
            state: State::new(),
            kept: Vec::new(),
            marked: 0,
            instead: None,
            strings: 0,
            silent: HashSet::new(),
        }
    }

    /// The text of a page.
    pub(super) fn text(&mut self, page: &Page<'a>) -> Result<&str, Problem> {
        self.lines.clear();
        self.state = State::new();
        self.kept.clear();
        (self.marked, self.instead) = (0, None);
        self.fonts.forget_many();
        let bytes = self.bytes(page)?;
        self.run(&bytes, page.resources(), 0)?;
        Ok(self.lines.finish())
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
            if unended(&instruction) {
                // All the rest was searched for its end.
                self.budget.spend(bytes.len())?;
            }
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
            b"BMC" => self.marked += 1,
            b"BDC" => self.mark(step, scope),
            b"EMC" => self.unmark(self.marked.saturating_sub(1)),
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
        self.strings += 1;
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
        match &mut self.instead {
            Some(instead) => match instead.text.take() {
                Some(text) => self.lines.add(&text, place),
                None => self.lines.extend(place.end),
            },
            None => self.lines.add(&self.shown.text, place),
        }
    }

    fn mark(&mut self, step: &Instruction<'_, '_>, scope: &Scope<'_, 'a>) {
        self.marked += 1;
        if self.instead.is_some() {
            return;
        }
        let text = match step.operands().nth(1) {
            Some(Object::Dict(dict)) => actual_text(dict),
            Some(Object::Name(name)) => {
                let dict = scope.resources.properties.get::<Dict<'_>>(&**name);
                dict.and_then(|dict| actual_text(&dict))
            }
            _ => None,
        };
        self.instead = text.map(|text| Instead {
            marked: self.marked,
            text: Some(text),
        });
    }

    fn unmark(&mut self, marked: usize) {
        self.marked = marked;
        self.instead.take_if(|instead| instead.marked > marked);
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
        if self.silent.contains(&form.obj_id()) {
            return self.budget.spend(step.operator.len());
        }
        let strings = self.strings;
        let own = dict.get::<Dict<'_>>("Resources").map(Resources::new);
        let resources = own.as_ref().unwrap_or(scope.resources);
        self.draw_form(&form, resources, scope.depth + 1)?;
        if own.is_some() && self.strings == strings {
            self.silent.insert(form.obj_id());
        }
        Ok(())
    }

    fn draw_form(
        &mut self,
        form: &Stream<'a>,
        resources: &Resources<'a>,
        depth: usize,
    ) -> Result<(), Problem> {
        let bytes = self.budget.unpack(form)?;
        let before = self.state.clone();
        let kept = std::mem::take(&mut self.kept);
        let marked = self.marked;
        if let Some(matrix) = form.dict().get::<[f64; 6]>("Matrix") {
            self.state.page = Matrix(matrix).then(self.state.page);
        }
        self.run(&bytes, resources, depth)?;
        self.unmark(marked);
        self.kept = kept;
        self.state = before;
        Ok(())
    }
}

/// Whether this is a picture within content that does not end.
fn unended(step: &Instruction<'_, '_>) -> bool {
    &**step.operator == b"BI" && step.operands().next().is_none()
}

/// The first operands, with 0 for what is no number.
fn numbers<const N: usize>(step: &Instruction<'_, '_>) -> [f64; N] {
    let mut operands = step.operands();
    std::array::from_fn(|_| match operands.next() {
        Some(Object::Number(number)) => number.as_f64(),
        _ => 0.0,
    })
}

/// The text that stands for what is so marked (ISO 32000-2, 14.9.4).
fn actual_text(properties: &Dict<'_>) -> Option<String> {
    let string = properties.get::<object::String<'_>>("ActualText")?;
    Some(as_drawn(string_of(string.as_bytes())))
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
