//! Lists: members of a body that hold several values, with every mistake in them noted.

use std::marker::PhantomData;

use serde_json::value::RawValue;

use super::fields::{Fields, Read};
use super::kinds::{Kind, Text};
use super::problem::{Fault, Problem, Problems, shown_json};

/// A list of texts that the system can take.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct Texts;

/// A list of objects, each read as a `T`.
#[derive(Debug)]
pub(in crate::api) struct Items<T>(PhantomData<fn() -> T>);

impl<T> Items<T> {
    /// The kind.
    pub(in crate::api) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Clone for Items<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Items<T> {}

impl Kind for Texts {
    type Value = Vec<String>;

    fn read_text(self, _: &str) -> Result<Self::Value, Fault> {
        Err(no_list())
    }

    fn read_json(self, raw: &str) -> Result<Self::Value, Fault> {
        first_fault(self, raw)
    }

    fn read_json_noting(self, raw: &str, note: &mut dyn FnMut(Fault)) -> Option<Self::Value> {
        each(raw, note, |at, item, note| {
            let text = Text.read_json(item);
            text.map_err(|fault| note(fault.in_item(at, item))).ok()
        })
    }
}

impl<T: Read> Kind for Items<T> {
    type Value = Vec<T>;

    fn read_text(self, _: &str) -> Result<Self::Value, Fault> {
        Err(no_list())
    }

    fn read_json(self, raw: &str) -> Result<Self::Value, Fault> {
        first_fault(self, raw)
    }

    fn read_json_noting(self, raw: &str, note: &mut dyn FnMut(Fault)) -> Option<Self::Value> {
        each(raw, note, |at, item, note| {
            let mut problems = Problems::default();
            let read = if let Some(mut fields) = Fields::of_body(item, &mut problems) {
                T::read(&mut fields).ok()
            } else {
                let msg = "each item must be an object, such as {\"name\": \"value\"}";
                problems.push(Problem::no_object(msg, shown_json(item)));
                None
            };
            for problem in problems {
                note(Fault::of_item(problem, at));
            }
            read
        })
    }
}

/// Reads every item; none when one is wrong, all of which are noted.
fn each<T>(
    raw: &str,
    note: &mut dyn FnMut(Fault),
    read: impl Fn(usize, &str, &mut dyn FnMut(Fault)) -> Option<T>,
) -> Option<Vec<T>> {
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw) else {
        note(no_list());
        return None;
    };
    let count = items.len();
    let items = items.iter().enumerate();
    let values: Vec<T> = items
        .filter_map(|(at, item)| read(at, item.get(), note))
        .collect();
    (values.len() == count).then_some(values)
}

fn first_fault<K: Kind>(kind: K, raw: &str) -> Result<K::Value, Fault> {
    let mut faults = Vec::new();
    let value = kind.read_json_noting(raw, &mut |fault| faults.push(fault));
    value.ok_or_else(|| faults.into_iter().next().unwrap_or_else(no_list))
}

fn no_list() -> Fault {
    Fault::new("list_type", "this must be a list, such as [\"a\", \"b\"]")
}

#[cfg(test)]
mod tests {
    use super::super::problem::Place;
    use super::super::{AnyText, Noted};
    use super::*;
    use serde_json::{Value, json};

    struct Pair;

    impl Read for Pair {
        fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
            let (a, b) = (fields.required("a", AnyText), fields.required("b", AnyText));
            a.and(b).map(|_| Self)
        }
    }

    /// Where the mistakes are, and of which kind.
    fn faults(kind: impl Kind, raw: &str) -> Vec<(Value, &'static str)> {
        let mut found = Vec::new();
        let value = kind.read_json_noting(raw, &mut |fault| {
            let problem = fault.at(Place::Body, "x", Value::Null);
            found.push((json!(problem.loc), problem.kind));
        });
        assert_eq!(value.is_none(), !found.is_empty(), "{raw}");
        found
    }

    #[test]
    fn every_wrong_item_is_told_by_its_place() {
        assert_eq!(Texts.read_json("[\"a\",\"b\"]").unwrap(), ["a", "b"]);
        assert_eq!(
            faults(Texts, "[1,\"a\",null]"),
            [
                (json!(["body", "x", 0]), "string_type"),
                (json!(["body", "x", 2]), "string_type")
            ]
        );
        assert_eq!(faults(Texts, "{}"), [(json!(["body", "x"]), "list_type")]);
    }

    #[test]
    fn every_wrong_member_of_an_object_is_told_with_its_way() {
        let kind = Items::<Pair>::new();
        assert!(faults(kind, "[{\"a\":\"\",\"b\":\"\"}]").is_empty());
        assert_eq!(
            faults(kind, "[{\"a\":1},\"c\"]"),
            [
                (json!(["body", "x", 0, "a"]), "string_type"),
                (json!(["body", "x", 0, "b"]), "missing"),
                (json!(["body", "x", 1]), "model_attributes_type")
            ]
        );
    }
}
