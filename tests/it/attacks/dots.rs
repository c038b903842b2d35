//! `..` in all spellings, on every endpoint that takes a path: it leads where the kernel says, and no further.

use serde_json::json;

use crate::support::files::target;
use crate::support::grounds::{Ground, Grounds, User};

const WORD: &str = "up-and-down-31c7";

/// The way from a home to the other's file; `{}` is the name of the other's home.
const WAYS: [&str; 4] = [
    "../{}/it.txt",
    "./x/.././../{}/./it.txt",
    "..//{}///it.txt",
    "x/../../../../../../../..{}",
];

/// How the way is written in an address.
const SPELLINGS: [(&str, &str); 3] = [(".", "."), (".", "%2e"), (".", "%2E")];

/// Ways that are names like others to the kernel. None has ever led out, on any ground.
const NAMES: [&str; 13] = [
    "%252e%252e/{}/it.txt",
    "%25%32%65%25%32%65/{}/it.txt",
    "..%5c{}%5cit.txt",
    "%2e%2e%5c{}/it.txt",
    "%c0%ae%c0%ae/{}/it.txt",
    "..%c0%af{}/it.txt",
    "%ef%bc%8e%ef%bc%8e/{}/it.txt",
    "%e2%80%a5/{}/it.txt",
    "%e2%80%a4%e2%80%a4/{}/it.txt",
    "....//{}/it.txt",
    "..;/{}/it.txt",
    "../{}/it.txt%00",
    "%00/../{}/it.txt",
];

fn prepared(ground: &Ground) -> (User<'_>, String) {
    let (a, b) = (ground.a(), ground.b());
    b.put("it.txt", WORD);
    a.put("x/own.txt", "");
    let name = b.home().file_name().expect("it has a name");
    (a, name.to_string_lossy().into_owned())
}

/// A way to the other's file, relative to one's home.
fn way(ground: &Ground, way: &str, name: &str) -> String {
    if way.ends_with("..{}") {
        return way.replace("{}", &ground.b().at("it.txt"));
    }
    way.replace("{}", name)
}

/// Whether a path leads to the other's file by an endpoint; it stands in the address as it is.
fn leads(a: &User, what: &str, path: &str) -> bool {
    let directory = path.trim_end_matches("/it.txt");
    let at = match what {
        "serve" => format!("/files/serve{path}"),
        "list" => format!("/files/list?directory={directory}"),
        "grep" => format!("/files/grep?query=up-and-down&path={path}"),
        "glob" => format!("/files/glob?pattern=it.*&path={directory}"),
        "search" | "matches" => format!("/files/{what}?query=it.txt&path={directory}"),
        _ => format!("/files/{what}?path={path}"),
    };
    let answer = a.get(&at);
    let text = answer.text();
    answer.status == 200
        && match what {
            "list" | "glob" | "search" | "matches" => text.contains("it.txt\""),
            "stat" => true,
            "display" => text.contains("\"exists\":true"),
            _ => text.contains(WORD),
        }
}

/// Changes what is at a path.
type Change = fn(&User, String);
/// Ways to change it.
const CHANGES: [(&str, Change); 5] = [
    ("write", |a, path| {
        a.post("/files/write", &json!({"path": path, "content": "new"}));
    }),
    ("replace", |a, path| {
        let pair = json!([{"target": WORD, "replacement": "new"}]);
        a.post(
            "/files/replace",
            &json!({"path": path, "replacements": pair}),
        );
    }),
    ("move", |a, path| {
        let body = json!({"source": path, "destination": a.at("got")});
        a.post("/files/move", &body);
    }),
    ("delete", |a, path| {
        a.ask("DELETE", &target("delete", &[("path", &path)]))
            .send();
    }),
    ("upload", |a, path| {
        let directory = path.trim_end_matches("/it.txt");
        let form = "--BB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"it.txt\"\r\n\r\nnew\r\n--BB--\r\n";
        let ask = a.ask("POST", &target("upload", &[("directory", directory)]));
        ask.header("content-type", "multipart/form-data; boundary=BB")
            .bytes(form.as_bytes())
            .send();
    }),
];
#[test]
fn dots_lead_to_another_s_files_by_no_endpoint() {
    let Some(grounds) = Grounds::of("dots, endpoints") else {
        return;
    };
    for what in [
        "read", "view", "display", "serve", "list", "stat", "grep", "glob", "search", "matches",
    ] {
        grounds.accounts_stop(&format!("{what} by .."), |ground| {
            let (a, name) = prepared(ground);
            leads(&a, what, &a.at(&format!("../{name}/it.txt")))
        });
    }
    for (name, change) in CHANGES {
        grounds.accounts_stop(&format!("{name} by .."), |ground| {
            let (a, other) = prepared(ground);
            change(&a, a.at(&format!("../{other}/it.txt")));
            ground.b().has("it.txt") != WORD
        });
    }
    grounds.accounts_stop("archive by ..", |ground| {
        let (a, name) = prepared(ground);
        a.post(
            "/files/archive",
            &json!({"paths": [a.at(&format!("../{name}/it.txt"))]}),
        )
        .status
            == 200
    });
    grounds.accounts_stop("an upload's name with ..", |ground| {
        // A name is cut to its last part, so that it takes the directory to get out.
        let (a, name) = prepared(ground);
        let query = [
            ("directory", a.at(&format!("x/../../{name}"))),
            ("filename", "named".to_owned()),
            ("offset", "0".into()),
            ("size", "1".into()),
        ];
        let query: Vec<(&str, &str)> = query
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        a.ask("PUT", &target("upload/one-id", &query))
            .bytes(b"x")
            .send()
            .status
            == 200
    });
    grounds.end(17);
}

#[test]
fn no_spelling_of_dots_leads_to_another_s_files() {
    let Some(grounds) = Grounds::of("dots, spellings") else {
        return;
    };
    for (from, to) in SPELLINGS {
        for each in WAYS {
            for what in ["read", "serve"] {
                let name = format!("{what} {each} with {to}");
                grounds.accounts_stop(&name, |ground| {
                    let (a, other) = prepared(ground);
                    let path = way(ground, each, &other);
                    let path = path.replace("it.txt", "it!txt").replace(from, to);
                    leads(
                        &a,
                        what,
                        &format!(
                            "{}/{}",
                            a.home().display(),
                            path.replace("it!txt", "it.txt")
                        ),
                    )
                });
            }
        }
    }
    // No attacks anywhere, so not counted as such.
    for ground in [grounds.none(), grounds.accounts(), grounds.all()] {
        for each in NAMES {
            for what in ["read", "serve", "view", "stat", "display", "grep"] {
                let (a, other) = prepared(ground);
                if leads(
                    &a,
                    what,
                    &format!("{}/{}", a.home().display(), each.replace("{}", &other)),
                ) {
                    grounds
                        .theme
                        .wrong(format!("{what} {each} gets through on {:?}", ground.walls));
                }
            }
        }
    }
    grounds.end(24);
}
