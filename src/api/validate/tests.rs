//! What is accepted, what is refused, and with which words programs rely on.

use super::kinds::Kind;
use super::problem::{Fault, Place};
use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const WAIT: Number = Number {
    min: Some(0.0),
    above: None,
    max: Some(300.0),
};

/// The kind of mistake, or nothing.
fn fault<T>(read: Result<T, Fault>) -> &'static str {
    read.err().map_or("", |fault| fault.at_place().kind)
}

impl Fault {
    fn at_place(self) -> Problem {
        self.at(Place::Query, "x", Value::Null)
    }
}

#[test]
fn whole_numbers_may_look_in_many_ways() {
    for (text, value) in [
        ("2", 2),
        ("+2", 2),
        (" 2 ", 2),
        ("02", 2),
        ("2.0", 2),
        ("2.00", 2),
        ("1_000", 1000),
        ("-0", 0),
        ("-0.0", 0),
    ] {
        assert_eq!(
            Integer { min: 0 }.read_text(text).ok(),
            Some(value),
            "{text:?}"
        );
    }
    assert_eq!(
        Integer { min: 1 }.read_text(&"9".repeat(40)).ok(),
        Some(u64::MAX)
    );
    for (text, kind) in [
        ("", "int_parsing"),
        ("z", "int_parsing"),
        ("1.5", "int_parsing"),
        ("1.", "int_parsing"),
        (".5", "int_parsing"),
        ("1e3", "int_parsing"),
        ("1__0", "int_parsing"),
        ("_1", "int_parsing"),
        ("true", "int_parsing"),
        ("+-1", "int_parsing"),
        ("\u{661}", "int_parsing"),
        ("0", "greater_than_equal"),
        ("-3", "greater_than_equal"),
        ("-99999999999999999999", "greater_than_equal"),
    ] {
        assert_eq!(fault(Integer { min: 1 }.read_text(text)), kind, "{text:?}");
    }
    assert_eq!(
        fault(Integer { min: 1 }.read_text(&"9".repeat(5000))),
        "int_parsing_size"
    );
}

#[test]
fn whole_numbers_in_json() {
    for (raw, kind) in [
        ("2", ""),
        ("2.0", ""),
        ("\"2\"", ""),
        ("1e3", ""),
        ("2.5", "int_from_float"),
        ("-1", "greater_than_equal"),
        ("[]", "int_type"),
        ("\"x\"", "int_parsing"),
    ] {
        assert_eq!(fault(Integer { min: 1 }.read_json(raw)), kind, "{raw}");
    }
}

#[test]
fn numbers_keep_to_their_bounds() {
    for (text, value) in [
        ("5", 5.0),
        (" 5 ", 5.0),
        ("1e1", 10.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("+1", 1.0),
        ("1_0", 10.0),
    ] {
        assert_eq!(WAIT.read_text(text).ok(), Some(value), "{text:?}");
    }
    for (text, kind) in [
        ("", "float_parsing"),
        ("abc", "float_parsing"),
        ("0x10", "float_parsing"),
        ("1__0", "float_parsing"),
        ("-1", "greater_than_equal"),
        ("-inf", "greater_than_equal"),
        ("300.5", "less_than_equal"),
        ("inf", "less_than_equal"),
        ("nan", "less_than_equal"),
    ] {
        assert_eq!(fault(WAIT.read_text(text)), kind, "{text:?}");
    }
    let above = Number {
        above: Some(0.0),
        ..Number::default()
    };
    assert_eq!(fault(above.read_json("0")), "greater_than");
    assert_eq!(fault(above.read_json("\"nan\"")), "greater_than");
    assert_eq!(fault(above.read_json("null")), "float_type");
}

#[test]
fn flags_have_many_words() {
    for (text, value) in [
        ("1", true),
        ("TRUE", true),
        ("y", true),
        ("On", true),
        ("0", false),
        ("off", false),
        ("N", false),
    ] {
        assert_eq!(Flag.read_text(text).ok(), Some(value), "{text}");
    }
    for text in ["", "maybe", "2", "true ", "1.0"] {
        assert_eq!(fault(Flag.read_text(text)), "bool_parsing", "{text:?}");
    }
    assert_eq!(Flag.read_json("true").ok(), Some(true));
    assert_eq!(Flag.read_json("0").ok(), Some(false));
    assert_eq!(fault(Flag.read_json("[]")), "bool_type");
}

#[test]
fn texts_are_texts_and_have_no_nul() {
    assert_eq!(
        Text.read_json(r#""caf\u00e9""#).ok().as_deref(),
        Some("café")
    );
    assert_eq!(fault(Text.read_json("5")), "string_type");
    assert_eq!(fault(Text.read_json("null")), "string_type");
    assert_eq!(fault(Text.read_json(r#""a\u0000""#)), "value_error");
    assert_eq!(fault(Text.read_json(r#""\ud800""#)), "string_unicode");
    assert_eq!(
        AnyText.read_json(r#""a\u0000""#).ok().as_deref(),
        Some("a\0")
    );
}

#[derive(Debug)]
struct Sample;

impl Read for Sample {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let command = fields.required("command", Text);
        let cwd = fields.optional("cwd", Text);
        let env = fields.optional("env", Variables);
        drop((command?, cwd?, env?));
        Ok(Self)
    }
}

fn problems(raw: &str) -> Value {
    let mut problems = Problems::default();
    let mut fields = Fields::of_body(raw, &mut problems).expect("an object");
    let made = Sample::read(&mut fields).is_ok();
    let problems = serde_json::to_value(&problems).unwrap();
    assert_eq!(made, problems == json!([]));
    problems
}

#[test]
fn all_mistakes_are_told_at_once() {
    let found = problems(
        r#"{"command": 1, "cwd": 2, "env": {"A": 1, "B": null, "C": "x", "D=": "y", "": "z"}}"#,
    );
    let found: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|each| (each["type"].clone(), each["loc"].clone()))
        .collect();
    let expected = [
        ("string_type", json!(["body", "command"])),
        ("string_type", json!(["body", "cwd"])),
        ("value_error", json!(["body", "env", ""])),
        ("string_type", json!(["body", "env", "A"])),
        ("string_type", json!(["body", "env", "B"])),
        ("value_error", json!(["body", "env", "D="])),
    ];
    assert_eq!(found, expected.map(|(kind, loc)| (json!(kind), loc)));
}

#[test]
fn the_input_is_shown_but_cut() {
    let found = problems(r#"{"cwd": null}"#);
    assert_eq!(found[0]["type"], "missing");
    assert_eq!(found[0]["input"], json!({"cwd": null}));
    let found = problems(&format!(r#"{{"command": ["{}"]}}"#, "é".repeat(5000)));
    let shown = found[0]["input"].as_str().unwrap();
    assert!(
        shown.starts_with(r#"["éé"#) && shown.chars().count() == 201,
        "{shown}"
    );
    assert_eq!(
        problems(r#"{"command": ["ls"]}"#)[0]["input"],
        json!(["ls"])
    );
}

#[test]
fn of_repeated_members_the_last_counts() {
    assert_eq!(problems(r#"{"command": 1, "command": "x"}"#), json!([]));
    let query = [
        ("n".to_owned(), "z".to_owned()),
        ("n".to_owned(), "7".to_owned()),
    ];
    let mut problems = Problems::default();
    let mut fields = Fields::of_query(&query, &mut problems);
    assert_eq!(fields.defaulted("n", Integer { min: 0 }, 0), Ok(7));
    assert_eq!(fields.defaulted("m", Integer { min: 0 }, 3), Ok(3));
    assert_eq!(fields.optional("m", Flag), Ok(None));
    assert_eq!(fields.required("m", Flag), Err(Noted));
    assert_eq!(
        serde_json::to_value(&problems).unwrap()[0]["loc"],
        json!(["query", "m"])
    );
}

proptest! {
    #[test]
    fn whole_numbers_are_read_back(value: u64) {
        prop_assert_eq!(Integer { min: 0 }.read_text(&value.to_string()).ok(), Some(value));
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in ".{0,40}") {
        drop((Integer { min: 0 }.read_text(&text), WAIT.read_text(&text), Flag.read_text(&text)));
        drop((Integer { min: 0 }.read_json(&text), WAIT.read_json(&text), Variables.read_json(&text)));
    }
}
