//! The writing of a syntax tree in the syntax of this crate's two engines.

use std::fmt::Write as _;

use super::syntax::{Class, Fold, Greed, Kind, Node, Place, Set};

/// What a pattern is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The linear engine, exactly; the tree needs no backtracking.
    Linear,
    /// The backtracking engine, exactly.
    Backtracking,
    /// The linear engine, finding every line that matches and perhaps more.
    Sieve,
}

/// The letters that Python, ignoring case, takes for one and Unicode's case folding does not.
const DOTTED: [u32; 4] = [0x49, 0x69, 0x130, 0x131];

/// What no text has.
const NOTHING: &str = "[a&&b]";

/// A pattern as an engine reads it.
#[derive(Debug, Default)]
pub(super) struct Emitted {
    /// The pattern.
    pub(super) text: String,
    /// Whether a sieve lets through what does not match.
    pub(super) loose: bool,
    /// Whether the linear engine was given edges of words, which it sees a little differently.
    pub(super) edges: bool,
    /// Whether one of them is a `\B` for ASCII, which also holds within a character of several bytes.
    pub(super) inner: bool,
}

/// Writes `node` for `target`.
pub(super) fn emit(node: &Node, target: Target) -> Emitted {
    let mut emitter = Emitter {
        target,
        out: Emitted::default(),
    };
    emitter.node(node);
    emitter.out
}

struct Emitter {
    target: Target,
    out: Emitted,
}

impl Emitter {
    fn write(&mut self, text: &str) {
        self.out.text.push_str(text);
    }

    fn within(&mut self, open: &str, node: &Node) {
        self.write(open);
        self.node(node);
        self.write(")");
    }

    fn sieved(&mut self) -> bool {
        let sieve = self.target == Target::Sieve;
        self.out.loose |= sieve;
        sieve
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::Char(c, fold) => self.char(*c, *fold),
            Node::Set(set) => self.set(set),
            Node::Place(place) => self.place(*place),
            Node::Group { capture, node } => {
                let counted = *capture && self.target == Target::Backtracking;
                self.within(if counted { "(" } else { "(?:" }, node);
            }
            Node::Repeat {
                node,
                min,
                max,
                greed,
            } => self.repeat(node, *min, *max, *greed),
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.node(node)),
            Node::Either(nodes) => self.either(nodes.iter()),
            Node::Around {
                ahead,
                negated,
                node,
            } => {
                if !self.sieved() {
                    let open = match (ahead, negated) {
                        (true, false) => "(?=",
                        (true, true) => "(?!",
                        (false, false) => "(?<=",
                        (false, true) => "(?<!",
                    };
                    self.within(open, node);
                }
            }
            Node::Back(group, fold) => self.back(*group, *fold),
            Node::Atomic(node) => {
                let open = if self.sieved() { "(?:" } else { "(?>" };
                self.within(open, node);
            }
            Node::If { group, yes, no } => {
                if self.sieved() {
                    self.either([&**yes, &**no].into_iter());
                } else {
                    // Parentheses within, since a branch may itself have alternatives.
                    let _ = write!(self.out.text, "(?({group})(?:");
                    self.node(yes);
                    self.write(")|(?:");
                    self.node(no);
                    self.write("))");
                }
            }
        }
    }

    fn either<'a>(&mut self, nodes: impl Iterator<Item = &'a Node>) {
        self.write("(?:");
        for (index, node) in nodes.enumerate() {
            if index > 0 {
                self.write("|");
            }
            self.node(node);
        }
        self.write(")");
    }

    fn back(&mut self, group: usize, fold: Fold) {
        if self.sieved() {
            self.write("(?s:.)*");
        } else if fold == Fold::Exact {
            let _ = write!(self.out.text, "(?:\\{group})");
        } else {
            let _ = write!(self.out.text, "(?i:\\{group})");
        }
    }

    fn repeat(&mut self, node: &Node, min: u32, max: Option<u32>, greed: Greed) {
        if node.only_looks() {
            // Of no width, so that once is as good as often.
            if min > 0 {
                self.node(node);
            }
            return;
        }
        if node.is_vacant() {
            return;
        }
        let possessive = greed == Greed::Possessive && !self.sieved();
        if possessive {
            self.write("(?>");
        }
        self.within("(?:", node);
        match (min, max) {
            (0, None) => self.write("*"),
            (1, None) => self.write("+"),
            (0, Some(1)) => self.write("?"),
            (_, None) => {
                let _ = write!(self.out.text, "{{{min},}}");
            }
            (_, Some(max)) => {
                let _ = write!(self.out.text, "{{{min},{max}}}");
            }
        }
        if greed == Greed::Lazy {
            self.write("?");
        }
        if possessive {
            self.write(")");
        }
    }

    fn char(&mut self, c: char, fold: Fold) {
        match fold {
            Fold::Unicode if DOTTED.contains(&u32::from(c)) => self.write("[Ii\u{130}\u{131}]"),
            Fold::Unicode if c.is_alphabetic() || !c.is_ascii() => {
                self.write("(?i:");
                self.raw(u32::from(c));
                self.write(")");
            }
            Fold::Ascii if c.is_ascii_alphabetic() => {
                let (lower, upper) = (c.to_ascii_lowercase(), c.to_ascii_uppercase());
                let _ = write!(self.out.text, "[{upper}{lower}]");
            }
            _ => self.raw(u32::from(c)),
        }
    }

    fn raw(&mut self, point: u32) {
        match char::from_u32(point) {
            Some(c) if c.is_alphanumeric() => self.out.text.push(c),
            _ => {
                let _ = write!(self.out.text, "\\x{{{point:X}}}");
            }
        }
    }

    fn place(&mut self, place: Place) {
        match place {
            Place::Start => self.write("\\A"),
            Place::LineStart => self.write("(?m:^)"),
            Place::End => self.write("\\z"),
            Place::LineEnd => self.write("(?m:$)"),
            Place::Word { negated, ascii } => self.boundary(negated, ascii),
        }
    }

    /// A sieve leaves the edges of words out: they are dear in text that is not ASCII.
    fn boundary(&mut self, negated: bool, ascii: bool) {
        if self.sieved() {
            return;
        }
        if self.target == Target::Linear {
            self.out.edges |= !ascii || negated;
            self.out.inner |= ascii && negated;
            self.write(match (negated, ascii) {
                (false, false) => "\\b",
                (true, false) => "\\B",
                (false, true) => "(?-u:\\b)",
                (true, true) => "(?-u:\\B)",
            });
            return;
        }
        let word = if ascii { ASCII_WORD } else { WORD };
        let (same, other) = if negated { ("=", "!") } else { ("!", "=") };
        // At an edge just one side is a word's.
        let _ = write!(
            self.out.text,
            "(?:(?<=[{word}])(?{same}[{word}])|(?<![{word}])(?{other}[{word}]))"
        );
    }

    fn set(&mut self, set: &Set) {
        let fold = set.fold.unwrap_or(Fold::Exact);
        let mut ranges = visible(&set.ranges);
        match fold {
            Fold::Exact => {}
            Fold::Unicode => add_dotted(&mut ranges),
            Fold::Ascii => add_ascii_case(&mut ranges),
        }
        if ranges.is_empty() && set.kinds.is_empty() {
            self.write(if set.negated { "(?s:.)" } else { NOTHING });
            return;
        }
        if fold == Fold::Unicode {
            self.write("(?i:");
        }
        self.write(if set.negated { "[^" } else { "[" });
        for (low, high) in ranges {
            self.raw(low);
            if high > low {
                self.write("-");
                self.raw(high);
            }
        }
        for kind in &set.kinds {
            self.kind(*kind);
        }
        self.write("]");
        if fold == Fold::Unicode {
            self.write(")");
        }
    }

    fn kind(&mut self, kind: Kind) {
        let members = match (kind.class, kind.ascii) {
            (Class::Digit, false) => "\\p{Nd}",
            (Class::Digit, true) => "0-9",
            (Class::Space, false) => "\\s\\x{1C}-\\x{1F}",
            (Class::Space, true) => "\\t-\\r\\x{20}",
            (Class::Word, false) => WORD,
            (Class::Word, true) => ASCII_WORD,
        };
        if kind.negated {
            let _ = write!(self.out.text, "[^{members}]");
        } else {
            self.write(members);
        }
    }
}

/// What Python takes for a word: letters, all numbers, and `_`.
pub(super) const WORD: &str = "\\p{L}\\p{N}_";
const ASCII_WORD: &str = "0-9A-Za-z_";

/// The ranges without the surrogates, which no text has.
fn visible(ranges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let parts = ranges
        .iter()
        .flat_map(|&(low, high)| [(low, high.min(0xD7FF)), (low.max(0xE000), high)]);
    parts.filter(|(low, high)| low <= high).collect()
}

fn add_dotted(ranges: &mut Vec<(u32, u32)>) {
    let has = |point: &u32| {
        ranges
            .iter()
            .any(|(low, high)| (low..=high).contains(&point))
    };
    if DOTTED.iter().any(has) {
        ranges.extend(DOTTED.map(|point| (point, point)));
    }
}

fn add_ascii_case(ranges: &mut Vec<(u32, u32)>) {
    let within = |from: char, to: char, range: &(u32, u32)| {
        let part = (range.0.max(u32::from(from)), range.1.min(u32::from(to)));
        (part.0 <= part.1).then_some(part)
    };
    let mut more = Vec::new();
    for range in &*ranges {
        more.extend(within('a', 'z', range).map(|(low, high)| (low - 32, high - 32)));
        more.extend(within('A', 'Z', range).map(|(low, high)| (low + 32, high + 32)));
    }
    ranges.append(&mut more);
}
