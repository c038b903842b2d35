//! Names in JSON: every file name as text, and back again, also those that are not UTF-8.
//!
//! Linux names are bytes; JSON is text. A byte that belongs to no UTF-8 character is shown as one
//! character of the private range U+EF80 to U+EFFF: the byte 0xE9 as U+EFE9. Such a text names the
//! same file when it comes back. A name that really has characters of that range in it is shown with
//! their bytes taken one by one, so that no two names look alike.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Added to a byte from 0x80 up, it gives the character that stands for it.
const BASE: u32 = 0xEF00;

/// How a path is told to clients.
pub fn shown(path: &Path) -> Cow<'_, str> {
    match path.to_str() {
        Some(text) if !text.chars().any(|c| byte(c).is_some()) => Cow::Borrowed(text),
        _ => Cow::Owned(spelled(path.as_os_str().as_bytes())),
    }
}

/// The path that a client's text names.
pub fn meant(text: &str) -> Cow<'_, Path> {
    if !text.chars().any(|c| byte(c).is_some()) {
        return Cow::Borrowed(Path::new(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match byte(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(PathBuf::from(OsString::from_vec(bytes)))
}

/// The same for one name of a directory's entry.
pub fn shown_name(name: &OsStr) -> Cow<'_, str> {
    shown(Path::new(name))
}

fn spelled(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if byte(c).is_some() {
                text.extend(c.encode_utf8(&mut [0; 4]).bytes().map(stand_in));
            } else {
                text.push(c);
            }
        }
        text.extend(chunk.invalid().iter().copied().map(stand_in));
    }
    text
}

/// The character for a byte from 0x80 up; bytes below never need one.
fn stand_in(byte: u8) -> char {
    char::from_u32(BASE + u32::from(byte)).expect("the range has no surrogates")
}

/// The byte a character stands for, if it does.
fn byte(c: char) -> Option<u8> {
    let byte = u8::try_from(u32::from(c).checked_sub(BASE)?).ok()?;
    (byte >= 0x80).then_some(byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(bytes: &[u8]) -> &Path {
        Path::new(OsStr::from_bytes(bytes))
    }

    #[test]
    fn a_name_is_told_as_it_is_when_it_is_text() {
        for name in ["a.txt", "café 日本 😀", "", "new\nline", "\u{ef7f}\u{f000}"] {
            assert_eq!(shown(Path::new(name)), name);
            assert_eq!(meant(name).as_ref(), Path::new(name));
        }
    }

    #[test]
    fn bytes_that_are_no_text_get_characters_of_their_own() {
        assert_eq!(shown(path(b"caf\xe9.txt")), "caf\u{efe9}.txt");
        assert_eq!(meant("caf\u{efe9}.txt").as_ref(), path(b"caf\xe9.txt"));
        assert_eq!(
            shown(Path::new("\u{efe9}")),
            "\u{efee}\u{efbf}\u{efa9}",
            "the character itself is spelled out"
        );
    }

    proptest! {
        #[test]
        fn every_name_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let text = shown(path(&bytes)).into_owned();
            let back = meant(&text);
            prop_assert_eq!(back.as_os_str().as_bytes(), &bytes[..]);
        }

        #[test]
        fn no_two_names_look_alike(a in "[\u{efe8}-\u{efea}é]{0,4}", b in proptest::collection::vec(0xbeu8..=0xefu8, 0..9)) {
            let (a, b) = (Path::new(&a), path(&b));
            prop_assert_eq!(shown(a) == shown(b), a == b);
        }
    }
}
