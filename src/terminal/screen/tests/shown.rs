//! What a repaint holds, and what it must not hold.

use super::{Checkpoint, Size, repaint};

const SIZE: Size = Size { cols: 20, rows: 4 };

/// The repaint after a stream, with its escapes made readable.
pub(super) fn painted(stream: &[u8]) -> String {
    let painted = repaint(&Checkpoint::fresh(SIZE), stream, &[]);
    let painted = String::from_utf8_lossy(&painted);
    painted.replace('\x1b', "^").replace('\x07', "~")
}

/// What comes after the reset and before the place of the cursor.
pub(super) fn drawn(stream: &[u8]) -> String {
    let painted = painted(stream);
    let drawn = painted.strip_prefix("^c^[?25h").expect("a reset");
    let end = drawn.rfind('H').expect("a place for the cursor");
    let end = drawn[..end].rfind("^[").expect("a sequence");
    drawn[..end].to_owned()
}

#[test]
fn a_fresh_terminal_is_reset() {
    assert_eq!(painted(b""), "^c^[?25h^[1;1H^[0m");
}

#[test]
fn lines_above_the_screen_come_with_their_colors() {
    let lines = b"\x1b[31mred\x1b[m\r\n\x1b[1;44mbold\x1b[m one\r\ntwo\r\nthree\r\nfour\r\nfive";
    assert_eq!(
        drawn(lines),
        "^[0;31mred^[0m\r\n^[0;1;44mbold^[0m one\r\n\n\n\n^[H\
         ^[1;1Htwo^[2;1Hthree^[3;1Hfour^[4;1Hfiv"
    );
}

#[test]
fn a_line_that_wrapped_stays_one_line() {
    let stream = "0123456789ABCDEFGHIJ0123456789abcdefghijend\r\n".repeat(3) + "\r\n";
    assert_eq!(
        drawn(stream.as_bytes()),
        "0123456789ABCDEFGHIJ0123456789abcdefghijend\r\n\
         0123456789ABCDEFGHIJ0123456789abcdefghijend\r\n\
         0123456789ABCDEFGHIJ0\n\n\n^[H^[1;1H0123456789abcdefghijend"
    );
}

#[test]
fn so_many_lines_and_no_more() {
    let lines: Vec<String> = (0..20_000).map(|line| format!("{line}\r\n")).collect();
    let painted = painted(lines.concat().as_bytes());
    let count = painted.matches("\r\n").count();
    assert_eq!(count, super::super::SCROLLBACK_LINES);
    assert!(
        painted.contains("^[3;1H19999"),
        "{}",
        &painted[painted.len() - 99..]
    );
    assert!(
        painted.starts_with("^c^[?25h14997\r\n14998\r\n"),
        "{}",
        &painted[..99]
    );
}

#[test]
fn cleared_scrollback_is_gone() {
    let mut stream = b"line\r\n".repeat(50);
    stream.extend(b"\x1b[H\x1b[2J\x1b[3J$ ");
    assert_eq!(drawn(&stream), "^[1;1H$");
    let stream = b"line\r\n".repeat(3);
    let kept = drawn(&[&stream, &b"\x1b[H\x1b[2Jnew"[..]].concat());
    assert_eq!(
        kept, "^[1;1Hne",
        "what is cleared is not put above the screen"
    );
}

#[test]
fn modes_come_back() {
    for mode in [
        "^[?1000h",
        "^[?1006h",
        "^[?2004h",
        "^[?1004h",
        "^=",
        "^[3 q",
        "^[>4;2m",
        "^]2;title~",
        "^[?1h",
        "^[?25l",
        "^[?5h",
    ] {
        let stream = mode.replace('^', "\x1b").replace('~', "\x07");
        let painted = painted(stream.as_bytes());
        assert_eq!(painted.matches(mode).count(), 1, "{mode} in {painted}");
    }
}

#[test]
fn modes_that_were_taken_back_do_not() {
    for stream in [
        "\x1b[?1000;1006h\x1b[?1000l\x1b[?1006l",
        "\x1b[?2004h\x1b[?2004l",
        "\x1b=\x1b>",
        "\x1b=\x1b[!p",
        "\x1b[3 q\x1b[0 q",
        "\x1b[>4;2m\x1b[>4m",
        "\x1b[?1002;2004h\x1b=\x1b[5 q\x1bc",
        "\x1b[?25l\x1b[?1h\x1b[!p",
    ] {
        assert_eq!(
            painted(stream.as_bytes()),
            "^c^[?25h^[1;1H^[0m",
            "{stream:?}"
        );
    }
}

#[test]
fn titles_are_put_aside_and_taken_up() {
    let shell = "\x1b]0;shell\x07";
    let editor = "\x1b[22;0t\x1b]2;editor\x1b\\";
    let both = painted((shell.to_owned() + editor).as_bytes());
    assert!(
        both.contains("^]0;shell~^[22;0t^]1;shell~^]2;editor~"),
        "{both}"
    );
    let after = painted((shell.to_owned() + editor + "\x1b[23;0t").as_bytes());
    assert!(after.contains("^[?25h^]0;shell~^[1;1H"), "{after}");
    let long = painted(format!("\x1b]2;{}\x07", "ü".repeat(3000)).as_bytes());
    assert_eq!(long.matches('ü').count(), 512);
}

#[test]
fn what_asks_or_rings_is_not_repeated() {
    let asks =
        b"\x1b[c\x1b[>c\x1b[6n\x1b[?6n\x1b]10;?\x07\x1b]11;?\x1b\\\x1bP$qm\x1b\\\x1bZ\x07\x1b[14t\
        \x1b]52;c;QUJD\x07\x1b]9;note\x07\x1b[?2026h\x1b[?u\x1b[>0q";
    assert_eq!(painted(asks), "^c^[?25h^[1;1H^[0m");
}

#[test]
fn what_is_unfinished_goes_on() {
    for unfinished in [
        "^[38;5",
        "^[",
        "^",
        "^]0;ti",
        "^P1;2|17/",
        "^(",
        "^]52;c;QUJ",
        "^[?20",
    ] {
        let stream = format!("text{}", unfinished.replace('^', "\x1b"));
        let painted = painted(stream.as_bytes());
        assert!(painted.ends_with(&format!("t{unfinished}")), "{painted}");
    }
    let painted = repaint(&Checkpoint::fresh(SIZE), b"text\xe6\xbc", &[]);
    assert!(painted.ends_with(b"t\xe6\xbc"));
}

#[test]
fn an_endless_sequence_is_passed_over() {
    for (start, ignored) in [("\x1b]52;c;", "^]x"), ("\x1bPq", "^P:"), ("\x1b_", "^X")] {
        let stream = start.to_owned() + &"A".repeat(100_000);
        let painted = painted(stream.as_bytes());
        assert_eq!(painted, format!("^c^[?25h^[1;1H^[0m{ignored}"));
    }
}

#[test]
fn marks_stay_with_their_character() {
    for text in ["e\u{301}t", "n\u{303}\u{323}o", "漢\u{300}字", "ก\u{e33}"] {
        let painted = painted(format!("{text}|\r\n").as_bytes());
        assert!(painted.contains(&format!("{text}|")), "{painted}");
    }
    // The mark takes no column: the cursor is behind two characters.
    let painted = painted("e\u{301}t\r\n\x1b[A\x1b[2C|".as_bytes());
    assert!(painted.contains("e\u{301}t^[1;3H"), "{painted}");
}

#[test]
fn code_points_that_stand_for_others_are_shown_as_themselves() {
    let painted = painted("\u{100000}\u{38000}e\u{301}\u{100001}.".as_bytes());
    assert!(
        painted.contains("\u{100000}\u{38000}e\u{301}\u{100001}"),
        "{painted}"
    );
}

#[test]
fn a_character_of_doubtful_width_moves_nothing_else() {
    let painted = painted("👩\u{200d}💻 a\r\n⚠\u{fe0f} b\r\n".as_bytes());
    assert!(painted.contains("👩\u{200d}^[3G💻^[5G a"), "{painted}");
    assert!(painted.contains("⚠\u{fe0f}^[2G b"), "{painted}");
}

#[test]
fn a_line_that_wraps_into_one_of_doubtful_width_ends_where_it_did() {
    let painted = painted("0123456789abcdefghij👍 ok\r\n".as_bytes());
    assert!(
        painted.contains("ghij^[2;1H^[?7l👍^[3G ok^[?7h"),
        "{painted}"
    );
}

#[test]
fn the_text_of_a_stream_that_is_too_much_is_shown_plain() {
    let stream = b"cut\r\n\x1b[31mred\x1b[m \x1b]0;title\x07and\x1b(B more\r\nend";
    let plain = super::super::plain::last_lines(stream);
    let plain = String::from_utf8_lossy(&plain);
    assert_eq!(plain, "\x1bc\x1b[?25hred and more\r\nend");
}
