//! Ids of commands: `YYYYMMDD-HHMMSS-xxxxxx`, the time of the start (UTC) and six random hex digits.

use jiff::Timestamp;

/// A new id; not necessarily an unused one.
pub(super) fn new() -> String {
    let random = getrandom::u32().unwrap_or(0) & 0x00ff_ffff;
    let now = Timestamp::now().strftime("%Y%m%d-%H%M%S");
    format!("{now}-{random:06x}")
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

#[cfg(test)]
mod tests {
    use super::*;

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
