//! The settings as documents: the example file and the README's table, both made from the table.

use std::fmt::Write as _;

use super::kind::{Kind, quoted};
use super::table::{Initial, SECTIONS, Setting, settings};

/// `config.example.toml`: every key with its meaning and default, commented out.
pub fn example_file() -> String {
    let mut out = String::from(
        "# Settings of open-terminal. Read from /etc/open-terminal/config.toml, then from\n\
         # $XDG_CONFIG_HOME/open-terminal/config.toml or the file of --config. A variable or a flag\n\
         # of the same setting wins. Check a file with: open-terminal config --check FILE\n",
    );
    for section in SECTIONS {
        let _ = write!(out, "\n## {}\n", section.title);
        for setting in section.settings {
            let _ = write!(out, "\n# {}\n{}\n", setting.doc, example(setting));
        }
    }
    out
}

/// The README's table of settings, as Markdown.
pub fn markdown_table() -> String {
    let mut out =
        String::from("| setting | environment variable | default | meaning |\n|---|---|---|---|\n");
    for setting in settings() {
        let default = match setting.initial {
            Initial::Value("") => "empty".to_owned(),
            Initial::Value(text) => format!("`{text}`"),
            Initial::Described { unset, .. } if unset.starts_with('$') => format!("`{unset}`"),
            Initial::Described { unset, .. } => unset.to_owned(),
        };
        let _ = writeln!(
            out,
            "| `{}` | `{}` | {default} | {} |",
            setting.name,
            setting.variable(),
            setting.doc
        );
    }
    out
}

/// The commented line of a setting.
fn example(setting: &Setting) -> String {
    let name = setting.name;
    let (text, note) = match setting.initial {
        Initial::Value(text) => (text, String::new()),
        Initial::Described { unset, sample } => (sample, format!("   # unset: {unset}")),
    };
    let value = if bare(setting.kind, text) {
        text.to_owned()
    } else {
        quoted(text)
    };
    format!("# {name} = {value}{note}")
}

/// Whether the default is written without quotes.
fn bare(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Text
        | Kind::Word
        | Kind::LogFilter
        | Kind::List
        | Kind::Words
        | Kind::Headers
        | Kind::Choice(_) => false,
        Kind::Switch | Kind::Bool | Kind::Count { .. } | Kind::Seconds { .. } | Kind::Cores => true,
        Kind::Bytes { .. } | Kind::Memory { .. } => text.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml");
    const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    const START: &str = "<!-- settings -->\n";
    const END: &str = "<!-- /settings -->";

    /// Compares `wanted` with what is committed; with `OT_BLESS=1` writes it instead.
    fn up_to_date(path: &str, committed: &str, wanted: &str) {
        if Environment::from_process().get("OT_BLESS").is_some() {
            std::fs::write(path, wanted).expect("written");
            return;
        }
        assert!(
            committed == wanted,
            "{path} is stale; run OT_BLESS=1 cargo test config::document"
        );
    }

    #[test]
    fn the_example_file_is_up_to_date() {
        let committed = std::fs::read_to_string(EXAMPLE).unwrap_or_default();
        up_to_date(EXAMPLE, &committed, &example_file());
    }

    #[test]
    fn the_table_in_the_readme_is_up_to_date() {
        let readme = std::fs::read_to_string(README).expect("a README");
        let (head, rest) = readme
            .split_once(START)
            .expect("the marker <!-- settings -->");
        let (_, tail) = rest.split_once(END).expect("the marker <!-- /settings -->");
        let wanted = format!("{head}{START}{}{END}{tail}", markdown_table());
        up_to_date(README, &readme, &wanted);
    }

    #[test]
    fn the_example_names_every_setting_and_is_toml_without_the_comment_signs() {
        let text: String = example_file()
            .lines()
            .filter(|line| line.starts_with("# ") && line.contains(" = "))
            .map(|line| line.trim_start_matches("# "))
            .collect::<Vec<_>>()
            .join("\n");
        let table: toml::Table = text.parse().expect("TOML");
        assert_eq!(table.len(), settings().count());
        for setting in settings() {
            assert!(table.contains_key(setting.name), "{}", setting.name);
        }
    }
}
