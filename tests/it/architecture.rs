//! The rules of the house, held over `src/`: each with its reason, each failure with file and line.

/// Paths that a source text names.
mod paths;
/// The source files.
mod source;

use std::collections::BTreeSet;

use source::Source;

/// Rooms from top to bottom; calls point down only, and rooms of one floor do not know each other.
const FLOORS: [&[&str]; 9] = [
    &["main"],
    &["cli"],
    &["server", "doctor"],
    &["mcp", "gateway"],
    &["api"],
    &[
        "exec",
        "terminal",
        "files",
        "search",
        "ports",
        "notebooks",
        "skills",
        "prompt",
        "packages",
    ],
    &[
        "text",
        "workspace",
        "sandbox",
        "egress",
        "users",
        "documents",
        "relay",
    ],
    &["limits", "walls"],
    &["sys"],
];

/// Rooms that every other may use. They use each other, but no room above.
const GROUND: [&str; 4] = ["config", "telemetry", "metrics", "audit"];

/// Words that only some rooms may write, and why.
const KEPT: [(&str, &[&str], &str); 4] = [
    (
        "axum",
        &["api", "gateway", "server", "mcp"],
        "what is below the edge knows nothing of HTTP, so that it can be tested and served anywhere",
    ),
    (
        "unsafe",
        &["sys"],
        "what the compiler does not check is kept in one small place, made safe for the rest",
    ),
    (
        "std::env",
        &["config"],
        "the environment is a parameter: read once, so that tests can give another",
    ),
    (
        "process::exit",
        &["main"],
        "an exit in the middle skips what others have to clean up",
    ),
];

/// Fails with all that was found, under the rule that it breaks.
#[track_caller]
fn hold(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}:\n  {}\n", broken.join("\n  "));
}

fn sources() -> Vec<Source> {
    let sources = source::all();
    assert!(
        sources.iter().any(|source| source.room() == "main"),
        "the source is not where it should be"
    );
    sources
}

#[test]
fn sharp_tools_are_kept_in_their_rooms() {
    for (word, rooms, reason) in KEPT {
        let elsewhere = sources()
            .into_iter()
            .filter(|source| !rooms.contains(&source.room()));
        let broken: Vec<String> = elsewhere
            .flat_map(|source| source.lines_with(word))
            .collect();
        hold(
            &format!("`{word}` only in {} ({reason})", rooms.join(", ")),
            &broken,
        );
    }
}

#[test]
fn every_file_says_in_its_first_line_what_it_is() {
    let silent = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//! "));
    let broken: Vec<String> = silent
        .map(|source| format!("{}:1", source.name()))
        .collect();
    hold(
        "a file starts with `//!` and a sentence (who opens it learns whether to read on)",
        &broken,
    );
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let sizes = sources()
        .into_iter()
        .map(|source| (source.text.lines().count(), source));
    let long = sizes.filter(|(lines, _)| *lines > 400);
    let broken: Vec<String> = long
        .map(|(lines, source)| format!("{}: {lines} lines", source.name()))
        .collect();
    hold(
        "a file has 400 lines at most (a longer one has two subjects)",
        &broken,
    );
}

#[test]
fn every_room_has_its_place() {
    let placed = |room: &str| {
        room == "lib" || GROUND.contains(&room) || FLOORS.iter().any(|floor| floor.contains(&room))
    };
    let unknown: BTreeSet<String> = sources()
        .into_iter()
        .filter(|source| !placed(source.room()))
        .map(|source| source.name())
        .collect();
    hold(
        "a new room is put on a floor in this test (else nothing holds it)",
        &unknown.into_iter().collect::<Vec<_>>(),
    );
}

/// Whether code in one room may name another.
fn may_use(from: &str, to: &str) -> bool {
    let floor = |room: &str| FLOORS.iter().position(|floor| floor.contains(&room));
    match (from, to) {
        _ if from == to || from == "lib" => true,
        ("sys" | "config", _) => false,
        _ if GROUND.contains(&from) => GROUND.contains(&to) || to == "sys",
        _ if GROUND.contains(&to) => true,
        _ => floor(from)
            .zip(floor(to))
            .is_some_and(|(from, to)| from < to),
    }
}

#[test]
fn calls_point_down_and_siblings_do_not_know_each_other() {
    let mut broken = Vec::new();
    for source in sources() {
        for (line, path) in source.paths() {
            let to = path.first().map_or("", String::as_str);
            if source::is_room(to) && !may_use(source.room(), to) {
                broken.push(format!(
                    "{}:{line}: {} uses {}",
                    source.name(),
                    source.room(),
                    path.join("::")
                ));
            }
        }
    }
    hold(
        "rooms use only what is below them (so that a change above breaks nothing below)",
        &broken,
    );
}

#[test]
fn outsiders_use_the_face_of_a_room_only() {
    let mut broken = Vec::new();
    for source in sources() {
        for (line, path) in source.paths() {
            let [room, part, ..] = path.as_slice() else {
                continue;
            };
            if room != source.room() && source::is_part(room, part) && path.len() > 2 {
                broken.push(format!(
                    "{}:{line}: {} is inside {room}",
                    source.name(),
                    path.join("::")
                ));
            }
        }
    }
    hold(
        "outsiders use `foo`, not `foo/bar` (so that its parts can be moved)",
        &broken,
    );
}
