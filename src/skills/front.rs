//! Front matter: the YAML between two lines of dashes at the beginning of a `SKILL.md`.

use std::panic;

use serde::Deserialize;
use serde_saphyr::options::DuplicateKeyPolicy;

/// No front matter is longer, in bytes, with its dashes.
pub(super) const LONGEST: u64 = 64 << 10;

/// The characters of a name that are told, and that it is asked for by.
const NAME: usize = 256;

/// The characters of a description that are told.
const DESCRIPTION: usize = 1_024;

/// What begins and ends front matter.
const DASHES: &[u8] = b"---";

/// What a skill says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Front {
    /// What it is called by; none when its directory's name is to be taken.
    pub(super) name: Option<String>,
    /// What it is for.
    pub(super) description: String,
}

/// The members that count. Scalars of other types are taken as they are written.
#[derive(Debug, Default, Deserialize)]
struct Members {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

/// The front matter at the beginning of a file; none when that makes no skill.
pub(super) fn read(beginning: &[u8]) -> Option<Front> {
    let (front, _) = split(beginning)?;
    let front = String::from_utf8(front).ok()?;
    // Many are written by hand and are almost YAML, with a colon in a sentence for instance.
    let members = parse(&front).unwrap_or_else(|| by_lines(&front));
    Some(Front {
        name: members.name.and_then(|name| cut(&name, NAME)),
        description: cut(&members.description?, DESCRIPTION)?,
    })
}

/// The first characters of a text without the blanks round it; none when there is nothing else.
fn cut(text: &str, most: usize) -> Option<String> {
    let cut: String = text.trim().chars().take(most).collect();
    (!cut.is_empty()).then_some(cut)
}

/// The front matter of a file, and what follows it, both with `\n` at the ends of lines; none when it has none.
pub(super) fn split(file: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let file = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
    if !file.starts_with(DASHES) {
        return None;
    }
    let file = with_newlines(file);
    let mut lines = file.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next()?;
    if !first[DASHES.len()..].trim_ascii().is_empty() {
        return None;
    }
    let mut end = first.len();
    for line in lines {
        if line.starts_with(DASHES) {
            let front = file.get(first.len()..end)?;
            let within = (front.len() as u64) < LONGEST;
            return within.then(|| (front.to_vec(), file[end + line.len()..].to_vec()));
        }
        end += line.len();
    }
    None
}

/// `text` with `\n` where it has `\r\n` or `\r`.
fn with_newlines(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\r' {
            bytes.next_if_eq(&b'\n');
            out.push(b'\n');
        } else {
            out.push(byte);
        }
    }
    out
}

/// Reads it as YAML; none when it is none, or has lists and the like where text is meant.
///
/// What its parser was not made for, and panics over, is no YAML either.
fn parse(front: &str) -> Option<Members> {
    panic::catch_unwind(|| parse_or_panic(front)).ok()?
}

fn parse_or_panic(front: &str) -> Option<Members> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 20_000,
            max_nodes: 10_000,
            max_aliases: 100,
            max_anchors: 100,
            max_depth: 64,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 10_000,
            max_replay_stack_depth: 16,
        },
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(front, options).ok()
}

/// Reads what is not quite YAML, line by line: `key: value` at the left edge, and the indented lines that go on with it.
fn by_lines(front: &str) -> Members {
    let mut members = Members::default();
    let mut lines = front.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let mut more = Vec::new();
        while let Some(next) =
            lines.next_if(|next| next.is_empty() || next.starts_with([' ', '\t']))
        {
            more.push(next.trim());
        }
        let value = value_of(value.trim(), &more);
        match key.trim_end() {
            "name" => members.name = Some(value),
            "description" => members.description = Some(value),
            _ => {}
        }
    }
    members
}

fn value_of(first: &str, more: &[&str]) -> String {
    let said = more.iter().copied().filter(|line| !line.is_empty());
    let block = first.trim_end_matches(['+', '-', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    match block {
        "|" => more.join("\n"),
        ">" => said.collect::<Vec<_>>().join(" "),
        _ => {
            let all: Vec<&str> = std::iter::once(first).chain(said).collect();
            unquoted(&all.join(" ")).to_owned()
        }
    }
}

fn unquoted(text: &str) -> &str {
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

/// Reads front matter as [`read`] does, without the net below the parser of YAML.
#[cfg(fuzzing)]
pub(super) fn read_or_panic(beginning: &[u8]) {
    let text = split(beginning).and_then(|(front, _)| String::from_utf8(front).ok());
    if let Some(text) = text {
        parse_or_panic(&text);
    }
    if let Some(front) = read(beginning) {
        let name = front.name.unwrap_or_default();
        assert!(name.chars().count() <= NAME, "{name:?}");
        assert!(!front.description.is_empty() && front.description.chars().count() <= DESCRIPTION);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front(text: &str) -> Option<(Option<String>, String)> {
        let read = read(format!("---\n{text}\n---\nbody").as_bytes());
        read.map(|front| (front.name, front.description))
    }

    fn description(text: &str) -> Option<String> {
        front(text).map(|(_, description)| description)
    }

    #[test]
    fn front_matter_is_between_dashes_and_the_rest_is_the_text() {
        for (file, expected) in [
            ("---\na: b\n---\nc\n", Some(("a: b\n", "c\n"))),
            ("---\r\na: b\r\n---\r\nc\r\n", Some(("a: b\n", "c\n"))),
            ("---\ra\r---\rc", Some(("a\n", "c"))),
            ("\u{feff}---  \na\n---", Some(("a\n", ""))),
            ("---\n---\nc", Some(("", "c"))),
            (
                "---\na\n  ---\n---- x\n---\nc",
                Some(("a\n  ---\n", "---\nc")),
            ),
            ("---\nnever closed\n", None),
            ("# text\n---\na\n---\n", None),
            ("----\na\n---\n", None),
            ("--", None),
            ("", None),
        ] {
            let expected = expected.map(|(front, rest)| (front.into(), rest.into()));
            assert_eq!(split(file.as_bytes()), expected, "{file:?}");
        }
    }

    #[test]
    fn yaml_is_read_as_yaml() {
        for (text, expected) in [
            ("description: plain # comment", "plain"),
            ("description: \"a\\tb \\u00e9\"", "a\tb é"),
            ("description: 'it''s'", "it's"),
            ("description: >-\n  two\n  lines", "two lines"),
            ("description: |\n  two\n  lines\n", "two\nlines"),
            ("description: plain\n  goes on", "plain goes on"),
            (
                "description: outer\nmetadata:\n  description: inner",
                "outer",
            ),
            ("allowed-tools: [a, {b: c}]\ndescription: d", "d"),
            ("description: one\ndescription: two", "two"),
            ("description: 5", "5"),
            ("description: yes", "yes"),
        ] {
            assert_eq!(description(text).as_deref(), Some(expected), "{text:?}");
        }
        assert_eq!(
            front("name: \" n \"\ndescription: d"),
            Some((Some("n".into()), "d".into()))
        );
    }

    #[test]
    fn what_is_almost_yaml_is_understood_all_the_same() {
        for (text, expected) in [
            ("description: use this: when asked", "use this: when asked"),
            (
                "description: use this: when\n  asked twice",
                "use this: when asked twice",
            ),
            ("description: `code`", "`code`"),
            ("description: @all", "@all"),
            ("description: [draft] of a skill", "[draft] of a skill"),
            ("description: 'quoted'\nnot a pair", "quoted"),
            ("description: |\n  first\n\tsecond", "first\nsecond"),
            ("argument: *\ndescription: >\n  a\n\n  b", "a b"),
        ] {
            assert_eq!(description(text).as_deref(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn names_and_descriptions_are_cut() {
        let long = "ü".repeat(60_000 / 2);
        let (name, description) = front(&format!("name: {long}\ndescription: d")).unwrap();
        assert_eq!((name.unwrap().chars().count(), &*description), (NAME, "d"));
        let (name, description) = front(&format!("name: n\ndescription: {long}")).unwrap();
        assert_eq!(name.as_deref(), Some("n"));
        assert_eq!(description.chars().count(), DESCRIPTION);
    }

    #[test]
    fn without_a_description_there_is_no_skill() {
        for text in [
            "name: n",
            "description:",
            "description: ''",
            "description: ~",
            "description: >\nother: x",
            "metadata:\n  description: inner",
            "",
        ] {
            assert_eq!(front(text), None, "{text:?}");
        }
        assert_eq!(read(b"---\ndescription: \xff\n---\n"), None);
    }

    #[test]
    fn aliases_that_multiply_and_deep_nests_cost_little() {
        let mut laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for (name, of) in ["b", "c", "d", "e", "f", "g", "h"]
            .into_iter()
            .zip("abcdefg".chars())
        {
            let of = format!("*{of},").repeat(9);
            laughs.extend([name, ": &", name, " [", &of, "]\n"]);
        }
        let nest = format!("a: {}{}\n", "[".repeat(20_000), "]".repeat(20_000));
        for hostile in [laughs, nest] {
            let began = std::time::Instant::now();
            assert_eq!(
                description(&format!("{hostile}description: d")).as_deref(),
                Some("d")
            );
            assert!(began.elapsed().as_secs() < 2);
        }
    }
}
