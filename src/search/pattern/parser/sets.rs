//! The sets of characters in a pattern: `[…]`.

use super::Parser;
use super::escapes::Member;
use crate::search::Error;
use crate::search::pattern::syntax::{Flags, Node, Set};

const UNCLOSED: &str =
    "this set is not closed; write ] at its end, or \\[ for the character itself";

impl Parser {
    /// A set; the bracket at `start` is taken.
    pub(super) fn set(&mut self, start: usize, flags: Flags) -> Result<Node, Error> {
        let mut set = Set {
            negated: self.take('^'),
            fold: Some(flags.fold()),
            ..Set::default()
        };
        let first = self.at;
        loop {
            let place = self.at;
            let Some(c) = self.next() else {
                return Err(self.fault(start, UNCLOSED));
            };
            if c == ']' && place > first {
                return Ok(Node::Set(set));
            }
            let low = self.one(place, c, flags)?;
            if !self.take('-') {
                add(&mut set, low);
                continue;
            }
            let end = self.at;
            let Some(c) = self.next() else {
                return Err(self.fault(start, UNCLOSED));
            };
            if c == ']' {
                add(&mut set, low);
                set.ranges.push((u32::from('-'), u32::from('-')));
                return Ok(Node::Set(set));
            }
            let high = self.one(end, c, flags)?;
            match (low, high) {
                (Member::Point(low), Member::Point(high)) if low <= high => {
                    set.ranges.push((low, high));
                }
                (Member::Point(_), Member::Point(_)) => {
                    return Err(self.fault(
                        place,
                        "this range runs backwards; write the lower character first",
                    ));
                }
                _ => {
                    return Err(self.fault(
                        place,
                        "a range goes from one character to another; write \\- for the character itself",
                    ));
                }
            }
        }
    }

    fn one(&mut self, place: usize, c: char, flags: Flags) -> Result<Member, Error> {
        if c == '\\' {
            self.member(place, flags)
        } else {
            Ok(Member::Point(u32::from(c)))
        }
    }
}

fn add(set: &mut Set, member: Member) {
    match member {
        Member::Point(point) => set.ranges.push((point, point)),
        Member::Kind(kind) => set.kinds.push(kind),
    }
}
