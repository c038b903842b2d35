//! A stream and its repaint show the same.

mod folding;
mod judge;
mod recordings;
mod shown;
mod streams;
mod xterm;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use emulation::Parts;

/// Changes of the window within a stream.
type Sizes = [(usize, Size)];

/// A terminal's state after a repaint and what follows it.
fn state(lines: usize, size: Size, painted: &[u8], stream: &[u8], sizes: &Sizes) -> String {
    let mut emulation = Emulation::new(size, lines);
    emulation.feed(painted);
    let mut done = 0;
    for &(position, size) in sizes {
        emulation.feed(&stream[done..position]);
        emulation.resize(size, true);
        done = position;
    }
    emulation.feed(&stream[done..]);
    let Parts { rows, state, rest } = emulation.parts();
    let [rows, state, rest] = [rows, state, rest].map(|part| part.escape_ascii().to_string());
    format!("{rows}\n{state}\n{rest}")
}

/// A stream cut in two, with the changes of the window in each part.
struct Cut<'a> {
    before: (&'a [u8], Vec<(usize, Size)>),
    after: (&'a [u8], Vec<(usize, Size)>),
    size: Size,
}

fn cut<'a>(size: Size, stream: &'a [u8], sizes: &Sizes, at: Index) -> Cut<'a> {
    let at = at.index(stream.len() + 1);
    let before: Vec<_> = sizes
        .iter()
        .copied()
        .filter(|(position, _)| *position <= at)
        .collect();
    let after = sizes.iter().filter(|(position, _)| *position > at);
    Cut {
        size: before.last().map_or(size, |(_, size)| *size),
        before: (&stream[..at], before),
        after: (
            &stream[at..],
            after
                .map(|(position, size)| (position - at, *size))
                .collect(),
        ),
    }
}

fn follows_repaint(lines: usize, size: Size, stream: &[u8], sizes: &Sizes, at: Index) {
    let wanted = state(lines, size, b"", stream, sizes);
    let cut = cut(size, stream, sizes, at);
    let painted = draw(&Checkpoint::fresh(size), cut.before.0, &cut.before.1, lines);
    let shown = state(lines, cut.size, &painted, cut.after.0, &cut.after.1);
    assert_eq!(shown, wanted, "painted: {}", painted.escape_ascii());
}

/// Without lines above the screen: what is folded has none, so that none come back when it grows.
fn survives_folding(size: Size, stream: &[u8], sizes: &Sizes, cuts: [Index; 2]) {
    let wanted = state(0, size, b"", stream, sizes);
    let last = cut(size, stream, sizes, cuts[0]);
    let first = cut(size, last.before.0, &last.before.1, cuts[1]);
    let checkpoint = Checkpoint::fresh(size)
        .follow(first.before.0, &first.before.1)
        .follow(first.after.0, &first.after.1);
    let painted = draw(&checkpoint, last.after.0, &last.after.1, 0);
    let end = sizes.last().map_or(size, |(_, size)| *size);
    let shown = state(0, end, &painted, b"", &[]);
    assert_eq!(shown, wanted, "painted: {}", painted.escape_ascii());
}

/// A window of any size that a client may ask for.
fn any_size() -> impl Strategy<Value = Size> {
    let length = || prop_oneof![4 => 1u16..40, 1 => Just(1), 1 => Just(1000), 1 => Just(65535)];
    let sizes = (length(), length()).prop_map(|(cols, rows)| Size { cols, rows });
    sizes.prop_filter("small enough to be quick", |size| {
        u32::from(size.cols) * u32::from(size.rows) <= 65_535
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn output_goes_on_after_a_repaint(
        size in streams::size(),
        (stream, sizes) in streams::resized(streams::anything()),
        at: Index,
        lines in prop::sample::select(vec![0, 3, 5000]),
    ) {
        follows_repaint(lines, size, &stream, &sizes, at);
    }

    #[test]
    fn folding_loses_nothing(
        size in streams::size(),
        (stream, sizes) in streams::resized(streams::anything()),
        cuts: [Index; 2],
    ) {
        survives_folding(size, &stream, &sizes, cuts);
    }

    #[test]
    fn what_scrolls_off_can_be_left_out(
        size in streams::size(),
        (stream, sizes) in streams::resized(streams::flood()),
        cuts: [Index; 2],
        lines in prop::sample::select(vec![0, 3, 5000]),
    ) {
        survives_folding(size, &stream, &sizes, cuts);
        follows_repaint(lines, size, &stream, &sizes, cuts[1]);
    }

    #[test]
    fn no_stream_is_too_much(
        size in any_size(),
        stream in prop::collection::vec(any::<u8>(), 0..600),
        (rest, sizes) in streams::resized(streams::anything()),
        wide in any_size(),
    ) {
        let checkpoint = Checkpoint::fresh(size).follow(&stream, &[(stream.len() / 2, wide)]);
        let painted = draw(&checkpoint, &rest, &sizes, 100);
        prop_assert!(painted.starts_with(b"\x1bc"));
    }
}
