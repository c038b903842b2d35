//! A suffix automaton: finds the longest block that two sequences have in common, in time that grows
//! with their length and not with how often their elements repeat.
//!
//! A state stands for all runs of elements that end at the same places of the sequence. Blumer and
//! others, "The smallest automaton recognizing the subwords of a text", 1985.

use std::collections::HashMap;

use super::block::Block;

/// No state: the link of the first one.
const NONE: u32 = u32::MAX;

struct State {
    /// How long the longest run of this state is.
    length: u32,
    /// Where its runs end first, counted in elements up to there.
    first_end: u32,
    /// The state of the longest run's longest ending that is in another one.
    link: u32,
    /// Its elements that lead on: the number of the last one's edge.
    edges: u32,
}

/// An element that leads on from a state, and the edge of the same state that was added before.
struct Edge {
    element: u32,
    before: u32,
}

/// All runs of a sequence.
pub(super) struct Automaton {
    states: Vec<State>,
    edges: Vec<Edge>,
    next: HashMap<(u32, u32), u32, Mixed>,
}

/// Hashes pairs of numbers that nobody outside chooses.
type Mixed = std::hash::BuildHasherDefault<Mixer>;

/// Multiplies and folds; the lines' numbers are given by us, so nobody can make them collide.
#[derive(Default)]
pub(super) struct Mixer(u64);

impl std::hash::Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0.rotate_left(23) ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Automaton {
    /// The automaton of `sequence`, which has fewer than 2³⁰ elements.
    pub(super) fn of(sequence: &[u32]) -> Self {
        let mut automaton = Self {
            states: Vec::with_capacity(2 * sequence.len() + 1),
            edges: Vec::with_capacity(3 * sequence.len()),
            next: HashMap::with_capacity_and_hasher(2 * sequence.len(), Mixed::default()),
        };
        automaton.add_state(0, 0, NONE);
        let mut last = 0;
        for element in sequence {
            last = automaton.extend(last, *element);
        }
        automaton
    }

    fn add_state(&mut self, length: u32, first_end: u32, link: u32) -> u32 {
        let number = number(self.states.len());
        self.states.push(State {
            length,
            first_end,
            link,
            edges: NONE,
        });
        number
    }

    fn state(&self, state: u32) -> &State {
        &self.states[state as usize]
    }

    /// Leads from `state` with `element` to `to`.
    fn lead(&mut self, state: u32, element: u32, to: u32) {
        if self.next.insert((state, element), to).is_none() {
            let edge = number(self.edges.len());
            let before = std::mem::replace(&mut self.states[state as usize].edges, edge);
            self.edges.push(Edge { element, before });
        }
    }

    /// Adds an element after the run of state `last`; gives the state of the whole run.
    fn extend(&mut self, last: u32, element: u32) -> u32 {
        let length = self.state(last).length + 1;
        let whole = self.add_state(length, length, 0);
        let mut from = last;
        let met = loop {
            if from == NONE {
                return whole;
            }
            match self.next.get(&(from, element)) {
                Some(met) => break *met,
                None => self.lead(from, element, whole),
            }
            from = self.state(from).link;
        };
        let link = if self.state(met).length == self.state(from).length + 1 {
            met
        } else {
            self.split(from, element, met)
        };
        self.states[whole as usize].link = link;
        whole
    }

    /// Parts the shorter runs of `met`, to which `element` leads from `from`, into a state of their own.
    fn split(&mut self, from: u32, element: u32, met: u32) -> u32 {
        let State {
            first_end,
            link,
            mut edges,
            ..
        } = *self.state(met);
        let part = self.add_state(self.state(from).length + 1, first_end, link);
        while edges != NONE {
            let Edge { element, before } = self.edges[edges as usize];
            let to = self.next[&(met, element)];
            self.lead(part, element, to);
            edges = before;
        }
        self.states[met as usize].link = part;
        let mut from = from;
        while from != NONE && self.next.get(&(from, element)) == Some(&met) {
            self.lead(from, element, part);
            from = self.state(from).link;
        }
        part
    }

    /// The longest run that `old` has in common with the automaton's sequence: the first in `old`, and of
    /// that the first in the sequence.
    pub(super) fn longest(&self, old: &[u32]) -> Option<Block> {
        let mut best: Option<Block> = None;
        let (mut state, mut length) = (0, 0);
        for (i, element) in old.iter().enumerate() {
            let next = loop {
                match self.next.get(&(state, *element)) {
                    Some(next) => break Some(*next),
                    None if state == 0 => break None,
                    None => {
                        state = self.state(state).link;
                        length = self.state(state).length as usize;
                    }
                }
            };
            let Some(next) = next else {
                continue;
            };
            state = next;
            length += 1;
            if best.is_none_or(|best| length > best.length) {
                best = Some(Block {
                    old: i + 1 - length,
                    new: self.state(state).first_end as usize - length,
                    length,
                });
            }
        }
        best
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("a sequence has fewer than 2³⁰ elements")
}
