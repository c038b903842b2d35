//! Input escapes: what a client types into a command, with `\n`, `\x03` and the like meant as keys.
//!
//! The notation is that of a Python string literal, since that is what clients of this API write.
//! Anything that is no escape in that notation, or an unfinished one, is passed on as it stands.

/// The bytes to type for `text`: escapes replaced, everything as UTF-8.
pub fn decode(text: &str) -> Vec<u8> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match escape(rest) {
            Some((meaning, used)) => {
                out.extend(meaning);
                rest = &rest[used..];
            }
            None => out.push('\\'),
        }
    }
    out.push_str(rest);
    out.into_bytes()
}

/// What follows a backslash: the character meant, if any, and how many bytes of `rest` that took.
/// None when it is no complete escape.
fn escape(rest: &str) -> Option<(Option<char>, usize)> {
    let plain = |meaning| Some((Some(meaning), 1));
    match rest.as_bytes().first()? {
        b'\n' => Some((None, 1)),
        b'\\' => plain('\\'),
        b'\'' => plain('\''),
        b'"' => plain('"'),
        b'a' => plain('\x07'),
        b'b' => plain('\x08'),
        b'f' => plain('\x0c'),
        b'n' => plain('\n'),
        b'r' => plain('\r'),
        b't' => plain('\t'),
        b'v' => plain('\x0b'),
        b'0'..=b'7' => octal(rest),
        b'x' => code_point(rest, 2),
        b'u' => code_point(rest, 4),
        b'U' => code_point(rest, 8),
        b'N' => named(rest),
        _ => None,
    }
}

/// Up to three octal digits.
fn octal(rest: &str) -> Option<(Option<char>, usize)> {
    let digits = rest
        .bytes()
        .take(3)
        .take_while(|b| matches!(b, b'0'..=b'7'));
    let used = digits.count();
    let value = u32::from_str_radix(&rest[..used], 8).ok()?;
    Some((Some(char::from_u32(value)?), used))
}

/// A letter and `width` hexadecimal digits; the two halves of a surrogate pair make one character.
fn code_point(rest: &str, width: usize) -> Option<(Option<char>, usize)> {
    let value = hex(rest.get(1..=width)?)?;
    let used = 1 + width;
    if let Some(meaning) = char::from_u32(value) {
        return Some((Some(meaning), used));
    }
    let (low, more) = low_surrogate(&rest[used..])?;
    let high = value.checked_sub(0xd800).filter(|high| *high < 0x400)?;
    let joined = 0x1_0000 + (high << 10) + (low - 0xdc00);
    Some((Some(char::from_u32(joined)?), used + more))
}

/// The second half of a surrogate pair, written as an escape of its own.
fn low_surrogate(rest: &str) -> Option<(u32, usize)> {
    let width = match rest.as_bytes().get(..2)? {
        b"\\u" => 4,
        b"\\U" => 8,
        _ => return None,
    };
    let value = hex(rest.get(2..2 + width)?)?;
    (0xdc00..0xe000)
        .contains(&value)
        .then_some((value, 2 + width))
}

/// `N{NAME}`, a character by its Unicode name.
fn named(rest: &str) -> Option<(Option<char>, usize)> {
    let name = rest.strip_prefix("N{")?;
    let end = name.find('}')?;
    let name = &name[..end];
    // No name does, and the look-up cannot take one that begins so.
    if name.starts_with('-') {
        return None;
    }
    let meaning = unicode_names2::character(name)?;
    Some((Some(meaning), end + 3))
}

/// The value of hexadecimal digits, without the sign that number parsing would let through.
fn hex(digits: &str) -> Option<u32> {
    let all = digits.bytes().all(|b| b.is_ascii_hexdigit());
    all.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::decode;
    use proptest::prelude::*;

    fn text(input: &str) -> String {
        String::from_utf8(decode(input)).expect("always UTF-8")
    }

    #[test]
    fn escapes_become_the_characters_they_name() {
        for (typed, meant) in [
            (r"a\nb\t\r", "a\nb\t\r"),
            (r"\a\b\f\v", "\x07\x08\x0c\x0b"),
            (r#"\'\"\\"#, "'\"\\"),
            (r"\x41\x03\xe9", "A\x03é"),
            (r"\101\0102\7", "A\u{8}2\x07"),
            (r"\777", "\u{1ff}"),
            (r"\u00e9\u65e5", "é日"),
            (r"\U0001f600", "😀"),
            (r"\N{SNOWMAN}\N{latin small letter a}", "☃a"),
            ("one\\\ntwo", "onetwo"),
            (r"C:\new\table", "C:\new\table"),
            (r"\\n", r"\n"),
        ] {
            assert_eq!(text(typed), meant, "{typed}");
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for typed in [
            r"\q",
            r"\8",
            r"end\",
            r"\x4",
            r"\xg1",
            r"\x+1",
            r"\u12",
            r"\U0011",
            r"\U00110000",
            r"\N{nope}",
            r"\N{-nope}",
            r"\N{ -}",
            r"\N{SNOWMAN",
            r"\N",
            "\\é",
            r"\u+123",
        ] {
            assert_eq!(text(typed), typed);
        }
    }

    #[test]
    fn surrogate_pairs_join_and_lone_ones_stay() {
        assert_eq!(text(r"\ud83d\ude00\n"), "😀\n");
        assert_eq!(text(r"\U0000d83d\ude00"), "😀");
        assert_eq!(text(r"\ud83d alone"), r"\ud83d alone");
        assert_eq!(text(r"\ude00\ud83d"), r"\ude00\ud83d");
        assert_eq!(text(r"\ud83d\ud83d\ude00"), "\\ud83d😀");
    }

    proptest! {
        #[test]
        fn never_panics(input in r"(\\[abfnrtvxuUN0-9{}A-F\n]{0,10}|.){0,20}") {
            drop(text(&input));
        }

        #[test]
        fn without_a_backslash_nothing_changes(input in r"[^\\]*") {
            prop_assert_eq!(text(&input), input);
        }
    }
}
