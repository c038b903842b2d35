//! A reading is the value of every setting after all layers, each of its proper type.

use std::collections::HashMap;
use std::time::Duration;

use ::config::{Map, Value, ValueKind};

use super::Effective;
use super::error::ConfigError;
use super::kind::{Parsed, quoted};
use super::memory::Memory;
use super::table::{self, Setting};

/// Shown in place of a secret.
pub(super) const MASK: &str = "\"********\"";

/// The values by name; what is not set is not there.
pub(super) struct Reading {
    values: HashMap<&'static str, Parsed>,
}

impl Reading {
    /// Reads every setting, and says where each came from.
    pub(super) fn of(values: &Map<String, Value>) -> Result<(Self, Vec<Effective>), ConfigError> {
        let mut parsed = HashMap::new();
        let mut effective = Vec::new();
        for setting in table::settings() {
            let (shown, origin) = match values.get(setting.name) {
                Some(value) => {
                    let read = check(setting, value)?;
                    let shown = show(setting, &read);
                    if read != Parsed::Unset {
                        parsed.insert(setting.name, read);
                    }
                    (shown, origin(value))
                }
                None => ("unset".to_owned(), "built-in".to_owned()),
            };
            effective.push(Effective {
                name: setting.name,
                value: shown,
                origin,
            });
        }
        Ok((Self { values: parsed }, effective))
    }

    /// Takes a text.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.values.remove(name)? {
            Parsed::Text(text) => Some(text),
            _ => wrong(name),
        }
    }

    /// Takes a list.
    pub(super) fn list(&mut self, name: &str) -> Option<Vec<String>> {
        match self.values.remove(name)? {
            Parsed::List(items) => Some(items),
            _ => wrong(name),
        }
    }

    /// Takes headers.
    pub(super) fn headers(&mut self, name: &str) -> Option<Vec<String>> {
        match self.values.remove(name)? {
            Parsed::Headers(lines) => Some(lines),
            _ => wrong(name),
        }
    }

    /// Takes a truth value.
    pub(super) fn bool(&mut self, name: &str) -> Option<bool> {
        match self.values.remove(name)? {
            Parsed::Bool(on) => Some(on),
            _ => wrong(name),
        }
    }

    /// Takes a number as `T`, whose range the table keeps.
    pub(super) fn number<T: TryFrom<u64>>(&mut self, name: &str) -> Option<T> {
        match self.values.remove(name)? {
            Parsed::Number(number) => Some(
                T::try_from(number).unwrap_or_else(|_| panic!("the table lets {name} be {number}")),
            ),
            _ => wrong(name),
        }
    }

    /// Takes an amount of memory.
    pub(super) fn memory(&mut self, name: &str) -> Option<Memory> {
        match self.values.remove(name)? {
            Parsed::Memory(amount) => Some(amount),
            _ => wrong(name),
        }
    }

    /// Takes a number of processors.
    pub(super) fn cores(&mut self, name: &str) -> Option<f64> {
        match self.values.remove(name)? {
            Parsed::Cores(number) => Some(number),
            _ => wrong(name),
        }
    }

    /// Takes a span of time.
    pub(super) fn span(&mut self, name: &str) -> Option<Duration> {
        match self.values.remove(name)? {
            Parsed::Seconds(span) => Some(span),
            _ => wrong(name),
        }
    }
}

/// Reads one value and sees whether this version can give what it asks for.
pub(super) fn check(setting: &'static Setting, value: &Value) -> Result<Parsed, ConfigError> {
    let parsed = setting
        .parse(&value.kind)
        .map_err(|problem| ConfigError::Value {
            setting: setting.name,
            origin: origin(value),
            problem: describe(setting, &value.kind, problem),
            wanted: setting.wanted(),
        })?;
    let missing = |what, remedy| ConfigError::Missing {
        setting: setting.name,
        origin: origin(value),
        what,
        remedy,
    };
    match (setting.name, &parsed) {
        ("allowed_domains", _) => Err(missing(
            "a limit on what commands may reach is",
            "unset it, and limit the network from outside",
        )),
        _ => Ok(parsed),
    }
}

fn origin(value: &Value) -> String {
    value.origin().unwrap_or("built-in").to_owned()
}

fn show(setting: &Setting, value: &Parsed) -> String {
    if setting.secret {
        MASK.to_owned()
    } else {
        value.toml()
    }
}

/// The value and its problem; of a secret and of a table only the problem.
fn describe(setting: &Setting, value: &ValueKind, problem: &str) -> String {
    const LONGEST: usize = 60;
    if setting.secret || matches!(value, ValueKind::Table(_) | ValueKind::Array(_)) {
        return format!("the value {problem}");
    }
    let text = value.to_string();
    let clipped: String = text.chars().take(LONGEST).collect();
    let end = if clipped.len() < text.len() {
        "…"
    } else {
        ""
    };
    format!("{}{end} {problem}", quoted(&clipped))
}

fn wrong(name: &str) -> ! {
    panic!("the table gives {name} another type than Config")
}
