//! Streams of escape sequences: whatever was sent, and wherever it is cut.

use std::fs;

use super::{comes_back, comes_back_sized, same};
use crate::support::Server;
use crate::support::terminal::{Eyes, NOBODY};

#[test]
fn a_line_half_typed_is_there_and_pastes_are_still_bracketed() {
    let server = Server::builder().env("SHELL", "/bin/bash").start();
    let id = server.open(NOBODY);
    let mut stayed = Eyes::open(server.attach(&id), 80, 24);
    stayed
        .client
        .type_in("PS1='> '; bind 'set enable-bracketed-paste on'; clear\n");
    stayed.client.type_in("echo half 日本 of a \x1bb\x1bb");
    stayed.sees("> echo half 日本 of a");
    let mut came = comes_back(&server, &id, &mut stayed, "half a line");
    assert!(
        came.look().modes.contains("paste true"),
        "{}",
        came.look().modes
    );
    came.client.type_in("MORE \x05''WORDS\r");
    came.sees("half 日本 MORE of a WORDS");
    same(&server, &id, &mut stayed, &mut came, "the whole line");
}

#[test]
fn colours_modes_and_wide_characters_come_back() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let mut stayed = Eyes::open(server.attach(&id), 80, 24);
    stayed.client.hush();
    for (n, stream) in [
        "\\033[1;31mbold red\\033[0m \\033[4;38;5;208munder\\033[0m \\033[7;48;2;1;2;3minverse\\033[0m",
        "\\033[2J\\033[5;10Hat five ten\\033[44m\\033[K\\033[0m\\033[3;1H",
        "日本語 🙂 a\\314\\201 e\\314\\210\\n\\033[79C日x",
        "\\033[5;15r\\033[15;1Hone\\ntwo\\nthree\\033[6;1H\\033[2L\\033[?6h\\033[2;2Hin",
        "\\033[r\\033[?6l\\033[20;1H",
        "\\033[?1049h\\033[2J\\033[10;20Halternate\\033[?25l\\033[?1h\\033=\\033[?2004h",
        "\\033[?1000h\\033[?1002h\\033[?1006h mouse",
        "\\033[?1049l\\033[?25h back",
        "\\033[?1l\\033>\\033[?1000l\\033[?1002l\\033[?1006l\\033[?2004l",
        "line of text \\033[5@\\033[3P\\033[2X\\0337\\033[H\\0338saved",
        "\\033[35mpen stays",
    ]
    .into_iter()
    .enumerate()
    {
        stayed.client.run(&format!("printf '{stream}'"));
        let mut came = comes_back(&server, &id, &mut stayed, stream);
        // What follows falls on the same place, in the same colour.
        stayed.client.run(&format!("printf 'after{n}'"));
        same(&server, &id, &mut stayed, &mut came, stream);
    }
}

#[test]
fn a_sequence_or_character_that_is_cut_in_two_is_put_together() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let mut stayed = Eyes::open(server.attach(&id), 80, 24);
    stayed.client.hush();
    for (one, two) in [
        ("\\033[3", "1mred\\033[0m"),
        ("\\033", "[32mgreen\\033[0m"),
        ("\\033[38;5;1", "96mpaint\\033[0m"),
        ("\\033[", "2;9Hmoved"),
        ("\\033]0;ti", "tle\\007after"),
        ("\\033]0;title\\033", "\\\\after"),
        ("\\033P1$r", "q\\033\\\\after"),
        ("\\033(", "Bplain"),
        ("\\346\\227", "\\245after"),
        ("\\360\\237\\231", "\\202after"),
        ("\\360", "\\237\\231\\202after"),
        ("e", "\\314\\201after"),
        ("\\346", "after"),
    ] {
        let what = format!("{one} {two}");
        stayed.client.type_in(format!(
            "printf 'c''ut{one}'; read line; printf '{two}'; echo '' p''ut; \n"
        ));
        stayed.client.expect("cut");
        let mut came = comes_back(&server, &id, &mut stayed, &what);
        let exact = server.attach(&id).since(stayed.client.offset);
        let mut exact = exact.start();
        server.attached(&id, 3);
        let from = stayed.client.output.len();
        stayed.client.type_in("\n");
        for client in [&mut stayed.client, &mut came.client, &mut exact] {
            client.expect("put\r\n");
        }
        same(&server, &id, &mut stayed, &mut came, &what);
        assert_eq!(exact.output, stayed.client.output[from..], "{what}");
        came.client.leave();
        exact.leave();
        server.attached(&id, 1);
    }
}

#[test]
fn what_was_painted_long_ago_is_still_on_the_screen() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_REPLAY_SIZE", "4096")
        .start();
    let id = server.open(NOBODY);
    let mut stayed = Eyes::open(server.attach(&id), 80, 24);
    let program = "import sys
out = sys.stdout.write
out('\\x1b[?1049h\\x1b[2J\\x1b[?25l\\x1b[?2004h')
for row in range(1, 23):
    out('\\x1b[%d;1H\\x1b[3%d;4%dm\\u65e5 row %d\\x1b[K\\x1b[0m' % (row, row % 8, (row + 3) % 8, row))
for n in range(10000):
    out('\\x1b[24;1Hcount %d \\x1b[7m#\\x1b[0m' % n)
out('\\x1b[23;5Hall painted')
sys.stdout.flush()
sys.stdin.readline()
out('\\x1b[?1049l\\x1b[?25hgone')
";
    fs::write(server.home.work().join("paint.py"), program).expect("the home is writable");
    stayed
        .client
        .type_in("PS1=; stty -echo; echo be''low; PYTHONIOENCODING=utf-8 python3 paint.py\n");
    stayed.sees("all painted");
    let mut came = comes_back(&server, &id, &mut stayed, "painted");
    assert!(came.look().has("日 row 1"), "{:?}", came.look().rows);
    stayed.client.type_in("\n");
    for eyes in [&mut stayed, &mut came] {
        eyes.sees("gone");
        assert!(
            eyes.look().has("below"),
            "the screen below is lost: {:?}",
            eyes.look().rows
        );
    }
    same(&server, &id, &mut stayed, &mut came, "below");
}

#[test]
fn a_window_of_another_size_comes_back_in_its_size() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let mut stayed = Eyes::open(server.attach(&id), 80, 24);
    stayed.client.hush();
    stayed.client.run("seq 1 100");
    stayed.client.resize(100, 30);
    stayed.client.ready();
    let again = server.attach(&id).since(stayed.client.offset);
    stayed = Eyes::open(again, 100, 30);
    stayed.client.resize(100, 30);
    stayed.client.run("printf '\\033[2J\\033[H'");
    stayed
        .client
        .run("printf '%0150d' 7; seq 1 40; printf '\\033[30;90Hcorner'");
    comes_back_sized(&server, &id, &mut stayed, (100, 30), "larger");
}

#[test]
fn lines_that_scrolled_off_are_in_the_repaint_in_order() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    client.hush();
    client.run("seq -f 'line %.0f' 1 300");
    let mut again = server.attach(&id).start();
    again.expect("line 300");
    let text = again.screen_text();
    let numbers: Vec<u32> = text
        .split("line ")
        .skip(1)
        .filter_map(|rest| {
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            rest[..end].parse().ok()
        })
        .collect();
    assert!(numbers.iter().copied().eq(1..=300), "{numbers:?}");
}

#[test]
fn questions_and_bells_are_not_asked_and_rung_again() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    client.hush();
    client.run("printf 'a\\007b\\033[c\\033[6n\\033]11;?\\007\\033]52;c;aGk=\\007\\033[>c\\033P+q\\033\\\\c'");
    let mut again = server.attach(&id).start();
    again.run("echo well");
    let text = again.screen_text();
    for asked in [
        "\u{7}b", "\x1b[c", "\x1b[6n", "]11;?", "]52;", "\x1b[>c", "+q",
    ] {
        assert!(!text.contains(asked), "{asked:?} is in {text:?}");
    }
    assert!(text.contains("abc"), "{text:?}");
}
