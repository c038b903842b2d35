//! Editors and pagers that are left and come back to.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::comes_back;
use crate::support::terminal::{Eyes, NOBODY};
use crate::support::{Server, seconds};

/// The first of these programs that is installed; says on stderr when none is, so that a test can leave.
fn needs_one_of(names: &[&'static str]) -> Option<&'static str> {
    let found = names.iter().find(|name| {
        let mut command = Command::new(name);
        command.arg("--version").stdin(Stdio::null());
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    });
    if found.is_none() {
        eprintln!(
            "skipped: needs one of {}; see tests/setup",
            names.join(", ")
        );
    }
    found.copied()
}

/// A text with words to find, long lines, tabs, and characters of two columns and of none.
fn text_file(server: &Server) {
    let lines: String = (1..=200)
        .map(|n| match n % 5 {
            0 => format!("{n} 日本語の行です — needle {n}\n"),
            1 => format!("{n}\ttabs\tand\tmore\n"),
            2 => format!("{n} a\u{301}ccent e\u{308}, emoji 🙂 end\n"),
            3 => format!("{n} {}\n", "long ".repeat(30)),
            _ => format!("{n} plain words of a plain line\n"),
        })
        .collect();
    fs::write(server.home.work().join("text"), lines).expect("the home is writable");
}

/// What is typed into vim, and what is on the screen when it has been read.
const VIM: [(&str, &str); 9] = [
    (":set number hlsearch laststatus=2\r", "  1 1"),
    ("/needle\r", "needle 5"),
    ("n", "needle 10"),
    ("\x06", "needle 30"),
    ("ggOinserted 日本", "inserted 日本"),
    (" half\x1b", "half"),
    (":split\r", "[+]"),
    ("\x17j\x04Vjj", "VISUAL"),
    ("\x1b:set tabstop?\r", "tabstop=8"),
];

#[test]
fn an_editor_that_was_left_is_found_as_it_would_be_had_nobody_left() {
    let Some(vim) = needs_one_of(&["vim", "vim.tiny"]) else {
        return;
    };
    let server = Server::spawn();
    text_file(&server);
    let ids = [(); 2].map(|()| server.open(NOBODY));
    let [mut stayed, mut left] = [0, 1].map(|n| Eyes::open(server.attach(&ids[n]), 80, 24));
    let command = format!("printf '\\033[2J\\033[Hbe''low\\n'; {vim} -u NONE -i NONE -N -n text\n");
    for eyes in [&mut stayed, &mut left] {
        eyes.client.hush();
        eyes.client.type_in(&command);
        eyes.sees("3 long long");
    }
    for (keys, shown) in VIM {
        // Half of the keys before it leaves, half after it came back: at any place in a command.
        let (half, rest) = keys.split_at(
            (0..=keys.len() / 2)
                .rev()
                .find(|&at| keys.is_char_boundary(at))
                .unwrap_or(0),
        );
        left.client.type_in(half);
        left.client.reset();
        server.attached(&ids[1], 0);
        left = Eyes::open(server.attach(&ids[1]), 80, 24);
        left.look();
        left.client.type_in(rest);
        stayed.client.type_in(keys);
        for eyes in [&mut stayed, &mut left] {
            eyes.sees(shown);
        }
        agree(&mut stayed, &mut left, keys);
        assert!(
            left.client.output.starts_with(b"\x1bc"),
            "{keys:?}: no repaint"
        );
    }
    // The screen below the editor is there when it ends.
    for eyes in [&mut stayed, &mut left] {
        eyes.client.type_in("\x1b:qa!\r");
        eyes.sees("below");
        eyes.client.type_in("echo ba''ck\n");
        eyes.sees("back");
    }
    agree(&mut stayed, &mut left, "the end");
}

/// Waits until two clients of two terminals see the same.
#[track_caller]
fn agree(one: &mut Eyes, two: &mut Eyes, what: &str) {
    let start = Instant::now();
    loop {
        let differences = one.look().differences(&two.look());
        if differences.is_empty() {
            return;
        }
        assert!(start.elapsed() < seconds(10), "{what:?}: {differences}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_pager_is_seen_by_who_comes_later_as_by_who_stayed() {
    if needs_one_of(&["less"]).is_none() {
        return;
    }
    let server = Server::spawn();
    text_file(&server);
    let id = server.open(NOBODY);
    let mut stayed = Eyes::open(server.attach(&id), 80, 24);
    stayed
        .client
        .type_in("PS1='> '; ls --color=always / /etc | LESS= less -R -M\n");
    stayed.sees("lines 1-");
    comes_back(&server, &id, &mut stayed, "colours");
    for (keys, shown) in [
        (" ", "lines 24-"),
        ("/host\r", "hosts"),
        ("b", "lines"),
        ("q", "> "),
    ] {
        stayed.client.type_in(keys);
        stayed.sees(shown);
        comes_back(&server, &id, &mut stayed, keys);
    }
    stayed.client.type_in("LESS= less -N text\n");
    stayed.sees("6 6");
    for (keys, shown) in [
        ("/needle\r", "needle"),
        ("G", "200 200"),
        ("g", "1 1"),
        ("\x1b)", "long"),
        ("hq", "1 1"),
    ] {
        stayed.client.type_in(keys);
        stayed.sees(shown);
        comes_back(&server, &id, &mut stayed, keys);
    }
}
