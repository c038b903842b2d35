//! Tests of the scanner: cutting makes no difference, and it finds what a look at the whole finds.

use super::super::lines;
use super::super::lines::tests::broken_text;
use super::*;
use proptest::prelude::*;

fn scanned(pieces: &[&[u8]], wanted: &[u64]) -> Result<Scanned, NotUtf8> {
    let mut scanner = Scanner::new(wanted);
    for piece in pieces {
        scanner.push(piece)?;
    }
    scanner.finish()
}

/// What a look at the whole text finds.
fn plainly(bytes: &[u8], wanted: &[u64]) -> Result<Scanned, NotUtf8> {
    let text = std::str::from_utf8(bytes).map_err(|_| NotUtf8)?;
    let start = |line: u64| {
        let before = usize::try_from(line).unwrap() - 1;
        let at: usize = lines(text).take(before).map(str::len).sum();
        (lines(text).count() > before).then_some(at as u64)
    };
    Ok(Scanned {
        lines: lines(text).count() as u64,
        size: bytes.len() as u64,
        starts: wanted.iter().copied().map(start).collect(),
    })
}

/// The bytes cut into pieces whose lengths repeat `lengths`.
fn cut<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at((*length).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

#[test]
fn a_break_cut_in_two_counts_once() {
    for text in ["a\r\nb", "a\u{85}b", "a\u{2028}b", "\r\n", "a\r\n\r\nb\r\n"] {
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(
            scanned(&pieces, &[1, 2, 3]),
            plainly(text.as_bytes(), &[1, 2, 3]),
            "{text:?}"
        );
    }
}

#[test]
fn long_text_is_counted_whole() {
    // Longer than a step and than what a vector's lanes hold, with breaks at every place.
    let text = "\r\n\n\u{2028}\u{85}x".repeat(9001);
    let wanted = [1, 2, 777, 20_000, 36_004, 36_005, 36_006];
    let whole = plainly(text.as_bytes(), &wanted).unwrap();
    assert_eq!(whole.lines, 4 * 9001 + 1);
    for size in [1, 2, 3, 7, 8192, STEP + 1, usize::MAX] {
        assert_eq!(
            scanned(&cut(text.as_bytes(), &[size]), &wanted).unwrap(),
            whole,
            "pieces of {size}"
        );
    }
    let breaks = "\n".repeat(100_000);
    assert_eq!(scanned(&[breaks.as_bytes()], &[]).unwrap().lines, 100_000);
}

#[test]
fn an_unfinished_character_is_no_text() {
    assert_eq!(scanned(&[b"a\xe2\x80"], &[]), Err(NotUtf8));
    assert_eq!(scanned(&[b"\xf0", b"\x9f"], &[]), Err(NotUtf8));
    assert_eq!(scanned(&[b"\xc2", b"a"], &[]), Err(NotUtf8));
    assert_eq!(scanned(&[b"\xff"], &[]), Err(NotUtf8));
}

proptest! {
    #[test]
    fn cutting_makes_no_difference(
        text in broken_text(),
        lengths in proptest::collection::vec(1..9_usize, 1..4),
        wanted in proptest::collection::vec(1..20_u64, 0..4),
    ) {
        let found = scanned(&cut(text.as_bytes(), &lengths), &wanted);
        prop_assert_eq!(found, plainly(text.as_bytes(), &wanted));
    }

    #[test]
    fn bytes_are_text_when_the_whole_is(
        bytes in proptest::collection::vec(prop_oneof![
            Just(b'a'), 0x80..=0xbfu8, Just(0xc2), Just(0xe0), Just(0xed), Just(0xf0), Just(0xf4), any::<u8>(),
        ], 0..9),
        lengths in proptest::collection::vec(1..5_usize, 1..3),
    ) {
        prop_assert_eq!(scanned(&cut(&bytes, &lengths), &[2]), plainly(&bytes, &[2]));
    }
}
