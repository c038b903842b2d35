//! A quantity is a number in a setting: whole, in bytes or in seconds, written as number or as text.

use std::time::Duration;

use ::config::ValueKind;

use super::memory::Memory;

const NOT_WHOLE: &str = "is not a whole number";
const NOT_BYTES: &str = "is not a number of bytes";
const NOT_SECONDS: &str = "is not a number of seconds";
const NOT_MEMORY: &str = "is neither a number of bytes nor a percentage";
const NOT_NUMBER: &str = "is not a number";

/// More memory than any machine has; twice as much can still be reckoned with.
const MOST_MEMORY: u64 = 1 << 60;

/// A whole number, `1_000` and `5.0` among them.
pub(super) fn whole(value: &ValueKind) -> Result<u64, &'static str> {
    match value {
        ValueKind::I64(number) => u64::try_from(*number).map_err(|_| "is negative"),
        ValueKind::U64(number) => Ok(*number),
        ValueKind::Float(number) => whole_float(*number).ok_or(NOT_WHOLE),
        ValueKind::String(text) => whole_text(text.trim()).ok_or(NOT_WHOLE),
        _ => Err(NOT_WHOLE),
    }
}

/// Bytes: a whole number, or text with a unit.
pub(super) fn bytes(value: &ValueKind) -> Result<u64, &'static str> {
    let ValueKind::String(text) = value else {
        return whole(value).map_err(|problem| match problem {
            NOT_WHOLE => NOT_BYTES,
            other => other,
        });
    };
    bytes_in(text)
}

/// The bytes that a text means, with or without a unit: `50M` is 50 million, `1GiB` is 2³⁰.
///
/// The error says what the text is instead, in words that follow it.
pub fn bytes_in(text: &str) -> Result<u64, &'static str> {
    let text = text.trim();
    let end = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number = whole_text(number.trim()).ok_or(NOT_BYTES)?;
    let factor = factor(unit).ok_or(NOT_BYTES)?;
    number.checked_mul(factor).ok_or("is too large")
}

/// Bytes from `min`, or a percentage from 1 to 100 (`25%`).
pub(super) fn memory(value: &ValueKind, min: u64) -> Result<Memory, &'static str> {
    if let ValueKind::String(text) = value
        && let Some(part) = text.trim().strip_suffix('%')
    {
        let part = ValueKind::from(part.trim_end());
        return decimal(&part, 1.0, 100.0).map(Memory::Percent);
    }
    let number = bytes(value).map_err(|problem| match problem {
        NOT_BYTES => NOT_MEMORY,
        other => other,
    })?;
    if number < min {
        return Err("is too small");
    }
    if number > MOST_MEMORY {
        return Err("is too large");
    }
    Ok(Memory::Bytes(number))
}

/// A number from `min` to `max`, fractions allowed.
pub(super) fn decimal(value: &ValueKind, min: f64, max: f64) -> Result<f64, &'static str> {
    let number = match value {
        #[expect(
            clippy::cast_precision_loss,
            reason = "past 2^53 it is over every maximum anyway"
        )]
        ValueKind::I64(number) => *number as f64,
        ValueKind::Float(number) => *number,
        ValueKind::String(text) => (digits(text.trim()))
            .and_then(|text| text.parse().ok())
            .ok_or(NOT_NUMBER)?,
        _ => return Err(NOT_NUMBER),
    };
    if number.is_nan() {
        Err(NOT_NUMBER)
    } else if number < min {
        Err("is too small")
    } else if number > max {
        Err("is too large")
    } else {
        Ok(number)
    }
}

/// Seconds from 0 to `max`; neither NaN nor infinite.
pub(super) fn seconds(value: &ValueKind, max: f64) -> Result<Duration, &'static str> {
    let number = match value {
        #[expect(
            clippy::cast_precision_loss,
            reason = "past 2^53 it is over every maximum anyway"
        )]
        ValueKind::I64(number) => *number as f64,
        ValueKind::Float(number) => *number,
        ValueKind::String(text) => match digits(text.trim()) {
            Some(text) => text.parse().map_err(|_| NOT_SECONDS)?,
            None => return Err(NOT_SECONDS),
        },
        _ => return Err(NOT_SECONDS),
    };
    if !number.is_finite() {
        return Err("is not a finite number of seconds");
    }
    if number < 0.0 {
        return Err("is negative");
    }
    if number > max {
        return Err("is too large");
    }
    Duration::try_from_secs_f64(number).map_err(|_| "is too large")
}

/// The exact value of a float that is whole and exactly representable.
fn whole_float(number: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = number.fract() == 0.0 && (0.0..=EXACT).contains(&number);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole, not negative and at most 2^53"
    )]
    whole.then_some(number as u64)
}

fn whole_text(text: &str) -> Option<u64> {
    digits(text)?.parse().ok()
}

/// `text` without underscores between digits; none when one stands elsewhere.
fn digits(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let placed = |at: usize| at > 0 && digit(at - 1) && digit(at + 1);
    (0..bytes.len())
        .all(|at| bytes[at] != b'_' || placed(at))
        .then(|| text.replace('_', ""))
}

fn factor(unit: &str) -> Option<u64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "m" | "mb" => 1000 * 1000,
        "g" | "gb" => 1000 * 1000 * 1000,
        "t" | "tb" => 1000 * 1000 * 1000 * 1000,
        "ki" | "kib" => 1 << 10,
        "mi" | "mib" => 1 << 20,
        "gi" | "gib" => 1 << 30,
        "ti" | "tib" => 1 << 40,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_come_as_numbers_and_as_text() {
        for (value, number) in [
            (ValueKind::I64(7), 7),
            (ValueKind::Float(7.0), 7),
            ("7".into(), 7),
            (" +7 ".into(), 7),
            ("1_000".into(), 1000),
        ] {
            assert_eq!(whole(&value), Ok(number), "{value}");
        }
        for text in ["", "abc", "1.5", "-1", "1e6", "_1", "1_", "1__0", "0x10"] {
            assert!(whole(&text.into()).is_err(), "{text}");
        }
        assert_eq!(whole(&ValueKind::I64(-1)), Err("is negative"));
        assert!(whole(&ValueKind::Float(f64::NAN)).is_err());
        assert!(whole(&true.into()).is_err());
    }

    #[test]
    fn bytes_have_decimal_and_binary_units() {
        for (text, number) in [
            ("50000000", 50_000_000),
            ("50M", 50_000_000),
            ("50 mb", 50_000_000),
            ("1GiB", 1 << 30),
            ("64MiB", 64 << 20),
            ("3k", 3000),
            ("2T", 2_000_000_000_000),
            ("0", 0),
        ] {
            assert_eq!(bytes(&text.into()), Ok(number), "{text}");
        }
        for text in ["", "M", "1.5G", "5 bananas", "-5M", "99999999999G"] {
            assert!(bytes(&text.into()).is_err(), "{text}");
        }
        assert_eq!(bytes(&ValueKind::I64(-1)), Err("is negative"));
    }

    #[test]
    fn memory_is_bytes_or_a_part_of_what_there_is() {
        let read = |text: &str| memory(&text.into(), 1 << 20);
        for (text, amount) in [
            ("512M", Memory::Bytes(512_000_000)),
            ("512MiB", Memory::Bytes(512 << 20)),
            ("1048576", Memory::Bytes(1 << 20)),
            ("2TiB", Memory::Bytes(2 << 40)),
            ("25%", Memory::Percent(25.0)),
            (" 12.5 % ", Memory::Percent(12.5)),
            ("1%", Memory::Percent(1.0)),
            ("100%", Memory::Percent(100.0)),
        ] {
            assert_eq!(read(text), Ok(amount), "{text}");
        }
        let integer = ValueKind::I64(512_000_000);
        assert_eq!(memory(&integer, 0), Ok(Memory::Bytes(512_000_000)));
        assert_eq!(memory(&"0".into(), 0), Ok(Memory::Bytes(0)));
        for text in ["1048575", "0", "0.5%", "0%", "-5%"] {
            assert_eq!(read(text), Err("is too small"), "{text}");
        }
        for text in ["100.5%", "1152921504606846977", "99999999999G"] {
            assert_eq!(read(text), Err("is too large"), "{text}");
        }
        assert_eq!(read("%"), Err(NOT_NUMBER));
        assert_eq!(read("nan%"), Err(NOT_NUMBER));
        assert_eq!(read("much"), Err(NOT_MEMORY));
        assert_eq!(read("1.5G"), Err(NOT_MEMORY));
    }

    #[test]
    fn numbers_with_a_fraction_keep_to_their_range() {
        let read = |value: ValueKind| decimal(&value, 0.01, 100.0);
        assert_eq!(read("1.5".into()), Ok(1.5));
        assert_eq!(read(ValueKind::I64(2)), Ok(2.0));
        assert_eq!(read(ValueKind::Float(0.01)), Ok(0.01));
        assert_eq!(read("0".into()), Err("is too small"));
        assert_eq!(read("-1".into()), Err("is too small"));
        assert_eq!(read("inf".into()), Err("is too large"));
        for text in ["", "nan", "two", "1,5"] {
            assert_eq!(read(text.into()), Err(NOT_NUMBER), "{text}");
        }
        assert_eq!(read(true.into()), Err(NOT_NUMBER));
    }

    #[test]
    fn seconds_are_finite_and_not_negative() {
        let read = |text: &str| seconds(&text.into(), 10.0);
        assert_eq!(read("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(read("1e-1"), Ok(Duration::from_millis(100)));
        assert_eq!(
            seconds(&ValueKind::I64(3), 10.0),
            Ok(Duration::from_secs(3))
        );
        assert_eq!(read("-1"), Err("is negative"));
        assert_eq!(read("10.5"), Err("is too large"));
        for text in ["", "abc", "nan", "inf", "-inf", "1e999", "5s"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(seconds(&ValueKind::Float(f64::INFINITY), 10.0).is_err());
    }
}
