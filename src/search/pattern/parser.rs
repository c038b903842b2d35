//! The reading of a pattern by the rules of Python's `re` module.

mod escapes;
mod groups;
mod sets;

use super::syntax::{Flags, Greed, Node, Place, Set};
use crate::search::Error;

/// Groups within groups, at most; what reads and compiles them recurses.
const DEEPEST: usize = 100;

/// More repetitions than this are refused: no engine here could hold them.
const MOST_REPEATS: u32 = 1_000_000;

/// Reads a pattern.
pub(super) fn parse(query: &str, ignore_case: bool) -> Result<Node, Error> {
    let mut parser = Parser {
        chars: query.chars().collect(),
        at: 0,
        groups: Vec::new(),
        asked: Vec::new(),
        depth: 0,
    };
    let mut flags = Flags {
        ignore_case,
        ..Flags::default()
    };
    parser.global_flags(&mut flags)?;
    let node = parser.alternatives(flags)?;
    if parser.at < parser.chars.len() {
        return Err(parser.fault(
            parser.at,
            "this closing parenthesis has no opening one; write \\) for the character itself",
        ));
    }
    match parser
        .asked
        .iter()
        .find(|(group, _)| *group > parser.groups.len())
    {
        Some((group, at)) => Err(parser.fault(*at, &format!("there is no group {group}"))),
        None => Ok(node),
    }
}

/// A counted group.
struct Group {
    name: Option<String>,
    closed: bool,
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    groups: Vec<Group>,
    /// Groups that conditions ask for and that may come later, and where they ask.
    asked: Vec<(usize, usize)>,
    depth: usize,
}

impl Parser {
    fn fault(&self, at: usize, what: &str) -> Error {
        let near: String = self.chars.iter().skip(at).take(12).collect();
        let near = if near.is_empty() {
            String::new()
        } else {
            format!(" (at \"{near}\")")
        };
        Error::Pattern(format!(
            "the pattern cannot be read at position {at}{near}: {what}. To search for text as it stands, set regex=false"
        ))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// The text up to `end`, which is taken too.
    fn until(&mut self, end: char, start: usize, missing: &str) -> Result<String, Error> {
        let rest = &self.chars[self.at..];
        let Some(len) = rest.iter().position(|c| *c == end) else {
            return Err(self.fault(start, missing));
        };
        let text = rest[..len].iter().collect();
        self.at += len + 1;
        Ok(text)
    }

    /// Alternatives up to the closing parenthesis, which is left, or the end.
    fn alternatives(&mut self, flags: Flags) -> Result<Node, Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault(
                self.at,
                &format!("groups are nested more than {DEEPEST} deep; use fewer parentheses"),
            ));
        }
        let mut branches = vec![self.sequence(flags)?];
        while self.take('|') {
            branches.push(self.sequence(flags)?);
        }
        self.depth -= 1;
        Ok(match branches.len() {
            1 => branches.pop().expect("one was counted"),
            _ => Node::Either(branches),
        })
    }

    fn sequence(&mut self, flags: Flags) -> Result<Node, Error> {
        let mut items = Vec::new();
        while let Some(c) = self.peek() {
            let start = self.at;
            if c == '|' || c == ')' {
                break;
            }
            self.at += 1;
            match c {
                '#' if flags.verbose => self.skip_comment(),
                ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' if flags.verbose => {}
                '\\' => items.push(self.escape(start, flags)?),
                '[' => items.push(self.set(start, flags)?),
                '(' => items.extend(self.group(start, flags)?),
                '.' => items.push(dot(flags)),
                '^' if flags.multi_line => items.push(Node::Place(Place::LineStart)),
                '^' => items.push(Node::Place(Place::Start)),
                '$' => items.push(Node::Place(Place::LineEnd)),
                '*' | '+' | '?' | '{' => match self.bounds(c, start)? {
                    Some((min, max)) => self.repeat(start, &mut items, min, max)?,
                    None => items.push(Node::Char(c, flags.fold())),
                },
                _ => items.push(Node::Char(c, flags.fold())),
            }
        }
        Ok(match items.len() {
            0 => Node::Empty,
            1 => items.pop().expect("one was counted"),
            _ => Node::Sequence(items),
        })
    }

    fn skip_comment(&mut self) {
        while self.next().is_some_and(|c| c != '\n') {}
    }

    /// How often: what a repetition sign says; none when a brace is only a brace.
    fn bounds(&mut self, sign: char, start: usize) -> Result<Option<(u32, Option<u32>)>, Error> {
        match sign {
            '*' => return Ok(Some((0, None))),
            '+' => return Ok(Some((1, None))),
            '?' => return Ok(Some((0, Some(1)))),
            _ => {}
        }
        if self.peek() == Some('}') {
            return Ok(None);
        }
        let low = self.digits();
        let high = if self.take(',') {
            self.digits()
        } else {
            low.clone()
        };
        if !self.take('}') {
            self.at = start + 1;
            return Ok(None);
        }
        let min = self.count(&low, start)?.unwrap_or(0);
        let max = self.count(&high, start)?;
        if max.is_some_and(|max| max < min) {
            return Err(self.fault(
                start,
                "the least number of repetitions is greater than the most; write the smaller first",
            ));
        }
        Ok(Some((min, max)))
    }

    fn digits(&mut self) -> String {
        let mut digits = String::new();
        while let Some(c) = self.peek().filter(char::is_ascii_digit) {
            digits.push(c);
            self.at += 1;
        }
        digits
    }

    fn count(&self, digits: &str, start: usize) -> Result<Option<u32>, Error> {
        if digits.is_empty() {
            return Ok(None);
        }
        match digits.parse() {
            Ok(count) if count <= MOST_REPEATS => Ok(Some(count)),
            _ => Err(self.fault(
                start,
                &format!("so many repetitions are too many; {MOST_REPEATS} are the most"),
            )),
        }
    }

    fn repeat(
        &mut self,
        start: usize,
        items: &mut Vec<Node>,
        min: u32,
        max: Option<u32>,
    ) -> Result<(), Error> {
        let problem = match items.last() {
            None | Some(Node::Place(_)) => {
                "there is nothing before it to repeat; write \\ before the sign for the character itself"
            }
            Some(Node::Repeat { .. }) => {
                "a repetition follows a repetition; put the first in parentheses, as in (?:a*)*"
            }
            Some(_) => "",
        };
        if !problem.is_empty() {
            return Err(self.fault(start, problem));
        }
        let greed = if self.take('?') {
            Greed::Lazy
        } else if self.take('+') {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        let node = Box::new(items.pop().expect("the last was seen"));
        items.push(Node::Repeat {
            node,
            min,
            max,
            greed,
        });
        Ok(())
    }
}

/// What `.` stands for.
fn dot(flags: Flags) -> Node {
    let newline = (u32::from('\n'), u32::from('\n'));
    Node::Set(Set {
        negated: true,
        ranges: if flags.dot_all { vec![] } else { vec![newline] },
        ..Set::default()
    })
}
