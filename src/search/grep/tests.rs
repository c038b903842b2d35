//! Tests of grep over files of its own.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let home = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = home.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        Self(home)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn request(&self, query: &str) -> GrepRequest {
        GrepRequest {
            query: query.to_owned(),
            path: self.path().to_owned(),
            regex: true,
            ignore_case: false,
            include: Vec::new(),
            per_line: true,
            max_results: 50,
            respect_gitignore: false,
            context: 0,
            max_bytes: None,
        }
    }

    /// What is found, as `file:line:content`.
    fn found(&self, query: &str) -> Vec<String> {
        self.told(&self.request(query))
    }

    fn told(&self, request: &GrepRequest) -> Vec<String> {
        let tell = |found: &GrepMatch| {
            let file = found.file.strip_prefix(self.path()).unwrap().display();
            match &found.line {
                Some(line) => format!("{file}:{}:{}", line.number, line.content),
                None => file.to_string(),
            }
        };
        run(request).matches.iter().map(tell).collect()
    }
}

fn run(request: &GrepRequest) -> Grepped {
    grep(request, &AtomicBool::new(false)).unwrap()
}

#[test]
fn lines_are_found_in_the_order_of_paths() {
    let tree = Tree::new(&[
        ("b", b"x needle\n\nneedle"),
        ("a/z", b"needle z\n"),
        ("a.txt", b"no\nneedle a\n"),
        (".hidden/f", b"needle h\n"),
        ("c", b"nothing\n"),
    ]);
    let found = [
        ".hidden/f:1:needle h",
        "a/z:1:needle z",
        "a.txt:2:needle a",
        "b:1:x needle",
        "b:3:needle",
    ];
    assert_eq!(tree.found("needle"), found);
    assert_eq!(tree.found("^$"), ["b:2:"]);
    assert_eq!(
        tree.found(""),
        tree.found("(?s)."),
        "an empty pattern matches every line"
    );
    let mut request = tree.request("needle");
    request.per_line = false;
    assert_eq!(tree.told(&request), [".hidden/f", "a/z", "a.txt", "b"]);
    request.max_results = 2;
    assert_eq!(tree.told(&request), [".hidden/f", "a/z"]);
    assert!(run(&request).truncated);
}

#[test]
fn the_limit_reached_is_told_though_nothing_was_left() {
    let tree = Tree::new(&[("a", b"x\n".repeat(600).as_slice())]);
    let mut request = tree.request("x");
    for (max_results, found) in [(500, 500), (50, 50), (1, 1)] {
        request.max_results = max_results;
        assert_eq!(run(&request).matches.len(), found);
        assert!(run(&request).truncated && !run(&request).cut_by_bytes);
    }
    request.query = "^xx".to_owned();
    assert_eq!(run(&request), Grepped::default());
}

#[test]
fn every_kind_of_line_break_counts_once() {
    let tree = Tree::new(&[(
        "f",
        b"hit\r\r\nhit  \nno\rhit\r\n\x0bhit\xe2\x80\xa8\x85".as_slice(),
    )]);
    assert_eq!(tree.found("hit").len(), 0, "the last byte is no text");
    let tree = Tree::new(&[(
        "f",
        b"hit\r\r\nhit  \nno\rhit\r\n\x0bhit\xe2\x80\xa8\x0c".as_slice(),
    )]);
    let found = [
        "f:1:hit",
        "f:3:hit  ",
        "f:5:hit",
        "f:6:\u{b}hit\u{2028}\u{c}",
    ];
    assert_eq!(tree.found("hit"), found);
    assert_eq!(tree.found("^$"), ["f:2:"]);
    assert_eq!(tree.found("^no$"), ["f:4:no"]);
    assert_eq!(tree.found("\\r"), [""; 0]);
}

/// Lines of two bytes, `H` in those at these places, a byte that is no text at `bad`.
fn blocks(marks: &[usize], bad: usize) -> Vec<u8> {
    let mut bytes = b"l\n".repeat(400_000);
    for mark in marks {
        bytes[*mark] = b'H';
    }
    bytes[bad] = 0xff;
    bytes
}

#[test]
fn lines_before_the_block_that_is_no_text_are_found() {
    let marks = [8188, 8190, 8192, 16380, 16382];
    for (bad, found) in [(8191, 0), (8193, 2), (16384, 5), (16381, 2), (700_001, 5)] {
        let tree = Tree::new(&[("f", &blocks(&marks, bad))]);
        assert_eq!(tree.found("H").len(), found, "{bad}");
        assert_eq!(tree.found("H\\s").len(), found, "{bad}");
    }
    let mut cut = blocks(&[8190], 9000);
    cut[8191] = b'\r';
    assert_eq!(
        Tree::new(&[("f", &cut)]).found("H").len(),
        0,
        "half of a break ends no line yet"
    );
    let mut split = blocks(&[8188], 9000);
    split[8191] = 0xc3;
    assert_eq!(
        Tree::new(&[("f", &split)]).found("H").len(),
        1,
        "the character ends in the next block"
    );
    assert_eq!(Tree::new(&[("f", b"H\nH\xc3")]).found("H"), ["f:1:H"]);
    assert_eq!(Tree::new(&[("f", b"caf\xe9 H\n")]).found("H").len(), 0);
    assert_eq!(Tree::new(&[("f", b"\0\0H\0\n")]).found("H").len(), 1);
}

#[test]
fn large_files_are_searched_in_pieces_that_do_not_show() {
    let mut text = String::new();
    for number in 1..=200_000 {
        text.push_str(if number % 1000 == 0 {
            "needle é\r\n"
        } else {
            "hay hay\r\n"
        });
    }
    let tree = Tree::new(&[("f", text.as_bytes())]);
    let mut request = tree.request("needle .$");
    request.max_results = 500;
    let found = tree.told(&request);
    assert_eq!(found.len(), 200);
    assert!(
        found
            .iter()
            .zip(1..)
            .all(|(line, n)| *line == format!("f:{}:needle é", n * 1000)),
        "{found:?}"
    );
}

#[test]
fn a_line_longer_than_memory_is_searched_in_parts() {
    let mut text = vec![b'a'; 9 << 20];
    text[6 << 20] = b'N';
    // On the border of two parts, and not on that of characters.
    text[(2 << 20) - 4..][..8].copy_from_slice("-é😀-".as_bytes());
    text.extend_from_slice(b"\nN\n");
    let tree = Tree::new(&[("f", &text)]);
    let run = run(&tree.request("aNa|^N"));
    let lines: Vec<_> = run
        .matches
        .iter()
        .filter_map(|found| found.line.as_ref())
        .collect();
    assert_eq!(
        lines.iter().map(|line| line.number).collect::<Vec<_>>(),
        [1, 2]
    );
    assert!(lines[0].clipped && lines[0].content.len() <= 2000 && lines[0].content.contains("aNa"));
    assert!(!lines[1].clipped);
    let mut request = tree.request("-é😀-");
    request.context = 1;
    let found = grep(&request, &AtomicBool::new(false)).unwrap();
    assert_eq!(found.matches.len(), 1);
    assert_eq!(found.matches[0].line.as_ref().unwrap().after, ["N"]);
    request.query = "^N$".to_owned();
    let found = grep(&request, &AtomicBool::new(false)).unwrap();
    let before = &found.matches[0].line.as_ref().unwrap().before;
    assert!(before.len() == 1 && before[0].len() <= 2000);
}

#[test]
fn only_what_is_a_file_is_searched() {
    let tree = Tree::new(&[("d/f", b"needle\n"), ("g", b"needle\n")]);
    symlink("d", tree.path().join("dirlink")).unwrap();
    symlink("g", tree.path().join("link")).unwrap();
    symlink("none", tree.path().join("broken")).unwrap();
    symlink("loop", tree.path().join("loop")).unwrap();
    nix::unistd::mkfifo(&tree.path().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(
        tree.found("needle"),
        ["d/f:1:needle", "g:1:needle", "link:1:needle"]
    );
    for (name, count) in [("dirlink", 1), ("link", 1), ("pipe", 0)] {
        let mut request = tree.request("needle");
        request.path = tree.path().join(name);
        assert_eq!(run(&request).matches.len(), count, "{name}");
    }
    let mut request = tree.request("(");
    request.path = tree.path().join("none");
    assert!(matches!(
        grep(&request, &AtomicBool::new(false)),
        Err(Error::NotFound(_))
    ));
    request.path = tree.path().to_owned();
    assert!(matches!(
        grep(&request, &AtomicBool::new(false)),
        Err(Error::Pattern(_))
    ));
    request.query = "Name".to_owned();
    request.path = "/proc/self/status".into();
    assert_eq!(run(&request).matches.len(), 1);
    request.path = "/dev/zero".into();
    assert_eq!(run(&request).matches.len(), 0);
}

#[test]
fn names_are_chosen_by_shell_patterns() {
    let tree = Tree::new(&[
        ("a.py", b"x\n"),
        ("b.md", b"x\n"),
        ("d/c.py", b"x\n"),
        ("e.PY", b"x\n"),
    ]);
    let mut request = tree.request("x");
    request.include = vec!["*.py".to_owned()];
    assert_eq!(tree.told(&request), ["a.py:1:x", "d/c.py:1:x"]);
    request.include.push("b*".to_owned());
    assert_eq!(tree.told(&request), ["a.py:1:x", "b.md:1:x", "d/c.py:1:x"]);
    request.include = vec!["d/*".to_owned()];
    assert_eq!(tree.told(&request), [""; 0]);
    request.path = tree.path().join("e.PY");
    assert_eq!(tree.told(&request), ["e.PY:1:x"]);
}

#[test]
fn what_git_ignores_is_left_out_when_asked() {
    let tree = Tree::new(&[
        (".git/HEAD", b"x\n"),
        (".gitignore", b"out/\n"),
        ("out/a", b"x\n"),
        ("b", b"x\n"),
    ]);
    let mut request = tree.request("x");
    assert_eq!(tree.told(&request), [".git/HEAD:1:x", "b:1:x", "out/a:1:x"]);
    request.respect_gitignore = true;
    assert_eq!(tree.told(&request), ["b:1:x"]);
}

#[test]
fn lines_around_come_with_each_match() {
    let text = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    let tree = Tree::new(&[("f", text.as_bytes())]);
    let mut request = tree.request("[159]");
    request.context = 2;
    let around = |request: &GrepRequest| -> Vec<String> {
        let lines = run(request)
            .matches
            .into_iter()
            .filter_map(|found| found.line);
        lines
            .map(|line| {
                format!(
                    "{} {} {}",
                    line.before.concat(),
                    line.content,
                    line.after.concat()
                )
            })
            .collect()
    };
    assert_eq!(around(&request), [" 1 23", "34 5 67", "78 9 "]);
    request.max_results = 2;
    assert_eq!(around(&request), [" 1 23", "34 5 67"]);
    request.per_line = false;
    assert_eq!(run(&request).matches.len(), 1);
}

#[test]
fn lines_around_reach_over_the_pieces_of_a_file() {
    let lines: Vec<String> = (0..200_000).map(|n| format!("{n:07}\n")).collect();
    let text = lines.concat();
    let tree = Tree::new(&[("f", text.as_bytes())]);
    // Pieces end at a multiple of 256 KiB, which is a multiple of a line.
    let edge = (256 << 10) / 8;
    let mut request = tree.request(&format!("^({:07}|{:07})$", edge - 1, edge));
    request.context = 3;
    let lines: Vec<_> = run(&request)
        .matches
        .into_iter()
        .filter_map(|found| found.line)
        .collect();
    for (line, number) in lines.iter().zip([edge - 1, edge]) {
        let shown: Vec<_> = line
            .before
            .iter()
            .chain([&line.content])
            .chain(&line.after)
            .cloned()
            .collect();
        let expected: Vec<_> = (number - 3..=number + 3)
            .map(|n| format!("{n:07}"))
            .collect();
        assert_eq!(shown, expected);
    }
    request.max_results = 1;
    assert_eq!(
        run(&request).matches[0].line.as_ref().unwrap().after.len(),
        3
    );
}

#[test]
fn a_budget_of_bytes_cuts_lines_and_results() {
    let long = format!("{}needle{}\n", "a".repeat(9000), "b".repeat(9000));
    let tree = Tree::new(&[("f", long.repeat(3).as_bytes())]);
    let mut request = tree.request("needle");
    assert_eq!(
        run(&request).matches[0]
            .line
            .as_ref()
            .unwrap()
            .content
            .len(),
        18_006
    );
    for (max_bytes, count) in [(1, 1), (5000, 2), (100_000, 3)] {
        request.max_bytes = Some(max_bytes);
        let found = run(&request);
        assert_eq!(found.matches.len(), count);
        assert_eq!(
            (found.truncated, found.cut_by_bytes),
            (count < 3, count < 3)
        );
        let line = found.matches[0].line.as_ref().unwrap();
        assert!(line.clipped && line.content.len() <= 2000 && line.content.contains("aneedleb"));
    }
}

#[test]
fn who_has_gone_is_not_searched_for() {
    let tree = Tree::new(&[("f", b"x\n")]);
    assert!(matches!(
        grep(&tree.request("x"), &AtomicBool::new(true)),
        Err(Error::Stopped)
    ));
}
