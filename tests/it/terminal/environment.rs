//! What a shell finds: environment, directory, terminal, descriptors.

use std::collections::HashMap;
use std::fs;

use serde_json::json;

use crate::support::Server;
use crate::support::terminal::caller;

#[test]
fn the_environment_is_that_of_a_person_who_logs_in() {
    let server = Server::builder()
        .env("SECRET_OF_THE_SERVER", "kept")
        .start();
    let (_, mut client) = server.terminal();
    let text = client.run("env");
    let variables: HashMap<&str, &str> = text.lines().filter_map(|l| l.split_once('=')).collect();
    assert_eq!(variables["TERM"], "xterm-256color");
    assert_eq!(variables["SHELL"], "/bin/sh");
    assert_eq!(variables["HOME"], server.home.path().display().to_string());
    assert_eq!(variables["LANG"], "C.UTF-8");
    assert_eq!(variables["USER"], client.run("id -un"));
    assert_eq!(variables["SECRET_OF_THE_SERVER"], "kept", "as for commands");
    assert!(variables.contains_key("PATH"));
    assert!(!text.contains("OPEN_TERMINAL"), "{text}");
    assert!(!text.contains(&server.key), "the key is in it");
}

#[test]
fn a_language_is_set_when_the_server_has_none() {
    let server = Server::builder().under(&["env", "-u", "LANG"]).start();
    let (_, mut client) = server.terminal();
    let lang = client.run("echo $LANG");
    assert!(lang.to_ascii_uppercase().contains("UTF-8"), "{lang:?}");
}

#[test]
fn its_kind_of_terminal_is_the_servers_or_that_of_the_setting() {
    let term = |name: &str, value: &str| {
        let server = Server::builder()
            .env("OPEN_TERMINAL_TERM", "vt100")
            .env(name, value)
            .start();
        let (_, mut client) = server.terminal();
        client.run("echo $TERM")
    };
    assert_eq!(term("UNRELATED", ""), "vt100");
    assert_eq!(term("TERM", "screen"), "screen", "what is inherited wins");
}

#[test]
fn the_shell_is_the_users_else_bash() {
    let shell = |wrapper: &[&str], value: Option<&str>| {
        let mut builder = Server::builder().under(wrapper);
        if let Some(value) = value {
            builder = builder.env("SHELL", value);
        }
        let server = builder.start();
        let id = server.open(caller("", ""));
        let exe = fs::read_link(format!("/proc/{}/exe", server.shell(&id))).expect("it runs");
        let mut client = server.attach(&id).start();
        let said = client.run("echo $SHELL");
        let name = exe
            .file_name()
            .expect("it has a name")
            .to_string_lossy()
            .into_owned();
        (name, said)
    };
    let bash = "bash".to_owned();
    assert_eq!(shell(&[], Some("/bin/bash")).0, bash);
    assert_ne!(shell(&[], Some("/bin/sh")).0, bash, "this sh is no bash");
    for (name, said) in [
        shell(&["env", "-u", "SHELL"], None),
        shell(&[], Some("")),
        shell(&[], Some("/nonexistent/shell")),
        shell(&[], Some("/etc/passwd")),
        shell(&[], Some("/tmp")),
    ] {
        assert_eq!(name, bash);
        assert!(said.ends_with("/bash"), "SHELL is {said:?}");
    }
}

#[test]
fn it_is_a_login_shell_only_when_asked_for() {
    let login = |setting: &str| {
        let server = Server::builder()
            .env("SHELL", "/bin/bash")
            .env("OPEN_TERMINAL_TERMINAL_LOGIN_SHELL", setting)
            .start();
        let (_, mut client) = server.terminal();
        client.run("shopt -q login_shell && echo login || echo none")
    };
    assert!(login("true").contains("login"));
    assert!(login("false").contains("none"));
}

#[test]
fn it_starts_in_the_directory_of_the_chat_or_at_home_when_that_is_gone() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_REUSE", "false")
        .start();
    let chat = caller("", "chat");
    let there = server.home.work().join("start here");
    let set = || {
        let body = json!({"path": there.display().to_string()});
        server
            .ask_as(chat, "POST", "/files/cwd")
            .json(&body)
            .send()
            .expect(200);
    };
    let pwd = || {
        let id = server.open(chat);
        server.attach(&id).by(chat).start().run("pwd")
    };
    let work = server.home.work().display().to_string();
    assert_eq!(pwd(), work);
    fs::create_dir(&there).expect("the home is writable");
    set();
    assert_eq!(pwd(), there.display().to_string());
    fs::remove_dir(&there).expect("it is empty");
    // Where home is: see the tests of `/files/cwd`.
    assert_eq!(pwd(), work);
}

#[test]
fn it_has_a_terminal_of_its_own_that_controls_it() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    assert_eq!(client.run("stty size"), "24 80");
    let tty = client.run("test -t 0 && test -t 1 && test -t 2 && exec 3<>/dev/tty && tty");
    assert!(tty.starts_with("/dev/pts/"), "{tty}");
    let shell = server.shell(&id);
    let seen = client.run("ps -o tty= -p $$; echo $$");
    assert!(
        tty.ends_with(seen.lines().next().expect("a line")),
        "{seen}"
    );
    assert!(
        seen.ends_with(&shell.to_string()),
        "{seen}: the pid is {shell}"
    );
    let words = client.run("ulimit -c 0; sleep 1000 & jobs; kill %1; echo $-");
    assert!(
        words
            .lines()
            .last()
            .is_some_and(|flags| flags.contains('m')),
        "job control: {words}"
    );
}

#[test]
fn it_has_standard_descriptors_only_and_no_signal_ignored() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    let output = client.run("sh -c 'ls /proc/self/fd | tr \"\\n\" \" \"'");
    assert_eq!(output, "0 1 2 3 ", "the fourth is the directory");
    let signals = client.run("sh -c 'grep -E \"SigIgn|SigBlk\" /proc/self/status'");
    for line in signals.lines() {
        let mask = u64::from_str_radix(line[8..].trim(), 16).expect("a mask is in hex");
        assert_eq!(mask & 0x7fff_ffff, 0, "{signals}");
    }
}
