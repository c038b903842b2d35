//! Walks of small trees, against a walk on one thread that sorts what it finds.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::stat::Mode;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn walk<'a>(root: &'a Path, stop: &'a AtomicBool) -> Walk<'a> {
    Walk {
        root,
        hidden: true,
        gitignore: false,
        enough: usize::MAX,
        stop,
    }
}

fn seen(walk: Walk<'_>) -> Vec<PathBuf> {
    let visit = |(): &mut (), entry: &Entry<'_>| Ok(vec![entry.relative().to_owned()]);
    walk.run(|| (), visit).unwrap().0
}

/// The tree with these paths; those that end in a slash are directories.
fn tree(paths: &[&str]) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for path in paths {
        let at = home.path().join(path);
        if path.ends_with('/') {
            fs::create_dir_all(at).unwrap();
        } else {
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(at, "x").unwrap();
        }
    }
    home
}

#[test]
fn the_order_is_depth_first_by_components() {
    let home = tree(&["a.txt", "a/b", "a/é", "a/B/c", "a-", "b/", ".h/x"]);
    let stop = AtomicBool::new(false);
    let all = seen(walk(home.path(), &stop));
    let expected = [
        ".h", ".h/x", "a", "a/B", "a/B/c", "a/b", "a/é", "a-", "a.txt", "b",
    ];
    assert_eq!(all, expected.map(PathBuf::from));
    let open = Walk {
        hidden: false,
        ..walk(home.path(), &stop)
    };
    assert_eq!(
        seen(open),
        expected[2..].iter().map(PathBuf::from).collect::<Vec<_>>()
    );
}

#[test]
fn an_entry_knows_its_path_its_name_and_what_it_is() {
    let home = tree(&["d/file"]);
    symlink("d", home.path().join("to-d")).unwrap();
    symlink("d/file", home.path().join("to-file")).unwrap();
    symlink("none", home.path().join("broken")).unwrap();
    nix::unistd::mkfifo(&home.path().join("pipe"), Mode::S_IRWXU).unwrap();
    let stop = AtomicBool::new(false);
    let visit = |(): &mut (), entry: &Entry<'_>| {
        assert_eq!(entry.path(), home.path().join(entry.relative()));
        assert_eq!(entry.relative().file_name(), Some(entry.name()));
        let name = entry.name().to_str().unwrap().to_owned();
        Ok(vec![(
            name,
            entry.kind(),
            entry.metadata().is_some_and(|found| found.is_dir()),
            entry.open().is_some(),
        )])
    };
    let (found, _) = walk(home.path(), &stop).run(|| (), visit).unwrap();
    let row = |name: &str, kind, directory, opens| (name.to_owned(), kind, directory, opens);
    assert_eq!(
        found,
        [
            row("broken", Kind::Link, false, false),
            row("d", Kind::Directory, true, false),
            row("file", Kind::File, false, true),
            row("pipe", Kind::Special, false, false),
            row("to-d", Kind::Link, true, false),
            row("to-file", Kind::Link, false, true),
        ]
    );
}

#[test]
fn a_root_that_cannot_be_walked_is_told() {
    let home = tree(&["file"]);
    let stop = AtomicBool::new(false);
    let fails = |name: &str| {
        walk(&home.path().join(name), &stop)
            .run(|| (), |(), _| Ok(vec![()]))
            .err()
    };
    assert!(matches!(fails("none"), Some(Error::NotFound(_))));
    assert!(matches!(fails("file"), Some(Error::NotADirectory(_))));
}

#[test]
fn a_caller_that_has_gone_ends_the_walk() {
    let names: Vec<String> = (0..300).map(|n| format!("{}/{n}", n % 50)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let home = tree(&names);
    let stop = AtomicBool::new(false);
    let visit = |count: &mut usize, _: &Entry<'_>| {
        *count += 1;
        stop.store(true, Ordering::Relaxed);
        Ok(vec![()])
    };
    assert!(matches!(
        walk(home.path(), &stop).run(|| 0, visit),
        Err(Error::Stopped)
    ));
}

#[test]
fn an_error_of_a_visit_ends_the_walk_with_it() {
    let names: Vec<String> = (0..500).map(|n| format!("{}/{n}", n % 50)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let home = tree(&names);
    let stop = AtomicBool::new(false);
    let visits = std::sync::atomic::AtomicUsize::new(0);
    let visit = |(): &mut (), _: &Entry<'_>| -> Result<Vec<()>, Error> {
        visits.fetch_add(1, Ordering::Relaxed);
        Err(Error::TooHard("too hard".into()))
    };
    assert!(matches!(
        walk(home.path(), &stop).run(|| (), visit),
        Err(Error::TooHard(_))
    ));
    assert!(visits.into_inner() <= 2 * MOST_THREADS);
}

#[test]
fn the_walk_goes_little_further_than_enough() {
    let names: Vec<String> = (0..1000).map(|n| format!("{:02}/{n}", n % 50)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let home = tree(&names);
    let stop = AtomicBool::new(false);
    let few = Walk {
        enough: 20,
        ..walk(home.path(), &stop)
    };
    let visit = |count: &mut usize, entry: &Entry<'_>| {
        *count += 1;
        // The thread that is ahead of the others is not paid for its haste.
        if entry.relative().starts_with("00") {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(vec![entry.relative().to_owned()])
    };
    let (found, counts) = few.run(|| 0, visit).unwrap();
    assert_eq!(found, seen(walk(home.path(), &stop))[..20]);
    assert!(counts.iter().sum::<usize>() < 300, "{counts:?}");
}

#[test]
fn a_tree_deeper_than_a_path_can_be_is_walked_as_far_as_paths_go() {
    let home = tempfile::tempdir().unwrap();
    let name = "d".repeat(200);
    let mut levels = Vec::new();
    let mut at = fs::File::open(home.path()).unwrap();
    for _ in 0..30 {
        nix::sys::stat::mkdirat(&at, name.as_str(), Mode::S_IRWXU).unwrap();
        let below = nix::fcntl::openat(
            &at,
            name.as_str(),
            nix::fcntl::OFlag::O_DIRECTORY,
            Mode::empty(),
        )
        .unwrap();
        levels.push(std::mem::replace(&mut at, below.into()));
    }
    let stop = AtomicBool::new(false);
    let found = seen(walk(home.path(), &stop)).len();
    assert!((18..=21).contains(&found), "{found}");
    for level in levels.into_iter().rev() {
        nix::unistd::unlinkat(&level, name.as_str(), nix::unistd::UnlinkatFlags::RemoveDir)
            .unwrap();
    }
}

#[test]
fn what_git_ignores_is_left_out_in_a_work_tree_only() {
    let home = tree(&[
        "r/.git/info/",
        "r/.git/HEAD",
        "r/a.log",
        "r/b.txt",
        "r/keep.log",
        "r/build/x",
        "r/sub/build",
        "r/sub/c.tmp",
        "r/sub/d",
        "r/nested/.git/HEAD",
        "r/nested/e.log",
        "r/secret",
        "plain/f.log",
        "plain/.git/",
    ]);
    let write = |name: &str, text: &str| fs::write(home.path().join(name), text).unwrap();
    write("r/.gitignore", "*.log\n!keep.log\nbuild/\n");
    write("r/sub/.gitignore", "*.tmp\n");
    write("r/.git/info/exclude", "/secret\n");
    write("plain/.gitignore", "*.log\n");
    let stop = AtomicBool::new(false);
    let ruled = |root: &str| {
        let root = home.path().join(root);
        let walk = Walk {
            gitignore: true,
            ..walk(&root, &stop)
        };
        let names = seen(walk)
            .into_iter()
            .map(|path| path.to_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        ruled("r"),
        ".gitignore b.txt keep.log nested nested/e.log sub sub/.gitignore sub/build sub/d"
    );
    assert_eq!(ruled("r/sub"), ".gitignore build d");
    assert_eq!(ruled("plain"), ".gitignore f.log");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_first_results_are_the_first_of_all(
        paths in proptest::collection::vec("[ab.-]{1,2}(/[ab.-]{1,2}){0,3}", 0..40),
        enough in 1usize..40,
        each in 0usize..4,
    ) {
        let home = tempfile::tempdir().unwrap();
        for path in &paths {
            // Some are in each other's way, or name the directory itself.
            drop(fs::create_dir_all(home.path().join(path).parent().unwrap()));
            drop(fs::write(home.path().join(path), ""));
        }
        let mut expected = Vec::new();
        below(home.path(), home.path(), &mut expected);
        let stop = AtomicBool::new(false);
        prop_assert_eq!(&seen(walk(home.path(), &stop)), &expected);
        let few = Walk { enough, ..walk(home.path(), &stop) };
        let visit = |(): &mut (), entry: &Entry<'_>| {
            Ok(vec![entry.relative().to_owned(); each])
        };
        let found = few.run(|| (), visit).unwrap().0;
        let all = expected.iter().flat_map(|path| vec![path.clone(); each]);
        prop_assert_eq!(found, all.take(enough).collect::<Vec<_>>());
    }
}

/// All paths below a directory, in the order that is meant.
fn below(root: &Path, directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        found.push(entry.path().strip_prefix(root).unwrap().to_owned());
        if entry.file_type().unwrap().is_dir() {
            below(root, &entry.path(), found);
        }
    }
}
