//! What another runs and keeps: by its id it is theirs alone.

use std::fs;

use serde_json::{Value, json};

use crate::support::KEY;
use crate::support::files::target;
use crate::support::grounds::{Ground, Grounds, User, Walls};
use crate::support::seconds;

/// An attempt by the attacker at what its owner can do.
fn attempt<T>(
    grounds: &Grounds,
    name: &str,
    make: impl Fn(&Ground) -> T,
    attack: impl Fn(&Ground, &User, &T) -> bool,
) {
    grounds.theme.attempt(
        name,
        || {
            let ground = grounds.all();
            attack(ground, &ground.b(), &make(ground))
        },
        || {
            [grounds.accounts(), grounds.all()]
                .into_iter()
                .any(|ground| attack(ground, &ground.a(), &make(ground)))
        },
    );
}

#[test]
fn another_s_commands_are_not_reached_by_their_ids() {
    let Some(grounds) = Grounds::of("another's commands") else {
        return;
    };
    let make = |ground: &Ground| {
        ground
            .b()
            .start("echo up; read line; echo typed-$line; sleep 1000", &[])
            .id
    };
    attempt(&grounds, "status", make, |_, who, id| {
        who.get(&format!("/execute/{id}/status")).status == 200
    });
    attempt(&grounds, "list", make, |_, who, id| {
        who.get("/execute").text().contains(id)
    });
    attempt(&grounds, "input", make, |ground, who, id| {
        who.post(&format!("/execute/{id}/input"), &json!({"input": "x\n"}));
        std::thread::sleep(std::time::Duration::from_millis(200));
        ground.b().output(id).contains("typed-x")
    });
    attempt(&grounds, "kill", make, |_, who, id| {
        who.ask("DELETE", &format!("/execute/{id}?force=true"))
            .send()
            .status
            == 200
    });
    attempt(
        &grounds,
        "an id that leads elsewhere",
        make,
        |ground, who, id| {
            let up = format!("..%2f..%2f{}%2f", ground.b().home().display()).replace('/', "%2f");
            let ways = [
                format!("/execute/{id}/status"),
                format!("/execute/{up}{id}/status"),
                format!("/execute/%2e%2e%2f{id}/status"),
            ];
            ways.iter().any(|way| who.get(way).status == 200)
        },
    );
    attempt(
        &grounds,
        "the log by its path",
        |ground| {
            let reply = ground.b().execute("echo in-the-log", 10, &[]);
            reply.log_path()
        },
        |_, who, path| {
            who.look("read", &[("path", path)])
                .text()
                .contains("in-the-log")
        },
    );
    grounds.end(6);
}

#[test]
fn another_s_terminals_are_not_reached_by_their_ids() {
    let Some(grounds) = Grounds::of("another's terminals") else {
        return;
    };
    let make = |ground: &Ground| ground.open(ground.b().caller());
    attempt(&grounds, "look", make, |_, who, id| {
        who.get(&format!("/api/terminals/{id}")).status == 200
    });
    attempt(&grounds, "list", make, |_, who, id| {
        who.get("/api/terminals").text().contains(id)
    });
    attempt(&grounds, "end", make, |_, who, id| {
        who.ask("DELETE", &format!("/api/terminals/{id}"))
            .send()
            .status
            == 200
    });
    attempt(&grounds, "WebSocket", make, |ground, who, id| {
        attached(ground, who, id, "")
    });
    attempt(
        &grounds,
        "WebSocket with the other's id in the address",
        make,
        |ground, who, id| attached(ground, who, id, &format!("user_id={}", ground.b().id())),
    );
    attempt(
        &grounds,
        "WebSocket with one's own id twice",
        make,
        |ground, who, id| {
            attached(
                ground,
                who,
                id,
                &format!("user_id={}&x-user-id={}", who.id(), ground.b().id()),
            )
        },
    );
    attempt(
        &grounds,
        "what a person sees, and typing to it",
        |ground| {
            let (id, mut client) = ground.b().terminal();
            client.run("echo on-the-screen");
            (id, client)
        },
        |_, who, _| {
            who.get("/api/terminals/user/output")
                .text()
                .contains("on-the-screen")
                || who
                    .post("/api/terminals/user/input", &json!({"input": "x"}))
                    .status
                    == 200
        },
    );
    grounds.end(7);
}

/// Whether a terminal lets somebody in and shows its prompt.
fn attached(ground: &Ground, who: &User, id: &str, query: &str) -> bool {
    let attach = ground.attach(id).by(who.caller()).query(query);
    let Ok(mut client) = attach.try_connect() else {
        return false;
    };
    client.control(&json!({"type": "auth", "token": KEY}));
    client.type_in("echo typed-by-$((1+1))\n");
    // Who is let in sees it at once, but on a busy machine.
    for _ in 0..100 {
        client.pump(std::time::Duration::from_millis(100));
        if client.is_closed() || client.screen_text().contains("typed-by-2") {
            break;
        }
    }
    client.screen_text().contains("typed-by-2")
}

#[test]
fn another_s_notebooks_are_not_reached_by_their_ids() {
    let Some(grounds) = Grounds::of("another's notebooks") else {
        return;
    };
    let id = |ground: &Ground| notebook(ground, &ground.b());
    attempt(&grounds, "look", id, |_, who, id| {
        who.get(&format!("/notebooks/{id}")).status == 200
    });
    attempt(&grounds, "run", id, |_, who, id| {
        let body = json!({"cell_index": 0, "source": "usual"});
        who.post(&format!("/notebooks/{id}/execute"), &body).status == 200
    });
    for verb in ["interrupt", "restart"] {
        attempt(&grounds, verb, id, |_, who, id| {
            who.ask("POST", &format!("/notebooks/{id}/{verb}"))
                .send()
                .status
                == 200
        });
    }
    attempt(&grounds, "close", id, |_, who, id| {
        who.ask("DELETE", &format!("/notebooks/{id}")).send().status == 200
    });
    attempt(
        &grounds,
        "the kernel's connection file",
        id,
        |ground, who, _| {
            // It has the key with which everything can be asked of the kernel.
            let b = ground.b();
            // Theirs, not that of another test; and not the shell that asks.
            let line = b.run(r"tr '\0' '\n' </proc/$(pgrep -n -u $(id -u) -f 'fake_kernel[.]py usual')/cmdline | tail -1");
            let path = line.trim();
            assert!(path.starts_with('/'), "no kernel of B runs: {line}");
            who.can(&format!("grep -q key '{path}'"))
        },
    );
    grounds.end(6);
}

/// Opens a notebook of a kernel that needs nothing but Python.
fn notebook(ground: &Ground, user: &User) -> String {
    const KERNEL: &str = include_str!("../notebooks/fake_kernel.py");
    let script = user.put("fake_kernel.py", KERNEL);
    let spec = json!({"argv": ["/usr/bin/python3", script, "usual", "{connection_file}"], "display_name": "fake", "language": "python"});
    user.put(
        ".local/share/jupyter/kernels/fake/kernel.json",
        spec.to_string(),
    );
    let cell = json!({"cell_type": "code", "id": "c0", "metadata": {}, "source": "usual", "outputs": [], "execution_count": null});
    let text = json!({"cells": [cell], "metadata": {"kernelspec": {"name": "fake", "display_name": "fake"}}, "nbformat": 4, "nbformat_minor": 5});
    user.put("n.ipynb", text.to_string());
    let answer = user.post("/notebooks", &json!({"path": user.at("n.ipynb")}));
    let answer: Value = answer.expect(200).json();
    assert_ne!(
        ground.walls,
        Walls::None,
        "the kernels of the server's home are meant there"
    );
    answer["id"].as_str().expect("it has an id").to_owned()
}

#[test]
fn another_s_ports_are_not_shown_nor_passed_on() {
    let Some(grounds) = Grounds::of("another's ports") else {
        return;
    };
    let make = |ground: &Ground| {
        let b = ground.b();
        b.put("it.txt", "behind-the-port");
        b.put("listen.py", "import http.server\ns = http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\nprint('port', s.server_port, 'up', flush=True)\ns.serve_forever()\n");
        let running = b.start("exec python3 listen.py", &[]);
        let port = running
            .output
            .split("port ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next());
        port.and_then(|port| port.parse::<u16>().ok())
            .expect("it has a port")
    };
    attempt(&grounds, "list", make, |_, who, port| {
        std::thread::sleep(seconds(1));
        who.get("/ports").text().contains(&port.to_string())
    });
    for prefix in ["proxy", "absproxy"] {
        attempt(&grounds, prefix, make, |_, who, port| {
            let answer = who.get(&format!("/{prefix}/{port}/it.txt"));
            // Under `absproxy` it sees the whole path, and so says that there is no such file.
            answer.text().contains("behind-the-port")
                || answer
                    .header("server")
                    .is_some_and(|name| name.contains("SimpleHTTP"))
        });
    }
    // What listens for the server and for all is nobody's.
    grounds.theme.attempt(
        "the server's own port",
        || {
            let ground = grounds.all();
            ground.b().get(&format!("/proxy/{}/", make(ground))).status == 200
        },
        || {
            [grounds.accounts(), grounds.all()]
                .into_iter()
                .any(|ground| {
                    ground
                        .a()
                        .get(&format!("/proxy/{}/health", ground.port))
                        .status
                        == 200
                })
        },
    );
    grounds.end(4);
}

#[test]
fn what_another_keeps_is_not_reached_by_its_name() {
    let Some(grounds) = Grounds::of("another's things") else {
        return;
    };
    let part = |ground: &Ground, directory: &str| {
        let _ = ground;
        target(
            "upload/the-id",
            &[
                ("directory", directory),
                ("filename", "f"),
                ("offset", "0"),
                ("size", "3"),
            ],
        )
    };
    let begun = |ground: &Ground| {
        let b = ground.b();
        b.ask("PUT", &part(ground, &b.at("up")))
            .bytes(b"x")
            .send()
            .expect(200);
        b.at("up")
    };
    attempt(
        &grounds,
        "how far an upload is",
        begun,
        |ground, who, directory| {
            let answer = who.get(&part(ground, directory));
            answer.status == 200 && answer.json()["offset"] == 1
        },
    );
    attempt(
        &grounds,
        "giving up an upload",
        begun,
        |ground, who, directory| {
            who.ask("DELETE", &part(ground, directory)).send();
            let left = ground.b().get(&part(ground, directory));
            left.status != 200 || left.json()["offset"] != 1
        },
    );
    grounds.end(2);
}

#[test]
fn what_another_has_set_up_is_not_reached_by_its_name() {
    let Some(grounds) = Grounds::of("another's things, set up") else {
        return;
    };
    let moved = |ground: &Ground| {
        let b = ground.b();
        fs::create_dir_all(b.home()).ok();
        b.run("mkdir -p where-the-chat-is");
        let body = json!({"path": b.at("where-the-chat-is")});
        b.ask("POST", "/files/cwd")
            .header("x-session-id", "chat")
            .json(&body)
            .send()
            .expect(200);
    };
    attempt(
        &grounds,
        "the working directory of a chat",
        moved,
        |_, who, ()| {
            let answer = who
                .ask("GET", "/files/cwd")
                .header("x-session-id", "chat")
                .send();
            answer.text().contains("where-the-chat-is")
        },
    );
    let skill = |ground: &Ground| {
        let text = "---\nname: of-another\ndescription: d\n---\n\nThe way of another.\n";
        ground.b().put(".claude/skills/it/SKILL.md", text);
    };
    attempt(&grounds, "skills", skill, |_, who, ()| {
        who.get("/skills").text().contains("of-another")
            || who.get("/skills/read?name=of-another").status == 200
    });
    grounds.end(2);
}
