//! The source files as the rules see them: without comments, strings and unit tests.

use std::fs;
use std::path::{Path, PathBuf};

use super::paths;

/// One file below `src/`.
pub(super) struct Source {
    /// Its path below `src/`.
    path: PathBuf,
    /// All of it.
    pub(super) text: String,
    /// What the compiler makes of it outside tests, line for line.
    code: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every file below `src/`.
pub(super) fn all() -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root(), &mut found);
    found.sort();
    found.iter().map(|path| Source::read(path)).collect()
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("the source is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Whether `src/` has a room of this name.
pub(super) fn is_room(name: &str) -> bool {
    root().join(format!("{name}.rs")).exists()
}

/// Whether a room has a part of this name.
pub(super) fn is_part(room: &str, part: &str) -> bool {
    root().join(room).join(format!("{part}.rs")).exists()
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("source is text");
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
        let code = if is_test {
            String::new()
        } else {
            code_of(&text)
        };
        let path = path
            .strip_prefix(root())
            .expect("it is below src")
            .to_path_buf();
        Self { path, text, code }
    }

    /// Its path below the package, as an error names it.
    pub(super) fn name(&self) -> String {
        format!("src/{}", self.path.display())
    }

    /// The room that it belongs to.
    pub(super) fn room(&self) -> &str {
        let first = self
            .path
            .components()
            .next()
            .expect("a file has a name")
            .as_os_str();
        let first = first.to_str().expect("names are ASCII");
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Where its code has a word, as `file:line: text`.
    pub(super) fn lines_with(&self, word: &str) -> Vec<String> {
        let lines = self
            .code
            .lines()
            .enumerate()
            .filter(|(_, line)| has_word(line, word));
        lines
            .map(|(n, line)| format!("{}:{}: {}", self.name(), n + 1, line.trim()))
            .collect()
    }

    /// The paths into our own crate that its code names, from the room on, with their lines.
    pub(super) fn paths(&self) -> Vec<(usize, Vec<String>)> {
        paths::of(&self.code, &self.module())
    }

    /// The module that it is.
    fn module(&self) -> Vec<String> {
        let path = self.path.with_extension("");
        let names = path
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned());
        names
            .filter(|name| name != "lib" && name != "main")
            .collect()
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(inside) && !line[at + word.len()..].starts_with(inside)
    })
}

/// The text up to its unit tests, with comments and strings blanked out and the lines kept.
fn code_of(text: &str) -> String {
    let tests = text
        .find("\n#[cfg(test)]\nmod tests {")
        .unwrap_or(text.len());
    let mut code = String::with_capacity(tests);
    let mut rest = &text[..tests];
    while let Some(c) = rest.chars().next() {
        let length = blank(rest);
        if length > 0 {
            code.extend(rest[..length].chars().filter(|c| *c == '\n'));
            code.push(' ');
            rest = &rest[length..];
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    code
}

/// How much at the start of a text is a comment, a string or a character; 0 for code.
fn blank(text: &str) -> usize {
    let until = |end: &str, from: usize| {
        text[from..]
            .find(end)
            .map_or(text.len(), |at| from + at + end.len())
    };
    if text.starts_with("//") {
        text.find('\n').unwrap_or(text.len())
    } else if text.starts_with("/*") {
        until("*/", 2)
    } else if text.starts_with("r#\"") {
        until("\"#", 3)
    } else if text.starts_with('"') {
        string_length(text)
    } else if text.starts_with("'\"'") || text.starts_with("'/'") {
        3
    } else if text.starts_with("'\\") {
        until("'", 3)
    } else {
        0
    }
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

#[test]
fn comments_strings_and_tests_are_no_code() {
    let text = "use axum; // unsafe\nlet s = \"std::env \\\" x\"; /* a\nb */ f('\"');\nr#\"unsafe\"#\n#[cfg(test)]\nmod tests { }";
    let code = code_of(text);
    assert!(
        code.contains("use axum;") && code.contains("f( )"),
        "{code}"
    );
    for word in ["unsafe", "std::env", "tests", "b */"] {
        assert!(!code.contains(word), "{word} in {code}");
    }
    assert!(has_word("use axum::x;", "axum") && !has_word("taxum axum_x", "axum"));
}
