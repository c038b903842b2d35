//! An emulator of another make as judge.

use std::fmt::Write as _;
use std::num::NonZeroU16;

use proptest::prelude::*;
use proptest::sample::Index;
use vt100::{Color, Parser};

use super::super::{Checkpoint, Size, repaint};
use super::streams;

/// What it shows after a stream, as text.
pub(super) fn shown(size: Size, streams: &[&[u8]]) -> String {
    let [rows, cols] = [size.rows, size.cols].map(|n| NonZeroU16::new(n).unwrap());
    let mut parser = Parser::new(rows, cols, 0);
    for stream in streams {
        parser.process(stream);
    }
    let screen = parser.screen();
    let mut out = String::new();
    for row in 0..size.rows {
        for column in 0..size.cols {
            let cell = screen.cell(row, column).unwrap();
            // A cell that was never written to and a space look the same.
            let contents = if cell.has_contents() {
                cell.contents()
            } else {
                " "
            };
            let back = (cell.bgcolor(), cell.inverse(), cell.underline());
            let fore = (cell.fgcolor(), cell.bold(), cell.dim(), cell.italic());
            let mut looks = String::new();
            if back != (Color::Default, false, false) {
                write!(looks, "{back:?}").unwrap();
            }
            if contents != " " && fore != (Color::Default, false, false, false) {
                write!(looks, "{fore:?}").unwrap();
            }
            write!(out, "{contents}{looks}").unwrap();
        }
        out.push('\n');
    }
    write!(
        out,
        "cursor {:?} hidden {} {:?} alternate {} keypad {} keys {} paste {} mouse {:?} {:?}",
        screen.cursor_position(),
        screen.hide_cursor(),
        screen.cursor_style(),
        screen.alternate_screen(),
        screen.application_keypad(),
        screen.application_cursor(),
        screen.bracketed_paste(),
        screen.mouse_protocol_mode(),
        screen.mouse_protocol_encoding(),
    )
    .unwrap();
    out
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_emulator_shows_the_same(stream in streams::common(), at: Index) {
        let size = Size { cols: 20, rows: 5 };
        let (before, after) = stream.split_at(at.index(stream.len() + 1));
        let painted = repaint(&Checkpoint::fresh(size), before, &[]);
        prop_assert_eq!(shown(size, &[&painted, after]), shown(size, &[&stream]), "painted: {}", painted.escape_ascii());
    }
}
