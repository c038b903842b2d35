//! The groups of a pattern: everything in parentheses, and inline flags.

use super::{Group, Parser};
use crate::search::Error;
use crate::search::pattern::syntax::{Flags, Node};

const UNCLOSED: &str =
    "this parenthesis is not closed; write ) at its end, or \\( for the character itself";
const FLAGS_FIRST: &str =
    "flags for the whole pattern stand at its very start; for a part of it write (?i:…)";

impl Parser {
    /// The flags for the whole pattern, which only its start may have.
    pub(super) fn global_flags(&mut self, flags: &mut Flags) -> Result<(), Error> {
        loop {
            let start = self.at;
            if flags.verbose {
                self.skip_blank();
            }
            let place = self.at;
            if self.chars[self.at..].starts_with(&['(', '?'])
                && self.chars.get(self.at + 2).is_some_and(|c| is_flag(*c))
            {
                self.at += 2;
                let mut found = *flags;
                self.switch_on(place, &mut found)?;
                if self.take(')') {
                    *flags = found;
                    continue;
                }
            } else if self.chars[self.at..].starts_with(&['(', '?', '#']) {
                self.until(')', place, UNCLOSED)?;
                continue;
            }
            self.at = start;
            return Ok(());
        }
    }

    fn skip_blank(&mut self) {
        while let Some(c) = self.peek() {
            match c {
                '#' => self.skip_comment(),
                ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' => self.at += 1,
                _ => return,
            }
        }
    }

    /// A group; the parenthesis at `start` is taken. A comment is none.
    pub(super) fn group(&mut self, start: usize, flags: Flags) -> Result<Option<Node>, Error> {
        if !self.take('?') {
            return self.capture(start, None, flags).map(Some);
        }
        let Some(c) = self.next() else {
            return Err(self.fault(start, UNCLOSED));
        };
        let node = match c {
            ':' => plain(self.inside(start, flags)?),
            'P' => self.named_group(start, flags)?,
            '#' => {
                self.until(')', start, UNCLOSED)?;
                return Ok(None);
            }
            '=' | '!' => self.around(start, true, c == '!', flags)?,
            '<' => match self.next() {
                Some(c @ ('=' | '!')) => self.around(start, false, c == '!', flags)?,
                _ => {
                    return Err(self.fault(
                        start,
                        "after (?< comes = or !; a named group is written (?P<name>…)",
                    ));
                }
            },
            '>' => Node::Atomic(Box::new(self.inside(start, flags)?)),
            '(' => self.condition(start, flags)?,
            _ if is_flag(c) || c == '-' => {
                self.at -= 1;
                let flags = self.scoped_flags(start, flags)?;
                plain(self.inside(start, flags)?)
            }
            _ => {
                return Err(self.fault(
                    start,
                    &format!("(?{c} means nothing; write \\( for the parenthesis itself"),
                ));
            }
        };
        Ok(Some(node))
    }

    /// What is inside, up to the closing parenthesis, which is taken.
    fn inside(&mut self, start: usize, flags: Flags) -> Result<Node, Error> {
        let node = self.alternatives(flags)?;
        if self.take(')') {
            Ok(node)
        } else {
            Err(self.fault(start, UNCLOSED))
        }
    }

    fn capture(&mut self, start: usize, name: Option<String>, flags: Flags) -> Result<Node, Error> {
        let index = self.groups.len();
        self.groups.push(Group {
            name,
            closed: false,
        });
        let node = Box::new(self.inside(start, flags)?);
        self.groups[index].closed = true;
        Ok(Node::Group {
            capture: true,
            node,
        })
    }

    fn around(
        &mut self,
        start: usize,
        ahead: bool,
        negated: bool,
        flags: Flags,
    ) -> Result<Node, Error> {
        Ok(Node::Around {
            ahead,
            negated,
            node: Box::new(self.inside(start, flags)?),
        })
    }

    /// `(?P<name>…)` or `(?P=name)`.
    fn named_group(&mut self, start: usize, flags: Flags) -> Result<Node, Error> {
        match self.next() {
            Some('<') => {
                let name = self.until('>', start, "the name of this group is not closed with >")?;
                self.check_name(start, &name)?;
                if self.number(&name).is_some() {
                    return Err(self.fault(start, &format!("the name {name:?} is given twice")));
                }
                self.capture(start, Some(name), flags)
            }
            Some('=') => {
                let name = self.until(')', start, UNCLOSED)?;
                self.check_name(start, &name)?;
                match self.number(&name) {
                    Some(number) => self.back(start, number, flags),
                    None => Err(self.fault(start, &format!("no group is named {name:?}"))),
                }
            }
            _ => Err(self.fault(
                start,
                "after (?P comes <name> or =name; a group without a name is written (?:…)",
            )),
        }
    }

    fn check_name(&self, start: usize, name: &str) -> Result<(), Error> {
        let mut chars = name.chars();
        let good = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && chars.all(|c| c.is_alphanumeric() || c == '_');
        if good {
            return Ok(());
        }
        Err(self.fault(
            start,
            &format!(
                "{name:?} is no name; a name has letters, digits and _ and starts with no digit"
            ),
        ))
    }

    fn number(&self, name: &str) -> Option<usize> {
        let index = self
            .groups
            .iter()
            .position(|group| group.name.as_deref() == Some(name))?;
        Some(index + 1)
    }

    /// `(?(1)yes|no)`
    fn condition(&mut self, start: usize, flags: Flags) -> Result<Node, Error> {
        let name = self.until(')', start, UNCLOSED)?;
        let group = if !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()) {
            match name.parse() {
                Ok(group @ 1..=1_000_000) => group,
                _ => return Err(self.fault(start, "there is no such group")),
            }
        } else {
            self.check_name(start, &name)?;
            self.number(&name).ok_or_else(|| {
                self.fault(start, &format!("no group before this is named {name:?}"))
            })?
        };
        self.asked.push((group, start));
        let (yes, no) = match self.inside(start, flags)? {
            Node::Either(mut branches) if branches.len() == 2 => {
                let no = branches.pop().expect("two were counted");
                (branches.pop().expect("two were counted"), no)
            }
            Node::Either(_) => {
                return Err(self.fault(
                    start,
                    "a condition has two branches at most; put more in parentheses",
                ));
            }
            yes => (yes, Node::Empty),
        };
        Ok(Node::If {
            group,
            yes: Box::new(yes),
            no: Box::new(no),
        })
    }

    /// The flags of `(?i-m:…)`, up to the colon, which is taken.
    fn scoped_flags(&mut self, start: usize, mut flags: Flags) -> Result<Flags, Error> {
        let before = self.at;
        self.switch_on(start, &mut flags)?;
        let on: Vec<char> = self.chars[before..self.at].to_vec();
        if self.peek() == Some(')') {
            return Err(self.fault(start, FLAGS_FIRST));
        }
        if self.take('-') {
            let first = self.at;
            while let Some(c) = self.peek().filter(|c| c.is_alphabetic()) {
                match c {
                    _ if on.contains(&c) => {
                        return Err(self.fault(start, "a flag is switched on and off at once"));
                    }
                    'i' => flags.ignore_case = false,
                    'm' => flags.multi_line = false,
                    's' => flags.dot_all = false,
                    'x' => flags.verbose = false,
                    _ => {
                        return Err(
                            self.fault(start, "only the flags i, m, s and x can be switched off")
                        );
                    }
                }
                self.at += 1;
            }
            if self.at == first {
                return Err(self.fault(start, "after - comes a flag to switch off"));
            }
        }
        if self.take(':') {
            return Ok(flags);
        }
        Err(self.fault(start, "after the flags of a group comes : as in (?i:…)"))
    }

    fn switch_on(&mut self, start: usize, flags: &mut Flags) -> Result<(), Error> {
        let (mut ascii, mut unicode) = (false, false);
        while let Some(c) = self.peek().filter(|c| c.is_alphabetic()) {
            match c {
                'i' => flags.ignore_case = true,
                'm' => flags.multi_line = true,
                's' => flags.dot_all = true,
                'x' => flags.verbose = true,
                'a' => ascii = true,
                'u' => unicode = true,
                _ => {
                    return Err(self.fault(
                        start,
                        &format!("there is no flag {c}; flags are a, i, m, s, u and x"),
                    ));
                }
            }
            self.at += 1;
        }
        if ascii && unicode {
            return Err(self.fault(start, "the flags a and u exclude each other"));
        }
        if ascii || unicode {
            flags.ascii = ascii;
        }
        Ok(())
    }
}

fn plain(node: Node) -> Node {
    Node::Group {
        capture: false,
        node: Box::new(node),
    }
}

fn is_flag(c: char) -> bool {
    matches!(c, 'a' | 'i' | 'L' | 'm' | 's' | 'u' | 'x')
}
