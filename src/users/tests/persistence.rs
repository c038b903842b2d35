//! The map over restarts, new containers and damage.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};

use super::{Machine, PASSWD};
use crate::users::{Error, Settings, Users};

#[test]
fn a_new_container_has_the_same_accounts() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let ids = ["first", "second", "third"];
    let all = |users: &Users, ids: &[&str]| -> Vec<_> {
        ids.iter().map(|id| users.account(id).unwrap()).collect()
    };
    let before = all(&machine.users(), &ids);
    fs::write(before[1].home.join("file"), "kept").unwrap();
    machine.recreate();
    let users = machine.users();
    assert!(
        users
            .list()
            .iter()
            .all(|entry| entry.has_home && !entry.has_account)
    );
    // In another order, which must not matter.
    let after = all(&users, &["third", "second", "first"]);
    assert_eq!(after.into_iter().rev().collect::<Vec<_>>(), before);
    assert_eq!(
        fs::read_to_string(before[1].home.join("file")).unwrap(),
        "kept"
    );
    assert!(
        users
            .list()
            .iter()
            .all(|entry| entry.has_home && entry.has_account)
    );
}

#[test]
fn an_account_that_has_become_anothers_is_not_shared() {
    let Some(machine) = Machine::new() else {
        return;
    };
    machine.users().account("alice").unwrap();
    for (file, line) in [
        ("passwd", "mallory:x:10000:10000::/:/bin/sh"),
        ("passwd", "alice:x:2000:2000::/:/bin/sh"),
        ("passwd", "alice:x:10000:0::/:/bin/sh"),
        (
            "passwd",
            "alice:x:10000:10000:open-terminal 0123456789abcdef:/:/bin/sh",
        ),
        ("passwd", "mallory:x:2000:10000::/:/bin/sh"),
        ("group", "mallory:x:10000:"),
        ("group", "alice:x:2000:"),
    ] {
        machine.recreate();
        let text = format!("{}{line}\n", machine.etc(file));
        fs::write(machine.at("etc").join(file), &text).unwrap();
        let error = machine.users().account("alice").unwrap_err();
        assert!(matches!(error, Error::Taken { .. }), "{line}: {error}");
        let name = line.split(':').next().unwrap();
        let told = error.to_string();
        assert!(told.contains("\"alice\"") && told.contains(name), "{told}");
        assert_eq!(machine.etc(file), text);
    }
}

#[test]
fn a_corrupt_map_is_told_and_left() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let users = machine.users();
    users.account("alice").unwrap();
    let path = machine.at("state/users.json");
    for text in [
        "",
        "{",
        "{\"version\":1}",
        "[]",
        "{\"version\":1,\"users\":{\"a\":{}}}",
    ] {
        fs::write(&path, text).unwrap();
        let error = Users::open(machine.settings()).unwrap_err().to_string();
        assert!(
            error.contains("users.json") && error.contains("good copy"),
            "{error}"
        );
        assert!(matches!(users.account("another"), Err(Error::Map { .. })));
        assert_eq!(users.list().len(), 1, "what was read last is shown");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_lost_map_is_made_up_for_by_the_marks() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let users = machine.users();
    let ids = ["sameuser1", "sameuser2", "sameuser3"];
    let before: Vec<_> = ids.iter().map(|id| users.account(id).unwrap()).collect();
    fs::remove_file(machine.at("state/users.json")).unwrap();
    // By the running server as well as by a new one.
    for users in [users, machine.users()] {
        for (id, account) in ids.iter().zip(&before).rev() {
            assert_eq!(&users.account(id).unwrap(), account);
        }
    }
}

#[test]
fn unknown_members_survive_a_change() {
    let Some(machine) = Machine::new() else {
        return;
    };
    machine.users().account("alice").unwrap();
    let mut map = machine.map();
    map["later"] = serde_json::json!({"a": 1});
    map["users"]["alice"]["seen"] = serde_json::json!("today");
    fs::write(machine.at("state/users.json"), map.to_string()).unwrap();
    machine.users().account("bobby").unwrap();
    let map = machine.map();
    assert_eq!(map["later"]["a"], 1);
    assert_eq!(map["users"]["alice"]["seen"], "today");
    assert_eq!(map["users"]["bobby"]["uid"], 10_001);
    let mode = machine.at("state/users.json").metadata().unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn settings_that_do_not_serve_stop_the_start() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let open = |settings: Settings| Users::open(settings).unwrap_err().to_string();
    let mut settings = machine.settings();
    settings.prefix = "Bad Prefix".to_owned();
    assert!(open(settings).contains("user_prefix is \"Bad Prefix\""));
    fs::create_dir(machine.at("state")).unwrap();
    chown(machine.at("state"), Some(1_000), None).unwrap();
    assert!(open(machine.settings()).contains("belongs to uid 1000"));
    let mut settings = machine.settings();
    settings.state_dir = machine.at("etc/passwd");
    open(settings);
    assert_eq!(machine.etc("passwd"), PASSWD);
}

#[test]
fn a_known_id_touches_no_file_but_is_forgotten_with_the_map() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let users = machine.users();
    let account = users.account("alice").unwrap();
    fs::remove_file(machine.at("etc/passwd")).unwrap();
    assert_eq!(users.account("alice").unwrap(), account);
    machine.recreate();
    // By another process.
    machine.users().remove("alice", false).unwrap();
    let after = users.account("alice").unwrap();
    assert_eq!((after.name.as_str(), after.uid), ("alice", 10_001));
}
