//! A font: what characters the codes in a string stand for, and how wide they are.

use std::collections::HashMap;
use std::sync::Arc;

use hayro_cmap::{BfString, load_embedded};
use hayro_font::{CMapResolverFn, FontCache, FontData, FontGlyph, FontResolverFn, GlyphId};
use hayro_syntax::object::{Dict, Name};

use super::lines::as_drawn;

/// A font program with one empty glyph, in the Compact Font Format (Adobe technical note 5176).
///
/// It stands for those that are not in the document: nothing is drawn here, and widths are known without it.
const BLANK: [u8; 32] = [
    1, 0, 4, 1, 0, 1, 1, 1, 2, b'A', 0, 1, 1, 1, 8, 139, 15, 139, 171, 18, 165, 17, 0, 0, 0, 0, 0,
    1, 1, 1, 2, 14,
];

/// Half the width of a space in most fonts, in thousandths of the font's size.
const HALF_SPACE: f64 = 139.0;

/// Codes of more bytes than this are not remembered.
const REMEMBERED: u32 = 0x1_0000;

/// So many fonts are remembered, and those of one page.
const MOST: usize = 1000;

/// The fonts of a document.
pub(super) struct Fonts<'a> {
    cache: FontCache<'a>,
    programs: FontResolverFn,
    cmaps: CMapResolverFn,
    faces: Vec<Face<'a>>,
    places: HashMap<(usize, usize), usize>,
}

impl<'a> Fonts<'a> {
    /// None yet.
    pub(super) fn new() -> Self {
        let blank: FontData = Arc::new(BLANK);
        Self {
            cache: FontCache::new(),
            programs: Arc::new(move |_| Some((Arc::clone(&blank), 0))),
            cmaps: Arc::new(load_embedded),
            faces: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Forgets all when there are many, as in a document with fonts of its own on each page.
    pub(super) fn forget_many(&mut self) {
        if self.faces.len() > MOST {
            self.faces.clear();
            self.places.clear();
            self.cache = FontCache::new();
        }
    }

    /// The number of a font, by its dictionary, which is at one place in memory.
    pub(super) fn find(&mut self, dict: &Dict<'a>) -> usize {
        let place = (dict.data().as_ptr().addr(), dict.data().len());
        *self.places.entry(place).or_insert_with(|| {
            let font = self.cache.font(dict, &self.programs, &self.cmaps);
            self.faces.push(Face::new(font, dict));
            self.faces.len() - 1
        })
    }

    /// The font with such a number.
    pub(super) fn face(&mut self, number: usize) -> Option<&mut Face<'a>> {
        self.faces.get_mut(number)
    }
}

/// What a code stands for.
#[derive(Clone, Debug)]
struct Glyph {
    text: Box<str>,
    advance: f64,
}

/// A font, and the codes of it that have been met.
pub(super) struct Face<'a> {
    font: Option<hayro_font::Font<'a>>,
    /// By a code's high byte, then its low one.
    glyphs: Vec<Vec<Option<Glyph>>>,
    vertical: bool,
    wide: bool,
    half_space: f64,
}

/// What is said of a string in a font.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Its characters, to which each further string's are added.
    pub(super) text: String,
    /// Its length in thousandths of the font's size.
    pub(super) advance: f64,
    /// How many codes it has.
    pub(super) codes: usize,
    /// How many of them are the single byte 32, which `Tw` makes wider.
    pub(super) spaces: usize,
}

impl<'a> Face<'a> {
    fn new(font: Option<hayro_font::Font<'a>>, dict: &Dict<'a>) -> Self {
        let wide = dict
            .get::<Name<'_>>("Subtype")
            .is_some_and(|kind| &*kind == b"Type0");
        let vertical = font.as_ref().is_some_and(|font| !font.is_horizontal());
        let mut face = Self {
            font,
            glyphs: Vec::new(),
            vertical,
            wide,
            half_space: HALF_SPACE,
        };
        if !wide {
            let space = face.glyph(32);
            if &*space.text == " " && space.advance > 0.0 {
                face.half_space = (space.advance / 2.0).clamp(80.0, 300.0);
            }
        }
        face
    }

    /// Whether it is written from top to bottom.
    pub(super) fn vertical(&self) -> bool {
        self.vertical
    }

    /// The least gap that is a space, in thousandths of its size.
    pub(super) fn half_space(&self) -> f64 {
        self.half_space
    }

    /// What a string in this font stands for; `shown` is made anew.
    pub(super) fn show(&mut self, string: &[u8], shown: &mut Shown) {
        shown.text.clear();
        (shown.advance, shown.codes, shown.spaces) = (0.0, 0, 0);
        let mut at = 0;
        while at < string.len() {
            let (code, length) = match &self.font {
                Some(font) => font.read_code(string, at),
                None if self.wide => (0, 2),
                None => (u32::from(string[at]), 1),
            };
            shown.spaces += usize::from(length == 1 && string[at] == b' ');
            shown.codes += 1;
            at += length.max(1);
            let (text, advance) = self.known(code);
            shown.text.push_str(text);
            shown.advance += advance;
        }
    }

    fn known(&mut self, code: u32) -> (&str, f64) {
        let place = if code < REMEMBERED { code } else { 0 };
        let (high, low) = ((place >> 8) as usize, (place & 0xff) as usize);
        if self.glyphs.len() <= high {
            self.glyphs.resize(high + 1, Vec::new());
        }
        if self.glyphs[high].is_empty() {
            self.glyphs[high].resize(256, None);
        }
        if self.glyphs[high][low].is_none() || code >= REMEMBERED {
            self.glyphs[high][low] = Some(self.glyph(code));
        }
        match &self.glyphs[high][low] {
            Some(glyph) => (&glyph.text, glyph.advance),
            None => ("", 0.0),
        }
    }

    fn glyph(&self, code: u32) -> Glyph {
        let Some(font) = &self.font else {
            return Glyph {
                text: plain(code).map(String::from).unwrap_or_default().into(),
                advance: 500.0,
            };
        };
        let unicode = match font.glyph(GlyphId::NOTDEF, code) {
            FontGlyph::Outline(glyph) => glyph.as_unicode(),
            // TeX's bitmap fonts name their glyphs by number: the code is all there is to go by.
            FontGlyph::Type3(glyph) => glyph
                .as_unicode()
                .or_else(|| plain(code).map(BfString::Char)),
        };
        // Some write tabs and line breaks into strings as if they were characters.
        let blank = !self.wide && matches!(code, 9 | 10 | 13);
        let unicode = unicode.or_else(|| blank.then_some(BfString::Char(' ')));
        let advance = font.code_advance(code);
        Glyph {
            text: unicode.map(readable).unwrap_or_default().into(),
            advance: finite(if self.vertical { -advance.y } else { advance.x }),
        }
    }
}

/// Characters without those that only control a terminal.
fn readable(unicode: BfString) -> String {
    let mut text = match unicode {
        BfString::Char(character) => String::from(character),
        BfString::String(text) => text,
    };
    text.retain(|c| !c.is_control() || matches!(c, '\t' | '\n'));
    as_drawn(text)
}

/// The character of ASCII that is drawn for a code when nothing else is said.
fn plain(code: u32) -> Option<char> {
    char::from_u32(code).filter(|c| *c == ' ' || c.is_ascii_graphic())
}

fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}
