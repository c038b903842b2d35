//! Validation: the members of a query or a JSON body read one by one, with every mistake noted.
//!
//! A request type says in [`Read`] which members it has and of which kind each is. Texts that
//! look like numbers or booleans count as such, as clients and models send them. The mistakes of
//! query and body come back together as [`Problems`].

mod choices;
mod fields;
mod kinds;
mod lists;
mod problem;
mod signed;
mod unescape;

pub(in crate::api) use choices::{OneOf, Size, SomeText, Within};
pub(in crate::api) use fields::{Fields, Noted, Object, Read};
pub(in crate::api) use kinds::{AnyText, Flag, Integer, Number, Text, Variables};
pub(in crate::api) use lists::{Items, Texts};
pub(in crate::api) use problem::{Problem, Problems, shown_json, shown_text};
pub(in crate::api) use signed::SignedInteger;

#[cfg(test)]
mod tests;
