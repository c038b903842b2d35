//! Bytes of a terminal as text: characters cut between two reads are put together again.

use std::borrow::Cow;

/// Decodes UTF-8 that arrives in pieces; what is not UTF-8 becomes U+FFFD.
#[derive(Debug, Default)]
pub(in crate::exec) struct Decoder {
    /// The beginning of a character whose end has not come yet: at most three bytes.
    partial: Vec<u8>,
}

impl Decoder {
    /// The text of the next bytes, as far as its characters are complete.
    pub(in crate::exec) fn decode<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, str> {
        if self.partial.is_empty() {
            let kept = bytes.len() - incomplete_tail(bytes);
            self.partial.extend_from_slice(&bytes[kept..]);
            return String::from_utf8_lossy(&bytes[..kept]);
        }
        let mut whole = std::mem::take(&mut self.partial);
        whole.extend_from_slice(bytes);
        let kept = whole.len() - incomplete_tail(&whole);
        self.partial.extend_from_slice(&whole[kept..]);
        Cow::Owned(String::from_utf8_lossy(&whole[..kept]).into_owned())
    }

    /// What remains when nothing more will come: a cut character is one U+FFFD.
    pub(in crate::exec) fn finish(&mut self) -> Option<&'static str> {
        let cut = !self.partial.is_empty();
        self.partial = Vec::new();
        cut.then_some("\u{fffd}")
    }
}

/// How many bytes at the end begin a character without completing it.
fn incomplete_tail(bytes: &[u8]) -> usize {
    // A character has at most four bytes, so its beginning is among the last three.
    let last = bytes.len().saturating_sub(3);
    for start in last..bytes.len() {
        let tail = &bytes[start..];
        if tail[0] >= 0xC2
            && matches!(std::str::from_utf8(tail), Err(e) if e.valid_up_to() == 0 && e.error_len().is_none())
        {
            return tail.len();
        }
    }
    0
}

/// Cuts text into pieces of at most this many bytes, never inside a character.
pub(super) fn pieces(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.len().min(most.max(4));
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_cutting_of_text_gives_the_text(text in "\\PC{0,60}", cuts in prop::collection::vec(0_usize..200, 0..8)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c % (bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut decoder = Decoder::default();
            let mut out = String::new();
            for pair in cuts.windows(2) {
                out.push_str(&decoder.decode(&bytes[pair[0]..pair[1]]));
            }
            prop_assert_eq!(decoder.finish(), None);
            prop_assert_eq!(out, text);
        }

        #[test]
        fn any_bytes_read_one_by_one_give_what_they_give_at_once(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut decoder = Decoder::default();
            let mut out = String::new();
            for byte in &bytes {
                out.push_str(&decoder.decode(&[*byte]));
            }
            out.push_str(decoder.finish().unwrap_or_default());
            prop_assert_eq!(out, String::from_utf8_lossy(&bytes).into_owned());
        }

        #[test]
        fn pieces_join_to_the_whole(text in "\\PC{0,100}", most in 1_usize..20) {
            let all: Vec<&str> = pieces(&text, most).collect();
            prop_assert!(all.iter().all(|p| p.len() <= most.max(4)));
            prop_assert_eq!(all.concat(), text);
        }
    }
}
