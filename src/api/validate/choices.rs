//! Choices: kinds whose values are few: one of some words, a number between two bounds, a size in bytes.

use crate::config;

use super::kinds::{AnyText, Integer, Kind};
use super::problem::Fault;

/// One of these words, written exactly so.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct OneOf(pub(in crate::api) &'static [&'static str]);

/// Any text but the empty one.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct SomeText;

/// A whole number from `min` to `max`.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct Within {
    /// The smallest allowed.
    pub(in crate::api) min: u64,
    /// The largest allowed.
    pub(in crate::api) max: u64,
}

impl Kind for OneOf {
    type Value = &'static str;

    fn read_text(self, text: &str) -> Result<&'static str, Fault> {
        let known = self.0.iter().find(|word| **word == text);
        known.copied().ok_or_else(|| {
            let msg = format!("this must be one of: {}", self.0.join(", "));
            Fault::new("string_pattern_mismatch", msg)
        })
    }

    fn read_json(self, raw: &str) -> Result<&'static str, Fault> {
        self.read_text(&AnyText.read_json(raw)?)
    }
}

impl Kind for SomeText {
    type Value = String;

    fn read_text(self, text: &str) -> Result<String, Fault> {
        if text.is_empty() {
            let msg = "this must not be empty";
            return Err(Fault::new("string_too_short", msg).with("min_length", 1));
        }
        Ok(text.to_owned())
    }

    fn read_json(self, raw: &str) -> Result<String, Fault> {
        self.read_text(&AnyText.read_json(raw)?)
    }
}

impl Within {
    fn bounded(self, value: u64) -> Result<u64, Fault> {
        if value > self.max {
            let msg = format!("this must be {} or less", self.max);
            return Err(Fault::new("less_than_equal", msg).with("le", self.max));
        }
        Ok(value)
    }
}

impl Kind for Within {
    type Value = u64;

    fn read_text(self, text: &str) -> Result<u64, Fault> {
        self.bounded(Integer { min: self.min }.read_text(text)?)
    }

    fn read_json(self, raw: &str) -> Result<u64, Fault> {
        self.bounded(Integer { min: self.min }.read_json(raw)?)
    }
}

/// A number of bytes from `min` up, also as text with a unit: `256M`, `1GiB`.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct Size {
    /// The smallest allowed.
    pub(in crate::api) min: u64,
}

impl Size {
    /// More is no more: no machine has it, and this much can still be reckoned with.
    const MOST: u64 = 1 << 60;

    fn bounded(self, bytes: u64) -> Result<u64, Fault> {
        if bytes < self.min {
            let msg = format!("this must be {} bytes or more", self.min);
            return Err(Fault::new("greater_than_equal", msg).with("ge", self.min));
        }
        Ok(bytes.min(Self::MOST))
    }
}

impl Kind for Size {
    type Value = u64;

    fn read_text(self, text: &str) -> Result<u64, Fault> {
        let bytes = config::bytes_in(text).map_err(|problem| {
            let msg = format!("this {problem}; give one such as 256000000, \"256M\" or \"1GiB\"");
            Fault::new("value_error", msg)
        })?;
        self.bounded(bytes)
    }

    fn read_json(self, raw: &str) -> Result<u64, Fault> {
        if raw.starts_with('"') {
            return self.read_text(&AnyText.read_json(raw)?);
        }
        self.bounded(Integer { min: self.min }.read_json(raw)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_of_those_that_are_known() {
        let kind = OneOf(&["file", "directory"]);
        assert_eq!(kind.read_text("file").ok(), Some("file"));
        assert_eq!(kind.read_json("\"directory\"").ok(), Some("directory"));
        for text in ["", "File", "link"] {
            assert!(kind.read_text(text).is_err(), "{text:?}");
        }
        assert!(kind.read_json("1").is_err());
    }

    #[test]
    fn a_text_that_must_be_there_is_not_empty() {
        assert_eq!(SomeText.read_json("\"x\"").ok().as_deref(), Some("x"));
        assert!(SomeText.read_json("\"\"").is_err() && SomeText.read_json("1").is_err());
    }

    #[test]
    fn both_bounds_are_allowed_and_nothing_outside() {
        let kind = Within { min: 1, max: 500 };
        for (text, value) in [
            ("1", Some(1)),
            ("500", Some(500)),
            ("0", None),
            ("501", None),
        ] {
            assert_eq!(kind.read_text(text).ok(), value, "{text}");
            assert_eq!(kind.read_json(text).ok(), value, "{text}");
        }
    }

    #[test]
    fn a_size_is_bytes_with_or_without_a_unit() {
        let kind = Size { min: 1 << 20 };
        for (raw, value) in [
            ("268435456", 1 << 28),
            ("268435456.0", 1 << 28),
            ("\"268435456\"", 1 << 28),
            ("\"256MiB\"", 1 << 28),
            ("\" 256 m \"", 256_000_000),
            ("1048576", 1 << 20),
            ("99999999999999999999", Size::MOST),
        ] {
            assert_eq!(kind.read_json(raw).ok(), Some(value), "{raw}");
        }
        for raw in [
            "1048575", "-1", "1.5", "true", "[]", "\"\"", "\"1M\"", "\"much\"", "\"-5M\"",
            "\"25%\"",
        ] {
            assert!(kind.read_json(raw).is_err(), "{raw}");
        }
    }
}
