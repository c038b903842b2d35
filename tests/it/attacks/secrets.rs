//! The server's own files: its settings, key, log and state, where their modes alone would let everybody read them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::KEY;
use crate::support::grounds::{Ground, Grounds, IN_SETTINGS, random};

/// The server's settings file.
fn settings(ground: &Ground) -> String {
    let path = ground.home.path().join("config/open-terminal/config.toml");
    path.display().to_string()
}

/// Lets everybody read all that is below, as a careless administrator does.
fn open_all(path: &Path) {
    let found = fs::symlink_metadata(path).expect("it is there");
    if found.is_symlink() {
        return;
    }
    let mode = found.permissions().mode() | if found.is_dir() { 0o555 } else { 0o444 };
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("we are root");
    if found.is_dir() {
        for entry in fs::read_dir(path).expect("it is there").flatten() {
            open_all(&entry.path());
        }
    }
}

/// Whether an endpoint shows a word of a file.
fn shows(ground: &Ground, what: &str, path: &str, word: &str) -> bool {
    let a = ground.a();
    let answer = match what {
        "serve" => a.get(&format!("/files/serve{path}")),
        "grep" => a.look(what, &[("query", word), ("path", path)]),
        "archive" => return a.post("/files/archive", &json!({"paths": [path]})).status == 200,
        "compare" => {
            a.put("own.txt", "x\n");
            a.post(
                "/files/compare",
                &json!({"original": a.at("own.txt"), "revised": path}),
            )
        }
        "stat" => return a.look(what, &[("path", path)]).status == 200,
        "list" => {
            let above = Path::new(path).parent().expect("it has a directory");
            let name = Path::new(path)
                .file_name()
                .expect("it has a name")
                .to_string_lossy();
            let text = a
                .look("list", &[("directory", &above.to_string_lossy())])
                .text();
            return text.contains(&format!("\"{name}\""));
        }
        "a link" => {
            a.run(&format!("ln -sfn '{path}' s"));
            a.look("read", &[("path", &a.at("s"))])
        }
        "move" => {
            let body = json!({"source": path, "destination": a.at("moved")});
            return a.post("/files/move", &body).status == 200;
        }
        "a command" => return a.run(&format!("cat '{path}'")).contains(word),
        _ => a.look(what, &[("path", path)]),
    };
    answer.text().contains(word)
}

#[test]
fn the_settings_file_is_shown_by_nothing() {
    let Some(grounds) = Grounds::of("the settings file") else {
        return;
    };
    for what in [
        "read",
        "view",
        "serve",
        "grep",
        "archive",
        "compare",
        "stat",
        "list",
        "a link",
        "a command",
    ] {
        grounds.walls_stop(&format!("by {what}"), |ground| {
            shows(ground, what, &settings(ground), IN_SETTINGS)
        });
    }
    grounds.walls_stop("by a search of everything", |ground| {
        let home = ground.home.path().display();
        let command = format!("timeout 20 grep -rIl 'kept-in-the-settings-fil[e]' /tmp /run /etc /home /root \"$PLACE\" {home} 2>/dev/null");
        !ground.a().run(&command).trim().is_empty()
    });
    grounds.accounts_stop("changing it", |ground| {
        let path = settings(ground);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("it is ours");
        ground.a().can(&format!("touch '{path}' && : >>'{path}'"))
    });
    grounds.end(12);
}

#[test]
fn state_and_logs_are_shown_by_nothing() {
    let Some(grounds) = Grounds::with("state and logs", &[("LOG_DIR", "PLACE/logs")]) else {
        return;
    };
    let state = |ground: &Ground| -> (String, String) {
        let directory = ground.place().join("state");
        open_all(&directory);
        let files = fs::read_dir(&directory).expect("it is there").flatten();
        let id = ground.b().id();
        let holds = |path: &PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains(id));
        let found = files.map(|entry| entry.path()).find(holds);
        let found = found.expect("the map of users is there");
        (found.display().to_string(), id.to_owned())
    };
    let log = |ground: &Ground| -> (String, String) {
        let word = format!("logged-{}", random());
        let path = ground
            .b()
            .execute(&format!("echo {word}"), 10, &[])
            .log_path();
        open_all(&ground.place().join("logs"));
        assert!(
            path.starts_with(&ground.place().display().to_string()),
            "{path}"
        );
        (path, word)
    };
    for what in ["read", "serve", "list", "archive", "a link", "a command"] {
        grounds.walls_stop(&format!("the map of users by {what}"), |ground| {
            let (path, word) = state(ground);
            shows(ground, what, &path, &word)
        });
        grounds.walls_stop(&format!("another's log by {what}"), |ground| {
            let (path, word) = log(ground);
            shows(ground, what, &path, &word)
        });
    }
    grounds.walls_stop("what the server prints", |ground| {
        let path = ground.home.path().join("server-output.txt");
        shows(ground, "read", &path.display().to_string(), "http")
    });
    grounds.accounts_stop("another's log, as the server keeps it", |ground| {
        let word = format!("logged-{}", random());
        let path = ground
            .b()
            .execute(&format!("echo {word}"), 10, &[])
            .log_path();
        shows(ground, "a command", &path, &word)
    });
    grounds.end(14);
}

#[test]
fn secrets_of_the_container_are_shown_by_nothing() {
    let directory = Path::new("/run/secrets");
    let Some(grounds) = Grounds::of("secrets of the container") else {
        return;
    };
    // Before the workspaces start.
    let made = fs::create_dir(directory).is_ok();
    let path = directory.join(format!("ot-it-{}", random()));
    fs::write(&path, "in-run-secrets").expect("we are root");
    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("it is ours");
    let shown = path.display().to_string();
    for what in ["read", "a command"] {
        grounds.walls_stop(what, |ground| shows(ground, what, &shown, "in-run-secrets"));
    }
    fs::remove_file(&path).expect("it is ours");
    if made {
        fs::remove_dir(directory).ok();
    }
    grounds.end(2);
}

/// Looks for a word in two pieces in what tells of processes.
const FIND: &str = r"
import os, sys
what, word = sys.argv[1], (sys.argv[2] + sys.argv[3]).encode()
for pid in sys.argv[4:] + [pid for pid in os.listdir('/proc') if pid.isdigit()][:400]:
    if int(pid) in (os.getpid(), os.getppid()):
        continue
    try:
        if what != 'mem':
            data = open(f'/proc/{pid}/{what}', 'rb').read()
            if word in data:
                print('GOT', pid)
            continue
        if pid not in sys.argv[4:] and os.getuid() == 0:
            continue
        mem = open(f'/proc/{pid}/mem', 'rb', 0)
        for line in open(f'/proc/{pid}/maps'):
            span, mode = line.split()[:2]
            first, last = (int(part, 16) for part in span.split('-'))
            if mode.startswith('rw') and last - first < 1 << 26:
                try:
                    mem.seek(first)
                    if word in mem.read(last - first):
                        print('GOT', pid)
                except OSError:
                    pass
    except OSError:
        pass
";

#[test]
fn the_key_is_in_nothing_that_a_command_sees() {
    let Some(grounds) = Grounds::of("the key") else {
        return;
    };
    let (first, second) = KEY.split_at(9);
    grounds.accounts_stop("in memory", |ground| {
        let shown = ground
            .a()
            .python(FIND, &format!("mem {first} {second} {}", ground.pid));
        shown.contains("GOT")
    });
    for what in ["environ", "cmdline"] {
        grounds.theme.attempt(
            &format!("in the {what} of a process"),
            || {
                // Of one that shows it.
                let a = grounds.all().a();
                let running = a.start(
                    "echo up; exec sleep 1000",
                    &[("SHOWN", "a-word-that-is-shown")],
                );
                let word = if what == "environ" {
                    "a-word- that-is-shown"
                } else {
                    "sleep 1000"
                };
                let word = word.replace("sleep 1000", "slee p");
                let found = a.python(FIND, &format!("{what} {word}")).contains("GOT");
                a.end(&running);
                found
            },
            || {
                [grounds.accounts(), grounds.all()]
                    .into_iter()
                    .any(|ground| {
                        let arguments = format!("{what} {first} {second} {}", ground.pid);
                        ground.a().python(FIND, &arguments).contains("GOT")
                    })
            },
        );
    }
    grounds.theme.attempt(
        "settings in a command's own environment",
        || grounds.all().a().run("env").contains("HOME="),
        || {
            [grounds.accounts(), grounds.all()]
                .into_iter()
                .any(|ground| {
                    let shown = ground.a().run("env; tr '\\0' '\\n' </proc/$PPID/environ");
                    shown.contains("OPEN_TERMINAL_") || shown.contains(KEY)
                })
        },
    );
    grounds.end(4);
}
