//! Making the home of the one account usable, as a container finds it: a fresh volume, or a directory of somebody's.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Dir, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use super::home::{self, DIRECTORY};
use super::lock::{Lock, PATIENCE};
use super::map::ORDINARY;
use super::{Account, Error, Settings, edit, skeleton};
use crate::config::{Group, Passwd};

/// Makes the account's home its own, if it is below the directory of homes; tells what had to be done for it.
///
/// A missing home is made, and one of root's is given to the account. Where it is another's, it is the account that
/// changes: it gets the number of the owner, so that what lies there stays whose it was and can be worked with.
pub fn settle(account: &mut Account, settings: &Settings) -> Result<Option<String>, Error> {
    let home = account.home.clone();
    let (Some(name), Some(parent)) = (home.file_name(), home.parent()) else {
        return Ok(None);
    };
    if parent != settings.homes {
        return Ok(None);
    }
    let refused = |problem: String| Error::Home {
        path: home.clone(),
        problem,
    };
    let homes = home::homes(&settings.homes)?;
    let opened = match rustix::fs::openat(&homes, name, DIRECTORY, Mode::empty()) {
        Ok(opened) => opened,
        Err(Errno::NOENT) => {
            let name = name.to_string_lossy();
            home::ensure(settings, &name, account.uid, account.gid)?;
            return Ok(Some(format!("the home {} was made", home.display())));
        }
        Err(problem) => {
            return Err(refused(format!(
                "{problem}; it has to be a directory, and no link"
            )));
        }
    };
    let found = rustix::fs::fstat(&opened).map_err(|problem| refused(problem.to_string()))?;
    match found.st_uid {
        owner if owner == account.uid => Ok(None),
        0 => {
            give(&opened, account, settings).map_err(refused)?;
            let (home, name) = (home.display(), &account.name);
            Ok(Some(format!(
                "the home {home} was root's and belongs to {name} now"
            )))
        }
        owner => take_number(account, (owner, found.st_gid), &settings.etc)
            .map(Some)
            .map_err(refused),
    }
}

/// Gives a directory of root's to the account, with what a new home holds if it is empty.
fn give(home: &OwnedFd, account: &Account, settings: &Settings) -> Result<(), String> {
    let failed = |problem: &dyn std::fmt::Display| {
        format!(
            "it belongs to root and cannot be given to {} ({problem}): give it to uid {} where it comes from (chown)",
            account.name, account.uid
        )
    };
    let (uid, gid) = (account.uid, account.gid);
    if is_empty(home).map_err(|problem| failed(&problem))? {
        // Everybody else is kept out until all is there.
        skeleton::copy(&settings.skeleton, home, uid, gid).map_err(|problem| failed(&problem))?;
    }
    rustix::fs::fchown(home, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
        .map_err(|problem| failed(&problem))
}

fn is_empty(home: &OwnedFd) -> rustix::io::Result<bool> {
    let again = rustix::fs::openat(home, ".", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    for entry in Dir::new(again)? {
        // What mkfs leaves at the root of a volume is nobody's.
        if ![&b"."[..], b"..", b"lost+found"].contains(&entry?.file_name().to_bytes()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives the account the numbers of whoever owns its home.
fn take_number(
    account: &mut Account,
    (uid, gid): (u32, u32),
    etc: &Path,
) -> Result<String, String> {
    let owner = Passwd::all(etc).unwrap_or_default();
    let owner = owner.into_iter().find(|other| other.uid == uid);
    if !ORDINARY.contains(&uid) && uid < ORDINARY.end || owner.is_some() {
        let whose = owner.map_or_else(|| format!("uid {uid}"), |other| other.name);
        return Err(format!(
            "it belongs to {whose}: give it to uid {} (chown), or to an ordinary uid that no other account has",
            account.uid
        ));
    }
    let gid = if gid == 0 { account.gid } else { gid };
    let old = account.gid;
    (account.uid, account.gid) = (uid, gid);
    account.groups.retain(|group| *group != old);
    account.groups.insert(0, gid);
    let known = Group::all(etc).unwrap_or_default();
    let own_group = known.iter().all(|group| group.gid != gid);
    let written = Lock::of_accounts(etc, PATIENCE)
        .map_err(|problem| problem.to_string())
        .and_then(|_lock| edit::renumber(etc, &account.name, uid, gid, own_group));
    let unwritten = written
        .err()
        .map(|problem| format!("; programs that ask for its name will find none, as {problem}"));
    Ok(format!(
        "the home {} belongs to uid {uid}, so {} has this number now{}",
        account.home.display(),
        account.name,
        unwritten.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, chown};

    use super::*;

    /// Files of accounts and a directory of homes, with an account that has none yet; none when we are not root.
    fn machine() -> Option<(tempfile::TempDir, Settings, Account)> {
        if !nix::unistd::geteuid().is_root() {
            eprintln!("skipped: only root gives directories away");
            return None;
        }
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        for name in ["etc", "home", "skel"] {
            fs::create_dir(at(name)).unwrap();
        }
        fs::write(at("skel/.profile"), "x").unwrap();
        let passwd = "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000:c:/home/user:/bin/sh\nother:x:1005:1005::/:\n";
        fs::write(at("etc/passwd"), passwd).unwrap();
        fs::write(
            at("etc/group"),
            "root:x:0:\nuser:x:1000:\nother:x:1005:\nsudo:x:27:user\n",
        )
        .unwrap();
        let settings = Settings {
            prefix: String::new(),
            state_dir: at("state"),
            etc: at("etc"),
            homes: at("home"),
            skeleton: at("skel"),
            logs: at("logs"),
        };
        let account = Account {
            name: "user".to_owned(),
            uid: 1000,
            gid: 1000,
            groups: vec![1000, 27],
            home: at("home/user"),
            shell: "/bin/sh".into(),
        };
        Some((top, settings, account))
    }

    #[test]
    fn a_home_that_is_missing_or_root_s_becomes_the_account_s() {
        let Some((_top, settings, mut account)) = machine() else {
            return;
        };
        let before = account.clone();
        let told = settle(&mut account, &settings).unwrap().unwrap();
        assert!(told.contains("was made"), "{told}");
        assert_eq!(settle(&mut account, &settings).unwrap(), None);
        for profile in [true, false] {
            fs::remove_dir_all(&account.home).unwrap();
            fs::create_dir(&account.home).unwrap();
            fs::create_dir(account.home.join("lost+found")).unwrap();
            if !profile {
                fs::write(account.home.join("kept"), "y").unwrap();
            }
            let told = settle(&mut account, &settings).unwrap().unwrap();
            assert!(told.contains("was root's"), "{told}");
            assert_eq!(fs::metadata(&account.home).unwrap().uid(), 1000);
            assert_eq!(account.home.join(".profile").exists(), profile);
        }
        let kept = fs::metadata(account.home.join("kept")).unwrap();
        assert_eq!(kept.uid(), 0, "what somebody put there is left");
        assert_eq!(account, before);
    }

    #[test]
    fn the_account_gets_the_number_of_who_owns_its_home() {
        let Some((_top, settings, mut account)) = machine() else {
            return;
        };
        fs::create_dir(&account.home).unwrap();
        chown(&account.home, Some(2345), Some(2346)).unwrap();
        let told = settle(&mut account, &settings).unwrap().unwrap();
        assert!(
            told.contains("uid 2345") && !told.contains("none"),
            "{told}"
        );
        assert_eq!((account.uid, account.gid), (2345, 2346));
        assert_eq!(account.groups, [2346, 27]);
        let passwd = fs::read_to_string(settings.etc.join("passwd")).unwrap();
        assert!(
            passwd.contains("\nuser:x:2345:2346:c:/home/user:/bin/sh\n"),
            "{passwd}"
        );
        let group = fs::read_to_string(settings.etc.join("group")).unwrap();
        assert!(group.contains("\nuser:x:2346:\n"), "{group}");
        assert_eq!(fs::metadata(&account.home).unwrap().uid(), 2345);
        assert_eq!(settle(&mut account, &settings).unwrap(), None);
    }

    #[test]
    fn a_home_of_another_account_or_a_link_is_refused() {
        let Some((_top, settings, account)) = machine() else {
            return;
        };
        fs::create_dir(&account.home).unwrap();
        for (uid, words) in [(1005, "belongs to other"), (33, "belongs to uid 33")] {
            chown(&account.home, Some(uid), Some(uid)).unwrap();
            let mut same = account.clone();
            let why = settle(&mut same, &settings).unwrap_err().to_string();
            assert!(why.contains(words) && why.contains("chown"), "{why}");
            assert_eq!(same, account);
        }
        fs::remove_dir(&account.home).unwrap();
        std::os::unix::fs::symlink("/", &account.home).unwrap();
        let why = settle(&mut account.clone(), &settings)
            .unwrap_err()
            .to_string();
        assert!(why.contains("no link"), "{why}");
    }

    #[test]
    fn homes_elsewhere_are_left_as_they_are() {
        let Some((top, settings, mut account)) = machine() else {
            return;
        };
        account.home = top.path().join("etc");
        assert_eq!(settle(&mut account, &settings).unwrap(), None);
        assert_eq!(fs::metadata(&account.home).unwrap().uid(), 0);
    }
}
