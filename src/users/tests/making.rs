//! Making accounts and homes.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use super::{GROUP, Machine, PASSWD};
use crate::users::{Error, Users};

#[test]
fn an_id_gets_an_account_with_all_that_belongs_to_it() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let account = machine.users().account("Alice@example.org").unwrap();
    assert_eq!(account.name, "aliceexa");
    assert_eq!((account.uid, account.gid), (10_000, 10_000));
    assert_eq!(account.groups, [10_000]);
    assert_eq!(account.home, machine.at("homes/aliceexa"));
    let passwd = machine.etc("passwd");
    let line = passwd.strip_prefix(PASSWD).unwrap();
    assert!(
        line.starts_with("aliceexa:x:10000:10000:open-terminal "),
        "{line}"
    );
    assert!(line.ends_with(&format!(
        ":{}:{}\n",
        account.home.display(),
        account.shell.display()
    )));
    assert_eq!(machine.etc("group"), format!("{GROUP}aliceexa:x:10000:\n"));
    assert_eq!(machine.etc("gshadow"), "root:*::\naliceexa:!::\n");
    let shadow = machine.etc("shadow");
    let line = shadow.strip_prefix("root:*:1::::::\naliceexa:!:").unwrap();
    let days: u32 = line
        .strip_suffix(":0:99999:7:::\n")
        .unwrap()
        .parse()
        .unwrap();
    assert!(days > 20_000);
    assert_eq!(
        machine.at("etc/shadow").metadata().unwrap().mode() & 0o777,
        0o640
    );
    let again = machine.users().account("Alice@example.org").unwrap();
    assert_eq!(again, account);
    assert_eq!(machine.etc("passwd"), passwd);
}

#[test]
fn a_home_is_a_copy_of_the_skeleton() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let skeleton = machine.at("skel");
    fs::create_dir(skeleton.join("inner")).unwrap();
    fs::write(skeleton.join("inner/run"), "#!/bin/sh\n").unwrap();
    let mode = fs::Permissions::from_mode(0o4751);
    fs::set_permissions(skeleton.join("inner/run"), mode).unwrap();
    symlink("/nowhere", skeleton.join("link")).unwrap();
    nix::unistd::mkfifo(&skeleton.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let account = machine.users().account("alice").unwrap();
    let at = |name: &str| account.home.join(name).symlink_metadata().unwrap();
    for name in ["", "inner", "inner/run", "link"] {
        assert_eq!((at(name).uid(), at(name).gid()), (10_000, 10_000), "{name}");
    }
    assert_eq!(at("").mode() & 0o7777, 0o700);
    assert_eq!(at("inner/run").mode() & 0o7777, 0o751);
    assert!(at("link").is_symlink() && !account.home.join("pipe").exists());
    let names: Vec<_> = fs::read_dir(machine.at("homes")).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn what_a_broken_off_start_left_of_a_home_is_no_matter() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let left = machine.at("homes/.open-terminal.alice.new");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("half"), "").unwrap();
    let account = machine.users().account("alice").unwrap();
    assert!(!left.exists() && !account.home.join("half").exists());
    // A link in that place is not followed.
    fs::create_dir(machine.at("other")).unwrap();
    fs::write(machine.at("other/file"), "").unwrap();
    symlink(
        machine.at("other"),
        machine.at("homes/.open-terminal.bobb.new"),
    )
    .unwrap();
    machine.users().account("bobb").unwrap();
    assert!(machine.at("other/file").exists());
}

#[test]
fn two_ids_never_share() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let users = machine.users();
    let names = |ids: &[&str]| -> Vec<String> {
        let account = |id: &&str| users.account(id).unwrap().name;
        ids.iter().map(account).collect()
    };
    let ids = ["abcdefgh1", "abcdefgh2", "ABCDEFGH", "user", " abcdefgh1"];
    let wanted = ["abcdefgh", "abcdefgh2", "abcdefgh3", "user2", "abcdefgh4"];
    assert_eq!(names(&ids), wanted);
    assert_eq!(names(&ids), wanted);
    // A group that lists the name would give its rights away.
    assert_eq!(names(&["memberof", "helpers"]), ["memberof2", "helpers2"]);
    let uids: Vec<u32> = users.list().iter().map(|entry| entry.uid).collect();
    assert_eq!(
        uids.iter().collect::<std::collections::HashSet<_>>().len(),
        7
    );
}

#[test]
fn the_systems_names_are_refused() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let users = machine.users();
    for id in ["root", "Daemon", "nobody", "docker", "backuppe", "sudo!"] {
        let found = users.account(id);
        // Cut at 8 characters, the backupper's name is another.
        assert_eq!(
            matches!(found, Err(Error::Reserved(_))),
            id != "backuppe",
            "{id}"
        );
    }
    assert!(matches!(users.account("printing"), Err(Error::Reserved(name)) if name == "printing"));
    let mut settings = machine.settings();
    settings.prefix = "ot-".to_owned();
    let users = Users::open(settings).unwrap();
    assert_eq!(users.account("root").unwrap().name, "ot-root");
}

#[test]
fn many_threads_ask_for_many_ids() {
    let Some(machine) = Machine::new() else {
        return;
    };
    // Two servers on one state directory.
    let servers = [machine.users(), machine.users()];
    let accounts = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..64)
            .map(|n| {
                let users = &servers[n / 32];
                scope.spawn(move || (n % 32, users.account(&format!("sameuser{}", n % 32))))
            })
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap());
        joined
            .map(|(n, account)| (n, account.unwrap()))
            .collect::<Vec<_>>()
    });
    let mut by_id = std::collections::HashMap::new();
    for (n, account) in &accounts {
        assert_eq!(by_id.entry(n).or_insert(account), &account);
    }
    let uids: std::collections::HashSet<u32> = accounts.iter().map(|(_, a)| a.uid).collect();
    assert_eq!((by_id.len(), uids.len()), (32, 32));
    assert_eq!(
        machine.etc("passwd").lines().count(),
        PASSWD.lines().count() + 32
    );
    assert_eq!(servers[0].list(), servers[1].list());
}

#[test]
fn a_link_in_the_place_of_passwd_is_left_to_useradd() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let real = machine.at("passwd.real");
    fs::rename(machine.at("etc/passwd"), &real).unwrap();
    symlink(&real, machine.at("etc/passwd")).unwrap();
    let account = match machine.users().account("alice") {
        Ok(account) => account,
        Err(error) => {
            let text = error.to_string();
            assert!(
                text.contains("symbolic link") && text.contains("useradd"),
                "{text}"
            );
            eprintln!("skipped: {text}");
            return;
        }
    };
    assert_eq!((account.uid, account.gid), (10_000, 10_000));
    assert!(
        machine
            .etc("passwd")
            .contains("alice:x:10000:10000:open-terminal ")
    );
    assert!(
        machine
            .at("etc/passwd")
            .symlink_metadata()
            .unwrap()
            .is_symlink()
    );
    machine.users().remove("alice", false).unwrap();
    assert!(!machine.etc("passwd").contains("alice") && !machine.etc("group").contains("alice"));
}

#[test]
fn what_can_be_done_is_said_where_nothing_works() {
    let Some(machine) = Machine::new() else {
        return;
    };
    // Programs know of no accounts there.
    let mut settings = machine.settings();
    fs::rename(&settings.etc, machine.at("elsewhere")).unwrap();
    settings.etc = machine.at("elsewhere");
    fs::rename(settings.etc.join("passwd"), machine.at("real")).unwrap();
    symlink(machine.at("real"), settings.etc.join("passwd")).unwrap();
    let error = Users::open(settings).unwrap().account("alice").unwrap_err();
    let text = error.to_string();
    for word in ["alice", "symbolic link", "groupadd", "plain files"] {
        assert!(text.contains(word), "{text}");
    }
}
