//! What a cut window holds, against the rule said plainly.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use crate::exec::log::{Limits, Log, Place, Start};
use crate::exec::{Output, Window};
use crate::workspace::Owner;

/// A log on disk of these appends.
fn log(directory: &std::path::Path, appends: &[String], max_size: u64) -> Log {
    let limits = Limits {
        max_size,
        flush_interval: Duration::ZERO,
        flush_buffer: 0,
    };
    let owner = Owner::default();
    let start = Start {
        command: "x",
        pid: 1,
        cwd: "/",
        owner: (&owner).into(),
    };
    let place = Place::new(directory.into(), Arc::from("log"));
    let file = place.create();
    let log = Log::create(place, file, limits, &start);
    for text in appends {
        log.append(text);
        if log.is_full() {
            log.rotate();
        }
    }
    log
}

struct Read {
    pieces: Vec<Value>,
    truncated: bool,
}

impl Read {
    fn omitted(&self) -> Option<usize> {
        self.pieces
            .iter()
            .position(|piece| piece["type"] == "omitted")
    }

    fn text(pieces: &[Value]) -> String {
        pieces
            .iter()
            .map(|piece| piece["data"].as_str().unwrap())
            .collect()
    }
}

fn read(log: &Log, window: Window) -> Read {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let excerpt = log.read(window).await;
        assert_eq!(excerpt.error, None);
        let mut bytes = b"[".to_vec();
        match excerpt.output {
            Output::Whole(whole) => bytes.extend_from_slice(&whole),
            Output::Stream(mut parts) => {
                while let Some(part) = parts.recv().await {
                    bytes.extend_from_slice(&part.unwrap());
                }
            }
        }
        bytes.push(b']');
        Read {
            pieces: serde_json::from_slice(&bytes).unwrap(),
            truncated: excerpt.truncated,
        }
    })
}

fn window(offset: u64, most: u64) -> Window {
    Window {
        offset,
        tail: None,
        max_bytes: Some(most),
    }
}

/// Checks a cut window of a text against the rule.
fn check(read: &Read, whole: &str, most: u64) {
    let Some(at) = read.omitted() else {
        assert!(whole.len() as u64 <= most, "{} bytes are more", whole.len());
        assert_eq!(Read::text(&read.pieces), whole);
        return;
    };
    assert!(whole.len() as u64 > most, "nothing had to go");
    assert!(read.truncated);
    let (head, tail) = (
        Read::text(&read.pieces[..at]),
        Read::text(&read.pieces[at + 1..]),
    );
    let half = usize::try_from(most / 2).unwrap();
    assert!(whole.starts_with(&head) && head.len() <= half, "{head:?}");
    assert!(whole.ends_with(&tail) && tail.len() <= half, "{tail:?}");
    let bytes = read.pieces[at]["bytes"].as_u64().unwrap();
    assert_eq!(bytes, (whole.len() - head.len() - tail.len()) as u64);
    // A cut within a line costs a few bytes of a character at most, a cut at a line's end up to half.
    assert!(head.len() + 4 > half / 2 && tail.len() + 4 > half / 2);
    assert!(head.ends_with('\n') || head.len() + 4 > half);
    let before = whole.len() - tail.len();
    assert!(whole[..before].ends_with('\n') || tail.len() + 4 > half);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn beginning_and_end_are_kept_and_the_rest_is_counted(
        appends in prop::collection::vec("[a-c\n\\\\é😀\u{1b}]{1,40}", 1..40),
        most in 1_u64..400,
        offset in 0_u64..20,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let log = log(directory.path(), &appends, 1 << 30);
        let from = usize::try_from(offset).unwrap().min(appends.len());
        let whole = appends[from..].concat();
        check(&read(&log, window(offset, most)), &whole, most);
    }
}

/// Lines of many sizes, far more than one stride of the marks.
fn long() -> Vec<String> {
    (0..30_000)
        .map(|n| format!("{n} é{}\r\n", "x".repeat(n % 97)))
        .collect()
}

#[test]
fn a_long_log_is_cut_the_same_at_once_streamed_and_after_its_writing() {
    let directory = tempfile::tempdir().unwrap();
    let appends = long();
    let log = log(directory.path(), &appends, 1 << 30);
    for most in [1_000, 100_000, 600_000] {
        for offset in [0, 1, 12_345] {
            let whole = appends[offset..].concat();
            check(&read(&log, window(offset as u64, most)), &whole, most);
        }
    }
    let place = Place::new(directory.path().into(), Arc::from("log"));
    let limits = Limits {
        max_size: 1 << 30,
        flush_interval: Duration::ZERO,
        flush_buffer: 0,
    };
    let found = crate::exec::log::recover(place, limits).unwrap().log;
    check(
        &read(&found, window(12_345, 5_000)),
        &appends[12_345..].concat(),
        5_000,
    );
}

#[test]
fn a_rotated_log_is_cut_where_it_now_begins() {
    let directory = tempfile::tempdir().unwrap();
    let appends = long();
    let log = log(directory.path(), &appends, 300_000);
    let all = read(&log, Window::default());
    assert!(all.truncated, "the beginning has gone");
    let whole = Read::text(&all.pieces);
    assert!(appends.concat().ends_with(&whole));
    check(&read(&log, window(0, 10_000)), &whole, 10_000);
}

#[test]
fn the_word_of_what_is_left_out_says_where_it_is_and_how_to_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let appends: Vec<String> = (0..100).map(|n| format!("line {n:03}\r\n")).collect();
    let log = log(directory.path(), &appends, 1 << 30);
    let read = read(&log, window(0, 100));
    let at = read.omitted().unwrap();
    assert_eq!(at, 5, "ten bytes a line");
    let said = read.pieces[at]["data"].as_str().unwrap();
    assert!(said.starts_with("\n[… 900 bytes left out here; "), "{said}");
    let path = directory.path().join("log.jsonl");
    assert!(said.contains(path.to_str().unwrap()), "{said}");
    assert!(said.contains("offset=5 "), "{said}");
    let tail = Window {
        tail: Some(4),
        ..window(0, 20)
    };
    let read = super::tests::read(&log, tail);
    assert_eq!(read.pieces.len(), 3);
    assert_eq!(read.pieces[0]["data"], "line 096\r\n");
    assert_eq!(read.pieces[1]["bytes"], 20);
    assert_eq!(read.pieces[2]["data"], "line 099\r\n");
}

#[test]
fn without_a_limit_or_within_it_nothing_changes() {
    let directory = tempfile::tempdir().unwrap();
    let appends = long();
    let log = log(directory.path(), &appends, 1 << 30);
    let size = appends.concat().len() as u64;
    for most in [size, size + 1, u64::MAX] {
        let read = read(&log, window(0, most));
        assert!(!read.truncated);
        assert_eq!(read.pieces.len(), appends.len());
    }
    assert!(read(&log, window(0, size - 1)).truncated);
}
