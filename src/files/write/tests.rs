//! Tests of writing: nothing lost, nothing half done.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// SHA-256 of "new".
const NEW: &str = "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437";

fn home() -> (tempfile::TempDir, impl Fn(&str) -> PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_owned();
    (home, move |name: &str| path.join(name))
}

fn put_text(path: &Path, text: &str) -> Result<Written, Error> {
    write(path, text.as_bytes(), None, false)
}

/// The names in a directory, so that nothing stays behind unseen.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn content_replaces_content_and_parents_are_made() {
    let (home, at) = home();
    let written = put_text(&at("a/b/f"), "much longer than the next").unwrap();
    assert_eq!(written.size, 25);
    let written = put_text(&at("a/b/f"), "new").unwrap();
    assert_eq!(written.content_hash, NEW);
    assert_eq!(fs::read_to_string(at("a/b/f")).unwrap(), "new");
    assert_eq!(names(&at("a/b")), ["f"]);
    drop(home);
}

#[test]
fn a_new_file_has_the_mode_that_any_new_file_has() {
    let (_home, at) = home();
    put_text(&at("ours"), "x").unwrap();
    fs::write(at("theirs"), "x").unwrap();
    assert_eq!(mode_of(&at("ours")), mode_of(&at("theirs")));
}

#[test]
fn mode_and_attributes_are_kept_but_not_the_right_to_be_another() {
    let (_home, at) = home();
    for (before, after) in [(0o755, 0o755), (0o640, 0o640), (0o4711, 0o711)] {
        fs::write(at("f"), "old").unwrap();
        fs::set_permissions(at("f"), Permissions::from_mode(before)).unwrap();
        put_text(&at("f"), "new").unwrap();
        assert_eq!(mode_of(&at("f")), after);
    }
    let flags = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(at("f"), "user.note", b"kept", flags).is_err() {
        println!("attributes not tested: this file system has none");
        return;
    }
    put_text(&at("f"), "newer").unwrap();
    let mut value = [0; 10];
    let size = rustix::fs::getxattr(at("f"), "user.note", &mut value).unwrap();
    assert_eq!(&value[..size], b"kept");
}

#[test]
fn links_are_followed_and_stay() {
    let (_home, at) = home();
    fs::create_dir(at("d")).unwrap();
    fs::write(at("d/real"), "old").unwrap();
    symlink("d/second", at("first")).unwrap();
    symlink("real", at("d/second")).unwrap();
    symlink("d/fresh", at("dangling")).unwrap();
    put_text(&at("first"), "new").unwrap();
    put_text(&at("dangling"), "made").unwrap();
    assert_eq!(fs::read_to_string(at("d/real")).unwrap(), "new");
    assert_eq!(fs::read_to_string(at("d/fresh")).unwrap(), "made");
    assert!(at("first").is_symlink() && at("d/second").is_symlink() && at("dangling").is_symlink());
    symlink("loop", at("loop")).unwrap();
    assert!(matches!(
        put_text(&at("loop"), "x"),
        Err(Error::Refused { .. })
    ));
}

#[test]
fn another_name_of_the_file_shows_the_new_content() {
    let (_home, at) = home();
    fs::write(at("a"), "something old").unwrap();
    fs::hard_link(at("a"), at("b")).unwrap();
    put_text(&at("a"), "new").unwrap();
    assert_eq!(fs::read_to_string(at("b")).unwrap(), "new");
    let mut staged = Staged::create(&at("b"), true).unwrap();
    staged.write_all(b"staged").unwrap();
    staged.commit().unwrap();
    assert_eq!(fs::read_to_string(at("a")).unwrap(), "staged");
    assert_eq!(fs::metadata(at("a")).unwrap().nlink(), 2);
    assert_eq!(names(at("a").parent().unwrap()), ["a", "b"]);
}

#[test]
fn what_is_no_file_is_refused_and_nothing_waits() {
    let (home, at) = home();
    fs::create_dir(at("d")).unwrap();
    fs::write(at("f"), "x").unwrap();
    nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for path in [at("d"), PathBuf::from("/"), home.path().to_owned()] {
        assert!(matches!(put_text(&path, "x"), Err(Error::IsDirectory(_))));
        assert!(matches!(
            Staged::create(&path, false),
            Err(Error::IsDirectory(_))
        ));
    }
    for path in [at("pipe"), PathBuf::from("/dev/null")] {
        assert!(matches!(put_text(&path, "x"), Err(Error::Special { .. })));
    }
    for path in [
        at("f/below"),
        at("f/deep/below"),
        at(&"n".repeat(300)),
        at(&"n/".repeat(5000)),
        at("nul\0"),
    ] {
        assert!(
            matches!(put_text(&path, "x"), Err(Error::Refused { .. })),
            "{path:?}"
        );
    }
    assert_eq!(names(home.path()), ["d", "f", "pipe"]);
}

#[test]
fn long_names_leave_room_for_the_temporary_one() {
    let (home, at) = home();
    for name in ["n".repeat(255), format!("x{}", "é".repeat(127))] {
        put_text(&at(&name), "x").unwrap();
        put_text(&at(&name), "y").unwrap();
        assert_eq!(names(home.path()), std::slice::from_ref(&name));
        fs::remove_file(at(&name)).unwrap();
    }
    let free = free_name(std::ffi::OsStr::new(&"é".repeat(127))).unwrap();
    assert!(free.len() <= 255 && free.to_str().is_some(), "{free:?}");
}

#[test]
fn an_expectation_is_held_against_what_is_there() {
    let (_home, at) = home();
    let at = at("f");
    let expecting = |hash: &str, text: &str| write(&at, text.as_bytes(), Some(hash), false);
    assert!(
        matches!(
            expecting(NEW, "x"),
            Err(Error::Changed { current: None, .. })
        ),
        "no file"
    );
    assert!(!at.exists());
    put_text(&at, "new").unwrap();
    let upper = format!("SHA256:{}", NEW.to_ascii_uppercase());
    expecting(&upper, "newer").unwrap();
    let Err(Error::Changed { current, .. }) = expecting(NEW, "x") else {
        panic!("the file has changed since");
    };
    assert_eq!(current, Some(hash_of(&at).unwrap()));
    assert_eq!(fs::read_to_string(&at).unwrap(), "newer");
}

#[test]
fn of_writers_with_one_expectation_one_succeeds() {
    let (_home, at) = home();
    let at = at("f");
    for _ in 0..20 {
        let before = put_text(&at, "before").unwrap().content_hash;
        let succeeded = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let (at, before, succeeded) = (&at, &before, &succeeded);
                scope.spawn(move || {
                    let text = format!("writer {writer}");
                    if write(at, text.as_bytes(), Some(before), false).is_ok() {
                        succeeded.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(succeeded.into_inner(), 1);
    }
}

#[test]
fn of_two_contents_written_at_once_one_is_there_whole() {
    let (home, at) = home();
    for linked in [false, true] {
        let at = at("f");
        put_text(&at, "").unwrap();
        if linked {
            fs::hard_link(&at, home.path().join("g")).unwrap();
        }
        std::thread::scope(|scope| {
            for letter in ["a", "b", "c", "d"] {
                let at = &at;
                scope.spawn(move || {
                    let text = letter.repeat(300_000);
                    for _ in 0..10 {
                        put_text(at, &text).unwrap();
                    }
                });
            }
        });
        let found = fs::read(&at).unwrap();
        assert_eq!(found.len(), 300_000);
        assert!(found.iter().all(|byte| *byte == found[0]));
    }
    assert_eq!(names(home.path()), ["f", "g"]);
}

#[test]
fn updates_build_on_each_other() {
    let (_home, at) = home();
    let at = at("f");
    put_text(&at, "").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let at = &at;
            scope.spawn(move || {
                for _ in 0..25 {
                    update(at, None, false, |old| Ok([old, b"x"].concat())).unwrap();
                }
            });
        }
    });
    assert_eq!(fs::metadata(&at).unwrap().len(), 100);
    let refused = update(&at, None, false, |_| Err(Error::Stopped));
    assert!(matches!(refused, Err(Error::Stopped)));
    assert_eq!(fs::metadata(&at).unwrap().len(), 100);
    let none = at.with_file_name("none").join("deep");
    let missing = update(&none, None, false, |old| Ok(old.to_vec()));
    assert!(matches!(missing, Err(Error::NotFound(_))));
    assert!(!none.parent().unwrap().exists());
}

#[test]
fn staged_content_is_there_only_after_the_commit() {
    let (home, at) = home();
    let mut dropped = Staged::create(&at("d/f"), false).unwrap();
    dropped.write_all(b"half").unwrap();
    assert_eq!(names(&at("d")).len(), 1);
    assert!(!at("d/f").exists());
    drop(dropped);
    assert_eq!(names(&at("d")), [""; 0]);
    let mut staged = Staged::create(&at("d/f"), true).unwrap();
    staged.write_all(b"n").unwrap();
    staged.write_all(b"ew").unwrap();
    let written = staged.commit().unwrap();
    assert_eq!((written.size, written.content_hash.as_str()), (3, NEW));
    assert_eq!(names(&at("d")), ["f"]);
    drop(home);
}

#[test]
fn big_content_has_the_hash_of_its_bytes() {
    let (_home, at) = home();
    let content: Vec<u8> = (0..3_000_001_u32).map(|n| n.to_le_bytes()[0]).collect();
    let written = write(&at("f"), &content, None, false).unwrap();
    assert_eq!(written.content_hash, hash_of(&at("f")).unwrap());
    assert_eq!(written.content_hash, hex(&Sha256::digest(&content)));
}

/// A file system of 1 MiB, mounted for the test.
struct Small(PathBuf);

impl Small {
    fn mount(at: PathBuf) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let mut mount = std::process::Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(&at);
        let mounted = mount.output().is_ok_and(|done| done.status.success());
        if !mounted {
            println!("full disks and mounts not tested: mounting needs root");
        }
        mounted.then(|| Self(at))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let unmounted = std::process::Command::new("umount")
            .arg("-l")
            .arg(&self.0)
            .status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

#[test]
fn a_full_disk_leaves_the_old_content() {
    let (_home, at) = home();
    let Some(small) = Small::mount(at("small")) else {
        return;
    };
    let (file, twin) = (small.0.join("f"), small.0.join("g"));
    let much = vec![b'x'; 800 << 10];
    for linked in [false, true] {
        fs::write(&file, "old").unwrap();
        if linked {
            fs::hard_link(&file, &twin).unwrap();
        }
        let full = write(&file, &vec![b'x'; 2 << 20], None, true);
        assert!(matches!(full, Err(Error::Full { .. })), "{full:?}");
        let mut staged = Staged::create(&file, false).unwrap();
        staged.write_all(&much).unwrap();
        let full = staged.write_all(&much);
        assert!(matches!(full, Err(Error::Full { .. })), "{full:?}");
        drop(staged);
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(names(&small.0).len(), 1 + usize::from(linked));
        // All room is given back, when no child of another test that is being started has the file open still.
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while let Err(error) = write(&file, &much, None, false) {
            assert!(std::time::Instant::now() < end, "{error}");
            std::thread::yield_now();
        }
        write(&file, b"", None, false).unwrap();
    }
}

#[test]
fn a_file_that_is_a_mount_is_written_in_place() {
    let (_home, at) = home();
    let Some(small) = Small::mount(at("small")) else {
        return;
    };
    fs::write(small.0.join("inner"), "much longer than new").unwrap();
    fs::write(at("f"), "").unwrap();
    let run = |program: &str, args: &[&Path]| {
        let status = std::process::Command::new(program).args(args).status();
        assert!(status.unwrap().success());
    };
    run(
        "mount",
        &[Path::new("--bind"), &small.0.join("inner"), &at("f")],
    );
    let written = put_text(&at("f"), "new");
    let found = fs::read_to_string(small.0.join("inner"));
    run("umount", &[&at("f")]);
    written.unwrap();
    assert_eq!(found.unwrap(), "new");
    assert_eq!(names(small.0.parent().unwrap()), ["f", "small"]);
}

#[test]
fn permissions_of_files_and_directories_hold() {
    let (_home, at) = home();
    fs::create_dir(at("d")).unwrap();
    fs::write(at("d/writable"), "something old").unwrap();
    fs::write(at("fixed"), "old").unwrap();
    fs::set_permissions(at("fixed"), Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(at("d"), Permissions::from_mode(0o555)).unwrap();
    if nix::unistd::geteuid().is_root() {
        println!("permissions not tested: they do not hold root back");
    } else {
        let refused = put_text(&at("fixed"), "new");
        assert!(matches!(refused, Err(Error::Refused { .. })));
        assert_eq!(fs::read_to_string(at("fixed")).unwrap(), "old");
        let refused = put_text(&at("d/new"), "new");
        assert!(matches!(refused, Err(Error::Refused { .. })));
    }
    put_text(&at("d/writable"), "new").unwrap();
    assert_eq!(fs::read_to_string(at("d/writable")).unwrap(), "new");
    let mut staged = Staged::create(&at("d/writable"), false).unwrap();
    staged.write_all(b"staged").unwrap();
    staged.commit().unwrap();
    assert_eq!(fs::read_to_string(at("d/writable")).unwrap(), "staged");
    assert_eq!(names(&at("d")), ["writable"]);
    fs::set_permissions(at("d"), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn files_of_the_kernel_are_written_in_place() {
    let written = put_text(Path::new("/proc/self/comm"), "renamed");
    written.unwrap();
}
