//! Access: what the first message of a client must say, and whose terminals it may attach to then.

use std::sync::Arc;

use axum::http::Uri;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use crate::api::query;
use crate::workspace::Owner;

/// No first message is longer, in bytes.
const LONGEST: usize = 64 * 1024;

/// What a first message must be. Such texts travel in close frames, which hold 123 bytes.
pub(super) const EXPECTED: &str = "the first message must be a text frame {\"type\":\"auth\",\"token\":KEY}, sent within 10 seconds";
const WRONG_KEY: &str = "the token is wrong: it must be the API key of this server";
const WRONG_MODE: &str = "mode is view or write";

/// What the first message asks for.
#[derive(Debug, PartialEq)]
pub(super) struct Auth {
    /// The chat it names.
    pub(super) chat: Option<Arc<str>>,
    /// Whether it only looks on.
    pub(super) view: bool,
    /// Whether it speaks of `since`, and so expects a repaint frame where there is a repaint.
    pub(super) counts: bool,
    /// The byte to go on from.
    pub(super) since: Option<u64>,
}

impl Auth {
    /// Reads a first message; if it lets nobody in, says why.
    pub(super) fn read(text: &str, key: &[u8]) -> Result<Self, &'static str> {
        if text.len() > LONGEST {
            return Err(EXPECTED);
        }
        let message: Map<String, Value> = serde_json::from_str(text).map_err(|_| EXPECTED)?;
        let text = |name| message.get(name).and_then(Value::as_str);
        let token = text("token").filter(|_| text("type") == Some("auth"));
        let token = token.ok_or(EXPECTED)?;
        if !bool::from(token.as_bytes().ct_eq(key)) {
            return Err(WRONG_KEY);
        }
        let view = match message.get("mode") {
            None | Some(Value::Null) => false,
            Some(mode) => match mode.as_str() {
                Some("write") => false,
                Some("view") => true,
                // Who meant to look on would type instead.
                _ => return Err(WRONG_MODE),
            },
        };
        Ok(Self {
            chat: text("chat_id")
                .filter(|chat| !chat.is_empty())
                .map(Arc::from),
            view,
            counts: message.contains_key("since"),
            since: message.get("since").and_then(Value::as_u64),
        })
    }
}

/// Who a client is by its request: the headers count (`by_headers`), else the address names the user.
pub(super) fn visitor(by_headers: Owner, uri: &Uri) -> Owner {
    let user = || {
        let users = query::values(uri.query().unwrap_or(""), "user_id");
        users
            .into_iter()
            .next_back()
            .filter(|user| !user.is_empty())
    };
    Owner {
        user: by_headers.user.or_else(|| user().map(Arc::from)),
        ..by_headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Auth, &'static str> {
        Auth::read(text, b"k-1")
    }

    fn with(members: &str) -> Result<Auth, &'static str> {
        read(&format!("{{\"type\":\"auth\",\"token\":\"k-1\"{members}}}"))
    }

    #[test]
    fn the_key_lets_in() {
        let plain = Auth {
            chat: None,
            view: false,
            counts: false,
            since: None,
        };
        assert_eq!(with(""), Ok(plain));
        assert!(with(",\"new\":{\"a\":[1]}").is_ok());
        assert!(Auth::read(r#"{"token":"clé","type":"auth"}"#, "clé".as_bytes()).is_ok());
    }

    #[test]
    fn nothing_else_does() {
        for text in [
            "",
            "k-1",
            "\"k-1\"",
            "null",
            "[]",
            "{}",
            r#"{"token":"k-1"}"#,
            r#"{"type":"auth"}"#,
            r#"{"type":"auth","token":null}"#,
            r#"{"type":"auth","token":5}"#,
            r#"{"type":"auth","token":["k-1"]}"#,
            r#"{"type":"hello","token":"k-1"}"#,
            r#"{"type":["auth"],"token":"k-1"}"#,
            r#"{"type":"auth","token":"k-1""#,
            r#"{"type":"resize","cols":1,"rows":1}"#,
        ] {
            assert_eq!(read(text), Err(EXPECTED), "{text}");
        }
        for token in ["", "k-", "k-11", "K-1", "wrong", " k-1"] {
            let text = format!("{{\"type\":\"auth\",\"token\":\"{token}\"}}");
            assert_eq!(read(&text), Err(WRONG_KEY), "{token}");
        }
        assert_eq!(with(&" ".repeat(LONGEST)), Err(EXPECTED));
    }

    #[test]
    fn a_place_in_the_stream_is_a_whole_number() {
        let since = |value: &str| {
            let auth = with(&format!(",\"since\":{value}")).unwrap();
            assert!(auth.counts, "{value}");
            auth.since
        };
        assert_eq!(since("0"), Some(0));
        assert_eq!(since("18446744073709551615"), Some(u64::MAX));
        for value in [
            "null",
            "-1",
            "1.5",
            "1e3",
            "\"7\"",
            "true",
            "[7]",
            "18446744073709551616",
        ] {
            assert_eq!(since(value), None, "{value}");
        }
    }

    #[test]
    fn who_means_to_look_on_does_not_type_by_mistake() {
        assert!(with(",\"mode\":\"view\"").unwrap().view);
        for mode in ["\"write\"", "null"] {
            assert!(!with(&format!(",\"mode\":{mode}")).unwrap().view, "{mode}");
        }
        for mode in ["\"View\"", "\"\"", "\"read\"", "true", "0", "{}"] {
            assert_eq!(
                with(&format!(",\"mode\":{mode}")),
                Err(WRONG_MODE),
                "{mode}"
            );
        }
    }

    #[test]
    fn a_chat_is_named_by_text_that_is_not_empty() {
        let chat = |value: &str| with(&format!(",\"chat_id\":{value}")).unwrap().chat;
        assert_eq!(chat("\"c 1\"").as_deref(), Some("c 1"));
        for value in ["\"\"", "null", "5", "[\"c\"]"] {
            assert_eq!(chat(value), None, "{value}");
        }
    }

    #[test]
    fn the_header_names_the_user_else_the_address() {
        let user = |header: Option<&str>, uri: &str| {
            let by_headers = Owner {
                user: header.map(Arc::from),
                session: Some("s".into()),
            };
            let owner = visitor(by_headers, &uri.parse().unwrap());
            assert_eq!(owner.session.as_deref(), Some("s"));
            owner.user.map(|user| user.to_string())
        };
        assert_eq!(user(Some("h"), "/t?user_id=q").as_deref(), Some("h"));
        assert_eq!(user(None, "/t?user_id=a%20b").as_deref(), Some("a b"));
        assert_eq!(
            user(None, "/t?user_id=1&x=2&user_id=3").as_deref(),
            Some("3")
        );
        assert_eq!(user(None, "/t?user_id="), None);
        assert_eq!(user(None, "/t"), None);
    }

    #[test]
    fn every_reason_fits_a_close_frame() {
        for reason in [EXPECTED, WRONG_KEY, WRONG_MODE] {
            assert!(reason.len() <= 123, "{reason}");
        }
    }
}
