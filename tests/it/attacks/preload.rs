//! Code in the environment of commands: it runs in them, and nowhere else.

use serde_json::json;

use crate::support::grounds::{Ground, Grounds};

/// Says who runs it, wherever it is loaded.
const LIBRARY: &str = r#"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((constructor)) static void tell(void) {
    char name[300] = "", line[800], caps[64] = "?", text[4096];
    int fd = open("/proc/self/cmdline", O_RDONLY);
    if (fd >= 0) { long n = read(fd, name, sizeof name - 1); close(fd); (void)n; }
    fd = open("/proc/self/status", O_RDONLY);
    if (fd >= 0) {
        long n = read(fd, text, sizeof text - 1);
        close(fd);
        text[n > 0 ? n : 0] = 0;
        char *at = strstr(text, "CapEff:\t");
        if (at) { strncpy(caps, at + 8, 16); caps[16] = 0; }
    }
    int n = snprintf(line, sizeof line, "ran %s uid %u caps %s\n", name, geteuid(), caps);
    fd = open(TRACE, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd >= 0) { n = write(fd, line, n); close(fd); }
}
"#;

/// Variables that make programs run code or read files.
const VARIABLES: [(&str, &str); 7] = [
    ("LD_PRELOAD", "HOME/tell.so"),
    ("LD_AUDIT", "HOME/tell.so"),
    ("BASH_ENV", "HOME/tell.sh"),
    ("ENV", "HOME/tell.sh"),
    ("SHELL", "HOME/tell"),
    ("PATH", "HOME/bin:/usr/bin:/bin"),
    ("PYTHONPATH", "HOME/py"),
];

/// Makes the library, and a script and programs that do the same.
fn prepared(ground: &Ground) -> bool {
    let a = ground.a();
    a.put(
        "tell.c",
        format!("#define TRACE \"{}\"\n{LIBRARY}", a.at("trace")),
    );
    let script = format!(
        "echo \"ran $(tr '\\0' ' ' </proc/$$/cmdline) uid $(id -u) caps $(sed -n 's/^CapEff:.//p' /proc/$$/status)\" >>'{}'\n",
        a.at("trace")
    );
    a.put("tell.sh", &script);
    let program = format!("#!/bin/sh\nPATH=/usr/bin:/bin; {script}");
    for name in ["tell", "bin/ls", "bin/sh", "bin/bash", "bin/id"] {
        a.put(name, &program);
    }
    let module = format!("import ctypes\nctypes.CDLL('{}')\n", a.at("tell.so"));
    a.put("py/sitecustomize.py", module);
    a.run("chmod +x tell bin/*; rm -f trace");
    a.can("cc -shared -fPIC -o tell.so tell.c")
}

/// What has run by then, line by line.
fn trace(ground: &Ground) -> String {
    ground.a().has("trace").replace('\0', " ")
}

#[test]
fn code_in_the_environment_runs_in_one_s_own_commands_only() {
    let Some(grounds) = Grounds::of("environment") else {
        return;
    };
    for ground in [grounds.accounts(), grounds.all()] {
        assert!(prepared(ground), "cc makes a library");
    }
    for (name, value) in VARIABLES {
        grounds.theme.attempt(
            &format!("{name} in env"),
            || {
                // In one's own programs it does what it says; some do so in few of them.
                let a = grounds.all().a();
                a.run("rm -f trace");
                let value = value.replace("HOME", &a.home().display().to_string());
                let command = format!("export {name}={value}; ls; bash -c :; sh -i </dev/null; ${{SHELL:-true}} -c :; /usr/bin/python3 -c 1");
                a.run(&command);
                !trace(grounds.all()).is_empty()
            },
            || {
                [grounds.accounts(), grounds.all()]
                    .into_iter()
                    .any(|ground| beyond(ground, name, value))
            },
        );
    }
    grounds.end(7);
}

/// Whether the code ran as anybody else, with any capability, or in a process of the server's.
fn beyond(ground: &Ground, name: &str, value: &str) -> bool {
    let a = ground.a();
    a.run("rm -f trace");
    let value = value.replace("HOME", &a.home().display().to_string());
    for command in ["ls; true", "bash -c :", "/usr/bin/python3 -c 1"] {
        let body = json!({"command": command, "env": {name: value}, "cwd": a.home()});
        a.post("/execute?wait=10", &body);
    }
    // The next ones are as if nothing had been.
    let shown = a.run("env");
    let left = shown.contains(&format!("{name}={value}"));
    let expected = format!(" uid {} caps 0000000000000000", a.uid());
    let trace = trace(ground);
    let odd = |line: &str| !line.ends_with(&expected) || line.contains("open-terminal");
    left || trace.lines().any(odd)
}

#[test]
fn files_of_a_user_s_change_neither_settings_nor_the_start_of_a_workspace() {
    let Some(grounds) = Grounds::with("settings of users", &[("WORKSPACE_IDLE_TTL", "1")]) else {
        return;
    };
    let config = "execute_timeout = \"7s\"\napi_key = \"of-a-user\"\ncommand_pids_limit = 7\n";
    grounds.theme.attempt(
        "a settings file in a user's home",
        || {
            // Whoever starts a server has such a file.
            use crate::support::Server;
            let server = Server::builder()
                .key_from_elsewhere("of-a-user")
                .config_toml("api_key = \"of-a-user\"\n")
                .start();
            server.get("/files/cwd").status == 200
        },
        || {
            [grounds.accounts(), grounds.all()]
                .into_iter()
                .any(|ground| {
                    let a = ground.a();
                    a.put(".config/open-terminal/config.toml", config);
                    ground.workspace_ends(&a);
                    let body = a.get("/api/limits").expect(200).text();
                    let key = a
                        .ask("GET", "/files/cwd")
                        .without_key()
                        .header("authorization", "Bearer of-a-user")
                        .send();
                    body.contains("\"pids_limit\":7") || key.status == 200
                })
        },
    );
    grounds.theme.attempt(
        "start files of shells, at the start of a workspace",
        || {
            let a = grounds.all().a();
            assert!(prepared(grounds.all()));
            a.run("cp tell.sh .bashrc; bash -ic :");
            !trace(grounds.all()).is_empty()
        },
        || {
            [grounds.accounts(), grounds.all()].into_iter().any(|ground| {
                assert!(prepared(ground));
                let a = ground.a();
                a.run("for f in .profile .bashrc .bash_profile .bash_login .pam_environment; do cp tell.sh $f; done; rm -f trace");
                ground.workspace_ends(&a);
                a.run("true");
                let expected = format!(" uid {} caps 0000000000000000", a.uid());
                trace(ground).lines().any(|line| !line.ends_with(&expected))
            })
        },
    );
    grounds.end(2);
}
