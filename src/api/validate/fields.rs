//! Fields: the members of one query or body while a request type reads them.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::kinds::{Kind, members};
use super::problem::{Fault, Place, Problem, Problems, shown_json, shown_text};

/// A mistake was found; it has been noted where mistakes are collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) struct Noted;

/// A request type that is read from the members of a query or a JSON body.
pub(in crate::api) trait Read: Sized {
    /// Reads every member and then, if none is wrong, makes the value. Read all members before the
    /// first `?`, so that all mistakes are told at once.
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted>;
}

/// For requests that have no such part.
impl Read for () {
    fn read(_: &mut Fields<'_>) -> Result<Self, Noted> {
        Ok(())
    }
}

/// The members sent, and the mistakes found in them so far.
pub(in crate::api) struct Fields<'a> {
    sent: Sent<'a>,
    problems: &'a mut Problems,
}

enum Sent<'a> {
    Query(&'a [(String, String)]),
    Body(Object<'a>),
}

/// A JSON object: its text, and its members, each with the JSON of its value; of repeated ones the last.
pub(in crate::api) struct Object<'a> {
    raw: &'a str,
    members: BTreeMap<String, &'a RawValue>,
}

impl<'a> Object<'a> {
    /// The object that `raw` is; none when it is other JSON, an error when it is none.
    pub(in crate::api) fn parse(raw: &'a str) -> Result<Option<Self>, serde_json::Error> {
        match members(raw) {
            Some(members) => Ok(Some(Self { raw, members })),
            None => serde_json::from_str::<IgnoredAny>(raw).map(|_| None),
        }
    }

    /// Its text.
    #[cfg(test)]
    pub(in crate::api) fn raw(&self) -> &str {
        self.raw
    }
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

    /// The members of a JSON object.
    pub(in crate::api) fn of_object(object: Object<'a>, problems: &'a mut Problems) -> Self {
        Self {
            sent: Sent::Body(object),
            problems,
        }
    }

    /// The members of the JSON object in `raw`; none when that is no object.
    pub(in crate::api) fn of_body(raw: &'a str, problems: &'a mut Problems) -> Option<Self> {
        let object = Object::parse(raw).ok()??;
        Some(Self::of_object(object, problems))
    }

    /// A member that must be there.
    pub(in crate::api) fn required<K: Kind>(
        &mut self,
        name: &str,
        kind: K,
    ) -> Result<K::Value, Noted> {
        self.read(name, kind).unwrap_or_else(|| {
            let problem = self.missing(name);
            self.problems.push(problem);
            Err(Noted)
        })
    }

    /// A member that may be missing, or null in a body.
    pub(in crate::api) fn optional<K: Kind>(
        &mut self,
        name: &str,
        kind: K,
    ) -> Result<Option<K::Value>, Noted> {
        if self.is_null(name) {
            return Ok(None);
        }
        self.read(name, kind).transpose()
    }

    /// A member with a default.
    pub(in crate::api) fn defaulted<K: Kind>(
        &mut self,
        name: &str,
        kind: K,
        default: K::Value,
    ) -> Result<K::Value, Noted> {
        self.read(name, kind).unwrap_or(Ok(default))
    }

    /// A parameter that may be repeated: all its values. A body has none.
    pub(in crate::api) fn repeated<K: Kind>(
        &mut self,
        name: &str,
        kind: K,
    ) -> Result<Vec<K::Value>, Noted> {
        let Sent::Query(query) = self.sent else {
            return Ok(Vec::new());
        };
        let texts = query.iter().filter(|(key, _)| key == name);
        let mut values = Vec::new();
        let mut wrong = false;
        for (at, (_, text)) in texts.enumerate() {
            match kind.read_text(text) {
                Ok(value) => values.push(value),
                Err(fault) => {
                    let fault = fault.in_item(at, text);
                    self.problems
                        .push(fault.at(Place::Query, name, shown_text(text)));
                    wrong = true;
                }
            }
        }
        if wrong { Err(Noted) } else { Ok(values) }
    }

    /// The member, if it was sent.
    fn read<K: Kind>(&mut self, name: &str, kind: K) -> Option<Result<K::Value, Noted>> {
        let Self { sent, problems } = self;
        let read = match sent {
            Sent::Query(query) => {
                // Of repeated ones the last counts.
                let (_, text) = query.iter().rfind(|(key, _)| key == name)?;
                let note =
                    |fault: Fault| problems.push(fault.at(Place::Query, name, shown_text(text)));
                kind.read_text(text).map_err(note).ok()
            }
            Sent::Body(Object { members, .. }) => {
                let raw = members.get(name)?.get();
                let mut note =
                    |fault: Fault| problems.push(fault.at(Place::Body, name, shown_json(raw)));
                kind.read_json_noting(raw, &mut note)
            }
        };
        Some(read.ok_or(Noted))
    }

    fn is_null(&self, name: &str) -> bool {
        matches!(&self.sent, Sent::Body(Object { members, .. }) if members.get(name).is_some_and(|raw| raw.get() == "null"))
    }

    fn missing(&self, name: &str) -> Problem {
        match &self.sent {
            Sent::Query(_) => Problem::missing(Place::Query, name, Value::Null),
            Sent::Body(Object { raw, .. }) => Problem::missing(Place::Body, name, shown_json(raw)),
        }
    }
}
