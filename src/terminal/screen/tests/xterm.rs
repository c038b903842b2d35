//! Where xterm and its like do other than the emulator would by itself.

use super::shown::{drawn, painted};
use super::{Checkpoint, Size, draw, repaint};

#[test]
fn what_is_cleared_has_the_background_and_nothing_else() {
    for looks in ["\x1b[7m", "\x1b[4m", "\x1b[9m", "\x1b[1;31m"] {
        for clears in [
            "\x1b[2J",
            "\x1b[K",
            "\x1b[J",
            "\x1b[3X",
            "\x1b[2@",
            "\x1b[P",
            "\x1b[S",
            "\x1b[L",
            "\n\n\n\n\n",
        ] {
            let painted = drawn(format!("{looks}{clears}").as_bytes());
            let shown = painted.trim_start_matches(['\r', '\n']);
            assert!(matches!(shown, "" | "^[H"), "{looks:?} {clears:?}: {shown}");
        }
    }
    let red = drawn(b"\x1b[7;41m\x1b[2;1H\x1b[K");
    assert_eq!(red, "^[2;1H^[0;41m                    ^[0m");
}

#[test]
fn a_row_that_comes_up_when_text_wraps_is_blank() {
    let stream = b"\x1b[4;1H\x1b[7m0123456789abcdefghijklm.";
    let shown = drawn(stream);
    assert!(
        shown.ends_with("^[3;1H^[0;7m0123456789abcdefghijklm^[0m"),
        "{shown}"
    );
}

#[test]
fn margins_hold() {
    let filled = "a\r\nb\r\nc\r\nd";
    for (what, wanted) in [
        ("above them no line is inserted", "\x1b[3;4r\x1b[H\x1b[L."),
        ("nor deleted", "\x1b[3;4r\x1b[H\x1b[M."),
        ("below the screen they end with it", "\x1b[2;99r\x1b[99H\n."),
        ("too narrow they are not set", "\x1b[3;3r."),
    ] {
        let shown = drawn(format!("{filled}{wanted}").as_bytes());
        let rows: Vec<&str> = match what {
            "below the screen they end with it" => vec!["^[1;1Ha", "^[2;1Hc", "^[3;1Hd"],
            _ => vec!["^[1;1Ha", "^[2;1Hb", "^[3;1Hc", "^[4;1Hd"],
        };
        assert!(shown.starts_with(&rows.concat()), "{what}: {shown}");
    }
}

#[test]
fn the_cursor_stays_within_margins_that_rows_count_from() {
    let up = painted(b"\x1b[2;4r\x1b[?6h\x1b[2;5H\x1bM");
    assert!(up.ends_with("^[?6h^[2;4r^[1;5H^[0m"), "{up}");
    let restored = painted(b"\x1b[?6h\x1b[1;5H\x1b7\x1b[2;4r\x1b8");
    assert!(restored.ends_with("^[?6h^[2;4r^[1;5H^[0m"), "{restored}");
    let [narrow, wider] = [1, 2].map(|cols| Size { cols, rows: 5 });
    let stream = b"AAa-a A0a \x1b[3;4r\x1b[H0A\x1b[?6h";
    let reflowed = draw(
        &Checkpoint::fresh(narrow),
        stream,
        &[(stream.len(), wider)],
        0,
    );
    let reflowed = reflowed.escape_ascii().to_string();
    assert!(
        reflowed.ends_with(r"\x1b[?6h\x1b[3;4r\x1b[1;1H\x1b[0m"),
        "{reflowed}"
    );
}

#[test]
fn lines_that_are_inserted_or_deleted_bring_the_cursor_to_the_first_column() {
    for sequence in ["\x1b[L", "\x1b[M"] {
        let painted = painted(format!("ab{sequence}").as_bytes());
        assert!(painted.ends_with("^[1;1H^[0m"), "{painted}");
    }
}

#[test]
fn behind_the_last_column() {
    let full = "0123456789abcdefghij";
    let tab = drawn(format!("{full}\t..").as_bytes());
    assert_eq!(
        tab,
        format!("^[1;1H{full}."),
        "the text wraps as if there were no tab"
    );
    let erased = drawn(format!("{full}\x1b[X.").as_bytes());
    assert_eq!(erased, "^[1;1H0123456789abcdefghi");
}

#[test]
fn only_what_was_just_written_is_repeated() {
    assert_eq!(drawn(b"ab\x1b[3b."), "^[1;1Habbbb");
    assert_eq!(
        drawn("e\u{301}\x1b[2b.".as_bytes()),
        "^[1;1He\u{301}e\u{301}e\u{301}"
    );
    for between in ["\x1b[m", "\x1b[?2004h", "\r\x1b[2C", "\x1b]0;t\x07"] {
        let shown = drawn(format!("ab{between}\x1b[3b.").as_bytes());
        assert!(!shown.contains("abb"), "{between:?}: {shown}");
    }
}

#[test]
fn tab_stops_and_colors_in_sequences_that_all_know() {
    let painted = painted(b"\x1b[3g\x1b[1;5H\x1bH\x1b[38;2;1;2;3;48;5;200m\x1b7\x1b[m");
    assert!(
        painted.contains("^[3g^[5G^H^[1;5H^[0;38;2;1;2;3;48;5;200m^7"),
        "{painted}"
    );
}

#[test]
fn a_window_that_becomes_wider_has_all_its_tab_stops() {
    let narrow = Checkpoint::fresh(Size { cols: 80, rows: 4 });
    let wide = Size { cols: 100, rows: 4 };
    let painted = repaint(&narrow, b"text", &[(4, wide)]);
    let painted = String::from_utf8_lossy(&painted);
    assert!(!painted.contains("\x1bH"), "{painted:?}");
    assert!(painted.ends_with("\x1b[1;5H\x1b[0m"), "{painted:?}");
}

#[test]
fn underlines_of_any_kind_are_shown() {
    assert_eq!(
        drawn(b"\x1b[4:3;58;2;1;7;3mcurled\x1b[4:0;21m."),
        "^[1;1H^[0;4mcurled^[0m"
    );
    assert_eq!(drawn(b"\x1b[58;5;1mplain."), "^[1;1Hplain");
}

#[test]
fn bytes_that_are_no_text_are_shown_as_such() {
    assert_eq!(drawn(b"a\xffb\xe6\xbcc\x7f."), "^[1;1Ha\u{fffd}b\u{fffd}c");
}

#[test]
fn a_control_within_a_sequence_is_obeyed_once() {
    let painted = painted(b"a\x1b[3\r\n\n");
    assert_eq!(painted, "^c^[?25h^[1;1Ha^[3;1H^[0m^[3");
}

#[test]
fn a_test_pattern_brings_the_cursor_home() {
    let painted = painted(b"\x1b[3;3H\x1b#8");
    assert!(painted.ends_with("EEEE^[1;1H^[0m"), "{painted}");
}
