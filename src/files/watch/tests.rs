//! Watches of real directories.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use super::*;

fn watch(path: &Path, recursive: bool) -> Result<Watching, Error> {
    let watches = Watches::new(CancellationToken::new());
    watches.take().unwrap().watch(path, recursive)
}

/// Waits for a change, and passes over what is `Modified`.
async fn next(watching: &mut Watching) -> Option<(Kind, PathBuf)> {
    loop {
        let next = tokio::time::timeout(Duration::from_secs(10), watching.next());
        let Change { kind, path } = next.await.expect("something happens")?;
        if kind != Kind::Modified {
            return Some((kind, path));
        }
    }
}

#[tokio::test]
async fn what_happens_in_a_directory_is_told_also_through_a_link() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("real")).unwrap();
    symlink("real", home.path().join("link")).unwrap();
    let top = home.path().join("link");
    for recursive in [false, true] {
        let mut watching = watch(&top, recursive).unwrap();
        fs::write(top.join("a"), "x").unwrap();
        let next_is = async |watching: &mut Watching, kind, name: &str| {
            assert_eq!(next(watching).await, Some((kind, top.join(name))));
        };
        next_is(&mut watching, Kind::Created, "a").await;
        fs::rename(top.join("a"), top.join("b")).unwrap();
        let from = top.join("a");
        next_is(&mut watching, Kind::Renamed { from }, "b").await;
        fs::remove_file(top.join("b")).unwrap();
        next_is(&mut watching, Kind::Removed, "b").await;
    }
}

#[tokio::test]
async fn writing_is_told() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    fs::write(&path, "x").unwrap();
    for watched in [home.path(), &path] {
        let mut watching = watch(watched, false).unwrap();
        fs::write(&path, "y").unwrap();
        let change = watching.next().await.unwrap();
        assert_eq!((change.kind, &change.path), (Kind::Modified, &path));
    }
}

#[tokio::test]
async fn directories_made_later_are_watched_and_what_was_made_in_them_is_told() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let mut watching = watch(home.path(), true).unwrap();
    fs::create_dir_all(at("a/b/c")).unwrap();
    fs::write(at("a/b/c/file"), "x").unwrap();
    let mut seen = Vec::new();
    while !seen.contains(&at("a/b/c/file")) {
        let (kind, path) = next(&mut watching).await.unwrap();
        assert_eq!(kind, Kind::Created);
        assert!(!seen.contains(&path), "{path:?} twice");
        seen.push(path);
    }
    assert_eq!(seen, [at("a"), at("a/b"), at("a/b/c"), at("a/b/c/file")]);
    fs::write(at("a/b/c/second"), "x").unwrap();
    assert_eq!(next(&mut watching).await.unwrap().1, at("a/b/c/second"));
    fs::rename(at("a/b"), at("moved")).unwrap();
    let from = at("a/b");
    assert_eq!(
        next(&mut watching).await,
        Some((Kind::Renamed { from }, at("moved")))
    );
    // Its watch moves with it; wait until it has.
    tokio::time::timeout(Duration::from_millis(200), watching.next())
        .await
        .ok();
    fs::write(at("moved/c/third"), "x").unwrap();
    assert_eq!(next(&mut watching).await.unwrap().1, at("moved/c/third"));
}

#[tokio::test]
async fn only_the_directory_itself_is_watched_unless_recursive_and_links_are_not_followed() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("sub")).unwrap();
    symlink(elsewhere.path(), home.path().join("out")).unwrap();
    for recursive in [false, true] {
        let mut watching = watch(home.path(), recursive).unwrap();
        fs::write(elsewhere.path().join("x"), "x").unwrap();
        let inside = home.path().join("sub/x");
        fs::write(&inside, "x").unwrap();
        fs::remove_file(&inside).unwrap();
        let last = home.path().join("last");
        fs::write(&last, "x").unwrap();
        fs::remove_file(&last).unwrap();
        let first = next(&mut watching).await.unwrap();
        let expected = if recursive { inside } else { last };
        assert_eq!(first, (Kind::Created, expected));
    }
}

#[tokio::test]
async fn the_end_of_what_is_watched_ends_the_watch() {
    let home = tempfile::tempdir().unwrap();
    for recursive in [false, true] {
        let top = home.path().join("d");
        fs::create_dir_all(top.join("sub")).unwrap();
        let mut watching = watch(&top, recursive).unwrap();
        fs::remove_dir_all(&top).unwrap();
        let mut last = None;
        while let Some(change) = next(&mut watching).await {
            last = Some(change);
        }
        assert_eq!(last, Some((Kind::Removed, top.clone())));
        assert!(watching.is_gone());
    }
    let file = home.path().join("f");
    fs::write(&file, "x").unwrap();
    let mut watching = watch(&file, false).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(next(&mut watching).await, Some((Kind::Removed, file)));
    assert_eq!(next(&mut watching).await, None);
}

#[tokio::test]
async fn there_are_64_at_once_and_all_end_with_the_server() {
    let home = tempfile::tempdir().unwrap();
    let stop = CancellationToken::new();
    let watches = Watches::new(stop.clone());
    let places: Vec<Place> = (0..64).map(|_| watches.take().unwrap()).collect();
    assert!(watches.take().is_none());
    drop(places);
    let mut watching = watches.take().unwrap().watch(home.path(), false).unwrap();
    let waiting = tokio::spawn(async move { watching.next().await });
    stop.cancel();
    assert_eq!(waiting.await.unwrap(), None);
    assert_eq!(watches.taken.load(Ordering::Relaxed), 0);
}

#[test]
fn what_is_not_there_cannot_be_watched() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("file"), "x").unwrap();
    symlink("loop", home.path().join("loop")).unwrap();
    for name in ["none", "file/x", "a\0b", &"x".repeat(300)] {
        let refused = watch(&home.path().join(name), true);
        assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    }
    let refused = watch(&home.path().join("loop"), false);
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_directory_that_nobody_may_look_into_is_no_hindrance() {
    let home = tempfile::tempdir().unwrap();
    let closed = home.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    fs::create_dir(home.path().join("open")).unwrap();
    let mut watching = watch(home.path(), true).unwrap();
    let inside = home.path().join("open/x");
    fs::write(&inside, "x").unwrap();
    assert_eq!(next(&mut watching).await, Some((Kind::Created, inside)));
}

#[test]
fn limits_of_the_system_say_what_to_raise() {
    let told = |error| refused(Path::new("/d"), error).to_string();
    let io = |errno| notify::Error::io(std::io::Error::from_raw_os_error(errno));
    assert!(told(notify::Error::new(ErrorKind::MaxFilesWatch)).contains("max_user_watches"));
    assert!(told(io(nix::libc::EMFILE)).contains("max_user_instances"));
    assert!(told(io(nix::libc::ENOSPC)).contains("max_user_watches"));
}
