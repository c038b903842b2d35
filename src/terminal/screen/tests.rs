//! A stream and its repaint show the same.

use super::*;

const SIZE: Size = Size { cols: 20, rows: 5 };

/// What an emulator of another make shows after a stream.
fn judge(stream: &[u8]) -> vt100::Parser {
    let rows = std::num::NonZeroU16::new(SIZE.rows).unwrap();
    let cols = std::num::NonZeroU16::new(SIZE.cols).unwrap();
    let mut parser = vt100::Parser::new(rows, cols, 100);
    parser.process(stream);
    parser
}

#[test]
fn a_repaint_shows_the_screen() {
    let stream = b"one\r\n\x1b[31mtwo\x1b[m\r\n\x1b[?2004h$ ";
    let painted = repaint(&Checkpoint::fresh(SIZE), stream, &[]);
    let (shown, wanted) = (judge(&painted), judge(stream));
    assert_eq!(shown.screen().contents(), wanted.screen().contents());
    assert_eq!(
        shown.screen().cursor_position(),
        wanted.screen().cursor_position()
    );
    assert!(shown.screen().bracketed_paste());
}
