//! The syntax tree of a pattern as Python's `re` reads it, with every flag already applied.

/// The flags in force at one place of a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Python has these flags, each on its own"
)]
pub(super) struct Flags {
    /// `i`: upper and lower case are the same.
    pub(super) ignore_case: bool,
    /// `m`: `^` matches after each line break.
    pub(super) multi_line: bool,
    /// `s`: `.` matches a line break too.
    pub(super) dot_all: bool,
    /// `x`: white space and comments in the pattern mean nothing.
    pub(super) verbose: bool,
    /// `a`: `\w`, `\d`, `\s`, `\b` and case are those of ASCII.
    pub(super) ascii: bool,
}

impl Flags {
    /// What these flags say about case.
    pub(super) fn fold(self) -> Fold {
        match (self.ignore_case, self.ascii) {
            (false, _) => Fold::Exact,
            (true, false) => Fold::Unicode,
            (true, true) => Fold::Ascii,
        }
    }
}

/// Which characters are taken for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// Each only for itself.
    Exact,
    /// The upper and lower case of all scripts.
    Unicode,
    /// The upper and lower case of A to Z.
    Ascii,
}

/// A part of a pattern.
#[derive(Debug)]
pub(super) enum Node {
    /// Matches the empty text.
    Empty,
    /// One character.
    Char(char, Fold),
    /// One character of a set.
    Set(Set),
    /// A place, of no width.
    Place(Place),
    /// Parentheses; `capture` when they are counted.
    Group { capture: bool, node: Box<Node> },
    /// The same several times.
    Repeat {
        node: Box<Node>,
        min: u32,
        max: Option<u32>,
        greed: Greed,
    },
    /// One after the other.
    Sequence(Vec<Node>),
    /// The first that fits.
    Either(Vec<Node>),
    /// What follows or comes before, without taking it.
    Around {
        ahead: bool,
        negated: bool,
        node: Box<Node>,
    },
    /// What a group matched, once more.
    Back(usize, Fold),
    /// Once matched, not tried another way.
    Atomic(Box<Node>),
    /// One of two, by whether a group took part.
    If {
        group: usize,
        yes: Box<Node>,
        no: Box<Node>,
    },
}

impl Node {
    /// What in it only backtracking can do, if anything.
    pub(super) fn hard_part(&self) -> Option<&'static str> {
        match self {
            Self::Empty | Self::Char(..) | Self::Set(_) | Self::Place(_) => None,
            Self::Group { node, .. } => node.hard_part(),
            Self::Repeat { node, greed, .. } => match greed {
                Greed::Possessive => Some("a possessive repetition such as a++"),
                _ => node.hard_part(),
            },
            Self::Sequence(nodes) | Self::Either(nodes) => nodes.iter().find_map(Self::hard_part),
            Self::Around { ahead: true, .. } => Some("a look-ahead, (?=…) or (?!…)"),
            Self::Around { ahead: false, .. } => Some("a look-behind, (?<=…) or (?<!…)"),
            Self::Back(..) => Some("a reference to a group, such as \\1"),
            Self::Atomic(_) => Some("an atomic group, (?>…)"),
            Self::If { .. } => Some("a condition, (?(1)…)"),
        }
    }

    /// Whether it only looks around, in whatever brackets that are not counted, and so has no width.
    pub(super) fn only_looks(&self) -> bool {
        match self {
            Self::Around { .. } => true,
            Self::Group {
                capture: false,
                node,
            }
            | Self::Repeat { node, .. } => node.only_looks(),
            Self::Sequence(nodes) | Self::Either(nodes) => {
                let mut looks = nodes.iter().filter(|node| !node.is_vacant()).peekable();
                looks.peek().is_some() && looks.all(Self::only_looks)
            }
            _ => false,
        }
    }

    /// Whether it says nothing at all.
    pub(super) fn is_vacant(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Group { capture, node } => !capture && node.is_vacant(),
            Self::Repeat { node, .. } | Self::Atomic(node) => node.is_vacant(),
            Self::Sequence(nodes) => nodes.iter().all(Self::is_vacant),
            _ => false,
        }
    }

    /// The text it is, when it is nothing but that.
    pub(super) fn literal(&self) -> Option<String> {
        match self {
            Self::Empty => Some(String::new()),
            Self::Char(c, Fold::Exact) => Some(c.to_string()),
            Self::Char(c, Fold::Ascii) if !c.is_ascii_alphabetic() => Some(c.to_string()),
            Self::Sequence(nodes) => nodes.iter().map(Self::literal).collect(),
            _ => None,
        }
    }
}

/// How much a repetition takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greed {
    /// As much as it can, less when the rest needs it.
    Greedy,
    /// As little as it can.
    Lazy,
    /// As much as it can, never less.
    Possessive,
}

/// A place in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The start of the text.
    Start,
    /// The start of the text or after a line break.
    LineStart,
    /// The end of the text.
    End,
    /// The end of the text or before the last line break; in one line also what `m` makes of it.
    LineEnd,
    /// Between a word and what is none.
    Word { negated: bool, ascii: bool },
}

/// A set of characters.
#[derive(Debug, Default)]
pub(super) struct Set {
    /// Whether it is all but these.
    pub(super) negated: bool,
    /// From and to, inclusive. Surrogates may be within; no text has them.
    pub(super) ranges: Vec<(u32, u32)>,
    /// Kinds of characters.
    pub(super) kinds: Vec<Kind>,
    /// How case counts for the ranges.
    pub(super) fold: Option<Fold>,
}

/// A kind of characters, such as `\d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// Which.
    pub(super) class: Class,
    /// Whether it is all but these.
    pub(super) negated: bool,
    /// Whether only those of ASCII are meant.
    pub(super) ascii: bool,
}

/// What a kind of characters is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// `\d`
    Digit,
    /// `\s`
    Space,
    /// `\w`
    Word,
}
