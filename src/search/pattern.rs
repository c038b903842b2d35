//! A pattern: what Python's `re` means by it, in bounded time.
//!
//! Most patterns run on an engine whose time is linear in the text. Look-around, references to groups,
//! atomic groups and conditions need backtracking; there the steps for one line are limited. Both are
//! asked about one line at a time; before that a sieve runs over whole buffers (`sieve.rs`).

mod emit;
mod parser;
mod sieve;
mod syntax;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::{Arc, LazyLock, OnceLock};

use memchr::memmem;
use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};

use self::emit::{Target, WORD, emit};
use self::sieve::{Sieve, compile, read, sieve};
use self::syntax::{Fold, Node};
use super::Error;

/// Bytes that the states of one compiled pattern may take.
const LARGEST: usize = 10 << 20;

/// Ways tried in one line before a pattern is given up.
const STEPS: usize = 1_000_000;

/// What Python and the linear engine see differently.
const EDGES: &str = "an edge of a word, \\b or \\B, in text that is not all ASCII";

/// A compiled pattern. A clone shares what was compiled and has working memory of its own: one a thread.
#[derive(Clone, Debug)]
pub struct Pattern {
    scan: Scan,
    judge: Judge,
}

/// How lines that may match are found in a text of many.
#[derive(Clone, Debug)]
enum Scan {
    /// Every line may match.
    Every,
    /// No line does.
    Never,
    /// Lines with this text in them.
    Literal(Box<memmem::Finder<'static>>),
    /// Lines that a sieve finds.
    Sieve { regex: Regex, any_breaks: bool },
}

/// What says whether a line matches.
#[derive(Clone, Debug)]
enum Judge {
    /// Lines found do match.
    Scan,
    /// The linear engine.
    Linear {
        regex: Regex,
        edges: Option<Arc<Edges>>,
    },
    /// The backtracking engine; `part` is what in the pattern needs it.
    Backtracking {
        regex: fancy_regex::Regex,
        part: &'static str,
    },
}

/// The exact judge of edges of words, for lines with characters on which the engines differ.
#[derive(Debug)]
struct Edges {
    text: String,
    /// Whether they differ on everything that is not ASCII.
    all: bool,
    regex: OnceLock<Option<fancy_regex::Regex>>,
}

/// Finds the characters that are a word's for the linear engine and not for Python, or the other way.
static DISPUTED: LazyLock<Regex> = LazyLock::new(|| {
    let set = read(&format!("[\\w~~[{WORD}]]")).expect("the set is well formed");
    compile(&set, LARGEST).expect("one set is small")
});

impl Pattern {
    /// Compiles `query`: a regular expression of Python, or else the text itself.
    pub fn new(query: &str, regex: bool, ignore_case: bool) -> Result<Self, Error> {
        let node = if regex {
            parser::parse(query, ignore_case)?
        } else {
            let fold = if ignore_case {
                Fold::Unicode
            } else {
                Fold::Exact
            };
            Node::Sequence(query.chars().map(|c| Node::Char(c, fold)).collect())
        };
        if let Some(text) = node.literal() {
            return Ok(Self {
                scan: literal(&text),
                judge: Judge::Scan,
            });
        }
        match node.hard_part() {
            None => Self::linear(&node),
            Some(part) => Self::backtracking(&node, part),
        }
    }

    fn linear(node: &Node) -> Result<Self, Error> {
        let exact = emit(node, Target::Linear);
        let hir = read(&exact.text).map_err(|problem| unusable(&problem))?;
        let sieve = sieved(node);
        if let Some(Sieve {
            regex,
            loose: false,
            any_breaks,
        }) = sieve
        {
            return Ok(Self {
                scan: Scan::Sieve { regex, any_breaks },
                judge: Judge::Scan,
            });
        }
        let regex = compile(&hir, LARGEST).map_err(|problem| match problem.size_limit() {
            Some(_) => too_large(),
            None => unusable(&problem),
        })?;
        let edges = exact.edges.then(|| {
            Arc::new(Edges {
                text: emit(node, Target::Backtracking).text,
                all: exact.inner,
                regex: OnceLock::new(),
            })
        });
        Ok(Self {
            scan: scan(sieve),
            judge: Judge::Linear { regex, edges },
        })
    }

    fn backtracking(node: &Node, part: &'static str) -> Result<Self, Error> {
        let text = emit(node, Target::Backtracking).text;
        let regex = backtracker(&text).map_err(|problem| unusable(&problem))?;
        Ok(Self {
            scan: scan(sieved(node)),
            judge: Judge::Backtracking { regex, part },
        })
    }

    /// Where in `line`, which may end in a line break, the pattern matches first.
    pub fn find(&self, line: &str) -> Result<Option<Range<usize>>, Error> {
        match &self.judge {
            Judge::Scan => Ok(self.scan.find(line)),
            Judge::Linear { regex, edges } => {
                if let Some(exact) = edges.as_deref().and_then(|edges| edges.needed(line)) {
                    return backtrack(exact, line, EDGES);
                }
                Ok(regex.find(line).map(|found| found.range()))
            }
            Judge::Backtracking { regex, part } => backtrack(regex, line, part),
        }
    }

    /// Whether `line`, which may end in a line break, matches.
    pub fn is_match(&self, line: &str) -> Result<bool, Error> {
        match &self.judge {
            Judge::Linear { regex, edges: None } => Ok(regex.is_match(line)),
            _ => self.find(line).map(|found| found.is_some()),
        }
    }

    /// A place in the first line of `text` from `start` on that may match; `start` begins a line.
    pub(super) fn candidate(&self, text: &[u8], start: usize) -> Option<usize> {
        let place = match &self.scan {
            Scan::Every => Some(start),
            Scan::Never => None,
            Scan::Literal(finder) => finder.find(&text[start..]).map(|at| start + at),
            Scan::Sieve { regex, .. } => {
                let input = Input::new(text)
                    .range(start..)
                    .anchored(Anchored::No)
                    .earliest(true);
                regex.search_half(&input).map(|found| found.offset())
            }
        };
        // An empty match after the last line break is in no line.
        place.filter(|place| *place < text.len() || (*place > start && text[*place - 1] != b'\n'))
    }

    /// Whether lines that are candidates match without being asked again.
    pub(super) fn is_exact(&self) -> bool {
        matches!(self.judge, Judge::Scan)
    }

    /// Whether a text without a candidate has none with its line breaks made uniform either.
    pub(super) fn any_breaks(&self) -> bool {
        match &self.scan {
            Scan::Every => false,
            Scan::Never => true,
            Scan::Literal(finder) => !finder.needle().ends_with(b"\n"),
            Scan::Sieve { any_breaks, .. } => *any_breaks,
        }
    }

    /// What in the pattern needs backtracking, if anything: then steps bound the time for a line.
    pub(super) fn backtracks(&self) -> Option<&'static str> {
        match &self.judge {
            Judge::Scan | Judge::Linear { edges: None, .. } => None,
            Judge::Linear { edges: Some(_), .. } => Some(EDGES),
            Judge::Backtracking { part, .. } => Some(part),
        }
    }
}

impl Scan {
    fn find(&self, line: &str) -> Option<Range<usize>> {
        match self {
            Self::Every => Some(0..0),
            Self::Never => None,
            Self::Literal(finder) => {
                let at = finder.find(line.as_bytes())?;
                Some(at..at + finder.needle().len())
            }
            // After the line break a sieve would see another line.
            Self::Sieve { regex, .. } => {
                let line = line.strip_suffix('\n').unwrap_or(line);
                regex.find(line).map(|found| found.range())
            }
        }
    }
}

impl Edges {
    /// The exact judge, when `line` has characters on which the engines differ.
    fn needed(&self, line: &str) -> Option<&fancy_regex::Regex> {
        if line.is_ascii() || !(self.all || DISPUTED.is_match(line)) {
            return None;
        }
        let regex = self.regex.get_or_init(|| backtracker(&self.text).ok());
        regex.as_ref()
    }
}

/// The scan for a text without line breaks but perhaps one at its end.
fn literal(text: &str) -> Scan {
    let body = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() {
        Scan::Every
    } else if body.contains(['\n', '\r']) {
        Scan::Never
    } else {
        Scan::Literal(Box::new(memmem::Finder::new(text).into_owned()))
    }
}

fn sieved(node: &Node) -> Option<Sieve> {
    let written = emit(node, Target::Sieve);
    sieve(&read(&written.text).ok()?, written.loose)
}

fn scan(sieve: Option<Sieve>) -> Scan {
    match sieve {
        Some(Sieve {
            regex, any_breaks, ..
        }) => Scan::Sieve { regex, any_breaks },
        None => Scan::Every,
    }
}

fn backtracker(text: &str) -> Result<fancy_regex::Regex, fancy_regex::Error> {
    fancy_regex::RegexBuilder::new(text)
        .backtrack_limit(STEPS)
        .delegate_size_limit(LARGEST)
        .max_prog_size(100_000)
        .build()
}

fn backtrack(
    regex: &fancy_regex::Regex,
    line: &str,
    part: &str,
) -> Result<Option<Range<usize>>, Error> {
    match regex.find(line) {
        Ok(found) => Ok(found.map(|found| found.range())),
        Err(_) => Err(too_hard(part)),
    }
}

/// A search that was given up.
pub(super) fn too_hard(part: &str) -> Error {
    Error::TooHard(format!(
        "the search was given up: there are too many ways to try this pattern. It needs backtracking for {part}; \
         write it without, or make the repetitions beside it narrower, such as [^,]* for .*, or name fewer files"
    ))
}

fn too_large() -> Error {
    Error::Pattern(format!(
        "the pattern is too large: compiled it would take more than {} MiB; use smaller numbers in its repetitions {{m,n}}, \
         or set regex=false to search for text as it stands",
        LARGEST >> 20
    ))
}

fn unusable(problem: &dyn std::fmt::Display) -> Error {
    Error::Pattern(format!(
        "the pattern cannot be used: {problem}; write it in a simpler way, or set regex=false to search for text as it stands"
    ))
}
