//! Footnotes and endnotes: numbered where the text refers to them, told after its end.

use std::collections::HashMap;
use std::mem;

/// A note's id, and whether it is an endnote: the two kinds have ids of their own.
type Id = (bool, String);

/// The notes of a document.
#[derive(Debug, Default)]
pub(super) struct Notes {
    texts: HashMap<Id, String>,
    /// Those referred to so far, in this order.
    used: Vec<Id>,
    numbers: HashMap<Id, usize>,
}

impl Notes {
    /// Adds a note that the text may refer to.
    pub(super) fn add(&mut self, at_end: bool, id: String, text: String) {
        self.texts.insert((at_end, id), text);
    }

    /// The number of a note that the text refers to; none when there is no such note.
    pub(super) fn number(&mut self, at_end: bool, id: &str) -> Option<usize> {
        let id = (at_end, id.to_owned());
        if let Some(number) = self.numbers.get(&id) {
            return Some(*number);
        }
        if !self.texts.contains_key(&id) {
            return None;
        }
        self.used.push(id.clone());
        self.numbers.insert(id, self.used.len());
        Some(self.used.len())
    }

    /// The notes that the text refers to, each with its number.
    pub(super) fn used(&mut self) -> impl Iterator<Item = String> {
        let texts = &self.texts;
        let used = mem::take(&mut self.used).into_iter().enumerate();
        used.filter_map(move |(index, id)| Some(format!("[{}] {}", index + 1, texts.get(&id)?)))
    }
}
