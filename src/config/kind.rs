//! A kind is the type of a setting: which values it takes, how they are read and how they are shown.

use std::fmt::Write as _;
use std::time::Duration;

use ::config::ValueKind;

use super::quantity;

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
}

/// A value that has been read.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// Of `Text`, `Word` and `LogFilter`.
    Text(String),
    /// Of `List` and `Words`.
    List(Vec<String>),
    /// Of `Switch` and `Bool`.
    Bool(bool),
    /// Of `Count` and `Bytes`.
    Number(u64),
    /// Of `Seconds`.
    Seconds(Duration),
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
            Self::LogFilter => "LEVEL",
            Self::List | Self::Words => "LIST",
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
            Self::Switch => switch(value).map(Parsed::Bool),
            Self::Bool => boolean(value).map(Parsed::Bool),
            Self::Count { min, max } => {
                within(quantity::whole(value)?, min, max).map(Parsed::Number)
            }
            Self::Bytes { min, max } => {
                within(quantity::bytes(value)?, min, max).map(Parsed::Number)
            }
            Self::Seconds { max } => quantity::seconds(value, max).map(Parsed::Seconds),
        }
    }
}

impl Parsed {
    /// The value as it would stand in a settings file.
    pub fn toml(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::List(items) => quoted(&items.join(", ")),
            Self::Bool(on) => on.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Seconds(span) => span.as_secs_f64().to_string(),
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
mod tests {
    use super::*;

    fn parse(kind: Kind, text: &str) -> Result<Parsed, &'static str> {
        kind.parse(&text.into())
    }

    #[test]
    fn a_switch_is_off_only_for_three_words() {
        for off in ["false", "FALSE", "0", "no", "No"] {
            assert_eq!(parse(Kind::Switch, off), Ok(Parsed::Bool(false)), "{off}");
        }
        for on in ["", "off", "true", "1", "2", "disabled"] {
            assert_eq!(parse(Kind::Switch, on), Ok(Parsed::Bool(true)), "{on}");
        }
        assert_eq!(Kind::Switch.parse(&false.into()), Ok(Parsed::Bool(false)));
        assert_eq!(Kind::Switch.parse(&0i64.into()), Ok(Parsed::Bool(false)));
    }

    #[test]
    fn a_bool_is_strict() {
        assert_eq!(parse(Kind::Bool, "Off"), Ok(Parsed::Bool(false)));
        assert_eq!(parse(Kind::Bool, "on"), Ok(Parsed::Bool(true)));
        assert!(parse(Kind::Bool, "").is_err());
        assert!(parse(Kind::Bool, "enabled").is_err());
    }

    #[test]
    fn lists_are_trimmed_and_lose_their_empty_items() {
        let items = |text| parse(Kind::List, text);
        let both = Ok(Parsed::List(vec!["a".into(), "b c".into()]));
        assert_eq!(items(" a, ,b c,"), both);
        assert_eq!(items(" , "), Ok(Parsed::List(vec![])));
        assert_eq!(
            Kind::List.parse(&vec!["a", "b c"].into()),
            Ok(Parsed::List(vec!["a".into(), "b c".into()]))
        );
        assert_eq!(
            parse(Kind::Words, "numpy>=2,<3  flask"),
            Ok(Parsed::List(vec!["numpy>=2,<3".into(), "flask".into()]))
        );
    }

    #[test]
    fn counts_keep_to_their_range() {
        let port = Kind::count(0, 65535);
        assert_eq!(parse(port, "65535"), Ok(Parsed::Number(65535)));
        assert_eq!(parse(port, "65536"), Err("is too large"));
        assert_eq!(parse(Kind::count(1, 9), "0"), Err("is too small"));
    }

    #[test]
    fn bytes_keep_to_their_range_and_say_it() {
        let some = Kind::bytes_up_to(4096, 1 << 30);
        assert_eq!(parse(some, "4096"), Ok(Parsed::Number(4096)));
        assert_eq!(parse(some, "1GiB"), Ok(Parsed::Number(1 << 30)));
        assert_eq!(parse(some, "4095"), Err("is too small"));
        assert_eq!(parse(some, "1073741825"), Err("is too large"));
        assert!(some.wanted().contains("from 4096 to 1073741824"));
        assert_eq!(
            parse(Kind::bytes(0), &u64::MAX.to_string()),
            Ok(Parsed::Number(u64::MAX))
        );
        assert!(!Kind::bytes(0).wanted().contains(" to "));
    }

    #[test]
    fn tables_are_no_text() {
        let table = ::config::Map::<String, ::config::Value>::new();
        assert_eq!(Kind::Text.parse(&table.into()), Err("is a table"));
        assert_eq!(parse(Kind::LogFilter, "loud"), Err("is no level"));
        assert_eq!(
            parse(Kind::LogFilter, "warn,open_terminal=DEBUG"),
            Ok(Parsed::Text("warn,open_terminal=DEBUG".to_owned()))
        );
    }

    #[test]
    fn shown_text_is_toml_that_reads_back() {
        let text = "a \"b\" \\ \n\t\u{1} é";
        let table: toml::Table = format!("x = {}", quoted(text)).parse().expect("TOML");
        assert_eq!(table["x"].as_str(), Some(text));
    }
}
