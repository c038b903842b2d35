//! Removing users, and what comes after.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use super::{GROUP, Machine, PASSWD};
use crate::users::Error;

#[test]
fn a_removed_user_leaves_nothing_but_the_number() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let users = machine.users();
    let account = users.account("alice").unwrap();
    fs::create_dir(machine.at("other")).unwrap();
    fs::write(machine.at("other/file"), "").unwrap();
    symlink(machine.at("other"), account.home.join("link")).unwrap();
    let group = machine
        .etc("group")
        .replace("printing:x:7:", "printing:x:7:alice");
    fs::write(machine.at("etc/group"), group).unwrap();
    let entry = users.remove("alice", false).unwrap();
    assert!(entry.has_account && entry.has_home && !entry.removed);
    assert_eq!(machine.etc("passwd"), PASSWD);
    assert_eq!(machine.etc("group"), GROUP);
    assert_eq!(machine.etc("shadow"), "root:*:1::::::\n");
    assert_eq!(machine.etc("gshadow"), "root:*::\n");
    assert!(!account.home.exists() && machine.at("other/file").exists());
    assert_eq!(users.list(), []);
    assert!(matches!(
        users.remove("alice", false),
        Err(Error::Unknown(_))
    ));
    assert_eq!(users.account("bobby").unwrap().uid, 10_001);
    let again = users.account("alice").unwrap();
    assert_eq!((again.name.as_str(), again.uid), ("alice", 10_002));
}

#[test]
fn a_kept_home_keeps_the_number() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let users = machine.users();
    let account = users.account("alice").unwrap();
    users.remove("alice", true).unwrap();
    assert!(!machine.etc("passwd").contains("alice") && account.home.is_dir());
    let [entry] = &users.list()[..] else {
        panic!("the home is shown");
    };
    assert!(entry.removed && entry.has_home && !entry.has_account);
    // Another id cannot get at it.
    assert_eq!(users.account("Alice").unwrap().name, "alice2");
    assert_eq!(users.account("alice").unwrap(), account);
    // Removed with its home kept, and then without.
    users.remove("alice", true).unwrap();
    users.remove("alice", false).unwrap();
    assert!(!account.home.exists());
    let again = users.account("alice").unwrap();
    assert_eq!((again.name.as_str(), again.uid), ("alice", 10_002));
}

#[test]
fn running_processes_are_named() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let users = machine.users();
    // A number that no other test has: processes are the whole system's.
    machine.home("alice", 45_678, 45_678);
    let account = users.account("alice").unwrap();
    let mut child = Command::new("sleep")
        .arg("60")
        .uid(account.uid)
        .gid(account.gid)
        .current_dir("/")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let error = users.remove("alice", false).unwrap_err();
    child.kill().unwrap();
    child.wait().unwrap();
    let pid = child.id().cast_signed();
    assert!(
        matches!(&error, Error::Busy { pids, .. } if *pids == [pid]),
        "{error}"
    );
    assert!(error.to_string().contains(&pid.to_string()));
    assert!(account.home.is_dir() && machine.etc("passwd").contains("alice"));
    users.remove("alice", false).unwrap();
}

#[test]
fn a_home_that_is_not_the_accounts_is_not_removed() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let users = machine.users();
    let home = users.account("alice").unwrap().home;
    fs::remove_dir_all(&home).unwrap();
    machine.home("other", 20_000, 20_000);
    symlink("other", &home).unwrap();
    let error = users.remove("alice", false).unwrap_err().to_string();
    assert!(
        error.contains("is a link") && error.contains("--keep-home"),
        "{error}"
    );
    assert!(machine.etc("passwd").contains("alice"));
    users.remove("alice", true).unwrap();
    assert!(home.is_symlink());
}

#[test]
fn who_is_meant_is_sure() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let users = machine.users();
    users.account("abcdefgh").unwrap();
    // Its name is abcdefgh2, which is another's id.
    users.account("ABCDEFGH").unwrap();
    users.account("abcdefgh2").unwrap();
    let error = users.remove("abcdefgh2", false).unwrap_err().to_string();
    assert!(
        error.contains("abcdefgh3") && error.contains("ABCDEFGH"),
        "{error}"
    );
    assert_eq!(users.remove("abcdefgh3", false).unwrap().id, "abcdefgh2");
    assert_eq!(users.remove("abcdefgh2", false).unwrap().id, "ABCDEFGH");
    assert_eq!(users.list().len(), 1);
}

#[test]
fn an_account_of_the_name_that_is_not_ours_stays() {
    let Some(machine) = Machine::new() else {
        return;
    };
    machine.users().account("alice").unwrap();
    machine.recreate();
    let passwd = format!("{PASSWD}alice:x:2000:2000::/:/bin/sh\n");
    fs::write(machine.at("etc/passwd"), &passwd).unwrap();
    assert!(!machine.users().remove("alice", false).unwrap().has_account);
    assert_eq!(machine.etc("passwd"), passwd);
}

#[test]
fn logs_go_with_the_home_and_stay_with_it() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let users = machine.users();
    let account = users.account("alice").unwrap();
    let logs = machine.at("logs/alice");
    fs::create_dir_all(logs.join("inner")).unwrap();
    fs::create_dir(machine.at("other")).unwrap();
    fs::write(machine.at("other/file"), "").unwrap();
    symlink(machine.at("other"), logs.join("link")).unwrap();
    chown(&logs, Some(account.uid), Some(account.gid)).unwrap();
    users.remove("alice", true).unwrap();
    assert!(logs.join("inner").is_dir());
    // They are the same account's again.
    assert_eq!(users.account("alice").unwrap(), account);
    users.remove("alice", false).unwrap();
    assert!(!logs.exists() && machine.at("other/file").exists());
}

#[test]
fn logs_that_are_not_the_accounts_are_left() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let users = machine.users();
    let logs = machine.at("logs/alice");
    fs::create_dir_all(machine.at("logs/anothers")).unwrap();
    users.account("alice").unwrap();
    fs::create_dir(&logs).unwrap();
    users.remove("alice", false).unwrap();
    assert!(logs.is_dir());
    // A link to what is the account's is no directory of its own.
    let again = users.account("alice").unwrap();
    fs::remove_dir(&logs).unwrap();
    chown(machine.at("logs/anothers"), Some(again.uid), None).unwrap();
    symlink("anothers", &logs).unwrap();
    users.remove("alice", false).unwrap();
    assert!(logs.is_symlink() && machine.at("logs/anothers").is_dir());
}
