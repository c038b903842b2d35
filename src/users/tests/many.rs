//! Many who come at once.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{Machine, PASSWD};
use crate::users::lock::{Lock, PATIENCE};
use crate::users::{Account, Error, Users};

/// How many come.
const MANY: usize = 100;

/// What all get who ask at once, in their order.
fn all_at_once(users: &Users, ids: &[String]) -> Vec<Result<Account, Error>> {
    let start = Barrier::new(ids.len());
    thread::scope(|scope| {
        let ask = |id| {
            start.wait();
            users.account(id)
        };
        let threads: Vec<_> = ids.iter().map(|id| scope.spawn(move || ask(id))).collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap());
        joined.collect()
    })
}

fn ids() -> Vec<String> {
    (0..MANY).map(|number| format!("user{number:03}")).collect()
}

#[test]
fn those_who_wait_are_made_together() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let users = machine.users();
    // Nobody is served before all have come.
    let held = Lock::of_accounts(&machine.at("etc"), PATIENCE).unwrap();
    let done = AtomicBool::new(false);
    let (files, accounts) = thread::scope(|scope| {
        let seen = scope.spawn(|| {
            let mut seen = [HashSet::new(), HashSet::new()];
            while !done.load(Ordering::Relaxed) {
                for (file, seen) in ["etc/passwd", "state/users.json"].iter().zip(&mut seen) {
                    let found = machine.at(file).metadata();
                    seen.extend(found.map(|found| (found.ino(), found.mtime_nsec())));
                }
            }
            seen.map(|seen| seen.len())
        });
        scope.spawn(|| {
            thread::sleep(Duration::from_secs(1));
            drop(held);
        });
        let accounts = all_at_once(&users, &ids());
        done.store(true, Ordering::Relaxed);
        (seen.join().unwrap(), accounts)
    });
    assert!(
        files.iter().all(|files| *files < 10),
        "{files:?} files for {MANY} accounts"
    );
    let accounts: Vec<Account> = accounts.into_iter().map(Result::unwrap).collect();
    let uids: HashSet<u32> = accounts.iter().map(|account| account.uid).collect();
    assert_eq!(uids.len(), MANY);
    for (account, id) in accounts.iter().zip(ids()) {
        assert_eq!(account.name, id);
        assert_eq!(account.home.metadata().unwrap().uid(), account.uid);
    }
    for file in ["passwd", "shadow", "group", "gshadow"] {
        let text = machine.etc(file);
        let lines = text.lines().filter(|line| line.starts_with("user0"));
        assert_eq!(lines.count(), MANY, "{file}");
    }
}

#[test]
fn what_is_wrong_with_one_is_not_the_others_matter() {
    let Some(machine) = Machine::new() else {
        return;
    };
    machine.users().account("stolen").unwrap();
    machine.recreate();
    let stolen = format!("{PASSWD}mallory:x:10000:10000::/:/bin/sh\n");
    fs::write(machine.at("etc/passwd"), stolen).unwrap();
    let other = machine.home("nohome", 20_000, 20_000);
    fs::write(other.join("file"), "").unwrap();
    machine.home("nohome2", 20_000, 20_000);
    fs::write(machine.at("homes/nohome3"), "").unwrap();
    let ids = ["root", "stolen", "fine1", "nohome", "fine2", "fine1"].map(str::to_owned);
    let held = Lock::of_accounts(&machine.at("etc"), PATIENCE).unwrap();
    let users = machine.users();
    let answers = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(300));
            drop(held);
        });
        all_at_once(&users, &ids)
    });
    assert!(matches!(&answers[0], Err(Error::Reserved(name)) if name == "root"));
    assert!(matches!(&answers[1], Err(Error::Taken { name, .. }) if name == "stolen"));
    let name = |index: usize| answers[index].as_ref().unwrap().name.as_str();
    assert_eq!((name(2), name(4)), ("fine1", "fine2"));
    assert_eq!(name(3), "nohome4");
    assert_eq!(answers[2].as_ref().unwrap(), answers[5].as_ref().unwrap());
}

#[test]
fn a_home_is_not_made_for_who_was_removed_meanwhile() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let (users, other) = (machine.users(), machine.users());
    let account = users.account("alice").unwrap();
    other.remove("alice", false).unwrap();
    assert!(!users.0.settle("alice", &account).unwrap());
    assert!(!account.home.exists());
    // Where it is kept, it is the same account's again.
    let account = users.account("alice").unwrap();
    other.remove("alice", true).unwrap();
    assert!(!users.0.settle("alice", &account).unwrap());
    assert_eq!(users.account("alice").unwrap(), account);
}

#[test]
fn who_lacks_nothing_is_served_beside_those_who_cannot_be() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let mut settings = machine.settings();
    // Programs know of no accounts there.
    settings.etc = machine.at("elsewhere");
    fs::rename(machine.at("etc"), &settings.etc).unwrap();
    let old = ["old1", "old2", "old3"].map(str::to_owned);
    let users = Users::open(settings.clone()).unwrap();
    let before = old.each_ref().map(|id| users.account(id).unwrap());
    fs::rename(settings.etc.join("passwd"), machine.at("real")).unwrap();
    symlink(machine.at("real"), settings.etc.join("passwd")).unwrap();
    let users = Users::open(settings).unwrap();
    let lock = machine.at("state/users.lock");
    let held = Lock::of_file(&lock, PATIENCE).unwrap();
    let new = ["new1", "new2", "new3"].map(str::to_owned);
    let answers = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(300));
            drop(held);
        });
        all_at_once(&users, &[old, new].concat())
    });
    let (old, new) = answers.split_at(3);
    let found = old.iter().map(|answer| answer.as_ref().unwrap());
    assert!(found.eq(&before));
    for answer in new {
        assert!(
            matches!(answer, Err(Error::Uneditable { .. })),
            "{answer:?}"
        );
    }
}
