//! Links to what another has: made by the attacker, followed by every endpoint that opens files.

use serde_json::{Value, json};

use crate::support::Ask;
use crate::support::files::target;
use crate::support::grounds::{Ground, Grounds, User};

/// What the other's file holds; nobody else writes it anywhere.
const WORD: &str = "the-word-of-the-other-4c1f";

/// Makes a link of the attacker's to something of the other's.
#[derive(Clone, Copy, Debug)]
struct Link {
    name: &'static str,
    /// Run in the attacker's home; afterwards `l` leads to the other's home.
    made_by: &'static str,
}

const KINDS: [Link; 5] = [
    Link {
        name: "absolute",
        made_by: "ln -sfn \"$B\" l",
    },
    Link {
        name: "relative",
        made_by: "ln -sfn \"../$(basename \"$B\")\" l",
    },
    Link {
        name: "chained",
        made_by: "mkdir -p d; ln -sfn \"$B\" d/3; ln -sfn 3 d/2; ln -sfn d/2 l",
    },
    Link {
        name: "by /proc/self/root",
        made_by: "ln -sfn \"/proc/self/root$B\" l",
    },
    Link {
        name: "by a directory of links",
        made_by: "mkdir -p d; ln -sfn \"$(dirname \"$B\")\" d/up; ln -sfn \"d/up/$(basename \"$B\")\" l",
    },
];

/// Endpoints that show what a file or a directory holds, asked for what is below the link.
const READS: [&str; 11] = [
    "read", "view", "display", "serve", "list", "stat", "grep", "glob", "search", "matches",
    "watch",
];

fn prepared(ground: &Ground) -> (User<'_>, User<'_>) {
    let (a, b) = (ground.a(), ground.b());
    b.put("secret.txt", format!("{WORD}\n"));
    b.put(&format!("{WORD}.d/x"), "");
    (a, b)
}

fn read(ground: &Ground, link: Link, what: &str) -> bool {
    let (a, _) = prepared(ground);
    a.run(link.made_by);
    let (file, directory) = (a.at("l/secret.txt"), a.at("l"));
    let (file, directory) = (file.as_str(), directory.as_str());
    let answer = match what {
        "list" => a.look(what, &[("directory", directory)]),
        "serve" => a.get(&format!("/files/serve{file}")),
        "grep" => a.look(what, &[("query", "the-word"), ("path", directory)]),
        "glob" => {
            let answer = a.look(what, &[("pattern", "secret.*"), ("path", directory)]);
            return answer.status == 200 && answer.text().contains("secret.txt");
        }
        "search" | "matches" => a.look(what, &[("query", "the-word-of"), ("path", directory)]),
        "watch" => return a.begins(&target("watch", &[("path", directory)])),
        "stat" => return a.look(what, &[("path", file)]).status == 200,
        "display" => {
            return a
                .look(what, &[("path", file)])
                .text()
                .contains("\"exists\":true");
        }
        _ => a.look(what, &[("path", file)]),
    };
    answer.status == 200 && answer.text().contains(WORD)
}

#[test]
fn another_s_files_are_not_read_through_links() {
    let Some(grounds) = Grounds::of("links, read") else {
        return;
    };
    for what in READS {
        let name = format!("{what} through an absolute link");
        grounds.accounts_stop(&name, |ground| read(ground, KINDS[0], what));
    }
    for link in &KINDS[1..] {
        for what in ["read", "list", "serve"] {
            let name = format!("{what} through a link, {}", link.name);
            grounds.accounts_stop(&name, |ground| read(ground, *link, what));
        }
    }
    grounds.accounts_stop("a link to the file itself", |ground| {
        let (a, _) = prepared(ground);
        a.run("ln -sfn \"$B/secret.txt\" f");
        a.look("read", &[("path", &a.at("f"))])
            .text()
            .contains(WORD)
    });
    grounds.accounts_stop("cat through a link", |ground| {
        let (a, _) = prepared(ground);
        a.run("ln -sfn \"$B\" l; cat l/secret.txt").contains(WORD)
    });
    grounds.end(24);
}

#[test]
fn another_s_files_are_not_packed_or_compared_through_links() {
    let Some(grounds) = Grounds::of("links, archive and compare") else {
        return;
    };
    grounds.accounts_stop("archive through a link", |ground| {
        let (a, _) = prepared(ground);
        a.run(KINDS[0].made_by);
        let answer = a.post("/files/archive", &json!({"paths": [a.at("l/secret.txt")]}));
        // The name of a member is in the archive as it is.
        answer.status == 200 && answer.text().contains("secret.txt")
    });
    grounds.accounts_stop("compare with what a link leads to", |ground| {
        let (a, _) = prepared(ground);
        a.run(KINDS[0].made_by);
        a.put("own.txt", "x\n");
        let (original, revised) = (a.at("own.txt"), a.at("l/secret.txt"));
        let body = json!({"original": original, "revised": revised});
        a.post("/files/compare", &body).text().contains(WORD)
    });
    grounds.accounts_stop("a working directory through a link", |ground| {
        let (a, _) = prepared(ground);
        a.run(KINDS[0].made_by);
        let session = |ask: Ask| ask.header("x-session-id", "links").send();
        let body = json!({"path": a.at("l")});
        session(a.ask("POST", "/files/cwd").json(&body));
        session(a.ask("GET", "/files/read?path=secret.txt"))
            .text()
            .contains(WORD)
    });
    grounds.end(3);
}

/// Whether the other's file is another one after this was asked of the attacker.
fn changed(ground: &Ground, change: impl FnOnce(&User) -> u16) -> bool {
    let (a, b) = prepared(ground);
    b.put("kept.txt", "as it was");
    b.put("kept.d/inside.txt", "as it was");
    a.run(KINDS[0].made_by);
    a.put("mine.txt", "by another");
    let before = tree(&b);
    change(&a);
    tree(&b) != before
}

/// All that is in a home but what the server or a shell keeps there, with the files' text.
fn tree(user: &User) -> String {
    let command = format!(
        "cd '{}' && find . -mindepth 1 -name '.*' -prune -o -type f -print -exec cat {{}} + -o -print | sort",
        user.home().display()
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &command])
        .output();
    String::from_utf8_lossy(&output.expect("sh is there").stdout).into_owned()
}

fn post(a: &User, what: &str, body: &Value) -> u16 {
    a.post(&format!("/files/{what}"), body).status
}

/// Asks for a change below the link.
type Change = fn(&User) -> u16;
/// Ways to change what is there.
const CHANGES: [(&str, Change); 9] = [
    ("write onto a file", |a| {
        post(
            a,
            "write",
            &json!({"path": a.at("l/kept.txt"), "content": "new"}),
        )
    }),
    ("write a new file", |a| {
        post(
            a,
            "write",
            &json!({"path": a.at("l/planted"), "content": "new"}),
        )
    }),
    ("replace", |a| {
        let pair = json!([{"target": "as it", "replacement": "by"}]);
        post(
            a,
            "replace",
            &json!({"path": a.at("l/kept.txt"), "replacements": pair}),
        )
    }),
    ("mkdir", |a| {
        post(a, "mkdir", &json!({"path": a.at("l/planted.d")}))
    }),
    ("move into it", |a| {
        let (from, to) = (a.at("mine.txt"), a.at("l/moved.txt"));
        post(a, "move", &json!({"source": from, "destination": to}))
    }),
    ("move out of it", |a| {
        let (from, to) = (a.at("l/kept.txt"), a.at("got.txt"));
        post(a, "move", &json!({"source": from, "destination": to}))
    }),
    ("delete", |a| {
        let path = target("delete", &[("path", &a.at("l/kept.d"))]);
        a.ask("DELETE", &path).send().status
    }),
    ("upload", |a| {
        let form = "--BB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"up.txt\"\r\n\r\nx\r\n--BB--\r\n";
        let ask = a.ask("POST", &target("upload", &[("directory", &a.at("l"))]));
        let ask = ask.header("content-type", "multipart/form-data; boundary=BB");
        ask.bytes(form.as_bytes()).send().status
    }),
    ("upload in parts", |a| {
        let directory = a.at("l");
        let query = [
            ("directory", directory.as_str()),
            ("filename", "part"),
            ("offset", "0"),
            ("size", "1"),
        ];
        a.ask("PUT", &target("upload/some-id", &query))
            .bytes(b"x")
            .send()
            .status
    }),
];
#[test]
fn another_s_files_are_not_changed_through_links() {
    let Some(grounds) = Grounds::of("links, write") else {
        return;
    };
    for (name, change) in CHANGES {
        grounds.accounts_stop(&format!("{name} through a link"), |ground| {
            changed(ground, change)
        });
    }
    grounds.accounts_stop("rm through a link", |ground| {
        changed(ground, |a| u16::from(a.can("rm -rf l/kept.d")))
    });
    grounds.end(10);
}

#[test]
fn another_s_files_get_no_second_name() {
    let Some(grounds) = Grounds::of("hard links") else {
        return;
    };
    grounds.accounts_stop("a hard link to a file in another's home", |ground| {
        let (a, _) = prepared(ground);
        a.run("rm -f h; ln \"$B/secret.txt\" h; cat h")
            .contains(WORD)
    });
    grounds.accounts_stop("a hard link in another's home to one's own", |ground| {
        let (a, b) = prepared(ground);
        a.put("mine.txt", "by another");
        a.run("ln -f mine.txt \"$B/planted\"");
        b.has("planted") == "by another"
    });
    grounds.accounts_stop("a hard link to what is not one's own, kept for later", |ground| {
        let (a, _) = prepared(ground);
        a.can("rm -f h; ln /usr/bin/su h || { [ \"$(stat -c %m .)\" != \"$(stat -c %m /usr/bin/su)\" ] && [ -w / ]; }")
    });
    grounds.accounts_stop("bind mount in place of a link", |ground| {
        let (a, _) = prepared(ground);
        let mount = "mkdir -p m; unshare -m sh -c 'mount --bind \"$B\" m && cat m/secret.txt'";
        a.run(mount).contains(WORD)
    });
    grounds.end(4);
}
