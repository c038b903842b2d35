//! Skills: listed and read, as clients do at every turn of a chat.

use std::fs;
use std::time::Instant;

use serde_json::json;

use crate::support::Server;
use crate::support::files::texts;

fn put(server: &Server, directory: &str, name: &str) {
    let text = format!("---\nname: {name}\ndescription: what {name} is for\n---\n\nDo it well.\n");
    server.put(format!("{directory}/SKILL.md"), text);
}

#[test]
fn skills_are_listed_and_read() {
    let server = Server::spawn();
    assert_eq!(server.get("/skills").expect(200).json(), json!([]));
    put(&server, ".claude/skills/pdf", "a pdf/ä");
    server.put(".claude/skills/pdf/scripts/fill.py", "");
    let summary = json!({
        "id": "terminal:a%20pdf%2F%C3%A4",
        "name": "a pdf/ä",
        "description": "what a pdf/ä is for",
        "location": server.at(".claude/skills/pdf/SKILL.md"),
        "scope": "global",
        "source": "terminal",
    });
    assert_eq!(server.get("/skills").expect(200).json(), json!([summary]));
    let mut whole = summary;
    whole["content"] = "Do it well.".into();
    whole["resources"] = json!(["scripts/fill.py"]);
    let read = server.get("/skills/read?name=a+pdf%2F%C3%A4").expect(200);
    assert_eq!(read.json(), whole);
}

#[test]
fn what_is_not_there_is_said() {
    let server = Server::spawn();
    let detail = server.get("/skills/read?name=none").expect(404).detail();
    assert!(
        detail.contains("none") && detail.contains("/skills"),
        "{detail}"
    );
    server.get("/skills/read").expect(422);
    server
        .ask("GET", "/skills")
        .without_key()
        .send()
        .expect(401);
    server.ask("POST", "/skills").send().expect(405);
    let paths = server.get("/openapi.json").json()["paths"].clone();
    assert!(
        paths.get("/skills").is_none(),
        "models do not see the route"
    );
}

#[test]
fn changes_are_seen_at_once() {
    let server = Server::spawn();
    for name in ["one", "two"] {
        put(&server, ".agents/skills/x", name);
        assert_eq!(texts(&server.get("/skills").json(), "name"), [name]);
    }
    fs::remove_dir_all(server.home.work().join(".agents")).expect("it is ours");
    assert_eq!(server.get("/skills").json(), json!([]));
}

#[test]
fn a_thousand_skills_are_listed_in_milliseconds() {
    let server = Server::spawn();
    for n in 0..1000 {
        put(
            &server,
            &format!(".agents/skills/s{n:04}"),
            &format!("s{n:04}"),
        );
    }
    let ask = || {
        let began = Instant::now();
        let listed = server.get("/skills").expect(200).json();
        assert_eq!(listed.as_array().map(Vec::len), Some(1000));
        began.elapsed()
    };
    let first = ask();
    let quickest = (0..5).map(|_| ask()).min().expect("five tries");
    println!("1000 skills: first {first:?}, then {quickest:?}");
    assert!(quickest.as_millis() < 500, "{quickest:?}");
}
