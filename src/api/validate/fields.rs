//! Fields: the members of one query or body while a request type reads them.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::kinds::{Kind, members};
use super::problem::{Fault, Place, Problem, Problems, shown_json, shown_text};

/// A request type that is read from the members of a query or a JSON body.
pub(in crate::api) trait Read: Sized {
    /// Reads every member and then, if none is wrong, makes the value. Mistakes are noted in `fields`;
    /// read all members before the first `?`, so that all mistakes are told at once.
    fn read(fields: &mut Fields<'_>) -> Option<Self>;
}

/// For requests that have no such part.
impl Read for () {
    fn read(_: &mut Fields<'_>) -> Option<Self> {
        Some(())
    }
}

/// The members sent, and the mistakes found in them so far.
pub(in crate::api) struct Fields<'a> {
    sent: Sent<'a>,
    problems: &'a mut Problems,
}

enum Sent<'a> {
    Query(&'a [(String, String)]),
    Body {
        raw: &'a str,
        members: BTreeMap<String, &'a RawValue>,
    },
}

impl<'a> Fields<'a> {
    /// The parameters of a query, decoded, in the order sent.
    pub(in crate::api) fn of_query(
        query: &'a [(String, String)],
        problems: &'a mut Problems,
    ) -> Self {
        Self {
            sent: Sent::Query(query),
            problems,
        }
    }

    /// The members of the JSON object in `raw`; none when that is no object.
    pub(in crate::api) fn of_body(raw: &'a str, problems: &'a mut Problems) -> Option<Self> {
        let members = members(raw)?;
        Some(Self {
            sent: Sent::Body { raw, members },
            problems,
        })
    }

    /// A member that must be there. None when it is missing or wrong, which is then noted.
    pub(in crate::api) fn required<K: Kind>(&mut self, name: &str, kind: K) -> Option<K::Value> {
        match self.read(name, &kind) {
            Some(read) => read,
            None => {
                self.problems.push(self.missing(name));
                None
            }
        }
    }

    /// A member that may be missing, or null in a body: then the inner value is none.
    /// None when it is wrong, which is then noted.
    pub(in crate::api) fn optional<K: Kind>(
        &mut self,
        name: &str,
        kind: K,
    ) -> Option<Option<K::Value>> {
        if self.is_null(name) {
            return Some(None);
        }
        self.read(name, &kind)
            .map_or(Some(None), |read| read.map(Some))
    }

    /// A member with a default.
    pub(in crate::api) fn defaulted<K: Kind>(
        &mut self,
        name: &str,
        kind: K,
        default: K::Value,
    ) -> Option<K::Value> {
        self.read(name, &kind).unwrap_or(Some(default))
    }

    /// None when it was not sent, `Some(None)` when it is wrong.
    fn read<K: Kind>(&mut self, name: &str, kind: &K) -> Option<Option<K::Value>> {
        let Self { sent, problems } = self;
        match sent {
            Sent::Query(query) => {
                // Of repeated ones the last counts.
                let (_, text) = query.iter().rfind(|(key, _)| key == name)?;
                let read = kind.from_text(text);
                let noted = read
                    .map_err(|fault| problems.push(fault.at(Place::Query, name, shown_text(text))));
                Some(noted.ok())
            }
            Sent::Body { members, .. } => {
                let raw = members.get(name)?.get();
                let mut note =
                    |fault: Fault| problems.push(fault.at(Place::Body, name, shown_json(raw)));
                Some(kind.from_json_noting(raw, &mut note))
            }
        }
    }

    fn is_null(&self, name: &str) -> bool {
        matches!(&self.sent, Sent::Body { members, .. } if members.get(name).is_some_and(|raw| raw.get() == "null"))
    }

    fn missing(&self, name: &str) -> Problem {
        match self.sent {
            Sent::Query(_) => Problem::missing(Place::Query, name, Value::Null),
            Sent::Body { raw, .. } => Problem::missing(Place::Body, name, shown_json(raw)),
        }
    }
}
