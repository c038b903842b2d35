//! A matcher: the blocks that two sequences have in common, longest first.
//!
//! As in `difflib.SequenceMatcher` with no junk: the longest block that is in both (of equal ones that
//! which begins first in the old sequence, then first in the new one), then the same before it and after it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::automaton::Automaton;
use super::block::Block;

/// Up to so many pairs are compared one by one; that is faster for short sequences.
const PAIRS: usize = 4096;

/// Elements that are looked at before long stretches are only compared window by window.
const WORK: usize = 5_000_000;

/// Elements in a window.
const WINDOW: usize = 128;

/// Elements that are looked at between two looks at whether to stop.
const STRETCH: usize = 20_000;

/// Elements that follow one another in both sequences, or in each something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Whether both are the same here.
    pub(super) equal: bool,
    /// Where in the old sequence.
    pub(super) old: Range<usize>,
    /// Where in the new sequence.
    pub(super) new: Range<usize>,
}

impl Step {
    /// The first `length` elements of an equal step.
    pub(super) fn first(&self, length: usize) -> Self {
        Self {
            equal: self.equal,
            old: self.old.start..self.old.start + length,
            new: self.new.start..self.new.start + length,
        }
    }

    /// The last `length` elements of an equal step.
    pub(super) fn last(&self, length: usize) -> Self {
        Self {
            equal: self.equal,
            old: self.old.end - length..self.old.end,
            new: self.new.end - length..self.new.end,
        }
    }
}

/// Compares sequences of numbers, as long as it has work left.
pub(super) struct Matcher<'a> {
    stop: &'a AtomicBool,
    left: usize,
    stretch: usize,
    /// The lengths of blocks that end at each element of the new sequence; kept for its room.
    lengths: Vec<usize>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(stop: &'a AtomicBool) -> Self {
        Self {
            stop,
            left: WORK,
            stretch: STRETCH,
            lengths: Vec::new(),
        }
    }

    /// The steps from one sequence to the other; together they are both. None when it has to stop.
    pub(super) fn steps(&mut self, old: &[u32], new: &[u32]) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        let (mut i, mut j) = (0, 0);
        let last = Block {
            old: old.len(),
            new: new.len(),
            length: 0,
        };
        for block in self.blocks(old, new)?.into_iter().chain([last]) {
            if i < block.old || j < block.new {
                steps.push(Step {
                    equal: false,
                    old: i..block.old,
                    new: j..block.new,
                });
            }
            (i, j) = (block.old + block.length, block.new + block.length);
            if block.length > 0 {
                steps.push(Step {
                    equal: true,
                    old: block.old..i,
                    new: block.new..j,
                });
            }
        }
        Some(steps)
    }

    /// The blocks in order; those that touch are one.
    fn blocks(&mut self, old: &[u32], new: &[u32]) -> Option<Vec<Block>> {
        let mut blocks = Vec::new();
        if old == new {
            // The longest block by far, found at once.
            let length = old.len();
            blocks.extend((length > 0).then_some(Block {
                old: 0,
                new: 0,
                length,
            }));
            return Some(blocks);
        }
        let mut ranges = vec![(0..old.len(), 0..new.len())];
        while let Some((a, b)) = ranges.pop() {
            if a.is_empty() || b.is_empty() {
                continue;
            }
            if !self.work(a.len() + b.len()) {
                return None;
            }
            if self.left == 0 && a.len().max(b.len()) > WINDOW {
                ranges.extend(windows(a, b));
                continue;
            }
            let Some(block) = self.longest(&old[a.clone()], &new[b.clone()]) else {
                continue;
            };
            let block = block.moved(a.start, b.start);
            ranges.push((a.start..block.old, b.start..block.new));
            ranges.push((
                block.old + block.length..a.end,
                block.new + block.length..b.end,
            ));
            blocks.push(block);
        }
        blocks.sort_unstable();
        blocks.dedup_by(|next, block| {
            let touch =
                block.old + block.length == next.old && block.new + block.length == next.new;
            if touch {
                block.length += next.length;
            }
            touch
        });
        Some(blocks)
    }

    /// Notes that so many elements are looked at. False when it is to stop.
    fn work(&mut self, elements: usize) -> bool {
        self.left = self.left.saturating_sub(elements);
        if self.stretch > elements {
            self.stretch -= elements;
            return true;
        }
        self.stretch = STRETCH;
        !self.stop.load(Ordering::Relaxed)
    }

    /// The longest block that is in both, the first of them.
    fn longest(&mut self, old: &[u32], new: &[u32]) -> Option<Block> {
        if old.len().saturating_mul(new.len()) > PAIRS {
            return Automaton::of(new).longest(old);
        }
        let lengths = &mut self.lengths;
        lengths.clear();
        lengths.resize(new.len() + 1, 0);
        let mut best: Option<Block> = None;
        for (i, element) in old.iter().enumerate() {
            // From the end, so that the length before is still that of the element before.
            for j in (0..new.len()).rev() {
                let length = if new[j] == *element {
                    lengths[j] + 1
                } else {
                    0
                };
                lengths[j + 1] = length;
                let found = Block {
                    old: i + 1 - length,
                    new: j + 1 - length,
                    length,
                };
                let better = best.is_none_or(|best| {
                    length > best.length || (length == best.length && found < best)
                });
                if length > 0 && better {
                    best = Some(found);
                }
            }
        }
        best
    }
}

/// Both ranges in as many parts, none longer than a window, which are then compared one with one.
fn windows(
    old: Range<usize>,
    new: Range<usize>,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let count = old.len().max(new.len()).div_ceil(WINDOW);
    let part = move |range: &Range<usize>, number: usize| {
        let at = |number: usize| range.start + range.len() * number / count;
        at(number)..at(number + 1)
    };
    (0..count).map(move |number| (part(&old, number), part(&new, number)))
}

/// Numbers for things, the same for equal ones.
#[derive(Default)]
pub(super) struct Numbers<T>(HashMap<T, u32>);

impl<T: std::hash::Hash + Eq> Numbers<T> {
    /// The number of `thing`.
    pub(super) fn of(&mut self, thing: T) -> u32 {
        let next = u32::try_from(self.0.len()).expect("there are fewer lines and words than that");
        *self.0.entry(thing).or_insert(next)
    }
}
