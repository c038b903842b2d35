//! The records of a log, as lines of JSON.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

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
pub(in crate::exec) struct End {
    /// Its status, negative for a signal; none when nobody saw it end.
    pub(in crate::exec) exit_code: Option<i32>,
    /// The name of that signal.
    pub(in crate::exec) signal: Option<&'static str>,
    /// Whether it was ended on purpose.
    pub(in crate::exec) killed: bool,
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

impl End {
    /// The whole line; `log_rotated` says whether the log has lost its beginning.
    pub(super) fn line(&self, log_rotated: bool) -> Vec<u8> {
        #[derive(Serialize)]
        struct Record {
            exit_code: Option<i32>,
            log_rotated: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            signal: Option<&'static str>,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            killed: bool,
        }
        let Self {
            exit_code,
            signal,
            killed,
        } = *self;
        line(
            "end",
            Record {
                exit_code,
                log_rotated,
                signal,
                killed,
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
    #[derive(Deserialize)]
    struct Foreign<'a> {
        r#type: &'a str,
        #[serde(borrow)]
        data: Option<&'a serde_json::value::RawValue>,
    }
    if line.starts_with(OUTPUT) {
        // The time is last and short; a comma inside the text is before its closing quote.
        if let Some(end) = memchr::memrchr(b',', line) {
            buffer.extend_from_slice(&line[..end]);
            buffer.push(b'}');
            return true;
        }
    }
    if line.starts_with(br#"{"type":"#)
        && is_output(line)
        && let Ok(Foreign {
            r#type: "output",
            data: Some(data),
        }) = serde_json::from_slice(line)
    {
        buffer.extend_from_slice(OUTPUT);
        buffer.extend_from_slice(data.get().as_bytes());
        buffer.push(b'}');
        return true;
    }
    false
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
    pub(super) offset: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
