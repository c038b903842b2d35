//! The records of a log, as lines of JSON.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::exec::{Spent, Struck};
use crate::workspace::Owner;

/// The first record: what runs, and for whom.
#[derive(Clone, Debug, Serialize)]
pub(in crate::exec) struct Start<'a> {
    /// The command line.
    pub(in crate::exec) command: &'a str,
    /// The shell's pid.
    pub(in crate::exec) pid: i32,
    /// Where it started.
    pub(in crate::exec) cwd: &'a str,
    /// Who may see it.
    #[serde(flatten)]
    pub(in crate::exec) owner: OwnerRecord<'a>,
}

/// An owner, as the log keeps it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(in crate::exec) struct OwnerRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
}

impl<'a> From<&'a Owner> for OwnerRecord<'a> {
    fn from(owner: &'a Owner) -> Self {
        Self {
            user: owner.user.as_deref(),
            session: owner.session.as_deref(),
        }
    }
}

/// The record of the shell's end.
#[derive(Clone, Copy, Debug)]
pub(in crate::exec) struct End<'a> {
    /// Its status, negative for a signal; none when nobody saw it end.
    pub(in crate::exec) exit_code: Option<i32>,
    /// The name of that signal.
    pub(in crate::exec) signal: Option<&'static str>,
    /// Whether it was ended on purpose, or by a limit.
    pub(in crate::exec) killed: bool,
    /// What it has used.
    pub(in crate::exec) usage: Option<Spent>,
    /// The limit that struck.
    pub(in crate::exec) limit: Option<&'a Struck>,
}

/// A record with its type before it and the time behind it.
#[derive(Serialize)]
struct Stamped<'a, T> {
    r#type: &'a str,
    #[serde(flatten)]
    record: T,
    ts: f64,
}

fn line<T: Serialize>(kind: &str, record: T) -> Vec<u8> {
    let record = Stamped {
        r#type: kind,
        record,
        ts: now().as_secs_f64(),
    };
    let mut line = serde_json::to_vec(&record).expect("strings and numbers are JSON");
    line.push(b'\n');
    line
}

fn now() -> std::time::Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

impl Start<'_> {
    /// The whole line.
    pub(super) fn line(&self) -> Vec<u8> {
        line("start", self)
    }
}

impl End<'_> {
    /// The whole line; `log_rotated` says whether the log has lost its beginning.
    pub(super) fn line(&self, log_rotated: bool) -> Vec<u8> {
        #[derive(Serialize)]
        struct Record<'a> {
            exit_code: Option<i32>,
            log_rotated: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            signal: Option<&'static str>,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            killed: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            usage: Option<Spent>,
            #[serde(skip_serializing_if = "Option::is_none")]
            limit: Option<&'a Struck>,
        }
        let Self {
            exit_code,
            signal,
            killed,
            usage,
            limit,
        } = *self;
        line(
            "end",
            Record {
                exit_code,
                log_rotated,
                signal,
                killed,
                usage,
                limit,
            },
        )
    }
}

/// The line that a cut log begins with: how many records are gone.
pub(super) fn rotated_line(offset: u64) -> Vec<u8> {
    #[derive(Serialize)]
    struct Record {
        offset: u64,
    }
    line("log_rotated", Record { offset })
}

/// How an output record of ours begins; readers rely on it for speed.
const OUTPUT: &[u8] = br#"{"type":"output","data":"#;

/// Appends an output record to a buffer.
pub(super) fn push_output(buffer: &mut Vec<u8>, text: &str) {
    let now = now();
    buffer.extend_from_slice(OUTPUT);
    serde_json::to_writer(&mut *buffer, text).expect("a vector takes any string");
    let stamp = format!(",\"ts\":{}.{:06}}}\n", now.as_secs(), now.subsec_micros());
    buffer.extend_from_slice(stamp.as_bytes());
}

/// The part of a log line that a reader gets, `{"type":"output","data":"…"}`, appended to a buffer.
///
/// False when the line is no output record. Logs of the original program are understood too.
pub(super) fn push_element(line: &[u8], buffer: &mut Vec<u8>) -> bool {
    let Some(data) = data(line) else {
        return false;
    };
    buffer.extend_from_slice(OUTPUT);
    buffer.extend_from_slice(data);
    buffer.push(b'}');
    true
}

/// Appends such an element with a text of its own.
pub(super) fn push_text(text: &str, buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(OUTPUT);
    serde_json::to_writer(&mut *buffer, text).expect("a vector takes any string");
    buffer.push(b'}');
}

/// Appends the element that stands for output left out: how many bytes, and what is to be said of it.
pub(super) fn push_omitted(bytes: u64, said: &str, buffer: &mut Vec<u8>) {
    #[derive(Serialize)]
    struct Omitted<'a> {
        r#type: &'a str,
        bytes: u64,
        data: &'a str,
    }
    let omitted = Omitted {
        r#type: "omitted",
        bytes,
        data: said,
    };
    serde_json::to_writer(buffer, &omitted).expect("a vector takes any string");
}

/// The text of an output record; none when the line is none, or holds half a surrogate pair.
pub(super) fn text(line: &[u8]) -> Option<String> {
    serde_json::from_slice(data(line)?).ok()
}

/// How many bytes the text of an output record has, without making it.
pub(super) fn text_length(line: &[u8]) -> u64 {
    let quoted = data(line).unwrap_or_default();
    let mut rest = quoted
        .get(1..quoted.len().saturating_sub(1))
        .unwrap_or_default();
    let mut length = 0;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (used, meant) = escape(&rest[at..]);
        length += at + meant;
        rest = rest.get(at + used..).unwrap_or_default();
    }
    (length + rest.len()) as u64
}

/// How long an escape is, and how many bytes of UTF-8 it stands for.
fn escape(text: &[u8]) -> (usize, usize) {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    };
    match unit(0) {
        None => (2, 1),
        Some(0xd800..0xdc00) if matches!(unit(6), Some(0xdc00..0xe000)) => (12, 4),
        Some(unit) => (6, char::from_u32(unit).map_or(3, char::len_utf8)),
    }
}

/// Whether the text of an output record ends with a line's end.
pub(super) fn ends_line(line: &[u8]) -> bool {
    let text = data(line).and_then(|quoted| quoted.strip_suffix(b"\""));
    // Others may write the line's end by its number.
    let ends = [&b"n"[..], b"u000a", b"u000A"];
    let before = text.and_then(|text| ends.iter().find_map(|end| text.strip_suffix(*end)));
    let backslashes = before.map_or(0, |text| {
        text.iter().rev().take_while(|byte| **byte == b'\\').count()
    });
    backslashes % 2 == 1
}

/// The text of an output record as it is written in the line, quotes and escapes included.
fn data(line: &[u8]) -> Option<&[u8]> {
    #[derive(Deserialize)]
    struct Foreign<'a> {
        r#type: &'a str,
        #[serde(borrow)]
        data: Option<&'a serde_json::value::RawValue>,
    }
    if line.starts_with(OUTPUT) {
        // The time is last and short; a comma inside the text is before its closing quote.
        if let Some(data) = memchr::memrchr(b',', line).and_then(|end| line.get(OUTPUT.len()..end))
        {
            return Some(data.trim_ascii());
        }
    }
    if line.starts_with(br#"{"type":"#)
        && is_output(line)
        && let Ok(Foreign {
            r#type: "output",
            data: Some(data),
        }) = serde_json::from_slice(line)
    {
        return Some(data.get().as_bytes());
    }
    None
}

/// Whether a log line is an output record.
pub(super) fn is_output(line: &[u8]) -> bool {
    line.starts_with(OUTPUT) || line.starts_with(br#"{"type": "output", "data": "#)
}

/// What a log says of itself besides its output.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Other {
    /// `start`, `end` or `log_rotated`.
    pub(super) r#type: String,
    pub(super) command: String,
    pub(super) user: Option<String>,
    pub(super) session: Option<String>,
    pub(super) exit_code: Option<i32>,
    pub(super) killed: bool,
    pub(super) usage: Option<Spent>,
    pub(super) limit: Option<Struck>,
    pub(super) offset: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_output_record_gives_its_text_back_without_the_time() {
        let mut line = Vec::new();
        push_output(&mut line, "a,\"ts\":1\n\u{0}é");
        let mut element = Vec::new();
        assert!(push_element(&line, &mut element));
        let value: serde_json::Value = serde_json::from_slice(&element).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"type": "output", "data": "a,\"ts\":1\n\u{0}é"})
        );
    }

    #[test]
    fn the_original_programs_records_are_understood() {
        let mut element = Vec::new();
        assert!(push_element(
            br#"{"type": "output", "data": "h\u00e9", "ts": 1.5}"#,
            &mut element
        ));
        assert_eq!(element, br#"{"type":"output","data":"h\u00e9"}"#);
        assert!(!push_element(
            br#"{"type": "end", "exit_code": 0, "ts": 1.5}"#,
            &mut element
        ));
        assert!(!push_element(b"not json", &mut element));
        for (data, ends) in [
            (r"a\n", true),
            (r"a\u000a", true),
            (r"\u000A", true),
            (r"a\\n", false),
            (r"a\\u000a", false),
            (r"au000a", false),
        ] {
            let line = format!(r#"{{"type": "output", "data": "{data}", "ts": 1.5}}"#);
            assert_eq!(ends_line(line.as_bytes()), ends, "{data}");
        }
    }

    /// A line as the original program writes it: everything beyond ASCII escaped.
    fn foreign(text: &str) -> Vec<u8> {
        let mut data = String::new();
        for unit in text.encode_utf16() {
            match u8::try_from(unit) {
                Ok(byte @ (b' ' | b'a'..=b'z')) => data.push(char::from(byte)),
                Ok(b'\n') => data.push_str("\\n"),
                Ok(b'\\') => data.push_str("\\\\"),
                _ => data.extend(format!("\\u{unit:04x}").chars()),
            }
        }
        format!(r#"{{"type": "output", "data": "{data}", "ts": 1.5}}"#).into_bytes()
    }

    proptest! {
        #[test]
        fn a_text_is_measured_without_being_made(text_ in "[a\\\\n\\n\"\u{0}é日😀,]{0,20}") {
            let mut ours = Vec::new();
            push_output(&mut ours, &text_);
            for line in [ours, foreign(&text_)] {
                prop_assert_eq!(text_length(&line), text_.len() as u64);
                let found = text(&line);
                prop_assert_eq!(found.as_deref(), Some(&*text_));
                prop_assert_eq!(ends_line(&line), text_.ends_with('\n'));
            }
        }
    }
}
