//! Tests of directories made, and of things removed and moved.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn home() -> (tempfile::TempDir, impl Fn(&str) -> PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_owned();
    (home, move |name: &str| path.join(name))
}

fn go(source: &Path, destination: &Path) -> Result<(), Error> {
    rename(source, destination, &[], &AtomicBool::new(false))
}

#[test]
fn directories_are_made_with_those_above_and_may_be_there() {
    let (_home, at) = home();
    mkdir(&at("a/b/c")).unwrap();
    mkdir(&at("a/b/c")).unwrap();
    assert!(at("a/b/c").is_dir());
    fs::write(at("f"), "").unwrap();
    assert!(matches!(mkdir(&at("f")), Err(Error::Unfit(_))));
    for path in [
        at("f/d"),
        at(&"n".repeat(300)),
        at(&"n/".repeat(5000)),
        at("\0"),
    ] {
        assert!(matches!(mkdir(&path), Err(Error::Refused { .. })));
    }
}

#[test]
fn files_links_to_files_and_pipes_are_removed() {
    let (_home, at) = home();
    fs::write(at("f"), "").unwrap();
    symlink("f", at("link")).unwrap();
    nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for name in ["link", "pipe", "f"] {
        assert_eq!(remove(&at(name), &[]).unwrap(), Removed::File);
        assert!(fs::symlink_metadata(at(name)).is_err());
        assert!(matches!(remove(&at(name), &[]), Err(Error::NotFound(_))));
    }
}

#[test]
fn links_to_directories_and_to_nothing_are_refused() {
    let (_home, at) = home();
    mkdir(&at("d")).unwrap();
    symlink("d", at("link")).unwrap();
    symlink("none", at("dangling")).unwrap();
    assert!(matches!(remove(&at("link"), &[]), Err(Error::Unfit(_))));
    assert!(matches!(
        remove(&at("dangling"), &[]),
        Err(Error::NotFound(_))
    ));
    assert!(at("d").is_dir() && at("link").is_symlink() && at("dangling").is_symlink());
}

#[test]
fn a_directory_goes_with_all_in_it_but_not_with_what_its_links_name() {
    let (_home, at) = home();
    mkdir(&at("kept")).unwrap();
    fs::write(at("kept/f"), "").unwrap();
    for n in 0..50 {
        mkdir(&at(&format!("d/{n}/x/y"))).unwrap();
        fs::write(at(&format!("d/{n}/x/f")), "").unwrap();
        symlink("../../kept", at(&format!("d/{n}/link"))).unwrap();
    }
    assert_eq!(remove(&at("d"), &[]).unwrap(), Removed::Directory);
    assert!(!at("d").exists() && at("kept/f").exists());
}

#[test]
fn depth_costs_neither_stack_nor_descriptors() {
    let (_home, at) = home();
    let top = at("deep");
    fs::create_dir(&top).unwrap();
    let mode = rustix::fs::Mode::RWXU;
    let flags = rustix::fs::OFlags::DIRECTORY;
    let mut here = rustix::fs::open(&top, flags, mode).unwrap();
    for _ in 0..1200 {
        rustix::fs::mkdirat(&here, "d", mode).unwrap();
        rustix::fs::mkdirat(&here, "e", mode).unwrap();
        here = rustix::fs::openat(&here, "d", flags, mode).unwrap();
    }
    drop(here);
    let small_stack = std::thread::Builder::new().stack_size(64 << 10);
    let removed = small_stack.spawn(move || remove(&top, &[])).unwrap();
    assert_eq!(removed.join().unwrap().unwrap(), Removed::Directory);
    assert!(!at("deep").exists());
}

#[test]
fn what_the_server_stands_on_stays() {
    let (home, at) = home();
    mkdir(&at("a/b/c")).unwrap();
    symlink("a", at("same")).unwrap();
    let b = at("a/b");
    for path in [at("a"), at("a/b"), at("same/b"), PathBuf::from("/")] {
        let refused = remove(&path, &[&b]);
        assert!(matches!(refused, Err(Error::Unfit(_))), "{refused:?}");
        let refused = rename(&path, &at("moved"), &[&b], &AtomicBool::new(false));
        assert!(matches!(refused, Err(Error::Unfit(_))), "{refused:?}");
    }
    remove(&at("a/b/c"), &[&b]).unwrap();
    drop(home);
}

#[test]
fn moves_keep_what_is_moved() {
    let (_home, at) = home();
    mkdir(&at("d/e")).unwrap();
    mkdir(&at("t")).unwrap();
    fs::write(at("d/e/f"), "x").unwrap();
    symlink("d", at("link")).unwrap();
    go(&at("d"), &at("t/d2")).unwrap();
    assert_eq!(fs::read_to_string(at("t/d2/e/f")).unwrap(), "x");
    assert!(matches!(
        go(&at("link"), &at("l2")),
        Err(Error::NotFound(_))
    ));
    mkdir(&at("d")).unwrap();
    go(&at("link"), &at("l2")).unwrap();
    assert!(at("l2").is_symlink());
}

#[test]
fn a_move_that_cannot_be_says_why() {
    let (_home, at) = home();
    mkdir(&at("d/inner")).unwrap();
    fs::write(at("a"), "1").unwrap();
    fs::write(at("b"), "2").unwrap();
    symlink("none", at("dangling")).unwrap();
    for (from, to) in [
        ("a", "b"),
        ("a", "d"),
        ("a", "a"),
        ("d", "d"),
        ("a", "dangling"),
    ] {
        let refused = go(&at(from), &at(to));
        assert!(matches!(refused, Err(Error::Exists(_))), "{refused:?}");
    }
    for (from, to) in [
        ("a", "no/b"),
        ("a", "b/c"),
        ("d", "d/inner/d"),
        ("a", "a/b"),
    ] {
        let refused = go(&at(from), &at(to));
        assert!(matches!(refused, Err(Error::Unfit(_))), "{refused:?}");
    }
    for to in ["x", "no/such/x"] {
        assert!(matches!(go(&at("none"), &at(to)), Err(Error::NotFound(_))));
    }
    assert_eq!(fs::read_to_string(at("b")).unwrap(), "2");
}

/// A directory on another file system than that of temporary files, where there is one.
fn elsewhere() -> Option<tempfile::TempDir> {
    let here = tempfile::tempdir().unwrap();
    let there = tempfile::tempdir_in("/dev/shm").ok()?;
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    let other = device(here.path()) != device(there.path());
    if !other {
        println!("moves between file systems not tested: there is only one");
    }
    other.then_some(there)
}

#[test]
fn a_move_to_another_file_system_keeps_modes_times_and_links() {
    let ((_home, at), Some(there)) = (home(), elsewhere()) else {
        return;
    };
    mkdir(&at("d/sub")).unwrap();
    fs::write(at("d/f"), "text").unwrap();
    fs::set_permissions(at("d/f"), Permissions::from_mode(0o751)).unwrap();
    fs::hard_link(at("d/f"), at("d/sub/twin")).unwrap();
    symlink("../none", at("d/sub/link")).unwrap();
    nix::unistd::mkfifo(&at("d/pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::new(1_000_000_000, 5);
    fs::File::open(at("d/f"))
        .unwrap()
        .set_modified(time)
        .unwrap();
    fs::set_permissions(at("d/sub"), Permissions::from_mode(0o700)).unwrap();
    fs::File::open(at("d/sub"))
        .unwrap()
        .set_modified(time)
        .unwrap();
    let to = there.path().join("moved");
    go(&at("d"), &to).unwrap();
    let found = fs::metadata(to.join("f")).unwrap();
    assert_eq!(
        (found.mode() & 0o7777, found.modified().unwrap()),
        (0o751, time)
    );
    assert_eq!(
        found.ino(),
        fs::metadata(to.join("sub/twin")).unwrap().ino()
    );
    assert_eq!(
        fs::read_link(to.join("sub/link")).unwrap(),
        Path::new("../none")
    );
    let sub = fs::metadata(to.join("sub")).unwrap();
    assert_eq!(
        (sub.mode() & 0o7777, sub.modified().unwrap()),
        (0o700, time)
    );
    assert!(!at("d").exists());
    assert_eq!(fs::read_dir(there.path()).unwrap().count(), 1);
    fs::write(at("single"), "x").unwrap();
    assert!(matches!(go(&at("single"), &to), Err(Error::Exists(_))));
    go(&at("single"), &there.path().join("single")).unwrap();
    assert!(!at("single").exists());
}

#[test]
fn a_move_to_another_file_system_that_is_stopped_leaves_all_as_it_was() {
    let ((_home, at), Some(there)) = (home(), elsewhere()) else {
        return;
    };
    mkdir(&at("d/sub")).unwrap();
    fs::write(at("d/f"), "text").unwrap();
    let stop = AtomicBool::new(true);
    let stopped = rename(&at("d"), &there.path().join("moved"), &[], &stop);
    assert!(matches!(stopped, Err(Error::Stopped)));
    assert!(at("d/sub").is_dir() && at("d/f").exists());
    assert_eq!(fs::read_dir(there.path()).unwrap().count(), 0);
}

#[test]
fn a_copy_given_up_leaves_nothing_though_it_holds_closed_directories() {
    let (_home, at) = home();
    mkdir(&at("d/closed")).unwrap();
    fs::write(at("d/closed/f"), "").unwrap();
    fs::set_permissions(at("d/closed"), Permissions::from_mode(0o500)).unwrap();
    if !nix::unistd::geteuid().is_root() {
        let refused = remove(&at("d"), &[]).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("d/closed/f could not be removed"), "{text}");
    }
    remove::directory(&at("d"), true).unwrap();
    assert!(!at("d").exists());
}
