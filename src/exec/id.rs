//! Ids of commands: `YYYYMMDD-HHMMSS-xxxxxx`, the time of the start (UTC) and six random hex digits.

use std::time::{SystemTime, UNIX_EPOCH};

/// A new id; not necessarily an unused one.
pub(super) fn new() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let random = getrandom::u32().unwrap_or(0) & 0x00ff_ffff;
    let (year, month, day) = civil(now / 86400);
    let (hour, minute, second) = (now / 3600 % 24, now / 60 % 60, now % 60);
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}-{random:06x}")
}

/// Whether a string has the form of an id, and so may be part of a file's name.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 22
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 15 => byte == b'-',
            0..15 => byte.is_ascii_digit(),
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// The date of a day counted from 1970-01-01 (the Gregorian calendar, by its 400-year cycle).
fn civil(days: u64) -> (u64, u64, u64) {
    let mut days = days + 719_468; // days from 0000-03-01, where a leap day ends its year
    let cycle = days / 146_097;
    days %= 146_097;
    let year = (days - days / 1460 + days / 36_524 - days / 146_096) / 365;
    let day = days - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let year = year + 400 * cycle + u64::from(month >= 10);
    (year, if month < 10 { month + 3 } else { month - 9 }, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days_have_their_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_512), (2026, 2, 28));
        assert_eq!(civil(20_513), (2026, 3, 1));
        assert_eq!(civil(47_540), (2100, 2, 28));
        assert_eq!(civil(47_541), (2100, 3, 1));
    }

    #[test]
    fn only_ids_are_ids() {
        assert!(is_id(&new()));
        for text in [
            "",
            "none",
            "20240101-000000-abcdeg",
            "20240101-000000-abcde/",
            "../40101-000000-abcdef",
        ] {
            assert!(!is_id(text), "{text}");
        }
    }
}
