//! Whole numbers that may be negative.

use super::kinds::{Integer, Kind};
use super::problem::Fault;

/// A whole number; beyond 63 bits it counts as the smallest or largest there is.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct SignedInteger;

const FROM_0: Integer = Integer { min: 0 };

impl Kind for SignedInteger {
    type Value = i64;

    fn read_text(self, text: &str) -> Result<i64, Fault> {
        let text = text.trim();
        match text.strip_prefix('-') {
            Some(digits) if digits.starts_with(|c: char| c.is_ascii_digit()) => {
                FROM_0.read_text(digits).map(negative)
            }
            _ => FROM_0.read_text(text).map(positive),
        }
    }

    fn read_json(self, raw: &str) -> Result<i64, Fault> {
        match raw.strip_prefix('-') {
            Some(digits) => FROM_0.read_json(digits).map(negative),
            None => match serde_json::from_str::<String>(raw) {
                Ok(text) => self.read_text(&text),
                Err(_) => FROM_0.read_json(raw).map(positive),
            },
        }
    }
}

fn positive(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn negative(number: u64) -> i64 {
    -positive(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_both_signs_are_read() {
        let read = |raw: &str| SignedInteger.read_json(raw).ok();
        for (raw, number) in [
            ("0", 0),
            ("-1", -1),
            ("7.0", 7),
            ("-7.0", -7),
            ("\"-3\"", -3),
            ("\" 3 \"", 3),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", -i64::MAX),
        ] {
            assert_eq!(read(raw), Some(number), "{raw}");
        }
        for raw in ["1.5", "-1.5", "\"one\"", "\"--1\"", "null", "[]", "\"\""] {
            assert_eq!(read(raw), None, "{raw}");
        }
    }
}
