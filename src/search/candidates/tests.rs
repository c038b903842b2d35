//! What counts in a git work tree, whose index is made here byte by byte.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;

use super::*;

/// An index of version 2 with these names.
fn index(names: &[&str]) -> Vec<u8> {
    let mut bytes = b"DIRC\0\0\0\x02".to_vec();
    bytes.extend(u32::try_from(names.len()).unwrap().to_be_bytes());
    for name in names {
        let begun = bytes.len();
        bytes.extend([0; 24]);
        bytes.extend(0o100_644_u32.to_be_bytes());
        bytes.extend([0; 12 + 20]);
        bytes.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
        bytes.extend(name.bytes());
        let length = bytes.len() - begun;
        bytes.resize(begun + length / 8 * 8 + 8, 0);
    }
    bytes
}

fn shown(root: &Path, hidden: bool) -> String {
    let found = Mutex::new(BTreeSet::new());
    let stop = AtomicBool::new(false);
    let candidates = Candidates {
        root,
        hidden,
        stop: &stop,
    };
    let note = |(): &mut (), candidate: &Candidate<'_>| {
        let slash = if candidate.git_says_directory == Some(true) {
            "/"
        } else {
            ""
        };
        let name = candidate.entry.relative().to_str().unwrap().to_owned() + slash;
        found.lock().unwrap().insert(name);
        Ok(())
    };
    candidates.each(|| (), note).unwrap();
    let found = found.into_inner().unwrap();
    found.into_iter().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_work_tree_has_what_git_would_list() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    let files = [
        "a/b/f.txt",
        "ign/t.txt",
        "ign/u.txt",
        "k.o",
        "u.txt",
        ".hid/x",
        "nest/.git/HEAD",
        "nest/n.txt",
        ".git/HEAD",
    ];
    for name in files {
        write(name, b"x");
    }
    write(".gitignore", b"ign/\n*.o\n");
    fs::create_dir(home.path().join("empty")).unwrap();
    let tracked = [".gitignore", "a/b/f.txt", "gone/deep/x", "ign/t.txt"];
    write(".git/index", &index(&tracked));
    assert_eq!(
        shown(home.path(), false),
        "a/ a/b/ a/b/f.txt gone/ gone/deep/ gone/deep/x ign/ ign/t.txt nest u.txt"
    );
    assert_eq!(
        shown(home.path(), true),
        ".gitignore .hid/ .hid/x a/ a/b/ a/b/f.txt gone/ gone/deep/ gone/deep/x ign/ ign/t.txt nest u.txt"
    );
    assert_eq!(shown(&home.path().join("ign"), false), "t.txt");
    assert_eq!(shown(&home.path().join("a"), false), "b/ b/f.txt");
    assert_eq!(shown(&home.path().join("nest"), false), "n.txt");
    assert_eq!(shown(&home.path().join(".git"), false), "HEAD index");
    write(".git/index", b"DIRC damaged");
    assert_eq!(shown(home.path(), false), "a/ a/b/ a/b/f.txt nest u.txt");
}
