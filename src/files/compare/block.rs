//! A block: a run of elements that two sequences have in common.

/// A block that is in both sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Block {
    pub(super) old: usize,
    pub(super) new: usize,
    pub(super) length: usize,
}

impl Block {
    /// The same block, where both sequences begin so much later.
    pub(super) fn moved(self, old: usize, new: usize) -> Self {
        Self {
            old: self.old + old,
            new: self.new + new,
            ..self
        }
    }
}
