//! `open-terminal users`: on a state directory of its own, without a change to the system's accounts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};

use crate::support::{Home, binary, needs_root};

/// What nobody has: name and number of an account that no system makes.
const NAME: &str = "otitnobody7";
const UID: u32 = 59_973;

struct State(Home);

impl State {
    /// An empty one.
    fn new() -> Self {
        Self(Home::new())
    }

    /// One with a user whose account is not there.
    fn filled() -> Self {
        let state = Self::new();
        fs::create_dir(state.path()).expect("the home is writable");
        let map = json!({
            "version": 1,
            "users": {"An Id": {"name": NAME, "uid": UID, "gid": UID}},
        });
        fs::write(state.file(), map.to_string()).expect("the directory is writable");
        state
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("users-state")
    }

    fn file(&self) -> PathBuf {
        self.path().join("users.json")
    }

    fn map(&self) -> Value {
        let text = fs::read(self.file()).expect("there is a map");
        serde_json::from_slice(&text).expect("it is JSON")
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = self.0.command(binary());
        command.arg("users").args(args);
        command.arg("--state-dir").arg(self.path());
        command.output().expect("the program starts")
    }
}

#[track_caller]
fn printed(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(said, "");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Checks that it failed with this status and one line that has these words.
#[track_caller]
fn failed(output: &Output, status: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    for word in words {
        assert!(said.contains(word), "it should name {word:?}: {said}");
    }
    assert!(output.stdout.is_empty());
}

#[test]
fn nobody_is_listed_at_first() {
    if !needs_root() {
        return;
    }
    let state = State::new();
    let table = printed(&state.run(&["list"]));
    assert_eq!(table, "NAME  UID  HOME  STATE  ID\n");
    assert_eq!(printed(&state.run(&["list", "--json"])), "[]\n");
    let mode = fs::metadata(state.path())
        .expect("it was made")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
}

#[test]
fn users_are_listed_for_people_and_programs() {
    if !needs_root() {
        return;
    }
    let state = State::filled();
    let table = printed(&state.run(&["list"]));
    let row = table.lines().nth(1).expect("there is a user");
    for word in [
        NAME,
        "59973",
        "/home/otitnobody7",
        "no account and home now",
    ] {
        assert!(row.contains(word), "{row}");
    }
    assert!(row.ends_with("An Id"), "{row}");
    let list: Value =
        serde_json::from_str(&printed(&state.run(&["list", "--json"]))).expect("it is JSON");
    let wanted = json!([{
        "id": "An Id",
        "name": NAME,
        "uid": UID,
        "home": "/home/otitnobody7",
        "has_account": false,
        "has_home": false,
        "removed": false,
    }]);
    assert_eq!(list, wanted);
}

#[test]
fn a_user_is_removed_by_id_or_name() {
    if !needs_root() {
        return;
    }
    for user in ["An Id", NAME] {
        let state = State::filled();
        failed(
            &state.run(&["remove", "another"]),
            1,
            &["another", "users list"],
        );
        let line = printed(&state.run(&["remove", user, "--keep-home"]));
        assert!(line.contains(NAME) && line.contains("was kept"), "{line}");
        assert_eq!(state.map()["removed"][0]["home_kept"], true);
        assert!(printed(&state.run(&["list"])).contains("removed, home kept"));
        let line = printed(&state.run(&["remove", user]));
        assert!(line.contains("/home/otitnobody7 was removed"), "{line}");
        let map = state.map();
        assert_eq!(map["users"], json!({}));
        assert_eq!(map["removed"][0]["uid"], UID);
        failed(&state.run(&["remove", user]), 1, &[user]);
    }
}

#[test]
fn what_is_wrong_is_one_line() {
    if !needs_root() {
        return;
    }
    let state = State::filled();
    fs::write(state.file(), "{").expect("the directory is writable");
    failed(&state.run(&["list"]), 1, &["users.json"]);
    failed(&state.run(&["remove", "x"]), 1, &["users.json"]);
    failed(
        &state.run(&["list", "--user-prefix", "A"]),
        1,
        &["user_prefix"],
    );
    failed(&state.run(&["remove"]), 2, &["ID_OR_NAME"]);
    let loose = fs::Permissions::from_mode(0o777);
    fs::set_permissions(state.path(), loose).expect("it is ours");
    failed(&state.run(&["list"]), 1, &["chmod"]);
}
