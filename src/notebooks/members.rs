//! Members: a JSON object whose values stay as they were written.
//!
//! What nobody here understands is carried through untouched: the order of the members, numbers that no
//! machine type holds, members that come twice.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// The members, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// The object in `json`; none when it is something else.
    pub(super) fn parse(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// The value of a member; of one that comes twice the last, as Python reads it.
    pub(super) fn get(&self, name: &str) -> Option<&RawValue> {
        let found = self.0.iter().rfind(|(key, _)| key == name);
        found.map(|(_, value)| &**value)
    }

    /// Gives a member a value, in its old place if it has one.
    pub(super) fn set(&mut self, name: &str, value: &impl Serialize) {
        let value = to_raw_value(value).expect("texts, numbers and JSON can be written");
        match self.0.iter_mut().rfind(|(key, _)| key == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// The members' names and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), &**value))
    }

    /// The same names with the values that `change` makes.
    pub(super) fn map(&self, change: impl Fn(&str, &RawValue) -> Box<RawValue>) -> Self {
        let changed = self
            .iter()
            .map(|(key, value)| (key.to_owned(), change(key, value)));
        Self(changed.collect())
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_changed_stays_as_it_was_written() {
        let text = r#"{"b":1e400,"a":{"z": 1, "y":18446744073709551616},"b":-0.0}"#;
        let mut members = Members::parse(text).unwrap();
        assert_eq!(serde_json::to_string(&members).unwrap(), text);
        assert_eq!(members.get("b").unwrap().get(), "-0.0");
        members.set("a", &1);
        members.set("c", &"é");
        assert_eq!(
            serde_json::to_string(&members).unwrap(),
            r#"{"b":1e400,"a":1,"b":-0.0,"c":"é"}"#
        );
        assert!(Members::parse("[]").is_none());
    }
}
