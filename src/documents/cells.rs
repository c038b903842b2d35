//! Cells of sheets: numbers, dates and lengths of time, written as Python's `str` writes them.

use std::fmt::Write as _;

use jiff::ToSpan as _;
use jiff::civil::Date;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// What a date is written as that no calendar has.
const NO_DATE: &str = "#VALUE!";

/// What a number in a cell stands for, by the cell's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number.
    Number,
    /// A day, a time of the day, or both, counted in days.
    Moment,
    /// A length of time in days, as `[h]:mm` shows it.
    Duration,
}

/// The day from which days are counted (ECMA-376 part 1, clause 18.17.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Epoch {
    /// 1 is the first of January 1900; 60 is a day that never was.
    Of1900,
    /// 0 is the first of January 1904.
    Of1904,
}

impl Kind {
    /// What a format that every workbook has makes of a number (ECMA-376 part 1, clause 18.8.30).
    pub(super) fn of_built_in(id: u32) -> Self {
        match id {
            14..=22 | 45 | 47 => Self::Moment,
            46 => Self::Duration,
            _ => Self::Number,
        }
    }

    /// What a format's code makes of a positive number.
    pub(super) fn of_code(code: &str) -> Self {
        let mut rest = code.chars();
        let mut kind = Self::Number;
        while let Some(character) = rest.next() {
            match character {
                ';' => break,
                '"' => drop(rest.by_ref().find(|other| *other == '"')),
                // The next character is shown as it is, left out by its width, or repeated.
                '\\' | '_' | '*' => drop(rest.next()),
                '[' => {
                    let inside: String = rest
                        .by_ref()
                        .take_while(|other| *other != ']')
                        .map(|other| other.to_ascii_lowercase())
                        .collect();
                    let of = |unit: char| inside.chars().all(|other| other == unit);
                    if !inside.is_empty() && (of('h') || of('m') || of('s')) {
                        return Self::Duration;
                    }
                }
                'd' | 'm' | 'h' | 'y' | 's' | 'D' | 'M' | 'H' | 'Y' | 'S' => kind = Self::Moment,
                _ => {}
            }
        }
        kind
    }
}

/// Adds a number that a file has as text: whole numbers stay exact, others are rounded to what a double holds.
pub(super) fn number(out: &mut String, text: &str) {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let plain = digits.trim_start_matches('0');
        if plain.is_empty() {
            out.push('0');
        } else {
            out.push_str(if digits.len() < text.len() { "-" } else { "" });
            out.push_str(plain);
        }
    } else if is_canonical(digits) {
        out.push_str(text);
    } else if let Some(value) = parse(text) {
        float(out, value);
    } else {
        out.push_str(text);
    }
}

/// A number that a file has as text; none when it is something else.
pub(super) fn parse(text: &str) -> Option<f64> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let is_number = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    if !text.bytes().all(is_number) {
        return None;
    }
    text.parse().ok()
}

/// Whether a fraction stands there just as [`float`] would write it: doubles keep 15 digits.
fn is_canonical(digits: &str) -> bool {
    let Some((whole, fraction)) = digits.split_once('.') else {
        return false;
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    digits.len() <= 16
        && !whole.is_empty()
        && (whole == "0" || !whole.starts_with('0'))
        && all_digits(whole)
        && !fraction.is_empty()
        && !fraction.ends_with('0')
        && !(whole == "0" && fraction.starts_with("000"))
        && all_digits(fraction)
}

/// Adds a double: the fewest digits that tell it from all others, with an exponent below 0.0001 and from 1e16 on.
pub(super) fn float(out: &mut String, value: f64) {
    if !value.is_finite() {
        out.push_str(if value.is_nan() {
            "nan"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        });
        return;
    }
    let size = value.abs();
    if size == 0.0 || (1e-4..1e16).contains(&size) {
        // This always has a decimal point.
        write!(out, "{value:?}").expect("a string takes what is written to it");
        return;
    }
    let written = format!("{value:e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    write!(out, "{digits}e{sign}{exponent:0>2}").expect("a string takes what is written to it");
}

/// Adds the day, or within the first day only the time, that a number stands for.
pub(super) fn moment(out: &mut String, value: f64, epoch: Epoch) {
    let Some((mut days, milliseconds)) = split(value) else {
        out.push_str(NO_DATE);
        return;
    };
    if (0.0..1.0).contains(&value) && days == 0 {
        clock(out, milliseconds, 2);
        return;
    }
    let start = match epoch {
        Epoch::Of1900 => Date::constant(1899, 12, 30),
        Epoch::Of1904 => Date::constant(1904, 1, 1),
    };
    if epoch == Epoch::Of1900 && value > 0.0 && value < 60.0 {
        days += 1;
    }
    // Beyond this no calendar goes.
    let days = i32::try_from(days)
        .ok()
        .filter(|days| days.abs() < 4_000_000);
    match days.and_then(|days| start.checked_add(days.days()).ok()) {
        Some(date) if (1..=9999).contains(&date.year()) => {
            write!(out, "{date} ").expect("a string takes what is written to it");
            clock(out, milliseconds, 2);
        }
        _ => out.push_str(NO_DATE),
    }
}

/// Adds a length of time that is counted in days.
pub(super) fn duration(out: &mut String, value: f64) {
    let Some((days, milliseconds)) = split(value).filter(|(days, _)| days.abs() < 1_000_000_000)
    else {
        out.push_str(NO_DATE);
        return;
    };
    if days != 0 {
        let plural = if days.abs() == 1 { "" } else { "s" };
        write!(out, "{days} day{plural}, ").expect("a string takes what is written to it");
    }
    clock(out, milliseconds, 1);
}

/// Whole days, and milliseconds of the last one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the bounds are looked at before"
)]
fn split(value: f64) -> Option<(i64, i64)> {
    if !value.is_finite() || value.abs() > 1e12 {
        return None;
    }
    let days = value.floor();
    let milliseconds = ((value - days) * 86_400_000.0).round_ties_even() as i64;
    let days = days as i64;
    Some((days + milliseconds / DAY, milliseconds % DAY))
}

fn clock(out: &mut String, milliseconds: i64, hour_digits: usize) {
    let seconds = milliseconds / 1000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    write!(
        out,
        "{hours:0hour_digits$}:{minutes:02}:{:02}",
        seconds % 60
    )
    .expect("a string takes what is written to it");
    if milliseconds % 1000 != 0 {
        write!(out, ".{:03}000", milliseconds % 1000)
            .expect("a string takes what is written to it");
    }
}

#[cfg(test)]
mod tests;
