//! Ranges and conditions: which part of a file a request wants, and whether it wants it at all (RFC 9110, 13 and 14).

use std::ops::Range;

use axum::http::HeaderMap;
use axum::http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

/// What tells one state of a file from another.
#[derive(Debug)]
pub(super) struct Validators {
    /// Its strong entity tag, in quotes.
    pub(super) etag: String,
    /// Seconds since 1970 of its last change.
    pub(super) modified: i64,
}

impl Validators {
    /// The time of the last change as headers give it; none when no such date can be written.
    pub(super) fn date(&self) -> Option<String> {
        let time = Timestamp::from_second(self.modified).ok()?;
        DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&time)
            .ok()
    }
}

/// What of a file is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    All,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that it has not got.
    Outside,
    /// Nothing: the client has it already.
    Nothing,
}

/// What a request with `headers` wants of a file of `size` bytes.
///
/// `If-None-Match: *` counts for nothing: it is for changes, and clients that send it with everything want the
/// file. Several ranges at once get the whole file, as RFC 9110 allows.
pub(super) fn wanted(headers: &HeaderMap, validators: &Validators, size: u64) -> Wanted {
    if is_known(headers, validators) {
        return Wanted::Nothing;
    }
    let range = text(headers, RANGE).filter(|_| still_holds(headers, validators));
    range.map_or(Wanted::All, |range| part(range, size))
}

fn text(headers: &HeaderMap, name: axum::http::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether the client has the file as it is now.
fn is_known(headers: &HeaderMap, validators: &Validators) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        let lists = headers.get_all(IF_NONE_MATCH).iter();
        return lists
            .filter_map(|list| list.to_str().ok())
            .flat_map(|list| list.split(','))
            .any(|tag| weak(tag) == validators.etag);
    }
    text(headers, IF_MODIFIED_SINCE)
        .and_then(seconds)
        .is_some_and(|since| validators.modified <= since)
}

/// Whether a range is of the file that the client knows.
fn still_holds(headers: &HeaderMap, validators: &Validators) -> bool {
    text(headers, IF_RANGE).is_none_or(|known| {
        known.trim() == validators.etag || seconds(known) == Some(validators.modified)
    })
}

/// An entity tag without the mark of weakness.
fn weak(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag)
}

fn seconds(date: &str) -> Option<i64> {
    let time = DateTimeParser::new().parse_timestamp(date.trim()).ok()?;
    Some(time.as_second())
}

/// The bytes that the value of a `Range` header names.
fn part(range: &str, size: u64) -> Wanted {
    let Some(spec) = range
        .trim()
        .split_once('=')
        .filter(|(unit, _)| unit.trim().eq_ignore_ascii_case("bytes"))
        .map(|(_, spec)| spec.trim())
    else {
        return Wanted::All;
    };
    // A second range makes one of these no number.
    let Some((first, last)) = spec.split_once('-') else {
        return Wanted::All;
    };
    let (first, last) = (first.trim(), last.trim());
    match (number(first), number(last)) {
        (None, Some(0)) if first.is_empty() => Wanted::Outside,
        (None, Some(count)) if first.is_empty() => from_to(size.saturating_sub(count), size, size),
        (Some(first), None) if last.is_empty() => from_to(first, size, size),
        (Some(first), Some(last)) if first <= last => from_to(first, last.saturating_add(1), size),
        _ => Wanted::All,
    }
}

fn from_to(start: u64, end: u64, size: u64) -> Wanted {
    if start >= size {
        return Wanted::Outside;
    }
    Wanted::Part(start..end.min(size))
}

/// A number of digits only; one too large to be held is as good as the largest.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn validators() -> Validators {
        Validators {
            etag: "\"a-b\"".to_owned(),
            modified: 1_700_000_000,
        }
    }

    fn asked(headers: &[(axum::http::HeaderName, &str)]) -> Wanted {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()));
        wanted(&headers.collect(), &validators(), 100)
    }

    #[test]
    fn one_range_is_given_and_nonsense_is_not_minded() {
        use Wanted::{All, Outside, Part};
        for (range, expected) in [
            ("bytes=0-9", Part(0..10)),
            ("bytes=90-", Part(90..100)),
            ("bytes=-5", Part(95..100)),
            ("bytes=-500", Part(0..100)),
            ("bytes=99-99999999999999999999999", Part(99..100)),
            ("Bytes = 1 - 2", Part(1..3)),
            ("bytes=100-", Outside),
            ("bytes=-0", Outside),
            ("bytes=5-4", All),
            ("bytes=0-1,5-6", All),
            ("bytes=a-b", All),
            ("bytes=", All),
            ("bytes=-", All),
            ("lines=1-2", All),
            ("bytes=+1-2", All),
        ] {
            assert_eq!(asked(&[(RANGE, range)]), expected, "{range}");
        }
        assert_eq!(part("bytes=0-0", 0), Outside);
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        let date = validators().date().unwrap();
        assert_eq!(date, "Tue, 14 Nov 2023 22:13:20 GMT");
        for (name, value, expected) in [
            (IF_NONE_MATCH, "\"a-b\"", Wanted::Nothing),
            (IF_NONE_MATCH, "\"x\", W/\"a-b\"", Wanted::Nothing),
            (IF_NONE_MATCH, "\"x\"", Wanted::All),
            (IF_NONE_MATCH, "*", Wanted::All),
            (IF_MODIFIED_SINCE, &date, Wanted::Nothing),
            (
                IF_MODIFIED_SINCE,
                "Tue, 14 Nov 2023 22:13:19 GMT",
                Wanted::All,
            ),
            (IF_MODIFIED_SINCE, "yesterday", Wanted::All),
        ] {
            assert_eq!(asked(&[(name, value)]), expected, "{value}");
        }
        assert_eq!(
            asked(&[(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, &date)]),
            Wanted::All,
            "the tag counts, not the date"
        );
    }

    #[test]
    fn a_range_of_an_older_state_gets_the_whole() {
        let date = validators().date().unwrap();
        for (known, expected) in [
            ("\"a-b\"", Wanted::Part(0..1)),
            (&date, Wanted::Part(0..1)),
            ("W/\"a-b\"", Wanted::All),
            ("\"x\"", Wanted::All),
            ("Tue, 14 Nov 2023 22:13:21 GMT", Wanted::All),
        ] {
            assert_eq!(
                asked(&[(RANGE, "bytes=0-0"), (IF_RANGE, known)]),
                expected,
                "{known}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_part_is_never_empty_and_never_outside(range in "[a-z=]{0,6}[0-9, -]{0,24}", size in 0u64..200) {
            if let Wanted::Part(range) = part(&range, size) {
                prop_assert!(range.start < range.end && range.end <= size);
            }
        }
    }
}
