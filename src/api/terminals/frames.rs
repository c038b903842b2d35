//! Control frames: what clients ask for in text frames beside the bytes they type, and what they are told.

use serde_json::{Map, Value, json};

use crate::terminal::{Exit, Signal, Size};

/// The window of a client that asks for another and leaves out how large.
const WINDOW: Size = Size { cols: 80, rows: 24 };
/// Longer ones are no control frames, in bytes.
const LONGEST: usize = 4096;

/// What a client asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Control {
    /// A window of this size.
    Resize(Size),
    /// A signal to what runs in the foreground.
    Signal(Signal),
    /// An answer, with this id if there is one.
    Ping(Option<Value>),
}

impl Control {
    /// Reads a text frame. None when it is nothing we know, or not well formed: such frames do nothing.
    /// Sizes are brought between 1 and `largest`.
    pub(super) fn read(text: &str, largest: u16) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let frame: Map<String, Value> = serde_json::from_str(text).ok()?;
        match frame.get("type")?.as_str()? {
            "resize" => Some(Self::Resize(Size {
                cols: length(frame.get("cols"), WINDOW.cols, largest)?,
                rows: length(frame.get("rows"), WINDOW.rows, largest)?,
            })),
            "signal" => signal(frame.get("signal")?.as_str()?).map(Self::Signal),
            "ping" => {
                let id = frame
                    .get("id")
                    .filter(|id| id.is_string() || id.is_number());
                Some(Self::Ping(id.cloned()))
            }
            _ => None,
        }
    }
}

/// A side of a window. What the kernel's 16 bits cannot hold is a mistake, and no size.
fn length(told: Option<&Value>, left_out: u16, largest: u16) -> Option<u16> {
    let Some(told) = told else {
        return Some(left_out);
    };
    let length = u16::try_from(told.as_u64()?).ok()?;
    Some(length.clamp(1, largest))
}

/// A signal by its name, in any case, with or without `SIG`.
fn signal(name: &str) -> Option<Signal> {
    let name = name.to_ascii_uppercase();
    match name.strip_prefix("SIG").unwrap_or(&name) {
        "INT" => Some(Signal::Int),
        "TERM" => Some(Signal::Term),
        "KILL" => Some(Signal::Kill),
        "HUP" => Some(Signal::Hup),
        "QUIT" => Some(Signal::Quit),
        _ => None,
    }
}

/// The answer to a ping.
pub(super) fn pong(id: Option<Value>) -> String {
    let mut frame = Map::new();
    frame.insert("type".to_owned(), "pong".into());
    if let Some(id) = id {
        frame.insert("id".to_owned(), id);
    }
    Value::from(frame).to_string()
}

/// How the shell ended.
pub(super) fn exit(exit: Exit) -> String {
    json!({ "type": "exit", "code": exit.code, "signal": exit.signal }).to_string()
}

/// That the next `bytes` bytes draw the screen anew, and the stream goes on at `offset` after them.
pub(super) fn repaint(offset: u64, bytes: usize) -> String {
    json!({ "type": "repaint", "offset": offset, "bytes": bytes }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<Control> {
        Control::read(text, 1000)
    }

    fn resized(members: &str) -> Option<(u16, u16)> {
        match read(&format!("{{\"type\":\"resize\"{members}}}"))? {
            Control::Resize(size) => Some((size.cols, size.rows)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_size_left_out_is_the_usual_one() {
        assert_eq!(resized(""), Some((80, 24)));
        assert_eq!(resized(",\"cols\":50"), Some((50, 24)));
        assert_eq!(resized(",\"rows\":10,\"more\":[1]"), Some((80, 10)));
    }

    #[test]
    fn sizes_are_brought_within_bounds() {
        assert_eq!(resized(",\"cols\":120,\"rows\":40"), Some((120, 40)));
        assert_eq!(resized(",\"cols\":0,\"rows\":65535"), Some((1, 1000)));
        assert_eq!(resized(",\"cols\":1000,\"rows\":1001"), Some((1000, 1000)));
        let text = r#"{"type":"resize","cols":65535,"rows":0}"#;
        let size = Size {
            cols: 65535,
            rows: 1,
        };
        assert_eq!(Control::read(text, 65535), Some(Control::Resize(size)));
    }

    #[test]
    fn a_size_that_is_none_resizes_nothing() {
        for size in [
            "-1", "65536", "1e9", "10.5", "10.0", "\"10\"", "null", "true", "[10]", "{}",
        ] {
            assert_eq!(resized(&format!(",\"cols\":{size}")), None, "{size}");
            assert_eq!(
                resized(&format!(",\"cols\":9,\"rows\":{size}")),
                None,
                "{size}"
            );
        }
    }

    #[test]
    fn signals_have_their_usual_names() {
        for (name, expected) in [
            ("INT", Signal::Int),
            ("sigterm", Signal::Term),
            ("Kill", Signal::Kill),
            ("SIGHUP", Signal::Hup),
            ("quit", Signal::Quit),
        ] {
            let text = json!({ "type": "signal", "signal": name }).to_string();
            assert_eq!(read(&text), Some(Control::Signal(expected)), "{name}");
        }
        for name in [
            "\"STOP\"",
            "\"SIG\"",
            "\"SIGSIGINT\"",
            "\"\"",
            "2",
            "null",
            "\"INT \"",
        ] {
            let text = format!("{{\"type\":\"signal\",\"signal\":{name}}}");
            assert_eq!(read(&text), None, "{name}");
        }
        assert_eq!(read("{\"type\":\"signal\"}"), None);
    }

    #[test]
    fn a_pong_has_the_id_of_its_ping() {
        for (members, expected) in [
            ("", r#"{"type":"pong"}"#),
            (",\"id\":7", r#"{"type":"pong","id":7}"#),
            (",\"id\":-1.5", r#"{"type":"pong","id":-1.5}"#),
            (",\"id\":\"a\\\"b\"", r#"{"type":"pong","id":"a\"b"}"#),
            (",\"id\":null", r#"{"type":"pong"}"#),
            (",\"id\":[1]", r#"{"type":"pong"}"#),
        ] {
            match read(&format!("{{\"type\":\"ping\"{members}}}")) {
                Some(Control::Ping(id)) => assert_eq!(pong(id), expected),
                other => panic!("{members}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_control_frame_is_nothing() {
        for text in [
            "",
            "not json",
            "{}",
            "[]",
            "null",
            "5",
            "\"text\"",
            r#"{"type":null}"#,
            r#"{"type":["ping"]}"#,
            r#"{"type":"PING"}"#,
            r#"{"type":"input","data":"x"}"#,
            r#"{"type":"auth","token":"x"}"#,
            r#"{"type":"ping"} x"#,
            "\u{feff}{\"type\":\"ping\"}",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let padded = format!("{{\"type\":\"ping\"{}}}", " ".repeat(LONGEST));
        assert_eq!(read(&padded), None);
        assert_eq!(read(&"[".repeat(LONGEST)), None);
    }

    #[test]
    fn clients_are_told_in_frames_of_their_form() {
        let by_signal = Exit {
            code: -9,
            signal: Some("SIGKILL"),
        };
        assert_eq!(
            exit(by_signal),
            r#"{"type":"exit","code":-9,"signal":"SIGKILL"}"#
        );
        let by_itself = Exit {
            code: 3,
            signal: None,
        };
        assert_eq!(exit(by_itself), r#"{"type":"exit","code":3,"signal":null}"#);
        assert_eq!(repaint(5, 7), r#"{"type":"repaint","offset":5,"bytes":7}"#);
    }

    proptest! {
        #[test]
        fn no_text_does_harm(text in r#"(\{"type":"(resize|signal|ping)",)?["a-z:,0-9\[\]{}.\-]{0,60}"#) {
            if let Some(Control::Resize(size)) = read(&text) {
                prop_assert!((1..=1000).contains(&size.cols) && (1..=1000).contains(&size.rows));
            }
        }
    }
}
