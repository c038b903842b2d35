//! Streams that programs might write, and some that none should.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::Size;

/// A piece of a stream.
type Piece = BoxedStrategy<Vec<u8>>;

fn piece(strategy: impl Strategy<Value = String> + 'static) -> Piece {
    strategy.prop_map(String::into_bytes).boxed()
}

fn one_of(texts: &'static [&'static str]) -> Piece {
    piece(prop::sample::select(texts).prop_map(str::to_owned))
}

/// Words and line ends.
fn text() -> Piece {
    let wide = ["漢字", "한국어", "カナ"];
    let control = ["\n", "\x0b", "\x0c", "\x08", "\t"];
    prop_oneof![
        8 => words(),
        1 => piece(prop::sample::select([&wide[..], &control].concat()).prop_map(str::to_owned)),
    ]
    .boxed()
}

/// Those that all terminals understand alike, whatever is done to them then.
fn words() -> Piece {
    prop_oneof![
        6 => piece("[a-zA-Z0-9 .:/-]{1,30}"),
        2 => one_of(&["\r\n", "\r\n", "\r\n", "\r", "\r\t", "\x07"]),
        1 => one_of(&["é", "ß", "│"]),
    ]
    .boxed()
}

/// Colours and other looks of text.
fn fore() -> Piece {
    prop_oneof![
        2 => color(30),
        1 => one_of(&["\x1b[m", "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[3m"]),
        1 => one_of(&["\x1b[22m", "\x1b[23m", "\x1b[39m", "\x1b[1;31m", "\x1b[;32m", "\x1b[01;34m"]),
    ]
    .boxed()
}

/// Looks that show without text.
fn back() -> Piece {
    prop_oneof![
        2 => color(40),
        1 => one_of(&["\x1b[4m", "\x1b[7m", "\x1b[24m", "\x1b[27m", "\x1b[49m", "\x1b[0;1;4;33;44m"]),
    ]
    .boxed()
}

/// Colours and other looks.
fn looks() -> Piece {
    prop_oneof![fore(), back()].boxed()
}

fn color(base: u8) -> Piece {
    let color = (0u8..8, any::<u8>(), any::<[u8; 3]>());
    let color = color.prop_map(move |(basic, index, [r, g, b])| {
        [
            format!("\x1b[{}m", base + basic),
            format!("\x1b[{}m", base + 60 + basic),
            format!("\x1b[{};5;{index}m", base + 8),
            format!("\x1b[{};2;{r};{g};{b}m", base + 8),
        ]
    });
    piece((color, 0usize..4).prop_map(|(forms, which)| forms[which].clone()))
}

/// A sequence with one number.
fn counted(ends: &'static [&'static str], most: u16) -> Piece {
    let end = prop::sample::select(ends);
    piece((0..=most, end).prop_map(|(n, end)| format!("\x1b[{n}{end}")))
}

/// Cursor movement and erasing.
fn moves() -> Piece {
    prop_oneof![3 => sure_moves(), 1 => counted(&["A", "B", "d", "E", "F", "L", "M"], 9)].boxed()
}

/// Those that all terminals understand alike, margins or not.
fn sure_moves() -> Piece {
    prop_oneof![
        3 => piece((0u16..9, 0u16..16).prop_map(|(row, col)| format!("\x1b[{row};{col}H"))),
        3 => counted(&["C", "D", "G"], 9),
        2 => counted(&["J", "K"], 2),
        1 => counted(&["P", "@", "X"], 5),
        1 => one_of(&["\x1b[H", "\x1b[2J", "\x1b[K", "\x1b[J"]),
    ]
    .boxed()
}

/// Modes and commands that change nothing on the screen.
fn quiet() -> Piece {
    prop_oneof![
        one_of(&[
            "\x1b[?2004h",
            "\x1b[?2004l",
            "\x1b[?1h",
            "\x1b[?1l",
            "\x1b=",
            "\x1b>"
        ]),
        one_of(&[
            "\x1b[?1000h",
            "\x1b[?1002h",
            "\x1b[?1006h",
            "\x1b[?25l",
            "\x1b[?25h"
        ]),
        one_of(&[
            "\x1b[2 q",
            "\x1b[ q",
            "\x1b]0;title\x07",
            "\x1b]2;a b\x1b\\",
            "\x1b]1;i\x07"
        ]),
    ]
    .boxed()
}

/// Scrolling, margins, the alternate screen, saved cursors.
fn regions() -> Piece {
    prop_oneof![
        3 => piece((0u16..6, 0u16..8).prop_map(|(top, end)| format!("\x1b[{top};{end}r\x1b[H"))),
        2 => counted(&["S", "T", "L", "M"], 4),
        2 => one_of(&["\x1b[r\x1b[H", "\x1b[5;3r", "\x1b[2;99r", "\x1bM", "\x1bD", "\x1bE"]),
        2 => one_of(&["\x1b7", "\x1b8", "\x1b[s", "\x1b[u", "\x1b[?1048h", "\x1b[?1048l"]),
        3 => one_of(&["\x1b[?1049h", "\x1b[?1049l", "\x1b[?47h", "\x1b[?47l", "\x1b[?1047h", "\x1b[?1047l"]),
        1 => one_of(&["\x1b[?6h", "\x1b[?6l", "\x1b[?7l", "\x1b[?7h", "\x1b[4h", "\x1b[4l", "\x1b[20h", "\x1b[20l"]),
    ]
    .boxed()
}

/// What few programs write.
fn rare() -> Piece {
    prop_oneof![
        5 => one_of(&[
            "\x1b(0", "\x1b(B", "\x1b)0", "\x1b)B", "\x0e", "\x0f", "qqxxlk", "\x1b#8", "\x1bH", "\x1b[g",
            "\x1b[3g", "\t\t", "\x1b[2I", "\x1b[Z", "\x1bc", "\x1b[!p", "x\x08\x08", "x\x1b[5b", "漢\x1b[3b",
            "\x1b[4b", "\x7f", "\0", "\x05", "\x1b[3J", "\x1b[8m", "\x1b[4:3m", "\x1b[58;5;1m", "\x1b[21m",
        ]),
        1 => one_of(&["e\u{301}", "\u{301}", "n\u{303}\u{323}", "漢\u{300}", "\u{100000}", "\u{38001}", "\u{ad}"]),
        1 => one_of(&[
            "\x1b[?1015h", "\x1b[?1003l", "\x1b[>4;2m", "\x1b[>4m", "\x1b[22;0t", "\x1b[23;0t", "\x1b[?66h",
            "\x1b[?5h", "\x1bPq#0;2\x1b\\", "\x1bP1;2|17/ab\n", "\x1b_G1\x1b\\", "\x1bXsos",
            "\x1b]52;c;QUJD", "\x1b]8;;u:x\x07", "\x1b]0;un", "\x1b]133;A\x07",
        ]),
        1 => one_of(&[
            "\x1b", "\x1b[", "\x1b[3", "\x1b[?", "\x1b[1;", "\x1b(", "\x1b[38;5", "\x1b[ ", "\x18", "\x1a",
            "\x1b[3\n1m", "\u{9b}31m", "\u{85}", "\u{9d}0;t\u{9c}",
        ]),
        2 => broken(),
    ]
    .boxed()
}

/// What is no text. No emoji: as terminals disagree about them, a line that has one is not joined.
fn broken() -> Piece {
    let no_emoji = (0u8..=255).prop_filter("may begin an emoji", |byte| *byte != 0xf0);
    let parts: [&'static [u8]; 5] = [b"\xe6\xbc", b"\xf0\xa0", b"\xa2", b"\xff\xfe", b"\xc3"];
    let parts = prop::sample::select(parts.to_vec()).prop_map(<[u8]>::to_vec);
    prop_oneof![vec(no_emoji, 1..8), parts].boxed()
}

/// Pieces one after another.
fn stream(pieces: impl Strategy<Value = Vec<u8>>, most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(pieces, 0..most).prop_map(|pieces| pieces.concat())
}

/// All that there is.
pub(super) fn anything() -> impl Strategy<Value = Vec<u8>> {
    stream(
        prop_oneof![
            6 => text(),
            2 => looks(),
            3 => moves(),
            1 => quiet(),
            2 => regions(),
            2 => rare(),
        ],
        60,
    )
}

/// Lines that scroll, and now and then something else.
pub(super) fn flood() -> impl Strategy<Value = Vec<u8>> {
    let line = vec(
        prop_oneof![6 => text(), 2 => looks(), 1 => one_of(&["\x1b[K", "\x1b]0;t\x07", "\x1b]2;u\x1b\\"])],
        0..5,
    );
    let line = line.prop_map(|pieces| [pieces.concat(), b"\r\n".to_vec()].concat());
    let break_in = prop_oneof![quiet(), regions(), moves(), rare()];
    let piece = prop_oneof![40 => line, 1 => break_in];
    stream(piece, 120)
}

/// A window, mostly small.
pub(super) fn size() -> impl Strategy<Value = Size> {
    let small = (1u16..14, 1u16..7);
    let odd = prop_oneof![Just((1, 1)), Just((1, 30)), Just((60, 1)), Just((20, 5))];
    prop_oneof![4 => small, 1 => odd].prop_map(|(cols, rows)| Size { cols, rows })
}

/// A stream, and changes of the window in it.
pub(super) fn resized(
    stream: impl Strategy<Value = Vec<u8>>,
) -> impl Strategy<Value = (Vec<u8>, Vec<(usize, Size)>)> {
    let changes = vec((any::<prop::sample::Index>(), size()), 0..3);
    (stream, changes).prop_map(|(stream, changes)| {
        let place =
            |(index, size): (prop::sample::Index, Size)| (index.index(stream.len() + 1), size);
        let mut changes: Vec<(usize, Size)> = changes.into_iter().map(place).collect();
        changes.sort_by_key(|(at, _)| *at);
        (stream, changes)
    })
}

/// What all terminals understand alike. Some give the background to what they clear, some do not;
/// some have a cursor and margins for each screen; and where the cursor goes from behind the last
/// column is another matter.
pub(super) fn common() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![9 => everyday(), 1 => one_of(&["\x1b[?6l\r\x1b7", "\x1b8"])];
    let session = stream(everyday(), 30).prop_map(|drawn| {
        let (enter, leave) = (
            "\x1b[?6l\x1b[r\x1b[?1049h\x1b[H",
            "\x1b[?6l\x1b[r\x1b[?1049l",
        );
        [enter.as_bytes(), &drawn, leave.as_bytes()].concat()
    });
    let end = one_of(&["", "\x1b[4;3H\x1b[2K漢字 한국어"]);
    (stream(prop_oneof![20 => line, 1 => session], 60), end)
        .prop_map(|parts| [parts.0, parts.1].concat())
}

fn everyday() -> Piece {
    let marked = back().prop_map(|back| [b"\x1b[2;2H\x1b[2K", &back[..], b"abc\x1b[m"].concat());
    let margins = (1u16..4, 4u16..6);
    let margins = margins.prop_map(|(top, end)| format!("\x1b[{top};{end}r\x1b[H"));
    let moves = (sure_moves(), 0usize..9)
        .prop_map(|(moves, right)| [b"\r", &b"\x1b[C".repeat(right)[..], &moves].concat());
    prop_oneof![
        12 => words(),
        4 => fore(),
        2 => marked,
        6 => moves,
        2 => quiet(),
        2 => piece(margins),
        2 => counted(&["S", "T"], 4),
        2 => one_of(&["\x1b[r\x1b[H", "\x1b[3;1H\x1bM", "\x1b[?6h\x1b[H", "\x1b[?6l\x1b[H"]),
    ]
    .boxed()
}
