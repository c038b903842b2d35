//! Homes that are there before their account.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};

use super::Machine;
use crate::users::Error;

#[test]
fn a_home_without_an_account_gives_its_owner() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let home = machine.home("alice", 12_345, 12_346);
    fs::write(home.join("file"), "").unwrap();
    let account = machine.users().account("alice").unwrap();
    assert_eq!(account.name, "alice");
    assert_eq!((account.uid, account.gid), (12_345, 12_346));
    assert!(home.join("file").exists());
    assert_eq!(home.metadata().unwrap().mode() & 0o7777, 0o700);
    // Nothing inside was touched.
    assert_eq!(home.join("file").metadata().unwrap().uid(), 0);
    let other = machine.users().account("bobby").unwrap();
    assert_eq!((other.uid, other.gid), (12_346, 12_347));
}

#[test]
fn a_home_of_somebody_else_is_left() {
    let Some(machine) = Machine::new() else {
        return;
    };
    machine.home("rooted", 0, 0);
    machine.home("system", 999, 999);
    machine.home("usually", 1_000, 1_000);
    machine.home("grouped", 20_000, 27);
    machine.home("twice", 20_001, 20_001);
    machine.home("thrice", 20_001, 20_001);
    machine.home("toohigh", 60_000, 60_000);
    fs::write(machine.at("homes/filed"), "").unwrap();
    chown(machine.at("homes/filed"), Some(20_002), Some(20_002)).unwrap();
    symlink("twice", machine.at("homes/linked")).unwrap();
    let users = machine.users();
    for id in [
        "rooted", "system", "usually", "grouped", "twice", "toohigh", "filed", "linked",
    ] {
        let account = users.account(id).unwrap();
        assert_eq!(account.name, format!("{id}2"));
        // Above the owners of all homes, so that nobody becomes one of them.
        assert!(account.uid > 20_002, "{account:?}");
    }
    assert!(machine.at("homes/linked").is_symlink());
}

#[test]
fn a_home_that_changed_under_its_account_is_an_error() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let home = machine.users().account("alice").unwrap().home;
    let error = || machine.users().account("alice").unwrap_err();
    chown(&home, Some(1_000), None).unwrap();
    let told = error().to_string();
    assert!(
        told.contains("uid 1000") && told.contains("uid 10000"),
        "{told}"
    );
    fs::remove_dir_all(&home).unwrap();
    machine.home("real", 10_000, 10_000);
    symlink("real", &home).unwrap();
    assert!(error().to_string().contains("is a link"));
    assert!(matches!(error(), Error::Home { path, .. } if path == home));
    fs::remove_file(&home).unwrap();
    assert!(machine.users().account("alice").is_ok());
}

#[test]
fn homes_that_everybody_may_change_are_refused() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let open = fs::Permissions::from_mode(0o1777);
    fs::set_permissions(machine.at("homes"), open).unwrap();
    let error = machine.users().account("alice").unwrap_err().to_string();
    assert!(error.contains("chmod o-w"), "{error}");
}
