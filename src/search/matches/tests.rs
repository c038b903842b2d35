//! Matches by path and by content.

use std::fs;

use super::*;

fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    home
}

fn request(root: &Path, query: &str) -> MatchesRequest {
    MatchesRequest {
        query: query.into(),
        path: root.to_owned(),
        limit: 100,
        offset: 0,
        show_hidden: false,
        max_bytes: None,
    }
}

fn found(request: &MatchesRequest) -> Matched {
    find_matches(request, &AtomicBool::new(false)).unwrap()
}

/// The results as text: path, `/` for a directory, `!` when the path matches, and the lines.
fn told(matched: &Matched) -> Vec<String> {
    let told = |result: &Match| {
        let lines = result.content_matches.iter();
        let lines = lines.map(|line| format!(" {}:{}:{}", line.line, line.column, line.text));
        format!(
            "{}{}{}{}",
            result.relative_path.to_str().unwrap(),
            if result.directory { "/" } else { "" },
            if result.name_match { "!" } else { "" },
            lines.collect::<String>()
        )
    };
    matched.results.iter().map(told).collect()
}

#[test]
fn names_come_first_then_paths_then_contents_and_shorter_before_longer() {
    let home = tree(&[
        ("word", b""),
        ("word.txt", b""),
        ("wordy/file", b""),
        ("a/word/x", b""),
        ("swords", b""),
        ("content.txt", b"a word here"),
        ("b.txt", b"word"),
        ("WORD.md", b"a\nthe WORD"),
        ("zz/word", b""),
        (".h/word", b"word"),
    ]);
    let all = [
        "word!",
        "a/word/!",
        "zz/word!",
        "wordy/!",
        "WORD.md! 2:5:the WORD",
        "word.txt!",
        "swords!",
        "a/word/x!",
        "wordy/file!",
        "b.txt 1:1:word",
        "content.txt 1:3:a word here",
    ];
    let whole = found(&request(home.path(), " Word "));
    assert_eq!(told(&whole), all);
    assert_eq!((whole.next_offset, whole.truncated), (None, false));
    for (offset, limit) in [(0, 3), (3, 3), (8, 3), (9, 3), (20, 3), (0, 11)] {
        let page = found(&MatchesRequest {
            limit,
            offset,
            ..request(home.path(), "word")
        });
        let rest = &all[offset.min(all.len())..];
        assert_eq!(told(&page), rest[..limit.min(rest.len())]);
        let next = (offset + limit < all.len()).then_some(offset + limit);
        assert_eq!(page.next_offset, next, "{offset} {limit}");
    }
    assert!(matches!(
        find_matches(&request(home.path(), " \n"), &AtomicBool::new(false)),
        Err(Error::Pattern(_))
    ));
}

#[test]
fn lines_end_and_columns_count_as_in_the_reference() {
    let sep = "a zq\u{b}b zq\u{1c}zq\n".as_bytes();
    let home = tree(&[
        ("crlf", b"zq\r\n\r\nzq\rx zq\n"),
        ("five", b"zq 1\nzq 2\nzq 3\nzq 4\nzq 5\n"),
        ("odd", b"\xff \xe2\x82 zq  \n"),
        ("sep", sep),
        ("wide", "😀zq zq\nİzq\n".as_bytes()),
    ]);
    let all = [
        "odd 1:5:\u{fffd} \u{fffd} zq  ",
        "sep 1:3:a zq 2:3:b zq 3:1:zq",
        "crlf 1:1:zq 3:1:zq 4:3:x zq",
        "five 1:1:zq 1 2:1:zq 2 3:1:zq 3",
        "wide 1:3:😀zq zq 2:3:İzq",
    ];
    assert_eq!(told(&found(&request(home.path(), "zq"))), all);
}

#[test]
fn long_and_binary_files_pipes_and_links_are_not_looked_into() {
    let long = |length: usize| [b"zq\n".as_slice(), &vec![b'x'; length - 3]].concat();
    let nul = |at: usize| [b"zq\n".as_slice(), &vec![b'x'; at - 3], b"\0"].concat();
    let home = tree(&[
        ("most", &long(1 << 20)),
        ("longer", &long((1 << 20) + 1)),
        ("early", &nul(8191)),
        ("later", &nul(8192)),
    ]);
    nix::unistd::mkfifo(&home.path().join("zq"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    std::os::unix::fs::symlink("most", home.path().join("link")).unwrap();
    std::os::unix::fs::symlink("most", home.path().join("zq-link")).unwrap();
    let all = ["zq!", "zq-link!", "most 1:1:zq", "later 1:1:zq"];
    assert_eq!(told(&found(&request(home.path(), "zq"))), all);
}

#[test]
fn a_budget_cuts_between_results_and_clips_lines() {
    let long = ["é".repeat(1000), "zq".into(), "ü".repeat(1000)].concat();
    let home = tree(&[("a", long.as_bytes()), ("b", b"zq"), ("c", b"zq")]);
    let page = |offset, max_bytes| {
        found(&MatchesRequest {
            offset,
            max_bytes: Some(max_bytes),
            ..request(home.path(), "zq")
        })
    };
    let first = page(0, 1);
    assert_eq!(
        (first.results.len(), first.next_offset, first.truncated),
        (1, Some(1), true)
    );
    let line = &first.results[0].content_matches[0];
    assert!(
        line.clipped && line.text.len() <= 500 && line.text.contains("ézqü"),
        "{line:?}"
    );
    assert!(line.text.starts_with('…') && line.text.ends_with('…'));
    assert_eq!(line.column, 1001);
    let rest = page(1, 6);
    assert_eq!(
        (rest.results.len(), rest.next_offset, rest.truncated),
        (2, None, false)
    );
}
