//! Where the API key must never be seen: environments, arguments, memory, output.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Home, Server, binary, eventually, needs_root, processes, seconds};

// Each test has a key of its own: while a server starts, its arguments can still be seen by the
// commands of another test.

/// What a command looks at to find the key.
const LOOK: &str = "env; tr '\\0' '\\n' </proc/$PPID/environ; \
                    for f in /proc/[0-9]*; do tr '\\0' ' ' <$f/cmdline; done; ps -eo args";

/// Every process of the server's whole tree, itself included.
fn tree(server: &Server) -> Vec<i32> {
    let mut tree = processes::descendants(server.pid);
    tree.push(server.pid);
    tree
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes
        .windows(word.len())
        .any(|window| window == word.as_bytes())
}

/// Checks that the key is in no process of the server's, nor in what it or a command shows.
#[track_caller]
fn hidden(server: &Server) {
    let key = server.key.as_str();
    // The shell looks for the key without having it in its own arguments.
    let shown = server.run(LOOK).output();
    assert!(
        shown.contains("HOME="),
        "the command sees its own environment: {shown}"
    );
    assert!(!shown.contains(key), "a command sees the key");
    assert!(
        !shown.lines().any(|line| line.starts_with("OPEN_TERMINAL_")),
        "a command sees settings: {shown}"
    );
    let running = server.start("sleep 1000");
    eventually("the server and a command are there", seconds(5), || {
        tree(server).len() > 1
    });
    for pid in tree(server) {
        for (place, bytes) in [
            ("environ", processes::environ(pid)),
            ("cmdline", processes::cmdline(pid)),
        ] {
            assert!(!contains(&bytes, key), "the key is in the {place} of {pid}");
        }
        let environ = processes::environ(pid);
        assert!(
            pid == server.pid || !contains(&environ, "OPEN_TERMINAL_"),
            "settings are in the environ of {pid}"
        );
    }
    server
        .ask("GET", "/execute")
        .without_key()
        .header("authorization", "Bearer wrong")
        .send()
        .expect(401);
    server.kill(&running, true).expect(200);
    assert!(
        !server.printed().contains(key),
        "the server printed the key"
    );
    server.get("/files/cwd").expect(200);
}

#[test]
fn a_key_from_the_environment_is_seen_nowhere() {
    let key = "from-the-environment-77ab";
    hidden(
        &Server::builder()
            .key_from_elsewhere(key)
            .env("OPEN_TERMINAL_API_KEY", key)
            .start(),
    );
}

#[test]
fn a_key_from_a_flag_is_seen_nowhere_once_the_server_listens() {
    let key = "from-a-flag-e01d";
    hidden(
        &Server::builder()
            .key_from_elsewhere(key)
            .arg("--api-key")
            .arg(key)
            .start(),
    );
}

#[test]
fn a_key_from_a_flag_with_an_equals_sign_is_seen_nowhere() {
    let key = "from-a-flag-with-equals-52c9";
    hidden(
        &Server::builder()
            .key_from_elsewhere(key)
            .arg(&format!("--api-key={key}"))
            .start(),
    );
}

#[test]
fn a_key_from_a_file_is_seen_nowhere() {
    let (home, key) = (Home::new(), "from-a-file-9b40");
    let path = home.path().join("key");
    fs::write(&path, format!("{key}\n")).expect("the home is writable");
    let builder = Server::builder().home(&home).key_from_elsewhere(key);
    hidden(
        &builder
            .env("OPEN_TERMINAL_API_KEY_FILE", &path.display().to_string())
            .start(),
    );
}

#[test]
fn a_key_from_the_settings_file_is_seen_nowhere() {
    let key = "from-the-settings-1f66";
    let text = format!("api_key = \"{key}\"\n");
    hidden(
        &Server::builder()
            .key_from_elsewhere(key)
            .config_toml(&text)
            .start(),
    );
}

#[test]
fn the_most_talkative_log_has_neither_key_nor_bodies() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_LOG_LEVEL", "trace")
        .start();
    server.run("echo a-private-word").expect_exit(0);
    server
        .ask(
            "GET",
            &format!("/files/cwd?token={}&q=another-private-word", server.key),
        )
        .send()
        .expect(200);
    let printed = server.printed();
    for word in [
        server.key.as_str(),
        "a-private-word",
        "another-private-word",
    ] {
        assert!(!printed.contains(word), "{word} was printed");
    }
}

#[test]
fn a_command_of_the_servers_own_user_cannot_read_the_servers_memory_or_environment() {
    if !needs_root() {
        return;
    }
    let home = Home::new();
    let program = home.path().join("open-terminal");
    fs::copy(binary(), &program).expect("the home is writable");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let wrapper = [
        "setpriv",
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
    ];
    let server = Server::builder()
        .home(&home)
        .program(&program)
        .under(&wrapper)
        .start();

    let reply = server
        .run("id -u; cat /proc/$$/environ >/dev/null && echo own")
        .expect_exit(0);
    assert_eq!(reply.output(), "65534\r\nown\r\n", "the test works at all");
    for file in ["mem", "environ", "maps", "auxv"] {
        for pid in [
            server.pid,
            processes::parent(shell(&server)).expect("it has a parent"),
        ] {
            let reply = server.run(&format!("head -c 1 /proc/{pid}/{file} >/dev/null"));
            assert_ne!(
                reply.exit_code(),
                Some(0),
                "a command can read /proc/{pid}/{file}: {}",
                reply.output()
            );
            assert!(
                reply.output().contains("Permission denied"),
                "{}",
                reply.output()
            );
        }
    }
    let reply = server.run(&format!(
        "ls -l /proc/{}/fd /proc/{}/cwd",
        server.pid, server.pid
    ));
    assert_ne!(
        reply.exit_code(),
        Some(0),
        "a command can look at its descriptors: {}",
        reply.output()
    );
    let seen = server
        .run("cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'")
        .output();
    assert!(
        !seen.contains(&server.key) && !seen.contains("OPEN_TERMINAL_"),
        "{seen}"
    );
}

/// The process of a shell that runs.
fn shell(server: &Server) -> i32 {
    let id = server.start("echo pid $$ up; sleep 1000");
    let output = server.output_with(&id, "up");
    output
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .expect("$$ is a number")
}
