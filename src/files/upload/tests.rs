//! Tests of uploads in parts: going on, going wrong, and giving up.

use std::fs;

use super::*;

fn home() -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("up/big.bin");
    (home, target)
}

fn send(
    parts: &Parts,
    target: &Path,
    offset: u64,
    size: u64,
    bytes: &[u8],
) -> Result<Progress, Error> {
    let mut part = parts.open("id-1", target, offset, size, false)?;
    part.write_all(bytes)?;
    part.finish()
}

fn count(target: &Path) -> usize {
    fs::read_dir(target.parent().unwrap()).unwrap().count()
}

#[test]
fn parts_become_a_file_when_all_are_here() {
    let (_home, target) = home();
    let parts = Parts::default();
    assert_eq!(parts.offset("id-1", &target).unwrap(), None);
    let first = send(&parts, &target, 0, 10, b"01234").unwrap();
    assert_eq!(first, Progress::Partial { offset: 5 });
    // As after a restart of the server.
    let parts = Parts::default();
    assert_eq!(parts.offset("id-1", &target).unwrap(), Some(5));
    assert!(!target.exists());
    let Progress::Complete(written) = send(&parts, &target, 5, 10, b"56789").unwrap() else {
        panic!("all is here");
    };
    assert_eq!(
        written,
        super::super::write(&target, b"0123456789", None, false).unwrap()
    );
    assert_eq!(fs::read(&target).unwrap(), b"0123456789");
    assert_eq!(count(&target), 1);
    assert_eq!(parts.offset("id-1", &target).unwrap(), None);
}

#[test]
fn an_empty_file_is_one_part_of_nothing() {
    let (_home, target) = home();
    let done = send(&Parts::default(), &target, 0, 0, b"").unwrap();
    assert!(matches!(done, Progress::Complete(Written { size: 0, .. })));
    assert_eq!(fs::metadata(&target).unwrap().len(), 0);
}

#[test]
fn a_part_begins_where_the_last_one_ended_or_anew() {
    let (_home, target) = home();
    let parts = Parts::default();
    let refused = send(&parts, &target, 3, 10, b"x");
    assert!(matches!(refused, Err(Error::Offset { have: 0, given: 3 })));
    send(&parts, &target, 0, 10, b"01234").unwrap();
    for offset in [3, 6] {
        let refused = send(&parts, &target, offset, 10, b"x");
        assert!(matches!(refused, Err(Error::Offset { have: 5, .. })));
    }
    let anew = send(&parts, &target, 0, 10, b"abc").unwrap();
    assert_eq!(anew, Progress::Partial { offset: 3 });
    parts.remove("id-1", &target).unwrap();
    parts.remove("id-1", &target).unwrap();
    assert_eq!(count(&target), 0);
}

#[test]
fn what_arrived_before_a_break_stays() {
    let (_home, target) = home();
    let parts = Parts::default();
    let mut part = parts.open("id-1", &target, 0, 10, false).unwrap();
    part.write_all(b"0123").unwrap();
    assert!(matches!(
        parts.open("id-1", &target, 4, 10, false),
        Err(Error::Busy)
    ));
    assert!(matches!(parts.remove("id-1", &target), Err(Error::Busy)));
    drop(part);
    assert_eq!(parts.offset("id-1", &target).unwrap(), Some(4));
    send(&parts, &target, 4, 10, b"456789").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"0123456789");
}

#[test]
fn more_than_announced_is_not_kept() {
    let (_home, target) = home();
    let parts = Parts::default();
    send(&parts, &target, 0, 10, b"01234").unwrap();
    let mut part = parts.open("id-1", &target, 5, 10, false).unwrap();
    part.write_all(b"567").unwrap();
    let refused = part.write_all(b"890");
    assert!(matches!(refused, Err(Error::TooLong { size: 10 })));
    drop(part);
    assert_eq!(parts.offset("id-1", &target).unwrap(), Some(5));
    assert!(matches!(
        parts.open("id-1", &target, 11, 10, false),
        Err(Error::TooLong { .. })
    ));
}

#[test]
fn ids_are_plain_and_nothing_planted_is_taken_for_a_part() {
    let (home, target) = home();
    let parts = Parts::default();
    for id in ["", "a/b", "..", "a.b", "é", &"x".repeat(65)] {
        let refused = parts.offset(id, &target);
        assert!(matches!(refused, Err(Error::Id(_))), "{id:?}");
    }
    fs::create_dir(target.parent().unwrap()).unwrap();
    fs::write(home.path().join("victim"), "precious").unwrap();
    let planted = target.with_file_name(".big.bin.open-terminal-part-id-1");
    std::os::unix::fs::symlink(home.path().join("victim"), &planted).unwrap();
    assert!(matches!(
        send(&parts, &target, 0, 1, b"x"),
        Err(Error::File(_))
    ));
    fs::remove_file(&planted).unwrap();
    fs::hard_link(home.path().join("victim"), &planted).unwrap();
    assert!(matches!(
        send(&parts, &target, 0, 1, b"x"),
        Err(Error::File(_))
    ));
    let victim = fs::read_to_string(home.path().join("victim")).unwrap();
    assert_eq!(victim, "precious");
}

#[test]
fn long_names_have_parts_too_and_keep_them_apart() {
    let (home, _) = home();
    let parts = Parts::default();
    let names = ["a", "b"].map(|end| home.path().join(format!("{}{end}", "n".repeat(254))));
    for target in &names {
        send(&parts, target, 0, 2, b"x").unwrap();
    }
    parts.remove("id-1", &names[0]).unwrap();
    assert_eq!(parts.offset("id-1", &names[1]).unwrap(), Some(1));
}
