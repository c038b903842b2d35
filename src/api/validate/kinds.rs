//! Kinds: what a member may be, and how it is read from a query's text or from JSON.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::problem::Fault;
use super::unescape::unescape;

/// A kind of value a member may have.
pub(in crate::api) trait Kind: Copy {
    /// What it is read into.
    type Value;

    /// Reads it from the text of a query parameter.
    fn read_text(self, text: &str) -> Result<Self::Value, Fault>;

    /// Reads it from valid JSON.
    fn read_json(self, raw: &str) -> Result<Self::Value, Fault>;

    /// Reads it from valid JSON and notes every mistake in it, where there can be several.
    fn read_json_noting(self, raw: &str, note: &mut dyn FnMut(Fault)) -> Option<Self::Value> {
        self.read_json(raw).map_err(note).ok()
    }
}

/// Any text that the system can take: without NUL.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct Text;

/// Text as it comes, NUL included.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct AnyText;

/// A number, within bounds.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::api) struct Number {
    /// The smallest allowed.
    pub(in crate::api) min: Option<f64>,
    /// What it must be above.
    pub(in crate::api) above: Option<f64>,
    /// The largest allowed.
    pub(in crate::api) max: Option<f64>,
}

/// A whole number from `min` up; beyond 64 bits it counts as the largest there is.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct Integer {
    /// The smallest allowed.
    pub(in crate::api) min: u64,
}

/// True or false.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct Flag;

/// Environment variables: an object of texts whose names the system can take.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct Variables;

impl Kind for AnyText {
    type Value = String;

    fn read_text(self, text: &str) -> Result<String, Fault> {
        Ok(text.to_owned())
    }

    fn read_json(self, raw: &str) -> Result<String, Fault> {
        if !raw.starts_with('"') {
            return Err(Fault::new("string_type", "this must be text"));
        }
        unescape(raw).ok_or_else(|| {
            let msg = "this text has half a surrogate pair in it, which is no character; leave it out or send both halves";
            Fault::new("string_unicode", msg)
        })
    }
}

impl Kind for Text {
    type Value = String;

    fn read_text(self, text: &str) -> Result<String, Fault> {
        without_nul(text.to_owned())
    }

    fn read_json(self, raw: &str) -> Result<String, Fault> {
        without_nul(AnyText.read_json(raw)?)
    }
}

impl Kind for Number {
    type Value = f64;

    fn read_text(self, text: &str) -> Result<f64, Fault> {
        let digits = joined(text.trim());
        let value = digits.and_then(|digits| f64::from_str(&digits).ok());
        let fault = || Fault::new("float_parsing", "this must be a number, such as 5 or 0.5");
        self.bounded(value.ok_or_else(fault)?)
    }

    fn read_json(self, raw: &str) -> Result<f64, Fault> {
        if let Some(text) = text_in(raw) {
            return self.read_text(&text);
        }
        let fault = || Fault::new("float_type", "this must be a number, such as 5 or 0.5");
        self.bounded(parse(raw).ok_or_else(fault)?)
    }
}

impl Number {
    /// Not-a-number is above every largest and below every smallest.
    fn bounded(self, value: f64) -> Result<f64, Fault> {
        let within = |bound: Option<f64>, holds: fn(&f64, &f64) -> bool| {
            bound.filter(|bound| !holds(&value, bound))
        };
        if let Some(max) = within(self.max, f64::le) {
            return Err(
                Fault::new("less_than_equal", format!("this must be {max} or less"))
                    .with("le", max),
            );
        }
        if let Some(min) = within(self.min, f64::ge) {
            return Err(
                Fault::new("greater_than_equal", format!("this must be {min} or more"))
                    .with("ge", min),
            );
        }
        if let Some(above) = within(self.above, f64::gt) {
            return Err(
                Fault::new("greater_than", format!("this must be more than {above}"))
                    .with("gt", above),
            );
        }
        Ok(value)
    }
}

impl Kind for Integer {
    type Value = u64;

    fn read_text(self, text: &str) -> Result<u64, Fault> {
        let fault = || Fault::new("int_parsing", "this must be a whole number, such as 5");
        let whole = whole(text.trim()).ok_or_else(fault)?;
        if whole.len() > 4300 {
            return Err(Fault::new(
                "int_parsing_size",
                "this number has too many digits",
            ));
        }
        self.bounded(&whole)
    }

    fn read_json(self, raw: &str) -> Result<u64, Fault> {
        if let Some(text) = text_in(raw) {
            return self.read_text(&text);
        }
        if let Some(number) = parse::<u64>(raw) {
            return self.bounded(&number.to_string());
        }
        let number = parse::<f64>(raw)
            .ok_or_else(|| Fault::new("int_type", "this must be a whole number, such as 5"))?;
        if number.fract() != 0.0 {
            return Err(Fault::new(
                "int_from_float",
                "this must be a whole number, without a fraction",
            ));
        }
        self.bounded(&format!("{number:.0}"))
    }
}

impl Integer {
    /// `whole` is an optional minus and digits.
    fn bounded(self, whole: &str) -> Result<u64, Fault> {
        let value = match whole.strip_prefix('-') {
            Some(digits) if digits.bytes().any(|b| b != b'0') => None,
            Some(_) => Some(0),
            None => Some(whole.parse().unwrap_or(u64::MAX)),
        };
        value.filter(|value| *value >= self.min).ok_or_else(|| {
            Fault::new(
                "greater_than_equal",
                format!("this must be {} or more", self.min),
            )
            .with("ge", self.min)
        })
    }
}

impl Kind for Flag {
    type Value = bool;

    fn read_text(self, text: &str) -> Result<bool, Fault> {
        match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "t" | "yes" | "y" | "on" => Ok(true),
            "0" | "false" | "f" | "no" | "n" | "off" => Ok(false),
            _ => Err(Fault::new("bool_parsing", "this must be true or false")),
        }
    }

    fn read_json(self, raw: &str) -> Result<bool, Fault> {
        match text_in(raw) {
            Some(text) => self.read_text(&text),
            None => match parse::<f64>(raw) {
                None => {
                    parse(raw).ok_or_else(|| Fault::new("bool_type", "this must be true or false"))
                }
                Some(0.0) => Ok(false),
                Some(1.0) => Ok(true),
                Some(_) => Err(Fault::new("bool_parsing", "this must be true or false")),
            },
        }
    }
}

impl Kind for Variables {
    type Value = Vec<(String, String)>;

    fn read_text(self, _: &str) -> Result<Self::Value, Fault> {
        Err(not_variables())
    }

    fn read_json(self, raw: &str) -> Result<Self::Value, Fault> {
        let mut faults = Vec::new();
        let value = self.read_json_noting(raw, &mut |fault| faults.push(fault));
        value.ok_or_else(|| faults.into_iter().next().unwrap_or_else(not_variables))
    }

    fn read_json_noting(self, raw: &str, note: &mut dyn FnMut(Fault)) -> Option<Self::Value> {
        let Some(members) = members(raw) else {
            note(not_variables());
            return None;
        };
        let mut variables = Vec::with_capacity(members.len());
        let count = members.len();
        for (name, raw) in members {
            match variable_name(&name).and_then(|()| Text.read_json(raw.get())) {
                Ok(value) => variables.push((name, value)),
                Err(fault) => note(fault.inside(&name, raw.get())),
            }
        }
        (variables.len() == count).then_some(variables)
    }
}

fn not_variables() -> Fault {
    Fault::new(
        "dict_type",
        "this must be an object of names and texts, such as {\"NAME\": \"value\"}",
    )
}

fn variable_name(name: &str) -> Result<(), Fault> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(Fault::new(
            "value_error",
            "the name of a variable must not be empty or have '=' or NUL in it",
        ));
    }
    Ok(())
}

/// The members of the JSON object in `raw`, each with the JSON of its value; of repeated ones the last.
pub(super) fn members(raw: &str) -> Option<BTreeMap<String, &RawValue>> {
    serde_json::from_str(raw).ok()
}

/// The text in `raw`, when it is a JSON string.
fn text_in(raw: &str) -> Option<String> {
    if raw.starts_with('"') {
        parse(raw)
    } else {
        None
    }
}

fn parse<T: DeserializeOwned>(raw: &str) -> Option<T> {
    serde_json::from_str(raw).ok()
}

fn without_nul(text: String) -> Result<String, Fault> {
    if text.contains('\0') {
        return Err(Fault::new(
            "value_error",
            "this must not have a NUL character in it; the system cannot take one",
        ));
    }
    Ok(text)
}

/// `text` without the single underscores between its digits; none when one is elsewhere.
fn joined(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let misplaced = |(at, byte): (usize, &u8)| {
        *byte == b'_' && !(digit(at.checked_sub(1)) && digit(Some(at + 1)))
    };
    let fits = !bytes.iter().enumerate().any(misplaced);
    fits.then(|| text.replace('_', ""))
}

/// The whole number in `text`, as an optional minus and digits; `2.0` is one.
fn whole(text: &str) -> Option<String> {
    let text = joined(text)?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(&text)),
    };
    let digits = match digits.split_once('.') {
        Some((digits, fraction)) if !fraction.is_empty() && fraction.bytes().all(|b| b == b'0') => {
            digits
        }
        Some(_) => return None,
        None => digits,
    };
    let fits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| format!("{negative}{digits}"))
}
