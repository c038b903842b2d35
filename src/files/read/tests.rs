//! Tests of reading: the text of files as it is given, ranges, budgets, and what is no text.

use super::*;
use crate::text::{clip, lines};
use proptest::prelude::*;

static GO: AtomicBool = AtomicBool::new(false);

/// A file with these contents; it goes with the directory.
fn file(name: &str, contents: &[u8]) -> (tempfile::TempDir, ReadRequest) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(name);
    std::fs::write(&path, contents).unwrap();
    let binary_prefixes = vec!["image".to_owned()];
    let request = ReadRequest {
        path,
        binary_prefixes,
        ..ReadRequest::default()
    };
    (home, request)
}

fn text(request: &ReadRequest) -> TextFile {
    match read(request, &GO).unwrap() {
        Readable::Text(text) => text,
        Readable::Bytes { .. } => panic!("no text"),
    }
}

/// The content as a client reads it from the JSON.
fn content(text: TextFile) -> String {
    let mut json = b"\"".to_vec();
    text.content_json(&GO, &mut |piece| {
        json.extend_from_slice(&piece);
        true
    })
    .unwrap();
    json.push(b'"');
    serde_json::from_slice(&json).unwrap()
}

/// The lines asked for of a text, by the rule: universal newlines, then the lines as Python splits them.
fn plainly(whole: &str, start: Option<u64>, end: Option<u64>) -> String {
    let whole = whole.replace("\r\n", "\n").replace('\r', "\n");
    let skipped = usize::try_from(start.unwrap_or(1) - 1).unwrap();
    let last = end.map_or(usize::MAX, |end| usize::try_from(end).unwrap());
    lines(&whole).take(last).skip(skipped).collect()
}

#[test]
fn text_comes_with_plain_line_ends_and_the_hash_of_its_bytes() {
    let (_home, request) = file("a.png", b"one\r\ntwo\rthree \"\\\t\x07\x7f\0\n");
    let found = text(&request);
    assert_eq!(found.total_lines(), 3);
    assert_eq!(
        found.content_hash(),
        "d6c8ca74b67c66de68803c8c04d416da42b070dc0f7b606dc996c0583c6110ab"
    );
    assert_eq!(content(found), "one\ntwo\nthree \"\\\t\u{7}\u{7f}\0\n");
}

#[test]
fn what_is_no_text_is_bytes_when_its_kind_is_asked_for() {
    let (home, request) = file("a.PNG", b"\x89PNG");
    match read(&request, &GO).unwrap() {
        Readable::Bytes {
            mut file,
            size,
            media_type,
        } => {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, b"\x89PNG");
            assert_eq!((size, media_type.as_str()), (4, "image/png"));
        }
        Readable::Text(_) => panic!("text"),
    }
    let other = home.path().join("noext");
    std::fs::write(&other, vec![0xe9; 3 << 20]).unwrap();
    let request = ReadRequest {
        path: other,
        ..request
    };
    assert!(
        matches!(read(&request, &GO), Err(Error::NotText { media_type, .. }) if media_type == "application/octet-stream")
    );
}

#[test]
fn a_large_file_is_given_as_a_small_one_is() {
    // Longer than what is held, with ends and characters across every buffer's end.
    let line = "row\r\n日本語 \u{2028}x\ré\n";
    let whole = line.repeat(60_000);
    assert!(whole.len() as u64 > HELD);
    let (_home, mut request) = file("big", whole.as_bytes());
    let found = text(&request);
    assert_eq!(found.total_lines(), 240_000);
    assert!(content(found) == plainly(&whole, None, None));
    for (start, end) in [
        (1, 2),
        (70_001, 70_003),
        (239_999, 240_009),
        (240_001, 240_002),
        (7, 3),
    ] {
        (request.start_line, request.end_line) = (Some(start), Some(end));
        assert_eq!(
            content(text(&request)),
            plainly(&whole, Some(start), Some(end)),
            "{start} to {end}"
        );
    }
}

#[test]
fn a_line_end_cut_by_a_buffer_is_one() {
    let whole = format!("{}\r\n{}", "a".repeat(BUFFER - 1), "b".repeat(1 << 20));
    let (_home, request) = file("big", whole.as_bytes());
    assert!(content(text(&request)) == plainly(&whole, None, None));
}

#[test]
fn a_file_that_changes_between_the_looks_breaks_off() {
    let (_home, request) = file("big", "line\n".repeat(400_000).as_bytes());
    for change in [
        "é".repeat(1_000_001).as_bytes()[1..].to_vec(),
        b"short".to_vec(),
    ] {
        std::fs::write(&request.path, "line\n".repeat(400_000)).unwrap();
        let found = text(&request);
        std::fs::write(&request.path, change).unwrap();
        let end = found.content_json(&GO, &mut |_| true);
        assert!(matches!(end, Err(Error::Refused { .. })), "{end:?}");
    }
}

#[test]
fn nobody_listening_ends_the_work() {
    let (_home, request) = file("big", "line\n".repeat(400_000).as_bytes());
    let mut pieces = 0;
    let end = text(&request).content_json(&GO, &mut |piece| {
        assert!((GIVEN_ABOUT..2 * GIVEN_ABOUT).contains(&piece.len()));
        pieces += 1;
        pieces < 3
    });
    assert!(matches!(end, Err(Error::Stopped)));
    assert_eq!(pieces, 3);
    let stop = AtomicBool::new(true);
    assert!(matches!(read(&request, &stop), Err(Error::Stopped)));
    let end = text(&request).content_json(&stop, &mut |_| true);
    assert!(matches!(end, Err(Error::Stopped)));
}

const GIVEN_ABOUT: usize = 64 * 1024;

#[test]
fn files_of_the_kernel_are_read_and_never_waited_for() {
    let read_at = |path: &str| {
        read(
            &ReadRequest {
                path: path.into(),
                ..ReadRequest::default()
            },
            &GO,
        )
    };
    for path in [
        "/proc/self/status",
        "/proc/cpuinfo",
        "/sys/kernel/mm/transparent_hugepage/enabled",
    ] {
        if !Path::new(path).exists() {
            continue;
        }
        match read_at(path) {
            Ok(Readable::Text(text)) => assert!(!content(text).is_empty(), "{path}"),
            other => panic!("{path}: {other:?}"),
        }
    }
    for path in [
        "/proc/kmsg",
        "/proc/self/mem",
        "/proc/kcore",
        "/proc/self/pagemap",
        "/proc/self/auxv",
    ] {
        // What they say depends on who asks; that they answer is what matters.
        drop(read_at(path));
    }
    assert!(matches!(read_at("/dev/zero"), Err(Error::Special { .. })));
    assert!(matches!(read_at("/"), Err(Error::IsDirectory(_))));
    assert!(matches!(read_at("/none"), Err(Error::NotFound(_))));
}

#[test]
fn a_budget_cuts_at_a_line_and_says_where_to_go_on() {
    let (_home, mut request) = file("f", b"one\r\ntwo\nthree\nfour");
    request.max_bytes = Some(9);
    let found = text(&request);
    let cut = Cut {
        next_line: Some(3),
        clipped: 0,
    };
    assert_eq!(found.cut(), Some(&cut));
    assert_eq!(content(found), "one\ntwo\n");
    request.start_line = Some(3);
    request.max_bytes = Some(10);
    let found = text(&request);
    assert_eq!(found.cut(), None, "all of it has room");
    assert_eq!(content(found), "three\nfour");
    request.max_bytes = Some(0);
    let found = text(&request);
    assert_eq!(found.cut().unwrap().next_line, Some(4));
    assert_eq!(content(found), "three\n", "one line is always given");
}

#[test]
fn a_budget_cuts_long_lines_short() {
    let long = "é".repeat(700_000);
    let (_home, mut request) = file("f", format!("a\n{long}\r\nb\n").as_bytes());
    request.max_bytes = Some(10_000);
    let found = text(&request);
    let cut = Cut {
        next_line: None,
        clipped: 1,
    };
    assert_eq!(found.cut(), Some(&cut));
    assert_eq!(
        content(found),
        format!("a\n{}\nb\n", clip(&long, 2000).unwrap())
    );
    (request.start_line, request.end_line) = (Some(2), Some(2));
    request.max_bytes = Some(500);
    let found = text(&request);
    assert_eq!(found.cut(), Some(&cut));
    let found = content(found);
    assert!(found.len() <= 500, "{}", found.len());
    assert!(
        found.ends_with("… [line cut: 452 of 1400000 bytes]\n"),
        "{found}"
    );
}

proptest! {
    #[test]
    fn ranges_follow_the_rule(
        parts in proptest::collection::vec(prop_oneof![
            "[a-c\"\\\\é\u{0}-\u{20}\u{85}\u{2028}😀]{0,12}", "[\r\n]{1,3}", Just("tail".to_owned()),
        ], 0..12),
        start in proptest::option::of(1..9_u64),
        end in proptest::option::of(1..9_u64),
    ) {
        let whole = parts.concat();
        let (_home, mut request) = file("f", whole.as_bytes());
        (request.start_line, request.end_line) = (start, end);
        let found = text(&request);
        prop_assert_eq!(found.total_lines(), lines(&whole).count() as u64);
        prop_assert_eq!(content(found), plainly(&whole, start, end));
    }

    #[test]
    fn pages_of_a_budget_are_the_whole(
        whole in "([a-zé]{0,30}[\n\r\u{2028}]){0,9}[a-z]{0,9}",
        max_bytes in 0..90_usize,
    ) {
        let (_home, mut request) = file("f", whole.as_bytes());
        request.max_bytes = Some(max_bytes);
        let mut pages = String::new();
        loop {
            let found = text(&request);
            let next = found.cut().and_then(|cut| cut.next_line);
            let page = content(found);
            prop_assert!(page.len() <= max_bytes || lines(&page).count() == 1);
            pages.push_str(&page);
            match next {
                Some(next) => request.start_line = Some(next),
                None => break,
            }
        }
        prop_assert_eq!(pages, plainly(&whole, None, None));
    }
}
