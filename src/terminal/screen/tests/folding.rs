//! What is folded: how little is kept, and when it need not be drawn.

use super::{Checkpoint, Scrolls, Size, repaint};

const SIZE: Size = Size { cols: 80, rows: 24 };

/// Whether a stream is folded without drawing it.
fn only_scrolls(before: &[u8], stream: &[u8]) -> bool {
    let checkpoint = Checkpoint::fresh(SIZE).follow(before, &[]);
    checkpoint.scroll_on(stream, &[]).is_some()
}

fn lines(line: &str) -> Vec<u8> {
    format!("{line}\r\n").repeat(100).into_bytes()
}

fn held(checkpoint: &Checkpoint) -> usize {
    checkpoint.rows.len() + checkpoint.state.len() + checkpoint.raw.len()
}

#[test]
fn a_flood_is_not_drawn() {
    for line in [
        "text",
        "größe 漢字",
        "\x1b[01;34mblue\x1b[0m \x1b[38;5;200mpink\x1b[39m",
        "\x1b[m\x1b[Kerased",
        "\x1b]0;title\x07 \x1b]8;;uri:x\x1b\\link\x1b]8;;\x1b\\",
        "50%\r100%\tdone\x07",
    ] {
        assert!(only_scrolls(b"", &lines(line)), "{line:?}");
    }
}

#[test]
fn what_does_more_than_scroll_is_drawn() {
    for line in [
        "\x1b[Hhome",
        "\x1b[5Aup",
        "\x1b[2J",
        "\x1b[?25l",
        "\x1b7",
        "\x1bM",
        "\x1b(0",
        "\x0eshift",
        "\u{9b}H",
        "\x1b[3",
        "\x1bP+q\x1b\\",
        "\x1b]0;a\nb\x07",
    ] {
        let stream = [lines("text"), line.as_bytes().to_vec()].concat();
        assert!(!only_scrolls(b"", &stream), "{line:?}");
    }
    assert!(
        !only_scrolls(b"", b"text\n".repeat(100).as_slice()),
        "without returns"
    );
    assert!(
        !only_scrolls(b"", b"text\r\n".repeat(20).as_slice()),
        "too few lines"
    );
    assert!(!only_scrolls(b"\x1b[2;20r", &lines("text")), "with margins");
    let resized = Checkpoint::fresh(SIZE).scroll_on(&lines("text"), &[(3, SIZE)]);
    assert!(resized.is_none(), "the window changed");
}

#[test]
fn colors_and_titles_of_a_flood_hold() {
    let mut stream = b"\x1b]0;shell\x07\x1b[1;44m\x1b[31m\x1b]2;make\x07".to_vec();
    stream.extend(lines("text"));
    let checkpoint = Checkpoint::fresh(SIZE).follow(&stream, &[]);
    assert!(!checkpoint.raw.is_empty(), "drawn");
    let painted = repaint(&checkpoint, b"", &[]);
    let painted = painted.escape_ascii().to_string();
    assert!(
        painted.contains(r"\x1b]1;shell\x07\x1b]2;make\x07"),
        "{painted}"
    );
    assert!(painted.ends_with(r"\x1b[0;31;44;1m"), "{painted}");
}

#[test]
fn a_flood_behind_a_full_screen_program_leaves_the_shell_under_it() {
    let checkpoint = Checkpoint::fresh(SIZE)
        .follow(b"shell$ run\r\n\x1b[?1049h", &[])
        .follow(&lines("drawn"), &[]);
    assert_eq!(checkpoint.scrolls, Scrolls::Alternate);
    assert!(!checkpoint.raw.is_empty(), "drawn");
    let painted = repaint(&checkpoint, b"\x1b[?1049l", &[]);
    let painted = String::from_utf8_lossy(&painted);
    assert!(painted.contains("shell$ run") && !painted.contains("drawn"));
}

#[test]
fn a_checkpoint_is_small() {
    let text: Vec<String> = (0..40_000)
        .map(|line| format!("{line} of a flood\r\n"))
        .collect();
    let text = text.concat();
    let mut checkpoint = Checkpoint::fresh(SIZE);
    for chunk in text.as_bytes().chunks(10_000) {
        checkpoint = checkpoint.follow(chunk, &[]);
        assert!(held(&checkpoint) < 10_000, "{}", held(&checkpoint));
    }
    let full: Vec<String> = (0..24)
        .map(|row| format!("\x1b[{row}H{}", "x".repeat(80)))
        .collect();
    let full = full.concat();
    let checkpoint = checkpoint.follow(full.as_bytes(), &[]);
    assert!(held(&checkpoint) < 3_000, "{}", held(&checkpoint));
}
