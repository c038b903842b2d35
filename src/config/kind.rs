//! A kind is the type of a setting: which values it takes, how they are read and how they are shown.

mod headers;

use std::fmt::Write as _;
use std::time::Duration;

use ::config::ValueKind;

use super::memory::Memory;
use super::quantity;

/// The word that unsets a setting which has a default, or which a layer below sets.
pub(super) const NONE: &str = "none";
/// The kernel gives out processor time in milliseconds of 100, or of a second.
const LEAST_CORES: f64 = 0.01;
/// More than any machine has.
const MOST_CORES: f64 = 100_000.0;

/// What values a setting takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// Text that is not empty and has no white space.
    Word,
    /// What the log shows: a level, or `target=level` parts with commas between them.
    LogFilter,
    /// Items separated by commas, or an array.
    List,
    /// Items separated by white space, or an array.
    Words,
    /// HTTP headers as `Name: value`, one on each line, or an array.
    Headers,
    /// On for everything but `false`, `0` and `no`.
    Switch,
    /// Yes or no, anything else is an error.
    Bool,
    /// A whole number.
    Count {
        /// The smallest allowed.
        min: u64,
        /// The largest allowed.
        max: u64,
    },
    /// A number of bytes, units allowed.
    Bytes {
        /// The smallest allowed.
        min: u64,
        /// The largest allowed.
        max: u64,
    },
    /// A span of time in seconds, fractions allowed.
    Seconds {
        /// The longest allowed.
        max: f64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An amount of memory: bytes, units allowed, or a percentage of what there is.
    Memory {
        /// The smallest allowed, in bytes.
        min: u64,
    },
    /// A number of processors, fractions allowed.
    Cores,
}

/// A value that has been read.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// Of `Text`, `Word`, `LogFilter` and `Choice`.
    Text(String),
    /// Of `List` and `Words`.
    List(Vec<String>),
    /// Of `Headers`.
    Headers(Vec<String>),
    /// Of `Switch` and `Bool`.
    Bool(bool),
    /// Of `Count` and `Bytes`.
    Number(u64),
    /// Of `Seconds`.
    Seconds(Duration),
    /// Of `Memory`.
    Memory(Memory),
    /// Of `Cores`.
    Cores(f64),
    /// Of a setting that may be unset, by the word `none`.
    Unset,
}

impl Kind {
    /// A whole number from `min` to `max`.
    pub const fn count(min: u64, max: u64) -> Self {
        Self::Count { min, max }
    }

    /// A number of bytes, at least `min`.
    pub const fn bytes(min: u64) -> Self {
        Self::Bytes { min, max: u64::MAX }
    }

    /// A number of bytes from `min` to `max`.
    pub const fn bytes_up_to(min: u64, max: u64) -> Self {
        Self::Bytes { min, max }
    }

    /// At most `max` seconds.
    pub const fn seconds(max: f64) -> Self {
        Self::Seconds { max }
    }

    /// What stands for the value in a help text.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Text | Self::Word => "TEXT",
            Self::Choice(_) => "WORD",
            Self::Memory { .. } => "SIZE",
            Self::Cores => "CORES",
            Self::LogFilter => "LEVEL",
            Self::List | Self::Words => "LIST",
            Self::Headers => "HEADERS",
            Self::Switch | Self::Bool => "BOOL",
            Self::Count { .. } => "NUMBER",
            Self::Bytes { .. } => "BYTES",
            Self::Seconds { .. } => "SECONDS",
        }
    }

    /// What would be right, in words that follow "give".
    pub fn wanted(self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Word => "a text without blanks".to_owned(),
            Self::LogFilter => "off, error, warn, info, debug or trace".to_owned(),
            Self::List => "a text with commas between the items".to_owned(),
            Self::Words => "a text with blanks between the items".to_owned(),
            Self::Headers => format!(
                "headers as `Name: value`, one on each line, other than {}",
                any_of(headers::FRAMING)
            ),
            Self::Switch | Self::Bool => "true or false".to_owned(),
            Self::Count { min, max } => format!("a whole number from {min} to {max}"),
            Self::Bytes { min, max } => {
                let most = match max {
                    u64::MAX => String::new(),
                    max => format!(" to {max}"),
                };
                format!("a number of bytes from {min}{most}, as 50000000, 50M or 1GiB")
            }
            Self::Seconds { max } => format!("seconds from 0 to {max}"),
            Self::Choice(words) => any_of(words),
            Self::Memory { min } => {
                let least = match min {
                    0 => String::new(),
                    min => format!(" from {min}, for with less no command starts"),
                };
                format!(
                    "a number of bytes{least}, as 512M or 2GiB, or a part of the memory here from 1% to 100%, as 25%"
                )
            }
            Self::Cores => {
                format!("a number of processors from {LEAST_CORES} to {MOST_CORES}, as 1.5")
            }
        }
    }

    /// Reads a value; the error says what it is instead, in words that follow the value.
    pub fn parse(self, value: &ValueKind) -> Result<Parsed, &'static str> {
        match self {
            Self::Text => text(value).map(Parsed::Text),
            Self::Word => word(value).map(Parsed::Text),
            Self::LogFilter => log_filter(value).map(Parsed::Text),
            Self::List => list(value, |text| text.split(',').collect()).map(Parsed::List),
            Self::Words => list(value, |text| text.split_whitespace().collect()).map(Parsed::List),
            Self::Headers => {
                headers::check(list(value, |text| text.lines().collect())?).map(Parsed::Headers)
            }
            Self::Switch => switch(value).map(Parsed::Bool),
            Self::Bool => boolean(value).map(Parsed::Bool),
            Self::Count { min, max } => {
                within(quantity::whole(value)?, min, max).map(Parsed::Number)
            }
            Self::Bytes { min, max } => {
                within(quantity::bytes(value)?, min, max).map(Parsed::Number)
            }
            Self::Seconds { max } => quantity::seconds(value, max).map(Parsed::Seconds),
            Self::Choice(words) => choice(value, words).map(Parsed::Text),
            Self::Memory { min } => quantity::memory(value, min).map(Parsed::Memory),
            Self::Cores => quantity::decimal(value, LEAST_CORES, MOST_CORES).map(Parsed::Cores),
        }
    }
}

impl Parsed {
    /// The value as it would stand in a settings file.
    pub fn toml(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Headers(lines) => quoted(&lines.join("\n")),
            Self::List(items) => quoted(&items.join(", ")),
            Self::Bool(on) => on.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Seconds(span) => span.as_secs_f64().to_string(),
            Self::Memory(Memory::Bytes(bytes)) => bytes.to_string(),
            Self::Memory(Memory::Percent(part)) => quoted(&format!("{part}%")),
            Self::Cores(number) => number.to_string(),
            Self::Unset => quoted(NONE),
        }
    }
}

/// `text` as a TOML string on one line.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn text(value: &ValueKind) -> Result<String, &'static str> {
    match value {
        ValueKind::Table(_) => Err("is a table"),
        ValueKind::Array(_) => Err("is an array"),
        other => Ok(other.to_string()),
    }
}

fn word(value: &ValueKind) -> Result<String, &'static str> {
    let text = text(value)?;
    if text.is_empty() {
        return Err("is empty");
    }
    if text.contains(char::is_whitespace) {
        return Err("has a blank in it");
    }
    Ok(text)
}

fn log_filter(value: &ValueKind) -> Result<String, &'static str> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let text = word(value)?;
    // The library takes any other word for the name of a target, and then shows nothing of ours.
    let level = |part: &str| part.rsplit('=').next().unwrap_or_default().to_lowercase();
    if text
        .split(',')
        .all(|part| LEVELS.contains(&level(part).as_str()))
    {
        Ok(text)
    } else {
        Err("is no level")
    }
}

/// One of `words`, however its letters are written.
fn choice(value: &ValueKind, words: &[&str]) -> Result<String, &'static str> {
    let text = text(value)?.trim().to_lowercase();
    if words.contains(&text.as_str()) {
        Ok(text)
    } else {
        Err("is none of the words it may be")
    }
}

/// `a, b or c`.
fn any_of(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        all => all.concat(),
    }
}

fn list(value: &ValueKind, split: fn(&str) -> Vec<&str>) -> Result<Vec<String>, &'static str> {
    let items = match value {
        ValueKind::Array(items) => (items.iter())
            .map(|item| text(&item.kind))
            .collect::<Result<Vec<_>, _>>()?,
        other => (split(&text(other)?).into_iter())
            .map(str::to_owned)
            .collect(),
    };
    let trimmed = items.iter().map(|item| item.trim());
    Ok(trimmed
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect())
}

fn switch(value: &ValueKind) -> Result<bool, &'static str> {
    let word = text(value)?.to_lowercase();
    Ok(!matches!(word.as_str(), "false" | "0" | "no"))
}

fn boolean(value: &ValueKind) -> Result<bool, &'static str> {
    match text(value)?.trim().to_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("is neither true nor false"),
    }
}

fn within(number: u64, min: u64, max: u64) -> Result<u64, &'static str> {
    if number < min {
        Err("is too small")
    } else if number > max {
        Err("is too large")
    } else {
        Ok(number)
    }
}

#[cfg(test)]
mod tests;
