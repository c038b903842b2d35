//! A comparison: two texts, and the lines round what changed between them, as they go over the wire.

use std::ops::Range;

use serde::ser::{
    Serialize, SerializeMap as _, SerializeSeq as _, SerializeStruct as _, Serializer,
};

use super::matcher::Step;
use super::side::Side;

/// What two texts have in common and what not.
#[derive(Debug)]
pub struct Comparison {
    original: Side,
    revised: Side,
    hunks: Vec<Hunk>,
    /// The lines of all hunks.
    pub(super) rows: Vec<Row>,
    /// The segments of all changed lines, which can be as many as there are characters.
    segments: Vec<Segment>,
}

/// A part of the text with changes, and unchanged lines round them.
#[derive(Debug)]
pub(super) struct Hunk {
    pub(super) steps: Vec<Step>,
    /// Its lines.
    pub(super) rows: Range<usize>,
}

/// A line: in both texts, or in one of them. Lines are counted from 0.
#[derive(Debug)]
pub(super) struct Row {
    old: Option<usize>,
    new: Option<usize>,
    /// Its segments; none when it is one.
    segments: Option<Range<usize>>,
}

/// A part of a line, which the other line has or has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Where in the line it ends; it begins where the one before ends. Lines that have segments are short.
    pub(super) end: u16,
    /// Whether the other line has something else there.
    pub(super) changed: bool,
}

impl Comparison {
    pub(super) fn new(original: Side, revised: Side) -> Self {
        Self {
            original,
            revised,
            hunks: Vec::new(),
            rows: Vec::new(),
            segments: Vec::new(),
        }
    }

    /// Keeps the segments of a line that is added later.
    pub(super) fn keep(&mut self, segments: Vec<Segment>) -> Range<usize> {
        let start = self.segments.len();
        self.segments.extend(segments);
        start..self.segments.len()
    }

    /// Adds a line, with its segments when it was compared word by word.
    pub(super) fn push(
        &mut self,
        old: Option<usize>,
        new: Option<usize>,
        segments: Option<Range<usize>>,
    ) {
        self.rows.push(Row { old, new, segments });
    }

    /// Adds a hunk, whose lines were added before.
    pub(super) fn add(&mut self, mut hunk: Hunk) {
        hunk.rows.end = self.rows.len();
        self.hunks.push(hunk);
    }

    /// A line of each text.
    pub(super) fn lines(&self, old: usize, new: usize) -> (&str, &str) {
        (self.original.line(old), self.revised.line(new))
    }
}

impl Serialize for Comparison {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let changed = |is: fn(&Row) -> bool| self.rows.iter().filter(|row| is(row)).count();
        let mut body = serializer.serialize_struct("Comparison", 5)?;
        body.serialize_field("original", &self.original)?;
        body.serialize_field("revised", &self.revised)?;
        body.serialize_field("additions", &changed(|row| row.old.is_none()))?;
        body.serialize_field("deletions", &changed(|row| row.new.is_none()))?;
        body.serialize_field("hunks", &Hunks(self))?;
        body.end()
    }
}

struct Hunks<'a>(&'a Comparison);

impl Serialize for Hunks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.hunks.iter().map(|hunk| ShownHunk(self.0, hunk)))
    }
}

struct ShownHunk<'a>(&'a Comparison, &'a Hunk);

impl Serialize for ShownHunk<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(comparison, hunk) = self;
        let rows = &comparison.rows[hunk.rows.clone()];
        let mut body = serializer.serialize_struct("Hunk", 2)?;
        body.serialize_field("header", &header(&hunk.steps))?;
        let lines: Lines<'_> = Lines(comparison, rows);
        body.serialize_field("lines", &lines)?;
        body.end()
    }
}

/// Where a hunk is: its first line and how many lines, in both texts.
fn header(steps: &[Step]) -> String {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
        return String::new();
    };
    // Of no lines, the one before them is named.
    let place = |lines: Range<usize>| {
        let number = lines.start + usize::from(!lines.is_empty());
        format!("{number},{}", lines.len())
    };
    let old = place(first.old.start..last.old.end);
    let new = place(first.new.start..last.new.end);
    format!("@@ -{old} +{new} @@")
}

struct Lines<'a>(&'a Comparison, &'a [Row]);

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.1.iter().map(|row| Line(self.0, row)))
    }
}

struct Line<'a>(&'a Comparison, &'a Row);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(comparison, row) = self;
        let old = row.old.map(|line| comparison.original.line(line));
        let new = row.new.map(|line| comparison.revised.line(line));
        let (kind, content) = match (old, new) {
            (Some(old), Some(_)) => ("context", old),
            (Some(old), None) => ("removed", old),
            (None, new) => ("added", new.unwrap_or_default()),
        };
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("type", kind)?;
        body.serialize_entry("oldNumber", &row.old.map(|line| line + 1))?;
        body.serialize_entry("newNumber", &row.new.map(|line| line + 1))?;
        body.serialize_entry("content", content)?;
        if let (Some(_), Some(revised)) = (old, new) {
            body.serialize_entry("revisedContent", revised)?;
        }
        let segments = row
            .segments
            .clone()
            .map(|range| &comparison.segments[range]);
        body.serialize_entry("segments", &Segments { content, segments })?;
        body.end()
    }
}

struct Segments<'a> {
    content: &'a str,
    segments: Option<&'a [Segment]>,
}

#[derive(serde::Serialize)]
struct ShownSegment<'a> {
    text: &'a str,
    changed: bool,
}

impl Serialize for Segments<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(segments) = self.segments else {
            let whole = ShownSegment {
                text: self.content,
                changed: false,
            };
            return serializer.collect_seq([whole]);
        };
        let mut list = serializer.serialize_seq(Some(segments.len()))?;
        let mut start = 0;
        for Segment { end, changed } in segments {
            let end = usize::from(*end);
            list.serialize_element(&ShownSegment {
                text: &self.content[start..end],
                changed: *changed,
            })?;
            start = end;
        }
        list.end()
    }
}
