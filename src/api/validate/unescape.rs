//! The text that a JSON string stands for (RFC 8259, 7), taken over in one go.
//!
//! What models write is mostly one long string, so it is not copied more often than it must be.

use memchr::memchr;

/// The text of `raw`, a valid JSON string with its quotes; none when it has half a surrogate pair.
pub(super) fn unescape(raw: &str) -> Option<String> {
    let mut rest = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(rest.len());
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        let (meant, length) = escape(&rest[at + 1..])?;
        text.push(meant);
        rest = &rest[at + 1 + length..];
    }
    text.push_str(rest);
    Some(text)
}

/// The character that an escape means, and the bytes it takes after the backslash.
fn escape(rest: &str) -> Option<(char, usize)> {
    let meant = match rest.as_bytes().first()? {
        b'u' => return unicode(rest),
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        byte => char::from(*byte),
    };
    Some((meant, 1))
}

/// `uXXXX`, or two of them that are a surrogate pair.
fn unicode(rest: &str) -> Option<(char, usize)> {
    let first = unit(rest)?;
    if let Some(meant) = char::from_u32(first) {
        return Some((meant, 5));
    }
    let second = unit(rest.get(5..)?.strip_prefix('\\')?)?;
    let pair = (0xD800..0xDC00).contains(&first) && (0xDC00..0xE000).contains(&second);
    let code = 0x10000 + ((first & 0x3FF) << 10 | second & 0x3FF);
    Some((char::from_u32(code).filter(|_| pair)?, 11))
}

fn unit(rest: &str) -> Option<u32> {
    u32::from_str_radix(rest.strip_prefix('u')?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_become_the_characters_they_stand_for() {
        for (raw, text) in [
            (r#""""#, Some("")),
            (r#""a\n\t\r\b\f\"\\\/é""#, Some("a\n\t\r\u{8}\u{c}\"\\/é")),
            (r#""\u00e9\uD83D\uDE00\u0000""#, Some("é😀\0")),
            (r#""\ud800""#, None),
            (r#""\udc00\ud800""#, None),
            (r#""\ud800x""#, None),
            (r#""\ud800\n""#, None),
            (r#""\ud800\u0041""#, None),
        ] {
            assert_eq!(unescape(raw).as_deref(), text, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn it_is_what_serde_reads(inside in r#"(\\[nrtbf"/\\]|\\u[0-9a-fA-F]{4}|\\u[dD][89a-fA-F][0-9a-f]{2}|[a-z é😀]){0,12}"#) {
            let raw = format!("\"{inside}\"");
            prop_assert_eq!(unescape(&raw), serde_json::from_str::<String>(&raw).ok());
        }
    }
}
